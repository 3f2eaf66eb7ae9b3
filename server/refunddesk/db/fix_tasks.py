"""Tasks to make a plugin work on a release, each between two checks that prove it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import fix_tasks


@dataclass(frozen=True, slots=True)
class FixTask:
    """Open while `closed_at` is None; then `closed_by_check_id` is the check that turned good."""

    id: int
    plugin_id: int
    release_id: int
    opened_by_check_id: int
    opened_at: datetime
    closed_by_check_id: int | None
    closed_at: datetime | None


def open_once(
    transaction: Connection, plugin_id: int, release_id: int, check_id: int, now: datetime
) -> bool:
    """False if there is an open task for the pair already."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    opened = transaction.scalar(
        upsert(fix_tasks)
        .values(
            plugin_id=plugin_id,
            release_id=release_id,
            opened_by_check_id=check_id,
            opened_at=now,
        )
        .on_conflict_do_nothing(
            index_elements=[fix_tasks.c.plugin_id, fix_tasks.c.release_id],
            index_where=text("closed_at IS NULL"),
        )
        .returning(fix_tasks.c.id)
    )
    return opened is not None


def close(transaction: Connection, task_id: int, check_id: int, now: datetime) -> bool:
    """False if it was closed meanwhile."""
    result = transaction.execute(
        update(fix_tasks)
        .where(fix_tasks.c.id == task_id, fix_tasks.c.closed_at.is_(None))
        .values(closed_by_check_id=check_id, closed_at=now)
    )
    return result.rowcount == 1


def find_open(transaction: Connection, plugin_id: int, release_id: int) -> FixTask | None:
    row = transaction.execute(
        select(fix_tasks).where(
            fix_tasks.c.plugin_id == plugin_id,
            fix_tasks.c.release_id == release_id,
            fix_tasks.c.closed_at.is_(None),
        )
    ).one_or_none()
    return FixTask(**row._mapping) if row else None


def list_open(transaction: Connection, plugin_id: int | None = None) -> list[FixTask]:
    """The open tasks of one plugin or of all, opened first first."""
    query = select(fix_tasks).where(fix_tasks.c.closed_at.is_(None)).order_by(fix_tasks.c.id)
    if plugin_id is not None:
        query = query.where(fix_tasks.c.plugin_id == plugin_id)
    return [FixTask(**row._mapping) for row in transaction.execute(query)]


def list_of_pair(transaction: Connection, plugin_id: int, release_id: int) -> list[FixTask]:
    """Every task there ever was for the pair, newest first."""
    rows = transaction.execute(
        select(fix_tasks)
        .where(fix_tasks.c.plugin_id == plugin_id, fix_tasks.c.release_id == release_id)
        .order_by(fix_tasks.c.id.desc())
    )
    return [FixTask(**row._mapping) for row in rows]
