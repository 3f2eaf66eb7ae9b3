"""Alarms: what may keep the desk from seeing the store as it is, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import alarms


class AlarmKind(StrEnum):
    STORE_NOT_READ = "store_not_read"
    WEBHOOK_MISSING = "webhook_missing"
    WEBHOOK_OFF = "webhook_off"
    DELIVERIES_SILENT = "deliveries_silent"
    LICENSE_GUESSING = "license_guessing"
    BRIDGE_GONE = "bridge_gone"
    # Of one refund each. Only a person can say that these are settled.
    REFUND_NOT_OURS = "refund_not_ours"
    REFUND_ROW_GONE = "refund_row_gone"
    REFUND_PAID_AFTER_ALL = "refund_paid_after_all"
    REFUND_TWICE_IN_STORE = "refund_twice_in_store"
    # Of one order each, bought while a procedure for infringement is open against its buyer.
    ORDER_OF_INFRINGER = "order_of_infringer"
    # Of one mail each, and settled by a person as well.
    MAIL_REFUSED = "mail_refused"
    # Of one order each, and settled by a person as well.
    PAID_AFTER_CLOSING = "paid_after_closing"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm; `subject` is a topic, a refund, an order, a notice, or "" for the whole store."""

    id: int
    store_id: int
    kind: AlarmKind
    subject: str
    detail: str
    raised_at: datetime
    cleared_at: datetime | None
    cleared_because: str | None


def insert_alarm_once(
    transaction: Connection,
    store_id: int,
    kind: AlarmKind,
    subject: str,
    *,
    detail: str,
    at: datetime,
) -> bool:
    """Raise the alarm; False if it is raised already."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    raised = transaction.scalar(
        upsert(alarms)
        .values(store_id=store_id, kind=kind.value, subject=subject, detail=detail, raised_at=at)
        .on_conflict_do_nothing(
            index_elements=[alarms.c.store_id, alarms.c.kind, alarms.c.subject],
            index_where=text("cleared_at IS NULL"),
        )
        .returning(alarms.c.id)
    )
    return raised is not None


def clear(
    transaction: Connection,
    store_id: int,
    kind: AlarmKind,
    subject: str,
    *,
    because: str,
    at: datetime,
) -> bool:
    """False if no such alarm is raised."""
    result = transaction.execute(
        update(alarms)
        .where(
            alarms.c.store_id == store_id,
            alarms.c.kind == kind.value,
            alarms.c.subject == subject,
            alarms.c.cleared_at.is_(None),
        )
        .values(cleared_at=at, cleared_because=because)
    )
    return result.rowcount == 1


def was_raised(transaction: Connection, store_id: int, kind: AlarmKind, subject: str) -> bool:
    """Is it raised now, or was it ever?"""
    found = transaction.scalar(
        select(alarms.c.id)
        .where(
            alarms.c.store_id == store_id,
            alarms.c.kind == kind.value,
            alarms.c.subject == subject,
        )
        .limit(1)
    )
    return found is not None


def find_alarm(transaction: Connection, alarm_id: int) -> Alarm | None:
    row = transaction.execute(select(alarms).where(alarms.c.id == alarm_id)).one_or_none()
    return _alarm(row) if row else None


def list_raised(transaction: Connection, limit: int = 100) -> list[Alarm]:
    """The alarms that are not cleared, oldest first."""
    rows = transaction.execute(
        select(alarms).where(alarms.c.cleared_at.is_(None)).order_by(alarms.c.id).limit(limit)
    )
    return [_alarm(row) for row in rows]


def _alarm(row: Row[Any]) -> Alarm:
    return Alarm(
        row.id,
        row.store_id,
        AlarmKind(row.kind),
        row.subject,
        row.detail,
        row.raised_at,
        row.cleared_at,
        row.cleared_because,
    )
