"""Each store's own patterns of sites that are for trying out."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import staging_patterns


def list_patterns(transaction: Connection, store_id: int) -> list[str]:
    rows = transaction.scalars(
        select(staging_patterns.c.pattern)
        .where(staging_patterns.c.store_id == store_id)
        .order_by(staging_patterns.c.pattern)
    )
    return list(rows)


def add_pattern(transaction: Connection, store_id: int, pattern: str) -> bool:
    """False if the store has it already."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    added = transaction.scalar(
        upsert(staging_patterns)
        .values(store_id=store_id, pattern=pattern)
        .on_conflict_do_nothing()
        .returning(staging_patterns.c.id)
    )
    return added is not None


def drop_pattern(transaction: Connection, store_id: int, pattern: str) -> bool:
    """False if the store has no such pattern."""
    result = transaction.execute(
        delete(staging_patterns).where(
            staging_patterns.c.store_id == store_id, staging_patterns.c.pattern == pattern
        )
    )
    return result.rowcount == 1
