"""Judging a refund request: facts, judgement, decision row and what follows, in one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import (
    approvals,
    decisions,
    licenses,
    orders,
    overrides,
    policy_versions,
    requests,
)
from refunddesk.db.approvals import Approval
from refunddesk.db.orders import Order
from refunddesk.db.refunds import State, list_for_order
from refunddesk.db.requests import RefundRequest
from refunddesk.policy.claim import ClaimNotValid
from refunddesk.policy.decision import Decision
from refunddesk.policy.document import PolicyNotValid
from refunddesk.policy.judge import judge, judging_version
from refunddesk.policy.version import PolicyVersion
from refunddesk.services import decided
from refunddesk.services.calling_off import end_by_policy
from refunddesk.services.claims import build_claim
from refunddesk.services.edges import Edges
from refunddesk.services.licenses import end
from refunddesk.services.order_facts import why_a_person
from refunddesk.services.policies import load_named_policy
from refunddesk.services.refund_news import tell_judged
from refunddesk.services.refunds import NothingLeftToRefund, RefundAlreadyGranted, TaxWithoutRate
from refunddesk.services.requests import find
from refunddesk.services.standing_overrides import carry_on

#: Effects by which a grant is not, or not alone, this order's money.
_NOT_MONEY = {
    "credit": "as store credit",
    "exchange": "in exchange for another product",
    "linked_order_refunded": "together with the order it is linked to",
}


def judge_request(edges: Edges, request_id: int) -> None:
    """Judge the request by its store's policy and do what follows.

    A settled request is left alone, and so is one whose payment failed or that waits for a second
    person. Where a person granted the money, only the gate is looked at. What cannot be judged,
    because its facts contradict each other or the store's policy cannot be read, goes to a person
    too. Raises NoSuchRequest.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        order = orders.lock_order(transaction, find(transaction, request_id).order_id)
        request = requests.get_request(transaction, request_id)
        if not request.is_open or approvals.find_open(transaction, request_id):
            return
        if standing := overrides.find_standing(transaction, request_id):
            carry_on(transaction, edges, request, order, standing, now)
        elif not _waits_for_person(transaction, request):
            judge_now(transaction, edges, request, order, now)


def judge_now(
    transaction: Connection,
    edges: Edges,
    request: RefundRequest,
    order: Order,
    now: datetime,
    *,
    approved: Approval | None = None,
) -> None:
    """Judge an open request by the facts as they are; the order is locked.

    `approved` is the grant that a second person just approved: granted once more just so, it is
    not held back again.
    """
    try:
        _check_order(order)
        claim = build_claim(transaction, request, order, now)
        policy = load_named_policy(edges, claim.policy)
        _check_unedited(transaction, judging_version(claim, policy), now)
    except (ClaimNotValid, PolicyNotValid) as trouble:
        decided.leave_to_person(transaction, request, now, str(trouble))
        return
    decision = judge(claim, policy)
    decision_id = decided.record(transaction, request, order, claim, decision, now)
    tell_judged(transaction, request, order, policy, claim, decision, decision_id, now)
    if decision.outcome == "refund":
        granted = _grant(transaction, edges, request, order, decision, decision_id, now, approved)
        if granted and (by_law := policy.lines_by_law(decision)):
            _revoke(transaction, edges, order, decision, by_law, now)
    else:
        decided.follow(transaction, request, decision, decision_id, now)
        if decision.outcome == "refuse" and "subscription_cancelled" in decision.effects:
            end_by_policy(transaction, order, now)


def _check_unedited(transaction: Connection, terms: PolicyVersion, now: datetime) -> None:
    """A version that has judged judges on only while it says the same. Raises PolicyNotValid."""
    known = policy_versions.remember_version(
        transaction,
        policy=terms.policy,
        version=terms.version,
        fingerprint=terms.fingerprint,
        now=now,
    )
    if known != terms.fingerprint:
        raise PolicyNotValid(
            terms.policy,
            f"version {terms.version} was changed after it had judged. Nothing was decided and "
            "nothing paid: put its old text back, and give the change a version and an "
            "in_force_from of its own",
        )


def _waits_for_person(transaction: Connection, request: RefundRequest) -> bool:
    """Granted once and then failed: the policy would only grant the same again."""
    latest = decisions.find_latest(transaction, request.id)
    return request.state == "in_review" and latest is not None and latest.outcome == "refund"


def _check_order(order: Order) -> None:
    because = why_a_person(order)
    if because:
        raise ClaimNotValid("order", because)


def _grant(
    transaction: Connection,
    edges: Edges,
    request: RefundRequest,
    order: Order,
    decision: Decision,
    decision_id: int,
    now: datetime,
    approved: Approval | None,
) -> bool:
    """Whether the money was granted; otherwise a person has the request now."""
    if because := _why_not_in_money(decision):
        decided.leave_to_person(transaction, request, now, because)
        return False
    try:
        _check_first(transaction, order)
        return decided.grant(
            transaction,
            edges,
            request,
            order,
            decision,
            decision_id,
            now,
            granted_by="policy",
            approved=approved,
        )
    except (NothingLeftToRefund, RefundAlreadyGranted, TaxWithoutRate) as refusal:
        decided.leave_to_person(transaction, request, now, str(refusal))
        return False


def _revoke(
    transaction: Connection,
    edges: Edges,
    order: Order,
    decision: Decision,
    by_law: frozenset[str],
    now: datetime,
) -> None:
    """End what the law lets the customer give back at once, without waiting for the gate."""
    if {"license_stays", "license_expires_earlier"} & set(decision.effects):
        return
    items = orders.list_items(transaction, order.id)
    products = {item.product for item in items if str(item.woo_item_id) in by_law}
    because = f"given back by law ({decision.settled_by})"
    for held in licenses.list_licenses(transaction, order.id, order.subscription_id):
        if held.product in products:
            end(edges, transaction, held.id, because, now, "policy")


def _why_not_in_money(decision: Decision) -> str | None:
    """What was granted in another form than as money, and is never paid out as money."""
    amount = decision.amount + decision.tax.refund
    promised = [_NOT_MONEY[effect] for effect in decision.effects if effect in _NOT_MONEY]
    if not promised:
        return None
    return (
        f"The policy grants {amount} {amount.currency} by {decision.settled_by}, {promised[0]}. "
        "Nothing was paid out: a person does it in the store, and settles the request."
    )


def _check_first(transaction: Connection, order: Order) -> None:
    """A share of the price is granted once: asked again, a pro rata clause would grant it again."""
    for refund in list_for_order(transaction, order.id):
        if refund.state == State.PAID:
            raise RefundAlreadyGranted(
                f"{refund.amount} {refund.amount.currency} went back on this order already, by "
                f"refund {refund.id}. Nothing was granted: a person decides about more."
            )
