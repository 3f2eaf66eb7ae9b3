"""What follows a paid refund: licences end or shrink, the subscription is cancelled, each alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk.db import licenses, orders, outbox, refunds, steps, subscriptions
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.refunds import Refund
from refunddesk.db.steps import Step, StepKind, StepState
from refunddesk.db.suspicions import SuspicionKind
from refunddesk.jobnames import JobName
from refunddesk.services import license_terms
from refunddesk.services import licenses as licensing
from refunddesk.services.edges import Edges
from refunddesk.services.grounds import SUBSCRIPTION_STAYS, find_ground
from refunddesk.services.stores import open_client
from refunddesk.services.use_after_refund import raise_suspicion
from refunddesk.woocommerce.client import StoreRefused
from refunddesk.woocommerce.endings import cancel_subscription

_ACTOR = "payments"


_ENDS_SUBSCRIPTION = frozenset({"subscription_cancelled", "subscription_ends_with_period"})
# The store charges as the period ends: a day is time to try again, and to be seen to fail.
_BEFORE_THE_NEXT_CHARGE = timedelta(days=1)


class SubscriptionStillRuns(Exception):
    """The store took the wish to cancel a subscription and did not follow it."""


def plan(transaction: Connection, refund: Refund, now: datetime) -> None:
    """Write down and promise what must follow `refund`, in the transaction that found it paid."""
    order = orders.get_order(transaction, refund.order_id)
    effects = find_ground(transaction, refund).effects
    items = [item for item in orders.list_items(transaction, order.id) if item.paid]
    given_back = _given_back(transaction, order, items)
    if "license_stays" not in effects:
        for kind, target in _license_steps(transaction, order, refund, items, given_back, effects):
            _promise(transaction, refund, kind, target, now)
    if "infringement_suspected" in effects:
        for license in licenses.list_licenses(transaction, order.id, order.subscription_id):
            raise_suspicion(transaction, license, SuspicionKind.USE_AFTER_STATEMENT, now)
    if order.subscription_id is None or SUBSCRIPTION_STAYS in effects:
        return
    is_over = bool(effects & _ENDS_SUBSCRIPTION) or len(given_back) == len(items)
    if is_over and _is_last_payment(transaction, order, order.subscription_id):
        at = now
        if "subscription_ends_with_period" in effects and order.period_end_at:
            at = max(now, order.period_end_at - _BEFORE_THE_NEXT_CHARGE)
        kind = StepKind.CANCEL_SUBSCRIPTION
        _promise(transaction, refund, kind, order.subscription_id, now, due_at=at)


def take_step(edges: Edges, step_id: int) -> None:
    """Take the step if it is still due; taken again it changes nothing.

    Raises StoreCallFailed when the store cannot be asked; the step is still due then.
    """
    with edges.database.read() as transaction:
        step = steps.get_step(transaction, step_id)
    if step.state != StepState.DUE:
        return
    _TAKERS[step.kind](edges, step)


def _given_back(
    transaction: Connection, order: Order, items: Collection[OrderItem]
) -> list[OrderItem]:
    """The lines given back whole."""
    left = license_terms.left_of_lines(transaction, order)
    if left is None:
        # The order's currency changed under the refund. The money is paid all the same; only
        # the decision's own effects follow.
        return []
    return [item for item in items if license_terms.is_given_back(item, left)]


def _license_steps(
    transaction: Connection,
    order: Order,
    refund: Refund,
    items: Collection[OrderItem],
    given_back: Collection[OrderItem],
    effects: frozenset[str],
) -> Iterator[tuple[StepKind, int]]:
    """What the refund does to licences: each step with what it is taken on.

    Licences of lines given back whole end. Where the decision ends the right to use, so do those
    of every product the refund touches, also where an earlier order of the subscription bought
    them; where it shortens it, they expire when they would have without this payment. Refunded
    extra domains take their sites back. Everything else of the order stays as it is.
    """
    refunded_lines = {line.woo_item_id for line in refund.lines}
    whole = {item.id for item in given_back}
    touched = {item.product for item in items if item.woo_item_id in refunded_lines}
    for held in licenses.list_licenses(transaction, order.id, order.subscription_id):
        is_touched = held.product in touched
        if held.order_item_id in whole or ("license_ends" in effects and is_touched):
            yield StepKind.END_LICENSE, held.id
        elif "license_expires_earlier" in effects and is_touched:
            yield StepKind.SET_BACK_EXPIRY, held.id
    for item in items:
        if item.item_kind == "additional_domain" and item.woo_item_id in refunded_lines:
            yield StepKind.TAKE_BACK_SITES, item.id


def _is_last_payment(transaction: Connection, order: Order, subscription_id: int) -> bool:
    """Whether nothing was paid for the subscription after `order`.

    An earlier payment given back leaves the later one standing, and what it bought.
    """
    others = orders.list_orders_of_subscription(transaction, subscription_id)
    return not any(
        other.paid_at is not None and order.paid_at is not None and other.paid_at > order.paid_at
        for other in others
    )


def _promise(
    transaction: Connection,
    refund: Refund,
    kind: StepKind,
    target: int,
    now: datetime,
    *,
    due_at: datetime | None = None,
) -> None:
    step_id = steps.insert_step(transaction, refund.id, kind, target, now=now)
    outbox.promise(transaction, JobName.TAKE_STEP, step_id, due_at=due_at or now)


def _end_license(edges: Edges, step: Step) -> None:
    now = edges.clock()
    because = f"refund {step.refund_id} was paid"
    with edges.database.write() as transaction:
        licensing.end(edges, transaction, step.target, because, now, _ACTOR)
        _settle(transaction, step, StepState.DONE, now)


def _set_back_expiry(edges: Edges, step: Step) -> None:
    now = edges.clock()
    with edges.database.write() as transaction:
        order = orders.get_order(
            transaction, refunds.get_refund(transaction, step.refund_id).order_id
        )
        changed = license_terms.set_back_expiry(transaction, step.target, order, now, actor=_ACTOR)
        _settle(transaction, step, StepState.DONE if changed else StepState.NOT_NEEDED, now)


def _take_back_sites(edges: Edges, step: Step) -> None:
    now = edges.clock()
    with edges.database.write() as transaction:
        order = orders.get_order(
            transaction, refunds.get_refund(transaction, step.refund_id).order_id
        )
        left = license_terms.left_of_lines(transaction, order)
        lines = {item.id: item for item in orders.list_items(transaction, order.id)}
        item = lines.get(step.target)
        changed = item is not None and left is not None
        if item is not None and left is not None:
            changed = license_terms.settle_extra_sites(
                transaction, order, item, left[item.woo_item_id], now
            )
        _settle(transaction, step, StepState.DONE if changed else StepState.NOT_NEEDED, now)


def _cancel_subscription(edges: Edges, step: Step) -> None:
    with edges.database.read() as transaction:
        subscription = subscriptions.get_subscription(transaction, step.target)
    try:
        with open_client(edges, subscription.store_id) as client:
            done = cancel_subscription(client, subscription.woo_subscription_id)
    except StoreRefused as refused:
        # An unknown id is 400 here, not 404. What the store calls wrong stays wrong: a person.
        if refused.status not in (400, 404):
            raise
        state, because = StepState.FAILED, str(refused)
    else:
        if not done.has_ended:
            raise SubscriptionStillRuns(
                f"The store was asked to cancel subscription {subscription.woo_subscription_id}, "
                f"but it is {done.after}. It is asked again; see the subscription in the store."
            )
        state = StepState.DONE if done.written else StepState.NOT_NEEDED
        because = f"{done.before} -> {done.after}"
    now = edges.clock()
    with edges.database.write() as transaction:
        _settle(transaction, step, state, now, because)
        outbox.promise(
            transaction,
            JobName.RECORD_SUBSCRIPTION,
            f"{subscription.store_id}:{subscription.woo_subscription_id}",
            due_at=now,
        )


def _settle(
    transaction: Connection,
    step: Step,
    state: StepState,
    now: datetime,
    because: str | None = None,
) -> None:
    if not steps.settle_step(transaction, step, state, now=now, because=because):
        return
    record_deed(
        transaction,
        at=now,
        actor=_ACTOR,
        action=f"step_{state.value}",
        subject=f"refund:{step.refund_id}",
        data={"step": step.kind.value, "target": step.target, "because": because},
    )


_TAKERS: Mapping[StepKind, Callable[[Edges, Step], None]] = {
    StepKind.END_LICENSE: _end_license,
    StepKind.SET_BACK_EXPIRY: _set_back_expiry,
    StepKind.TAKE_BACK_SITES: _take_back_sites,
    StepKind.CANCEL_SUBSCRIPTION: _cancel_subscription,
}
