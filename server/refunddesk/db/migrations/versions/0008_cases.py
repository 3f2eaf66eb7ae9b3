"""Cases with their reports, turns, quotes and files; product pages; infringements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from refunddesk.db.tables import Id, Instant, Json

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product_pages",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("store_id", Id, nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column(
            "materials",
            Json,
            nullable=False,
        ),
        sa.Column(
            "not_on_wordpress_com", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_product_pages_store_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_pages")),
        sa.UniqueConstraint("store_id", "product", name=op.f("uq_product_pages_store_id_product")),
    )
    op.create_table(
        "infringements",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("customer_id", Id, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("settled_at", Instant, nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_infringements_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_infringements")),
    )
    op.create_index(
        "one_open_infringement",
        "infringements",
        ["customer_id"],
        unique=True,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "material_offers",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column(
            "materials",
            Json,
            nullable=False,
        ),
        sa.Column("offered_by", sa.Text(), nullable=False),
        sa.Column("offered_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_material_offers_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_offers")),
    )
    op.create_index("ix_material_offers_order_id", "material_offers", ["order_id"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("case_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha", sa.LargeBinary(), nullable=False),
        sa.Column("kept_as", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_attachments_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("case_id", "sha", name=op.f("uq_attachments_case_id_sha")),
        sa.UniqueConstraint("kept_as", name=op.f("uq_attachments_kept_as")),
    )
    op.create_table(
        "item_deliveries",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("order_item_id", Id, nullable=False),
        sa.Column("delivered_at", Instant, nullable=False),
        sa.Column("supported_until", Instant, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_item_id"], ["order_items.id"], name=op.f("fk_item_deliveries_order_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_deliveries")),
        sa.UniqueConstraint("order_item_id", name=op.f("uq_item_deliveries_order_item_id")),
    )
    op.create_table(
        "work_quotes",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("case_id", Id, nullable=False),
        sa.Column("work", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("decimals", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("offered_by", sa.Text(), nullable=False),
        sa.Column("offered_at", Instant, nullable=False),
        sa.Column("valid_until", Instant, nullable=False),
        sa.Column("answered_at", Instant, nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('offered', 'accepted', 'declined')", name=op.f("ck_work_quotes_state")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_work_quotes_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_quotes")),
    )
    op.create_index(
        "one_open_quote",
        "work_quotes",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("state = 'offered'"),
        postgresql_where=sa.text("state = 'offered'"),
    )
    op.create_table(
        "turns",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("case_id", Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column(
            "asks",
            Json,
            nullable=False,
        ),
        sa.Column("quote_id", Id, nullable=True),
        sa.Column("said_at", Instant, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_turns_case_id")),
        sa.ForeignKeyConstraint(["quote_id"], ["work_quotes.id"], name=op.f("fk_turns_quote_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turns")),
    )
    op.create_index("ix_turns_case_id", "turns", ["case_id"], unique=False)
    op.add_column(
        "cases", sa.Column("category", sa.Text(), server_default=sa.text("'bug'"), nullable=False)
    )
    op.add_column(
        "cases", sa.Column("opened_by", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.add_column("cases", sa.Column("site_url", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("product", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("product_version", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("details", sa.Text(), nullable=True))
    op.add_column(
        "cases",
        sa.Column("no_screenshots", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "cases",
        sa.Column(
            "other_extensions",
            Json,
            nullable=True,
        ),
    )
    op.add_column(
        "cases",
        sa.Column(
            "environment",
            Json,
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column("cases", sa.Column("ended_at", Instant, nullable=True))
    op.add_column("cases", sa.Column("first_answered_at", Instant, nullable=True))
    op.add_column("cases", sa.Column("awaited_since", Instant, nullable=True))
    op.add_column(
        "cases",
        sa.Column(
            "asked",
            Json,
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
    )
    op.add_column("cases", sa.Column("quote_until", Instant, nullable=True))
    op.add_column("cases", sa.Column("support_due_at", Instant, nullable=True))
    op.add_column("cases", sa.Column("customer_due_at", Instant, nullable=True))
    op.create_index("ix_cases_customer_due_at", "cases", ["customer_due_at"], unique=False)
    op.create_index("ix_cases_support_due_at", "cases", ["support_due_at"], unique=False)
    op.add_column(
        "licenses",
        sa.Column("customized", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    _carry_over()


def _carry_over() -> None:
    """What was a fact of the row alone becomes a record, or a turn, of its own."""
    op.execute(
        "INSERT INTO infringements (customer_id, evidence, opened_at, opened_by, settled_at) "
        "SELECT id, coalesce(infringement_evidence, ''), infringement_opened_at, "
        "coalesce(infringement_opened_by, ''), infringement_settled_at FROM customers "
        "WHERE infringement_opened_at IS NOT NULL"
    )
    none = "CAST('[]' AS JSONB)" if op.get_bind().dialect.name == "postgresql" else "'[]'"
    since = "coalesce(complete_at, opened_at)"
    for kind, finding, said_at, which in (
        ("finding", "finding", since, "finding IS NOT NULL"),
        ("gave_up", "NULL", "gave_up_at", "gave_up_at IS NOT NULL"),
        ("resolved", "NULL", since, "resolved"),
    ):
        op.execute(
            "INSERT INTO turns (case_id, kind, written_by, words, finding, asks, said_at, "  # noqa: S608
            f"recorded_at) SELECT id, '{kind}', 'migration', '', {finding}, {none}, {said_at}, "
            f"{said_at} FROM cases WHERE {which}"
        )


def downgrade() -> None:
    op.drop_column("licenses", "customized")
    op.drop_index("ix_cases_support_due_at", table_name="cases")
    op.drop_index("ix_cases_customer_due_at", table_name="cases")
    op.drop_column("cases", "customer_due_at")
    op.drop_column("cases", "support_due_at")
    op.drop_column("cases", "quote_until")
    op.drop_column("cases", "asked")
    op.drop_column("cases", "awaited_since")
    op.drop_column("cases", "first_answered_at")
    op.drop_column("cases", "ended_at")
    op.drop_column("cases", "environment")
    op.drop_column("cases", "other_extensions")
    op.drop_column("cases", "no_screenshots")
    op.drop_column("cases", "details")
    op.drop_column("cases", "product_version")
    op.drop_column("cases", "product")
    op.drop_column("cases", "site_url")
    op.drop_column("cases", "opened_by")
    op.drop_column("cases", "category")
    op.drop_index("ix_turns_case_id", table_name="turns")
    op.drop_table("turns")
    op.drop_index(
        "one_open_quote",
        table_name="work_quotes",
        sqlite_where=sa.text("state = 'offered'"),
        postgresql_where=sa.text("state = 'offered'"),
    )
    op.drop_table("work_quotes")
    op.drop_table("item_deliveries")
    op.drop_table("attachments")
    op.drop_index("ix_material_offers_order_id", table_name="material_offers")
    op.drop_table("material_offers")
    op.drop_index(
        "one_open_infringement",
        table_name="infringements",
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.drop_table("infringements")
    op.drop_table("product_pages")
