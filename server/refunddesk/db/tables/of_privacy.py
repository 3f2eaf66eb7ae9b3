"""People whose data was erased at their wish, and how far each retention has come."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, text

from refunddesk.db.tables.columns import at, metadata, one_of, ref, row_id

# One row for each row of `customers` that was emptied. Of who it was only a keyed hash is kept, by
# which what comes late about an order of before is known to be theirs.
erasures = Table(
    "erasures",
    metadata,
    row_id(),
    # The same name stands in the file outside the database, which outlives a restored backup.
    Column("reference", Text, nullable=False, unique=True),
    ref("store_id", "stores"),
    ref("customer_id", "customers"),
    Column("person_hash", LargeBinary, nullable=False),
    # The address, sealed, for as long as mails to it are still looked for; null once it is done.
    Column("address_sealed", Text),
    Column("asked_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    at("begun_at"),
    at("done_at", nullable=True),
    one_of("state", "begun", "done"),
)
Index("ix_erasures_person_hash", erasures.c.store_id, erasures.c.person_hash)
Index("ix_erasures_customer_id", erasures.c.customer_id)
Index(
    "ix_erasures_begun",
    erasures.c.id,
    sqlite_where=text("state = 'begun'"),
    postgresql_where=text("state = 'begun'"),
)

# Deliveries are looked at in the order of their ids: up to which one their bodies are gone.
retention_marks = Table(
    "retention_marks",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("up_to", BigInteger, nullable=False),
)
