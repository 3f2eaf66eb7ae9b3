"""Files that belong to cases; the bytes themselves lie outside the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from refunddesk.db.tables import attachments


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a case. `kept_as` is the random name of its bytes, `name` what people see."""

    id: int
    case_id: int
    name: str = field(repr=False)
    media_type: str
    size: int
    sha: bytes
    kept_as: str
    added_by: str
    added_at: datetime


def record_attachment(
    transaction: Connection,
    case_id: int,
    *,
    name: str,
    media_type: str,
    size: int,
    sha: bytes,
    kept_as: str,
    added_by: str,
    now: datetime,
) -> Attachment:
    row = transaction.execute(
        insert(attachments)
        .values(
            case_id=case_id,
            name=name,
            media_type=media_type,
            size=size,
            sha=sha,
            kept_as=kept_as,
            added_by=added_by,
            added_at=now,
        )
        .returning(attachments)
    ).one()
    return _attachment(row)


def find_attachment(transaction: Connection, attachment_id: int) -> Attachment | None:
    row = transaction.execute(
        select(attachments).where(attachments.c.id == attachment_id)
    ).one_or_none()
    return _attachment(row) if row else None


def find_same(transaction: Connection, case_id: int, sha: bytes) -> Attachment | None:
    """The file of the case with exactly these bytes."""
    row = transaction.execute(
        select(attachments).where(attachments.c.case_id == case_id, attachments.c.sha == sha)
    ).one_or_none()
    return _attachment(row) if row else None


def list_attachments(transaction: Connection, case_id: int) -> list[Attachment]:
    rows = transaction.execute(
        select(attachments).where(attachments.c.case_id == case_id).order_by(attachments.c.id)
    )
    return [_attachment(row) for row in rows]


def total_size(transaction: Connection, case_id: int) -> int:
    """How many bytes the files of the case have together."""
    query = select(func.coalesce(func.sum(attachments.c.size), 0))
    return int(transaction.scalar(query.where(attachments.c.case_id == case_id)) or 0)


def has_pictures(transaction: Connection, case_id: int) -> bool:
    found = transaction.scalar(
        select(attachments.c.id)
        .where(attachments.c.case_id == case_id, attachments.c.media_type.startswith("image/"))
        .limit(1)
    )
    return found is not None


def list_kept(transaction: Connection) -> set[str]:
    """The names of all files that belong to a case."""
    return set(transaction.scalars(select(attachments.c.kept_as)))


def _attachment(row: Row[Any]) -> Attachment:
    return Attachment(**row._mapping)
