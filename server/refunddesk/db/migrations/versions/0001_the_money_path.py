"""The tables of the money path, from the delivery to the payment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.append_only import allow_changes, forbid_changes
from refunddesk.db.tables import Id, Instant, Json

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_APPEND_ONLY = ("entries", "postings", "history", "decisions")


def upgrade() -> None:
    op.create_table(
        "history",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("happened_at", Instant, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_history")),
        sa.UniqueConstraint("hash", name=op.f("uq_history_hash")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_history_previous_hash")),
    )
    op.create_index("ix_history_subject", "history", ["subject"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", Instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("rung_at", Instant, nullable=True),
        sa.Column("claimed_until", Instant, nullable=True),
        sa.Column("claims", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("done_at", Instant, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("stuck_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("job", "subject", name=op.f("uq_outbox_job_subject")),
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("asked > done"),
        postgresql_where=sa.text("asked > done"),
    )
    op.create_table(
        "rounds",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("begun_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rounds")),
    )
    op.create_table(
        "staff",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("disabled_at", Instant, nullable=True),
        sa.CheckConstraint(
            "role IN ('owner', 'approver', 'support', 'auditor')", name=op.f("ck_staff_role")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_email")),
    )
    op.create_table(
        "stores",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("consumer_key_sealed", sa.Text(), nullable=False),
        sa.Column("consumer_secret_sealed", sa.Text(), nullable=False),
        sa.Column("payments_held_because", sa.Text(), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stores")),
        sa.UniqueConstraint("url", name=op.f("uq_stores_url")),
    )
    op.create_table(
        "alarms",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("raised_at", Instant, nullable=False),
        sa.Column("cleared_at", Instant, nullable=True),
        sa.Column("cleared_because", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_alarms_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    op.create_index(
        "one_alarm_at_a_time",
        "alarms",
        ["store_id", "kind", "subject"],
        unique=True,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_table(
        "customers",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("woo_customer_id", sa.BigInteger(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("is_consumer", sa.Boolean(), nullable=True),
        sa.Column("infringement_opened_at", Instant, nullable=True),
        sa.Column("infringement_opened_by", sa.Text(), nullable=True),
        sa.Column("infringement_evidence", sa.Text(), nullable=True),
        sa.Column("infringement_settled_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_customers_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("store_id", "email_key", name=op.f("uq_customers_store_id_email_key")),
    )
    op.create_table(
        "endpoints",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.Text(), nullable=False),
        sa.Column("previous_secret_sealed", sa.Text(), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_endpoints_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoints")),
        sa.UniqueConstraint("store_id", "topic", name=op.f("uq_endpoints_store_id_topic")),
    )
    op.create_table(
        "item_rules",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("item_kind", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("in_programme", sa.Boolean(), server_default=sa.text("(true)"), nullable=False),
        sa.Column("sites_limit", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("lifetime", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.CheckConstraint(
            "field IN ('product_id', 'sku', 'category', 'meta')", name=op.f("ck_item_rules_field")
        ),
        sa.CheckConstraint(
            "item_kind IN ('product', 'support', 'additional_domain', 'customization', 'service', 'shipping', 'fee')",
            name=op.f("ck_item_rules_item_kind"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_item_rules_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_rules")),
        sa.UniqueConstraint("store_id", "position", name=op.f("uq_item_rules_store_id_position")),
    )
    op.create_table(
        "payment_blocks",
        sa.Column("store_id", Id, nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_payment_blocks_store_id")
        ),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_payment_blocks")),
    )
    op.create_table(
        "products",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("woo_product_id", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("categories", Json, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_products_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint(
            "store_id", "woo_product_id", name=op.f("uq_products_store_id_woo_product_id")
        ),
    )
    op.create_table(
        "sightings",
        sa.Column("store_id", Id, nullable=False),
        sa.Column("woo_order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("modified_at", Instant, nullable=True),
        sa.Column("seen_at", Instant, nullable=False),
        sa.Column("delivery_expected", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_sightings_store_id")),
        sa.PrimaryKeyConstraint("store_id", "woo_order_id", name=op.f("pk_sightings")),
    )
    op.create_index("ix_sightings_seen_at", "sightings", ["seen_at"], unique=False)
    op.create_table(
        "staff_sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_sessions")),
    )
    op.create_table(
        "staff_tokens",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("staff_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("revoked_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_tokens_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_tokens_token_hash")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("woo_subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("billing", sa.Text(), nullable=True),
        sa.Column("billing_period", sa.Text(), nullable=False),
        sa.Column("billing_interval", sa.Integer(), nullable=False),
        sa.Column("woo_parent_id", sa.BigInteger(), nullable=True),
        sa.Column("total_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("decimals", sa.Integer(), nullable=True),
        sa.Column("started_at", Instant, nullable=True),
        sa.Column("trial_ends_at", Instant, nullable=True),
        sa.Column("next_payment_at", Instant, nullable=True),
        sa.Column("cancelled_at", Instant, nullable=True),
        sa.Column("ended_at", Instant, nullable=True),
        sa.Column("modified_at", Instant, nullable=True),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("gone_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_subscriptions_store_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint(
            "store_id",
            "woo_subscription_id",
            name=op.f("uq_subscriptions_store_id_woo_subscription_id"),
        ),
    )
    op.create_table(
        "sweeps",
        sa.Column("store_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("pass_began_at", Instant, nullable=True),
        sa.Column("since", Instant, nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_woo_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("watermark", Instant, nullable=True),
        sa.Column("next_watermark", Instant, nullable=True),
        sa.Column("complete_since", Instant, nullable=True),
        sa.Column("progressed_at", Instant, nullable=False),
        sa.CheckConstraint(
            "kind IN ('changes', 'late_changes', 'orders', 'refunds')", name=op.f("ck_sweeps_kind")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_sweeps_store_id")),
        sa.PrimaryKeyConstraint("store_id", "kind", name=op.f("pk_sweeps")),
    )
    op.create_table(
        "inbox",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=True),
        sa.Column("woo_object_id", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("body_sha", sa.LargeBinary(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=True),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("quarantined_because", sa.Text(), nullable=True),
        sa.Column("quarantine_detail", sa.Text(), nullable=True),
        sa.Column("released_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["endpoints.id"], name=op.f("fk_inbox_endpoint_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_inbox_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
    )
    op.create_index(
        "ix_inbox_object", "inbox", ["store_id", "object_type", "woo_object_id"], unique=False
    )
    op.create_index(
        "ix_inbox_quarantined",
        "inbox",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("quarantined_because IS NOT NULL AND released_at IS NULL"),
        postgresql_where=sa.text("quarantined_because IS NOT NULL AND released_at IS NULL"),
    )
    op.create_index("ix_inbox_store_id", "inbox", ["store_id", "id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("woo_order_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("billing", sa.Text(), nullable=False),
        sa.Column("customer_id", Id, nullable=True),
        sa.Column("subscription_id", Id, nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("payment_method", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=True),
        sa.Column("ordered_at", Instant, nullable=True),
        sa.Column("paid_at", Instant, nullable=True),
        sa.Column("modified_at", Instant, nullable=True),
        sa.Column("period_start_at", Instant, nullable=True),
        sa.Column("period_end_at", Instant, nullable=True),
        sa.Column("snapshot_sha", sa.LargeBinary(), nullable=False),
        sa.Column("remarks", Json, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("gone_at", Instant, nullable=True),
        sa.CheckConstraint(
            "billing IN ('one_time', 'monthly', 'yearly', 'lifetime')",
            name=op.f("ck_orders_billing"),
        ),
        sa.CheckConstraint(
            "kind IN ('purchase', 'renewal', 'upgrade')", name=op.f("ck_orders_kind")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_orders_customer_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_orders_store_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_orders_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint(
            "store_id", "woo_order_id", name=op.f("uq_orders_store_id_woo_order_id")
        ),
    )
    op.create_index("ix_orders_customer_id", "orders", ["customer_id"], unique=False)
    op.create_index("ix_orders_subscription_id", "orders", ["subscription_id"], unique=False)
    op.create_table(
        "webhook_states",
        sa.Column("endpoint_id", sa.Text(), nullable=False),
        sa.Column("woo_webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("checked_at", Instant, nullable=False),
        sa.Column("switched_on_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["endpoints.id"], name=op.f("fk_webhook_states_endpoint_id")
        ),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_webhook_states")),
    )
    op.create_table(
        "cases",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("complete_at", Instant, nullable=True),
        sa.Column("missing", Json, nullable=False),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("resolved", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("gave_up_at", Instant, nullable=True),
        sa.Column("last_customer_reply_at", Instant, nullable=True),
        sa.Column(
            "materials_offered", sa.Boolean(), server_default=sa.text("(false)"), nullable=False
        ),
        sa.Column("pauses", Json, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_cases_order_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_cases_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index("ix_cases_order_id", "cases", ["order_id"], unique=False)
    op.create_table(
        "disputes",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("closed_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_disputes_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
    )
    op.create_index("ix_disputes_order_id", "disputes", ["order_id"], unique=False)
    op.create_table(
        "entries",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("happened_at", Instant, nullable=False),
        sa.Column("posted_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_entries_order_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_entries_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("store_id", "reference", name=op.f("uq_entries_store_id_reference")),
    )
    op.create_index("ix_entries_order_id", "entries", ["order_id"], unique=False)
    op.create_table(
        "order_items",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("woo_item_id", sa.BigInteger(), nullable=False),
        sa.Column("line_type", sa.Text(), nullable=False),
        sa.Column("woo_product_id", sa.BigInteger(), nullable=True),
        sa.Column("woo_variation_id", sa.BigInteger(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("item_kind", sa.Text(), nullable=False),
        sa.Column("in_programme", sa.Boolean(), nullable=False),
        sa.Column("sites_limit", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("taxes", Json, nullable=False),
        sa.Column("gone_at", Instant, nullable=True),
        sa.CheckConstraint(
            "line_type IN ('line_item', 'shipping', 'fee')", name=op.f("ck_order_items_line_type")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_items_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_items")),
        sa.UniqueConstraint(
            "order_id", "woo_item_id", name=op.f("uq_order_items_order_id_woo_item_id")
        ),
    )
    op.create_table(
        "licenses",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("order_item_id", Id, nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_ends_with", sa.Text(), nullable=False),
        sa.Column("sites_limit", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_because", sa.Text(), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=True),
        sa.Column("ended_at", Instant, nullable=True),
        sa.CheckConstraint("state IN ('active', 'ended')", name=op.f("ck_licenses_state")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_licenses_order_id")),
        sa.ForeignKeyConstraint(
            ["order_item_id"], ["order_items.id"], name=op.f("fk_licenses_order_item_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_licenses_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licenses")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_licenses_key_hash")),
        sa.UniqueConstraint("order_item_id", name=op.f("uq_licenses_order_item_id")),
    )
    op.create_index("ix_licenses_order_id", "licenses", ["order_id"], unique=False)
    op.create_table(
        "postings",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("entry_id", Id, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name=op.f("fk_postings_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postings")),
    )
    op.create_index("ix_postings_entry_id", "postings", ["entry_id"], unique=False)
    op.create_table(
        "refund_requests",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("case_id", Id, nullable=True),
        sa.Column("request_key", sa.Text(), nullable=False),
        sa.Column("request_sha", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("from_account_address", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("judge_again_at", Instant, nullable=True),
        sa.Column("destruction_confirmed_at", Instant, nullable=True),
        sa.Column("destruction_confirmed_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('portal', 'email')", name=op.f("ck_refund_requests_channel")
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'awaiting', 'in_review', 'granted', 'refused', 'withdrawn')",
            name=op.f("ck_refund_requests_state"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_refund_requests_case_id")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_refund_requests_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_refund_requests_store_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_requests")),
        sa.UniqueConstraint(
            "store_id", "request_key", name=op.f("uq_refund_requests_store_id_request_key")
        ),
    )
    op.create_index(
        "one_open_request",
        "refund_requests",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('asked', 'awaiting', 'in_review')"),
        postgresql_where=sa.text("state IN ('asked', 'awaiting', 'in_review')"),
    )
    op.create_table(
        "activations",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("license_id", Id, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("activated_at", Instant, nullable=False),
        sa.Column("deactivated_at", Instant, nullable=True),
        sa.Column("deactivated_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["license_id"], ["licenses.id"], name=op.f("fk_activations_license_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_activations_token_hash")),
    )
    op.create_index(
        "one_activation_per_site",
        "activations",
        ["license_id", "site"],
        unique=True,
        sqlite_where=sa.text("deactivated_at IS NULL"),
        postgresql_where=sa.text("deactivated_at IS NULL"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("request_id", Id, nullable=False),
        sa.Column("judged_at", Instant, nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("snapshot_sha", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('refund', 'refuse', 'await', 'review')", name=op.f("ck_decisions_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["refund_requests.id"], name=op.f("fk_decisions_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index("ix_decisions_request_id", "decisions", ["request_id"], unique=False)
    op.create_table(
        "refunds",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("request_id", Id, nullable=False),
        sa.Column("decision_id", Id, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("marker", sa.Text(), nullable=False),
        sa.Column("lines", Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("token", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", Instant, nullable=True),
        sa.Column("sent_at", Instant, nullable=True),
        sa.Column("unknown_since", Instant, nullable=True),
        sa.Column("looks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("woo_refund_id", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("settled_at", Instant, nullable=True),
        sa.CheckConstraint(
            "state IN ('due', 'sending', 'unknown', 'paid', 'failed', 'needs_review')",
            name=op.f("ck_refunds_state"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount_positive")),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.id"], name=op.f("fk_refunds_decision_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_refunds_order_id")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["refund_requests.id"], name=op.f("fk_refunds_request_id")
        ),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_refunds_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("marker", name=op.f("uq_refunds_marker")),
        sa.UniqueConstraint(
            "request_id", "decision_id", name=op.f("uq_refunds_request_id_decision_id")
        ),
    )
    op.create_index("ix_refunds_state", "refunds", ["state"], unique=False)
    op.create_index(
        "one_refund_in_flight",
        "refunds",
        ["store_id", "order_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('sending', 'unknown', 'needs_review')"),
        postgresql_where=sa.text("state IN ('sending', 'unknown', 'needs_review')"),
    )
    op.create_index(
        "one_refund_per_store_row",
        "refunds",
        ["store_id", "woo_refund_id"],
        unique=True,
        sqlite_where=sa.text("woo_refund_id IS NOT NULL"),
        postgresql_where=sa.text("woo_refund_id IS NOT NULL"),
    )
    op.create_table(
        "refund_steps",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("refund_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("settled_at", Instant, nullable=True),
        sa.CheckConstraint(
            "kind IN ('cancel_subscription', 'end_license')", name=op.f("ck_refund_steps_kind")
        ),
        sa.CheckConstraint(
            "state IN ('due', 'done', 'not_needed', 'failed')", name=op.f("ck_refund_steps_state")
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name=op.f("fk_refund_steps_refund_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_steps")),
        sa.UniqueConstraint(
            "refund_id", "kind", "target", name=op.f("uq_refund_steps_refund_id_kind_target")
        ),
    )
    op.create_table(
        "store_refunds",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("woo_refund_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("marker", sa.Text(), nullable=True),
        sa.Column("refund_id", Id, nullable=True),
        sa.Column("refunded_payment", sa.Boolean(), nullable=True),
        sa.Column("lines", Json, nullable=False),
        sa.Column("made_at", Instant, nullable=True),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.Column("gone_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_store_refunds_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name=op.f("fk_store_refunds_refund_id")
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_store_refunds_store_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_refunds")),
        sa.UniqueConstraint(
            "store_id", "woo_refund_id", name=op.f("uq_store_refunds_store_id_woo_refund_id")
        ),
    )
    op.create_index("ix_store_refunds_order_id", "store_refunds", ["order_id"], unique=False)
    for table in _APPEND_ONLY:
        for statement in forbid_changes(op.get_bind().dialect.name, table):
            op.execute(statement)


def downgrade() -> None:
    for table in _APPEND_ONLY:
        for statement in allow_changes(op.get_bind().dialect.name, table):
            op.execute(statement)
    op.drop_index("ix_store_refunds_order_id", table_name="store_refunds")
    op.drop_table("store_refunds")
    op.drop_table("refund_steps")
    op.drop_index(
        "one_refund_per_store_row",
        table_name="refunds",
        sqlite_where=sa.text("woo_refund_id IS NOT NULL"),
        postgresql_where=sa.text("woo_refund_id IS NOT NULL"),
    )
    op.drop_index(
        "one_refund_in_flight",
        table_name="refunds",
        sqlite_where=sa.text("state IN ('sending', 'unknown', 'needs_review')"),
        postgresql_where=sa.text("state IN ('sending', 'unknown', 'needs_review')"),
    )
    op.drop_index("ix_refunds_state", table_name="refunds")
    op.drop_table("refunds")
    op.drop_index("ix_decisions_request_id", table_name="decisions")
    op.drop_table("decisions")
    op.drop_index(
        "one_activation_per_site",
        table_name="activations",
        sqlite_where=sa.text("deactivated_at IS NULL"),
        postgresql_where=sa.text("deactivated_at IS NULL"),
    )
    op.drop_table("activations")
    op.drop_index(
        "one_open_request",
        table_name="refund_requests",
        sqlite_where=sa.text("state IN ('asked', 'awaiting', 'in_review')"),
        postgresql_where=sa.text("state IN ('asked', 'awaiting', 'in_review')"),
    )
    op.drop_table("refund_requests")
    op.drop_index("ix_postings_entry_id", table_name="postings")
    op.drop_table("postings")
    op.drop_index("ix_licenses_order_id", table_name="licenses")
    op.drop_table("licenses")
    op.drop_table("order_items")
    op.drop_index("ix_entries_order_id", table_name="entries")
    op.drop_table("entries")
    op.drop_index("ix_disputes_order_id", table_name="disputes")
    op.drop_table("disputes")
    op.drop_index("ix_cases_order_id", table_name="cases")
    op.drop_table("cases")
    op.drop_table("webhook_states")
    op.drop_index("ix_orders_subscription_id", table_name="orders")
    op.drop_index("ix_orders_customer_id", table_name="orders")
    op.drop_table("orders")
    op.drop_index("ix_inbox_store_id", table_name="inbox")
    op.drop_index(
        "ix_inbox_quarantined",
        table_name="inbox",
        sqlite_where=sa.text("quarantined_because IS NOT NULL AND released_at IS NULL"),
        postgresql_where=sa.text("quarantined_because IS NOT NULL AND released_at IS NULL"),
    )
    op.drop_index("ix_inbox_object", table_name="inbox")
    op.drop_table("inbox")
    op.drop_table("sweeps")
    op.drop_table("subscriptions")
    op.drop_table("staff_tokens")
    op.drop_table("staff_sessions")
    op.drop_index("ix_sightings_seen_at", table_name="sightings")
    op.drop_table("sightings")
    op.drop_table("products")
    op.drop_table("payment_blocks")
    op.drop_table("item_rules")
    op.drop_table("endpoints")
    op.drop_table("customers")
    op.drop_index(
        "one_alarm_at_a_time",
        table_name="alarms",
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.drop_table("alarms")
    op.drop_table("stores")
    op.drop_table("staff")
    op.drop_table("rounds")
    op.drop_index(
        "ix_outbox_open",
        table_name="outbox",
        sqlite_where=sa.text("asked > done"),
        postgresql_where=sa.text("asked > done"),
    )
    op.drop_table("outbox")
    op.drop_table("leases")
    op.drop_index("ix_history_subject", table_name="history")
    op.drop_table("history")
