"""Releases, the store's own plugins, what checks of them found, and the tasks that follow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.append_only import allow_changes, forbid_changes
from refunddesk.db.tables import Id, Instant, Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_APPEND_ONLY = ("checks",)


def upgrade() -> None:
    op.create_table(
        "plugins",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("products", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plugins")),
        sa.UniqueConstraint("slug", name=op.f("uq_plugins_slug")),
    )
    op.create_table(
        "release_feeds",
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("read_at", Instant, nullable=True),
        sa.Column("next_at", Instant, nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("trouble_since", Instant, nullable=True),
        sa.CheckConstraint(
            "product IN ('wordpress', 'woocommerce')", name=op.f("ck_release_feeds_product")
        ),
        sa.PrimaryKeyConstraint("product", name=op.f("pk_release_feeds")),
    )
    op.create_table(
        "releases",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("php_floor", sa.Text(), nullable=False),
        sa.Column("zip_url", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("surface", sa.LargeBinary(), nullable=True),
        sa.Column("found_at", Instant, nullable=False),
        sa.Column("read_at", Instant, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.CheckConstraint("channel IN ('stable', 'candidate')", name=op.f("ck_releases_channel")),
        sa.CheckConstraint(
            "product IN ('wordpress', 'woocommerce')", name=op.f("ck_releases_product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
        sa.UniqueConstraint("product", "version", name=op.f("uq_releases_product_version")),
    )
    op.create_table(
        "plugin_versions",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("plugin_id", Id, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.Column("facts_format", sa.Integer(), nullable=True),
        sa.Column("uses_woocommerce", sa.Boolean(), nullable=True),
        sa.Column("uploaded_at", Instant, nullable=False),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["plugin_id"], ["plugins.id"], name=op.f("fk_plugin_versions_plugin_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plugin_versions")),
        sa.UniqueConstraint("sha256", name=op.f("uq_plugin_versions_sha256")),
    )
    op.create_index("ix_plugin_versions_plugin_id", "plugin_versions", ["plugin_id"], unique=False)
    op.create_table(
        "checks",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("plugin_version_id", Id, nullable=False),
        sa.Column("release_id", Id, nullable=False),
        sa.Column("checked_at", Instant, nullable=False),
        sa.Column("checker_version", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("record_sha256", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('BROKEN', 'LIKELY_BROKEN', 'WARN', 'OK', 'UNVERIFIED')",
            name=op.f("ck_checks_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["plugin_version_id"], ["plugin_versions.id"], name=op.f("fk_checks_plugin_version_id")
        ),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_checks_release_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checks")),
    )
    op.create_index("ix_checks_pair", "checks", ["plugin_version_id", "release_id"], unique=False)
    op.create_index("ix_checks_release_id", "checks", ["release_id"], unique=False)
    op.create_table(
        "fix_tasks",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("plugin_id", Id, nullable=False),
        sa.Column("release_id", Id, nullable=False),
        sa.Column("opened_by_check_id", Id, nullable=False),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("closed_by_check_id", Id, nullable=True),
        sa.Column("closed_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["closed_by_check_id"], ["checks.id"], name=op.f("fk_fix_tasks_closed_by_check_id")
        ),
        sa.ForeignKeyConstraint(
            ["opened_by_check_id"], ["checks.id"], name=op.f("fk_fix_tasks_opened_by_check_id")
        ),
        sa.ForeignKeyConstraint(["plugin_id"], ["plugins.id"], name=op.f("fk_fix_tasks_plugin_id")),
        sa.ForeignKeyConstraint(
            ["release_id"], ["releases.id"], name=op.f("fk_fix_tasks_release_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fix_tasks")),
    )
    op.create_index(
        "one_open_fix_task",
        "fix_tasks",
        ["plugin_id", "release_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    for table in _APPEND_ONLY:
        for statement in forbid_changes(op.get_bind().dialect.name, table):
            op.execute(statement)


def downgrade() -> None:
    for table in _APPEND_ONLY:
        for statement in allow_changes(op.get_bind().dialect.name, table):
            op.execute(statement)
    op.drop_index(
        "one_open_fix_task",
        table_name="fix_tasks",
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_table("fix_tasks")
    op.drop_index("ix_checks_release_id", table_name="checks")
    op.drop_index("ix_checks_pair", table_name="checks")
    op.drop_table("checks")
    op.drop_index("ix_plugin_versions_plugin_id", table_name="plugin_versions")
    op.drop_table("plugin_versions")
    op.drop_table("releases")
    op.drop_table("release_feeds")
    op.drop_table("plugins")
