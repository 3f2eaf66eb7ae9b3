"""How far each mailbox was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import mailbox_marks


@dataclass(frozen=True, slots=True)
class Mark:
    """Every mail up to number `uid` is kept, as the mailbox numbers them under `validity`."""

    mailbox: str
    validity: int
    uid: int
    begun_at: datetime
    read_at: datetime


def find_mark(transaction: Connection, mailbox: str) -> Mark | None:
    row = transaction.execute(
        select(mailbox_marks).where(mailbox_marks.c.mailbox == mailbox)
    ).one_or_none()
    return Mark(**row._mapping) if row else None


def set_mark(transaction: Connection, mark: Mark) -> None:
    """Write how far the mailbox is read now; when reading it began stays as it was."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    row = upsert(mailbox_marks).values(
        mailbox=mark.mailbox,
        validity=mark.validity,
        uid=mark.uid,
        begun_at=mark.begun_at,
        read_at=mark.read_at,
    )
    transaction.execute(
        row.on_conflict_do_update(
            index_elements=[mailbox_marks.c.mailbox],
            set_={
                "validity": row.excluded.validity,
                "uid": row.excluded.uid,
                "read_at": row.excluded.read_at,
            },
        )
    )
