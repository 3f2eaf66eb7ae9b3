"""Credentials that customers hand over for a case, and who was shown them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_ASKED = sa.text("state = 'asked'")
_ALIVE = sa.text("state IN ('given', 'ending')")


def upgrade() -> None:
    op.create_table(
        "credentials",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("case_id", Id, nullable=False),
        sa.Column("turn_id", Id, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("given_at", Instant, nullable=True),
        sa.Column("destroy_at", Instant, nullable=True),
        sa.Column("key_name", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("ended_at", Instant, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("destroyed_at", Instant, nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'withdrawn', 'given', 'ending', 'destroyed')",
            name=op.f("ck_credentials_state"),
        ),
        sa.CheckConstraint(
            "because IN ('case_ended', 'time_over', 'customer', 'support')",
            name=op.f("ck_credentials_because"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_credentials_case_id")),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name=op.f("fk_credentials_turn_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        sa.UniqueConstraint("key_name", name=op.f("uq_credentials_key_name")),
    )
    op.create_index("ix_credentials_case_id", "credentials", ["case_id"])
    op.create_index(
        "one_open_asking",
        "credentials",
        ["case_id"],
        unique=True,
        sqlite_where=_ASKED,
        postgresql_where=_ASKED,
    )
    op.create_index(
        "ix_credentials_alive",
        "credentials",
        ["destroy_at"],
        sqlite_where=_ALIVE,
        postgresql_where=_ALIVE,
    )
    op.create_table(
        "reveals",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("credential_id", Id, nullable=False),
        sa.Column("revealed_by", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("revealed_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credentials.id"], name=op.f("fk_reveals_credential_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reveals")),
    )
    op.create_index("ix_reveals_credential_id", "reveals", ["credential_id"])


def downgrade() -> None:
    op.drop_table("reveals")
    op.drop_table("credentials")
