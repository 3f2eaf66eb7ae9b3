"""Order, refund and subscription bodies of a store, read into money and instants.

Field shapes are those counted over bodies of WooCommerce 2.5 to 10.0: the readers accept what
stores really sent, say in `remarks` what they could not use, and raise UnusableBody only where
nothing could be recorded at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from refunddesk.money import Money, total
from refunddesk.woocommerce.fields import (
    Body,
    Notes,
    Scale,
    UnusableBody,
    decimal_of,
    id_of,
    id_or_unusable,
    in_present_names,
    instant_of,
    mapping_of,
    meta_of,
    money_of,
    objects_of,
    scale_of,
    text_of,
)
from refunddesk.woocommerce.order_lines import LineBody, read_lines
from refunddesk.woocommerce.payment_costs import gateway_fee_of
from refunddesk.woocommerce.refund_rows import (
    RefundBody,
    RefundedLine,
    RefundStub,
    read_refund,
    read_stubs,
)

__all__ = [
    "DRAFTS",
    "LineBody",
    "OrderBody",
    "RefundBody",
    "RefundStub",
    "RefundedLine",
    "SubscriptionBody",
    "UnusableBody",
    "is_anonymized",
    "read_order",
    "read_refund",
    "read_subscription",
    "snapshot_sha",
]

# A cart being filled in, not a purchase: the block checkout and the admin's "new order" page
# save these, and GET orders lists them among the others.
DRAFTS = frozenset({"checkout-draft", "auto-draft", "draft", "new"})
# Only subscriptions have these; GET orders/{subscription id} answers as if it were an order.
_SUBSCRIPTION_STATUSES = frozenset({"active", "pending-cancel", "switched", "expired"})
_SUBSCRIPTION_META = "_subscription_renewal_order_ids_cache"
# Moving on from processing to completed changes nothing about what may be paid back.
_PAID_STATUSES = frozenset({"processing", "completed"})
#: What WooCommerce writes into orders of people whom it has erased (wp_privacy_anonymize_data).
_ANONYMIZED = "deleted@site.invalid"


@dataclass(frozen=True, slots=True)
class OrderBody:
    """One order as the store told it; instants are in UTC, amounts in the order's currency.

    `remarks` say in words what could not be used, without personal data. `is_exact` is False
    when the total, a line's net amount or its tax was missing or had to be rounded: such an
    order can be recorded, but only a person should decide about its money.
    `looks_like_subscription` asks for a look at GET subscriptions/{id} before anything is paid:
    an order and a subscription answer alike under orders/{id}.
    """

    woo_order_id: int
    number: str
    status: str
    currency: str
    decimals: int
    parent_id: int | None
    customer_id: int | None
    customer_email: str = field(repr=False)
    customer_country: str
    created_at: datetime | None
    modified_at: datetime | None
    paid_at: datetime | None
    total: Money
    total_tax: Money
    payment_method: str
    transaction_id: str = field(repr=False)
    lines: tuple[LineBody, ...]
    refunds: tuple[RefundStub, ...]
    meta: Mapping[str, object] = field(repr=False, hash=False)
    looks_like_subscription: bool
    is_exact: bool
    remarks: tuple[str, ...]
    completed_at: datetime | None = None
    gateway_fee: Money | None = None
    coupons: tuple[str, ...] = ()

    @property
    def is_draft(self) -> bool:
        """Whether this is an unfinished cart rather than an order someone placed."""
        return self.status in DRAFTS

    @property
    def refunded(self) -> Money:
        """What the store's refund rows add up to, whether or not money moved for them."""
        return total((stub.amount for stub in self.refunds), self.currency, self.decimals)

    @property
    def renewal_of(self) -> int | None:
        """The subscription this order renews, by the meta that Subscriptions keeps on it."""
        value = self.meta.get("_subscription_renewal")
        return int(value) if isinstance(value, str) and value.isdecimal() else None

    @property
    def language(self) -> str | None:
        """Two letters of the language the customer ordered in, where a plugin kept it.

        WooCommerce itself keeps none. The meta are WPML's, TranslatePress's and Weglot's.
        """
        for name in ("wpml_language", "trp_language", "weglot_language"):
            value = self.meta.get(name)
            if isinstance(value, str) and value[:2].isascii() and value[:2].isalpha():
                return value[:2].lower()
        return None


