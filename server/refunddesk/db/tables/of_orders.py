"""Our copies of what stores hold: customers, subscriptions, orders, refund rows, disputes."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
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

customers = Table(
    "customers",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),  # lower case, to find aliases and guests by
    # The address without what follows a "+": one mailbox. Null: an account without an address.
    Column("mailbox", Text),
    Column("woo_customer_id", BigInteger),
    Column("country", Text),
    Column("language", Text),  # two letters, of the last order that named one
    Column("is_consumer", Boolean),
    Column("breaches", Json, nullable=False, server_default="[]"),
    at("infringement_opened_at", nullable=True),
    Column("infringement_opened_by", Text),
    Column("infringement_evidence", Text),
    at("infringement_settled_at", nullable=True),
    # Since when the row names nobody any more: see `erasures`.
    at("erased_at", nullable=True),
    UniqueConstraint("store_id", "email_key"),
)
Index("ix_customers_mailbox", customers.c.store_id, customers.c.mailbox)
Index("ix_customers_woo_customer_id", customers.c.store_id, customers.c.woo_customer_id)
# An address is looked for in every store.
Index("ix_customers_email_key", customers.c.email_key)
Index(
    "ix_customers_erased",
    customers.c.id,
    sqlite_where=text("erased_at IS NOT NULL"),
    postgresql_where=text("erased_at IS NOT NULL"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    Column("woo_subscription_id", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("billing", Text),  # monthly, yearly, or null where neither fits
    Column("billing_period", Text, nullable=False),
    Column("billing_interval", Integer, nullable=False),
    Column("woo_parent_id", BigInteger),
    Column("total_minor", BigInteger),
    Column("currency", Text),
    Column("decimals", Integer),
    at("started_at", nullable=True),
    at("trial_ends_at", nullable=True),
    at("next_payment_at", nullable=True),
    at("cancelled_at", nullable=True),
    at("ended_at", nullable=True),
    at("modified_at", nullable=True),
    at("recorded_at"),
    at("gone_at", nullable=True),
    UniqueConstraint("store_id", "woo_subscription_id"),
)

Index("ix_subscriptions_next_payment_at", subscriptions.c.next_payment_at)

orders = Table(
    "orders",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    Column("woo_order_id", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("billing", Text, nullable=False),
    ref("customer_id", "customers", nullable=True),
    ref("subscription_id", "subscriptions", nullable=True),
    Column("currency", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("payment_method", Text, nullable=False),
    Column("transaction_id", Text),
    at("ordered_at", nullable=True),
    at("paid_at", nullable=True),
    at("modified_at", nullable=True),
    at("period_start_at", nullable=True),
    at("period_end_at", nullable=True),
    at("completed_at", nullable=True),
    Column("gateway_fee_minor", BigInteger),
    Column("promotion", Text),
    Column("snapshot_sha", LargeBinary, nullable=False),
    Column("remarks", Json, nullable=False),
    at("recorded_at"),
    at("gone_at", nullable=True),
    one_of("kind", "purchase", "renewal", "upgrade"),
    one_of("billing", "one_time", "monthly", "yearly", "lifetime"),
    UniqueConstraint("store_id", "woo_order_id"),
)
Index("ix_orders_customer_id", orders.c.customer_id)
Index("ix_orders_number", orders.c.number)
Index("ix_orders_store_id", orders.c.store_id, orders.c.id)
# What nobody has paid is found without walking through all that was.
Index(
    "ix_orders_unpaid",
    orders.c.status,
    orders.c.ordered_at,
    sqlite_where=text("paid_at IS NULL"),
    postgresql_where=text("paid_at IS NULL"),
)
Index("ix_orders_subscription_id", orders.c.subscription_id)

order_items = Table(
    "order_items",
    metadata,
    row_id(),
    ref("order_id", "orders"),
    Column("woo_item_id", BigInteger, nullable=False),
    Column("line_type", Text, nullable=False),
    Column("woo_product_id", BigInteger),
    Column("woo_variation_id", BigInteger),
    Column("sku", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("item_kind", Text, nullable=False),
    Column("in_programme", Boolean, nullable=False),
    Column("sites_limit", Integer, nullable=False),
    Column("quantity", Text, nullable=False),  # decimal text: WooCommerce sells 1.5 of a thing
    Column("paid_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("taxes", Json, nullable=False),  # [[woo rate id, minor units], ...]
    at("gone_at", nullable=True),  # taken off the order since; kept for the licence issued on it
    one_of("line_type", "line_item", "shipping", "fee"),
    UniqueConstraint("order_id", "woo_item_id"),
)

# Every refund row seen in the store: ours (with refund_id) and those made elsewhere.
store_refunds = Table(
    "store_refunds",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    ref("order_id", "orders"),
    Column("woo_refund_id", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("marker", Text),
    ref("refund_id", "refunds", nullable=True),
    # Did money move? false: booked by hand or died midway; null: the store has not said.
    Column("refunded_payment", Boolean),
    Column("lines", Json, nullable=False),  # [[woo item id, net minor, tax minor], ...]
    at("made_at", nullable=True),
    at("recorded_at"),
    at("gone_at", nullable=True),
    UniqueConstraint("store_id", "woo_refund_id"),
)
Index("ix_store_refunds_order_id", store_refunds.c.order_id)

disputes = Table(
    "disputes",
    metadata,
    row_id(),
    ref("order_id", "orders"),
    Column("status", Text, nullable=False),
    at("opened_at"),
    at("closed_at", nullable=True),
)
Index("ix_disputes_order_id", disputes.c.order_id)

# What people say of an order that neither the store nor the desk can know.
recorded_facts = Table(
    "recorded_facts",
    metadata,
    row_id(),
    ref("order_id", "orders"),
    Column("woo_item_id", BigInteger, nullable=False),  # 0: of the whole order
    Column("name", Text, nullable=False),
    Column("value", Json, nullable=False),
    at("recorded_at"),
    Column("recorded_by", Text, nullable=False),
    UniqueConstraint("order_id", "name", "woo_item_id"),
)
