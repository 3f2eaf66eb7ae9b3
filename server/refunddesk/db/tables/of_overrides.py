"""What people decide instead of the policy, and what waits for a second person."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, text

from refunddesk.db.tables.columns import Id, Json, at, metadata, one_of, ref, row_id

overrides = Table(  # append only
    "overrides",
    metadata,
    row_id(),
    ref("request_id", "refund_requests"),
    ref("set_aside_id", "decisions", nullable=True),  # null: the request was never judged
    Column("ruling", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("made_by", Text, nullable=False),  # "staff:3"
    at("made_at"),
    # [[woo item id, net minor, tax minor], ...] of the order's currency; [] unless money goes back
    Column("shares", Json, nullable=False),
    Column("keeps_license", Boolean, nullable=False),
    # Why the money does not wait for the licence to be off; null: it waits.
    Column("gate_waived_because", Text),
    one_of("ruling", "refund", "refuse", "judge"),
)
Index("ix_overrides_request_id", overrides.c.request_id)

# The decisions that were made by an override: at first what it waits for, then the grant.
override_decisions = Table(  # append only
    "override_decisions",
    metadata,
    Column("decision_id", Id, ForeignKey("decisions.id"), primary_key=True, autoincrement=False),
    ref("override_id", "overrides"),
)
Index("ix_override_decisions_override_id", override_decisions.c.override_id)

# Above which sum granted on one order a second person is needed; no row: no limit.
approval_limits = Table(
    "approval_limits",
    metadata,
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("granted_by", Text, primary_key=True),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
    one_of("granted_by", "staff", "policy"),
)

# Grants above the limit. Their refund is made only when a second person approves.
approvals = Table(
    "approvals",
    metadata,
    row_id(),
    ref("request_id", "refund_requests"),
    ref("decision_id", "decisions"),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
    Column("granted_by", Text, nullable=False),  # "policy", "staff:3"
    at("asked_at"),
    at("settled_at", nullable=True),
    Column("settled_as", Text),
    Column("settled_by", Text),
    Column("because", Text),
    one_of("settled_as", "approved", "declined", "void"),
)
Index("ix_approvals_request_id", approvals.c.request_id)
Index("ix_approvals_decision_id", approvals.c.decision_id)
Index(
    "one_open_approval",
    approvals.c.request_id,
    unique=True,
    sqlite_where=text("settled_at IS NULL"),
    postgresql_where=text("settled_at IS NULL"),
)
