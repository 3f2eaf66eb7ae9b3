"""Records subscriptions as the store tells them when asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import erasures, inbox, orders, outbox, stores, subscriptions
from refunddesk.db.history import record_deed
from refunddesk.db.subscriptions import Subscription
from refunddesk.jobnames import JobName
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import quarantine, subject_of
from refunddesk.services.order_facts import subscription_facts
from refunddesk.services.stores import open_client
from refunddesk.woocommerce.payloads import (
    SubscriptionBody,
    UnusableBody,
    read_subscription,
)
from refunddesk.worktime import zone


def record_subscription(
    edges: Edges, store_id: int, woo_subscription_id: int
) -> SubscriptionBody | None:
    """Ask the store for the subscription and record it; what it said, None if it has none.

    Its orders are looked at anew if how it bills has changed.
    """
    read_at = edges.clock()
    with edges.database.read() as transaction:
        store = stores.get_store(transaction, store_id)
    with open_client(edges, store_id) as client:
        answer = client.find_subscription(woo_subscription_id)
    if answer is None:
        _record_subscription_gone(edges, store_id, woo_subscription_id, read_at)
        return None
    try:
        body = read_subscription(answer, timezone=zone(store.timezone))
    except UnusableBody as fault:
        quarantine(edges, store_id, "subscription", woo_subscription_id, fault.reason, str(fault))
        return None
    with edges.database.write() as transaction:
        before = subscriptions.find_subscription(transaction, store_id, woo_subscription_id)
        now = subscriptions.record_subscription(
            transaction, store_id, woo_subscription_id, subscription_facts(body), read_at=read_at
        )
        _tell_subscription(transaction, before, now, read_at)
        inbox.release_object(transaction, store_id, "subscription", woo_subscription_id, at=read_at)
        if erasures.is_subscription_of_erased(transaction, now.id):
            inbox.drop_bodies(transaction, store_id, "subscription", woo_subscription_id)
    return body


def _tell_subscription(
    transaction: Connection, before: Subscription | None, now: Subscription, at: datetime
) -> None:
    if before and replace(before, recorded_at=now.recorded_at) == now:
        return
    record_deed(
        transaction,
        at=at,
        actor=f"store:{now.store_id}",
        action="subscription_recorded",
        subject=f"subscription:{now.id}",
        data={"status": now.status, "billing": now.billing},
    )
    bills = (now.billing_period, now.billing_interval, now.woo_parent_id)
    if before and bills == (before.billing_period, before.billing_interval, before.woo_parent_id):
        return
    paid_by = orders.list_orders_of_subscription(transaction, now.id)
    for woo_order_id in {order.woo_order_id for order in paid_by} | {now.woo_parent_id}:
        if woo_order_id is not None:
            subject = subject_of(now.store_id, woo_order_id)
            outbox.promise(transaction, JobName.RECORD_ORDER, subject, due_at=at)


def _record_subscription_gone(
    edges: Edges, store_id: int, woo_subscription_id: int, now: datetime
) -> None:
    with edges.database.write() as transaction:
        known = subscriptions.find_subscription(transaction, store_id, woo_subscription_id)
        if known is None:
            detail = f"The store has no subscription {woo_subscription_id}, and we never saw it."
            inbox.quarantine_object(
                transaction,
                store_id,
                "subscription",
                woo_subscription_id,
                because="subscription_gone",
                detail=detail,
            )
        elif known.gone_at is None:
            subscriptions.record_subscription_gone(
                transaction, store_id, woo_subscription_id, at=now
            )
            record_deed(
                transaction,
                at=now,
                actor=f"store:{store_id}",
                action="subscription_gone",
                subject=f"subscription:{known.id}",
            )
