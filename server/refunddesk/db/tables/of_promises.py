"""Work promised for after a commit, and who does what only one may do."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint, text

from refunddesk.db.tables.columns import Id, at, metadata, row_id

# Work to be done after a commit, one row per job and subject. `asked` counts how often it was
# asked for and `done` up to which asking it was done: asking during a run leads to another run.
outbox = Table(
    "outbox",
    metadata,
    row_id(),
    Column("job", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False, server_default=text("0")),
    at("due_at"),
    at("rung_at", nullable=True),
    at("claimed_until", nullable=True),
    Column("claims", BigInteger, nullable=False, server_default=text("0")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    at("done_at", nullable=True),
    Column("last_error", Text),
    at("stuck_at", nullable=True),
    # The store that has to be joined again before it can be done; such a row is not due till then.
    Column("rests_for_store", Id),
    UniqueConstraint("job", "subject"),
)
Index(
    "ix_outbox_open",
    outbox.c.due_at,
    sqlite_where=text("asked > done"),
    postgresql_where=text("asked > done"),
)

# Who leads a piece of work that only one process may do at a time.
leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    at("until"),
)

# When each periodic piece of work last began.
rounds = Table(
    "rounds",
    metadata,
    Column("name", Text, primary_key=True),
    at("begun_at"),
)
