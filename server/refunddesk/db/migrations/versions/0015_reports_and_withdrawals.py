"""Suspicions that staff report themselves, of a customer and no licence; quotes they withdraw."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_SEEN = ("use_after_refund", "update_after_refund", "use_after_statement")
_COLUMNS = (
    "id, license_id, customer_id, kind, raised_at, settled_at, settled_as, settled_by, because"
)


def upgrade() -> None:
    op.add_column("work_quotes", sa.Column("withdrawn_at", Instant, nullable=True))
    kinds = (*_SEEN, "reported")
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(kinds, reported=True)
        return
    op.alter_column("suspicions", "license_id", nullable=True)
    op.add_column("suspicions", sa.Column("evidence", sa.Text(), nullable=True))
    op.add_column(
        "suspicions",
        sa.Column("raised_by", sa.Text(), server_default=sa.text("'licenses'"), nullable=False),
    )
    op.drop_constraint("ck_suspicions_kind", "suspicions")
    op.create_check_constraint(op.f("ck_suspicions_kind"), "suspicions", _one_of(kinds))


def downgrade() -> None:
    op.drop_column("work_quotes", "withdrawn_at")
    # The schema before has no place for them.
    op.execute("DELETE FROM suspicions WHERE kind = 'reported'")
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(_SEEN, reported=False)
        return
    op.drop_constraint("ck_suspicions_kind", "suspicions")
    op.create_check_constraint(op.f("ck_suspicions_kind"), "suspicions", _one_of(_SEEN))
    op.drop_column("suspicions", "raised_by")
    op.drop_column("suspicions", "evidence")
    op.alter_column("suspicions", "license_id", nullable=False)


def _rebuild(kinds: tuple[str, ...], *, reported: bool) -> None:
    """SQLite changes no column and no check of a table; no other table refers to this one."""
    op.drop_index("ix_suspicions_customer_id", table_name="suspicions")
    op.rename_table("suspicions", "suspicions_before")
    op.create_table(
        "suspicions",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("license_id", Id, nullable=reported),
        sa.Column("customer_id", Id, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("raised_at", Instant, nullable=False),
        *_columns_of_reports(reported),
        sa.Column("settled_at", Instant, nullable=True),
        sa.Column("settled_as", sa.Text(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint(_one_of(kinds), name=op.f("ck_suspicions_kind")),
        sa.CheckConstraint(
            "settled_as IN ('confirmed', 'dropped')", name=op.f("ck_suspicions_settled_as")
        ),
        sa.ForeignKeyConstraint(
            ["license_id"], ["licenses.id"], name=op.f("fk_suspicions_license_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_suspicions_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspicions")),
        sa.UniqueConstraint("license_id", "kind", name=op.f("uq_suspicions_license_id_kind")),
    )
    op.execute(
        f"INSERT INTO suspicions ({_COLUMNS}) SELECT {_COLUMNS} FROM suspicions_before"  # noqa: S608
    )
    op.drop_table("suspicions_before")
    op.create_index("ix_suspicions_customer_id", "suspicions", ["customer_id"])


def _columns_of_reports(reported: bool) -> list[sa.Column[str]]:
    if not reported:
        return []
    return [
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("raised_by", sa.Text(), server_default=sa.text("'licenses'"), nullable=False),
    ]


def _one_of(kinds: tuple[str, ...]) -> str:
    return f"kind IN ({', '.join(repr(kind) for kind in kinds)})"
