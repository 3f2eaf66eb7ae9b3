"""Tells stores what was called off: subscriptions end, stuck payments are closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import cancellations, orders, outbox, stores, subscriptions
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.cancellations import Cancellation, CancellationKind, CancellationState
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order
from refunddesk.jobnames import JobName
from refunddesk.mail.notices import NoticeKind
from refunddesk.services.alarms import keep_alarm
from refunddesk.services.calling_off import UNPAID
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import subject_of
from refunddesk.services.notices import tell_customer
from refunddesk.services.stores import open_client
from refunddesk.services.subscriptions import record_subscription
from refunddesk.woocommerce.client import StoreClient, StoreRefused
from refunddesk.woocommerce.endings import close_order, end_subscription
from refunddesk.woocommerce.payloads import OrderBody, read_order
from refunddesk.worktime import zone

_ACTOR = "cancellations"


class SubscriptionNotEnded(Exception):
    """The store took the wish to end a subscription and did not follow it."""


def call_off(edges: Edges, cancellation_id: int) -> None:
    """Tell the store, if that is still to be done. Raises StoreCallFailed; it is still due then."""
    with edges.database.read() as transaction:
        wish = cancellations.get_cancellation(transaction, cancellation_id)
        order = orders.get_order(transaction, wish.order_id)
    if wish.state is CancellationState.DUE:
        _CALLERS[wish.kind](edges, wish, order)


def watch_closed(transaction: Connection, order: Order, now: datetime) -> None:
    """Raise an alarm where money came for a payment that staff had closed."""
    wish = cancellations.find_latest(transaction, CancellationKind.PAYMENT, order.id)
    if wish is not None and wish.state is CancellationState.DONE:
        _raise_alarm(transaction, order, now)


def _end_subscription(edges: Edges, wish: Cancellation, order: Order) -> None:
    assert wish.subscription_id
    with edges.database.read() as transaction:
        held = subscriptions.get_subscription(transaction, wish.subscription_id)
    try:
        with open_client(edges, wish.store_id) as client:
            done = end_subscription(client, held.woo_subscription_id)
    except StoreRefused as refused:
        # An unknown id is 400 here, not 404. What the store calls wrong stays wrong: a person.
        if refused.status not in (400, 404):
            raise
        _settle(edges, wish, order, CancellationState.FAILED, str(refused))
        return
    if not done.takes_no_more:
        raise SubscriptionNotEnded(
            f"The store was asked to end subscription {held.woo_subscription_id}, but it is "
            f"{done.after}. It is asked again; see the subscription in the store."
        )
    body = record_subscription(edges, wish.store_id, held.woo_subscription_id)
    state = CancellationState.DONE if done.written else CancellationState.NOT_NEEDED
    until = body.ends_at if body else None
    _settle(edges, wish, order, state, f"{done.before} -> {done.after}", until=until)


def _close_payment(edges: Edges, wish: Cancellation, order: Order) -> None:
    """Close the order in the store, and look again: the money may have come in between."""
    with edges.database.read() as transaction:
        timezone = stores.get_store(transaction, wish.store_id).timezone
    with open_client(edges, wish.store_id) as client:
        seen = _look(client, order, timezone)
        if seen is not None and seen.paid_at is None and seen.status in UNPAID:
            close_order(client, order.woo_order_id)
            seen = _look(client, order, timezone)
    if seen is None:
        state, because = CancellationState.NOT_NEEDED, "the store has no such order any more"
    elif seen.paid_at is not None:
        state, because = CancellationState.NOT_NEEDED, f"it is paid, and {seen.status}"
    elif seen.status == "cancelled":
        state, because = CancellationState.DONE, "it is cancelled"
    else:
        state, because = CancellationState.FAILED, f"it is {seen.status}"
    is_paid_and_closed = seen is not None and seen.paid_at and seen.status == "cancelled"
    _settle(edges, wish, order, state, because, alarm=bool(is_paid_and_closed))


def _look(client: StoreClient, order: Order, timezone: str) -> OrderBody | None:
    body = client.find_order(order.woo_order_id)
    return read_order(body, timezone=zone(timezone)) if body is not None else None


def _settle(
    edges: Edges,
    wish: Cancellation,
    order: Order,
    state: CancellationState,
    because: str,
    *,
    until: datetime | None = None,
    alarm: bool = False,
) -> None:
    now = edges.clock()
    with edges.database.write() as transaction:
        if not cancellations.settle_cancellation(
            transaction, wish, state, now=now, because=because
        ):
            return
        record_deed(
            transaction,
            at=now,
            actor=_ACTOR,
            action=f"{wish.kind.value}_call_off_{state.value}",
            subject=f"order:{order.id}",
            data={"cancellation": wish.id, "because": because},
        )
        if alarm:
            _raise_alarm(transaction, order, now)
        if wish.kind is CancellationKind.PAYMENT:
            subject = subject_of(order.store_id, order.woo_order_id)
            outbox.promise(transaction, JobName.RECORD_ORDER, subject, due_at=now)
        elif state is not CancellationState.FAILED:
            _tell_ended(transaction, wish, order, until, now)


def _tell_ended(
    transaction: Connection,
    wish: Cancellation,
    order: Order,
    until: datetime | None,
    now: datetime,
) -> None:
    tell_customer(
        transaction,
        NoticeKind.SUBSCRIPTION_ENDED,
        order,
        about=f"order:{order.id}",
        reference=f"subscription_ended:{wish.id}",
        facts={"until": until.isoformat() if until and until > now else None},
        now=now,
    )


def _raise_alarm(transaction: Connection, order: Order, now: datetime) -> None:
    keep_alarm(
        transaction,
        order.store_id,
        AlarmKind.PAID_AFTER_CLOSING,
        f"order:{order.id}",
        trouble=f"Order {order.number} was closed as unpaid, and its money came all the same: "
        "open it again in the store, or give the money back there.",
        now=now,
    )


_CALLERS: Mapping[CancellationKind, Callable[[Edges, Cancellation, Order], None]] = {
    CancellationKind.SUBSCRIPTION: _end_subscription,
    CancellationKind.PAYMENT: _close_payment,
}
