"""Takes down that a subscription shall end with what was paid for it, or a payment be closed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import cancellations, orders, outbox, subscriptions
from refunddesk.db.cancellations import CancellationKind
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order
from refunddesk.jobnames import JobName
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import NoSuchOrder

#: Statuses of an order whose money has not come.
UNPAID = ("pending", "failed", "on-hold")
_ENDED = ("cancelled", "pending-cancel", "expired", "switched")


class NoSubscription(Refusal):
    """The order began no subscription and renewed none, as far as we know."""


class SubscriptionEnded(Refusal):
    """The subscription takes no more money already."""


class PaymentNotStuck(Refusal):
    """The order was paid, or is closed already."""


def ask_to_end(edges: Edges, order_id: int, *, by: str) -> None:
    """Take down that the subscription of the order shall take no more money; the store is told
    after the commit. Asked again while that is under way, nothing is added.

    Raises NoSuchOrder, NoSubscription, SubscriptionEnded.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        order = _lock(transaction, order_id)
        if order.subscription_id is None:
            raise NoSubscription(f"Order {order_id} has no subscription. Nothing was changed.")
        held = subscriptions.get_subscription(transaction, order.subscription_id)
        if held.status in _ENDED or held.gone_at is not None:
            raise SubscriptionEnded(
                f"The subscription of order {order_id} is {held.status} already. Nothing was "
                "changed: nothing more is charged for it."
            )
        _take_down(transaction, CancellationKind.SUBSCRIPTION, order, by, now)


def end_by_policy(transaction: Connection, order: Order, now: datetime) -> None:
    """Have the order's subscription end with what was paid for, as a decision says."""
    if order.subscription_id is None:
        return
    held = subscriptions.get_subscription(transaction, order.subscription_id)
    if held.status not in _ENDED and held.gone_at is None:
        _take_down(transaction, CancellationKind.SUBSCRIPTION, order, "policy", now)


def ask_to_close(edges: Edges, order_id: int, *, by: str) -> None:
    """Take down that the unpaid order shall be closed, so that nothing can be paid on it later.

    Raises NoSuchOrder, PaymentNotStuck.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        order = _lock(transaction, order_id)
        if order.paid_at is not None or order.status not in UNPAID or order.gone_at is not None:
            raise PaymentNotStuck(
                f"Order {order_id} is {order.status}"
                f"{' and paid' if order.paid_at else ''}. Nothing was changed."
            )
        _take_down(transaction, CancellationKind.PAYMENT, order, by, now)


def _lock(transaction: Connection, order_id: int) -> Order:
    try:
        return orders.lock_order(transaction, order_id)
    except orders.NoSuchOrder:
        raise NoSuchOrder(f"There is no order {order_id}. Nothing was changed.") from None


def _take_down(
    transaction: Connection, kind: CancellationKind, order: Order, by: str, now: datetime
) -> None:
    wish_id = cancellations.insert_cancellation_once(
        transaction,
        store_id=order.store_id,
        kind=kind,
        order_id=order.id,
        subscription_id=order.subscription_id if kind is CancellationKind.SUBSCRIPTION else None,
        asked_by=by,
        now=now,
    )
    if wish_id is None:
        return
    record_deed(
        transaction,
        at=now,
        actor=by,
        action=f"{kind.value}_called_off",
        subject=f"order:{order.id}",
        data={"cancellation": wish_id},
    )
    outbox.promise(transaction, JobName.CALL_OFF, wish_id, due_at=now)
