"""What we write to people: one row per notice and reader, kept after it was sent."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text, UniqueConstraint

from refunddesk.db.tables.columns import Json, at, metadata, one_of, ref, row_id

notices = Table(
    "notices",
    metadata,
    row_id(),
    ref("store_id", "stores", nullable=True),  # null: about no store, such as a plugin's verdict
    Column("kind", Text, nullable=False),
    Column("about", Text, nullable=False),  # "case:3", "refund:7": where the history tells of it
    # What this notice tells, said once to each reader: a second row is not written.
    Column("reference", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("facts", Json, nullable=False),
    Column("state", Text, nullable=False),
    at("written_at"),
    at("settled_at", nullable=True),
    Column("because", Text),  # why it was refused, or not sent
    one_of("state", "due", "sent", "refused", "not_sent"),
    UniqueConstraint("reference", "recipient"),
)
Index("ix_notices_about", notices.c.about)
