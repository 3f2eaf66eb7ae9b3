"""The page of double and stuck payments is found by indexes, however many were settled or paid."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_PARTIAL = (
    ("ix_duplicates_settled_at", "duplicates", ["settled_at", "id"], "settled_at IS NOT NULL"),
    ("ix_orders_unpaid", "orders", ["status", "ordered_at"], "paid_at IS NULL"),
)


def upgrade() -> None:
    op.drop_index("ix_duplicates_state", table_name="duplicates")
    op.create_index("ix_duplicates_state", "duplicates", ["state", "id"])
    for name, table, columns, where in _PARTIAL:
        condition = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def downgrade() -> None:
    for name, table, *_ in _PARTIAL:
        op.drop_index(name, table_name=table)
    op.drop_index("ix_duplicates_state", table_name="duplicates")
    op.create_index("ix_duplicates_state", "duplicates", ["state"])
