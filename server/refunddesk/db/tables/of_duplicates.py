"""Payments made twice for the same thing, and each store's rules for giving one back."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from refunddesk.db.tables.columns import Json, at, metadata, one_of, ref, row_id

# Two orders that one customer paid for the same things, or one order that took two payments (then
# it stands on both sides). The pair is known by its orders, whichever is the later one.
duplicates = Table(
    "duplicates",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    Column("kind", Text, nullable=False),
    ref("low_order_id", "orders"),
    ref("high_order_id", "orders"),
    ref("extra_order_id", "orders"),  # the later payment: the one that would go back
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
    Column("reasons", Json, nullable=False),  # why it is taken for one payment too many
    Column("doubts", Json, nullable=False),  # why it may have been meant: then a person decides
    Column("state", Text, nullable=False),
    # The extra order's as it was when its return was granted: it is only sent while that holds.
    Column("snapshot_sha", LargeBinary),
    at("found_at"),
    at("settled_at", nullable=True),
    Column("settled_by", Text),
    Column("because", Text),
    CheckConstraint("low_order_id <= high_order_id", name="in_sequence"),
    one_of("kind", "two_orders", "two_captures"),
    one_of("state", "open", "returning", "returned", "dropped"),
    UniqueConstraint("low_order_id", "high_order_id"),
)
Index("ix_duplicates_high_order_id", duplicates.c.high_order_id)
Index("ix_duplicates_state", duplicates.c.state, duplicates.c.id)
Index(
    "ix_duplicates_settled_at",
    duplicates.c.settled_at,
    duplicates.c.id,
    sqlite_where=text("settled_at IS NOT NULL"),
    postgresql_where=text("settled_at IS NOT NULL"),
)

duplicate_rules = Table(
    "duplicate_rules",
    metadata,
    ref("store_id", "stores"),
    # Two payments further apart than this are two purchases.
    Column("within_seconds", Integer, nullable=False),
    # Up to this much goes back without a person; null: nothing does.
    Column("return_up_to_minor", BigInteger),
    Column("currency", Text),
    Column("decimals", Integer),
    UniqueConstraint("store_id"),
)
