"""Writes down what follows from a case's report and turns: its facts, and what is due when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from refunddesk.casework import Due, Standing, Terms, as_of, pauses_after, standing, what_is_due
from refunddesk.db import attachments, cases, orders, outbox, stores
from refunddesk.db.cases import Case, CaseFacts, Report
from refunddesk.db.turns import list_turns
from refunddesk.jobnames import JobName
from refunddesk.policy.clauses.support import Cooperation, FixClock
from refunddesk.policy.document import PolicyNotValid
from refunddesk.policy.version import PolicyVersion
from refunddesk.services.credential_ends import end_all
from refunddesk.services.edges import Edges
from refunddesk.services.notices import SUPPORT, tell_staff
from refunddesk.services.policies import load_named_policy
from refunddesk.services.requests import order_changed
from refunddesk.worktime import ONE_SECOND, zone


def settle_case(
    edges: Edges,
    transaction: Connection,
    case: Case,
    now: datetime,
    *,
    received_at: datetime | None = None,
) -> Case:
    """The case with all that follows from it, written; its request is judged by that at once.

    A report that misses nothing any more is complete from `received_at`, or else from now.
    """
    stands = as_of(_stands(transaction, case), now)
    facts = _facts(transaction, case, stands, received_at or now)
    terms = terms_of(edges, transaction, case)
    case = replace(case, facts=facts)
    due = _due(case, stands, terms)
    ends = {who: min(found, default=None) for who, found in _ends(due).items()}
    case = replace(case, support_due_at=ends["support"], customer_due_at=ends["customer"])
    cases.change_case(transaction, case)
    if facts.ended_at is not None:
        end_all(transaction, case, now)
    _watch_next(transaction, case, due, now)
    order_changed(transaction, case.order_id, now)
    return case


def look_what_is_due(edges: Edges, transaction: Connection, case: Case) -> tuple[Due, ...]:
    """What each side of the case has to do next, as of now."""
    stands = as_of(_stands(transaction, case), edges.clock())
    return _due(case, stands, terms_of(edges, transaction, case))


def watch_case(edges: Edges, case_id: int) -> None:
    """A clock of the case may have run out: say so to support, once for each, and judge anew."""
    now = edges.clock()
    with edges.database.write() as transaction:
        case = cases.lock_case(transaction, case_id)
        if case is None:
            return
        for due in look_what_is_due(edges, transaction, case):
            if due.is_overdue(now):
                _tell_overdue(transaction, case, due, now)
        settle_case(edges, transaction, case, now)


def terms_of(edges: Edges, transaction: Connection, case: Case) -> Terms:
    """The store's promises by the policy in force when the order was paid; else the usual ones."""
    store = stores.get_store(transaction, case.store_id)
    order = orders.get_order(transaction, case.order_id)
    try:
        version = load_named_policy(edges, store.policy).version_for(
            order.paid_at or case.facts.opened_at
        )
    except PolicyNotValid:
        return Terms(zone(store.timezone))
    return _terms(version, store.timezone)


def missing_of(report: Report, *, has_screenshots: bool) -> tuple[str, ...]:
    """What S-4 asks for and the report does not say, in the words of the claim."""
    lacks = {
        "site_url": report.site_url is None,
        "product": report.product is None,
        "product_version": report.product_version is None,
        "details": report.details is None,
        "screenshots": not (report.no_screenshots or has_screenshots),
        "other_extensions": report.other_extensions is None,
    }
    return tuple(name for name, lacking in lacks.items() if lacking)


def _stands(transaction: Connection, case: Case) -> Standing:
    return standing(one.turn for one in list_turns(transaction, case.id))


def _facts(
    transaction: Connection, case: Case, stands: Standing, completed_at: datetime
) -> CaseFacts:
    before = case.facts
    pictured = attachments.has_pictures(transaction, case.id)
    missing = missing_of(case.report, has_screenshots=pictured)
    complete_at = None if missing else before.complete_at or max(completed_at, before.opened_at)
    return replace(
        before,
        complete_at=complete_at,
        missing=missing,
        finding=stands.finding,
        resolved=stands.resolved,
        ended_at=stands.ended_at,
        gave_up_at=stands.gave_up_at,
        first_answered_at=stands.first_answered_at,
        last_customer_reply_at=stands.last_customer_reply_at,
        awaited_since=stands.awaited_since,
        asked=stands.asked,
        quote_until=stands.quote_until,
        pauses=pauses_after(complete_at, stands.pauses) if complete_at else (),
    )


def _due(case: Case, stands: Standing, terms: Terms) -> tuple[Due, ...]:
    facts = case.facts
    return what_is_due(
        stands,
        opened_at=facts.opened_at,
        complete_at=facts.complete_at,
        missing=facts.missing,
        terms=terms,
    )


def _ends(due: tuple[Due, ...]) -> dict[str, list[datetime]]:
    ends: dict[str, list[datetime]] = {"support": [], "customer": []}
    for one in due:
        if one.until:
            ends[one.who].append(one.until)
    return ends


def _watch_next(transaction: Connection, case: Case, due: tuple[Due, ...], now: datetime) -> None:
    ahead = [one.until + ONE_SECOND for one in due if one.until and not one.is_overdue(now)]
    if ahead:
        outbox.promise(transaction, JobName.WATCH_CASE, case.id, due_at=min(ahead))


def _tell_overdue(transaction: Connection, case: Case, due: Due, now: datetime) -> None:
    tell = partial(
        tell_staff,
        store_id=case.store_id,
        about=f"case:{case.id}",
        reference=f"overdue:{case.id}:{due.what}:{due.until}",
        path=f"/desk/cases/{case.id}",
        to=SUPPORT,
        now=now,
    )
    if due.what == "first_answer":
        tell(transaction, "first_answer_overdue")
    elif due.what == "fix":
        tell(transaction, "fix_overdue")
    elif due.what != "answer_quote":
        tell(transaction, "patience_over")


def _terms(version: PolicyVersion, timezone: str) -> Terms:
    terms = Terms(zone(version.timezone or timezone), holidays=version.holidays)
    for clause in version.clauses:
        if isinstance(clause.params, FixClock):
            span = clause.params.within
            # A day early where there are days enough: support aims before it must.
            target = replace(span, count=span.count - 1) if span.count > 1 else span
            terms = replace(terms, fix=span, target=target)
        elif isinstance(clause.params, Cooperation):
            terms = replace(terms, patience=clause.params.patience)
    return terms
