"""What an order's body amounts to: its kind, how it is billed, the time it paid for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from refunddesk.db.orders import Order, OrderFacts
from refunddesk.db.store_refunds import StoreRefundFacts, StoreRefundLine
from refunddesk.db.subscriptions import Subscription, SubscriptionFacts
from refunddesk.woocommerce.payloads import (
    OrderBody,
    RefundBody,
    RefundStub,
    SubscriptionBody,
    snapshot_sha,
)
from refunddesk.woocommerce.refunds import marker_in
from refunddesk.worktime import add_months

_SWITCH = "_subscription_switch"
_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}
_BILLING = {1: "monthly", 12: "yearly"}
_PAID_STATUSES = frozenset({"processing", "completed", "refunded"})
#: Begins each remark about something that changed under a paid order; such a remark stays.
CHANGED_SINCE = "changed after payment: "
#: Begins the remark about amounts that are not what the store wrote.
NOT_EXACT = "not exact: "
# The date of payment stays when a payment is taken back: gateways put an order on hold when the
# bank disputes it, and call it failed when the dispute is lost.
_PAYMENT_IN_DOUBT = frozenset({"pending", "on-hold", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Billing:
    """How often a subscription takes money: every `interval` days, weeks, months or years."""

    period: str
    interval: int

    @property
    def months(self) -> int | None:
        """The length of one period in months, None for days, weeks and what we do not know."""
        months = _MONTHS.get(self.period)
        return months * self.interval if months else None

    @property
    def name(self) -> str | None:
        """ "monthly", "yearly", or None where the policies have no word for it."""
        return _BILLING.get(self.months or 0)

    def end_of(self, start: datetime, zone: tzinfo) -> datetime | None:
        """When the period that begins at `start` ends, at the same time of the store's day."""
        local = start.astimezone(zone)
        if self.months:
            on = add_months(local.date(), self.months)
            return datetime.combine(on, local.time(), zone).astimezone(UTC)
        days = _DAYS.get(self.period)
        return start + timedelta(days=days * self.interval) if days else None


def subscription_facts(body: SubscriptionBody) -> SubscriptionFacts:
    return SubscriptionFacts(
        status=body.status,
        billing=Billing(body.billing_period, body.billing_interval).name,
        billing_period=body.billing_period,
        billing_interval=body.billing_interval,
        woo_parent_id=body.parent_id,
        total=body.total,
        started_at=body.started_at,
        trial_ends_at=body.trial_end_at,
        next_payment_at=body.next_payment_at,
        cancelled_at=body.cancelled_at,
        ended_at=body.ends_at,
        modified_at=body.modified_at,
    )


def related_subscription(body: OrderBody) -> int | None:
    """The store's id of the subscription that this order renews or switches, by its meta."""
    switched = body.meta.get(_SWITCH)
    if isinstance(switched, str) and switched.isdecimal():
        return int(switched)
    return body.renewal_of


def order_facts(
    body: OrderBody,
    *,
    customer_id: int | None,
    subscription: Subscription | None,
    lifetime: bool,
    zone: tzinfo,
    read_at: datetime,
    remarks: tuple[str, ...],
) -> OrderFacts:
    """The row of the order. `subscription` is the one it began, renews or switches."""
    billing, said = _billing(subscription, lifetime)
    start, end = _period(body.paid_at, subscription, zone)
    if body.paid_at is None and body.status in _PAID_STATUSES:
        said.append("it has no date of payment")
    if not body.is_exact:
        said.append(f"{NOT_EXACT}an amount is missing or was rounded")
    return OrderFacts(
        number=body.number,
        status=body.status,
        kind=_kind(body),
        billing=billing,
        customer_id=customer_id,
        subscription_id=subscription.id if subscription else None,
        total=body.total,
        tax=body.total_tax,
        payment_method=body.payment_method,
        transaction_id=body.transaction_id or None,
        ordered_at=body.created_at,
        paid_at=body.paid_at,
        modified_at=body.modified_at,
        period_start_at=start,
        period_end_at=end,
        completed_at=body.completed_at,
        gateway_fee=body.gateway_fee,
        promotion=next(iter(body.coupons), None),
        snapshot_sha=snapshot_sha(body),
        remarks=(*body.remarks, *remarks, *said),
        gone_at=read_at if body.status == "trash" else None,
    )


def why_a_person(order: Order) -> str | None:
    """Why no policy may decide about the order's money by itself; None if it may."""
    if order.gone_at is not None:
        return "it was deleted in the store"
    if order.status in _PAYMENT_IN_DOUBT:
        return f"the store has it as {order.status}, so its payment may not stand"
    unsafe = (one for one in order.remarks if one.startswith((CHANGED_SINCE, NOT_EXACT)))
    return next(unsafe, None)


def changes_since_payment(before: Order, after: OrderFacts) -> tuple[str, ...]:
    """The remarks that a paid order carries on: what changed before, and what changes now."""
    kept = [remark for remark in before.remarks if remark.startswith(CHANGED_SINCE)]
    if before.paid_at and before.total != after.total:
        old, new = (f"{money} {money.currency}" for money in (before.total, after.total))
        kept.append(f"{CHANGED_SINCE}the total was {old} and is {new}")
    return tuple(kept)


def store_refund_facts(row: RefundBody) -> StoreRefundFacts:
    return StoreRefundFacts(
        woo_refund_id=row.woo_refund_id,
        amount=row.amount,
        marker=marker_in(row.reason),
        refunded_payment=row.refunded_payment,
        lines=tuple(StoreRefundLine(line.woo_item_id, line.net, line.tax) for line in row.lines),
        made_at=row.created_at,
    )


def stub_facts(stub: RefundStub) -> StoreRefundFacts:
    """What the order itself says of a refund whose own row cannot be read."""
    return StoreRefundFacts(
        stub.woo_refund_id, stub.amount, marker_in(stub.reason), None, lines=(), made_at=None
    )


def _kind(body: OrderBody) -> str:
    if _SWITCH in body.meta:
        return "upgrade"
    return "renewal" if body.renewal_of else "purchase"


def _billing(subscription: Subscription | None, lifetime: bool) -> tuple[str, list[str]]:
    if subscription is None:
        return ("lifetime" if lifetime else "one_time"), []
    if subscription.billing:
        return subscription.billing, []
    every = f"{subscription.billing_interval} {subscription.billing_period}"
    # No policy has a word for a quarter or a week; the monthly clauses promise the least.
    return "monthly", [f"it is billed every {every}, which is judged as monthly"]


def _period(
    paid_at: datetime | None, subscription: Subscription | None, zone: tzinfo
) -> tuple[datetime | None, datetime | None]:
    """What the payment paid for. Reckoned from the payment: the subscription's own next date
    is gone once it is cancelled, and then says nothing about the order any more."""
    if paid_at is None or subscription is None:
        return None, None
    every = Billing(subscription.billing_period, subscription.billing_interval)
    end = every.end_of(paid_at, zone)
    return (paid_at, end) if end else (None, None)
