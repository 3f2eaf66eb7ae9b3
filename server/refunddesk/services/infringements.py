"""The legal procedures for infringement there were against a customer, each a record of its own."""

from __future__ import annotations

from refunddesk.db import customers, infringements
from refunddesk.db.infringements import Infringement
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
