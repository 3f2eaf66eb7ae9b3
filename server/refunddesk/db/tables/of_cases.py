"""Support cases: the report, what was said by turns, quotes, files, what goes with products."""

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

cases = Table(
    "cases",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    ref("order_id", "orders"),
    Column("reason", Text, nullable=False),
    Column("category", Text, nullable=False, server_default=text("'bug'")),
    at("opened_at"),
    Column("opened_by", Text, nullable=False, server_default=text("''")),
    # The report. Null: not said yet; "" never.
    Column("site_url", Text),
    Column("product", Text),
    Column("product_version", Text),
    Column("details", Text),
    Column("no_screenshots", Boolean, nullable=False, server_default=text("false")),
    Column("other_extensions", Json),  # [name, ...]; []: said to be none
    Column("environment", Json, nullable=False, server_default=text("'{}'")),
    # What follows from report and turns, kept so that lists and claims need no more than this row.
    at("complete_at", nullable=True),
    Column("missing", Json, nullable=False),
    Column("finding", Text),
    Column("resolved", Boolean, nullable=False, server_default=text("false")),
    at("ended_at", nullable=True),
    at("gave_up_at", nullable=True),
    at("first_answered_at", nullable=True),
    at("last_customer_reply_at", nullable=True),
    at("awaited_since", nullable=True),
    Column("asked", Json, nullable=False, server_default=text("'[]'")),
    at("quote_until", nullable=True),
    Column("materials_offered", Boolean, nullable=False, server_default=text("false")),
    Column("pauses", Json, nullable=False),  # [[from, to], ...] after complete_at
    at("support_due_at", nullable=True),
    at("customer_due_at", nullable=True),
    at("texts_gone_at", nullable=True),  # when what was written in it was removed
)
Index("ix_cases_order_id", cases.c.order_id)
Index(
    "ix_cases_open",
    cases.c.id,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)
Index(
    "ix_cases_with_texts",
    cases.c.ended_at,
    sqlite_where=text("texts_gone_at IS NULL"),
    postgresql_where=text("texts_gone_at IS NULL"),
)
Index("ix_cases_support_due_at", cases.c.support_due_at)
Index("ix_cases_customer_due_at", cases.c.customer_due_at)

# Everything said and decided in a case, in the order it was taken down; never changed.
turns = Table(
    "turns",
    metadata,
    row_id(),
    ref("case_id", "cases"),
    Column("kind", Text, nullable=False),
    Column("written_by", Text, nullable=False),  # "staff:3", "customer"
    Column("words", Text, nullable=False),
    Column("finding", Text),
    Column("asks", Json, nullable=False),
    ref("quote_id", "work_quotes", nullable=True),
    at("said_at"),  # when a mail came in; otherwise when it was taken down
    at("recorded_at"),
)
Index("ix_turns_case_id", turns.c.case_id)

work_quotes = Table(
    "work_quotes",
    metadata,
    row_id(),
    ref("case_id", "cases"),
    Column("work", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("offered_by", Text, nullable=False),
    at("offered_at"),
    at("valid_until"),
    at("answered_at", nullable=True),
    Column("answered_by", Text),
    at("withdrawn_at", nullable=True),  # by us, unanswered: it is declined then
    one_of("state", "offered", "accepted", "declined"),
)
Index("ix_work_quotes_case_id", work_quotes.c.case_id)
Index(
    "one_open_quote",
    work_quotes.c.case_id,
    unique=True,
    sqlite_where=text("state = 'offered'"),
    postgresql_where=text("state = 'offered'"),
)

attachments = Table(
    "attachments",
    metadata,
    row_id(),
    ref("case_id", "cases"),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha", LargeBinary, nullable=False),
    Column("kept_as", Text, nullable=False, unique=True),  # a random name below attachments/
    Column("added_by", Text, nullable=False),
    at("added_at"),
    UniqueConstraint("case_id", "sha"),
)

# What the owner says of a product: where it is explained, and where it cannot run.
product_pages = Table(
    "product_pages",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    Column("product", Text, nullable=False),
    Column("materials", Json, nullable=False),  # [{kind, title, url}, ...]
    Column("not_on_wordpress_com", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("store_id", "product"),
)

material_offers = Table(
    "material_offers",
    metadata,
    row_id(),
    ref("order_id", "orders"),
    Column("product", Text, nullable=False),
    Column("materials", Json, nullable=False),
    Column("offered_by", Text, nullable=False),
    at("offered_at"),
)
Index("ix_material_offers_order_id", material_offers.c.order_id)

# Customization work handed over; supported for a month from then.
item_deliveries = Table(
    "item_deliveries",
    metadata,
    row_id(),
    ref("order_item_id", "order_items"),
    at("delivered_at"),
    at("supported_until"),
    Column("recorded_by", Text, nullable=False),
    UniqueConstraint("order_item_id"),
)

# Each procedure of its own; the customer's row shows the last one.
infringements = Table(
    "infringements",
    metadata,
    row_id(),
    ref("customer_id", "customers"),
    Column("evidence", Text, nullable=False),
    at("opened_at"),
    Column("opened_by", Text, nullable=False),
    at("settled_at", nullable=True),
    Column("settled_by", Text),
)
Index(
    "one_open_infringement",
    infringements.c.customer_id,
    unique=True,
    sqlite_where=text("settled_at IS NULL"),
    postgresql_where=text("settled_at IS NULL"),
)
