"""Counts, by minute, of the licence API's calls: keys that open something, and keys that do not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import license_calls


@dataclass(frozen=True, slots=True)
class Calls:
    hits: int
    misses: int


def add_calls(transaction: Connection, minute: datetime, calls: Calls) -> None:
    """Add to what this and other processes counted in the same minute."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    row = upsert(license_calls).values(minute=minute, hits=calls.hits, misses=calls.misses)
    transaction.execute(
        row.on_conflict_do_update(
            index_elements=[license_calls.c.minute],
            set_={
                "hits": license_calls.c.hits + row.excluded.hits,
                "misses": license_calls.c.misses + row.excluded.misses,
            },
        )
    )


def count_since(transaction: Connection, since: datetime) -> Calls:
    row = transaction.execute(
        select(
            func.coalesce(func.sum(license_calls.c.hits), 0).label("hits"),
            func.coalesce(func.sum(license_calls.c.misses), 0).label("misses"),
        ).where(license_calls.c.minute >= since)
    ).one()
    return Calls(int(row.hits), int(row.misses))


def drop_before(transaction: Connection, before: datetime) -> None:
    transaction.execute(delete(license_calls).where(license_calls.c.minute < before))
