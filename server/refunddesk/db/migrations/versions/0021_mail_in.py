"""Mails that come in, how far the mailbox was read, and notices that did not arrive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant, Json

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_REFERS_TO = {
    "order_id": "orders",
    "case_id": "cases",
    "turn_id": "turns",
    "request_id": "refund_requests",
    "notice_id": "notices",
}


def upgrade() -> None:
    op.add_column("notices", sa.Column("undelivered_at", Instant, nullable=True))
    _create_arrivals()
    op.create_table(
        "mailbox_marks",
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("validity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", Instant, nullable=False),
        sa.Column("read_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("mailbox", name=op.f("pk_mailbox_marks")),
    )


def downgrade() -> None:
    op.drop_table("mailbox_marks")
    op.drop_table("arrivals")
    op.drop_column("notices", "undelivered_at")


def _create_arrivals() -> None:
    op.create_table(
        "arrivals",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("sha", sa.LargeBinary(), nullable=False),
        sa.Column("came_by", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("arrived_at", Instant, nullable=True),
        sa.Column("kept_at", Instant, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("sender", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("subject", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("words", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("files", Json, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("received_at", Instant, nullable=True),
        sa.Column("from_account", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        *(sa.Column(name, Id, nullable=True) for name in _REFERS_TO),
        sa.Column("settled_at", Instant, nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("dropped_at", Instant, nullable=True),
        # The last column: SQLite walks through every page of it to reach one behind.
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("came_by IN ('imap', 'http')", name=op.f("ck_arrivals_came_by")),
        sa.CheckConstraint(
            "state IN ('kept', 'landed', 'waiting', 'handled', 'ignored')",
            name=op.f("ck_arrivals_state"),
        ),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_arrivals_{name}"))
            for name, table in _REFERS_TO.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
        sa.UniqueConstraint("sha", name=op.f("uq_arrivals_sha")),
    )
    op.create_index("ix_arrivals_message_id", "arrivals", ["message_id"])
    op.create_index("ix_arrivals_case_id_kept_at", "arrivals", ["case_id", "kept_at"])
    op.create_index("ix_arrivals_order_id", "arrivals", ["order_id"])
    for name, column, where in (
        ("ix_arrivals_waiting", "id", "state = 'waiting'"),
        ("ix_arrivals_held", "kept_at", "dropped_at IS NULL"),
    ):
        op.create_index(
            name, "arrivals", [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )
