"""Releases of WordPress and WooCommerce, the store's own plugins, and what checks found."""

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

# How the reading of each feed goes; `trouble` is why the last one failed.
release_feeds = Table(
    "release_feeds",
    metadata,
    Column("product", Text, primary_key=True),
    Column("etag", Text),
    Column("last_modified", Text),
    at("read_at", nullable=True),
    at("next_at"),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("trouble", Text),
    at("trouble_since", nullable=True),
    one_of("product", "wordpress", "woocommerce"),
)

# `sha256` and `surface` are null until the release was read.
releases = Table(
    "releases",
    metadata,
    row_id(),
    Column("product", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("php_floor", Text, nullable=False),
    Column("zip_url", Text),
    Column("sha256", Text),
    Column("surface", LargeBinary),
    at("found_at"),
    at("read_at", nullable=True),
    Column("trouble", Text),
    one_of("product", "wordpress", "woocommerce"),
    one_of("channel", "stable", "candidate"),
    UniqueConstraint("product", "version"),
)

plugins = Table(
    "plugins",
    metadata,
    row_id(),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    # What the store sells it as, by the names that order lines and licences bear.
    Column("products", Json, nullable=False),
    at("created_at"),
)

# One uploaded zip each. `facts` is null until it was read.
plugin_versions = Table(
    "plugin_versions",
    metadata,
    row_id(),
    ref("plugin_id", "plugins"),
    Column("version", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("facts", LargeBinary),
    Column("facts_format", Integer),
    Column("uses_woocommerce", Boolean),
    at("uploaded_at"),
    Column("uploaded_by", Text, nullable=False),
    Column("trouble", Text),
)
Index("ix_plugin_versions_plugin_id", plugin_versions.c.plugin_id)

checks = Table(  # append only
    "checks",
    metadata,
    row_id(),
    ref("plugin_version_id", "plugin_versions"),
    ref("release_id", "releases"),
    at("checked_at"),
    Column("checker_version", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    # The whole record as canonical JSON text, byte for byte as it was found.
    Column("record", Text, nullable=False),
    Column("record_sha256", Text, nullable=False),
    one_of("verdict", "BROKEN", "LIKELY_BROKEN", "WARN", "OK", "UNVERIFIED"),
)
Index("ix_checks_pair", checks.c.plugin_version_id, checks.c.release_id)
Index("ix_checks_release_id", checks.c.release_id)

# To make a plugin work on a release: opened by a check, closed by the check that turned good.
fix_tasks = Table(
    "fix_tasks",
    metadata,
    row_id(),
    ref("plugin_id", "plugins"),
    ref("release_id", "releases"),
    ref("opened_by_check_id", "checks"),
    at("opened_at"),
    ref("closed_by_check_id", "checks", nullable=True),
    at("closed_at", nullable=True),
)
Index(
    "one_open_fix_task",
    fix_tasks.c.plugin_id,
    fix_tasks.c.release_id,
    unique=True,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
