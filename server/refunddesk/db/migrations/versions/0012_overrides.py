"""Overrides by people, and approvals by a second person above a limit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.append_only import allow_changes, forbid_changes
from refunddesk.db.tables import Id, Instant, Json

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_APPEND_ONLY = ("overrides", "override_decisions")


def upgrade() -> None:
    _create_overrides()
    _create_approvals()
    dialect = op.get_bind().dialect.name
    for table in _APPEND_ONLY:
        for statement in forbid_changes(dialect, table):
            op.execute(statement)


def downgrade() -> None:
    dialect = op.get_bind().dialect.name
    for table in reversed(_APPEND_ONLY):
        for statement in allow_changes(dialect, table):
            op.execute(statement)
    for name in ("approvals", "approval_limits", "override_decisions", "overrides"):
        op.drop_table(name)


def _create_overrides() -> None:
    op.create_table(
        "overrides",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("request_id", Id, nullable=False),
        sa.Column("set_aside_id", Id, nullable=True),
        sa.Column("ruling", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("shares", Json, nullable=False),
        sa.Column("keeps_license", sa.Boolean(), nullable=False),
        sa.Column("gate_waived_because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "ruling IN ('refund', 'refuse', 'judge')", name=op.f("ck_overrides_ruling")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["refund_requests.id"], name=op.f("fk_overrides_request_id")
        ),
        sa.ForeignKeyConstraint(
            ["set_aside_id"], ["decisions.id"], name=op.f("fk_overrides_set_aside_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overrides")),
    )
    op.create_index("ix_overrides_request_id", "overrides", ["request_id"])
    op.create_table(
        "override_decisions",
        sa.Column("decision_id", Id, autoincrement=False, nullable=False),
        sa.Column("override_id", Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.id"], name=op.f("fk_override_decisions_decision_id")
        ),
        sa.ForeignKeyConstraint(
            ["override_id"], ["overrides.id"], name=op.f("fk_override_decisions_override_id")
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_override_decisions")),
    )
    op.create_index("ix_override_decisions_override_id", "override_decisions", ["override_id"])


def _create_approvals() -> None:
    op.create_table(
        "approval_limits",
        sa.Column("store_id", Id, nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "granted_by IN ('staff', 'policy')", name=op.f("ck_approval_limits_granted_by")
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_approval_limits_store_id")
        ),
        sa.PrimaryKeyConstraint("store_id", "granted_by", name=op.f("pk_approval_limits")),
    )
    op.create_table(
        "approvals",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("request_id", Id, nullable=False),
        sa.Column("decision_id", Id, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("settled_at", Instant, nullable=True),
        sa.Column("settled_as", sa.Text(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "settled_as IN ('approved', 'declined', 'void')", name=op.f("ck_approvals_settled_as")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["refund_requests.id"], name=op.f("fk_approvals_request_id")
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.id"], name=op.f("fk_approvals_decision_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index("ix_approvals_request_id", "approvals", ["request_id"])
    op.create_index("ix_approvals_decision_id", "approvals", ["decision_id"])
    op.create_index(
        "one_open_approval",
        "approvals",
        ["request_id"],
        unique=True,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
