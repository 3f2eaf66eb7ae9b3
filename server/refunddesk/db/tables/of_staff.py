"""People of the desk, their sessions and their tokens."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table, Text

from refunddesk.db.tables.columns import at, metadata, one_of, ref, row_id

staff = Table(
    "staff",
    metadata,
    row_id(),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    at("created_at"),
    at("disabled_at", nullable=True),
    one_of("role", "owner", "approver", "support", "auditor"),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    ref("staff_id", "staff"),
    at("created_at"),
    at("expires_at"),
)

staff_tokens = Table(
    "staff_tokens",
    metadata,
    row_id(),
    ref("staff_id", "staff"),
    Column("name", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    at("created_at"),
    at("revoked_at", nullable=True),
)
