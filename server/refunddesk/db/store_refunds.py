"""Every refund row seen in a store: those we asked for, and those made elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from refunddesk.db.tables import orders, refunds, store_refunds
from refunddesk.db.upserts import insert_or_overwrite
from refunddesk.money import Money

# Said once, as in db/orders.py.
_OF_ORDER = (
    select(store_refunds, orders.c.decimals)
    .join(orders, orders.c.id == store_refunds.c.order_id)
    .where(store_refunds.c.order_id == bindparam("order_id"))
    .order_by(store_refunds.c.woo_refund_id)
)


@dataclass(frozen=True, slots=True)
class StoreRefundLine:
    """What a refund row gave back of one line; `woo_item_id` None: the store does not say."""

    woo_item_id: int | None
    net: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class StoreRefundFacts:
    """One refund row as the store shows it; `amount` is positive and includes tax.

    `refunded_payment`: did the store's gateway pay? None: the store has not said.
    """

    woo_refund_id: int
    amount: Money
    marker: str | None
    refunded_payment: bool | None
    lines: tuple[StoreRefundLine, ...]
    made_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoreRefund(StoreRefundFacts):
    """One recorded refund row; `refund_id` is our refund, None for one made elsewhere."""

    id: int
    store_id: int
    order_id: int
    refund_id: int | None
    recorded_at: datetime
    gone_at: datetime | None

    @property
    def counts(self) -> bool:
        """Whether its money is given back. Deleting a row returns no payment that was made."""
        return self.gone_at is None or self.refunded_payment is not False


def list_store_refunds(transaction: Connection, order_id: int) -> list[StoreRefund]:
    """All refund rows ever seen on the order, oldest first; deleted ones with `gone_at` set."""
    rows = transaction.execute(_OF_ORDER, {"order_id": order_id})
    return [_store_refund(row) for row in rows]


def list_outside_of_orders(
    transaction: Connection, order_ids: Sequence[int]
) -> dict[int, list[StoreRefund]]:
    """The refunds made on these orders without us, by order, oldest first."""
    rows = transaction.execute(
        select(store_refunds, orders.c.decimals)
        .join(orders, orders.c.id == store_refunds.c.order_id)
        .where(store_refunds.c.order_id.in_(order_ids), store_refunds.c.refund_id.is_(None))
        .order_by(store_refunds.c.order_id, store_refunds.c.woo_refund_id)
    )
    found: dict[int, list[StoreRefund]] = {}
    for row in rows:
        found.setdefault(row.order_id, []).append(_store_refund(row))
    return found


def find_order_of_store_refund(
    transaction: Connection, store_id: int, woo_refund_id: int
) -> int | None:
    """The store's id of the order that this refund row belongs to, if we have seen the row."""
    return transaction.scalar(
        select(orders.c.woo_order_id)
        .join(store_refunds, store_refunds.c.order_id == orders.c.id)
        .where(store_refunds.c.store_id == store_id, store_refunds.c.woo_refund_id == woo_refund_id)
    )


def record_store_refund(
    transaction: Connection,
    *,
    store_id: int,
    order_id: int,
    facts: StoreRefundFacts,
    now: datetime,
) -> None:
    """Write one row as the store shows it now; it is ours if it bears the marker of a refund
    of ours on the same order."""
    refund_id = None
    if facts.marker is not None:
        refund_id = transaction.scalar(
            select(refunds.c.id).where(
                refunds.c.marker == facts.marker, refunds.c.order_id == order_id
            )
        )
    told = {
        "store_id": store_id,
        "woo_refund_id": facts.woo_refund_id,
        "order_id": order_id,
        "amount_minor": facts.amount.minor,
        "currency": facts.amount.currency,
        "marker": facts.marker,
        "refund_id": refund_id,
        "refunded_payment": facts.refunded_payment,
        "lines": [[line.woo_item_id, line.net.minor, line.tax.minor] for line in facts.lines],
        "made_at": facts.made_at,
        "recorded_at": now,
        "gone_at": None,
    }
    insert_or_overwrite(transaction, store_refunds, ("store_id", "woo_refund_id"), told)


def record_store_refunds_gone(
    transaction: Connection, order_id: int, *, still_there: Collection[int], at: datetime
) -> None:
    """Mark the rows of the order that the store no longer lists."""
    transaction.execute(
        update(store_refunds)
        .where(
            store_refunds.c.order_id == order_id,
            store_refunds.c.woo_refund_id.not_in(still_there),
            store_refunds.c.gone_at.is_(None),
        )
        .values(gone_at=at)
    )


def _store_refund(row: Row[Any]) -> StoreRefund:
    def money(minor: int) -> Money:
        return Money(minor, row.currency, row.decimals)

    return StoreRefund(
        id=row.id,
        store_id=row.store_id,
        order_id=row.order_id,
        woo_refund_id=row.woo_refund_id,
        amount=money(row.amount_minor),
        marker=row.marker,
        refund_id=row.refund_id,
        refunded_payment=row.refunded_payment,
        lines=tuple(StoreRefundLine(item, money(net), money(tax)) for item, net, tax in row.lines),
        made_at=row.made_at,
        recorded_at=row.recorded_at,
        gone_at=row.gone_at,
    )
