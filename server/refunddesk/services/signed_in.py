"""A customer who is signed in to their store, as its bridge names them, and their orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from refunddesk.db import customers, orders
from refunddesk.db.orders import Order
from refunddesk.services.edges import Edges
from refunddesk.services.requests import NoSuchOrder


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whom the store lets act: the account's number there, and its address."""

    store_id: int
    woo_customer_id: int
    email: str = field(repr=False)


def get_own_order(edges: Edges, who: SignedIn, woo_order_id: int) -> Order:
    """The customer's order by the store's number.

    Raises NoSuchOrder, also for somebody else's: nobody learns here which orders there are.
    """
    with edges.database.read() as transaction:
        own = _find_own(transaction, who, woo_order_id)
    if own is None:
        raise NoSuchOrder(f"This customer has no order {woo_order_id} here. Nothing was done.")
    return own


def list_own_orders(edges: Edges, who: SignedIn, woo_order_ids: Sequence[int]) -> list[Order]:
    """Those of these orders that are the customer's, in the sequence asked for."""
    with edges.database.read() as transaction:
        found = [_find_own(transaction, who, number) for number in woo_order_ids]
    return [order for order in found if order is not None]


def _find_own(transaction: Connection, who: SignedIn, woo_order_id: int) -> Order | None:
    """By account or by address.

    Two accounts may have bought with one address, of which our row knows the last one: each is let
    in to what was bought with an address of theirs. Which order is whose is the store's to say
    first; its bridge asks WooCommerce before it asks us.
    """
    order = orders.find_order(transaction, who.store_id, woo_order_id)
    if order is None or order.customer_id is None:
        return None
    customer = customers.find_customer(transaction, order.customer_id)
    if customer is None:
        return None
    is_account = customer.woo_customer_id == who.woo_customer_id
    is_address = bool(who.email) and customer.email.casefold() == who.email.strip().casefold()
    return order if is_account or is_address else None
