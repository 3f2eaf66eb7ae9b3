"""Stores that were joined, and what they sell."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, Text, UniqueConstraint, text

from refunddesk.db.tables.columns import Json, at, metadata, one_of, ref, row_id

stores = Table(
    "stores",
    metadata,
    row_id(),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False, unique=True),
    Column("timezone", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("policy", Text, nullable=False),
    # In which we write where a customer's own language is not known.
    Column("language", Text, nullable=False, server_default=text("'en'")),
    Column("consumer_key_sealed", Text, nullable=False),
    Column("consumer_secret_sealed", Text, nullable=False),
    # Why no money may leave for this store just now; null: payments run.
    Column("payments_held_because", Text),
    # The record of the bridge that was there when it was last looked for; null: no bridge.
    Column("bridge_record", Text),
    # Since when the store is connected no more: it is neither asked nor paid for. Null: it is.
    at("disconnected_at", nullable=True),
    at("created_at"),
)

# By which a store's bridge connects itself. Of the code only a hash is kept, and that sealed.
connect_codes = Table(
    "connect_codes",
    metadata,
    row_id(),
    Column("name", Text, nullable=False, unique=True),
    Column("key_sealed", Text, nullable=False),
    # The store that is to join again, or, once it was used, the one that joined by it.
    ref("store_id", "stores", nullable=True),
    Column("store_url", Text),
    Column("policy", Text),
    Column("made_by", Text, nullable=False),
    at("made_at"),
    at("expires_at"),
    # The installation that used it: it alone may come again while the code's time lasts.
    Column("used_by", Text),
    at("used_at", nullable=True),
)

# The calls of bridges whose effect is had once: a recorded one that comes again is known by its id.
taken_calls = Table(
    "taken_calls",
    metadata,
    # Whose key it was signed with: "code:7", or the id of a connection.
    Column("signer", Text, primary_key=True),
    Column("call_id", Text, primary_key=True),
    at("taken_at"),
)

# The store owner's mapping of what a line item is. The first rule that fits (by position) wins.
item_rules = Table(
    "item_rules",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    Column("position", Integer, nullable=False),
    Column("field", Text, nullable=False),
    # product_id: the id; sku: exact or with a trailing *; category: slug; meta: "key=value".
    Column("value", Text, nullable=False),
    Column("item_kind", Text, nullable=False),
    # The name the policy knows the product by; null: the SKU, else "product-<woo id>".
    Column("product", Text),
    Column("in_programme", Boolean, nullable=False, server_default=text("true")),
    # How many sites one licence of it may be used on; 0: the item needs no licence.
    Column("sites_limit", Integer, nullable=False, server_default=text("1")),
    Column("lifetime", Boolean, nullable=False, server_default=text("false")),
    one_of("field", "product_id", "sku", "category", "meta"),
    one_of(
        "item_kind",
        "product",
        "support",
        "additional_domain",
        "customization",
        "service",
        "shipping",
        "fee",
    ),
    UniqueConstraint("store_id", "position"),
)

# What the store says of its products; asked for only when a category rule needs it.
products = Table(
    "products",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    Column("woo_product_id", BigInteger, nullable=False),
    Column("sku", Text, nullable=False),
    Column("categories", Json, nullable=False),
    at("recorded_at"),
    UniqueConstraint("store_id", "woo_product_id"),
)
