"""Legal procedures for infringement against customers, and what they buy while one is open."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import customers, infringements
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.infringements import Infringement, OpenInfringement
from refunddesk.db.orders import Order
from refunddesk.services.alarms import keep_alarm
from refunddesk.services.customers import NoSuchCustomer
from refunddesk.services.edges import Edges


def list_of_customer(edges: Edges, customer_id: int) -> list[Infringement]:
    """All procedures against the person, whatever address or account it was, oldest first.

    Raises NoSuchCustomer.
    """
    with edges.database.read() as transaction:
        if customers.find_customer(transaction, customer_id) is None:
            raise NoSuchCustomer(f"There is no customer {customer_id}.")
        people = [row.id for row in customers.list_same_person(transaction, customer_id)]
        return infringements.list_infringements(transaction, people)


def list_open(edges: Edges) -> list[OpenInfringement]:
    """The procedures that are not settled, oldest first."""
    with edges.database.read() as transaction:
        return infringements.list_open(transaction)


def flag_order(transaction: Connection, order: Order, now: datetime) -> None:
    """Raise an alarm for a new order of somebody a procedure is open against (R-1A).

    The store sold it all the same: only a person can say whether it is to stand.
    """
    if order.customer_id is None or not is_accused(transaction, order.customer_id):
        return
    keep_alarm(
        transaction,
        order.store_id,
        AlarmKind.ORDER_OF_INFRINGER,
        f"order:{order.id}",
        trouble=f"Order {order.number} was bought by a customer against whom a procedure for "
        "infringement is open. No licence of it can be switched on, and nothing is refunded: "
        "decide in the store whether it stands.",
        now=now,
    )


def is_accused(transaction: Connection, customer_id: int) -> bool:
    """Whether a procedure is open against the person, under whatever address or account."""
    return any(
        row.infringement_is_open for row in customers.list_same_person(transaction, customer_id)
    )
