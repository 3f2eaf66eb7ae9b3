"""Our copy of the stores' orders: each with its items and the refunds seen in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from refunddesk.db.tables import customers, order_items, orders
from refunddesk.db.upserts import Upsert, insert_or_overwrite
from refunddesk.money import Money

# Said once: they are asked several times wherever money is concerned, and to build a statement
# takes SQLAlchemy longer than the database takes to answer it.
_ORDER = select(orders).where(orders.c.id == bindparam("order_id"))
_LOCKED = _ORDER.with_for_update()
_ITEMS = (
    select(order_items, orders.c.currency, orders.c.decimals)
    .join(orders, orders.c.id == order_items.c.order_id)
    .where(order_items.c.order_id == bindparam("order_id"), order_items.c.gone_at.is_(None))
    .order_by(order_items.c.woo_item_id)
)
_OF_STORE = select(orders).where(
    orders.c.store_id == bindparam("store_id"), orders.c.woo_order_id == bindparam("woo_order_id")
)
_LOCKED_OF_STORE = _OF_STORE.with_for_update()
_IDS_ABOVE = (
    select(orders.c.id)
    .where(orders.c.id > bindparam("above"))
    .order_by(orders.c.id)
    .limit(bindparam("most"))
)
_INSERT_ONCE = Upsert(
    orders,
    lambda insert: insert.on_conflict_do_nothing(
        index_elements=[orders.c.store_id, orders.c.woo_order_id]
    ).returning(orders.c.id),
)
_UPDATE = update(orders).where(orders.c.id == bindparam("order_id"))  # with all values it is given
_LEFT = update(order_items).where(
    order_items.c.order_id == bindparam("of_order"),
    order_items.c.woo_item_id.not_in(bindparam("still_there", expanding=True)),
    order_items.c.gone_at.is_(None),
)


class NoSuchOrder(LookupError):
    """No order has this id."""


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What the store said of one order. `total` includes `tax`; instants are in UTC.

    `billing` is one_time, monthly, yearly or lifetime; the period is set for subscriptions.
    `gateway_fee` is what the payment service took, `promotion` the first coupon used.
    `gone_at` is set while the order is in the store's trash or not there at all.
    """

    number: str
    status: str
    kind: str
    billing: str
    customer_id: int | None
    subscription_id: int | None
    total: Money
    tax: Money
    payment_method: str
    transaction_id: str | None = field(repr=False)
    ordered_at: datetime | None
    paid_at: datetime | None
    modified_at: datetime | None
    period_start_at: datetime | None
    period_end_at: datetime | None
    completed_at: datetime | None
    gateway_fee: Money | None
    promotion: str | None
    snapshot_sha: bytes
    remarks: tuple[str, ...]
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Order(OrderFacts):
    """One recorded order: `id` is ours, `woo_order_id` the store's."""

    id: int
    store_id: int
    woo_order_id: int
    recorded_at: datetime

    @property
    def currency(self) -> str:
        return self.total.currency

    @property
    def decimals(self) -> int:
        return self.total.decimals


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """One line of an order. `paid` is net of tax and after discounts, for all of `quantity`."""

    woo_item_id: int
    line_type: str
    woo_product_id: int | None
    woo_variation_id: int | None
    sku: str
    name: str
    product: str
    item_kind: str
    in_programme: bool
    sites_limit: int
    quantity: Decimal
    paid: Money
    tax: Money
    taxes: tuple[tuple[int, Money], ...]


@dataclass(frozen=True, slots=True)
class OrderItem(ItemFacts):
    """One recorded line: `id` and `order_id` are ours."""

    id: int
    order_id: int


def find_order(transaction: Connection, store_id: int, woo_order_id: int) -> Order | None:
    asked = {"store_id": store_id, "woo_order_id": woo_order_id}
    row = transaction.execute(_OF_STORE, asked).one_or_none()
    return _order(row) if row else None


def find_order_of(transaction: Connection, number: str, email: str) -> Order | None:
    """The newest order with this number that was bought with this address, in any store."""
    row = transaction.execute(
        select(orders)
        .join(customers, customers.c.id == orders.c.customer_id)
        .where(orders.c.number == number, customers.c.email_key == email.strip().lower())
        .order_by(orders.c.id.desc())
        .limit(1)
    ).one_or_none()
    return _order(row) if row else None


def get_order(transaction: Connection, order_id: int) -> Order:
    return _got(transaction.execute(_ORDER, {"order_id": order_id}), order_id)


