"""What staff's programs are shown of one order and of everything that hangs on it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from refunddesk.db import (
    books,
    cases,
    disputes,
    item_deliveries,
    licenses,
    orders,
    refunds,
    requests,
    store_refunds,
)
from refunddesk.db.cases import Case
from refunddesk.db.disputes import Dispute
from refunddesk.db.item_deliveries import ItemDelivery
from refunddesk.db.licenses import Activation, License
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.refunds import Refund
from refunddesk.db.requests import RefundRequest
from refunddesk.db.store_refunds import StoreRefund
from refunddesk.ledger import Posting
from refunddesk.services.edges import Edges
from refunddesk.services.requests import NoSuchOrder


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One order; `licenses` are those it stands for, `balances` what the books say of it."""

    order: Order
    items: list[OrderItem]
    refunds: list[Refund]
    store_refunds: list[StoreRefund]
    licenses: list[License]
    activations: list[Activation]
    cases: list[Case]
    deliveries: list[ItemDelivery]
    disputes: list[Dispute]
    requests: list[RefundRequest]
    balances: tuple[Posting, ...]


def show_order(edges: Edges, order_id: int) -> OrderPage:
    """Raises NoSuchOrder."""
    with edges.database.read() as transaction:
        try:
            order = orders.get_order(transaction, order_id)
        except orders.NoSuchOrder:
            raise NoSuchOrder(f"There is no order {order_id}.") from None
        return _page(transaction, order)


def show_store_order(edges: Edges, store_id: int, woo_order_id: int) -> OrderPage:
    """The order by the number the store gave it. Raises NoSuchOrder."""
    with edges.database.read() as transaction:
        order = orders.find_order(transaction, store_id, woo_order_id)
        if order is None:
            raise NoSuchOrder(f"Store {store_id} has sent no order {woo_order_id}.")
        return _page(transaction, order)


def _page(transaction: Connection, order: Order) -> OrderPage:
    held = licenses.list_licenses(transaction, order.id, order.subscription_id)
    return OrderPage(
        order=order,
        items=orders.list_items(transaction, order.id),
        refunds=refunds.list_for_order(transaction, order.id),
        store_refunds=store_refunds.list_store_refunds(transaction, order.id),
        licenses=held,
        activations=licenses.list_activations(transaction, [license.id for license in held]),
        cases=cases.list_cases(transaction, order.id),
        deliveries=item_deliveries.list_of_order(transaction, order.id),
        disputes=disputes.list_disputes(transaction, order.id),
        requests=requests.list_requests(transaction, order.id),
        balances=books.balances(transaction, order.id),
    )
