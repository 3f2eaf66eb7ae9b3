"""Where stores deliver to, and what they delivered."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from refunddesk.db.tables.columns import at, metadata, ref, row_id

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Text, primary_key=True),  # random: the address is not to be guessed
    ref("store_id", "stores"),
    Column("topic", Text, nullable=False),
    Column("secret_sealed", Text, nullable=False),
    Column("previous_secret_sealed", Text),
    at("created_at"),
    UniqueConstraint("store_id", "topic"),
)

inbox = Table(
    "inbox",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    Column("endpoint_id", Text, ForeignKey("endpoints.id"), nullable=False),
    Column("topic", Text, nullable=False),
    Column("object_type", Text),
    Column("woo_object_id", BigInteger),
    Column("body", LargeBinary),
    Column("body_sha", LargeBinary, nullable=False),
    # A hint only: WooCommerce gives two deliveries of one second the same id. Never unique.
    Column("delivery_id", Text),
    at("received_at"),
    # Set when the delivery waits for a person instead of a job.
    Column("quarantined_because", Text),
    Column("quarantine_detail", Text),
    at("released_at", nullable=True),
)
# For the last delivery of a store, which is asked for every minute.
Index("ix_inbox_store_id", inbox.c.store_id, inbox.c.id)
# The bridge numbers its events: one that is sent again is kept once.
Index(
    "uq_inbox_event",
    inbox.c.endpoint_id,
    inbox.c.delivery_id,
    unique=True,
    sqlite_where=text("topic = 'bridge.events'"),
    postgresql_where=text("topic = 'bridge.events'"),
)
Index("ix_inbox_object", inbox.c.store_id, inbox.c.object_type, inbox.c.woo_object_id)
Index(
    "ix_inbox_quarantined",
    inbox.c.received_at,
    sqlite_where=text("quarantined_because IS NOT NULL AND released_at IS NULL"),
    postgresql_where=text("quarantined_because IS NOT NULL AND released_at IS NULL"),
)
