"""What the status page shows: one bounded query per block, across the tables of all parts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Row, Select, func, select

from refunddesk.db.tables import (
    alarms,
    cases,
    decisions,
    inbox,
    licenses,
    orders,
    outbox,
    payment_blocks,
    postings,
    refund_requests,
    refund_steps,
    refunds,
    stores,
    suspicions,
)
from refunddesk.money import Money

#: Rows of one block; how many there are in all is counted beside them.
MOST_ROWS = 25
_MOST_RECENT = 10

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class Block(Generic[Line]):
    """The first lines of a list, and how long the whole list is."""

    lines: tuple[Line, ...]
    total: int

    @property
    def hidden(self) -> int:
        return self.total - len(self.lines)


@dataclass(frozen=True, slots=True)
class RefundLine:
    """`at` is when the refund came into what it is now, as far as the row says."""

    id: int
    store: str
    order_number: str
    amount: Money
    state: str
    at: datetime
    last_error: str | None


@dataclass(frozen=True, slots=True)
class StepLine:
    """Something that was to follow a paid refund and could not be done."""

    refund_id: int
    kind: str
    because: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """Work that failed so often that a person should look; it is still tried."""

    id: int
    job: str
    subject: str
    tries: int
    last_error: str | None
    stuck_at: datetime


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A refund request; `awaits` is what its latest decision waits for, in interchange form."""

    id: int
    store: str
    order_number: str
    state: str
    asked_at: datetime
    judge_again_at: datetime | None
    awaits: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    id: int
    store: str
    topic: str
    woo_object_id: int | None
    received_at: datetime
    quarantined_because: str | None
    quarantine_detail: str | None


@dataclass(frozen=True, slots=True)
class HeldStore:
    id: int
    name: str
    because: str


@dataclass(frozen=True, slots=True)
class BlockedStore:
    """A store whose payments wait, by themselves, until it was looked through again."""

    id: int
    name: str
    because: str
    since: datetime


@dataclass(frozen=True, slots=True)
class AlarmLine:
    id: int
    store: str
    kind: str
    detail: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class CaseLine:
    """An open case; `due_at` is the last second of what the side that is asked about owes next."""

    id: int
    store: str
    order_number: str
    product: str | None
    category: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class SuspicionLine:
    id: int
    store: str
    kind: str
    product: str
    key_ends_with: str
    raised_at: datetime


def list_cases(
    transaction: Connection, side: str, now: datetime, *, overdue: bool | None = None
) -> Block[CaseLine]:
    """Open cases in which `side` ("support" or "customer") owes something, most urgent first.

    `overdue` picks those whose time is over at `now`, or those that have time; None: both.
    """
    due = cases.c.support_due_at if side == "support" else cases.c.customer_due_at
    query = (
        select(cases, due.label("due_at"), stores.c.name.label("store"), orders.c.number)
        .add_columns(_counted())
        .join(stores, stores.c.id == cases.c.store_id)
        .join(orders, orders.c.id == cases.c.order_id)
        .where(cases.c.ended_at.is_(None), due.is_not(None))
        .order_by(due, cases.c.id)
    )
    if overdue is not None:
        over = due < now.replace(microsecond=0)  # the last second itself is in time
        query = query.where(over if overdue else ~over)
    return _block(
        transaction,
        query,
        lambda row: CaseLine(row.id, row.store, row.number, row.product, row.category, row.due_at),
    )


def list_suspicions(transaction: Connection) -> Block[SuspicionLine]:
    """The suspicions that nobody settled yet, oldest first."""
    query = (
        select(
            suspicions,
            licenses.c.product,
            licenses.c.key_ends_with,
            stores.c.name.label("store"),
            _counted(),
        )
        .join(licenses, licenses.c.id == suspicions.c.license_id)
        .join(stores, stores.c.id == licenses.c.store_id)
        .where(suspicions.c.settled_at.is_(None))
        .order_by(suspicions.c.id)
    )
    return _block(
        transaction,
        query,
        lambda row: SuspicionLine(
            row.id, row.store, row.kind, row.product, row.key_ends_with, row.raised_at
        ),
    )


def list_refunds(transaction: Connection, states: Sequence[str]) -> Block[RefundLine]:
    """Refunds in one of `states`, oldest first."""
    query = (
        select(refunds, stores.c.name.label("store"), orders.c.number, _counted())
        .join(stores, stores.c.id == refunds.c.store_id)
        .join(orders, orders.c.id == refunds.c.order_id)
        .where(refunds.c.state.in_(states))
        .order_by(refunds.c.id)
    )
    return _block(transaction, query, _refund)


def list_settled_last(transaction: Connection) -> tuple[RefundLine, ...]:
    """The refunds paid or given up last, newest first."""
    rows = transaction.execute(
        select(refunds, stores.c.name.label("store"), orders.c.number)
        .join(stores, stores.c.id == refunds.c.store_id)
        .join(orders, orders.c.id == refunds.c.order_id)
        .where(refunds.c.state.in_(["paid", "failed"]))
        .order_by(refunds.c.id.desc())
        .limit(_MOST_RECENT)
    )
    return tuple(_refund(row) for row in rows)


