"""Checks of a plugin version on a release: records that are never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from refunddesk.compat.verdict import Verdict
from refunddesk.db.tables import checks


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check without its record."""

    id: int
    plugin_version_id: int
    release_id: int
    checked_at: datetime
    checker_version: int
    verdict: Verdict
    record_sha256: str


@dataclass(frozen=True, slots=True)
class RecordedCheck(CheckLine):
    """`record` says what was compared with what, and has one piece of evidence per finding."""

    record: dict[str, Any]


_LINE = [column for column in checks.c if column.name != "record"]


def insert_check(
    transaction: Connection,
    *,
    plugin_version_id: int,
    release_id: int,
    checker_version: int,
    verdict: Verdict,
    record: Mapping[str, Any],
    now: datetime,
) -> RecordedCheck:
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    check_id: int = transaction.execute(
        insert(checks)
        .values(
            plugin_version_id=plugin_version_id,
            release_id=release_id,
            checked_at=now,
            checker_version=checker_version,
            verdict=verdict.value,
            record=text,
            record_sha256=digest,
        )
        .returning(checks.c.id)
    ).scalar_one()
    return RecordedCheck(
        check_id,
        plugin_version_id,
        release_id,
        now,
        checker_version,
        verdict,
        digest,
        json.loads(text),
    )


def find_check(transaction: Connection, check_id: int) -> RecordedCheck | None:
    row = transaction.execute(select(checks).where(checks.c.id == check_id)).one_or_none()
    return _recorded(row) if row else None


def find_last(
    transaction: Connection, plugin_version_id: int, release_id: int
) -> RecordedCheck | None:
    """The newest check of the pair."""
    row = transaction.execute(
        select(checks)
        .where(checks.c.plugin_version_id == plugin_version_id, checks.c.release_id == release_id)
        .order_by(checks.c.id.desc())
        .limit(1)
    ).one_or_none()
    return _recorded(row) if row else None


def list_last(
    transaction: Connection, *, plugin_version_id: int | None = None
) -> dict[tuple[int, int], CheckLine]:
    """The newest check of each pair, by (plugin version, release)."""
    newest: Select[Any] = select(func.max(checks.c.id)).group_by(
        checks.c.plugin_version_id, checks.c.release_id
    )
    query = select(*_LINE).where(checks.c.id.in_(newest))
    if plugin_version_id is not None:
        query = query.where(checks.c.plugin_version_id == plugin_version_id)
    return {
        (row.plugin_version_id, row.release_id): CheckLine(
            **{**row._mapping, "verdict": Verdict(row.verdict)}
        )
        for row in transaction.execute(query)
    }


def list_of_pair(
    transaction: Connection, plugin_version_id: int, release_id: int
) -> list[CheckLine]:
    """Every check of the pair, newest first."""
    rows = transaction.execute(
        select(*_LINE)
        .where(checks.c.plugin_version_id == plugin_version_id, checks.c.release_id == release_id)
        .order_by(checks.c.id.desc())
    )
    return [CheckLine(**{**row._mapping, "verdict": Verdict(row.verdict)}) for row in rows]


def _recorded(row: Row[Any]) -> RecordedCheck:
    return RecordedCheck(
        **{**row._mapping, "verdict": Verdict(row.verdict), "record": json.loads(row.record)}
    )
