"""Announces each renewal once and early enough, and knows which order paid for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk.db import customers, notices, orders, outbox, renewals, stores, subscriptions
from refunddesk.db.customer_links import Purpose
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order
from refunddesk.db.renewals import Renewal
from refunddesk.db.stores import Store
from refunddesk.db.subscriptions import Subscription
from refunddesk.jobnames import JobName
from refunddesk.mail.notices import Facts, NoticeKind, money_fact
from refunddesk.policy.leads import Lead, lead_for, longest_lead, remind_at
from refunddesk.services.customer_links import link_facts
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import subject_of
from refunddesk.services.notices import tell_person
from refunddesk.services.subscriptions import record_subscription
from refunddesk.woocommerce.payloads import SubscriptionBody
from refunddesk.woocommerce.payment_means import payment_means
from refunddesk.worktime import local_date, zone

_ACTOR = "renewals"
_BILLINGS = ("monthly", "yearly", "")
#: A receipt that comes later than this after the payment would only puzzle its reader.
_RECEIPT_WITHIN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class RenewalNotice:
    """A reminder or receipt of one renewal that the mail server took, and when."""

    kind: str
    sent_at: datetime


def promise_reminders(edges: Edges) -> int:
    """Promise a look at every subscription whose next payment comes near; how many.

    The subscriptions are looked through, and nothing is promised as they change: a webhook that was
    lost, or a desk that was away, leaves no renewal out.
    """
    now, count, last = edges.clock(), 0, 0
    with edges.database.read() as transaction:
        own = renewals.list_longest_leads(transaction)
    # A day more than the longest lead: zones differ by that much.
    until = {
        billing: now + timedelta(days=1 + max(longest_lead(billing), own.get(billing, 0)))
        for billing in _BILLINGS
    }
    while True:
        with edges.database.write() as transaction:
            page = renewals.list_coming(transaction, now, until, above=last)
            wanted = {str(one) for one in page}
            wanted -= outbox.list_open_subjects(transaction, JobName.REMIND_RENEWAL, wanted)
            outbox.promise_all(
                transaction, [(JobName.REMIND_RENEWAL, one, now) for one in sorted(wanted)]
            )
        if not page:
            return count
        count, last = count + len(wanted), page[-1]


def remind(edges: Edges, subscription_id: int) -> datetime | None:
    """Announce the subscription's next payment if it is time; when to come back if it is not yet.

    The store is asked first: what was paused, cancelled or put off since is not announced. Raises
    StoreCallFailed; nothing is told then.
    """
    with edges.database.read() as transaction:
        subscription = subscriptions.get_subscription(transaction, subscription_id)
        again_at = _wait_until(transaction, subscription, edges.clock())
    if again_at or not _is_coming(subscription, edges.clock()):
        return again_at
    body = record_subscription(edges, subscription.store_id, subscription.woo_subscription_id)
    if body is None:
        return None
    now = edges.clock()
    with edges.database.write() as transaction:
        subscription = subscriptions.lock_subscription(transaction, subscription_id)
        again_at = _wait_until(transaction, subscription, now)
        if again_at is None and _is_coming(subscription, now):
            _announce(transaction, subscription, body, now)
        return again_at


def record_paid(transaction: Connection, order: Order, now: datetime, *, is_news: bool) -> None:
    """Say which renewal the order paid for, in the transaction that records it as paid.

    `is_news`: the order was not known as paid before, so its receipt is promised.
    """
    if order.kind != "renewal" or order.subscription_id is None or order.paid_at is None:
        return
    if is_news:
        _promise_receipt(transaction, order, now)
    if renewals.find_renewal_of_order(transaction, order.id) is not None:
        return
    store = stores.get_store(transaction, order.store_id)
    paid_on = local_date(order.paid_at, zone(store.timezone))
    # Whoever pays a day ahead pays for the renewal that was announced for tomorrow.
    renewal = renewals.find_last_unpaid(
        transaction, order.subscription_id, paid_on + timedelta(days=1)
    ) or renewals.insert_renewal_once(
        transaction,
        store_id=order.store_id,
        subscription_id=order.subscription_id,
        due_on=paid_on,
        due_at=order.paid_at,
        amount=None,
        now=now,
    )
    if renewal is not None:
        renewals.record_payer(transaction, renewal.id, order.id)


def list_told(transaction: Connection, order: Order) -> tuple[RenewalNotice, ...] | None:
    """The notices of the renewal that the order paid for that went out; None: not known here."""
    if order.kind != "renewal":
        return None
    renewal = renewals.find_renewal_of_order(transaction, order.id)
    if renewal is None:
        return None
    kinds = (NoticeKind.RENEWAL_REMINDER, NoticeKind.RENEWAL_RECEIPT)
    return tuple(
        RenewalNotice(one.kind, one.settled_at)
        for about in (f"renewal:{renewal.id}", f"order:{order.id}")
        for one in notices.list_notices(transaction, about)
        if one.kind in kinds and one.has_left and one.settled_at
    )


def means_facts(body: SubscriptionBody) -> Facts:
    """What a notice says of the card or account that is charged."""
    means = payment_means(body.payment_title, body.meta)
    return {"pays_with": means.title, "account": means.account, "manual": body.is_manual}


def _promise_receipt(transaction: Connection, order: Order, now: datetime) -> None:
    assert order.paid_at
    if now - order.paid_at <= _RECEIPT_WITHIN:
        outbox.promise(transaction, JobName.RECEIPT_RENEWAL, order.id, due_at=now)
        return
    # An order of last year, read when the store joined. Its subscription may have moved on.
    assert order.subscription_id
    subscription = subscriptions.get_subscription(transaction, order.subscription_id)
    subject = subject_of(order.store_id, subscription.woo_subscription_id)
    outbox.promise(transaction, JobName.RECORD_SUBSCRIPTION, subject, due_at=now)


def _is_coming(subscription: Subscription, now: datetime) -> bool:
    due_at = subscription.next_payment_at
    is_live = subscription.status == "active" and subscription.gone_at is None
    return is_live and due_at is not None and due_at > now


def _wait_until(
    transaction: Connection, subscription: Subscription, now: datetime
) -> datetime | None:
    """When the next payment is to be announced, if that is still to come."""
    if not _is_coming(subscription, now) or subscription.next_payment_at is None:
        return None
    store = stores.get_store(transaction, subscription.store_id)
    own = renewals.list_leads(transaction, store.id)
    days = own.get(subscription.billing or "", _lead(transaction, subscription, store).days)
    at = remind_at(subscription.next_payment_at, days, zone(store.timezone))
    return at if at > now else None


def _lead(transaction: Connection, subscription: Subscription, store: Store) -> Lead:
    order = _last_order(transaction, subscription)
    customer = (
        customers.find_customer(transaction, order.customer_id)
        if order and order.customer_id
        else None
    )
    country = (customer.country if customer else None) or store.country
    return lead_for(subscription.billing, country)


def _last_order(transaction: Connection, subscription: Subscription) -> Order | None:
    """The order that paid for the subscription last, as far as we have heard of one."""
    found = orders.list_orders_of_subscription(transaction, subscription.id)
    paid = [order for order in found if order.paid_at is not None]
    return max(paid, key=lambda order: (order.paid_at, order.id), default=None)


def _announce(
    transaction: Connection, subscription: Subscription, body: SubscriptionBody, now: datetime
) -> None:
    """Write the reminder, once for each day of renewal.

    A changed amount is told again only where the table of lead times says that it must be.
    """
    assert subscription.next_payment_at
    store = stores.get_store(transaction, subscription.store_id)
    due_on = local_date(subscription.next_payment_at, zone(store.timezone))
    renewal = renewals.insert_renewal_once(
        transaction,
        store_id=store.id,
        subscription_id=subscription.id,
        due_on=due_on,
        due_at=subscription.next_payment_at,
        amount=subscription.total,
        now=now,
    )
    if renewal is None:
        renewal = renewals.find_renewal(transaction, subscription.id, due_on)
        assert renewal
        renewals.update_renewal(
            transaction,
            renewal.id,
            due_at=subscription.next_payment_at,
            amount=subscription.total,
        )
        is_changed = renewal.amount != subscription.total
        again = _lead(transaction, subscription, store).price_change
        if not is_changed or not again or renewal.order_id is not None:
            return
    _tell(transaction, subscription, renewal, body, now)


def _tell(
    transaction: Connection,
    subscription: Subscription,
    renewal: Renewal,
    body: SubscriptionBody,
    now: datetime,
) -> None:
    customer_id = customers.record_customer(
        transaction,
        subscription.store_id,
        email=body.customer_email,
        woo_customer_id=body.customer_id,
        country=body.customer_country or None,
    )
    order = _last_order(transaction, subscription)
    link: Facts = {"address": None}
    if order is not None and order.customer_id == customer_id:
        until = renewal.due_at + timedelta(days=1)
        link = link_facts(order, Purpose.REFUND, page="renewal", until=until)
    notice_id = customer_id and tell_person(
        transaction,
        NoticeKind.RENEWAL_REMINDER,
        subscription.store_id,
        customer_id,
        about=f"renewal:{renewal.id}",
        reference=f"reminder:{renewal.id}:{now.isoformat()}",
        facts={
            "products": [line.name for line in body.lines if line.line_type == "line_item"],
            "amount": money_fact(subscription.total or body.total),
            "on": renewal.due_on.isoformat(),
            **means_facts(body),
            **link,
        },
        now=now,
    )
    record_deed(
        transaction,
        at=now,
        actor=_ACTOR,
        action="renewal_announced" if notice_id else "renewal_not_announced",
        subject=f"subscription:{subscription.id}",
        data={"renewal": renewal.id, "on": renewal.due_on.isoformat(), "amount": str(body.total)},
    )
