"""Renewals that were announced and paid, subscriptions and payments that were called off."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from refunddesk.db.tables.columns import at, metadata, one_of, ref, row_id

# One renewal of a subscription, known by its day in the store's zone: what was announced of it,
# and the order that paid for it. The reminders themselves are notices about "renewal:<id>".
renewals = Table(
    "renewals",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    ref("subscription_id", "subscriptions"),
    Column("due_on", Date, nullable=False),
    at("due_at"),
    # The amount last looked at; null for a renewal that nobody foresaw.
    Column("amount_minor", BigInteger),
    Column("currency", Text),
    Column("decimals", Integer),
    ref("order_id", "orders", nullable=True),
    at("recorded_at"),
    UniqueConstraint("subscription_id", "due_on"),
    UniqueConstraint("order_id"),
)

# How many days before a renewal the store owner wants it announced, instead of what the table of
# lead times says.
renewal_leads = Table(
    "renewal_leads",
    metadata,
    ref("store_id", "stores"),
    Column("billing", Text, nullable=False),
    Column("days", Integer, nullable=False),
    one_of("billing", "monthly", "yearly"),
    CheckConstraint("days > 0", name="days_positive"),
    PrimaryKeyConstraint("store_id", "billing"),
)

# Somebody's wish that a subscription takes no more money, or that a stuck payment is closed.
cancellations = Table(
    "cancellations",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    Column("kind", Text, nullable=False),
    ref("order_id", "orders"),  # the order it was asked on; the payment itself
    ref("subscription_id", "subscriptions", nullable=True),
    Column("asked_by", Text, nullable=False),
    at("asked_at"),
    Column("state", Text, nullable=False),
    Column("because", Text),
    at("settled_at", nullable=True),
    one_of("kind", "subscription", "payment"),
    one_of("state", "due", "done", "not_needed", "failed"),
)
Index("ix_cancellations_order_id", cancellations.c.order_id)
Index(
    "one_cancellation_due_per_order",
    cancellations.c.kind,
    cancellations.c.order_id,
    unique=True,
    sqlite_where=text("state = 'due'"),
    postgresql_where=text("state = 'due'"),
)
