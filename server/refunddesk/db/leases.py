"""Leases: pieces of work that one process at a time may lead."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import leases, rounds
from refunddesk.db.upserts import insert_or_overwrite

# Said once, as in db/orders.py: each look for periodic work asks for every round.
_BEGUN = select(rounds.c.begun_at).where(rounds.c.name == bindparam("round"))


def take_lease(
    transaction: Connection, name: str, holder: str, *, now: datetime, until: datetime
) -> bool:
    """True if `holder` leads `name` until `until`: it led already, or nobody does now."""
    insert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    row = insert(leases).values(name=name, holder=holder, until=until)
    taken = transaction.execute(
        row.on_conflict_do_update(
            index_elements=[leases.c.name],
            set_={"holder": holder, "until": until},
            where=or_(leases.c.holder == holder, leases.c.until <= now),
            # The number of inserted rows is not told on PostgreSQL; the row itself is.
        ).returning(leases.c.name)
    )
    return taken.one_or_none() is not None


def drop_lease(transaction: Connection, name: str, holder: str) -> None:
    transaction.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


def find_end(transaction: Connection, name: str) -> datetime | None:
    """Until when somebody leads `name`, or led it; None if nobody ever did or it was given up."""
    return transaction.scalar(select(leases.c.until).where(leases.c.name == name))


def begin_round(transaction: Connection, name: str, *, now: datetime, due_since: datetime) -> bool:
    """True if the periodic work `name` last began before `due_since`; it then counts as begun."""
    begun_at = find_begun(transaction, name)
    if begun_at is not None and begun_at > due_since:
        return False
    record_begun(transaction, name, now)
    return True


def find_begun(transaction: Connection, name: str) -> datetime | None:
    """When the periodic work `name` last began."""
    begun_at: datetime | None = transaction.scalar(_BEGUN, {"round": name})
    return begun_at


def record_begun(transaction: Connection, name: str, now: datetime) -> None:
    insert_or_overwrite(transaction, rounds, ("name",), {"name": name, "begun_at": now})
