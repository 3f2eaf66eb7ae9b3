"""Tells customer and staff where a refund request stands: what waits, is refused, is paid."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import decisions, orders
from refunddesk.db.customer_links import Purpose
from refunddesk.db.orders import Order
from refunddesk.db.refunds import Refund
from refunddesk.db.requests import RefundRequest
from refunddesk.mail.notices import NoticeKind, money_fact
from refunddesk.policy.claim import Claim
from refunddesk.policy.decision import Await, Decision
from refunddesk.policy.version import Policy
from refunddesk.policy.wording.explanation import explain
from refunddesk.services.customer_links import link_facts
from refunddesk.services.notices import DECIDERS, language_for, tell_customer, tell_staff


def tell_judged(
    transaction: Connection,
    request: RefundRequest,
    order: Order,
    policy: Policy,
    claim: Claim,
    decision: Decision,
    decision_id: int,
    now: datetime,
) -> None:
    """Write what the judgement asks of the customer or denies them; a grant is told when paid.

    What was asked before is not asked again: only a judgement that asks for more is told.
    """
    if decision.outcome == "await":
        tell_waits(transaction, request, order, claim, decision, decision_id, now)
    elif decision.outcome == "refuse":
        _tell_refused(transaction, request, order, policy, claim, decision, decision_id, now)
    elif decision.outcome == "review" and request.state != "in_review":
        tell_in_review(transaction, request, now)


def tell_waits(
    transaction: Connection,
    request: RefundRequest,
    order: Order,
    claim: Claim,
    decision: Decision,
    decision_id: int,
    now: datetime,
) -> None:
    """Write what the customer has to do, where it is more than was asked before."""
    asked = [awaited for awaited in decision.awaits if awaited.who == "customer"]
    if {_what(awaited) for awaited in asked} - _asked_before(transaction, request, decision_id):
        _tell_waits(transaction, request, order, claim, decision, asked, decision_id, now)


def tell_in_review(transaction: Connection, request: RefundRequest, now: datetime) -> None:
    """Write to the approvers that the request waits for one of them."""
    tell_staff(
        transaction,
        "request_in_review",
        request.store_id,
        about=f"request:{request.id}",
        reference=f"in_review:{request.id}:{now.isoformat()}",
        path=f"/desk/requests/{request.id}",
        to=DECIDERS,
        now=now,
    )


def tell_needs_approval(
    transaction: Connection, request: RefundRequest, approval_id: int, now: datetime
) -> None:
    """Write to the approvers that a grant above the limit waits for a second one of them."""
    tell_staff(
        transaction,
        "approval_needed",
        request.store_id,
        about=f"request:{request.id}",
        reference=f"approval:{approval_id}",
        path=f"/desk/requests/{request.id}",
        to=DECIDERS,
        now=now,
    )


def tell_refused_by_person(
    transaction: Connection,
    request: RefundRequest,
    order: Order,
    because: str,
    decision_id: int,
    now: datetime,
) -> None:
    """Write to the customer that a person refuses, in the person's own words."""
    tell_customer(
        transaction,
        NoticeKind.REFUND_REFUSED,
        order,
        about=f"request:{request.id}",
        reference=f"refused:{decision_id}",
        facts={
            "by_person": because,
            "clause": None,
            "clause_text": "",
            "reason": "",
            "changes": [],
        },
        now=now,
    )


def tell_paid(transaction: Connection, refund: Refund, now: datetime) -> None:
    """Write to the customer that the store confirmed the payment. Nothing says so before."""
    tell_customer(
        transaction,
        NoticeKind.REFUND_PAID,
        orders.get_order(transaction, refund.order_id),
        about=f"refund:{refund.id}",
        reference=f"paid:{refund.id}",
        facts={
            "amount": money_fact(refund.amount),
            "marker": refund.marker,
            "by_person": refund.approved_by != "policy",
        },
        now=now,
    )


def tell_needs_review(transaction: Connection, refund: Refund, now: datetime) -> None:
    """Write to the approvers that nobody but a person can say whether the money moved."""
    tell_staff(
        transaction,
        "refund_needs_review",
        refund.store_id,
        about=f"refund:{refund.id}",
        reference=f"needs_review:{refund.id}:{refund.attempt}",
        path=f"/desk/refunds/{refund.id}",
        to=DECIDERS,
        now=now,
    )


def _tell_waits(
    transaction: Connection,
    request: RefundRequest,
    order: Order,
    claim: Claim,
    decision: Decision,
    asked: list[Await],
    decision_id: int,
    now: datetime,
) -> None:
    said = explain(decision, claim, language=language_for(transaction, order))
    tell_customer(
        transaction,
        NoticeKind.REFUND_WAITS,
        order,
        about=f"request:{request.id}",
        reference=f"waits:{decision_id}",
        facts={
            "held": money_fact(decision.held) if decision.held else None,
            "awaits": list(said.awaits),
            "until": any(awaited.until for awaited in asked),
            **link_facts(order, Purpose.REFUND),
        },
        now=now,
    )


def _tell_refused(
    transaction: Connection,
    request: RefundRequest,
    order: Order,
    policy: Policy,
    claim: Claim,
    decision: Decision,
    decision_id: int,
    now: datetime,
) -> None:
    language = language_for(transaction, order)
    said = explain(decision, claim, language=language, audience="customer", policy=policy)
    tell_customer(
        transaction,
        NoticeKind.REFUND_REFUSED,
        order,
        about=f"request:{request.id}",
        reference=f"refused:{decision_id}",
        facts={
            "clause": decision.settled_by,
            "clause_text": _clause_text(policy, decision, language),
            "reason": said.reason,
            "changes": list(said.changes),
        },
        now=now,
    )


def _clause_text(policy: Policy, decision: Decision, language: str) -> str:
    version = policy.get_version(decision.version)
    for clause in version.clauses:
        if clause.id == decision.settled_by and clause.texts:
            return clause.texts.get(language) or next(iter(clause.texts.values()))
    return ""


def _what(awaited: Await) -> str:
    return str(awaited.to_json()["what"])


def _asked_before(
    transaction: Connection, request: RefundRequest, decision_id: int
) -> frozenset[str]:
    """What the judgement before this one asked of the customer."""
    before = [
        one for one in decisions.list_decisions(transaction, request.id) if one.id < decision_id
    ]
    if not before:
        return frozenset()
    awaits = json.loads(before[-1].decision)["awaits"]
    return frozenset(one["what"] for one in awaits if one["who"] == "customer")
