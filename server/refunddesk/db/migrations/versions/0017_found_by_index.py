"""What pages and the licence API ask for is found by an index, however many cases were settled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_PARTIAL = (
    ("ix_suspicions_open", "suspicions", ["id"], "settled_at IS NULL"),
    ("ix_cases_open", "cases", ["id"], "ended_at IS NULL"),
    ("ix_refunds_open", "refunds", ["state"], "settled_at IS NULL"),
    ("ix_refunds_settled_at", "refunds", ["settled_at", "id"], "settled_at IS NOT NULL"),
)
_PLAIN = (
    ("ix_activations_license_id", "activations", ["license_id"]),
    ("ix_work_quotes_case_id", "work_quotes", ["case_id"]),
    ("ix_refund_requests_state", "refund_requests", ["state"]),
    ("ix_refunds_decision_id", "refunds", ["decision_id"]),
    ("ix_refund_steps_state", "refund_steps", ["state"]),
    ("ix_orders_store_id", "orders", ["store_id", "id"]),
    ("ix_customers_mailbox", "customers", ["store_id", "mailbox"]),
    ("ix_customers_woo_customer_id", "customers", ["store_id", "woo_customer_id"]),
)
_PAGE = 1_000


def upgrade() -> None:
    op.add_column("customers", sa.Column("mailbox", sa.Text(), nullable=True))
    _fill_mailboxes()
    for name, table, columns in _PLAIN:
        op.create_index(name, table, columns)
    for name, table, columns, where in _PARTIAL:
        condition = sa.text(where)
        op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
    op.drop_index("ix_refunds_state", table_name="refunds")


def downgrade() -> None:
    op.create_index("ix_refunds_state", "refunds", ["state"])
    for name, table, *_ in (*_PARTIAL, *_PLAIN):
        op.drop_index(name, table_name=table)
    op.drop_column("customers", "mailbox")


def _fill_mailboxes() -> None:
    """Of "ada+shop@example.com" the mailbox is "ada@example.com"; an account's "#7" has none."""
    customers = sa.table("customers", *map(sa.column, ("id", "email_key", "mailbox")))
    connection, after = op.get_bind(), 0
    while True:
        rows = connection.execute(
            sa.select(customers.c.id, customers.c.email_key)
            .where(customers.c.id > after)
            .order_by(customers.c.id)
            .limit(_PAGE)
        ).all()
        if not rows:
            return
        found = [(row.id, *_parts(row.email_key)) for row in rows]
        known = [{"row": row_id, "box": f"{local}@{at}"} for row_id, local, at in found if local]
        if known:
            connection.execute(
                sa.update(customers)
                .where(customers.c.id == sa.bindparam("row"))
                .values(mailbox=sa.bindparam("box")),
                known,
            )
        after = rows[-1].id


def _parts(email_key: str) -> tuple[str, str]:
    local, _, domain = email_key.rpartition("@")
    return local.partition("+")[0], domain
