"""Money on its way back, and what follows it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from refunddesk.db.tables.columns import Json, at, metadata, one_of, ref, row_id

_OPEN = "state IN ('due', 'sending', 'unknown', 'needs_review')"

refunds = Table(
    "refunds",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    ref("order_id", "orders"),
    # What it was granted on: a decision about a request, or a payment made twice.
    ref("request_id", "refund_requests", nullable=True),
    ref("decision_id", "decisions", nullable=True),
    ref("duplicate_id", "duplicates", nullable=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
    Column("marker", Text, nullable=False, unique=True),
    # [[woo item id, quantity, net minor, [[rate id, tax minor], ...]], ...]
    Column("lines", Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("approved_by", Text, nullable=False),  # "policy" or "staff:<id>": M7
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("token", Integer, nullable=False, server_default=text("0")),
    # Which bridge's record remembers the last call; null: it went by WooCommerce's own route.
    Column("bridge_record", Text),
    # How many calls in that record moved no money, by a person's word.
    Column("settled_tries", Integer, nullable=False, server_default=text("0")),
    at("lease_until", nullable=True),
    at("sent_at", nullable=True),
    at("unknown_since", nullable=True),
    Column("looks", Integer, nullable=False, server_default=text("0")),
    Column("woo_refund_id", BigInteger),
    Column("last_error", Text),
    at("created_at"),
    at("settled_at", nullable=True),
    CheckConstraint("amount_minor > 0", name="amount_positive"),
    CheckConstraint(
        "(request_id IS NULL) = (decision_id IS NULL)"
        " AND (request_id IS NULL) = (duplicate_id IS NOT NULL)",
        name="one_ground",
    ),
    one_of("state", "due", "sending", "unknown", "paid", "failed", "needs_review"),
    UniqueConstraint("request_id", "decision_id"),
)
Index("ix_refunds_order_id", refunds.c.order_id)
Index("ix_refunds_decision_id", refunds.c.decision_id)
# Few are open. By their state alone nothing is to be found: SQLite would read all that were ever
# paid to find those of one customer.
Index(
    "ix_refunds_open",
    refunds.c.state,
    sqlite_where=text("settled_at IS NULL"),
    postgresql_where=text("settled_at IS NULL"),
)
Index(
    "ix_refunds_settled_at",
    refunds.c.settled_at,
    refunds.c.id,
    sqlite_where=text("settled_at IS NOT NULL"),
    postgresql_where=text("settled_at IS NOT NULL"),
)
# Money that may have moved blocks the next payment on its order.
Index(
    "one_refund_in_flight",
    refunds.c.store_id,
    refunds.c.order_id,
    unique=True,
    sqlite_where=text("state IN ('sending', 'unknown', 'needs_review')"),
    postgresql_where=text("state IN ('sending', 'unknown', 'needs_review')"),
)
Index(
    "one_refund_per_store_row",
    refunds.c.store_id,
    refunds.c.woo_refund_id,
    unique=True,
    sqlite_where=text("woo_refund_id IS NOT NULL"),
    postgresql_where=text("woo_refund_id IS NOT NULL"),
)

# The extra payment is on its way back once at most. What is settled is left out: a refund that
# failed may be seen paid after all, and nothing must stand in the way of writing that down.
Index(
    "one_return_per_duplicate",
    refunds.c.duplicate_id,
    unique=True,
    sqlite_where=text(f"duplicate_id IS NOT NULL AND {_OPEN}"),
    postgresql_where=text(f"duplicate_id IS NOT NULL AND {_OPEN}"),
)

# What follows a paid refund, each on its own: end the licence, cancel the subscription, …
refund_steps = Table(
    "refund_steps",
    metadata,
    row_id(),
    ref("refund_id", "refunds"),
    Column("kind", Text, nullable=False),
    Column("target", BigInteger, nullable=False),  # our id of the licence or the subscription
    Column("state", Text, nullable=False),
    Column("because", Text),
    at("created_at"),
    at("settled_at", nullable=True),
    one_of("kind", "cancel_subscription", "end_license", "set_back_expiry", "take_back_sites"),
    one_of("state", "due", "done", "not_needed", "failed"),
    UniqueConstraint("refund_id", "kind", "target"),
)
Index("ix_refund_steps_state", refund_steps.c.state)
