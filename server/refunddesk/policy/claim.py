"""A claim: the frozen facts of one refund request, all that a judgement may look at.

A claim that exists holds together: building one whose facts contradict each other raises
`ClaimNotValid`, which names the key in the interchange form (`order.items[0].paid`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from refunddesk.money import Money, total
from refunddesk.policy.countries import is_country
from refunddesk.worktime import NoSuchZone, zone

OrderKind = Literal["purchase", "renewal", "upgrade"]
Billing = Literal["one_time", "monthly", "yearly", "lifetime"]
ItemKind = Literal[
    "product", "support", "additional_domain", "customization", "service", "shipping", "fee"
]
Reason = Literal[
    "malfunction",
    "corrupt",
    "not_as_described",
    "not_satisfied",
    "third_party_conflict",
    "lacks_expertise",
    "change_of_mind",
    "bought_for_evaluation",
    "bought_by_mistake",
    "no_longer_used",
    "incompatible_with_new_version",
    "other",
]
CaseFinding = Literal[
    "malfunction",
    "corrupt",
    "not_as_described",
    "not_satisfied",
    "third_party_conflict",
    "incompatible_with_new_version",
    "no_fault_found",
]
MissingFact = Literal[
    "order_id",
    "site_url",
    "product",
    "product_version",
    "details",
    "screenshots",
    "other_extensions",
]
Channel = Literal["portal", "email"]
Relation = Literal["upgrade_of", "bundle_of", "renewal_of"]
Breach = Literal["terms", "abuse"]
#: Where a dispute stands, in the words of banks and gateways: plain ones first, then those that
#: Stripe adds, and PayPal's in lower case. Only `closed_at` says whether it still runs.
DisputeStatus = Literal[
    "open",
    "won",
    "lost",
    "accepted",
    "withdrawn",
    "expired",
    "closed",
    "needs_response",
    "under_review",
    "charge_refunded",
    "prevented",
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
    "waiting_for_buyer_response",
    "waiting_for_seller_response",
    "resolved",
    "other",
]
NoticeKind = Literal["renewal_reminder", "renewal_receipt"]
#: What a check of a plugin against a release can say, as in refunddesk.compat.
CompatVerdict = Literal["BROKEN", "LIKELY_BROKEN", "WARN", "OK", "UNVERIFIED"]


class ClaimNotValid(ValueError):
    """A claim that cannot be judged; `path` names the key, the message is one line."""

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        super().__init__(f"{path}: {problem}" if path else problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    timezone: str
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the order. `paid` is the line's total without tax, after discounts.

    `begun` says of a service, or of work made to order, whether it was begun.
    """

    id: str
    product: str
    item_kind: ItemKind
    paid: Money
    tax: Money
    quantity: Decimal = Decimal(1)
    refunded: Money | None = None
    in_programme: bool = True
    begun: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedOrder:
    id: str
    relation: Relation
    paid_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was bought. `refunded` is without tax and covers the whole order."""

    id: str
    kind: OrderKind
    billing: Billing
    paid_at: datetime
    currency: str
    items: tuple[Item, ...]
    refunded: Money
    period: Period | None = None
    delivered_at: datetime | None = None
    activated_at: datetime | None = None
    first_used_at: datetime | None = None
    trial_ends_at: datetime | None = None
    list_price: Money | None = None
    gateway_fee: Money | None = None
    payment_method: str | None = None
    linked_order: LinkedOrder | None = None
    promotion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Infringement:
    """A legal procedure. A suspicion is none and never enters a claim."""

    opened_at: datetime
    opened_by: str
    evidence: str
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRefund:
    """A refund paid under the policy; outside corrections and double payments are not listed."""

    id: str
    order_id: str
    product: str
    refunded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    infringement: Infringement | None = None
    earlier_refunds: tuple[EarlierRefund, ...] = ()
    country: str | None = None
    is_consumer: bool | None = None
    refunds_ever: int | None = None
    accounts: tuple[str, ...] | None = None
    breaches: tuple[Breach, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time in which the customer was awaited and the fix clock stood still."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    opened_at: datetime
    complete_at: datetime | None
    reason: Reason
    missing: tuple[MissingFact, ...] = ()
    finding: CaseFinding | None = None
    resolved: bool = False
    gave_up_at: datetime | None = None
    last_customer_reply_at: datetime | None = None
    materials_offered: bool = False
    pauses: tuple[Pause, ...] = ()
    awaited_since: datetime | None = None
    proof_given: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    at: datetime
    channel: Channel
    from_account_address: bool
    withdrawal_waived_at: datetime | None = None

    @property
    def is_from_account(self) -> bool:
        """The portal always counts: to write there is to be signed in."""
        return self.channel == "portal" or self.from_account_address


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """`activations` counts the sites it was ever active on, `active_sites` are those of now."""

    active_sites: tuple[str, ...] = ()
    destruction_confirmed_at: datetime | None = None
    downloads: int | None = None
    uses: int | None = None
    activations: int | None = None
    last_used_at: datetime | None = None
    uninstalled: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    id: str
    opened_at: datetime
    status: DisputeStatus
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    kind: NoticeKind
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Compat:
    """What the compatibility check says: a signal for staff, never a ruling."""

    verdict: CompatVerdict
    release: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """All facts of one refund request. Raises ClaimNotValid where they contradict each other."""

    policy: str
    store: Store
    order: Order
    customer: Customer
    case: Case | None
    request: Request | None
    license: License | None
    disputes: tuple[Dispute, ...]
    judged_at: datetime
    notices: tuple[Notice, ...] | None = None
    compat: Compat | None = None

    def __post_init__(self) -> None:
        try:
            zone(self.store.timezone)
        except NoSuchZone as error:
            raise ClaimNotValid("store.timezone", str(error)) from error
        for path, country in (
            ("store.country", self.store.country),
            ("customer.country", self.customer.country),
        ):
            if country is not None and not is_country(country):
                raise ClaimNotValid(path, f"{country[:60]!r} is no country's code by ISO 3166")
        _check_amounts(self.order)
        _check_order_of_instants(self)
        _check_disputes(self.disputes)
        if self.case:
            _check_case(self.case, self.order, self.judged_at)
            _check_pauses(self.case)


def _check_amounts(order: Order) -> None:
    if not order.items:
        raise ClaimNotValid("order.items", "an order has at least one line")
    seen: set[str] = set()
    for index, item in enumerate(order.items):
        path = f"order.items[{index}]"
        if item.id in seen:
            raise ClaimNotValid(f"{path}.id", "another line of the order has the same id")
        seen.add(item.id)
        for key, amount in (("paid", item.paid), ("tax", item.tax), ("refunded", item.refunded)):
            if amount is not None:
                _check_amount(f"{path}.{key}", amount, order)
        if item.refunded is not None and item.refunded > item.paid:
            raise ClaimNotValid(f"{path}.refunded", "more was refunded than was paid for the line")
        if item.quantity <= 0:
            raise ClaimNotValid(f"{path}.quantity", "a quantity is more than nothing")
    for key in ("refunded", "list_price", "gateway_fee"):
        amount = getattr(order, key)
        if amount is not None:
            _check_amount(f"order.{key}", amount, order)
    paid = total((item.paid for item in order.items), order.currency, order.refunded.decimals)
    if order.refunded > paid:
        raise ClaimNotValid("order.refunded", "more was refunded than was paid for the order")


def _check_amount(path: str, amount: Money, order: Order) -> None:
    if (amount.currency, amount.decimals) != (order.currency, order.refunded.decimals):
        raise ClaimNotValid(path, f"every amount of this order is in {order.currency}")
    if amount.minor < 0:
        raise ClaimNotValid(path, "an amount is not below zero")


def _check_order_of_instants(claim: Claim) -> None:
    order, request, infringement = claim.order, claim.request, claim.customer.infringement
    _check_not_before("judged_at", claim.judged_at, "order.paid_at", order.paid_at)
    if order.period:
        _check_not_before("order.period.end", order.period.end, "its start", order.period.start)
        if order.period.start == order.period.end:
            raise ClaimNotValid("order.period.end", "a period ends after it starts")
    if request:
        _check_not_before("request.at", request.at, "order.paid_at", order.paid_at)
        _check_not_before("judged_at", claim.judged_at, "request.at", request.at)
    if infringement and infringement.settled_at:
        _check_not_before(
            "customer.infringement.settled_at",
            infringement.settled_at,
            "opened_at",
            infringement.opened_at,
        )
    if claim.license and claim.license.destruction_confirmed_at:
        _check_not_before(
            "judged_at",
            claim.judged_at,
            "license.destruction_confirmed_at",
            claim.license.destruction_confirmed_at,
        )


def _check_disputes(disputes: tuple[Dispute, ...]) -> None:
    seen: set[str] = set()
    for index, dispute in enumerate(disputes):
        path = f"disputes[{index}]"
        if dispute.id in seen:
            raise ClaimNotValid(f"{path}.id", "another dispute has the same id")
        seen.add(dispute.id)
        if dispute.closed_at:
            _check_not_before(
                f"{path}.closed_at", dispute.closed_at, "opened_at", dispute.opened_at
            )


def _check_case(case: Case, order: Order, judged_at: datetime) -> None:
    # Nothing fails before it was bought. But a renewal may find a case open, and so may an upgrade.
    if order.kind == "purchase":
        _check_not_before("case.opened_at", case.opened_at, "order.paid_at", order.paid_at)
    _check_not_before("judged_at", judged_at, "case.opened_at", case.opened_at)
    for key in ("last_customer_reply_at", "gave_up_at", "awaited_since"):
        if at := getattr(case, key):
            _check_not_before("judged_at", judged_at, f"case.{key}", at)
    if case.complete_at:
        _check_not_before("case.complete_at", case.complete_at, "case.opened_at", case.opened_at)
        _check_not_before("judged_at", judged_at, "case.complete_at", case.complete_at)
        if case.missing:
            raise ClaimNotValid(
                "case.complete_at", "a report is not complete while case.missing names something"
            )
    elif not case.missing:
        raise ClaimNotValid(
            "case.missing", "must name what is missing while case.complete_at is null"
        )


def _check_pauses(case: Case) -> None:
    for index, pause in enumerate(case.pauses):
        path = f"case.pauses[{index}]"
        if case.complete_at is None:
            raise ClaimNotValid(path, "a pause comes after case.complete_at, which is null")
        _check_not_before(f"{path}.from", pause.start, "case.complete_at", case.complete_at)
        _check_not_before(f"{path}.to", pause.end, f"{path}.from", pause.start)
        for other in case.pauses[:index]:
            if pause.start < other.end and other.start < pause.end:
                raise ClaimNotValid(path, "overlaps another pause")


def _check_not_before(path: str, at: datetime, earlier_path: str, earlier: datetime) -> None:
    if at < earlier:
        raise ClaimNotValid(path, f"comes before {earlier_path}")
