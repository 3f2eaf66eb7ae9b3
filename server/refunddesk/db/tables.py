"""The schema: what every table holds. Queries live in the module of each noun."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC. SQLite would otherwise hand it back without its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: Any JSON without floats.
Json = JSON().with_variant(JSONB(), "postgresql")
#: SQLite numbers rows by itself only where the key is a plain INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _ref(name: str, target: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Id, ForeignKey(f"{target}.id"), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, Instant, nullable=nullable)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


# ---------------------------------------------------------------- stores

stores = Table(
    "stores",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False, unique=True),
    Column("timezone", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("consumer_key_sealed", Text, nullable=False),
    Column("consumer_secret_sealed", Text, nullable=False),
    # Why no money may leave for this store just now; null: payments run.
    Column("payments_held_because", Text),
    _at("created_at"),
)

# The store owner's mapping of what a line item is. The first rule that fits (by position) wins.
item_rules = Table(
    "item_rules",
    metadata,
    _id(),
    _ref("store_id", "stores"),
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
    _one_of("field", "product_id", "sku", "category", "meta"),
    _one_of(
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
    _id(),
    _ref("store_id", "stores"),
    Column("woo_product_id", BigInteger, nullable=False),
    Column("sku", Text, nullable=False),
    Column("categories", Json, nullable=False),
    _at("recorded_at"),
    UniqueConstraint("store_id", "woo_product_id"),
)

# ---------------------------------------------------------------- deliveries

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Text, primary_key=True),  # random: the address is not to be guessed
    _ref("store_id", "stores"),
    Column("topic", Text, nullable=False),
    Column("secret_sealed", Text, nullable=False),
    Column("previous_secret_sealed", Text),
    _at("created_at"),
    UniqueConstraint("store_id", "topic"),
)

inbox = Table(
    "inbox",
    metadata,
    _id(),
    _ref("store_id", "stores"),
    Column("endpoint_id", Text, ForeignKey("endpoints.id"), nullable=False),
    Column("topic", Text, nullable=False),
    Column("object_type", Text),
    Column("woo_object_id", BigInteger),
    Column("body", LargeBinary),
    Column("body_sha", LargeBinary, nullable=False),
    # A hint only: WooCommerce gives two deliveries of one second the same id. Never unique.
    Column("delivery_id", Text),
    _at("received_at"),
    # Set when the delivery waits for a person instead of a job.
    Column("quarantined_because", Text),
    Column("quarantine_detail", Text),
    _at("released_at", nullable=True),
)
# For the last delivery of a store, which is asked for every minute.
Index("ix_inbox_store_id", inbox.c.store_id, inbox.c.id)
Index("ix_inbox_object", inbox.c.store_id, inbox.c.object_type, inbox.c.woo_object_id)
Index(
    "ix_inbox_quarantined",
    inbox.c.received_at,
    sqlite_where=text("quarantined_because IS NOT NULL AND released_at IS NULL"),
    postgresql_where=text("quarantined_because IS NOT NULL AND released_at IS NULL"),
)

# ---------------------------------------------------------------- promises

# Work to be done after a commit, one row per job and subject. `asked` counts how often it was
# asked for and `done` up to which asking it was done: asking during a run leads to another run.
outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("job", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False, server_default=text("0")),
    _at("due_at"),
    _at("rung_at", nullable=True),
    _at("claimed_until", nullable=True),
    Column("claims", BigInteger, nullable=False, server_default=text("0")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    _at("done_at", nullable=True),
    Column("last_error", Text),
    _at("stuck_at", nullable=True),
    UniqueConstraint("job", "subject"),
)
Index(
    "ix_outbox_open",
    outbox.c.due_at,
    sqlite_where=text("asked > done"),
    postgresql_where=text("asked > done"),
)

# Who leads a piece of work that only one process may do at a time.
leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    _at("until"),
)

# When each periodic piece of work last began.
rounds = Table(
    "rounds",
    metadata,
    Column("name", Text, primary_key=True),
    _at("begun_at"),
)

# ---------------------------------------------------------------- orders

customers = Table(
    "customers",
    metadata,
    _id(),
    _ref("store_id", "stores"),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),  # lower case, to find aliases and guests by
    Column("woo_customer_id", BigInteger),
    Column("country", Text),
    Column("is_consumer", Boolean),
    _at("infringement_opened_at", nullable=True),
    Column("infringement_opened_by", Text),
    Column("infringement_evidence", Text),
    _at("infringement_settled_at", nullable=True),
    UniqueConstraint("store_id", "email_key"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    _id(),
    _ref("store_id", "stores"),
    Column("woo_subscription_id", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("billing", Text),  # monthly, yearly, or null where neither fits
    Column("billing_period", Text, nullable=False),
    Column("billing_interval", Integer, nullable=False),
    Column("woo_parent_id", BigInteger),
    Column("total_minor", BigInteger),
    Column("currency", Text),
    Column("decimals", Integer),
    _at("started_at", nullable=True),
    _at("trial_ends_at", nullable=True),
    _at("next_payment_at", nullable=True),
    _at("cancelled_at", nullable=True),
    _at("ended_at", nullable=True),
    _at("modified_at", nullable=True),
    _at("recorded_at"),
    _at("gone_at", nullable=True),
    UniqueConstraint("store_id", "woo_subscription_id"),
)

orders = Table(
    "orders",
    metadata,
    _id(),
    _ref("store_id", "stores"),
    Column("woo_order_id", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("billing", Text, nullable=False),
    _ref("customer_id", "customers", nullable=True),
    _ref("subscription_id", "subscriptions", nullable=True),
    Column("currency", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("payment_method", Text, nullable=False),
    Column("transaction_id", Text),
    _at("ordered_at", nullable=True),
    _at("paid_at", nullable=True),
    _at("modified_at", nullable=True),
    _at("period_start_at", nullable=True),
    _at("period_end_at", nullable=True),
    Column("snapshot_sha", LargeBinary, nullable=False),
    Column("remarks", Json, nullable=False),
    _at("recorded_at"),
    _at("gone_at", nullable=True),
    _one_of("kind", "purchase", "renewal", "upgrade"),
    _one_of("billing", "one_time", "monthly", "yearly", "lifetime"),
    UniqueConstraint("store_id", "woo_order_id"),
)
Index("ix_orders_customer_id", orders.c.customer_id)
Index("ix_orders_subscription_id", orders.c.subscription_id)

order_items = Table(
    "order_items",
    metadata,
    _id(),
    _ref("order_id", "orders"),
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
    _at("gone_at", nullable=True),  # taken off the order since; kept for the licence issued on it
    _one_of("line_type", "line_item", "shipping", "fee"),
    UniqueConstraint("order_id", "woo_item_id"),
)

# Every refund row seen in the store: ours (with refund_id) and those made elsewhere.
store_refunds = Table(
    "store_refunds",
    metadata,
    _id(),
    _ref("store_id", "stores"),
    _ref("order_id", "orders"),
    Column("woo_refund_id", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("marker", Text),
    _ref("refund_id", "refunds", nullable=True),
    # Did money move? false: booked by hand or died midway; null: the store has not said.
    Column("refunded_payment", Boolean),
    Column("lines", Json, nullable=False),  # [[woo item id, net minor, tax minor], ...]
    _at("made_at", nullable=True),
    _at("recorded_at"),
    _at("gone_at", nullable=True),
    UniqueConstraint("store_id", "woo_refund_id"),
)
Index("ix_store_refunds_order_id", store_refunds.c.order_id)

disputes = Table(
    "disputes",
    metadata,
    _id(),
    _ref("order_id", "orders"),
    Column("status", Text, nullable=False),
    _at("opened_at"),
    _at("closed_at", nullable=True),
)
Index("ix_disputes_order_id", disputes.c.order_id)

# ---------------------------------------------------------------- books (append only)

entries = Table(
    "entries",
    metadata,
    _id(),
    _ref("store_id", "stores"),
    _ref("order_id", "orders"),
    Column("kind", Text, nullable=False),
    # What this entry books, said once: a second entry with the same reference is refused.
    Column("reference", Text, nullable=False),
    _at("happened_at"),
    _at("posted_at"),
    UniqueConstraint("store_id", "reference"),
)
Index("ix_entries_order_id", entries.c.order_id)

postings = Table(
    "postings",
    metadata,
    _id(),
    _ref("entry_id", "entries"),
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
    _at("happened_at"),
    Column("actor", Text, nullable=False),  # "staff:3", "store:1", "policy", "sweeper"
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),  # "refund:7", "case:2"
    Column("data", Json, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
)
Index("ix_history_subject", history.c.subject)

# ---------------------------------------------------------------- licences

licenses = Table(
    "licenses",
    metadata,
    _id(),
    _ref("store_id", "stores"),
    _ref("order_id", "orders"),
    _ref("order_item_id", "order_items"),
    Column("product", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("key_ends_with", Text, nullable=False),
    Column("sites_limit", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_because", Text),
    _at("created_at"),
    _at("expires_at", nullable=True),
    _at("ended_at", nullable=True),
    _one_of("state", "active", "ended"),
    UniqueConstraint("order_item_id"),
)
Index("ix_licenses_order_id", licenses.c.order_id)

activations = Table(
    "activations",
    metadata,
    _id(),
    _ref("license_id", "licenses"),
    Column("site", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    _at("activated_at"),
    _at("deactivated_at", nullable=True),
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

# ---------------------------------------------------------------- cases and refund requests

cases = Table(
    "cases",
    metadata,
    _id(),
    _ref("store_id", "stores"),
    _ref("order_id", "orders"),
    Column("reason", Text, nullable=False),
    _at("opened_at"),
    _at("complete_at", nullable=True),
    Column("missing", Json, nullable=False),
    Column("finding", Text),
    Column("resolved", Boolean, nullable=False, server_default=text("false")),
    _at("gave_up_at", nullable=True),
    _at("last_customer_reply_at", nullable=True),
    Column("materials_offered", Boolean, nullable=False, server_default=text("false")),
    Column("pauses", Json, nullable=False),  # [[from, to], ...] after complete_at
)
Index("ix_cases_order_id", cases.c.order_id)

refund_requests = Table(
    "refund_requests",
    metadata,
    _id(),
    _ref("store_id", "stores"),
    _ref("order_id", "orders"),
    _ref("case_id", "cases", nullable=True),
    # The caller's own name for this asking: the same key again is the same request.
    Column("request_key", Text, nullable=False),
    Column("request_sha", LargeBinary, nullable=False),
    Column("channel", Text, nullable=False),
    Column("from_account_address", Boolean, nullable=False),
    Column("asked_by", Text, nullable=False),
    _at("asked_at"),
    Column("state", Text, nullable=False),
    _at("judge_again_at", nullable=True),
    _at("destruction_confirmed_at", nullable=True),
    Column("destruction_confirmed_by", Text),
    _one_of("channel", "portal", "email"),
    _one_of("state", "asked", "awaiting", "in_review", "granted", "refused", "withdrawn"),
    UniqueConstraint("store_id", "request_key"),
)
Index(
    "one_open_request",
    refund_requests.c.order_id,
    unique=True,
    sqlite_where=text("state IN ('asked', 'awaiting', 'in_review')"),
    postgresql_where=text("state IN ('asked', 'awaiting', 'in_review')"),
)

decisions = Table(  # append only
    "decisions",
    metadata,
    _id(),
    _ref("request_id", "refund_requests"),
    _at("judged_at"),
    Column("policy", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("settled_by", Text),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
    # Canonical JSON as text, byte for byte as judged: a decision can be replayed for ever.
    Column("claim", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("snapshot_sha", LargeBinary, nullable=False),
    _one_of("outcome", "refund", "refuse", "await", "review"),
)
Index("ix_decisions_request_id", decisions.c.request_id)

# ---------------------------------------------------------------- refunds

refunds = Table(
    "refunds",
    metadata,
    _id(),
    _ref("store_id", "stores"),
    _ref("order_id", "orders"),
    _ref("request_id", "refund_requests"),
    _ref("decision_id", "decisions"),
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
    _at("lease_until", nullable=True),
    _at("sent_at", nullable=True),
    _at("unknown_since", nullable=True),
    Column("looks", Integer, nullable=False, server_default=text("0")),
    Column("woo_refund_id", BigInteger),
    Column("last_error", Text),
    _at("created_at"),
    _at("settled_at", nullable=True),
    CheckConstraint("amount_minor > 0", name="amount_positive"),
    _one_of("state", "due", "sending", "unknown", "paid", "failed", "needs_review"),
    UniqueConstraint("request_id", "decision_id"),
)
Index("ix_refunds_state", refunds.c.state)
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

# What follows a paid refund, each on its own: end the licence, cancel the subscription.
refund_steps = Table(
    "refund_steps",
    metadata,
    _id(),
    _ref("refund_id", "refunds"),
    Column("kind", Text, nullable=False),
    Column("target", BigInteger, nullable=False),  # our id of the licence or the subscription
    Column("state", Text, nullable=False),
    Column("because", Text),
    _at("created_at"),
    _at("settled_at", nullable=True),
    _one_of("kind", "cancel_subscription", "end_license"),
    _one_of("state", "due", "done", "not_needed", "failed"),
    UniqueConstraint("refund_id", "kind", "target"),
)

# ---------------------------------------------------------------- staff

staff = Table(
    "staff",
    metadata,
    _id(),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    _at("created_at"),
    _at("disabled_at", nullable=True),
    _one_of("role", "owner", "approver", "support", "auditor"),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    _ref("staff_id", "staff"),
    _at("created_at"),
    _at("expires_at"),
)

staff_tokens = Table(
    "staff_tokens",
    metadata,
    _id(),
    _ref("staff_id", "staff"),
    Column("name", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    _at("created_at"),
    _at("revoked_at", nullable=True),
)

# ---------------------------------------------------------------- reconciliation

# How far each sweep over a store's objects has come. A pass reads the store's list in pages; its
# columns are null while none is under way.
sweeps = Table(
    "sweeps",
    metadata,
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    _at("pass_began_at", nullable=True),
    _at("since", nullable=True),
    # How many objects of the list are behind us, and the id of the last of them.
    Column("position", Integer, nullable=False, server_default=text("0")),
    Column("last_woo_id", BigInteger, nullable=False, server_default=text("0")),
    # By the store's own clock: up to where all changes were seen, and where this pass will lead.
    _at("watermark", nullable=True),
    _at("next_watermark", nullable=True),
    _at("complete_since", nullable=True),  # when the last complete pass began
    _at("progressed_at"),
    _one_of("kind", "changes", "late_changes", "orders", "refunds"),
)

# Changed orders that a sweep has asked for, so that it asks once for each change.
sightings = Table(
    "sightings",
    metadata,
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("woo_order_id", BigInteger, primary_key=True, autoincrement=False),
    _at("modified_at", nullable=True),
    _at("seen_at"),
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
    _at("checked_at"),
    _at("switched_on_at", nullable=True),
)

# The program's own reason to hold a store's payments, until its sweeps were complete once. The
# owner's reason is stores.payments_held_because.
payment_blocks = Table(
    "payment_blocks",
    metadata,
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("because", Text, nullable=False),
    _at("since"),
)

alarms = Table(
    "alarms",
    metadata,
    _id(),
    _ref("store_id", "stores"),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),  # a topic, "refund:7", or "" for the store as a whole
    Column("detail", Text, nullable=False),
    _at("raised_at"),
    _at("cleared_at", nullable=True),
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

#: Tables whose rows are facts: neither changed nor deleted, by triggers on both databases.
APPEND_ONLY = ("entries", "postings", "history", "decisions")
