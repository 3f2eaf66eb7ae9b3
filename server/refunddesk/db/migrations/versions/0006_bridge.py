"""What the bridge inside a store remembers of refunds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stores", sa.Column("bridge_record", sa.Text(), nullable=True))
    op.add_column("refunds", sa.Column("bridge_record", sa.Text(), nullable=True))
    op.add_column(
        "refunds",
        sa.Column("settled_tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )


def downgrade() -> None:
    # Not as a batch, which would copy and drop the tables that others refer to.
    op.drop_column("refunds", "settled_tries")
    op.drop_column("refunds", "bridge_record")
    op.drop_column("stores", "bridge_record")
