"""Support cases: a problem report, the facts about it, and its clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from refunddesk.db.tables import cases as table


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What staff say of a case, in the words of the claim.

    `missing` names what the customer still owes; while it names something `complete_at` is None.
    `pauses` are the (from, to) in which the fix clock stood still after the report was complete.
    """

    reason: str
    opened_at: datetime
    complete_at: datetime | None
    missing: tuple[str, ...] = ()
    finding: str | None = None
    resolved: bool = False
    gave_up_at: datetime | None = None
    last_customer_reply_at: datetime | None = None
    materials_offered: bool = False
    pauses: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    id: int
    store_id: int
    order_id: int
    facts: CaseFacts


def record_case(transaction: Connection, store_id: int, order_id: int, facts: CaseFacts) -> int:
    """The id of the new case."""
    new_id: int = transaction.execute(
        insert(table)
        .values(store_id=store_id, order_id=order_id, **_columns(facts))
        .returning(table.c.id)
    ).scalar_one()
    return new_id


def change_case(transaction: Connection, case_id: int, facts: CaseFacts) -> None:
    transaction.execute(update(table).where(table.c.id == case_id).values(**_columns(facts)))


def find_case(transaction: Connection, case_id: int) -> Case | None:
    row = transaction.execute(select(table).where(table.c.id == case_id)).one_or_none()
    return _case(row) if row else None


def lock_case(transaction: Connection, case_id: int) -> Case | None:
    """The case, held until the transaction ends so that two changes do not lose each other's."""
    row = transaction.execute(
        select(table).where(table.c.id == case_id).with_for_update()
    ).one_or_none()
    return _case(row) if row else None


def list_cases(transaction: Connection, order_id: int) -> list[Case]:
    """All cases about the order, the one opened last at the end."""
    rows = transaction.execute(
        select(table).where(table.c.order_id == order_id).order_by(table.c.opened_at, table.c.id)
    )
    return [_case(row) for row in rows]


def _columns(facts: CaseFacts) -> dict[str, Any]:
    return {
        "reason": facts.reason,
        "opened_at": facts.opened_at,
        "complete_at": facts.complete_at,
        "missing": list(facts.missing),
        "finding": facts.finding,
        "resolved": facts.resolved,
        "gave_up_at": facts.gave_up_at,
        "last_customer_reply_at": facts.last_customer_reply_at,
        "materials_offered": facts.materials_offered,
        "pauses": [[begin.isoformat(), end.isoformat()] for begin, end in facts.pauses],
    }


def _case(row: Row[Any]) -> Case:
    facts = CaseFacts(
        reason=row.reason,
        opened_at=row.opened_at,
        complete_at=row.complete_at,
        missing=tuple(row.missing),
        finding=row.finding,
        resolved=row.resolved,
        gave_up_at=row.gave_up_at,
        last_customer_reply_at=row.last_customer_reply_at,
        materials_offered=row.materials_offered,
    )
    pauses = tuple(
        (datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in row.pauses
    )
    return Case(row.id, row.store_id, row.order_id, replace(facts, pauses=pauses))
