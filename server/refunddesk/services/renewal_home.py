"""What a customer sees of their subscription: what it takes, what stops, what comes back."""

from __future__ import annotations

from dataclasses import dataclass

from refunddesk.db import cancellations, licenses, orders, requests, stores, subscriptions
from refunddesk.db.cancellations import Cancellation, CancellationKind
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.requests import RefundRequest
from refunddesk.db.stores import Store
from refunddesk.db.subscriptions import Subscription
from refunddesk.services import calling_off
from refunddesk.services.calling_off import NoSubscription
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal
from refunddesk.services.renewal_receipts import Offer, find_offer
from refunddesk.services.requests import Asking, ask_refund


class NotRenewal(Refusal):
    """The order is a first purchase: its money is asked for with a reason."""


@dataclass(frozen=True, slots=True)
class RenewalHome:
    """The subscription behind one order; `offer` is what cancelling this renewal gives back.

    `sites` are those the licences are on: they are switched off before the money goes back.
    """

    store: Store
    order: Order
    items: list[OrderItem]
    subscription: Subscription
    offer: Offer | None
    request: RefundRequest | None
    cancellation: Cancellation | None
    sites: tuple[str, ...]

    @property
    def may_take_back(self) -> bool:
        """Nobody has asked for this renewal's money yet, and the policy would give some."""
        return self.offer is not None and self.request is None

    @property
    def may_end(self) -> bool:
        held = self.subscription
        return held.status in ("active", "on-hold", "pending") and held.gone_at is None


def show_renewal(edges: Edges, order_id: int) -> RenewalHome:
    """Raises NoSubscription."""
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, order_id)
        if order.subscription_id is None:
            raise NoSubscription(f"Order {order_id} has no subscription.")
        asked = requests.list_requests(transaction, order_id)
        held = licenses.list_licenses(transaction, order.id, order.subscription_id)
        in_use = licenses.list_active(transaction, [license.id for license in held])
        home = RenewalHome(
            store=stores.get_store(transaction, order.store_id),
            order=order,
            items=orders.list_items(transaction, order_id),
            subscription=subscriptions.get_subscription(transaction, order.subscription_id),
            offer=None,
            request=asked[-1] if asked and asked[-1].state != "withdrawn" else None,
            cancellation=cancellations.find_latest(
                transaction, CancellationKind.SUBSCRIPTION, order_id
            ),
            sites=tuple(sorted(site.site for site in in_use)),
        )
    if order.kind != "renewal" or order.paid_at is None:
        return home
    return RenewalHome(
        home.store,
        order,
        home.items,
        home.subscription,
        find_offer(edges, order),
        home.request,
        home.cancellation,
        home.sites,
    )


def take_renewal_back(edges: Edges, order_id: int, request_key: str) -> None:
    """Ask for this renewal's money: no reason and no report is needed for that.

    Whether it is in time the policy says. The same key again asks nothing new. Raises NotRenewal
    and what ask_refund raises.
    """
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, order_id)
    if order.kind != "renewal":
        raise NotRenewal(f"Order {order_id} is no renewal. Nothing was asked for.")
    asking = Asking(
        store_id=order.store_id,
        woo_order_id=order.woo_order_id,
        request_key=request_key,
        channel="portal",
        from_account_address=True,
    )
    ask_refund(edges, asking, asked_by=f"order:{order_id}")


def end_subscription(edges: Edges, order_id: int) -> None:
    """Have the subscription take no more money. Raises what ask_to_end raises."""
    calling_off.ask_to_end(edges, order_id, by=f"order:{order_id}")
