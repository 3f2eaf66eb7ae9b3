"""What a decision brings with it, whoever made it: its row, the grant, the request's new state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk.db import approvals, decisions, orders, outbox, requests
from refunddesk.db.approvals import Approval
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order
from refunddesk.db.refunds import RefundLine
from refunddesk.db.requests import RefundRequest
from refunddesk.jobnames import JobName
from refunddesk.policy.claim import Claim
from refunddesk.policy.decision import Decision, next_judgement_at
from refunddesk.policy.interchange import dump_claim
from refunddesk.services import refund_news, refunds
from refunddesk.services.approval_limits import needs_second_person
from refunddesk.services.edges import Edges

_STATE_AFTER = {
    "refund": "granted",
    "refuse": "refused",
    "await": "awaiting",
    "review": "in_review",
}
# An answer that ends in the past would otherwise be judged again without a pause.
_SHORTEST_WAIT = timedelta(minutes=1)


def record(
    transaction: Connection,
    request: RefundRequest,
    order: Order,
    claim: Claim | None,
    decision: Decision,
    now: datetime,
) -> int:
    """The id of the decision's row: the last one's where neither facts nor answer changed.

    A grant is always a row of its own, since its refund is paid under that very row. `claim` None:
    a person decided on facts that no claim can hold.
    """
    claim_text = canonical(dump_claim(claim)) if claim else "{}"
    decision_text = canonical(decision.to_json())
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
        judged_at=claim.judged_at if claim else now,
        policy=decision.policy,
        policy_version=decision.version,
        outcome=decision.outcome,
        settled_by=decision.settled_by,
        amount=decision.amount,
        claim=claim_text,
        decision=decision_text,
        snapshot_sha=order.snapshot_sha,
    )


def grant(
    transaction: Connection,
    edges: Edges,
    request: RefundRequest,
    order: Order,
    decision: Decision,
    decision_id: int,
    now: datetime,
    *,
    granted_by: str,
    approved: Approval | None = None,
) -> bool:
    """Make the refund of the decision due; False where it waits for a second person instead.

    `granted_by` is "policy" or "staff:<id>"; `approved` is what a second person just approved.
    Raises NothingLeftToRefund, RefundAlreadyGranted, TaxWithoutRate; nothing is written then.
    """
    amount = decision.amount + decision.tax.refund
    lines = _lines(transaction, order, decision)
    if not _covers(transaction, approved, decision, decision_id) and needs_second_person(
        transaction, order, amount, granted_by=granted_by
    ):
        refunds.check_left(refunds.what_is_left(transaction, order), lines, amount)
        approval_id = approvals.record_approval(
            transaction, request.id, decision_id, amount, granted_by=granted_by, at=now
        )
        _wait_for_second(transaction, request, approval_id, decision_id, now, granted_by)
        return False
    refund_id = refunds.grant(
        transaction,
        now=now,
        request_id=request.id,
        decision_id=decision_id,
        order=order,
        lines=lines,
        amount=amount,
        approved_by=granted_by,
        random_bytes=edges.random_bytes,
    )
    follow(transaction, request, decision, decision_id, now, by=granted_by, refund=refund_id)
    return True


def follow(
    transaction: Connection,
    request: RefundRequest,
    decision: Decision,
    decision_id: int,
    now: datetime,
    *,
    by: str = "policy",
    **also: int,
) -> None:
    """Move the request to the state its decision means, and plan the next look at it."""
    state = _STATE_AFTER[decision.outcome]
    again_at = next_judgement_at(decision)
    if again_at is not None:
        again_at = max(again_at, now + _SHORTEST_WAIT)
        outbox.promise(transaction, JobName.JUDGE_REQUEST, request.id, due_at=again_at)
    _move(transaction, request, state, again_at)
    data = {"decision": decision_id, "by": decision.settled_by, **also}
    _tell(transaction, request, now, by, f"request_{state}", data)


def leave_to_person(
    transaction: Connection, request: RefundRequest, now: datetime, because: str
) -> None:
    """Put the request in review, and say so to those who decide."""
    _move(transaction, request, "in_review")
    if request.state != "in_review":
        refund_news.tell_in_review(transaction, request, now)
    _tell(transaction, request, now, "policy", "request_in_review", {"because": because})


def canonical(document: object) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _lines(transaction: Connection, order: Order, decision: Decision) -> tuple[RefundLine, ...]:
    items = orders.list_items(transaction, order.id)
    shares = {line.item: (line.refund, line.tax) for line in decision.lines}
    return refunds.lines_for(
        items,
        {
            item.id: shares[str(item.woo_item_id)]
            for item in items
            if str(item.woo_item_id) in shares
        },
    )


def _covers(
    transaction: Connection, approved: Approval | None, decision: Decision, decision_id: int
) -> bool:
    """Whether just this was approved: line by line the same money, if decided anew meanwhile."""
    if approved is None or approved.decision_id == decision_id:
        return approved is not None
    seen = json.loads(decisions.get_decision(transaction, approved.decision_id).decision)
    said = decision.to_json()
    return all(seen[name] == said[name] for name in ("lines", "tax", "currency", "effects"))


def _wait_for_second(
    transaction: Connection,
    request: RefundRequest,
    approval_id: int,
    decision_id: int,
    now: datetime,
    granted_by: str,
) -> None:
    _move(transaction, request, "in_review")
    data = {"approval": approval_id, "decision": decision_id}
    _tell(transaction, request, now, granted_by, "request_needs_approval", data)
    refund_news.tell_needs_approval(transaction, request, approval_id, now)


def _move(
    transaction: Connection, request: RefundRequest, state: str, again_at: datetime | None = None
) -> None:
    moved = requests.change_state(transaction, request, state, judge_again_at=again_at)
    assert moved, "the order is locked, so nobody else can have moved its request"


def _tell(
    transaction: Connection,
    request: RefundRequest,
    now: datetime,
    actor: str,
    action: str,
    data: Mapping[str, object],
) -> None:
    record_deed(
        transaction,
        at=now,
        actor=actor,
        action=action,
        subject=f"request:{request.id}",
        data={"from": request.state, **data},
    )


def _timeless(claim_text: str) -> object:
    claim = json.loads(claim_text)
    claim.pop("judged_at", None)
    return claim
