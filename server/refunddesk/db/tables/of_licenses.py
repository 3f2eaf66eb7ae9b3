"""Licences, the sites they are in use on, and what is known of those sites."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from refunddesk.db.tables.columns import Instant, at, metadata, one_of, ref, row_id

licenses = Table(
    "licenses",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    # An imported licence may belong to an order that we have not heard of (yet): then the store's
    # number of it stands alone, and the order takes the licence up when it is recorded.
    ref("order_id", "orders", nullable=True),
    ref("order_item_id", "order_items", nullable=True),
    Column("woo_order_id", BigInteger),
    Column("product", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False, unique=True),
    Column("key_ends_with", Text, nullable=False),
    # The places its own line bought; extra_sites has those bought besides.
    Column("sites_limit", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_because", Text),
    Column("ended_as", Text),
    # Its code was changed for the customer: an automatic update would undo that.
    Column("customized", Boolean, nullable=False, server_default=text("false")),
    at("created_at"),
    at("expires_at", nullable=True),
    at("ended_at", nullable=True),
    one_of("state", "active", "ended"),
    one_of("ended_as", "refunded", "revoked"),
    UniqueConstraint("order_item_id"),
)
Index("ix_licenses_order_id", licenses.c.order_id)
Index("ix_licenses_woo_order_id", licenses.c.woo_order_id)
Index("ix_licenses_key_ends_with", licenses.c.key_ends_with)

# What a line of kind additional_domain adds to a licence; fewer once a part of it is given back.
extra_sites = Table(
    "extra_sites",
    metadata,
    row_id(),
    ref("license_id", "licenses"),
    ref("order_item_id", "order_items"),
    Column("sites", Integer, nullable=False),
    UniqueConstraint("order_item_id"),
    CheckConstraint("sites >= 0", name="sites_not_negative"),
)
Index("ix_extra_sites_license_id", extra_sites.c.license_id)

activations = Table(
    "activations",
    metadata,
    row_id(),
    ref("license_id", "licenses"),
    Column("site", Text, nullable=False),
    Column("is_staging", Boolean, nullable=False, server_default=text("false")),
    # An imported site has no token until it switches itself on again.
    Column("token_hash", LargeBinary, unique=True),
    at("activated_at"),
    at("seen_at", nullable=True),  # when the site last asked, to the day
    at("lost_at", nullable=True),  # when its owner said that it cannot be reached any more
    Column("lost_by", Text),
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
Index("ix_activations_license_id", activations.c.license_id)  # those switched off, too
Index("ix_activations_site", activations.c.site)

# The store's own patterns of sites for trying out, beside the list that is shipped.
staging_patterns = Table(
    "staging_patterns",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    Column("pattern", Text, nullable=False),
    UniqueConstraint("store_id", "pattern"),
)

# How many calls of a minute brought a key that opens something, and how many did not.
license_calls = Table(
    "license_calls",
    metadata,
    Column("minute", Instant, primary_key=True),
    Column("hits", Integer, nullable=False),
    Column("misses", Integer, nullable=False),
)

# Looks at a site that its owner says is lost. "unclear" proves nothing either way.
site_probes = Table(
    "site_probes",
    metadata,
    row_id(),
    ref("activation_id", "activations"),
    at("probed_at"),
    Column("result", Text, nullable=False),
    Column("detail", Text, nullable=False),
    one_of("result", "answers", "gone", "unclear"),
)
Index("ix_site_probes_activation_id", site_probes.c.activation_id)

# A use seen after the money, or what staff report of a customer: nothing follows before it is
# confirmed. Of each kind a licence raises one, ever: staff who dropped it are not asked again.
suspicions = Table(
    "suspicions",
    metadata,
    row_id(),
    ref("license_id", "licenses", nullable=True),  # null: reported, and of no licence
    ref("customer_id", "customers", nullable=True),
    Column("kind", Text, nullable=False),
    at("raised_at"),
    Column("evidence", Text),
    Column("raised_by", Text, nullable=False, server_default=text("'licenses'")),
    at("settled_at", nullable=True),
    Column("settled_as", Text),
    Column("settled_by", Text),
    Column("because", Text),
    one_of("kind", "use_after_refund", "update_after_refund", "use_after_statement", "reported"),
    one_of("settled_as", "confirmed", "dropped"),
    UniqueConstraint("license_id", "kind"),
)
Index("ix_suspicions_customer_id", suspicions.c.customer_id)
Index(
    "ix_suspicions_open",
    suspicions.c.id,
    sqlite_where=text("settled_at IS NULL"),
    postgresql_where=text("settled_at IS NULL"),
)
