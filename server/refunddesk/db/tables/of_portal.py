"""Links that lead a customer to the page of their order, and the visits they began."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table, Text

from refunddesk.db.tables.columns import at, metadata, one_of, ref, row_id

# A link opens the page of one order once. Of its token only the hash is kept.
customer_links = Table(
    "customer_links",
    metadata,
    row_id(),
    ref("order_id", "orders"),
    # What the visit may do: ask for a refund, or only see to the licences.
    Column("purpose", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("made_by", Text, nullable=False),  # "staff:3", "policy", "customer"
    at("made_at"),
    at("expires_at"),
    at("used_at", nullable=True),
    one_of("purpose", "refund", "licenses"),
)
Index("ix_customer_links_order_id", customer_links.c.order_id)

customer_visits = Table(
    "customer_visits",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    ref("link_id", "customer_links"),
    Column("language", Text, nullable=False),
    at("began_at"),
    at("expires_at"),
    one_of("language", "en", "fr", "de"),
)
Index("ix_customer_visits_link_id", customer_visits.c.link_id)
