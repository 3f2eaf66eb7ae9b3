"""Worked examples of a policy: plain purchases tried on the judge until every clause has spoken.

The purchases are the same for every policy, from the plainest on; for each clause the first one
that shows what it does becomes its example. Nothing about the outcome is written down anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import get_args

from refunddesk.money import Money
from refunddesk.policy.claim import (
    Case,
    CaseFinding,
    Claim,
    Customer,
    Dispute,
    EarlierRefund,
    Infringement,
    Item,
    ItemKind,
    License,
    LinkedOrder,
    Order,
    OrderKind,
    Period,
    Reason,
    Request,
    Store,
)
from refunddesk.policy.decision import Decision
from refunddesk.policy.judge import judge
from refunddesk.policy.version import Policy, PolicyVersion
from refunddesk.worktime import add_months, local_date, zone

#: The day of the purchase where the version was in force then; otherwise its first day.
_USUAL_DAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
_PRICES = {"one_time": 19900, "lifetime": 39900, "yearly": 12000, "monthly": 1200}
_SORTS: tuple[tuple[OrderKind, str], ...] = (
    ("purchase", "one_time"),
    ("purchase", "yearly"),
    ("purchase", "monthly"),
    ("renewal", "yearly"),
    ("renewal", "monthly"),
    ("purchase", "lifetime"),
    ("upgrade", "one_time"),
)
_DAYS = (14, 4, 25, 45, 135, 400)
_CAUSES: tuple[tuple[Reason, CaseFinding | None], ...] = (
    ("malfunction", "malfunction"),
    ("change_of_mind", None),
    ("other", "no_fault_found"),
    ("third_party_conflict", "third_party_conflict"),
    ("not_satisfied", "not_satisfied"),
    ("lacks_expertise", None),
)
#: What may be different about a purchase; the page says each in a sentence of its own.
TWISTS = (
    "plain",
    "licence_on",
    "outside_programme",
    "refunded_before",
    "procedure",
    "dispute",
    "details_missing",
    "just_reported",
    "used",
)
#: How each clause is shown best: money it gives, and leaves out, or takes; then where it says no.
_SHOWN_FIRST = ("gives_part", "gives_all", "takes", "holds")
_SHOWN_NEXT = ("refuses", "awaits", "review")


@dataclass(frozen=True, slots=True)
class Example:
    """A purchase, what is peculiar about it, and what the judge said."""

    claim: Claim
    decision: Decision
    twist: str
    role: str


def find_examples(
    policy: Policy, terms: PolicyVersion, store: Store, currency: str, decimals: int = -1
) -> dict[str, tuple[Example, ...]]:
    """For each clause id at most two examples, the most telling first.

    Every clause that grants money, or takes of it, has one if any of the purchases brings it up.
    """
    found: dict[str, dict[str, Example]] = {}
    for claim, twist in _purchases(terms, store, Money.zero(currency, decimals)):
        decision = judge(claim, policy, version=terms.version)
        for clause, role in _roles(decision):
            found.setdefault(clause, {}).setdefault(role, Example(claim, decision, twist, role))
    return {clause: tuple(_best(roles)) for clause, roles in found.items()}


def _best(roles: dict[str, Example]) -> Iterator[Example]:
    for wanted in (_SHOWN_FIRST, _SHOWN_NEXT):
        yield from [roles[role] for role in wanted if role in roles][:1]


def _roles(decision: Decision) -> Iterator[tuple[str, str]]:
    """The clauses that this decision shows at work, and how."""
    by = decision.settled_by
    if decision.outcome == "refund":
        if by:
            parts = [f for f in decision.findings if f.took and f.clause == by]
            yield by, "gives_part" if parts else "gives_all"
        taken = {f.clause for f in decision.findings if f.took and f.clause != by}
        kept = {f.clause for f in decision.findings if f.why and f.why.code == "tax_kept"}
        for clause in sorted(taken | kept):
            yield clause, "takes"
    elif by:
        role = {"refuse": "refuses", "review": "review", "await": "awaits"}[decision.outcome]
        yield by, "holds" if decision.held is not None else role


def _purchases(terms: PolicyVersion, store: Store, zero: Money) -> Iterator[tuple[Claim, str]]:
    """All purchases to try, those with the fewest peculiarities first."""
    paid_at = _paid_at(terms, store)
    extras: tuple[ItemKind | None, ...] = (None, *get_args(ItemKind)[1:])
    for twist in TWISTS:
        for extra in extras if twist == "plain" else (None,):
            for cause in _CAUSES if extra is None else _CAUSES[:1]:
                for days in _DAYS:
                    for kind, billing in _SORTS:
                        claim = _claim(store, paid_at, kind, billing, days, cause, extra, zero)
                        yield _twisted(replace(claim, policy=terms.policy), twist), twist


def _paid_at(terms: PolicyVersion, store: Store) -> datetime:
    """In the middle of a working day of the store, on which the version is in force."""
    if terms.in_force_from <= _USUAL_DAY:
        return _USUAL_DAY
    tz = zone(terms.timezone or store.timezone)
    on = local_date(terms.in_force_from, tz) + timedelta(days=1)
    return datetime.combine(on, time(15), tz).astimezone(UTC)


def _claim(
    store: Store,
    paid_at: datetime,
    kind: OrderKind,
    billing: str,
    days: int,
    cause: tuple[Reason, CaseFinding | None],
    extra: ItemKind | None,
    zero: Money,
) -> Claim:
    asked_at = paid_at + timedelta(days=days)
    # The last week before the request was support's; of a quick one, the last day.
    opened_at = paid_at + timedelta(days=max(1, days - 10))
    reason, finding = cause
    return Claim(
        policy="",
        store=store,
        order=_order(paid_at, kind, billing, extra, zero),
        customer=Customer(country=store.country, is_consumer=True, refunds_ever=0, breaches=()),
        case=Case(
            opened_at=opened_at,
            complete_at=opened_at,
            reason=reason,
            finding=finding,
            gave_up_at=asked_at if finding else None,
            last_customer_reply_at=opened_at,
            proof_given=True,
        ),
        request=Request(at=asked_at, channel="portal", from_account_address=True),
        license=License(
            destruction_confirmed_at=asked_at,
            downloads=0,
            uses=0,
            activations=0,
            uninstalled=True,
        ),
        disputes=(),
        judged_at=asked_at,
        notices=(),
    )


def _order(
    paid_at: datetime, kind: OrderKind, billing: str, extra: ItemKind | None, zero: Money
) -> Order:
    price = _price(_PRICES[billing], zero)
    items = [Item(id="1", product="product", item_kind="product", paid=price, tax=_tax(price))]
    if extra:
        paid = _price(4900, zero)
        items.append(
            Item(id="2", product=extra, item_kind=extra, paid=paid, tax=_tax(paid), begun=False)
        )
    months = {"yearly": 12, "monthly": 1}.get(billing)
    end = add_months(paid_at.date(), months) if months else None
    return Order(
        id="1",
        kind=kind,
        billing=billing,  # type: ignore[arg-type]
        paid_at=paid_at,
        currency=zero.currency,
        items=tuple(items),
        refunded=zero,
        period=Period(start=paid_at, end=datetime.combine(end, paid_at.timetz())) if end else None,
        delivered_at=paid_at,
        activated_at=paid_at,
        first_used_at=paid_at,
        list_price=_price(1500, zero),
        gateway_fee=_price(600, zero),
        linked_order=None
        if kind == "purchase"
        else LinkedOrder(
            id="0",
            relation="renewal_of" if kind == "renewal" else "upgrade_of",
            paid_at=paid_at - timedelta(days=20),
        ),
    )


def _price(cents: int, zero: Money) -> Money:
    """A price that looks like one in any currency: 199.00 EUR, 19,900 JPY, 199.000 KWD."""
    return zero.like(cents * 10 ** max(0, zero.decimals - 2))


def _tax(price: Money) -> Money:
    return price.share(19, 100)


def _twisted(claim: Claim, twist: str) -> Claim:
    order, case, paid_at = claim.order, claim.case, claim.order.paid_at
    assert case
    assert claim.license
    match twist:
        case "licence_on":
            still_on = replace(
                claim.license,
                active_sites=("shop.example",),
                destruction_confirmed_at=None,
                uninstalled=False,
            )
            return replace(claim, license=still_on)
        case "outside_programme":
            items = tuple(replace(item, in_programme=False) for item in order.items)
            return replace(claim, order=replace(order, items=items))
        case "refunded_before":
            before = paid_at - timedelta(days=90)
            earlier = EarlierRefund(id="1", order_id="0", product="product", refunded_at=before)
            customer = replace(claim.customer, earlier_refunds=(earlier,), refunds_ever=1)
            return replace(claim, customer=customer)
        case "procedure":
            opened = Infringement(opened_at=paid_at, opened_by="-", evidence="-")
            return replace(claim, customer=replace(claim.customer, infringement=opened))
        case "dispute":
            return replace(claim, disputes=(Dispute(id="1", opened_at=paid_at, status="open"),))
        case "details_missing":
            asks = replace(
                case, missing=("site_url", "screenshots"), complete_at=None, finding=None,
                gave_up_at=None, last_customer_reply_at=claim.judged_at - timedelta(days=2),
            )  # fmt: skip
            return replace(claim, case=asks)
        case "just_reported":
            at = claim.judged_at - timedelta(hours=3)
            new = replace(
                case, opened_at=at, complete_at=at, last_customer_reply_at=at, finding=None,
                gave_up_at=None,
            )  # fmt: skip
            return replace(claim, case=new)
        case "used":
            used = replace(claim.license, downloads=3, uses=3, activations=1)
            return replace(claim, license=used)
    return claim
