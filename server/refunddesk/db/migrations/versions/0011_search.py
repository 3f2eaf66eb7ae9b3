"""Indexes for the search of staff: by an order's number, a site, the end of a licence key."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_orders_number", "orders", ["number"], unique=False)
    op.create_index("ix_licenses_key_ends_with", "licenses", ["key_ends_with"], unique=False)
    op.create_index("ix_activations_site", "activations", ["site"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_activations_site", table_name="activations")
    op.drop_index("ix_licenses_key_ends_with", table_name="licenses")
    op.drop_index("ix_orders_number", table_name="orders")
