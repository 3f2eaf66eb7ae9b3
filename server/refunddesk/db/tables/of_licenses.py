"""Licences and the sites they are in use on."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from refunddesk.db.tables.columns import at, metadata, one_of, ref, row_id

licenses = Table(
    "licenses",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    ref("order_id", "orders"),
    ref("order_item_id", "order_items"),
    Column("product", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("key_ends_with", Text, nullable=False),
    Column("sites_limit", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_because", Text),
    at("created_at"),
    at("expires_at", nullable=True),
    at("ended_at", nullable=True),
    one_of("state", "active", "ended"),
    UniqueConstraint("order_item_id"),
)
Index("ix_licenses_order_id", licenses.c.order_id)

activations = Table(
    "activations",
    metadata,
    row_id(),
    ref("license_id", "licenses"),
    Column("site", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    at("activated_at"),
    at("deactivated_at", nullable=True),
    Column("deactivated_by", Text),
)
Index(
    "one_activation_per_site",
    activations.c.license_id,
    activations.c.site,
    unique=True,
    sqlite_where=text("deactivated_at IS NULL"),
    postgresql_where=text("deactivated_at IS NULL"),
)
