"""Codes by which stores connect themselves, stores that are disconnected, events that come once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_EVENTS = sa.text("topic = 'bridge.events'")


def upgrade() -> None:
    op.add_column("stores", sa.Column("disconnected_at", Instant, nullable=True))
    op.create_table(
        "connect_codes",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_sealed", sa.Text(), nullable=False),
        sa.Column("store_id", Id, nullable=True),
        sa.Column("store_url", sa.Text(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("used_by", sa.Text(), nullable=True),
        sa.Column("used_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_connect_codes_store_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_codes")),
        sa.UniqueConstraint("name", name=op.f("uq_connect_codes_name")),
    )
    op.create_index(
        "uq_inbox_event",
        "inbox",
        ["endpoint_id", "delivery_id"],
        unique=True,
        sqlite_where=_EVENTS,
        postgresql_where=_EVENTS,
    )


def downgrade() -> None:
    op.drop_index("uq_inbox_event", table_name="inbox")
    op.drop_table("connect_codes")
    # Not as a batch, which would copy and drop the table that others refer to.
    op.drop_column("stores", "disconnected_at")