def find_currency(transaction: Connection, store_id: int) -> tuple[str, int] | None:
    """The currency of the store's newest order and its decimals, None before the first."""
    row = transaction.execute(
        select(orders.c.currency, orders.c.decimals)
        .where(orders.c.store_id == store_id)
        .order_by(orders.c.id.desc())
        .limit(1)
    ).one_or_none()
    return (row.currency, row.decimals) if row else None


def lock_order_of_store(transaction: Connection, store_id: int, woo_order_id: int) -> Order | None:
    """The order by the store's id, kept from every other writer until this transaction ends."""
    asked = {"store_id": store_id, "woo_order_id": woo_order_id}
    row = transaction.execute(_LOCKED_OF_STORE, asked).one_or_none()
    return _order(row) if row else None


def lock_order(transaction: Connection, order_id: int) -> Order:
    """The order, kept from every other writer until this transaction ends."""
    return _got(transaction.execute(_LOCKED, {"order_id": order_id}), order_id)


def list_orders_of_customer(transaction: Connection, customer_ids: Sequence[int]) -> list[Order]:
    """All orders of these customers, oldest recorded first."""
    rows = transaction.execute(
        select(orders).where(orders.c.customer_id.in_(customer_ids)).order_by(orders.c.id)
    )
    return [_order(row) for row in rows]


def list_newest_of_customer(
    transaction: Connection, customer_ids: Sequence[int], limit: int
) -> list[Order]:
    """The orders of these customers recorded last, newest first."""
    rows = transaction.execute(
        select(orders)
        .where(orders.c.customer_id.in_(customer_ids))
        .order_by(orders.c.id.desc())
        .limit(limit)
    )
    return [_order(row) for row in rows]


def list_orders_of_subscription(transaction: Connection, subscription_id: int) -> list[Order]:
    """The orders that paid for this subscription, oldest recorded first."""
    rows = transaction.execute(
        select(orders).where(orders.c.subscription_id == subscription_id).order_by(orders.c.id)
    )
    return [_order(row) for row in rows]


def list_order_ids(transaction: Connection, *, above: int = 0, limit: int = 500) -> list[int]:
    """Ids of all orders in sequence, in pages: pass the last id of a page as `above`."""
    return list(transaction.scalars(_IDS_ABOVE, {"above": above, "most": limit}))


def list_paid_ids(
    transaction: Connection, store_id: int, paid_from: datetime | None, paid_until: datetime | None
) -> list[int]:
    """Ids of the store's orders paid from `paid_from` on and before `paid_until`, in sequence."""
    query = select(orders.c.id).where(orders.c.store_id == store_id, orders.c.paid_at.is_not(None))
    if paid_from:
        query = query.where(orders.c.paid_at >= paid_from)
    if paid_until:
        query = query.where(orders.c.paid_at < paid_until)
    return list(transaction.scalars(query.order_by(orders.c.id)))


def list_orders(transaction: Connection, order_ids: Sequence[int]) -> list[Order]:
    """These orders, in sequence of their ids."""
    rows = transaction.execute(
        select(orders).where(orders.c.id.in_(order_ids)).order_by(orders.c.id)
    )
    return [_order(row) for row in rows]


def list_items_of_orders(
    transaction: Connection, order_ids: Sequence[int]
) -> dict[int, list[OrderItem]]:
    """The lines that these orders have now, by order, in the store's sequence."""
    rows = transaction.execute(
        select(order_items, orders.c.currency, orders.c.decimals)
        .join(orders, orders.c.id == order_items.c.order_id)
        .where(order_items.c.order_id.in_(order_ids), order_items.c.gone_at.is_(None))
        .order_by(order_items.c.order_id, order_items.c.woo_item_id)
    )
    found: dict[int, list[OrderItem]] = {}
    for row in rows:
        found.setdefault(row.order_id, []).append(_item(row, row.currency, row.decimals))
    return found


def find_newest_woo_id(transaction: Connection, store_id: int) -> int | None:
    """The store's id of the last order it made that is still there."""
    return transaction.scalar(
        select(orders.c.woo_order_id)
        .where(orders.c.store_id == store_id, orders.c.gone_at.is_(None))
        .order_by(orders.c.woo_order_id.desc())
        .limit(1)
    )


def list_items(transaction: Connection, order_id: int) -> list[OrderItem]:
    """The lines the order has now, in the store's sequence; removed ones are left out."""
    rows = transaction.execute(_ITEMS, {"order_id": order_id})
    return [_item(row, row.currency, row.decimals) for row in rows]


