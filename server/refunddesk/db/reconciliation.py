"""What reconciliation asks of our copies: have we what the store lists, and does it list ours?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select

from refunddesk.db.requests import OPEN_STATES
from refunddesk.db.tables import orders, refund_requests, refunds, store_refunds


@dataclass(frozen=True, slots=True)
class OrderCopy:
    """What tells whether our copy of an order is the store's order."""

    status: str
    modified_at: datetime | None
    snapshot_sha: bytes


@dataclass(frozen=True, slots=True)
class RefundCopy:
    """What tells whether our copy of a refund row is the store's row."""

    marker: str | None
    refunded_payment: bool | None


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A refund row, or a refund of ours, that the other side does not bear out."""

    woo_refund_id: int
    woo_order_id: int
    refund_id: int | None


def list_order_copies(
    transaction: Connection, store_id: int, woo_order_ids: Collection[int]
) -> dict[int, OrderCopy]:
    """Our copies of these orders by the store's id; those that are gone count as none."""
    rows = transaction.execute(
        select(
            orders.c.woo_order_id, orders.c.status, orders.c.modified_at, orders.c.snapshot_sha
        ).where(
            orders.c.store_id == store_id,
            orders.c.woo_order_id.in_(woo_order_ids),
            orders.c.gone_at.is_(None),
        )
    )
    return {
        row.woo_order_id: OrderCopy(row.status, row.modified_at, row.snapshot_sha) for row in rows
    }


def list_orders_between(
    transaction: Connection, store_id: int, *, above: int, up_to: int | None, since: datetime
) -> list[int]:
    """The store's ids of the orders we know in that range of ids that were made after `since`."""
    return list(
        transaction.scalars(
            select(orders.c.woo_order_id).where(
                orders.c.store_id == store_id,
                orders.c.gone_at.is_(None),
                orders.c.ordered_at > since,
                *_between(orders.c.woo_order_id, above, up_to),
            )
        )
    )


def list_refund_copies(
    transaction: Connection, store_id: int, woo_refund_ids: Collection[int]
) -> dict[int, RefundCopy]:
    """Our copies of these refund rows by the store's id; those that are gone count as none."""
    rows = transaction.execute(
        select(
            store_refunds.c.woo_refund_id,
            store_refunds.c.marker,
            store_refunds.c.refunded_payment,
        ).where(
            store_refunds.c.store_id == store_id,
            store_refunds.c.woo_refund_id.in_(woo_refund_ids),
            store_refunds.c.gone_at.is_(None),
        )
    )
    return {row.woo_refund_id: RefundCopy(row.marker, row.refunded_payment) for row in rows}


def list_refunds_between(
    transaction: Connection, store_id: int, *, above: int, up_to: int | None, since: datetime
) -> dict[int, int]:
    """The refund rows we know in that range of ids that were made after `since`: the store's id
    of each, and of its order."""
    rows = transaction.execute(
        select(store_refunds.c.woo_refund_id, orders.c.woo_order_id)
        .join(orders, orders.c.id == store_refunds.c.order_id)
        .where(
            store_refunds.c.store_id == store_id,
            store_refunds.c.gone_at.is_(None),
            store_refunds.c.made_at > since,
            *_between(store_refunds.c.woo_refund_id, above, up_to),
        )
    )
    return {row.woo_refund_id: row.woo_order_id for row in rows}


def list_read_back(transaction: Connection, store_id: int, markers: Collection[str]) -> list[int]:
    """The refunds of ours with these markers that the store may still be seen to pay. Those not
    sent yet are not among them: paying looks before it sends."""
    return list(
        transaction.scalars(
            select(refunds.c.id).where(
                refunds.c.store_id == store_id,
                refunds.c.marker.in_(markers),
                refunds.c.state != "paid",
                refunds.c.unknown_since.is_not(None),
            )
        )
    )


def list_orders_with_money_about(
    transaction: Connection, store_id: int, since: datetime
) -> list[int]:
    """The store's ids of the orders whose money moved after `since`, or is being asked for."""
    of_order = orders.c.id
    asked = exists().where(
        refund_requests.c.order_id == of_order, refund_requests.c.state.in_(OPEN_STATES)
    )
    granted = exists().where(
        refunds.c.order_id == of_order,
        or_(refunds.c.created_at > since, refunds.c.settled_at.is_(None)),
    )
    refunded = exists().where(
        store_refunds.c.order_id == of_order, store_refunds.c.recorded_at > since
    )
    return list(
        transaction.scalars(
            select(orders.c.woo_order_id)
            .where(orders.c.store_id == store_id, or_(asked, granted, refunded))
            .order_by(orders.c.id)
        )
    )


def list_not_ours(transaction: Connection, store_id: int) -> list[Discrepancy]:
    """Rows of the store with a marker that no refund of ours on the order bears."""
    return _rows(
        transaction,
        store_refunds.c.store_id == store_id,
        store_refunds.c.marker.is_not(None),
        store_refunds.c.refund_id.is_(None),
        store_refunds.c.gone_at.is_(None),
    )


def list_paid_after_all(transaction: Connection, store_id: int) -> list[Discrepancy]:
    """Rows that the store paid for refunds that we gave up."""
    failed = select(refunds.c.id).where(refunds.c.state == "failed")
    return _rows(
        transaction,
        store_refunds.c.store_id == store_id,
        store_refunds.c.refund_id.in_(failed),
        store_refunds.c.refunded_payment,
    )


def list_twice(transaction: Connection, store_id: int) -> list[Discrepancy]:
    """Rows of refunds of ours for which the store has more than one."""
    twice = (
        select(store_refunds.c.refund_id)
        .where(store_refunds.c.store_id == store_id, store_refunds.c.refund_id.is_not(None))
        .group_by(store_refunds.c.refund_id)
        .having(func.count() > 1)
    )
    return _rows(
        transaction,
        store_refunds.c.store_id == store_id,
        store_refunds.c.refund_id.in_(twice),
    )


def list_row_gone(transaction: Connection, store_id: int) -> list[Discrepancy]:
    """Rows of refunds that the store paid and has no more."""
    paid = select(refunds.c.id).where(refunds.c.state == "paid")
    return _rows(
        transaction,
        store_refunds.c.store_id == store_id,
        store_refunds.c.refund_id.in_(paid),
        store_refunds.c.gone_at.is_not(None),
    )


def _rows(transaction: Connection, *conditions: ColumnElement[bool]) -> list[Discrepancy]:
    rows = transaction.execute(
        select(store_refunds.c.woo_refund_id, orders.c.woo_order_id, store_refunds.c.refund_id)
        .join(orders, orders.c.id == store_refunds.c.order_id)
        .where(*conditions)
        .order_by(store_refunds.c.id)
    )
    return [Discrepancy(row.woo_refund_id, row.woo_order_id, row.refund_id) for row in rows]


def _between(
    column: ColumnElement[int], above: int, up_to: int | None
) -> list[ColumnElement[bool]]:
    return [column > above] if up_to is None else [column > above, column <= up_to]
