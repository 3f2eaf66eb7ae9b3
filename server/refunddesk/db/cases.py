"""Support cases: the report, and what follows from it and from what was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from refunddesk.db.tables import cases as table
from refunddesk.worktime import ONE_SECOND


@dataclass(frozen=True, slots=True)
class Report:
    """What S-4 asks for before support can begin; None: not said yet.

    `other_extensions` () says that there are none. `environment` are facts read from a Site Health
    report.
    """

    site_url: str | None = None
    product: str | None = None
    product_version: str | None = None
    details: str | None = field(default=None, repr=False)
    no_screenshots: bool = False
    other_extensions: tuple[str, ...] | None = None
    environment: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the policy and the clocks know of a case; all but the first two follows from the rest.

    `missing` names what the report lacks; while it names something `complete_at` is None.
    `pauses` are the (from, to) in which the fix clock stood still after the report was complete.
    `awaited_since` is when we began to wait for the customer, for the facts `asked` or, where
    these are none, for the answer to a quote that holds until `quote_until`, or for access.
    """

    reason: str
    opened_at: datetime
    complete_at: datetime | None
    missing: tuple[str, ...] = ()
    finding: str | None = None
    resolved: bool = False
    ended_at: datetime | None = None
    gave_up_at: datetime | None = None
    first_answered_at: datetime | None = None
    last_customer_reply_at: datetime | None = None
    awaited_since: datetime | None = None
    asked: tuple[str, ...] = ()
    quote_until: datetime | None = None
    materials_offered: bool = False
    pauses: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """`support_due_at` and `customer_due_at` are the last seconds of what each side owes next."""

    id: int
    store_id: int
    order_id: int
    category: str
    opened_by: str
    report: Report
    facts: CaseFacts
    support_due_at: datetime | None = None
    customer_due_at: datetime | None = None


def record_case(
    transaction: Connection,
    store_id: int,
    order_id: int,
    *,
    category: str,
    opened_by: str,
    report: Report,
    facts: CaseFacts,
) -> Case:
    row = transaction.execute(
        insert(table)
        .values(
            store_id=store_id,
            order_id=order_id,
            category=category,
            opened_by=opened_by,
            **_report_columns(report),
            **_columns(facts),
        )
        .returning(table)
    ).one()
    return _case(row)


def change_case(transaction: Connection, case: Case) -> None:
    """Write the case as it is now."""
    transaction.execute(
        update(table)
        .where(table.c.id == case.id)
        .values(
            category=case.category,
            support_due_at=case.support_due_at,
            customer_due_at=case.customer_due_at,
            **_report_columns(case.report),
            **_columns(case.facts),
        )
    )


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


def list_due(
    transaction: Connection,
    *,
    side: str | None = None,
    overdue_at: datetime | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[Case]:
    """Open cases, the most urgent of `side` ("support" or "customer") first, else by number.

    With `overdue_at` only those whose last second had passed wholly by then; `after` continues
    behind that case where no side is named.
    """
    query = select(table).where(table.c.ended_at.is_(None))
    if side is None:
        query = query.where(table.c.id > after).order_by(table.c.id)
    else:
        due = table.c.support_due_at if side == "support" else table.c.customer_due_at
        query = query.where(due.is_not(None)).order_by(due, table.c.id)
        if overdue_at is not None:
            query = query.where(due <= overdue_at - ONE_SECOND)
    return [_case(row) for row in transaction.execute(query.limit(limit))]


def _report_columns(report: Report) -> dict[str, Any]:
    extensions = report.other_extensions
    return {
        "site_url": report.site_url,
        "product": report.product,
        "product_version": report.product_version,
        "details": report.details,
        "no_screenshots": report.no_screenshots,
        "other_extensions": None if extensions is None else list(extensions),
        "environment": dict(report.environment),
    }


def _columns(facts: CaseFacts) -> dict[str, Any]:
    return {
        "reason": facts.reason,
        "opened_at": facts.opened_at,
        "complete_at": facts.complete_at,
        "missing": list(facts.missing),
        "finding": facts.finding,
        "resolved": facts.resolved,
        "ended_at": facts.ended_at,
        "gave_up_at": facts.gave_up_at,
        "first_answered_at": facts.first_answered_at,
        "last_customer_reply_at": facts.last_customer_reply_at,
        "awaited_since": facts.awaited_since,
        "asked": list(facts.asked),
        "quote_until": facts.quote_until,
        "materials_offered": facts.materials_offered,
        "pauses": [[begin.isoformat(), end.isoformat()] for begin, end in facts.pauses],
    }


def _case(row: Row[Any]) -> Case:
    report = Report(
        site_url=row.site_url,
        product=row.product,
        product_version=row.product_version,
        details=row.details,
        no_screenshots=row.no_screenshots,
        other_extensions=None if row.other_extensions is None else tuple(row.other_extensions),
        environment=row.environment,
    )
    facts = CaseFacts(
        reason=row.reason,
        opened_at=row.opened_at,
        complete_at=row.complete_at,
        missing=tuple(row.missing),
        finding=row.finding,
        resolved=row.resolved,
        ended_at=row.ended_at,
        gave_up_at=row.gave_up_at,
        first_answered_at=row.first_answered_at,
        last_customer_reply_at=row.last_customer_reply_at,
        awaited_since=row.awaited_since,
        asked=tuple(row.asked),
        quote_until=row.quote_until,
        materials_offered=row.materials_offered,
    )
    pauses = tuple(
        (datetime.fromisoformat(begin), datetime.fromisoformat(end)) for begin, end in row.pauses
    )
    return Case(
        row.id,
        row.store_id,
        row.order_id,
        row.category,
        row.opened_by,
        report,
        replace(facts, pauses=pauses),
        row.support_due_at,
        row.customer_due_at,
    )
