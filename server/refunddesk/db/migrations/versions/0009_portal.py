"""Links that lead customers to their order, and the visits they begin."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer_links",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("used_at", Instant, nullable=True),
        sa.CheckConstraint(
            "purpose IN ('refund', 'licenses')", name=op.f("ck_customer_links_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_customer_links_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_customer_links_token_hash")),
    )
    op.create_index("ix_customer_links_order_id", "customer_links", ["order_id"], unique=False)
    op.create_table(
        "customer_visits",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("link_id", Id, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("began_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.CheckConstraint(
            "language IN ('en', 'fr', 'de')", name=op.f("ck_customer_visits_language")
        ),
        sa.ForeignKeyConstraint(
            ["link_id"], ["customer_links.id"], name=op.f("fk_customer_visits_link_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_customer_visits")),
    )
    op.create_index("ix_customer_visits_link_id", "customer_visits", ["link_id"], unique=False)


def downgrade() -> None:
    op.drop_table("customer_visits")
    op.drop_table("customer_links")
