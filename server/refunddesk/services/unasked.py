"""Builds the claims of many orders that nobody asked a refund for, with a few queries for all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from sqlalchemy import Connection

from refunddesk.db import customers, disputes, orders
from refunddesk.db.customers import CustomerFacts, RefundedProduct
from refunddesk.db.disputes import Dispute
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.stores import Store
from refunddesk.money import Money
from refunddesk.policy import claim as facts
from refunddesk.policy.claim import Claim, ClaimNotValid
from refunddesk.policy.replay import as_if_asked
from refunddesk.services.claims import breaches_of, infringement_of, item_facts
from refunddesk.services.order_facts import why_a_person


@dataclass(frozen=True, slots=True)
class Persons:
    """Which customers of a store are one person; who bought since it was read stands alone."""

    of: Mapping[int, int]  # customer -> the lowest id of the person
    members: Mapping[int, Sequence[int]]

    def find(self, customer_id: int) -> int:
        return self.of.get(customer_id, customer_id)


def read_persons(transaction: Connection, store_id: int) -> Persons:
    of = customers.list_persons(transaction, store_id)
    members: dict[int, list[int]] = {}
    for customer_id, person in of.items():
        members.setdefault(person, []).append(customer_id)
    return Persons(of, members)


@dataclass(frozen=True, slots=True)
class _Bought:
    """What is known of a group of orders: lines, disputes, and who the customers are."""

    items: Mapping[int, Sequence[OrderItem]]
    disputes: Mapping[int, Sequence[Dispute]]
    people: Mapping[int, Sequence[CustomerFacts]]  # by the lowest id of the person
    refunded: Mapping[int, Sequence[RefundedProduct]]  # by the same
    persons: Persons


def build_unasked_claims(
    transaction: Connection,
    store: Store,
    found: Sequence[Order],
    persons: Persons,
    after: timedelta,
) -> Iterator[tuple[Order, Claim | ClaimNotValid]]:
    """Each order with its claim, asked for `after` the payment with every condition met.

    Nothing counts as given back before: what was paid is the other side of the comparison. An
    order whose facts contradict each other, or that a person must look at, has the reason
    instead.
    """
    bought = _read(transaction, found, persons)
    for order in found:
        try:
            because = why_a_person(order)
            if because:
                raise ClaimNotValid("order", because)
            yield order, as_if_asked(_as_bought(store, order, bought), after)
        except ClaimNotValid as trouble:
            yield order, trouble


def _read(transaction: Connection, found: Sequence[Order], persons: Persons) -> _Bought:
    ids = [order.id for order in found]
    wanted = {persons.find(order.customer_id) for order in found if order.customer_id is not None}
    same = [member for person in wanted for member in persons.members.get(person, (person,))]
    people: dict[int, list[CustomerFacts]] = {}
    for customer in customers.list_customers(transaction, same):
        people.setdefault(persons.find(customer.id), []).append(customer)
    refunded: dict[int, list[RefundedProduct]] = {}
    for product in customers.list_refunded_products(transaction, same):
        refunded.setdefault(persons.find(product.customer_id), []).append(product)
    return _Bought(
        items=orders.list_items_of_orders(transaction, ids),
        disputes=disputes.list_disputes_of_orders(transaction, ids),
        people=people,
        refunded=refunded,
        persons=persons,
    )


def _as_bought(store: Store, order: Order, bought: _Bought) -> Claim:
    """The order as it stood when it was paid, with what its store knew of it."""
    assert order.paid_at is not None, "only paid orders are replayed"
    return Claim(
        policy=store.policy,
        store=facts.Store(timezone=store.timezone, country=store.country or None),
        order=_order(order, bought.items.get(order.id, ())),
        customer=_customer(order, bought),
        case=None,
        request=None,
        license=None,
        disputes=tuple(
            facts.Dispute(
                id=str(each.id),
                opened_at=each.opened_at,
                status=cast(facts.DisputeStatus, each.status),
                closed_at=each.closed_at,
            )
            for each in bought.disputes.get(order.id, ())
        ),
        judged_at=order.paid_at,
    )


def _order(order: Order, items: Sequence[OrderItem]) -> facts.Order:
    assert order.paid_at is not None, "only paid orders are replayed"
    nothing = Money.zero(order.currency, order.decimals)
    start, end = order.period_start_at, order.period_end_at
    return facts.Order(
        id=str(order.woo_order_id),
        kind=cast(facts.OrderKind, order.kind),
        billing=cast(facts.Billing, order.billing),
        paid_at=order.paid_at,
        currency=order.currency,
        items=tuple(item_facts(item, nothing) for item in items),
        refunded=nothing,
        period=facts.Period(start=start, end=end) if start and end else None,
        # The earliest these can be, so that a window counted from them closes no later.
        delivered_at=order.completed_at or order.paid_at,
        activated_at=order.paid_at,
        first_used_at=order.paid_at,
        gateway_fee=order.gateway_fee,
        promotion=order.promotion,
        payment_method=order.payment_method or None,
    )


def _customer(order: Order, bought: _Bought) -> facts.Customer:
    if order.customer_id is None:
        return facts.Customer(breaches=())
    person = bought.persons.find(order.customer_id)
    people = bought.people[person]
    buyer = next(each for each in people if each.id == order.customer_id)
    return facts.Customer(
        infringement=infringement_of(people),
        earlier_refunds=tuple(
            facts.EarlierRefund(
                id=each.marker,
                order_id=str(each.woo_order_id),
                product=each.product,
                refunded_at=each.refunded_at,
            )
            for each in bought.refunded.get(person, ())
        ),
        country=buyer.country or None,
        is_consumer=buyer.is_consumer,
        breaches=breaches_of(people),
    )
