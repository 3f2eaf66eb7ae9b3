"""Clauses about the customer's standing: legal procedures, disputes, earlier refunds, breaches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from refunddesk.policy.claim import Breach, Claim, EarlierRefund
from refunddesk.policy.clause import Context, Kind, NoParams
from refunddesk.policy.clauses.windows import Then, fails
from refunddesk.policy.decision import Await, Finding, Why
from refunddesk.policy.facts import asked_at
from refunddesk.policy.values import AtLeastOne
from refunddesk.worktime import Span, is_over


def judge_infringement(claim: Claim, _: NoParams, context: Context) -> Finding:
    """Refuses while a legal procedure for copyright infringement is open against the customer."""
    found = claim.customer.infringement
    if found is None or claim.judged_at < found.opened_at:
        return context.clear
    if found.settled_at and found.settled_at <= claim.judged_at:
        return context.clear
    return context.says("refuses", Why("infringement_open", {"opened_at": found.opened_at}))


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeRule:
    """What a dispute does while it runs, and whether having had one forfeits the refund."""

    running: Literal["review", "refuse", "await"] = "review"
    forfeits: bool = False


def judge_dispute(claim: Claim, params: DisputeRule, context: Context) -> Finding:
    """Leaves the claim to a person while the bank holds a dispute on the payment open.

    It may refuse instead, or wait for the customer to withdraw it; and a dispute that is closed
    may have forfeited the refund for good.
    """
    if not claim.disputes:
        return context.clear
    begun = [dispute for dispute in claim.disputes if dispute.opened_at <= claim.judged_at]
    if params.forfeits and begun:
        named = tuple(dispute.id for dispute in begun)
        return context.says("refuses", Why("dispute_forfeits", {"disputes": named}))
    running = tuple(
        dispute.id
        for dispute in claim.disputes
        if dispute.closed_at is None or dispute.closed_at > claim.judged_at
    )
    if not running:
        return context.clear
    if params.running == "await":
        return context.awaits(
            *(Await("customer", "withdraw_dispute", about=dispute) for dispute in running)
        )
    return fails(context, params.running, Why("dispute_running", {"disputes": running}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A product that contains others: its refund counts as a refund of each of them."""

    product: str
    contains: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repurchase:
    """How long an earlier refund bars its product; "none" is for ever."""

    within: Span | None = None
    bundles: tuple[Bundle, ...] = ()


def judge_repurchase(claim: Claim, params: Repurchase, context: Context) -> Finding:
    """Bars lines whose product the customer bought and got refunded before this payment.

    The judge refuses when no line is left that anything could be paid for.
    """
    order = claim.order
    if not claim.customer.earlier_refunds:
        return context.clear
    refunds = [
        refund
        for refund in claim.customer.earlier_refunds
        if refund.order_id != order.id
        and refund.refunded_at < order.paid_at
        and not _forgotten(refund, params, claim, context)
    ]
    bought = {item.product for item in order.items}
    named = [refund for refund in refunds if bought & _products_of(refund, params.bundles)]
    barred = {product for refund in named for product in _products_of(refund, params.bundles)}
    bars = frozenset(item.id for item in order.items if item.product in barred)
    if not bars:
        return context.clear
    ids = tuple(dict.fromkeys(refund.id for refund in named))
    return context.says("limits", Why("refunded_before", {"refunds": ids}), bars=bars)


def _forgotten(refund: EarlierRefund, params: Repurchase, claim: Claim, context: Context) -> bool:
    if params.within is None:
        return False
    return is_over(context.end_of(params.within, refund.refunded_at), claim.order.paid_at)


def _products_of(refund: EarlierRefund, bundles: Collection[Bundle]) -> set[str]:
    contained = (bundle.contains for bundle in bundles if bundle.product == refund.product)
    return {refund.product}.union(*contained)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCount:
    """How many refunds a customer can have within a time back from the request, or ever."""

    most: AtLeastOne
    within: Span | None = None
    then: Then = "refuse"


def judge_refund_count(claim: Claim, params: RefundCount, context: Context) -> Finding:
    """Refuses a customer who already had as many refunds as the policy allows."""
    asked = asked_at(claim)
    had = {
        refund.id
        for refund in claim.customer.earlier_refunds
        if refund.order_id != claim.order.id and refund.refunded_at <= asked
        if params.within is None
        or not is_over(context.end_of(params.within, refund.refunded_at), asked)
    }
    count = len(had)
    if params.within is None:
        count = max(count, claim.customer.refunds_ever or 0)
    if count < params.most:
        return context.clear
    return fails(context, params.then, Why("refunds_used_up", {"had": count, "most": params.most}))


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachRule:
    breaches: frozenset[Breach]
    then: Then = "refuse"


def judge_breach(claim: Claim, params: BreachRule, context: Context) -> Finding:
    """Refuses a customer of whom a breach of the terms, or an abuse, is on record."""
    recorded = claim.customer.breaches
    if recorded is None:
        return context.lacks("customer.breaches")
    found = tuple(breach for breach in recorded if breach in params.breaches)
    if not found:
        return context.clear
    return fails(context, params.then, Why("terms_breached", {"breaches": found}))


KINDS = (
    Kind("infringement", judge_infringement, NoParams),
    Kind("dispute", judge_dispute, DisputeRule),
    Kind("repurchase", judge_repurchase, Repurchase),
    Kind("refund_count", judge_refund_count, RefundCount),
    Kind("breach", judge_breach, BreachRule),
)
