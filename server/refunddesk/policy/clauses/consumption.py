"""Limits that charge what the customer has had already: uses, months, credits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from refunddesk.policy.claim import Claim
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.clauses.deductions import (
    Of,
    amount_missing,
    base_of,
    keep,
    lowered,
)
from refunddesk.policy.clauses.preconditions import Counted, count_of
from refunddesk.policy.conditions import matches
from refunddesk.policy.decision import Finding, Why
from refunddesk.policy.facts import ANCHOR_KEYS, Anchor, anchor_at, asked_at
from refunddesk.policy.values import Amounts, AtLeastOne, Rounding, share_of
from refunddesk.worktime import add_months, end_of_day, local_date, months_begun


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedValue:
    """Charges `each` for every use beyond the first `free` ones."""

    counted: Counted
    each: Amounts
    free: int = 0
    of: Of = "offer"


def judge_used_value(claim: Claim, params: UsedValue, context: Context) -> Finding:
    """Keeps the value of what was used: so much for each download, use or site."""
    if not any(context.offers):
        return context.says("does_not_apply")
    count = count_of(claim, params.counted)
    if count is None:
        return context.lacks(f"license.{params.counted}")
    base = base_of(claim, context, params.of)
    each = params.each.find(base[0])
    if each is None:
        return amount_missing(context, base[0])
    charged = max(0, count - params.free)
    value = each.like(each.minor * charged)
    return keep(context, base, value, "used_value_kept", counted=params.counted, count=charged)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedMonths:
    """Charges each month begun by the request at `order.list_price`, the price of one month.

    `current_month` says whether the month of the request is charged.
    """

    counted_from: Anchor = "payment"
    month: Literal["subscription", "calendar"] = "subscription"
    current_month: Literal["charged", "free"] = "charged"
    of: Of = "price"


def judge_used_months(claim: Claim, params: UsedMonths, context: Context) -> Finding:
    """Keeps the list price of the months that were used."""
    if not any(context.offers):
        return context.says("does_not_apply")
    price = claim.order.list_price
    if price is None:
        return context.lacks("order.list_price")
    since = anchor_at(claim, params.counted_from)
    if since is None:
        return context.lacks(ANCHOR_KEYS[params.counted_from])
    start, on = local_date(since, context.zone), local_date(asked_at(claim), context.zone)
    on = max(start, on)
    if params.month == "calendar":
        begun = (on.year - start.year) * 12 + on.month - start.month
        next_begins = add_months(on.replace(day=1), 1)
    else:
        begun = months_begun(start, on)
        next_begins = add_months(start, begun + 1)
    used = begun + (1 if params.current_month == "charged" else 0)
    base = base_of(claim, context, params.of)
    finding = keep(
        context, base, price.like(price.minor * used), "used_months_kept", months=used, each=price
    )
    until = end_of_day(next_begins - timedelta(days=1), context.zone)
    return finding if until < claim.judged_at else finding.holding(until)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedCredits:
    """Each unit of the products named held `credits`; `license.uses` says how many are gone."""

    credits: AtLeastOne
    products: frozenset[str] = frozenset({"*"})
    rounding: Rounding = "down"


def judge_unused_credits(claim: Claim, params: UnusedCredits, context: Context) -> Finding:
    """Pays back the part of the price whose credits were not used."""
    sold = [matches(item.product, params.products) for item in claim.order.items]
    offered = [does and bool(o) for does, o in zip(sold, context.offers, strict=True)]
    if not any(offered):
        return context.says("does_not_apply")
    used = count_of(claim, "uses")
    if used is None:
        return context.lacks("license.uses")
    items = zip(claim.order.items, sold, strict=True)
    held = sum(int(item.quantity * params.credits) for item, does in items if does)
    left = max(0, held - used)
    rest = [
        share_of(item.paid, left, held, params.rounding) if does and held else offer
        for item, does, offer in zip(claim.order.items, offered, context.offers, strict=True)
    ]
    return lowered(context, rest, Why("credits_left", {"left": left, "of": held}))


KINDS = (
    Kind("used_value", judge_used_value, UsedValue, "limit"),
    Kind("used_months", judge_used_months, UsedMonths, "limit"),
    Kind("unused_credits", judge_unused_credits, UnusedCredits, "limit"),
)
