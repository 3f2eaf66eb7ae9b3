"""Licences imported and enlarged, staging sites, what is known of a site, and two more steps."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ENDED_AS = "ended_as IN ('refunded', 'revoked')"
_STEPS = ("cancel_subscription", "end_license")
_MORE_STEPS = (*_STEPS, "set_back_expiry", "take_back_sites")
_OLD_LICENSE = (
    "id, store_id, order_id, order_item_id, product, key_hash, key_ends_with, sites_limit, state, "
    "state_because, created_at, expires_at, ended_at"
)
_OLD_ACTIVATION = "id, license_id, site, token_hash, activated_at, deactivated_at, deactivated_by"
_STEP = "id, refund_id, kind, target, state, because, created_at, settled_at"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        # SQLite changes no column: the tables are made anew. The child goes first and comes last,
        # or dropping its parent would break its references.
        _keep("activations", "licenses", "refund_steps")
        _create_licenses(imported=True)
        _create_activations(imported=True)
        _create_steps(_MORE_STEPS)
        _fill("licenses", _OLD_LICENSE)
        _fill("activations", _OLD_ACTIVATION)
        _fill("refund_steps", _STEP)
        _forget("activations", "licenses", "refund_steps")
    else:
        op.alter_column("licenses", "order_id", nullable=True)
        op.alter_column("licenses", "order_item_id", nullable=True)
        op.add_column("licenses", sa.Column("woo_order_id", sa.BigInteger()))
        op.add_column("licenses", sa.Column("ended_as", sa.Text()))
        op.create_check_constraint(op.f("ck_licenses_ended_as"), "licenses", _ENDED_AS)
        op.alter_column("activations", "token_hash", nullable=True)
        for column in _more_of_activations():
            op.add_column("activations", column)
        _change_steps(_MORE_STEPS)
    op.create_index("ix_licenses_woo_order_id", "licenses", ["woo_order_id"])
    # Until now licences ended only because they were refunded.
    op.execute("UPDATE licenses SET ended_as = 'refunded' WHERE state = 'ended'")
    op.create_table(
        "extra_sites",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("license_id", Id, nullable=False),
        sa.Column("order_item_id", Id, nullable=False),
        sa.Column("sites", sa.Integer(), nullable=False),
        sa.CheckConstraint("sites >= 0", name=op.f("ck_extra_sites_sites_not_negative")),
        sa.ForeignKeyConstraint(
            ["license_id"], ["licenses.id"], name=op.f("fk_extra_sites_license_id")
        ),
        sa.ForeignKeyConstraint(
            ["order_item_id"], ["order_items.id"], name=op.f("fk_extra_sites_order_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extra_sites")),
        sa.UniqueConstraint("order_item_id", name=op.f("uq_extra_sites_order_item_id")),
    )
    op.create_index("ix_extra_sites_license_id", "extra_sites", ["license_id"])
    op.create_table(
        "staging_patterns",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_staging_patterns_store_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staging_patterns")),
        sa.UniqueConstraint(
            "store_id", "pattern", name=op.f("uq_staging_patterns_store_id_pattern")
        ),
    )
    op.create_table(
        "license_calls",
        sa.Column("minute", Instant, nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", name=op.f("pk_license_calls")),
    )


def downgrade() -> None:
    """What only the newer schema can say is lost: imported licences of unknown orders too."""
    op.drop_table("license_calls")
    op.drop_table("staging_patterns")
    op.drop_index("ix_extra_sites_license_id", "extra_sites")
    op.drop_table("extra_sites")
    op.execute("DELETE FROM refund_steps WHERE kind IN ('set_back_expiry', 'take_back_sites')")
    op.execute(
        "DELETE FROM activations WHERE token_hash IS NULL OR license_id IN "
        "(SELECT id FROM licenses WHERE order_item_id IS NULL)"
    )
    op.execute("DELETE FROM licenses WHERE order_item_id IS NULL")
    op.drop_index("ix_licenses_woo_order_id", "licenses")
    if op.get_bind().dialect.name == "sqlite":
        _keep("activations", "licenses", "refund_steps")
        _create_licenses(imported=False)
        _create_activations(imported=False)
        _create_steps(_STEPS)
        _fill("licenses", _OLD_LICENSE)
        _fill("activations", _OLD_ACTIVATION)
        _fill("refund_steps", _STEP)
        _forget("activations", "licenses", "refund_steps")
        return
    _change_steps(_STEPS)
    for column in _more_of_activations():
        op.drop_column("activations", column.name)
    op.alter_column("activations", "token_hash", nullable=False)
    op.drop_constraint(op.f("ck_licenses_ended_as"), "licenses")
    op.drop_column("licenses", "ended_as")
    op.drop_column("licenses", "woo_order_id")
    op.alter_column("licenses", "order_item_id", nullable=False)
    op.alter_column("licenses", "order_id", nullable=False)


def _more_of_activations() -> list[sa.Column[Any]]:
    return [
        sa.Column("is_staging", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("seen_at", Instant),
        sa.Column("lost_at", Instant),
        sa.Column("lost_by", sa.Text()),
    ]


def _change_steps(kinds: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_refund_steps_kind"), "refund_steps")
    op.create_check_constraint(op.f("ck_refund_steps_kind"), "refund_steps", _one_of(kinds))


def _one_of(kinds: tuple[str, ...]) -> str:
    return "kind IN ({})".format(", ".join(f"'{kind}'" for kind in kinds))


def _keep(*tables: str) -> None:
    for table in tables:
        op.execute(f"CREATE TEMPORARY TABLE kept_{table} AS SELECT * FROM {table}")  # noqa: S608
        op.drop_table(table)


def _fill(table: str, columns: str) -> None:
    op.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM kept_{table}")  # noqa: S608


def _forget(*tables: str) -> None:
    for table in tables:
        op.execute(f"DROP TABLE kept_{table}")


def _create_licenses(*, imported: bool) -> None:
    more: list[Any] = [
        sa.Column("woo_order_id", sa.BigInteger()),
        sa.Column("ended_as", sa.Text()),
        sa.CheckConstraint(_ENDED_AS, name=op.f("ck_licenses_ended_as")),
    ]
    op.create_table(
        "licenses",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=imported),
        sa.Column("order_item_id", Id, nullable=imported),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_ends_with", sa.Text(), nullable=False),
        sa.Column("sites_limit", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_because", sa.Text(), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=True),
        sa.Column("ended_at", Instant, nullable=True),
        *(more if imported else []),
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


def _create_activations(*, imported: bool) -> None:
    op.create_table(
        "activations",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("license_id", Id, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=imported),
        sa.Column("activated_at", Instant, nullable=False),
        sa.Column("deactivated_at", Instant, nullable=True),
        sa.Column("deactivated_by", sa.Text(), nullable=True),
        *(_more_of_activations() if imported else []),
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


def _create_steps(kinds: tuple[str, ...]) -> None:
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
        sa.CheckConstraint(_one_of(kinds), name=op.f("ck_refund_steps_kind")),
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
