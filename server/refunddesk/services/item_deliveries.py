"""Customization work handed over: supported for a month from then (S-5)."""

from __future__ import annotations

from datetime import datetime

from refunddesk.db import item_deliveries, orders, stores
from refunddesk.db.history import record_deed
from refunddesk.db.item_deliveries import ItemDelivery
from refunddesk.services.edges import Edges
from refunddesk.services.instants import past_instant
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import NoSuchOrder
from refunddesk.worktime import Span, span_end, zone

_SUPPORTED_FOR = Span(1, "months")


class NotCustomization(Refusal):
    """The order has no such line of customization work."""


class DeliveredAlready(Refusal):
    """The work was handed over before."""


def record_delivery(
    edges: Edges, order_id: int, woo_item_id: int, *, delivered_at: datetime | None, by: str
) -> ItemDelivery:
    """Take down that customization work was handed over, now or at `delivered_at`.

    Raises NoSuchOrder, NotCustomization, DeliveredAlready, InstantInFuture.
    """
    now = edges.clock()
    at = past_instant("delivered_at", delivered_at, now) if delivered_at else now
    with edges.database.write() as transaction:
        try:
            order = orders.lock_order(transaction, order_id)
        except orders.NoSuchOrder:
            raise NoSuchOrder(f"There is no order {order_id}. Nothing was kept.") from None
        items = {item.woo_item_id: item for item in orders.list_items(transaction, order_id)}
        item = items.get(woo_item_id)
        if item is None or item.item_kind != "customization":
            raise NotCustomization(
                f"Line {woo_item_id} of order {order.woo_order_id} is no customization work. "
                "Nothing was kept."
            )
        store = stores.get_store(transaction, order.store_id)
        until = span_end(_SUPPORTED_FOR, at, zone(store.timezone))
        if not item_deliveries.insert_delivery_once(
            transaction, item.id, delivered_at=at, supported_until=until, by=by
        ):
            raise DeliveredAlready(
                f"Line {woo_item_id} was handed over before. Nothing was changed."
            )
        record_deed(
            transaction,
            at=now,
            actor=by,
            action="customization_delivered",
            subject=f"order:{order_id}",
            data={"item": woo_item_id, "supported_until": until.isoformat()},
        )
    return ItemDelivery(item.id, woo_item_id, at, until, by)
