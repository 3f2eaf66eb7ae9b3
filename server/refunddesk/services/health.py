"""Tells how the desk is: for machines in one answer, for staff as the status page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from refunddesk.db import books, leases, overview, schema
from refunddesk.db.arrivals import Arrival
from refunddesk.db.overview import Block
from refunddesk.services.edges import Edges

#: The lease that the process which wakes the workers renews every ten seconds.
DISPATCHER = "dispatcher"


@dataclass(frozen=True, slots=True)
class Health:
    """Which parts do their work. The dispatcher is the process that wakes the workers."""

    at: datetime
    database: bool
    schema: bool
    queue: bool
    #: None: nobody wakes the workers, or the database does not say.
    dispatcher_leads_until: datetime | None

    @property
    def dispatcher(self) -> bool:
        return self.dispatcher_leads_until is not None and self.dispatcher_leads_until > self.at

    @property
    def receives(self) -> bool:
        """May deliveries be sent here? Without the database they are kept; a database of
        another version is what nothing here may write to.
        """
        return self.schema or not self.database

    @property
    def works(self) -> bool:
        return self.database and self.schema and self.queue and self.dispatcher


@dataclass(frozen=True, slots=True)
class Status:
    """Everything on the status page: first what waits for a person, then what moves."""

    at: datetime
    in_review: Block[overview.RefundLine]
    unknown: Block[overview.RefundLine]
    requests_in_review: Block[overview.RequestLine]
    overdue_cases: Block[overview.CaseLine]
    cases_on_us: Block[overview.CaseLine]  # those that have time yet
    approvals: Block[overview.ApprovalLine]
    mails: Block[Arrival]
    double_payments: Block[overview.DuplicateLine]
    suspicions: Block[overview.SuspicionLine]
    failed_steps: Block[overview.StepLine]
    stuck: Block[overview.PromiseLine]
    quarantined: Block[overview.DeliveryLine]
    held_stores: Block[overview.HeldStore]
    alarms: Block[overview.AlarmLine]
    blocked_stores: Block[overview.BlockedStore]
    unbalanced_entries: tuple[int, ...]
    moving: Block[overview.RefundLine]
    awaiting: Block[overview.RequestLine]
    cases_on_customers: Block[overview.CaseLine]
    settled_last: tuple[overview.RefundLine, ...]
    last_deliveries: tuple[overview.DeliveryLine, ...]

    @property
    def waiting_for_people(self) -> int:
        blocks = (
            self.in_review,
            self.unknown,
            self.requests_in_review,
            self.approvals,
            self.overdue_cases,
            self.cases_on_us,
            self.mails,
            self.double_payments,
            self.suspicions,
            self.failed_steps,
            self.stuck,
            self.quarantined,
            self.held_stores,
            self.alarms,
        )
        return sum(block.total for block in blocks) + len(self.unbalanced_entries)


def check(edges: Edges, queue_answers: Callable[[], bool]) -> Health:
    """How the parts are. Never raises for a part that is down: that is the answer."""
    now = edges.clock()
    try:
        with edges.database.read() as transaction:
            leads_until = leases.find_end(transaction, DISPATCHER)
    except SQLAlchemyError:
        # The tables may be missing while the connection is good: then the schema is the matter.
        return Health(now, _answers(edges), False, queue_answers(), None)
    return Health(now, True, _is_current(edges), queue_answers(), leads_until)


def look(edges: Edges) -> Status:
    """The state of the whole desk, seen in one transaction."""
    now = edges.clock()
    with edges.database.read() as transaction:
        return Status(
            at=now,
            in_review=overview.list_refunds(transaction, ["needs_review"]),
            unknown=overview.list_refunds(transaction, ["unknown"]),
            requests_in_review=overview.list_requests(transaction, "in_review"),
            overdue_cases=overview.list_cases(transaction, "support", now, overdue=True),
            cases_on_us=overview.list_cases(transaction, "support", now, overdue=False),
            approvals=overview.list_approvals(transaction),
            mails=overview.list_waiting_mails(transaction),
            double_payments=overview.list_duplicates(transaction, "open"),
            suspicions=overview.list_suspicions(transaction),
            failed_steps=overview.list_failed_steps(transaction),
            stuck=overview.list_stuck(transaction),
            quarantined=overview.list_quarantined(transaction),
            held_stores=overview.list_held_stores(transaction),
            alarms=overview.list_alarms(transaction),
            blocked_stores=overview.list_blocked_stores(transaction),
            unbalanced_entries=books.list_unbalanced_entries(transaction),
            moving=overview.list_refunds(transaction, ["due", "sending"]),
            awaiting=overview.list_requests(transaction, "awaiting"),
            cases_on_customers=overview.list_cases(transaction, "customer", now),
            settled_last=overview.list_settled_last(transaction),
            last_deliveries=overview.list_last_deliveries(transaction),
        )


def _answers(edges: Edges) -> bool:
    try:
        with edges.database.read() as transaction:
            transaction.exec_driver_sql("SELECT 1")
    except SQLAlchemyError:
        return False
    return True


def _is_current(edges: Edges) -> bool:
    try:
        schema.check_current(edges.database)
    except schema.SchemaOutdated:
        return False
    return True
