"""Facts that policies ask for: what the store says of an order, and what people record of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant, Json

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("completed_at", Instant, nullable=True))
    op.add_column("orders", sa.Column("gateway_fee_minor", sa.BigInteger(), nullable=True))
    op.add_column("orders", sa.Column("promotion", sa.Text(), nullable=True))
    op.add_column("customers", sa.Column("breaches", Json, server_default="[]", nullable=False))
    op.create_table(
        "recorded_facts",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("woo_item_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_recorded_facts_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recorded_facts")),
        sa.UniqueConstraint(
            "order_id",
            "name",
            "woo_item_id",
            name=op.f("uq_recorded_facts_order_id_name_woo_item_id"),
        ),
    )


def downgrade() -> None:
    op.drop_table("recorded_facts")
    # Not as a batch, which would copy and drop the table that others refer to.
    op.drop_column("customers", "breaches")
    op.drop_column("orders", "promotion")
    op.drop_column("orders", "gateway_fee_minor")
    op.drop_column("orders", "completed_at")
