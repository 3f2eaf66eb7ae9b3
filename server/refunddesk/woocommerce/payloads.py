"""Order, refund and subscription bodies of a store, read into money and instants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from refunddesk.money import Money, total
from refunddesk.woocommerce.order_lines import LineBody

__all__ = [
    "LineBody",
    "OrderBody",
    "RefundBody",
    "RefundStub",
    "RefundedLine",
    "SubscriptionBody",
    "UnusableBody",
]

# A cart being filled in, not a purchase: the block checkout and the admin's "new order" page
# save these, and GET orders lists them among the others.
_DRAFTS = frozenset({"checkout-draft", "auto-draft", "draft", "new"})


class UnusableBody(ValueError):
    """A body of which nothing can be recorded; `reason` is a short code such as "no_currency"."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RefundStub:
    """A refund as an order's own `refunds` field shows it; `amount` is zero or more.

    It does not say whether money moved: only `RefundBody.refunded_payment` does.
    """

    woo_refund_id: int
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True)
class OrderBody:
    """One order as the store told it; instants are in UTC, amounts in the order's currency.

    `remarks` say in words what could not be used, without personal data. `is_exact` is False
    when the total, a line's net amount or its tax was missing or had to be rounded: such an
    order can be recorded, but only a person should decide about its money.
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

    @property
    def is_draft(self) -> bool:
        """Whether this is an unfinished cart rather than an order someone placed."""
        return self.status in _DRAFTS

    @property
    def refunded(self) -> Money:
        """What the store's refund rows add up to, whether or not money moved for them."""
        return total((stub.amount for stub in self.refunds), self.currency, self.decimals)

    @property
    def renewal_of(self) -> int | None:
        """The subscription this order renews, by the meta that Subscriptions keeps on it."""
        value = self.meta.get("_subscription_renewal")
        return int(value) if isinstance(value, str) and value.isdecimal() else None


@dataclass(frozen=True, slots=True)
class RefundedLine:
    """What a refund gave back of one line, as positive amounts.

    `woo_item_id` is the line of the *order*; None when the store did not keep the link.
    """

    woo_item_id: int | None
    quantity: Decimal
    net: Money
    tax: Money
    taxes: tuple[tuple[int, Money], ...]


@dataclass(frozen=True, slots=True)
class RefundBody:
    """One row of GET orders/{id}/refunds or GET refunds; `amount` is positive.

    `refunded_payment` True is the store's word that its gateway paid; False means booked only,
    still under way, or died on the way; None that the store did not say. `woo_order_id` is
    None where the row does not name its order.
    """

    woo_refund_id: int
    woo_order_id: int | None
    amount: Money
    reason: str = field(repr=False)
    refunded_payment: bool | None
    created_at: datetime | None
    lines: tuple[RefundedLine, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubscriptionBody:
    """One subscription of WooCommerce Subscriptions; unset dates are None."""

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
    lines: tuple[LineBody, ...]
    meta: Mapping[str, object] = field(repr=False, hash=False)
    remarks: tuple[str, ...]
