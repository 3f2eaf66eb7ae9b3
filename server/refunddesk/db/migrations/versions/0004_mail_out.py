"""Notices to people, and the language to write them in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant, Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "stores", sa.Column("language", sa.Text(), server_default=sa.text("'en'"), nullable=False)
    )
    op.add_column("customers", sa.Column("language", sa.Text(), nullable=True))
    op.create_table(
        "notices",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("written_at", Instant, nullable=False),
        sa.Column("settled_at", Instant, nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('due', 'sent', 'refused', 'not_sent')", name=op.f("ck_notices_state")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_notices_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("reference", "recipient", name=op.f("uq_notices_reference_recipient")),
    )
    op.create_index("ix_notices_about", "notices", ["about"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_notices_about", table_name="notices")
    op.drop_table("notices")
    op.drop_column("customers", "language")
    op.drop_column("stores", "language")
