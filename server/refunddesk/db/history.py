"""The audit log: who did what to which thing, in a chain of hashes that shows any tampering."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text

from refunddesk.db.tables import history

_WAITING = "refunddesk_deeds"
_FIRST_PREVIOUS = bytes(32)
# Any constant does: it names the one lock under which the chain grows on PostgreSQL.
_CHAIN_LOCK = 727_001
_PAGE = 1_000
_LAST = select(history.c.seq, history.c.hash).order_by(history.c.seq.desc()).limit(1)
_INSERT = insert(history)


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the log. `data` holds ids, states and amounts, never personal data."""

    happened_at: datetime
    actor: str
    action: str
    subject: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The last line of the log at some moment; kept elsewhere it shows a tail that was cut."""

    seq: int
    hash: str


class HistoryBroken(Exception):
    """A line of the log is not what was once written; the message names the first such line."""


def record_deed(
    transaction: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    data: dict[str, Any] | None = None,
) -> None:
    """`actor` is "staff:3", "store:1", "policy", "customer:4"; `subject` is "refund:7".

    The line is written by this same transaction, just before it commits.
    """
    transaction.info[_WAITING].append(Deed(at.astimezone(UTC), actor, action, subject, data or {}))


def begin(transaction: Connection) -> None:
    """Start collecting deeds."""
    transaction.info[_WAITING] = []


def forget(transaction: Connection) -> None:
    """Drop what a transaction collected that failed: its connection goes back to the pool, and
    whoever reads on it next must not see deeds that never came to be.
    """
    transaction.info.pop(_WAITING, None)


def append(transaction: Connection) -> None:
    """Write the collected deeds at the end of the chain; the transaction commits right after."""
    deeds: list[Deed] = transaction.info.pop(_WAITING)
    if not deeds:
        return
    if transaction.dialect.name == "postgresql":
        transaction.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})
    last = transaction.execute(_LAST).one_or_none()
    seq, previous = (last.seq, last.hash) if last else (0, _FIRST_PREVIOUS)
    rows = []
    for deed in deeds:
        seq += 1
        digest = _digest(previous, seq, deed)
        rows.append(
            {
                "seq": seq,
                "happened_at": deed.happened_at,
                "actor": deed.actor,
                "action": deed.action,
                "subject": deed.subject,
                "data": deed.data,
                "previous_hash": previous,
                "hash": digest,
            }
        )
        previous = digest
    transaction.execute(_INSERT, rows)


def list_deeds(transaction: Connection, subject: str) -> list[Deed]:
    """All lines about `subject`, oldest first, those of this very transaction included."""
    rows = transaction.execute(
        select(history).where(history.c.subject == subject).order_by(history.c.seq)
    )
    waiting: list[Deed] = transaction.info.get(_WAITING, [])
    return [_deed(row) for row in rows] + [deed for deed in waiting if deed.subject == subject]


def list_deeds_of(transaction: Connection, action: str) -> Iterator[tuple[int, Deed]]:
    """All lines that tell of this deed, oldest first, each with its place in the log."""
    for row in _rows(transaction):
        if row.action == action:
            yield row.seq, _deed(row)


def find_head(transaction: Connection) -> Head | None:
    """The last line's place and hash, to be kept outside the database; None when empty."""
    last = transaction.execute(_LAST).one_or_none()
    return Head(last.seq, last.hash.hex()) if last else None


def verify(transaction: Connection, heads: Iterable[Head] = ()) -> int:
    """The number of lines, all of them checked, and against `heads` kept outside the database.

    Raises HistoryBroken naming the first bad line.
    """
    # Of one line there may be two: whoever rewrote it may have kept its new hash too.
    kept: dict[int, set[str]] = {}
    for head in heads:
        kept.setdefault(head.seq, set()).add(head.hash)
    expected, previous = 0, _FIRST_PREVIOUS
    for row in _rows(transaction):
        expected += 1
        if row.seq != expected:
            raise HistoryBroken(f"Line {expected} of the audit log is missing.")
        if row.previous_hash != previous or row.hash != _digest(previous, row.seq, _deed(row)):
            raise HistoryBroken(f"Line {row.seq} of the audit log was changed or inserted.")
        if kept.get(row.seq, set()) - {row.hash.hex()}:
            raise HistoryBroken(
                f"The audit log up to line {row.seq} was rewritten: its hash is not the one kept "
                "outside the database."
            )
        previous = row.hash
    if kept and max(kept) > expected:
        raise HistoryBroken(
            f"The audit log ends at line {expected}, but line {max(kept)} is on record outside "
            "the database: its tail was cut off."
        )
    return expected


def _rows(transaction: Connection) -> Iterator[Row[Any]]:
    after = -(2**62)
    while True:
        page = transaction.execute(
            select(history).where(history.c.seq > after).order_by(history.c.seq).limit(_PAGE)
        ).all()
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].seq


def _deed(row: Row[Any]) -> Deed:
    return Deed(row.happened_at, row.actor, row.action, row.subject, row.data)


def _digest(previous: bytes, seq: int, deed: Deed) -> bytes:
    line = [seq, deed.happened_at.isoformat(), deed.actor, deed.action, deed.subject, deed.data]
    canonical = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(previous + canonical.encode("ascii")).digest()
