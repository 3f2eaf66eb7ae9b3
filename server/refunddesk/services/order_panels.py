"""Gathers what the store's own order page shows its people of the desk."""

from __future__ import annotations

from dataclasses import dataclass

from refunddesk.db import orders
from refunddesk.policy.wording import Language
from refunddesk.services import order_home
from refunddesk.services.desk import Judgement, RequestPage
from refunddesk.services.edges import Edges
from refunddesk.services.order_home import OrderHome
from refunddesk.services.requests import NoSuchOrder


@dataclass(frozen=True, slots=True)
class OrderPanel:
    """An order as its customer sees it, and its last request as staff do."""

    home: OrderHome

    @property
    def asked(self) -> RequestPage | None:
        """None: nobody asked."""
        return self.home.asked

    @property
    def latest(self) -> Judgement | None:
        """The newest judgement."""
        return self.asked.judgements[0] if self.asked and self.asked.judgements else None


def show_panel(edges: Edges, store_id: int, woo_order_id: int, language: Language) -> OrderPanel:
    """Raises NoSuchOrder."""
    with edges.database.read() as transaction:
        order = orders.find_order(transaction, store_id, woo_order_id)
    if order is None:
        raise NoSuchOrder("The desk has not seen this order yet.")
    return OrderPanel(order_home.show_order(edges, order.id, language, "staff"))
