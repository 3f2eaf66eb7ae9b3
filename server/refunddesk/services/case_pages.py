"""What staff are shown of one case: the case itself, whose it is, and what it led to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from refunddesk.db import customers, orders, requests, staff, stores
from refunddesk.db.history import Deed, list_deeds
from refunddesk.db.orders import Order
from refunddesk.db.requests import RefundRequest
from refunddesk.db.stores import Store
from refunddesk.services.cases import CasePage, show_case
from refunddesk.services.edges import Edges


@dataclass(frozen=True, slots=True)
class StaffCase:
    """A case with its order. `names` are the staff's, by what the turns call them ("staff:3").

    `email` is the customer's, None where the store knows of none; `requests` are all refund
    requests for the order.
    """

    held: CasePage
    store: Store
    order: Order
    email: str | None
    requests: list[RefundRequest]
    deeds: list[Deed]
    names: Mapping[str, str]

    @property
    def seen(self) -> int:
        """The last turn that this page shows, 0 where nothing was said."""
        return self.held.turns[-1].id if self.held.turns else 0


def show_staff_case(edges: Edges, case_id: int) -> StaffCase:
    """Raises NoSuchCase."""
    held = show_case(edges, case_id)
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, held.case.order_id)
        customer = (
            customers.find_customer(transaction, order.customer_id) if order.customer_id else None
        )
        return StaffCase(
            held=held,
            store=stores.get_store(transaction, order.store_id),
            order=order,
            email=customer.email if customer else None,
            requests=requests.list_requests(transaction, order.id),
            deeds=list_deeds(transaction, f"case:{case_id}"),
            names={f"staff:{one.id}": one.name for one in staff.list_staff(transaction)},
        )
