"""Refunds, requests and what waits for a second person, as the first page shows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from refunddesk.db.overview.block import MOST_RECENT, Block, counted, read_block
from refunddesk.db.tables import (
    approvals,
    decisions,
    orders,
    refund_requests,
    refund_steps,
    refunds,
    stores,
)
from refunddesk.money import Money


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
class ApprovalLine:
    """A grant above the limit that waits for a second person."""

    id: int
    request_id: int
    store: str
    order_number: str
    amount: Money
    granted_by: str
    asked_at: datetime


def list_refunds(transaction: Connection, states: Sequence[str]) -> Block[RefundLine]:
    """Refunds in one of `states`, none of which is settled, oldest first."""
    query = (
        select(refunds, stores.c.name.label("store"), orders.c.number, counted())
        .join(stores, stores.c.id == refunds.c.store_id)
        .join(orders, orders.c.id == refunds.c.order_id)
        .where(refunds.c.settled_at.is_(None), refunds.c.state.in_(states))
        .order_by(refunds.c.id)
    )
    return read_block(transaction, query, _refund)


def list_settled_last(transaction: Connection) -> tuple[RefundLine, ...]:
    """The refunds paid or given up last, newest first."""
    rows = transaction.execute(
        select(refunds, stores.c.name.label("store"), orders.c.number)
        .join(stores, stores.c.id == refunds.c.store_id)
        .join(orders, orders.c.id == refunds.c.order_id)
        .where(refunds.c.settled_at.is_not(None))
        .order_by(refunds.c.settled_at.desc(), refunds.c.id.desc())
        .limit(MOST_RECENT)
    )
    return tuple(_refund(row) for row in rows)


def list_failed_steps(transaction: Connection) -> Block[StepLine]:
    query = (
        select(refund_steps, counted())
        .where(refund_steps.c.state == "failed")
        .order_by(refund_steps.c.id)
    )
    return read_block(
        transaction,
        query,
        lambda row: StepLine(row.refund_id, row.kind, row.because, row.created_at),
    )


def list_requests(transaction: Connection, state: str) -> Block[RequestLine]:
    """Requests in `state`, those whose time runs out first at the top.

    What waits for a second person is a list of its own (list_approvals), and not in this one.
    """
    waits = select(approvals.c.id).where(
        approvals.c.request_id == refund_requests.c.id, approvals.c.settled_at.is_(None)
    )
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
            counted(),
        )
        .join(stores, stores.c.id == refund_requests.c.store_id)
        .join(orders, orders.c.id == refund_requests.c.order_id)
        .where(refund_requests.c.state == state, ~waits.exists())
        .order_by(refund_requests.c.judge_again_at.nulls_last(), refund_requests.c.id)
    )
    return read_block(
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


def list_approvals(transaction: Connection) -> Block[ApprovalLine]:
    """What was granted and waits for a second person, oldest first."""
    query = (
        select(approvals, stores.c.name.label("store"), orders.c.number, counted())
        .join(refund_requests, refund_requests.c.id == approvals.c.request_id)
        .join(stores, stores.c.id == refund_requests.c.store_id)
        .join(orders, orders.c.id == refund_requests.c.order_id)
        .where(approvals.c.settled_at.is_(None))
        .order_by(approvals.c.id)
    )
    return read_block(
        transaction,
        query,
        lambda row: ApprovalLine(
            row.id,
            row.request_id,
            row.store,
            row.number,
            Money(row.amount_minor, row.currency, row.decimals),
            row.granted_by,
            row.asked_at,
        ),
    )


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
