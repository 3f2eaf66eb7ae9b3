"""What staff and their programs are shown of one order and of everything that hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from refunddesk.db import (
    arrivals,
    books,
    cases,
    customers,
    disputes,
    item_deliveries,
    licenses,
    notices,
    orders,
    refunds,
    requests,
    staff,
    store_refunds,
    stores,
    subscriptions,
)
from refunddesk.db.arrivals import Arrival
from refunddesk.db.cases import Case
from refunddesk.db.customers import CustomerFacts
from refunddesk.db.disputes import Dispute
from refunddesk.db.history import Deed, list_deeds
from refunddesk.db.item_deliveries import ItemDelivery
from refunddesk.db.licenses import Activation, License
from refunddesk.db.notices import Notice
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.refunds import Refund
from refunddesk.db.requests import RefundRequest
from refunddesk.db.store_refunds import StoreRefund
from refunddesk.db.stores import Store
from refunddesk.db.subscriptions import Subscription
from refunddesk.ledger import Posting
from refunddesk.money import Money
from refunddesk.policy.quote import Quote, Step
from refunddesk.services.edges import Edges
from refunddesk.services.quotes import OrderNotQuotable, OrderQuote, quote_order
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


@dataclass(frozen=True, slots=True)
class StaffOrder:
    """An order for people to read: what hangs on it, whose it is, what it would get, who was told.

    `accused` is the address under which a procedure is open. `quote` is None where a person
    decides, and `not_quoted` then says why. `names` are the staff's, by what the history calls them
    ("staff:3"). `notices` and `mails`, which came in, are the newest,
    oldest first.
    """

    held: OrderPage
    store: Store
    customer: CustomerFacts | None
    accused: CustomerFacts | None
    subscription: Subscription | None
    quote: OrderQuote | None
    not_quoted: str
    notices: list[Notice]
    mails: list[Arrival]
    deeds: list[Deed]
    names: Mapping[str, str]

    def gets(self, item: OrderItem, quote: Quote) -> Money | None:
        """What the line would get back at once, tax included; None where it gets nothing."""
        decision = quote.steps[0].decision
        shares = decision.lines if decision.outcome == "refund" else ()
        amounts = (one.refund + one.tax for one in shares if one.item == str(item.woo_item_id))
        amount = next(amounts, None)
        return amount if amount else None

    @property
    def ahead(self) -> list[Step]:
        """What would come back if all is done, and until when: each amount once."""
        steps = self.quote.conditions_met.steps if self.quote else ()
        return [step for step in steps if step.decision.outcome == "refund"]


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


def show_staff_order(edges: Edges, order_id: int) -> StaffOrder:
    """Raises NoSuchOrder."""
    held = show_order(edges, order_id)
    quote, not_quoted = _quote(edges, held.order)
    order = held.order
    with edges.database.read() as transaction:
        return StaffOrder(
            held=held,
            store=stores.get_store(transaction, order.store_id),
            customer=_customer(transaction, order),
            accused=_accused(transaction, order),
            subscription=_subscription(transaction, order),
            quote=quote,
            not_quoted=not_quoted,
            notices=notices.list_notices_about(transaction, _subjects(held)),
            mails=arrivals.list_of_order(transaction, order_id),
            deeds=list_deeds(transaction, f"order:{order_id}"),
            names={f"staff:{one.id}": one.name for one in staff.list_staff(transaction)},
        )


def _customer(transaction: Connection, order: Order) -> CustomerFacts | None:
    if order.customer_id is None:
        return None
    return customers.find_customer(transaction, order.customer_id)


def _accused(transaction: Connection, order: Order) -> CustomerFacts | None:
    """Under which address of the customer's a procedure is open."""
    if order.customer_id is None:
        return None
    person = customers.list_same_person(transaction, order.customer_id)
    return next((row for row in person if row.infringement_is_open), None)


def _subscription(transaction: Connection, order: Order) -> Subscription | None:
    if order.subscription_id is None:
        return None
    return subscriptions.get_subscription(transaction, order.subscription_id)


def _quote(edges: Edges, order: Order) -> tuple[OrderQuote | None, str]:
    if order.paid_at is None:
        return None, "The order is not paid."
    try:
        return quote_order(edges, order.id), ""
    except OrderNotQuotable as because:
        return None, str(because)


def _subjects(held: OrderPage) -> list[str]:
    """What notices may be about that hang on the order."""
    return [
        f"order:{held.order.id}",
        *(f"case:{one.id}" for one in held.cases),
        *(f"request:{one.id}" for one in held.requests),
        *(f"refund:{one.id}" for one in held.refunds),
    ]


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
