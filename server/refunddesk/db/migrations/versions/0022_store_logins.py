"""People of stores who may come in at the desk, and the links by which they do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "store_logins",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("wp_user_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("staff_id", Id, nullable=True),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("allowed_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_store_logins_store_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_store_logins_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_logins")),
        sa.UniqueConstraint(
            "store_id", "wp_user_id", name=op.f("uq_store_logins_store_id_wp_user_id")
        ),
    )
    op.create_table(
        "staff_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("login_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=True),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("used_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["login_id"], ["store_logins.id"], name=op.f("fk_staff_links_login_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_staff_links_order_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_links")),
    )
    op.add_column("staff_sessions", sa.Column("login_id", Id, nullable=True))


def downgrade() -> None:
    # Not as a batch, which would copy and drop the table.
    op.drop_column("staff_sessions", "login_id")
    op.drop_table("staff_links")
    op.drop_table("store_logins")
