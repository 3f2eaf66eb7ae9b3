"""Tells what a renewal took, when the next one comes, and how this one is given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from refunddesk.db import orders, stores, subscriptions
from refunddesk.db.customer_links import Purpose
from refunddesk.db.orders import Order
from refunddesk.mail.notices import Facts, NoticeKind, money_fact
from refunddesk.money import Money
from refunddesk.services.customer_links import link_facts
from refunddesk.services.edges import Edges
from refunddesk.services.notices import tell_customer
from refunddesk.services.quotes import OrderNotQuotable, quote_order
from refunddesk.services.renewals import means_facts
from refunddesk.services.subscriptions import record_subscription
from refunddesk.woocommerce.payloads import SubscriptionBody
from refunddesk.worktime import local_date, zone

#: WooCommerce Subscriptions reckons the next date after the payment: until then it names the old.
_NEXT_DATE_WITHIN = timedelta(minutes=15)
_LOOK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """What comes back of a renewal if it is asked for by the last second `until`."""

    amount: Money
    until: datetime


def send_receipt(edges: Edges, order_id: int) -> datetime | None:
    """Write the receipt of a paid renewal, once; when to come back if the store is not ready.

    Raises StoreCallFailed; nothing is told then.
    """
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, order_id)
        store = stores.get_store(transaction, order.store_id)
        if order.subscription_id is None or order.paid_at is None or order.gone_at is not None:
            return None
        subscription = subscriptions.get_subscription(transaction, order.subscription_id)
    body = record_subscription(edges, store.id, subscription.woo_subscription_id)
    now = edges.clock()
    if body is not None and _names_the_old_date(body, order, now):
        return now + _LOOK_AGAIN
    offer = find_offer(edges, order)
    facts = {
        "amount": money_fact(order.total),
        "paid_on": local_date(order.paid_at, zone(store.timezone)).isoformat(),
        **_next_facts(body, order.paid_at, store.timezone),
        "back": money_fact(offer.amount) if offer else None,
        "until": offer.until.isoformat() if offer else None,
        **link_facts(order, Purpose.REFUND, page="renewal", until=offer.until if offer else None),
    }
    with edges.database.write() as transaction:
        tell_customer(
            transaction,
            NoticeKind.RENEWAL_RECEIPT,
            order,
            about=f"order:{order.id}",
            reference=f"receipt:{order.id}",
            facts=facts,
            now=now,
        )
    return None


def find_offer(edges: Edges, order: Order) -> Offer | None:
    """What the renewal would get back if it were asked for now, and until when.

    The policy says both: its first answer, with every condition met, if that is money and ends.
    """
    try:
        steps = quote_order(edges, order.id).conditions_met.steps
    except OrderNotQuotable:
        return None
    first = steps[0] if steps else None
    if first is None or first.decision.outcome != "refund" or first.until is None:
        return None
    return Offer(first.amount, first.until)


def _names_the_old_date(body: SubscriptionBody, order: Order, now: datetime) -> bool:
    assert order.paid_at
    if body.status != "active" or now >= order.paid_at + _NEXT_DATE_WITHIN:
        return False
    return body.next_payment_at is None or body.next_payment_at <= order.paid_at


def _next_facts(body: SubscriptionBody | None, paid_at: datetime, timezone: str) -> Facts:
    next_at = body.next_payment_at if body and body.status == "active" else None
    if body is None or next_at is None or next_at <= paid_at:
        known: Facts = means_facts(body) if body else {"pays_with": "", "account": "", "manual": 0}
        return {"next_on": None, "next_amount": None, **known}
    return {
        "next_on": local_date(next_at, zone(timezone)).isoformat(),
        "next_amount": money_fact(body.total),
        **means_facts(body),
    }
