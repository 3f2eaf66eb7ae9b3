"""Notices: what is to be told to whom, written with the deed it tells of, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from refunddesk.db.tables import notices
from refunddesk.db.upserts import Upsert

# Said once, as in db/orders.py.
_NOTICE = select(notices).where(notices.c.id == bindparam("notice_id"))
_INSERT_ONCE = Upsert(
    notices,
    lambda insert: insert.on_conflict_do_nothing(
        index_elements=[notices.c.reference, notices.c.recipient]
    ).returning(notices.c.id),
)
# Sets what else it is executed with.
_AS_READ = update(notices).where(
    notices.c.id == bindparam("read_id"), notices.c.state == bindparam("read_state")
)


class NoticeState(StrEnum):
    DUE = "due"
    SENT = "sent"  # the mail server took it; at least once
    REFUSED = "refused"  # no mail server will ever take it: a person must find another way
    NOT_SENT = "not_sent"  # there was no mail server to give it to


@dataclass(frozen=True, slots=True)
class Notice:
    """One mail to one reader. `facts` are what its templates are filled with.

    `undelivered_at`: when a server reported that what was sent did not arrive.
    Since `texts_gone_at` neither they nor the reader are known any more.
    """

    id: int
    store_id: int | None
    kind: str
    about: str
    reference: str
    recipient: str = field(repr=False)
    language: str
    facts: Mapping[str, Any] = field(repr=False)
    state: NoticeState
    written_at: datetime
    settled_at: datetime | None
    because: str | None
    undelivered_at: datetime | None
    texts_gone_at: datetime | None

    @property
    def standing(self) -> str:
        """How it stands for people: one that came back was not received."""
        return "undelivered" if self.undelivered_at else self.state.value

    @property
    def has_left(self) -> bool:
        """A server took it, and none reported that it did not arrive."""
        return self.state is NoticeState.SENT and self.undelivered_at is None

    @property
    def key(self) -> str:
        """The same for every sending of this row; a restored backup's next row 7 is another one."""
        return f"notice.{self.id}.{int(self.written_at.timestamp())}"


def insert_notice_once(
    transaction: Connection,
    *,
    store_id: int | None,
    kind: str,
    about: str,
    reference: str,
    recipient: str,
    language: str,
    facts: Mapping[str, Any],
    now: datetime,
) -> int | None:
    """The id of the new row; None where this was told to this reader before."""
    row = {
        "store_id": store_id,
        "kind": kind,
        "about": about,
        "reference": reference,
        "recipient": recipient,
        "language": language,
        "facts": dict(facts),
        "state": NoticeState.DUE.value,
        "written_at": now,
    }
    new_id: int | None = transaction.scalar(_INSERT_ONCE.on(transaction), row)
    return new_id


def find_notice(transaction: Connection, notice_id: int) -> Notice | None:
    row = transaction.execute(_NOTICE, {"notice_id": notice_id}).one_or_none()
    return _notice(row) if row else None


def settle_notice(
    transaction: Connection,
    notice: Notice,
    state: NoticeState,
    *,
    now: datetime,
    because: str | None = None,
) -> bool:
    """End it, or make it due again; False if it is no longer as `notice` was read."""
    values = {
        "read_id": notice.id,
        "read_state": notice.state.value,
        "state": state.value,
        "settled_at": None if state is NoticeState.DUE else now,
        "because": because,
        "undelivered_at": None,
    }
    return transaction.execute(_AS_READ, values).rowcount == 1


def find_by_key(transaction: Connection, key: str) -> Notice | None:
    """The notice whose sendings bear this key."""
    parts = key.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts[1:]):
        return None
    number = int(parts[1])
    notice = find_notice(transaction, number) if number < 2**63 else None
    return notice if notice and notice.key == key else None


def record_undelivered(
    transaction: Connection, notice: Notice, *, because: str, now: datetime
) -> bool:
    """A mail server says that it did not arrive; False where that is known, or it was not sent."""
    result = transaction.execute(
        update(notices)
        .where(
            notices.c.id == notice.id,
            notices.c.state == NoticeState.SENT.value,
            notices.c.undelivered_at.is_(None),
        )
        .values(undelivered_at=now, because=because)
    )
    return result.rowcount == 1


def list_notices(transaction: Connection, about: str, limit: int = 200) -> list[Notice]:
    """The newest `limit` about one thing, oldest first."""
    return list_notices_about(transaction, [about], limit)


def list_notices_about(
    transaction: Connection, subjects: Collection[str], limit: int = 200
) -> list[Notice]:
    """The newest `limit` about any of the things, oldest first."""
    rows = transaction.execute(
        select(notices)
        .where(notices.c.about.in_(subjects))
        .order_by(notices.c.id.desc())
        .limit(limit)
    ).all()
    return [_notice(row) for row in reversed(rows)]


def _notice(row: Row[Any]) -> Notice:
    return Notice(**{**row._mapping, "state": NoticeState(row.state)})
