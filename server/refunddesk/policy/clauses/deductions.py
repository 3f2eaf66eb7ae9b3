"""Limits that keep a part of what was granted: a percentage, a fee of the store or the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from refunddesk.money import Money
from refunddesk.policy.amounts import spread, sum_of
from refunddesk.policy.claim import Claim
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.decision import Fact, Finding, Why
from refunddesk.policy.facts import paid_for_all
from refunddesk.policy.values import Amounts, Percent, Rounding, share_of

#: What a deduction is taken off: what is offered by now, so that deductions add up, or the price
#: paid, so that the customer gets the least of what the rules give, each taken by itself.
Of = Literal["offer", "price"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptShare:
    """Keeps `percent`, but in all no less than `at_least` and no more than `at_most`."""

    percent: Percent
    of: Of = "offer"
    at_least: Amounts | None = None
    at_most: Amounts | None = None
    rounding: Rounding = "down"


def judge_kept_share(claim: Claim, params: KeptShare, context: Context) -> Finding:
    """Keeps a percentage of what is paid back."""
    if not any(context.offers):
        return context.says("does_not_apply")
    base = base_of(claim, context, params.of)
    rest = [params.percent.rest.of(amount, params.rounding) for amount in base]
    kept = sum_of(base) - sum_of(rest)
    bounded = kept
    for bound, larger in ((params.at_least, max), (params.at_most, min)):
        if bound is not None:
            amount = bound.find(kept)
            if amount is None:
                return amount_missing(context, kept)
            bounded = larger(bounded, amount)
    if bounded != kept:
        rest = without(base, bounded)
    facts: dict[str, Fact] = {"percent": str(params.percent), "amount": sum_of(base) - sum_of(rest)}
    return lowered(context, rest, Why("share_kept", facts))


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedFee:
    """Keeps an amount once per order, per line paid back, or per unit of it."""

    amount: Amounts
    per: Literal["order", "line", "unit"] = "order"
    of: Of = "offer"


def judge_fixed_fee(claim: Claim, params: FixedFee, context: Context) -> Finding:
    """Keeps a fixed amount, at most what is paid back."""
    if not any(context.offers):
        return context.says("does_not_apply")
    base = base_of(claim, context, params.of)
    fee = params.amount.find(base[0])
    if fee is None:
        return amount_missing(context, base[0])
    if params.per == "order":
        return keep(context, base, fee, "fee_kept")
    rest = []
    for item, amount in zip(claim.order.items, base, strict=True):
        count = item.quantity if params.per == "unit" else 1
        charged = int((fee.minor * count) // 1) if amount else 0
        rest.append(amount - min(amount, fee.like(charged)))
    return lowered(context, rest, Why("fee_kept", {"amount": sum_of(base) - sum_of(rest)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayFee:
    """Keeps the fee whole, or the part of it that goes with the part paid back."""

    part: Literal["whole", "in_proportion"] = "whole"
    of: Of = "offer"


def judge_gateway_fee(claim: Claim, params: GatewayFee, context: Context) -> Finding:
    """Keeps what the payment gateway took and does not give back."""
    if not any(context.offers):
        return context.says("does_not_apply")
    fee = claim.order.gateway_fee
    if fee is None:
        return context.lacks("order.gateway_fee")
    base = base_of(claim, context, params.of)
    if params.part == "in_proportion":
        fee = share_of(fee, sum_of(context.offers).minor, sum_of(paid_for_all(claim)).minor)
    return keep(context, base, fee, "gateway_fee_kept")


def base_of(claim: Claim, context: Context, of: Of) -> tuple[Money, ...]:
    """Line by line what a deduction is taken off; nothing where nothing is offered."""
    if of == "offer":
        return context.offers
    return tuple(
        paid if offer else offer
        for paid, offer in zip(paid_for_all(claim), context.offers, strict=True)
    )


def keep(
    context: Context, base: Sequence[Money], amount: Money, code: str, **facts: Fact
) -> Finding:
    """Takes `amount`, at most all, off the lines in proportion."""
    taken = min(amount, sum_of(base))
    return lowered(context, without(base, taken), Why(code, {**facts, "amount": taken}))


def without(base: Sequence[Money], amount: Money) -> list[Money]:
    """The lines less `amount`, taken from each in proportion; never below nothing."""
    taken = spread(min(amount, sum_of(base)), base)
    return [line - part for line, part in zip(base, taken, strict=True)]


def lowered(context: Context, rest: Sequence[Money], why: Why) -> Finding:
    """What a deduction says: its limit where it lowers anything, else that it does not apply."""
    offers = tuple(map(min, context.offers, rest))
    if offers == context.offers:
        return context.says("does_not_apply")
    return context.says("limits", why, offers=offers)


def amount_missing(context: Context, like: Money) -> Finding:
    """The policy names no amount in the order's currency: a person reckons it."""
    return context.says("review", Why("amount_missing", {"currency": like.currency}))


KINDS = (
    Kind("kept_share", judge_kept_share, KeptShare, "limit"),
    Kind("fixed_fee", judge_fixed_fee, FixedFee, "limit"),
    Kind("gateway_fee", judge_gateway_fee, GatewayFee, "limit"),
)
