"""Representative claims: every sort of purchase, reason, finding and moment a document tells apart.

A document that names three reasons treats all others alike, so a reason stands for all that the
document never tells from it; and nothing changes between two moments at which no window ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from refunddesk.money import Money
from refunddesk.policy import claim as facts
from refunddesk.policy.claim import (
    Billing,
    CaseFinding,
    Claim,
    Customer,
    Item,
    ItemKind,
    LinkedOrder,
    Order,
    OrderKind,
    Reason,
    Relation,
)
from refunddesk.policy.conditions import Conditions
from refunddesk.policy.countries import GROUPS
from refunddesk.policy.version import PolicyVersion
from refunddesk.worktime import ONE_SECOND, Span, span_end

PAID_AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
PRICE, TAX = 100_00, 19_00
_SOON = timedelta(hours=1)
#: After every window of a year, and after the period of a yearly subscription.
_LATE = timedelta(days=400)
_LENGTHS = {"monthly": 31, "yearly": 365}
#: Sorts that exist: only a subscription renews.
SORTS: tuple[tuple[OrderKind, Billing], ...] = tuple(
    (kind, billing)
    for kind in get_args(OrderKind)
    for billing in get_args(Billing)
    if kind != "renewal" or billing in _LENGTHS
)


@dataclass(frozen=True, slots=True)
class Example:
    """One claim, and in what it differs from the others; `raised` and `asked` after payment."""

    claim: Claim
    kind: OrderKind
    billing: Billing
    reason: Reason
    finding: CaseFinding | None
    raised: timedelta
    asked: timedelta


@dataclass(frozen=True, slots=True)
class _Buyer:
    """Who bought what, where, and how: what conditions ask beside the sort of purchase."""

    product: str = "example"
    promotion: str | None = None
    payment_method: str = "card"
    country: str = "CH"
    is_consumer: bool = False
    relation: Relation | None = None


def examples(*versions: PolicyVersion) -> Iterator[Example]:
    """The claims that tell these documents apart: some thousands, each granted but for its sort.

    The case is complete, support gave up, the customer asked on the portal, switched the licence
    off and destroyed all copies.
    """
    values = [value for version in versions for value in _values_of(version)]
    reasons = _told_apart(get_args(Reason), values)
    findings: list[Any] = [None, *_told_apart(get_args(CaseFinding), values)]
    moments = _moments(value for value in values if isinstance(value, Span))
    for buyer in _buyers(versions):
        for kind, billing in SORTS:
            order, customer = _order(buyer, kind, billing), _customer(buyer)
            for raised, asked in moments:
                for reason in reasons:
                    for finding in findings:
                        claim = _claim(order, customer, reason, finding, raised, asked)
                        yield Example(claim, kind, billing, reason, finding, raised, asked)


def day(after: timedelta) -> int:
    """The day that this long after an example's payment falls on; the payment's own is day 0."""
    return ((PAID_AT + after).date() - PAID_AT.date()).days


def withdrawal(
    billing: Billing, asked: datetime, country: str, kind: OrderKind = "purchase"
) -> Claim:
    """A consumer of `country` who only thought better of it, and used nothing."""
    buyer = _Buyer(country=country, is_consumer=True)
    at = asked - PAID_AT
    return _claim(_order(buyer, kind, billing), _customer(buyer), "change_of_mind", None, at, at)


def _values_of(version: PolicyVersion) -> Iterator[Any]:
    """Every set and length that a clause's parameters and conditions hold, at any depth."""
    for clause in version.clauses:
        for part in (clause.params, clause.applies_to, clause.unless):
            yield from _values_in(part)


def _values_in(part: Any) -> Iterator[Any]:
    if isinstance(part, Span | frozenset):
        yield part
    elif isinstance(part, tuple):
        for each in part:
            yield from _values_in(each)
    elif is_dataclass(part) and not isinstance(part, type):
        for field in fields(part):
            yield from _values_in(getattr(part, field.name))


def _told_apart(names: Iterable[Any], values: list[Any]) -> list[Any]:
    """One of each group of names that lie in the same sets."""
    sets = [value for value in values if isinstance(value, frozenset)]
    first: dict[tuple[bool, ...], Any] = {}
    for name in names:
        first.setdefault(tuple(name in each for each in sets), name)
    return list(first.values())