@dataclass(frozen=True, slots=True)
class SubscriptionBody:
    """One subscription of WooCommerce Subscriptions; unset dates are None.

    `is_manual`: the store takes no renewal by itself, it asks the customer to pay.
    """

    woo_subscription_id: int
    parent_id: int | None
    status: str
    currency: str
    decimals: int
    customer_id: int | None
    customer_email: str = field(repr=False)
    customer_country: str
    billing_period: str
    billing_interval: int
    created_at: datetime | None
    modified_at: datetime | None
    started_at: datetime | None
    trial_end_at: datetime | None
    next_payment_at: datetime | None
    last_payment_at: datetime | None
    cancelled_at: datetime | None
    ends_at: datetime | None
    total: Money
    total_tax: Money
    payment_method: str
    payment_title: str
    is_manual: bool
    lines: tuple[LineBody, ...]
    meta: Mapping[str, object] = field(repr=False, hash=False)
    remarks: tuple[str, ...]


def read_order(body: Body, *, timezone: tzinfo | None, decimals: int | None = None) -> OrderBody:
    """Read an order of the REST API or a webhook; older shapes are understood too.

    `timezone` is the store's own, needed only where a body has local times alone; `decimals`
    the store's number of decimals, by default as many as the total shows.
    """
    notes = Notes()
    body = in_present_names(body, "order", notes)
    woo_order_id = id_or_unusable(body)
    scale = scale_of(body, decimals)
    if decimal_of(body.get("total")) is None:
        raise UnusableBody("no_total", f"Order {woo_order_id} has no total that is an amount.")
    billing, meta = mapping_of(body.get("billing")), meta_of(body, notes)
    status = _read_status(body, notes)
    parent_id = id_of(body.get("parent_id"))
    lines = read_lines(body, scale, notes)
    order_total = money_of(body, "total", scale, notes)
    total_tax = money_of(body, "total_tax", scale, notes)
    _compare_sums(lines, order_total, total_tax, scale, notes)
    return OrderBody(
        woo_order_id=woo_order_id,
        number=text_of(body.get("number")) or str(woo_order_id),
        status=status,
        currency=scale.currency,
        decimals=scale.decimals,
        parent_id=parent_id,
        customer_id=id_of(body.get("customer_id")),
        customer_email=text_of(billing.get("email")),
        customer_country=text_of(billing.get("country")),
        created_at=instant_of(body, "date_created", timezone, notes),
        modified_at=instant_of(body, "date_modified", timezone, notes),
        paid_at=instant_of(body, "date_paid", timezone, notes),
        total=order_total,
        total_tax=total_tax,
        payment_method=text_of(body.get("payment_method")),
        transaction_id=text_of(body.get("transaction_id")),
        lines=lines,
        refunds=read_stubs(body, scale, notes),
        meta=meta,
        looks_like_subscription=parent_id is not None
        or status in _SUBSCRIPTION_STATUSES
        or "billing_period" in body
        or _SUBSCRIPTION_META in meta,
        completed_at=instant_of(body, "date_completed", timezone, notes),
        gateway_fee=gateway_fee_of(meta, scale),
        coupons=_read_coupons(body, notes),
        is_exact=notes.exact,
        remarks=notes.remarks,
    )


