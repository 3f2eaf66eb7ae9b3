"""Renewals, cancellations, double payments; a refund granted on one of those has no request."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant, Json

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_ONE_GROUND = (
    "(request_id IS NULL) = (decision_id IS NULL)"
    " AND (request_id IS NULL) = (duplicate_id IS NOT NULL)"
)

_ON_ITS_WAY = "duplicate_id IS NOT NULL AND state IN ('due', 'sending', 'unknown', 'needs_review')"


def upgrade() -> None:
    _create_renewals()
    _create_cancellations()
    _create_duplicates()
    op.create_index("ix_subscriptions_next_payment_at", "subscriptions", ["next_payment_at"])
    if op.get_bind().dialect.name == "sqlite":
        _rewrite_refunds_of_sqlite(
            ("request_id INTEGER NOT NULL", "request_id INTEGER"),
            ("decision_id INTEGER NOT NULL", "decision_id INTEGER"),
            (
                "\tamount_minor BIGINT NOT NULL",
                "\tduplicate_id INTEGER CONSTRAINT fk_refunds_duplicate_id REFERENCES duplicates"
                f" (id) CONSTRAINT ck_refunds_one_ground CHECK ({_ONE_GROUND}),"
                " \n\tamount_minor BIGINT NOT NULL",
            ),
        )
    else:
        op.add_column("refunds", sa.Column("duplicate_id", Id, nullable=True))
        op.create_foreign_key(
            "fk_refunds_duplicate_id", "refunds", "duplicates", ["duplicate_id"], ["id"]
        )
        op.alter_column("refunds", "request_id", nullable=True)
        op.alter_column("refunds", "decision_id", nullable=True)
        op.create_check_constraint("one_ground", "refunds", _ONE_GROUND)
    op.create_index(
        "one_return_per_duplicate",
        "refunds",
        ["duplicate_id"],
        unique=True,
        sqlite_where=sa.text(_ON_ITS_WAY),
        postgresql_where=sa.text(_ON_ITS_WAY),
    )


def downgrade() -> None:
    """Raises where a double payment was returned: such a refund has no place in the older form."""
    op.drop_index("one_return_per_duplicate", "refunds")
    if op.get_bind().dialect.name == "sqlite":
        _rewrite_refunds_of_sqlite(
            ("request_id INTEGER,", "request_id INTEGER NOT NULL,"),
            ("decision_id INTEGER,", "decision_id INTEGER NOT NULL,"),
            (
                "\tduplicate_id INTEGER CONSTRAINT fk_refunds_duplicate_id REFERENCES duplicates"
                f" (id) CONSTRAINT ck_refunds_one_ground CHECK ({_ONE_GROUND}), \n",
                "",
            ),
        )
    else:
        op.drop_constraint(op.f("ck_refunds_one_ground"), "refunds")
        op.drop_column("refunds", "duplicate_id")
        op.alter_column("refunds", "request_id", nullable=False)
        op.alter_column("refunds", "decision_id", nullable=False)
    op.drop_index("ix_subscriptions_next_payment_at", "subscriptions")
    for table in ("duplicate_rules", "duplicates", "cancellations", "renewal_leads", "renewals"):
        op.drop_table(table)


def _rewrite_refunds_of_sqlite(*changes: tuple[str, str]) -> None:
    """Make the table anew from its own text with these changes, its rows and indexes kept.

    SQLite has no ALTER COLUMN. Others refer to the table, so it keeps its name, and references are
    checked when the migration is committed: by then every row is back.
    """
    run = op.get_bind().exec_driver_sql
    run("PRAGMA defer_foreign_keys = ON")
    (created,) = run("SELECT sql FROM sqlite_master WHERE name = 'refunds'").one()
    indexes = run(
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'refunds' AND type = 'index'"
        " AND sql IS NOT NULL"
    ).all()
    before = [row[1] for row in run("PRAGMA table_info(refunds)")]
    for old, new in changes:
        assert created.count(old) == 1, (old, created)
        created = created.replace(old, new)
    run("CREATE TEMPORARY TABLE kept_refunds AS SELECT * FROM refunds")
    run("DROP TABLE refunds")
    run(created)
    after = [row[1] for row in run("PRAGMA table_info(refunds)")]
    columns = ", ".join(name for name in before if name in after)
    run(f"INSERT INTO refunds ({columns}) SELECT {columns} FROM kept_refunds")  # noqa: S608
    run("DROP TABLE kept_refunds")
    for (index,) in indexes:
        run(index)


def _create_renewals() -> None:
    op.create_table(
        "renewals",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("subscription_id", Id, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("decimals", sa.Integer(), nullable=True),
        sa.Column("order_id", Id, nullable=True),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_renewals_store_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_renewals_subscription_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_renewals_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewals")),
        sa.UniqueConstraint(
            "subscription_id", "due_on", name=op.f("uq_renewals_subscription_id_due_on")
        ),
        sa.UniqueConstraint("order_id", name=op.f("uq_renewals_order_id")),
    )
    op.create_table(
        "renewal_leads",
        sa.Column("store_id", Id, nullable=False),
        sa.Column("billing", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "billing IN ('monthly', 'yearly')", name=op.f("ck_renewal_leads_billing")
        ),
        sa.CheckConstraint("days > 0", name=op.f("ck_renewal_leads_days_positive")),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_renewal_leads_store_id")
        ),
        sa.PrimaryKeyConstraint("store_id", "billing", name=op.f("pk_renewal_leads")),
    )


def _create_cancellations() -> None:
    op.create_table(
        "cancellations",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("subscription_id", Id, nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("settled_at", Instant, nullable=True),
        sa.CheckConstraint(
            "kind IN ('subscription', 'payment')", name=op.f("ck_cancellations_kind")
        ),
        sa.CheckConstraint(
            "state IN ('due', 'done', 'not_needed', 'failed')",
            name=op.f("ck_cancellations_state"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_cancellations_store_id")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_cancellations_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_cancellations_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellations")),
    )
    op.create_index("ix_cancellations_order_id", "cancellations", ["order_id"])
    op.create_index(
        "one_cancellation_due_per_order",
        "cancellations",
        ["kind", "order_id"],
        unique=True,
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )


def _create_duplicates() -> None:
    op.create_table(
        "duplicates",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("low_order_id", Id, nullable=False),
        sa.Column("high_order_id", Id, nullable=False),
        sa.Column("extra_order_id", Id, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("doubts", Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("snapshot_sha", sa.LargeBinary(), nullable=True),
        sa.Column("found_at", Instant, nullable=False),
        sa.Column("settled_at", Instant, nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.CheckConstraint("low_order_id <= high_order_id", name=op.f("ck_duplicates_in_sequence")),
        sa.CheckConstraint(
            "kind IN ('two_orders', 'two_captures')", name=op.f("ck_duplicates_kind")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'returning', 'returned', 'dropped')",
            name=op.f("ck_duplicates_state"),
        ),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_duplicates_store_id")),
        *(
            sa.ForeignKeyConstraint([column], ["orders.id"], name=op.f(f"fk_duplicates_{column}"))
            for column in ("low_order_id", "high_order_id", "extra_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicates")),
        sa.UniqueConstraint(
            "low_order_id", "high_order_id", name=op.f("uq_duplicates_low_order_id_high_order_id")
        ),
    )
    op.create_index("ix_duplicates_high_order_id", "duplicates", ["high_order_id"])
    op.create_index("ix_duplicates_state", "duplicates", ["state"])
    op.create_table(
        "duplicate_rules",
        sa.Column("store_id", Id, nullable=False),
        sa.Column("within_seconds", sa.Integer(), nullable=False),
        sa.Column("return_up_to_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("decimals", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_duplicate_rules_store_id")
        ),
        sa.UniqueConstraint("store_id", name=op.f("uq_duplicate_rules_store_id")),
    )