def _moments(spans: Iterable[Span]) -> list[tuple[timedelta, timedelta]]:
    """When the problem is raised and the refund asked for, around the end of every window."""
    ends = {span_end(span, PAID_AT, UTC) - PAID_AT for span in spans}
    at = {_SOON, timedelta(days=100), _LATE} | ends | {end + ONE_SECOND for end in ends}
    later = sorted(each for each in at if timedelta(0) < each <= _LATE)
    return [(each, each) for each in later] + [(_SOON, each) for each in later if each > _SOON]


def _buyers(versions: Iterable[PolicyVersion]) -> list[_Buyer]:
    """One buyer whom no condition knows, and for each condition one who meets it."""
    conditions = [
        each
        for version in versions
        for clause in version.clauses
        for each in (clause.applies_to, clause.unless)
        if each is not None
    ]
    return list(dict.fromkeys([_Buyer(), *(_buyer_for(each) for each in conditions)]))


def _buyer_for(conditions: Conditions) -> _Buyer:
    buyer = _Buyer()
    if conditions.products:
        buyer = replace(buyer, product=_named(conditions.products))
    if conditions.promotions:
        buyer = replace(buyer, promotion=_named(conditions.promotions))
    if conditions.payment_methods:
        buyer = replace(buyer, payment_method=min(conditions.payment_methods))
    if conditions.countries:
        country = min(conditions.countries)
        buyer = replace(buyer, country=min(GROUPS.get(country, {country})))
    if conditions.customer:
        buyer = replace(buyer, is_consumer=conditions.customer == "consumer")
    if conditions.relations:
        buyer = replace(buyer, relation=min(conditions.relations))
    return buyer


def _named(patterns: Iterable[str]) -> str:
    """A name that the first of these patterns fits."""
    return min(patterns).removesuffix("*") or "example"


def _order(buyer: _Buyer, kind: OrderKind, billing: Billing) -> Order:
    length = _LENGTHS.get(billing)
    end = PAID_AT + timedelta(days=length) if length else None
    # A renewal and an upgrade follow a purchase; a document may count from that one.
    relation = buyer.relation or {"renewal": "renewal_of", "upgrade": "upgrade_of"}.get(kind)
    before = PAID_AT - timedelta(days=length or 100)
    return Order(
        id="1",
        kind=kind,
        billing=billing,
        paid_at=PAID_AT,
        currency="EUR",
        items=tuple(_item(buyer, item_kind) for item_kind in get_args(ItemKind)),
        refunded=_eur(0),
        period=facts.Period(start=PAID_AT, end=end) if end else None,
        delivered_at=PAID_AT,
        activated_at=PAID_AT,
        first_used_at=PAID_AT,
        trial_ends_at=PAID_AT,
        list_price=_eur(10_00),
        gateway_fee=_eur(1_00),
        payment_method=buyer.payment_method,
        linked_order=LinkedOrder(id="0", relation=relation, paid_at=before)  # type: ignore[arg-type]
        if relation
        else None,
        promotion=buyer.promotion,
    )


def _item(buyer: _Buyer, kind: ItemKind) -> Item:
    return Item(
        id=kind, product=buyer.product, item_kind=kind, paid=_eur(PRICE), tax=_eur(TAX), begun=False
    )


def _customer(buyer: _Buyer) -> Customer:
    return Customer(
        country=buyer.country,
        is_consumer=buyer.is_consumer,
        refunds_ever=0,
        accounts=("customer",),
        breaches=(),
    )


def _claim(
    order: Order,
    customer: Customer,
    reason: Reason,
    finding: CaseFinding | None,
    raised: timedelta,
    asked: timedelta,
) -> Claim:
    opened, at = PAID_AT + raised, PAID_AT + asked
    return Claim(
        policy="example",
        store=facts.Store(timezone="UTC", country="CH"),
        order=order,
        customer=customer,
        case=facts.Case(
            opened_at=opened,
            complete_at=opened,
            reason=reason,
            finding=finding,
            gave_up_at=at,
            last_customer_reply_at=opened,
            materials_offered=True,
            proof_given=True,
        ),
        request=facts.Request(at=at, channel="portal", from_account_address=True),
        license=facts.License(
            destruction_confirmed_at=at, downloads=0, uses=0, uninstalled=True, activations=0
        ),
        disputes=(),
        judged_at=at,
    )


def _eur(cents: int) -> Money:
    return Money(cents, "EUR")
