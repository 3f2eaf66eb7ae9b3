"""Requests for money back, and the decisions on them."""

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

from refunddesk.db.tables.columns import at, metadata, one_of, ref, row_id

refund_requests = Table(
    "refund_requests",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    ref("order_id", "orders"),
    ref("case_id", "cases", nullable=True),
    # The caller's own name for this asking: the same key again is the same request.
    Column("request_key", Text, nullable=False),
    Column("request_sha", LargeBinary, nullable=False),
    Column("channel", Text, nullable=False),
    Column("from_account_address", Boolean, nullable=False),
    Column("asked_by", Text, nullable=False),
    at("asked_at"),
    Column("state", Text, nullable=False),
    at("judge_again_at", nullable=True),
    at("destruction_confirmed_at", nullable=True),
    Column("destruction_confirmed_by", Text),
    one_of("channel", "portal", "email"),
    one_of("state", "asked", "awaiting", "in_review", "granted", "refused", "withdrawn"),
    UniqueConstraint("store_id", "request_key"),
)
Index("ix_refund_requests_order_id", refund_requests.c.order_id)
Index("ix_refund_requests_state", refund_requests.c.state)
Index(
    "one_open_request",
    refund_requests.c.order_id,
    unique=True,
    sqlite_where=text("state IN ('asked', 'awaiting', 'in_review')"),
    postgresql_where=text("state IN ('asked', 'awaiting', 'in_review')"),
)

# A version that has judged is never edited: its document has kept this fingerprint since.
policy_versions = Table(
    "policy_versions",
    metadata,
    Column("policy", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    at("first_judged_at"),
)

decisions = Table(  # append only
    "decisions",
    metadata,
    row_id(),
    ref("request_id", "refund_requests"),
    at("judged_at"),
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
    one_of("outcome", "refund", "refuse", "await", "review"),
)
Index("ix_decisions_request_id", decisions.c.request_id)
