"""The schema: what every table holds. Queries live in the module of each noun."""

from refunddesk.db.tables.columns import Id, Instant, Json, metadata
from refunddesk.db.tables.of_books import entries, history, postings
from refunddesk.db.tables.of_cases import (
    attachments,
    cases,
    infringements,
    item_deliveries,
    material_offers,
    product_pages,
    turns,
    work_quotes,
)
from refunddesk.db.tables.of_compat import (
    checks,
    fix_tasks,
    plugin_versions,
    plugins,
    release_feeds,
    releases,
)
from refunddesk.db.tables.of_credentials import credentials, reveals
from refunddesk.db.tables.of_deliveries import endpoints, inbox
from refunddesk.db.tables.of_duplicates import duplicate_rules, duplicates
from refunddesk.db.tables.of_licenses import (
    activations,
    extra_sites,
    license_calls,
    licenses,
    site_probes,
    staging_patterns,
    suspicions,
)
from refunddesk.db.tables.of_mail import arrivals, mailbox_marks, notices
from refunddesk.db.tables.of_orders import (
    customers,
    disputes,
    order_items,
    orders,
    recorded_facts,
    store_refunds,
    subscriptions,
)
from refunddesk.db.tables.of_overrides import (
    approval_limits,
    approvals,
    override_decisions,
    overrides,
)
from refunddesk.db.tables.of_portal import customer_links, customer_visits
from refunddesk.db.tables.of_privacy import erasures, retention_marks
from refunddesk.db.tables.of_promises import leases, outbox, rounds
from refunddesk.db.tables.of_reconciliation import (
    alarms,
    payment_blocks,
    sightings,
    sweeps,
    webhook_states,
)
from refunddesk.db.tables.of_refunds import refund_steps, refunds
from refunddesk.db.tables.of_renewals import cancellations, renewal_leads, renewals
from refunddesk.db.tables.of_requests import decisions, policy_versions, refund_requests
from refunddesk.db.tables.of_staff import (
    staff,
    staff_links,
    staff_sessions,
    staff_tokens,
    store_logins,
)
from refunddesk.db.tables.of_stores import connect_codes, item_rules, products, stores, taken_calls

#: Tables whose rows are facts: neither changed nor deleted, by triggers on both databases.
APPEND_ONLY = (
    "entries",
    "postings",
    "history",
    "decisions",
    "checks",
    "overrides",
    "override_decisions",
)

__all__ = [
    "APPEND_ONLY",
    "Id",
    "Instant",
    "Json",
    "activations",
    "alarms",
    "approval_limits",
    "approvals",
    "arrivals",
    "attachments",
    "cancellations",
    "cases",
    "checks",
    "connect_codes",
    "credentials",
    "customer_links",
    "customer_visits",
    "customers",
    "decisions",
    "disputes",
    "duplicate_rules",
    "duplicates",
    "endpoints",
    "entries",
    "erasures",
    "extra_sites",
    "fix_tasks",
    "history",
    "inbox",
    "infringements",
    "item_deliveries",
    "item_rules",
    "leases",
    "license_calls",
    "licenses",
    "mailbox_marks",
    "material_offers",
    "metadata",
    "notices",
    "order_items",
    "orders",
    "outbox",
    "override_decisions",
    "overrides",
    "payment_blocks",
    "plugin_versions",
    "plugins",
    "policy_versions",
    "postings",
    "product_pages",
    "products",
    "recorded_facts",
    "refund_requests",
    "refund_steps",
    "refunds",
    "release_feeds",
    "releases",
    "renewal_leads",
    "renewals",
    "retention_marks",
    "reveals",
    "rounds",
    "sightings",
    "site_probes",
    "staff",
    "staff_links",
    "staff_sessions",
    "staff_tokens",
    "staging_patterns",
    "store_logins",
    "store_refunds",
    "stores",
    "subscriptions",
    "suspicions",
    "sweeps",
    "taken_calls",
    "turns",
    "webhook_states",
    "work_quotes",
]
