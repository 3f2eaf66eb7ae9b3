"""Records orders, and the refunds made on them, as the store tells them when asked."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection

from refunddesk.db import inbox, orders, outbox, store_refunds, stores, subscriptions
from refunddesk.db.freshness import is_older
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order, OrderFacts, OrderItem
from refunddesk.db.store_refunds import StoreRefund
from refunddesk.db.stores import ItemRule, Store
from refunddesk.db.subscriptions import Subscription
from refunddesk.jobnames import JobName
from refunddesk.services import duplicates
from refunddesk.services.bookkeeping import book_order
from refunddesk.services.buyers import forget_bodies, record_buyer
from refunddesk.services.called_off import watch_closed
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import quarantine, read_closely, subject_of
from refunddesk.services.infringements import flag_order
from refunddesk.services.item_kinds import classify
from refunddesk.services.license_terms import issue_for_order, settle_terms
from refunddesk.services.order_facts import (
    changes_since_payment,
    order_facts,
    subscription_facts,
)
from refunddesk.services.order_look import NoOrder, NotThere, Seen, look
from refunddesk.services.renewals import record_paid
from refunddesk.services.requests import order_changed
from refunddesk.services.stores import open_client
from refunddesk.woocommerce.client import StoreRefused
from refunddesk.woocommerce.payloads import UnusableBody
from refunddesk.worktime import zone

log = structlog.get_logger(__name__)

_REFUNDS_LOOKED_BACK = timedelta(days=7)
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def record_order(edges: Edges, store_id: int, woo_order_id: int) -> None:
    """Ask the store for the order and its refunds, and record, book and pass on what it says.

    Safe to run at any time and by two workers at once: what is known is never replaced by
    something older. Raises what the store's client raises; nothing is changed then.
    """
    read_at = edges.clock()
    read_closely(edges, store_id, woo_order_id)
    with edges.database.read() as transaction:
        store = stores.get_store(transaction, store_id)
        rules = stores.list_item_rules(transaction, store_id)
    try:
        with open_client(edges, store_id) as client:
            seen = look(edges, client, store, rules, woo_order_id, read_at)
    except UnusableBody as fault:
        quarantine(edges, store_id, "order", woo_order_id, fault.reason, str(fault))
        return
    with edges.database.write() as transaction:
        if isinstance(seen, Seen):
            _record(transaction, edges, store, rules, seen)
        elif isinstance(seen, NotThere):
            _record_gone(transaction, store_id, woo_order_id, read_at)
        else:
            _skip(transaction, store_id, woo_order_id, seen, read_at)


def record_refund(edges: Edges, store_id: int, woo_refund_id: int) -> None:
    """Find out which order a refund row belongs to, and have that order looked at."""
    now = edges.clock()
    with edges.database.read() as transaction:
        woo_order_id = store_refunds.find_order_of_store_refund(
            transaction, store_id, woo_refund_id
        )
    if woo_order_id is None:
        woo_order_id = _ask_order_of_refund(edges, store_id, woo_refund_id, now)
    if woo_order_id is None:
        detail = f"The store names no order for refund {woo_refund_id}: look at it there."
        quarantine(edges, store_id, "refund", woo_refund_id, "refund_not_found", detail)
        return
    with edges.database.write() as transaction:
        outbox.promise(
            transaction, JobName.RECORD_ORDER, subject_of(store_id, woo_order_id), due_at=now
        )
        inbox.release_object(transaction, store_id, "refund", woo_refund_id, at=now)


def _record(
    transaction: Connection, edges: Edges, store: Store, rules: list[ItemRule], seen: Seen
) -> None:
    # Rows are locked in this sequence everywhere: subscription, customer, order.
    now, body = seen.read_at, seen.body
    subscription = _subscription(transaction, store.id, seen)
    customer_id = record_buyer(transaction, edges, store.id, body)
    for product in seen.products.values():
        stores.record_product(transaction, store.id, product)
    bought = classify(body.lines, rules, seen.products)
    facts = order_facts(
        body,
        customer_id=customer_id,
        subscription=subscription,
        lifetime=bought.lifetime,
        zone=zone(store.timezone),
        read_at=now,
        remarks=(*seen.remarks, *bought.remarks),
    )
    is_new = orders.insert_order_once(transaction, store.id, body.woo_order_id, facts, now)
    before = orders.lock_order_of_store(transaction, store.id, body.woo_order_id)
    assert before is not None
    forget_bodies(transaction, store.id, customer_id, body.woo_order_id)
    if is_older(facts.modified_at, now, before.modified_at, before.recorded_at):
        return
    known = _known(transaction, before)
    orders.update_order(transaction, before.id, _carried_on(before, facts), read_at=now)
    orders.record_items(transaction, before.id, bought.items, at=now)
    _record_refunds(transaction, before, seen)
    order = orders.get_order(transaction, before.id)
    changed = ["new"] if is_new else _changes(known, _known(transaction, order))
    duplicates.record_two_captures(transaction, before, order, now)
    _follow_up(transaction, edges, order, changed, now)


def _follow_up(
    transaction: Connection, edges: Edges, order: Order, changed: list[str], now: datetime
) -> None:
    """What the order's facts lead to: books, licences, and a new look at what waits for it."""
    book_order(transaction, order, now)
    if order.paid_at and order.gone_at is None:
        items = orders.list_items(transaction, order.id)
        issue_for_order(transaction, order, items, now, edges.random_bytes)
        settle_terms(edges, transaction, order, items, now)
        record_paid(transaction, order, now, is_news=bool({"new", "paid_at"} & {*changed}))
    inbox.release_object(transaction, order.store_id, "order", order.woo_order_id, at=now)
    if not changed:
        return
    record_deed(
        transaction,
        at=now,
        actor=f"store:{order.store_id}",
        action="order_recorded",
        subject=f"order:{order.id}",
        data={
            "changed": changed,
            "status": order.status,
            "total": str(order.total),
            "currency": order.currency,
        },
    )
    if "paid_at" in changed:
        watch_closed(transaction, order, now)
    duplicates.promise_look(transaction, order, now)
    order_changed(transaction, order.id, now)
    if changed == ["new"]:
        flag_order(transaction, order, now)


