"""What staff are shown of one customer: orders, suspicions, and legal procedures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from refunddesk.db import customers, infringements, orders, staff, stores, suspicions
from refunddesk.db.customers import CustomerFacts
from refunddesk.db.history import Deed, list_deeds
from refunddesk.db.infringements import Infringement
from refunddesk.db.orders import Order
from refunddesk.db.stores import Store
from refunddesk.db.suspicions import Suspicion
from refunddesk.services.customers import NoSuchCustomer
from refunddesk.services.edges import Edges

MOST_ORDERS = 50


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """One customer. `person` is every address and account of theirs, the customer's own included.

    What follows is of the whole person: the newest MOST_ORDERS orders, newest first, and all
    suspicions and procedures, oldest first. `names` are the staff's, by what the rows call them.
    """

    customer: CustomerFacts
    store: Store
    person: list[CustomerFacts]
    orders: list[Order]
    suspicions: list[Suspicion]
    infringements: list[Infringement]
    deeds: list[Deed]
    names: Mapping[str, str]

    @property
    def accused(self) -> CustomerFacts | None:
        """The address under which a procedure is open."""
        return next((row for row in self.person if row.infringement_is_open), None)


def show_customer(edges: Edges, customer_id: int) -> CustomerPage:
    """Raises NoSuchCustomer."""
    with edges.database.read() as transaction:
        customer = customers.find_customer(transaction, customer_id)
        if customer is None:
            raise NoSuchCustomer(f"There is no customer {customer_id}.")
        person = customers.list_same_person(transaction, customer_id)
        ids = [row.id for row in person]
        return CustomerPage(
            customer=customer,
            store=stores.get_store(transaction, customer.store_id),
            person=person,
            orders=orders.list_newest_of_customer(transaction, ids, MOST_ORDERS),
            suspicions=suspicions.list_of_customers(transaction, ids),
            infringements=infringements.list_infringements(transaction, ids),
            deeds=list_deeds(transaction, f"customer:{customer_id}"),
            names={f"staff:{one.id}": one.name for one in staff.list_staff(transaction)},
        )
