"""Removes what is over its time, a batch at a time; each may be run again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.personal_data import personal_data
from refunddesk.db.personal_rows import RENAMED, empty
from refunddesk.db.tables import (
    activations,
    arrivals,
    attachments,
    cases,
    credentials,
    customer_links,
    customer_visits,
    customers,
    disputes,
    duplicates,
    inbox,
    licenses,
    notices,
    orders,
    refund_requests,
    refunds,
    retention_marks,
    staff_sessions,
)

#: Rows of one statement; a case has files, which take their time.
AT_ONCE = 500
CASES_AT_ONCE = 25


class Kind(StrEnum):
    """What is looked through, each by a job of its own."""

    DELIVERIES = "deliveries"
    QUARANTINED = "quarantined"
    CASES = "cases"
    NOTICES = "notices"
    SESSIONS = "sessions"
    SITES = "sites"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what is written, sent and delivered stays."""

    deliveries: timedelta = timedelta(days=30)
    quarantined: timedelta = timedelta(days=90)
    cases: timedelta = timedelta(days=1095)
    notices: timedelta = timedelta(days=365)
    sessions: timedelta = timedelta(days=30)


#: For whoever reads no settings.
KEPT_AS_USUAL = Retention()


def drop_bodies(transaction: Connection, kind: Kind, before: datetime) -> bool:
    """Drop bodies of the next deliveries that came before then; False once all are behind us.

    In the sequence of their ids, so no index has to be kept of what still has a body: that would
    cost every delivery. What waits for a person is passed over, and met by QUARANTINED later on.
    """
    up_to = transaction.scalar(
        select(retention_marks.c.up_to).where(retention_marks.c.kind == kind.value)
    )
    waits = and_(inbox.c.quarantined_because.is_not(None), inbox.c.released_at.is_(None))
    rows = transaction.execute(
        select(inbox.c.id, inbox.c.received_at)
        .where(inbox.c.id > (up_to or 0))
        .order_by(inbox.c.id)
        .limit(AT_ONCE)
    ).all()
    # Up to the first that is young enough: one from the journal may be older than its number says.
    passed = [row.id for row in takewhile(lambda row: row.received_at < before, rows)]
    if not passed:
        return False
    gone = update(inbox).where(inbox.c.id.in_(passed), inbox.c.body.is_not(None))
    if kind is Kind.DELIVERIES:
        gone = gone.where(~waits)
    transaction.execute(gone.values(body=None, quarantine_detail=None))
    _mark(transaction, kind, passed[-1])
    return len(passed) == AT_ONCE


def list_old_cases(transaction: Connection, before: datetime) -> list[int]:
    """The next cases that ended before then, have their texts, and are needed for nothing open."""
    query = (
        select(cases.c.id)
        .where(cases.c.texts_gone_at.is_(None), cases.c.ended_at < before, ~_is_needed())
        .order_by(cases.c.ended_at)
        .limit(CASES_AT_ONCE)
    )
    return list(transaction.scalars(query))


def list_files(transaction: Connection, case_ids: Collection[int]) -> list[str]:
    """The names under which the bytes of the cases' files are kept."""
    found = select(attachments.c.kept_as).where(attachments.c.case_id.in_(case_ids))
    return list(transaction.scalars(found))


def empty_cases(transaction: Connection, case_ids: Sequence[int], now: datetime) -> None:
    """Remove what was written in the cases, and the rows of their files."""
    for name, one in personal_data().tables.items():
        if one.kept == "cases" and one.going:
            empty(transaction, one, _belongs_to(name, case_ids), now)


def empty_notices(transaction: Connection, before: datetime, now: datetime) -> bool:
    """Remove reader and contents of the next mails written before then; False at the end."""
    found = transaction.scalars(
        select(notices.c.id)
        .where(
            notices.c.texts_gone_at.is_(None),
            notices.c.written_at < before,
            notices.c.state != "due",
        )
        .order_by(notices.c.written_at)
        .limit(AT_ONCE)
    ).all()
    empty(transaction, personal_data().tables["notices"], notices.c.id.in_(found), now)
    return len(found) == AT_ONCE


def drop_sessions(transaction: Connection, before: datetime) -> None:
    """Remove sessions, visits and links that were over before then."""
    transaction.execute(delete(staff_sessions).where(staff_sessions.c.expires_at < before))
    transaction.execute(delete(customer_visits).where(customer_visits.c.expires_at < before))
    visited = exists().where(customer_visits.c.link_id == customer_links.c.id)
    transaction.execute(
        delete(customer_links).where(customer_links.c.expires_at < before, ~visited)
    )


def rename_sites(transaction: Connection, now: datetime) -> bool:
    """Take their names off sites of erased customers, once switched off; False at the end."""
    found = transaction.scalars(
        select(activations.c.id)
        .join(licenses, licenses.c.id == activations.c.license_id)
        .join(orders, orders.c.id == licenses.c.order_id)
        .join(customers, customers.c.id == orders.c.customer_id)
        .where(
            customers.c.erased_at.is_not(None),
            activations.c.deactivated_at.is_not(None),
            activations.c.site.not_like(f"{RENAMED}%"),
        )
        .limit(AT_ONCE)
    ).all()
    empty(transaction, personal_data().tables["activations"], activations.c.id.in_(found), now)
    return len(found) == AT_ONCE


def _belongs_to(name: str, case_ids: Sequence[int]) -> ColumnElement[bool]:
    table = personal_data().tables[name].table
    if name == "cases":
        return cases.c.id.in_(case_ids)
    if name == "reveals":
        given = select(credentials.c.id).where(credentials.c.case_id.in_(case_ids))
        return table.c.credential_id.in_(given)
    return table.c.case_id.in_(case_ids)


def _is_needed() -> ColumnElement[bool]:
    """Is something open about the case's order, or the case itself?"""
    return or_(
        exists().where(
            refund_requests.c.order_id == cases.c.order_id,
            refund_requests.c.state.in_(("asked", "awaiting", "in_review")),
        ),
        exists().where(refunds.c.order_id == cases.c.order_id, refunds.c.settled_at.is_(None)),
        exists().where(disputes.c.order_id == cases.c.order_id, disputes.c.closed_at.is_(None)),
        exists().where(
            duplicates.c.extra_order_id == cases.c.order_id,
            duplicates.c.state.in_(("open", "returning")),
        ),
        exists().where(
            credentials.c.case_id == cases.c.id, credentials.c.state.in_(("given", "ending"))
        ),
        exists().where(arrivals.c.case_id == cases.c.id, arrivals.c.state.in_(("kept", "waiting"))),
    )


def _mark(transaction: Connection, kind: Kind, up_to: int) -> None:
    insert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    row = insert(retention_marks).values(kind=kind.value, up_to=up_to)
    transaction.execute(
        row.on_conflict_do_update(index_elements=[retention_marks.c.kind], set_={"up_to": up_to})
    )
