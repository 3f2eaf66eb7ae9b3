"""Judging a refund request: facts, judgement, decision row and what follows, in one transaction."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk.db import decisions, licenses, orders, outbox, policy_versions, requests
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order
from refunddesk.db.refunds import State, list_for_order
from refunddesk.db.requests import RefundRequest
from refunddesk.jobnames import JobName
from refunddesk.policy.claim import Claim, ClaimNotValid
from refunddesk.policy.decision import Decision, next_judgement_at
from refunddesk.policy.document import PolicyNotValid
from refunddesk.policy.interchange import dump_claim
from refunddesk.policy.judge import judge, judging_version
from refunddesk.policy.version import PolicyVersion
from refunddesk.services import refunds
from refunddesk.services.claims import build_claim
from refunddesk.services.edges import Edges
from refunddesk.services.licenses import end
from refunddesk.services.order_facts import why_a_person
from refunddesk.services.policies import load_named_policy
from refunddesk.services.refund_news import tell_in_review, tell_judged
from refunddesk.services.refunds import NothingLeftToRefund, RefundAlreadyGranted, TaxWithoutRate
from refunddesk.services.requests import find

_STATE_AFTER = {
    "refund": "granted",
    "refuse": "refused",
    "await": "awaiting",
    "review": "in_review",
}
#: Effects by which a grant is not, or not alone, this order's money.
_NOT_MONEY = {
    "credit": "as store credit",
    "exchange": "in exchange for another product",
    "linked_order_refunded": "together with the order it is linked to",
}
# An answer that ends in the past would otherwise be judged again without a pause.
_SHORTEST_WAIT = timedelta(minutes=1)


def judge_request(edges: Edges, request_id: int) -> None:
    """Judge the request by its store's policy and do what follows.

    A settled request is left alone, and so is one whose payment failed: it waits for a person.
    What cannot be judged, because its facts contradict each other or the store's policy cannot be
    read, goes to a person too. Raises NoSuchRequest.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        order = orders.lock_order(transaction, find(transaction, request_id).order_id)
        request = requests.get_request(transaction, request_id)
        if not request.is_open or _waits_for_person(transaction, request):
            return
        try:
            _check_order(order)
            claim = build_claim(transaction, request, order, now)
            policy = load_named_policy(edges, claim.policy)
            _check_unedited(transaction, judging_version(claim, policy), now)
        except (ClaimNotValid, PolicyNotValid) as trouble:
            _leave_to_person(transaction, request, now, str(trouble))
            return
        decision = judge(claim, policy)
        decision_id = _record(transaction, request, order, claim, decision)
        tell_judged(transaction, request, order, policy, claim, decision, decision_id, now)
        if decision.outcome == "refund":
            granted = _grant(transaction, edges, request, order, decision, decision_id, now)
            if granted and policy.is_by_law(decision):
                _revoke(transaction, edges, order, decision, now)
        else:
            _follow(transaction, request, decision, decision_id, now)


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


def _record(
    transaction: Connection,
    request: RefundRequest,
    order: Order,
    claim: Claim,
    decision: Decision,
) -> int:
    """The id of the decision's row: the last one's where neither facts nor answer changed.

    A grant is always a row of its own, since its refund is paid under that very row.
    """
    claim_text, decision_text = _canonical(dump_claim(claim)), _canonical(decision.to_json())
    latest = decisions.find_latest(transaction, request.id)
    if (
        latest
        and decision.outcome != "refund"
        and latest.decision == decision_text
        and latest.snapshot_sha == order.snapshot_sha
        and _timeless(latest.claim) == _timeless(claim_text)
    ):
        return latest.id
    return decisions.record_decision(
        transaction,
        request_id=request.id,
        judged_at=claim.judged_at,
        policy=decision.policy,
        policy_version=decision.version,
        outcome=decision.outcome,
        settled_by=decision.settled_by,
        amount=decision.amount,
        claim=claim_text,
        decision=decision_text,
        snapshot_sha=order.snapshot_sha,
    )


def _grant(
    transaction: Connection,
    edges: Edges,
    request: RefundRequest,
    order: Order,
    decision: Decision,
    decision_id: int,
    now: datetime,
) -> bool:
    """Whether the money was granted; otherwise a person has the request now."""
    if because := _why_not_in_money(decision):
        _leave_to_person(transaction, request, now, because)
        return False
    items = orders.list_items(transaction, order.id)
    shares = {line.item: (line.refund, line.tax) for line in decision.lines}
    try:
        _check_first(transaction, order)
        refund_id = refunds.grant(
            transaction,
            now=now,
            request_id=request.id,
            decision_id=decision_id,
            order=order,
            lines=refunds.lines_for(
                items, {item.id: shares[str(item.woo_item_id)] for item in items}
            ),
            amount=decision.amount + decision.tax.refund,
            approved_by="policy",
            random_bytes=edges.random_bytes,
        )
    except (NothingLeftToRefund, RefundAlreadyGranted, TaxWithoutRate) as refusal:
        _leave_to_person(transaction, request, now, str(refusal))
        return False
    _follow(transaction, request, decision, decision_id, now, refund=refund_id)
    return True


def _revoke(
    transaction: Connection, edges: Edges, order: Order, decision: Decision, now: datetime
) -> None:
    """End what the law lets the customer give back at once, without waiting for the gate."""
    if {"license_stays", "license_expires_earlier"} & set(decision.effects):
        return
    given = {line.item for line in decision.lines if line.refund}
    items = orders.list_items(transaction, order.id)
    products = {item.product for item in items if str(item.woo_item_id) in given}
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


def _follow(
    transaction: Connection,
    request: RefundRequest,
    decision: Decision,
    decision_id: int,
    now: datetime,
    **also: int,
) -> None:
    """Move the request to the state its decision means, and plan the next look at it."""
    state = _STATE_AFTER[decision.outcome]
    again_at = next_judgement_at(decision)
    if again_at is not None:
        again_at = max(again_at, now + _SHORTEST_WAIT)
        outbox.promise(transaction, JobName.JUDGE_REQUEST, request.id, due_at=again_at)
    moved = requests.change_state(transaction, request, state, judge_again_at=again_at)
    assert moved, "the order is locked, so nobody else can have moved its request"
    record_deed(
        transaction,
        at=now,
        actor="policy",
        action=f"request_{state}",
        subject=f"request:{request.id}",
        data={"from": request.state, "decision": decision_id, "by": decision.settled_by, **also},
    )


def _leave_to_person(
    transaction: Connection, request: RefundRequest, now: datetime, because: str
) -> None:
    requests.change_state(transaction, request, "in_review")
    if request.state != "in_review":
        tell_in_review(transaction, request, now)
    record_deed(
        transaction,
        at=now,
        actor="policy",
        action="request_in_review",
        subject=f"request:{request.id}",
        data={"from": request.state, "because": because},
    )


def _canonical(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _timeless(claim_text: str) -> object:
    claim = json.loads(claim_text)
    del claim["judged_at"]
    return claim
