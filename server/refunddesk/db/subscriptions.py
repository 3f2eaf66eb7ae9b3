"""Our copy of the stores' subscriptions: how they bill and how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.freshness import is_older
from refunddesk.db.tables import subscriptions
from refunddesk.money import Money


class NoSuchSubscription(LookupError):
    """No subscription has this id."""


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    """What the store said of one subscription. `billing` is monthly, yearly, or None for others.

    `woo_parent_id` is the order that began it; one made by hand has none.
    """

    status: str
    billing: str | None
    billing_period: str
    billing_interval: int
    woo_parent_id: int | None
    total: Money | None
    started_at: datetime | None
    trial_ends_at: datetime | None
    next_payment_at: datetime | None
    cancelled_at: datetime | None
    ended_at: datetime | None
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Subscription(SubscriptionFacts):
    """One recorded subscription: `id` is ours, `woo_subscription_id` the store's."""

    id: int
    store_id: int
    woo_subscription_id: int
    recorded_at: datetime
    gone_at: datetime | None


def get_subscription(transaction: Connection, subscription_id: int) -> Subscription:
    row = transaction.execute(
        select(subscriptions).where(subscriptions.c.id == subscription_id)
    ).one_or_none()
    if row is None:
        raise NoSuchSubscription(f"there is no subscription {subscription_id}")
    return _subscription(row)


def lock_subscription(transaction: Connection, subscription_id: int) -> Subscription:
    """The subscription, kept from every other writer until this transaction ends."""
    row = transaction.execute(
        select(subscriptions).where(subscriptions.c.id == subscription_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NoSuchSubscription(f"there is no subscription {subscription_id}")
    return _subscription(row)


def find_subscription(
    transaction: Connection, store_id: int, woo_subscription_id: int
) -> Subscription | None:
    row = transaction.execute(
        select(subscriptions).where(
            subscriptions.c.store_id == store_id,
            subscriptions.c.woo_subscription_id == woo_subscription_id,
        )
    ).one_or_none()
    return _subscription(row) if row else None


def find_subscription_begun_by(
    transaction: Connection, store_id: int, woo_order_id: int
) -> Subscription | None:
    """The subscription that this order began; the first, should there be several."""
    row = transaction.execute(
        select(subscriptions)
        .where(subscriptions.c.store_id == store_id, subscriptions.c.woo_parent_id == woo_order_id)
        .order_by(subscriptions.c.woo_subscription_id)
        .limit(1)
    ).one_or_none()
    return _subscription(row) if row else None


def record_subscription(
    transaction: Connection,
    store_id: int,
    woo_subscription_id: int,
    facts: SubscriptionFacts,
    *,
    read_at: datetime,
) -> Subscription:
    """Write what the store said when it was asked at `read_at`, unless we know something newer."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    told = _columns(facts) | {"recorded_at": read_at}
    own = (
        subscriptions.c.store_id == store_id,
        subscriptions.c.woo_subscription_id == woo_subscription_id,
    )
    transaction.execute(
        upsert(subscriptions)
        .values(store_id=store_id, woo_subscription_id=woo_subscription_id, **told)
        .on_conflict_do_nothing(
            index_elements=[subscriptions.c.store_id, subscriptions.c.woo_subscription_id]
        )
    )
    query = select(subscriptions).where(*own).with_for_update()
    known = _subscription(transaction.execute(query).one())
    if is_older(facts.modified_at, read_at, known.modified_at, known.recorded_at):
        return known
    transaction.execute(update(subscriptions).where(*own).values(**told, gone_at=None))
    return _subscription(transaction.execute(query).one())


def record_subscription_gone(
    transaction: Connection, store_id: int, woo_subscription_id: int, *, at: datetime
) -> None:
    """The store no longer has the subscription; what it said before stays."""
    transaction.execute(
        update(subscriptions)
        .where(
            subscriptions.c.store_id == store_id,
            subscriptions.c.woo_subscription_id == woo_subscription_id,
        )
        .values(gone_at=at, recorded_at=at)
    )


def _columns(facts: SubscriptionFacts) -> dict[str, Any]:
    total = facts.total
    return {
        "status": facts.status,
        "billing": facts.billing,
        "billing_period": facts.billing_period,
        "billing_interval": facts.billing_interval,
        "woo_parent_id": facts.woo_parent_id,
        "total_minor": total.minor if total is not None else None,
        "currency": total.currency if total is not None else None,
        "decimals": total.decimals if total is not None else None,
        "started_at": facts.started_at,
        "trial_ends_at": facts.trial_ends_at,
        "next_payment_at": facts.next_payment_at,
        "cancelled_at": facts.cancelled_at,
        "ended_at": facts.ended_at,
        "modified_at": facts.modified_at,
    }


def _subscription(row: Row[Any]) -> Subscription:
    known = row.total_minor is not None
    return Subscription(
        id=row.id,
        store_id=row.store_id,
        woo_subscription_id=row.woo_subscription_id,
        status=row.status,
        billing=row.billing,
        billing_period=row.billing_period,
        billing_interval=row.billing_interval,
        woo_parent_id=row.woo_parent_id,
        total=Money(row.total_minor, row.currency, row.decimals) if known else None,
        started_at=row.started_at,
        trial_ends_at=row.trial_ends_at,
        next_payment_at=row.next_payment_at,
        cancelled_at=row.cancelled_at,
        ended_at=row.ended_at,
        modified_at=row.modified_at,
        recorded_at=row.recorded_at,
        gone_at=row.gone_at,
    )
