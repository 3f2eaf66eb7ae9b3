"""How far our picture of each store has come, and what is wrong with it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from refunddesk.db.tables.columns import Id, at, metadata, one_of, ref, row_id

# How far each sweep over a store's objects has come. A pass reads the store's list in pages; its
# columns are null while none is under way.
sweeps = Table(
    "sweeps",
    metadata,
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    at("pass_began_at", nullable=True),
    at("since", nullable=True),
    # How many objects of the list are behind us, and the id of the last of them.
    Column("position", Integer, nullable=False, server_default=text("0")),
    Column("last_woo_id", BigInteger, nullable=False, server_default=text("0")),
    # By the store's own clock: up to where all changes were seen, and where this pass will lead.
    at("watermark", nullable=True),
    at("next_watermark", nullable=True),
    at("complete_since", nullable=True),  # when the last complete pass began
    at("progressed_at"),
    one_of("kind", "changes", "late_changes", "orders", "refunds"),
)

# Changed orders that a sweep has asked for, so that it asks once for each change.
sightings = Table(
    "sightings",
    metadata,
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("woo_order_id", BigInteger, primary_key=True, autoincrement=False),
    at("modified_at", nullable=True),
    at("seen_at"),
    # Should a webhook have told us? Not of what changed while we were away.
    Column("delivery_expected", Boolean, nullable=False),
)
Index("ix_sightings_seen_at", sightings.c.seen_at)

# How the webhook of each endpoint stood in the store when it was last looked at.
webhook_states = Table(
    "webhook_states",
    metadata,
    Column("endpoint_id", Text, ForeignKey("endpoints.id"), primary_key=True),
    Column("woo_webhook_id", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    at("checked_at"),
    at("switched_on_at", nullable=True),
)

# The program's own reason to hold a store's payments, until its sweeps were complete once. The
# owner's reason is stores.payments_held_because.
payment_blocks = Table(
    "payment_blocks",
    metadata,
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("because", Text, nullable=False),
    at("since"),
)

alarms = Table(
    "alarms",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),  # a topic, "refund:7", or "" for the store as a whole
    Column("detail", Text, nullable=False),
    at("raised_at"),
    at("cleared_at", nullable=True),
    Column("cleared_because", Text),
)
Index(
    "one_alarm_at_a_time",
    alarms.c.store_id,
    alarms.c.kind,
    alarms.c.subject,
    unique=True,
    sqlite_where=text("cleared_at IS NULL"),
    postgresql_where=text("cleared_at IS NULL"),
)
