"""The books and the audit log: rows that are never changed."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from refunddesk.db.tables.columns import Json, at, metadata, ref, row_id

entries = Table(
    "entries",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    ref("order_id", "orders"),
    Column("kind", Text, nullable=False),
    # What this entry books, said once: a second entry with the same reference is refused.
    Column("reference", Text, nullable=False),
    at("happened_at"),
    at("posted_at"),
    UniqueConstraint("store_id", "reference"),
)
Index("ix_entries_order_id", entries.c.order_id)

postings = Table(
    "postings",
    metadata,
    row_id(),
    ref("entry_id", "entries"),
    Column("account", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
)
Index("ix_postings_entry_id", postings.c.entry_id)

# Who did what to which thing, and when: a chain in which each line's hash covers the one before.
history = Table(
    "history",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    at("happened_at"),
    Column("actor", Text, nullable=False),  # "staff:3", "store:1", "policy", "sweeper"
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),  # "refund:7", "case:2"
    Column("data", Json, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
)
Index("ix_history_subject", history.c.subject)
