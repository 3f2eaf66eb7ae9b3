"""What staff are shown of one case: the case itself, whose it is, and what it led to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from refunddesk.db import (
    arrivals,
    customers,
    item_deliveries,
    materials,
    orders,
    requests,
    staff,
    stores,
)
from refunddesk.db.arrivals import Arrival
from refunddesk.db.history import Deed, list_deeds
from refunddesk.db.item_deliveries import ItemDelivery
from refunddesk.db.materials import Material
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.requests import RefundRequest
from refunddesk.db.stores import Store
from refunddesk.db.turns import WorkQuote
from refunddesk.services.cases import CasePage, show_case
from refunddesk.services.credentials import Shown, show_of_case
from refunddesk.services.edges import Edges


@dataclass(frozen=True, slots=True)
class StaffCase:
    """A case with its order. `names` are the staff's, by what the turns call them ("staff:3").

    `email` is the customer's, None where the store knows of none; `requests` are all refund
    requests for the order. `deliveries` are of its customization work, `materials` what explains
    the product that the report names, `credentials` the access that the customer was asked for,
    `mails` what came in for the case.
    """

    held: CasePage
    store: Store
    order: Order
    email: str | None
    requests: list[RefundRequest]
    deeds: list[Deed]
    items: list[OrderItem]
    deliveries: list[ItemDelivery]
    materials: tuple[Material, ...]
    mails: list[Arrival]
    names: Mapping[str, str]
    credentials: tuple[Shown, ...]

    @property
    def to_deliver(self) -> list[OrderItem]:
        """The customization work of the order that was not handed over yet."""
        done = {one.woo_item_id for one in self.deliveries}
        return [
            item
            for item in self.items
            if item.item_kind == "customization" and item.woo_item_id not in done
        ]

    @property
    def open_quote(self) -> WorkQuote | None:
        return next((one for one in self.held.quotes if one.state == "offered"), None)

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
        page = materials.find_page(transaction, order.store_id, held.case.report.product or "")
        return StaffCase(
            held=held,
            store=stores.get_store(transaction, order.store_id),
            order=order,
            email=customer.email if customer else None,
            requests=requests.list_requests(transaction, order.id),
            deeds=list_deeds(transaction, f"case:{case_id}"),
            items=orders.list_items(transaction, order.id),
            deliveries=item_deliveries.list_of_order(transaction, order.id),
            materials=page.materials if page else (),
            credentials=show_of_case(edges, transaction, case_id),
            mails=arrivals.list_of_case(transaction, case_id),
            names={f"staff:{one.id}": one.name for one in staff.list_staff(transaction)},
        )