def insert_order_once(
    transaction: Connection, store_id: int, woo_order_id: int, facts: OrderFacts, read_at: datetime
) -> bool:
    """Begin the order's row; False if it is there already, begun perhaps by another worker."""
    row = {"store_id": store_id, "woo_order_id": woo_order_id, "recorded_at": read_at}
    begun = transaction.scalar(_INSERT_ONCE.on(transaction), row | _columns(facts))
    return begun is not None


def update_order(
    transaction: Connection, order_id: int, facts: OrderFacts, *, read_at: datetime
) -> None:
    """Write what the store said when it was asked at `read_at`."""
    told = {"order_id": order_id, "recorded_at": read_at}
    transaction.execute(_UPDATE, told | _columns(facts))


def record_order_gone(transaction: Connection, order_id: int, *, at: datetime) -> None:
    """The store no longer has the order; what it said before stays."""
    transaction.execute(
        update(orders).where(orders.c.id == order_id).values(gone_at=at, recorded_at=at)
    )


def record_items(
    transaction: Connection, order_id: int, items: Sequence[ItemFacts], *, at: datetime
) -> None:
    """Make `items` the lines of the order. A line that left it stays as gone, for its licence."""
    still_there = [item.woo_item_id for item in items]
    transaction.execute(_LEFT, {"of_order": order_id, "still_there": still_there, "gone_at": at})
    for item in items:
        row = {"order_id": order_id, "woo_item_id": item.woo_item_id, "gone_at": None}
        row |= _item_columns(item)
        insert_or_overwrite(transaction, order_items, ("order_id", "woo_item_id"), row)


def _got(rows: Any, order_id: int) -> Order:
    row = rows.one_or_none()
    if row is None:
        raise NoSuchOrder(f"there is no order {order_id}")
    return _order(row)


#: Facts of an order that are columns of the same name.
_AS_THEY_ARE = (
    "number",
    "status",
    "kind",
    "billing",
    "customer_id",
    "subscription_id",
    "payment_method",
    "transaction_id",
    "ordered_at",
    "paid_at",
    "modified_at",
    "period_start_at",
    "period_end_at",
    "completed_at",
    "promotion",
    "snapshot_sha",
    "gone_at",
)


def _columns(facts: OrderFacts) -> dict[str, Any]:
    fee = facts.gateway_fee
    return {name: getattr(facts, name) for name in _AS_THEY_ARE} | {
        "currency": facts.total.currency,
        "decimals": facts.total.decimals,
        "total_minor": facts.total.minor,
        "tax_minor": facts.tax.minor,
        "gateway_fee_minor": None if fee is None else fee.minor,
        "remarks": list(facts.remarks),
    }


def _order(row: Row[Any]) -> Order:
    fee = row.gateway_fee_minor
    return Order(
        **{name: getattr(row, name) for name in _AS_THEY_ARE},
        id=row.id,
        store_id=row.store_id,
        woo_order_id=row.woo_order_id,
        total=Money(row.total_minor, row.currency, row.decimals),
        tax=Money(row.tax_minor, row.currency, row.decimals),
        gateway_fee=None if fee is None else Money(fee, row.currency, row.decimals),
        remarks=tuple(row.remarks),
        recorded_at=row.recorded_at,
    )


def _item_columns(item: ItemFacts) -> dict[str, Any]:
    return {
        "line_type": item.line_type,
        "woo_product_id": item.woo_product_id,
        "woo_variation_id": item.woo_variation_id,
        "sku": item.sku,
        "name": item.name,
        "product": item.product,
        "item_kind": item.item_kind,
        "in_programme": item.in_programme,
        "sites_limit": item.sites_limit,
        "quantity": str(item.quantity),
        "paid_minor": item.paid.minor,
        "tax_minor": item.tax.minor,
        "taxes": [[rate_id, amount.minor] for rate_id, amount in item.taxes],
    }


def _item(row: Row[Any], currency: str, decimals: int) -> OrderItem:
    return OrderItem(
        id=row.id,
        order_id=row.order_id,
        woo_item_id=row.woo_item_id,
        line_type=row.line_type,
        woo_product_id=row.woo_product_id,
        woo_variation_id=row.woo_variation_id,
        sku=row.sku,
        name=row.name,
        product=row.product,
        item_kind=row.item_kind,
        in_programme=row.in_programme,
        sites_limit=row.sites_limit,
        quantity=Decimal(row.quantity),
        paid=Money(row.paid_minor, currency, decimals),
        tax=Money(row.tax_minor, currency, decimals),
        taxes=tuple((rate, Money(minor, currency, decimals)) for rate, minor in row.taxes),
    )
