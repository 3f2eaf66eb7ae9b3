"""Payments made twice and payments that got stuck, as staff are shown them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from refunddesk.db.overview.block import MOST_RECENT, Block, counted, read_block
from refunddesk.db.tables import cancellations, duplicates, orders, stores
from refunddesk.money import Money


@dataclass(frozen=True, slots=True)
class DuplicateLine:
    """A pair of payments: the one that stays, and the extra one."""

    id: int
    store: str
    kind: str
    state: str
    kept_order_id: int
    kept_number: str
    kept_paid_at: datetime | None
    extra_order_id: int
    extra_number: str
    extra_paid_at: datetime | None
    amount: Money
    reasons: tuple[str, ...]
    doubts: tuple[str, ...]
    found_at: datetime
    settled_by: str | None
    because: str | None


@dataclass(frozen=True, slots=True)
class StuckPayment:
    """An order nobody has paid; `closing`: it was asked to be closed and is not yet."""

    order_id: int
    store: str
    number: str
    status: str
    amount: Money
    payment_method: str
    ordered_at: datetime
    closing: bool


def list_duplicates(transaction: Connection, state: str) -> Block[DuplicateLine]:
    """Pairs in this state, oldest first."""
    query = (
        _pairs().add_columns(counted()).where(duplicates.c.state == state).order_by(duplicates.c.id)
    )
    return read_block(transaction, query, _duplicate)


def list_duplicates_settled_last(transaction: Connection) -> tuple[DuplicateLine, ...]:
    """The pairs of which nothing more comes, settled last first; not counted, as they only grow."""
    rows = transaction.execute(
        _pairs()
        .where(duplicates.c.settled_at.is_not(None))
        .order_by(duplicates.c.settled_at.desc(), duplicates.c.id.desc())
        .limit(MOST_RECENT)
    )
    return tuple(_duplicate(row) for row in rows)


def list_stuck_payments(
    transaction: Connection, statuses: Collection[str], before: datetime
) -> Block[StuckPayment]:
    """Orders placed before that moment and never paid, oldest first."""
    closing = (
        select(cancellations.c.id)
        .where(
            cancellations.c.order_id == orders.c.id,
            cancellations.c.kind == "payment",
            cancellations.c.state == "due",
        )
        .exists()
    )
    query = (
        select(orders, stores.c.name.label("store"), closing.label("closing"), counted())
        .join(stores, stores.c.id == orders.c.store_id)
        .where(
            orders.c.paid_at.is_(None),
            orders.c.gone_at.is_(None),
            orders.c.total_minor > 0,
            orders.c.status.in_(statuses),
            orders.c.ordered_at < before,
        )
        .order_by(orders.c.ordered_at, orders.c.id)
    )
    return read_block(
        transaction,
        query,
        lambda row: StuckPayment(
            row.id,
            row.store,
            row.number,
            row.status,
            Money(row.total_minor, row.currency, row.decimals),
            row.payment_method,
            row.ordered_at,
            bool(row.closing),
        ),
    )


def _pairs() -> Select[Any]:
    """Pairs with their store and both of their orders."""
    low, high = orders.alias("low"), orders.alias("high")
    return (
        select(
            duplicates,
            stores.c.name.label("store"),
            low.c.number.label("low_number"),
            low.c.paid_at.label("low_paid_at"),
            high.c.number.label("high_number"),
            high.c.paid_at.label("high_paid_at"),
        )
        .join(stores, stores.c.id == duplicates.c.store_id)
        .join(low, low.c.id == duplicates.c.low_order_id)
        .join(high, high.c.id == duplicates.c.high_order_id)
    )


def _duplicate(row: Row[Any]) -> DuplicateLine:
    low = (row.low_order_id, row.low_number, row.low_paid_at)
    high = (row.high_order_id, row.high_number, row.high_paid_at)
    kept, extra = (high, low) if row.extra_order_id == row.low_order_id else (low, high)
    return DuplicateLine(
        row.id,
        row.store,
        row.kind,
        row.state,
        *kept,
        *extra,
        Money(row.amount_minor, row.currency, row.decimals),
        tuple(row.reasons),
        tuple(row.doubts),
        row.found_at,
        row.settled_by,
        row.because,
    )