def _subscription(transaction: Connection, store_id: int, seen: Seen) -> Subscription | None:
    if seen.subscription is not None:
        return subscriptions.record_subscription(
            transaction,
            store_id,
            seen.subscription.woo_subscription_id,
            subscription_facts(seen.subscription),
            read_at=seen.read_at,
        )
    if seen.related_id is None:
        return None
    return subscriptions.find_subscription(transaction, store_id, seen.related_id)


def _carried_on(before: Order, facts: OrderFacts) -> OrderFacts:
    """The new facts with what an order keeps: since when it is gone, and what changed."""
    gone_at = (before.gone_at or facts.gone_at) if facts.gone_at else None
    kept = changes_since_payment(before, facts)
    return replace(facts, gone_at=gone_at, remarks=(*facts.remarks, *kept))


def _record_refunds(transaction: Connection, order: Order, seen: Seen) -> None:
    for facts in seen.refunds:
        store_refunds.record_store_refund(
            transaction,
            store_id=order.store_id,
            order_id=order.id,
            facts=facts,
            now=seen.read_at,
        )
    store_refunds.record_store_refunds_gone(
        transaction,
        order.id,
        still_there=[facts.woo_refund_id for facts in seen.refunds],
        at=seen.read_at,
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What an order and its parts are in the database, to tell whether they change."""

    order: Order
    items: list[OrderItem]
    refunds: list[StoreRefund]


def _known(transaction: Connection, order: Order) -> _Known:
    """All of it but for when we looked."""
    rows = store_refunds.list_store_refunds(transaction, order.id)
    return _Known(
        replace(order, recorded_at=_NEVER),
        orders.list_items(transaction, order.id),
        [replace(row, recorded_at=_NEVER) for row in rows],
    )


def _changes(before: _Known, after: _Known) -> list[str]:
    """The names of what differs; empty when the store said what we knew."""
    names = [item.name for item in fields(Order)]
    changed = [name for name in names if getattr(before.order, name) != getattr(after.order, name)]
    if before.items != after.items:
        changed.append("items")
    if before.refunds != after.refunds:
        changed.append("refunds")
    return changed


def _record_gone(transaction: Connection, store_id: int, woo_order_id: int, now: datetime) -> None:
    order = orders.lock_order_of_store(transaction, store_id, woo_order_id)
    if order is None:
        inbox.quarantine_object(
            transaction,
            store_id,
            "order",
            woo_order_id,
            because="order_gone",
            detail=f"The store has no order {woo_order_id} any more, and we never saw it.",
        )
        return
    if order.gone_at is not None:
        return
    orders.record_order_gone(transaction, order.id, at=now)
    record_deed(
        transaction,
        at=now,
        actor=f"store:{store_id}",
        action="order_gone",
        subject=f"order:{order.id}",
    )
    order_changed(transaction, order.id, now)


def _skip(
    transaction: Connection, store_id: int, woo_order_id: int, found: NoOrder, now: datetime
) -> None:
    log.info("not an order", store=store_id, woo_order=woo_order_id, because=found.because)
    if found.is_subscription:
        subject = subject_of(store_id, woo_order_id)
        outbox.promise(transaction, JobName.RECORD_SUBSCRIPTION, subject, due_at=now)


def _ask_order_of_refund(
    edges: Edges, store_id: int, woo_refund_id: int, now: datetime
) -> int | None:
    try:
        with open_client(edges, store_id) as client:
            rows = client.list_refunds(now - _REFUNDS_LOOKED_BACK)
    except StoreRefused as refused:
        if refused.code == "rest_no_route":  # before WooCommerce 9.0
            return None
        raise
    for row in rows:
        if row.get("id") == woo_refund_id:
            parent_id = row.get("parent_id")
            return parent_id if type(parent_id) is int and parent_id > 0 else None
    return None