def list_failed_steps(transaction: Connection) -> Block[StepLine]:
    query = (
        select(refund_steps, _counted())
        .where(refund_steps.c.state == "failed")
        .order_by(refund_steps.c.id)
    )
    return _block(
        transaction,
        query,
        lambda row: StepLine(row.refund_id, row.kind, row.because, row.created_at),
    )


def list_stuck(transaction: Connection) -> Block[PromiseLine]:
    query = (
        select(outbox, _counted())
        .where(outbox.c.asked > outbox.c.done, outbox.c.stuck_at.is_not(None))
        .order_by(outbox.c.stuck_at)
    )
    return _block(
        transaction,
        query,
        lambda row: PromiseLine(
            row.id, row.job, row.subject, row.tries, row.last_error, row.stuck_at
        ),
    )


def list_requests(transaction: Connection, state: str) -> Block[RequestLine]:
    """Requests in `state`, those whose time runs out first at the top."""
    latest = (
        select(decisions.c.decision)
        .where(decisions.c.request_id == refund_requests.c.id)
        .order_by(decisions.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(
            refund_requests,
            stores.c.name.label("store"),
            orders.c.number,
            latest.label("decision"),
            _counted(),
        )
        .join(stores, stores.c.id == refund_requests.c.store_id)
        .join(orders, orders.c.id == refund_requests.c.order_id)
        .where(refund_requests.c.state == state)
        .order_by(refund_requests.c.judge_again_at.nulls_last(), refund_requests.c.id)
    )
    return _block(
        transaction,
        query,
        lambda row: RequestLine(
            row.id,
            row.store,
            row.number,
            row.state,
            row.asked_at,
            row.judge_again_at,
            tuple(json.loads(row.decision).get("awaits", ())) if row.decision else (),
        ),
    )


def list_quarantined(transaction: Connection) -> Block[DeliveryLine]:
    query = (
        select(inbox, stores.c.name.label("store"), _counted())
        .join(stores, stores.c.id == inbox.c.store_id)
        .where(inbox.c.quarantined_because.is_not(None), inbox.c.released_at.is_(None))
        .order_by(inbox.c.received_at)
    )
    return _block(transaction, query, _delivery)


def list_last_deliveries(transaction: Connection) -> tuple[DeliveryLine, ...]:
    """The newest deliveries, newest first."""
    rows = transaction.execute(
        select(inbox, stores.c.name.label("store"))
        .join(stores, stores.c.id == inbox.c.store_id)
        .order_by(inbox.c.id.desc())
        .limit(_MOST_RECENT)
    )
    return tuple(_delivery(row) for row in rows)


def list_held_stores(transaction: Connection) -> Block[HeldStore]:
    query = (
        select(stores, _counted())
        .where(stores.c.payments_held_because.is_not(None))
        .order_by(stores.c.id)
    )
    return _block(
        transaction, query, lambda row: HeldStore(row.id, row.name, row.payments_held_because)
    )


def list_blocked_stores(transaction: Connection) -> Block[BlockedStore]:
    query = (
        select(stores.c.id, stores.c.name, payment_blocks, _counted())
        .join(payment_blocks, payment_blocks.c.store_id == stores.c.id)
        .order_by(stores.c.id)
    )
    return _block(
        transaction, query, lambda row: BlockedStore(row.id, row.name, row.because, row.since)
    )


def list_alarms(transaction: Connection) -> Block[AlarmLine]:
    """The alarms that are not over, oldest first."""
    query = (
        select(alarms, stores.c.name.label("store"), _counted())
        .join(stores, stores.c.id == alarms.c.store_id)
        .where(alarms.c.cleared_at.is_(None))
        .order_by(alarms.c.id)
    )
    return _block(
        transaction,
        query,
        lambda row: AlarmLine(row.id, row.store, row.kind, row.detail, row.raised_at),
    )


def list_unbalanced_entries(transaction: Connection) -> tuple[int, ...]:
    """Ids of entries whose postings do not add up to zero. There must never be one."""
    rows = transaction.scalars(
        select(postings.c.entry_id)
        .group_by(postings.c.entry_id, postings.c.currency)
        .having(func.sum(postings.c.amount_minor) != 0)
        .order_by(postings.c.entry_id)
        .limit(MOST_ROWS)
    )
    return tuple(rows)


def _counted() -> Any:
    # The window function counts all rows before LIMIT cuts: the list and its length in one query.
    return func.count().over().label("total")


def _block(
    transaction: Connection, query: Select[Any], read: Callable[[Row[Any]], Line]
) -> Block[Line]:
    rows = transaction.execute(query.limit(MOST_ROWS)).all()
    return Block(tuple(read(row) for row in rows), rows[0].total if rows else 0)


def _refund(row: Row[Any]) -> RefundLine:
    return RefundLine(
        row.id,
        row.store,
        row.number,
        Money(row.amount_minor, row.currency, row.decimals),
        row.state,
        row.settled_at or row.unknown_since or row.sent_at or row.created_at,
        row.last_error,
    )


def _delivery(row: Row[Any]) -> DeliveryLine:
    return DeliveryLine(
        row.id,
        row.store,
        row.topic,
        row.woo_object_id,
        row.received_at,
        row.quarantined_because,
        row.quarantine_detail,
    )