def read_subscription(
    body: Body, *, timezone: tzinfo | None, decimals: int | None = None
) -> SubscriptionBody:
    """Read a subscription of WooCommerce Subscriptions; `timezone` and `decimals` as for orders."""
    notes = Notes()
    body = in_present_names(body, "subscription", notes)
    woo_subscription_id = id_or_unusable(body)
    scale = scale_of(body, decimals)
    billing = mapping_of(body.get("billing"))
    interval = id_of(body.get("billing_interval"))
    if interval is None:
        notes.add("billing_interval is not a number; one is assumed")
    return SubscriptionBody(
        woo_subscription_id=woo_subscription_id,
        parent_id=id_of(body.get("parent_id")),
        status=_read_status(body, notes),
        currency=scale.currency,
        decimals=scale.decimals,
        customer_id=id_of(body.get("customer_id")),
        customer_email=text_of(billing.get("email")),
        customer_country=text_of(billing.get("country")),
        billing_period=text_of(body.get("billing_period")),
        billing_interval=interval or 1,
        created_at=instant_of(body, "date_created", timezone, notes),
        modified_at=instant_of(body, "date_modified", timezone, notes),
        started_at=instant_of(body, "start_date", timezone, notes),
        trial_end_at=instant_of(body, "trial_end_date", timezone, notes),
        next_payment_at=instant_of(body, "next_payment_date", timezone, notes),
        last_payment_at=instant_of(body, "last_payment_date", timezone, notes),
        cancelled_at=instant_of(body, "cancelled_date", timezone, notes),
        ends_at=instant_of(body, "end_date", timezone, notes),
        total=money_of(body, "total", scale, notes),
        total_tax=money_of(body, "total_tax", scale, notes),
        payment_method=text_of(body.get("payment_method")),
        payment_title=text_of(body.get("payment_method_title")),
        is_manual=body.get("requires_manual_renewal") is True,
        lines=read_lines(body, scale, notes),
        meta=meta_of(body, notes),
        remarks=notes.remarks,
    )


def snapshot_sha(order: OrderBody) -> bytes:
    """SHA-256 over what a payment decision depends on, to see whether the order changed since.

    Covers currency, whether it counts as paid, the instant of payment, the lines with their
    money, the total and the refunds; not names, notes, addresses or the order of anything.
    """
    status = "paid" if order.status in _PAID_STATUSES else order.status
    lines = [
        [
            *(line.woo_item_id, line.line_type, line.product_id, line.variation_id),
            *(str(line.quantity.normalize()), line.net.minor, line.tax.minor),
            sorted((rate_id, share.minor) for rate_id, share in line.taxes),
        ]
        for line in order.lines
    ]
    facts = {
        "order": order.woo_order_id,
        "currency": [order.currency, order.decimals],
        "status": status,
        "paid_at": order.paid_at.isoformat() if order.paid_at else None,
        "total": [order.total.minor, order.total_tax.minor],
        "lines": sorted(lines, key=str),
        "refunds": sorted((stub.woo_refund_id, stub.amount.minor) for stub in order.refunds),
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).digest()


def _read_status(body: Body, notes: Notes) -> str:
    status = text_of(body.get("status"))
    if not status:
        notes.add("status is missing")
    return status


def _read_coupons(body: Body, notes: Notes) -> tuple[str, ...]:
    codes = (text_of(coupon.get("code")) for coupon in objects_of(body, "coupon_lines", notes))
    return tuple(code for code in codes if code)


def _compare_sums(
    lines: tuple[LineBody, ...], order_total: Money, total_tax: Money, scale: Scale, notes: Notes
) -> None:
    nets = total((line.net for line in lines), scale.currency, scale.decimals)
    if nets + total_tax != order_total:
        notes.add(f"lines and tax add up to {nets + total_tax}, the total says {order_total}")
    taxes = total((line.tax for line in lines), scale.currency, scale.decimals)
    if taxes != total_tax:
        notes.add(f"taxes of the lines add up to {taxes}, total_tax says {total_tax}")


def is_anonymized(email: str) -> bool:
    """Is it the address that stands on every order whose buyer the store has erased?"""
    return email.strip().lower() == _ANONYMIZED
