"""Credentials that customers hand over for a case, and who was shown them."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Table, Text, text

from refunddesk.db.tables.columns import at, metadata, one_of, ref, row_id

# `sealed` opens with the key of this name in the vault, which is in no database and no backup.
credentials = Table(
    "credentials",
    metadata,
    row_id(),
    ref("case_id", "cases"),
    ref("turn_id", "turns"),  # what the customer was asked for
    Column("state", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    at("asked_at"),
    at("given_at", nullable=True),
    at("destroy_at", nullable=True),  # the first instant at which nobody is shown it any more
    Column("key_name", Text, unique=True),
    Column("sealed", LargeBinary),
    at("ended_at", nullable=True),
    Column("ended_by", Text),
    Column("because", Text),
    at("destroyed_at", nullable=True),  # when its key was gone
    one_of("state", "asked", "withdrawn", "given", "ending", "destroyed"),
    one_of("because", "case_ended", "time_over", "customer", "support"),
)
Index("ix_credentials_case_id", credentials.c.case_id)
Index(
    "one_open_asking",
    credentials.c.case_id,
    unique=True,
    sqlite_where=text("state = 'asked'"),
    postgresql_where=text("state = 'asked'"),
)
Index(
    "ix_credentials_alive",
    credentials.c.destroy_at,
    sqlite_where=text("state IN ('given', 'ending')"),
    postgresql_where=text("state IN ('given', 'ending')"),
)

reveals = Table(
    "reveals",
    metadata,
    row_id(),
    ref("credential_id", "credentials"),
    Column("revealed_by", Text, nullable=False),
    Column("because", Text, nullable=False),
    at("revealed_at"),
)
Index("ix_reveals_credential_id", reveals.c.credential_id)
