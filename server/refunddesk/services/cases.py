"""Support cases: opened and kept up to date by staff; every change is judged at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from refunddesk.db import cases, orders, requests
from refunddesk.db.cases import Case, CaseFacts
from refunddesk.db.history import record_deed
from refunddesk.services.edges import Edges
from refunddesk.services.instants import past_instant
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import NoSuchOrder, order_changed


class NoSuchCase(Refusal):
    """No case has this id."""


class CaseContradiction(Refusal):
    """The facts given cannot all be true of one case."""


def open_case(edges: Edges, order_id: int, facts: CaseFacts, *, by: str) -> Case:
    """Take down a problem with what was ordered, and let an open request without a case use it.

    A report that misses nothing is complete from its opening unless `facts` says otherwise.
    Raises NoSuchOrder, CaseContradiction, InstantInFuture.
    """
    now = edges.clock()
    if not facts.missing and facts.complete_at is None:
        facts = replace(facts, complete_at=facts.opened_at)
    facts = _checked(facts, now)
    with edges.database.write() as transaction:
        try:
            order = orders.lock_order(transaction, order_id)
        except orders.NoSuchOrder:
            raise NoSuchOrder(f"There is no order {order_id}. No case was opened.") from None
        case_id = cases.record_case(transaction, order.store_id, order_id, facts)
        waiting = requests.find_open(transaction, order_id)
        if waiting and waiting.case_id is None:
            requests.link_case(transaction, waiting.id, case_id)
        case = Case(case_id, order.store_id, order_id, facts)
        _tell(transaction, case, now, by, "case_opened", _said(facts, _differing(facts, None)))
    return case


def change_case(edges: Edges, case_id: int, changes: Mapping[str, Any], *, by: str) -> Case:
    """Write new facts into the case; `changes` are fields of CaseFacts.

    Naming something missing takes the completion back, naming nothing missing completes the
    report now; `complete_at` in `changes` says it outright. Raises NoSuchCase,
    CaseContradiction, InstantInFuture.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        case = cases.lock_case(transaction, case_id)
        if case is None:
            raise NoSuchCase(f"There is no case {case_id}. Nothing was changed.")
        facts = replace(case.facts, **changes)
        if "complete_at" not in changes:
            facts = _completed(facts, now)
        facts = _checked(facts, now)
        changed = _differing(facts, case.facts)
        if not changed:
            return case
        cases.change_case(transaction, case_id, facts)
        case = replace(case, facts=facts)
        _tell(transaction, case, now, by, "case_changed", _said(facts, changed))
    return case


def show_case(edges: Edges, case_id: int) -> Case:
    """Raises NoSuchCase."""
    with edges.database.read() as transaction:
        case = cases.find_case(transaction, case_id)
    if case is None:
        raise NoSuchCase(f"There is no case {case_id}.")
    return case


def _completed(facts: CaseFacts, now: datetime) -> CaseFacts:
    if facts.missing:
        return replace(facts, complete_at=None)
    return facts if facts.complete_at else replace(facts, complete_at=now)


def _checked(facts: CaseFacts, now: datetime) -> CaseFacts:
    """The facts with no instant after `now`, and in an order in which they can have happened."""

    def past(name: str, at: datetime | None) -> datetime | None:
        return past_instant(name, at, now) if at else None

    facts = replace(
        facts,
        opened_at=past_instant("opened_at", facts.opened_at, now),
        complete_at=past("complete_at", facts.complete_at),
        gave_up_at=past("gave_up_at", facts.gave_up_at),
        last_customer_reply_at=past("last_customer_reply_at", facts.last_customer_reply_at),
        pauses=tuple(
            (past_instant("pauses.from", begin, now), past_instant("pauses.to", end, now))
            for begin, end in facts.pauses
        ),
    )
    if facts.missing and facts.complete_at:
        raise _contradiction("complete_at is given although something is missing")
    for name in ("complete_at", "gave_up_at", "last_customer_reply_at"):
        at = getattr(facts, name)
        if at and at < facts.opened_at:
            raise _contradiction(f"{name} comes before opened_at")
    _check_pauses(facts)
    return facts


def _check_pauses(facts: CaseFacts) -> None:
    if facts.pauses and facts.complete_at is None:
        raise _contradiction("pauses are given although the report is not complete")
    earliest = facts.complete_at
    for begin, end in facts.pauses:
        if earliest and begin < earliest:
            raise _contradiction("a pause begins before complete_at, or before the one before ends")
        if end < begin:
            raise _contradiction("a pause ends before it begins")
        earliest = end


def _contradiction(problem: str) -> CaseContradiction:
    return CaseContradiction(f"These facts cannot all be true: {problem}. Nothing was changed.")


def _differing(facts: CaseFacts, before: CaseFacts | None) -> list[str]:
    if before is None:
        return [field.name for field in fields(facts)]
    return [
        field.name
        for field in fields(facts)
        if getattr(facts, field.name) != getattr(before, field.name)
    ]


def _said(facts: CaseFacts, names: list[str]) -> dict[str, Any]:
    """The facts named, as the trail keeps them: codes and instants, nothing about a person."""

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        return [plain(part) for part in value] if isinstance(value, tuple) else value

    return {name: plain(getattr(facts, name)) for name in names}


def _tell(
    transaction: Connection, case: Case, now: datetime, by: str, action: str, said: dict[str, Any]
) -> None:
    record_deed(transaction, at=now, actor=by, action=action, subject=f"case:{case.id}", data=said)
    order_changed(transaction, case.order_id, now)
