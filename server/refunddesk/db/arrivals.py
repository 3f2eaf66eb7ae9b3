"""Arrivals: mails that came in, kept before they are read, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Select, and_, func, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import arrivals


class ArrivalState(StrEnum):
    KEPT = "kept"  # to be read
    LANDED = "landed"  # it is a turn of its case
    WAITING = "waiting"  # a person has to look
    HANDLED = "handled"  # a person did
    IGNORED = "ignored"  # no person wrote it, or it came before


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail without its bytes. `files` are those that were left out, each with why.

    `received_at` is when our mail server took it; `from_account`: it came, provably, from the
    customer's own address. `dropped_at`: nothing but these numbers is left of it.
    """

    id: int
    came_by: str
    size: int
    arrived_at: datetime | None
    kept_at: datetime
    state: ArrivalState
    because: str | None
    message_id: str | None
    sender: str = field(repr=False)
    subject: str = field(repr=False)
    words: str = field(repr=False)
    files: tuple[tuple[str, str], ...] = field(repr=False)
    received_at: datetime | None
    from_account: bool
    order_id: int | None
    case_id: int | None
    turn_id: int | None
    request_id: int | None
    notice_id: int | None
    settled_at: datetime | None
    settled_by: str | None
    dropped_at: datetime | None


#: In the very words of the index.
IS_WAITING = arrivals.c.state == literal_column("'waiting'")
#: All but the bytes, which may be many.
COLUMNS = [column for column in arrivals.c if column.name not in ("raw", "sha")]


def insert_arrival_once(
    transaction: Connection,
    *,
    sha: bytes,
    raw: bytes | None,
    size: int,
    came_by: str,
    arrived_at: datetime | None,
    now: datetime,
    state: ArrivalState = ArrivalState.KEPT,
    because: str | None = None,
) -> int | None:
    """The id of the new row; None where these bytes came in before."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    new_id: int | None = transaction.scalar(
        upsert(arrivals)
        .values(
            sha=sha,
            raw=raw,
            size=size,
            came_by=came_by,
            arrived_at=arrived_at,
            kept_at=now,
            state=state.value,
            because=because,
        )
        .on_conflict_do_nothing(index_elements=[arrivals.c.sha])
        .returning(arrivals.c.id)
    )
    return new_id


def find_id(transaction: Connection, sha: bytes) -> int | None:
    found: int | None = transaction.scalar(select(arrivals.c.id).where(arrivals.c.sha == sha))
    return found


def find_arrival(transaction: Connection, arrival_id: int) -> Arrival | None:
    row = transaction.execute(_rows().where(arrivals.c.id == arrival_id)).one_or_none()
    return read_row(row._asdict()) if row else None


def lock_arrival(transaction: Connection, arrival_id: int) -> Arrival | None:
    """The arrival, kept from every other change until this transaction ends."""
    row = transaction.execute(
        _rows().where(arrivals.c.id == arrival_id).with_for_update()
    ).one_or_none()
    return read_row(row._asdict()) if row else None


def find_raw(transaction: Connection, arrival_id: int) -> bytes | None:
    """The bytes as they came; None where none were kept, or not any more."""
    raw: bytes | None = transaction.scalar(
        select(arrivals.c.raw).where(arrivals.c.id == arrival_id)
    )
    return raw


def change_arrival(transaction: Connection, arrival_id: int, **values: Any) -> None:
    """Write down what was read of it, or what became of it."""
    transaction.execute(update(arrivals).where(arrivals.c.id == arrival_id).values(**values))


def find_earlier(transaction: Connection, arrival: Arrival, message_id: str) -> Arrival | None:
    """The first other mail with this Message-ID that was read as a person's."""
    row = transaction.execute(
        _rows()
        .where(
            arrivals.c.message_id == message_id,
            arrivals.c.id != arrival.id,
            arrivals.c.state.in_(("landed", "waiting", "handled")),
        )
        .order_by(arrivals.c.id)
        .limit(1)
    ).one_or_none()
    return read_row(row._asdict()) if row else None


def count_of_case(transaction: Connection, case_id: int, since: datetime) -> int:
    """How many mails were led to the case since then."""
    found = transaction.scalar(
        select(func.count())
        .select_from(arrivals)
        .where(arrivals.c.case_id == case_id, arrivals.c.kept_at >= since)
    )
    return found or 0


def list_of_case(transaction: Connection, case_id: int) -> list[Arrival]:
    """What came in for the case, the newest 200, oldest first."""
    return _newest(transaction, _rows().where(arrivals.c.case_id == case_id))


def list_of_order(transaction: Connection, order_id: int) -> list[Arrival]:
    """What came in about the order or a case of it, the newest 200, oldest first."""
    return _newest(transaction, _rows().where(arrivals.c.order_id == order_id))


def list_last(transaction: Connection, limit: int = 100) -> list[Arrival]:
    """The newest, newest first."""
    rows = transaction.execute(_rows().order_by(arrivals.c.id.desc()).limit(limit))
    return [read_row(row._asdict()) for row in rows]


def list_waiting(transaction: Connection, limit: int = 200) -> list[Arrival]:
    """What waits for a person, oldest first."""
    rows = transaction.execute(_rows().where(IS_WAITING).order_by(arrivals.c.id).limit(limit))
    return [read_row(row._asdict()) for row in rows]


def drop_old(
    transaction: Connection, *, before: datetime, strangers: Sequence[str], now: datetime
) -> int:
    """Remove bytes, words and names of what was settled before then; the number of mails.

    What waits for a person stays, but for strangers' mails: those that wait for one of these
    reasons and came before then are given up.
    """
    settled = and_(
        arrivals.c.state.in_(("landed", "handled", "ignored")), arrivals.c.settled_at < before
    )
    given_up = and_(
        IS_WAITING,
        arrivals.c.because.in_(strangers),
        arrivals.c.order_id.is_(None),
    )
    emptied: dict[str, Any] = {"raw": None, "sender": "", "subject": "", "words": "", "files": []}
    old = and_(arrivals.c.dropped_at.is_(None), arrivals.c.kept_at < before)
    dropped = transaction.execute(
        update(arrivals).where(old, settled).values(dropped_at=now, **emptied)
    )
    gone = transaction.execute(
        update(arrivals)
        .where(old, given_up)
        .values(dropped_at=now, state="handled", settled_at=now, settled_by="retention", **emptied)
    )
    return dropped.rowcount + gone.rowcount


def _rows() -> Select[Any]:
    return select(*COLUMNS)


def _newest(transaction: Connection, query: Select[Any], limit: int = 200) -> list[Arrival]:
    rows = transaction.execute(query.order_by(arrivals.c.id.desc()).limit(limit)).all()
    return [read_row(row._asdict()) for row in reversed(rows)]


def read_row(values: Mapping[str, Any]) -> Arrival:
    """The arrival in these columns."""
    return Arrival(
        **{
            **values,
            "state": ArrivalState(values["state"]),
            "files": tuple((name, why) for name, why in values["files"]),
        }
    )
