"""People of the desk, their sessions and their tokens."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text, UniqueConstraint

from refunddesk.db.tables.columns import Id, at, metadata, one_of, ref, row_id

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
    # Of whom it was begun from a store's administration; null: by a password.
    Column("login_id", Id),
)

# People of stores who asked to come in, and as whom an owner allowed it; null: not yet.
store_logins = Table(
    "store_logins",
    metadata,
    row_id(),
    ref("store_id", "stores"),
    Column("wp_user_id", BigInteger, nullable=False),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    ref("staff_id", "staff", nullable=True),
    at("asked_at"),
    Column("allowed_by", Text),
    UniqueConstraint("store_id", "wp_user_id"),
)

# Links into the desk, each for one use within a minute.
staff_links = Table(
    "staff_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    ref("login_id", "store_logins"),
    ref("order_id", "orders", nullable=True),
    at("made_at"),
    at("expires_at"),
    at("used_at", nullable=True),
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
