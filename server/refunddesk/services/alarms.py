"""Raises alarms and clears them, each time with a line of history and of log."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import Connection

from refunddesk.db import alarms
from refunddesk.db.alarms import Alarm, AlarmKind
from refunddesk.db.history import record_deed
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal
from refunddesk.services.settling import MAY_SETTLE, NotAnApprover
from refunddesk.services.staff import get_staff

log = structlog.get_logger(__name__)

_ACTOR = "reconciliation"
#: The program sees whether these are over; of the others a person has to say so.
CLEARED_BY_ITSELF = frozenset(
    {
        AlarmKind.STORE_NOT_READ,
        AlarmKind.WEBHOOK_MISSING,
        AlarmKind.WEBHOOK_OFF,
        AlarmKind.DELIVERIES_SILENT,
        AlarmKind.LICENSE_GUESSING,
        AlarmKind.BRIDGE_GONE,
    }
)


class NoSuchAlarm(Refusal):
    """No alarm that is raised has this number."""


class AlarmClearsItself(Refusal):
    """The alarm ends when its cause does; nobody needs to settle it."""


def keep_alarm(
    transaction: Connection,
    store_id: int,
    kind: AlarmKind,
    subject: str = "",
    *,
    trouble: str | None,
    now: datetime,
) -> None:
    """Raise the alarm while there is `trouble`, clear it when there is none (None).

    The trouble of a refund is told once: it stays until a person settles it, and then for good.
    """
    if trouble is None:
        if alarms.clear(transaction, store_id, kind, subject, because="it is over", at=now):
            _tell(transaction, store_id, kind, subject, now, _ACTOR, "alarm_cleared", "")
        return
    if kind not in CLEARED_BY_ITSELF and alarms.was_raised(transaction, store_id, kind, subject):
        return
    if alarms.insert_alarm_once(transaction, store_id, kind, subject, detail=trouble, at=now):
        _tell(transaction, store_id, kind, subject, now, _ACTOR, "alarm_raised", trouble)


def list_raised(edges: Edges) -> list[Alarm]:
    with edges.database.read() as transaction:
        return alarms.list_raised(transaction)


def settle(edges: Edges, alarm_id: int, *, because: str, by: str) -> None:
    """A person has seen to what the alarm of a refund tells.

    `by` is the address of an owner or approver; `because` is kept for ever: no personal data.
    Raises NoSuchAlarm, AlarmClearsItself, NotAnApprover, and NoSuchStaff for an unknown address.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        person = get_staff(transaction, by)
        if person.role not in MAY_SETTLE or person.disabled_at is not None:
            raise NotAnApprover(f"{by} is not an owner or approver of this desk. It stays raised.")
        alarm = alarms.find_alarm(transaction, alarm_id)
        if alarm is None or alarm.cleared_at is not None:
            raise NoSuchAlarm(f"No alarm {alarm_id} is raised. Nothing was changed.")
        if alarm.kind in CLEARED_BY_ITSELF:
            raise AlarmClearsItself(
                f"Alarm {alarm_id} ends by itself when its cause does: {alarm.detail}"
            )
        alarms.clear(
            transaction, alarm.store_id, alarm.kind, alarm.subject, because=because, at=now
        )
        _tell(
            transaction,
            alarm.store_id,
            alarm.kind,
            alarm.subject,
            now,
            f"staff:{person.id}",
            "alarm_settled",
            because,
        )


def _tell(
    transaction: Connection,
    store_id: int,
    kind: AlarmKind,
    subject: str,
    now: datetime,
    actor: str,
    action: str,
    detail: str,
) -> None:
    data = {"kind": kind.value, "about": subject, "detail": detail}
    record_deed(
        transaction, at=now, actor=actor, action=action, subject=f"store:{store_id}", data=data
    )
    tell = log.warning if action == "alarm_raised" else log.info
    tell(action.replace("_", " "), store=store_id, **data)
