"""Clauses about the customer's standing: legal procedures, disputes, earlier refunds."""

from __future__ import annotations

from refunddesk.policy.claim import Claim
from refunddesk.policy.clause import Context, Kind, NoParams
from refunddesk.policy.decision import Finding, Why


def judge_infringement(claim: Claim, _: NoParams, context: Context) -> Finding:
    """Refuses while a legal procedure for copyright infringement is open against the customer."""
    found = claim.customer.infringement
    if found is None or claim.judged_at < found.opened_at:
        return context.says("clear")
    if found.settled_at and found.settled_at <= claim.judged_at:
        return context.says("clear")
    return context.says("refuses", Why("infringement_open", {"opened_at": found.opened_at}))


def judge_dispute(claim: Claim, _: NoParams, context: Context) -> Finding:
    """Leaves the claim to a person while the bank holds a dispute on the payment open."""
    running = tuple(
        dispute.id
        for dispute in claim.disputes
        if dispute.closed_at is None or dispute.closed_at > claim.judged_at
    )
    if not running:
        return context.says("clear")
    return context.says("review", Why("dispute_running", {"disputes": running}))


def judge_repurchase(claim: Claim, _: NoParams, context: Context) -> Finding:
    """Bars lines whose product the customer bought and got refunded before this payment.

    The judge refuses when no line is left that anything could be paid for.
    """
    order = claim.order
    refunds = [
        refund
        for refund in claim.customer.earlier_refunds
        if refund.order_id != order.id and refund.refunded_at < order.paid_at
    ]
    products = {refund.product for refund in refunds}
    bars = frozenset(item.id for item in order.items if item.product in products)
    if not bars:
        return context.says("clear")
    bought = {item.product for item in order.items}
    named = tuple(refund.id for refund in refunds if refund.product in bought)
    return context.says("limits", Why("refunded_before", {"refunds": named}), bars=bars)


KINDS = (
    Kind("infringement", judge_infringement, NoParams),
    Kind("dispute", judge_dispute, NoParams),
    Kind("repurchase", judge_repurchase, NoParams),
)
