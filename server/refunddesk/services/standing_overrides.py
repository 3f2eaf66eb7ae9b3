"""A person granted money: it is paid once the gate is passed, and approved where it must be."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import customers, decisions, disputes, orders, overrides, stores
from refunddesk.db.approvals import Approval
from refunddesk.db.disputes import Dispute
from refunddesk.db.history import list_deeds
from refunddesk.db.orders import Order
from refunddesk.db.overrides import Override
from refunddesk.db.requests import RefundRequest
from refunddesk.policy.by_person import GivenLine, grant_by_person, until_license_off
from refunddesk.policy.claim import Claim, ClaimNotValid, License
from refunddesk.policy.decision import Decision, Effect
from refunddesk.policy.document import PolicyNotValid
from refunddesk.policy.judge import judging_version
from refunddesk.services import decided, refund_news
from refunddesk.services.claims import build_claim, license_facts
from refunddesk.services.edges import Edges
from refunddesk.services.policies import load_named_policy
from refunddesk.services.refunds import NothingLeftToRefund, RefundAlreadyGranted, TaxWithoutRate


def carry_on(
    transaction: Connection,
    edges: Edges,
    request: RefundRequest,
    order: Order,
    override: Override,
    now: datetime,
) -> None:
    """Look again whether what the person granted can be paid; the order is locked.

    What was opened against the customer since, and what the order can no longer give, goes back to
    a person.
    """
    if because := objection_since(transaction, order, override.made_at):
        decided.leave_to_person(transaction, request, now, because)
        return
    try:
        carry_out(transaction, edges, request, order, override, now)
    except (NothingLeftToRefund, RefundAlreadyGranted, TaxWithoutRate) as refusal:
        decided.leave_to_person(transaction, request, now, str(refusal))


def carry_out(
    transaction: Connection,
    edges: Edges,
    request: RefundRequest,
    order: Order,
    override: Override,
    now: datetime,
    *,
    approved: Approval | None = None,
) -> None:
    """Wait for what the gate asks, or make the refund due; the order is locked.

    `approved` is the same grant, which a second person just approved. Raises NothingLeftToRefund,
    RefundAlreadyGranted, TaxWithoutRate.
    """
    license = license_facts(transaction, order, request, lock=True)
    claim = find_claim(transaction, request, order, now)
    policy, version = terms_of(transaction, edges, request, order, claim)
    decision = grant_by_person(
        _given(transaction, order, override),
        () if override.gate_waived_because else until_license_off(license),
        _effects(order, license, override),
        policy=policy,
        version=version,
    )
    decision_id = keep_decision(transaction, request, order, claim, decision, override, now)
    if decision.outcome == "await":
        if claim is not None:
            refund_news.tell_waits(transaction, request, order, claim, decision, decision_id, now)
        decided.follow(transaction, request, decision, decision_id, now, by=override.made_by)
        return
    decided.grant(
        transaction,
        edges,
        request,
        order,
        decision,
        decision_id,
        now,
        granted_by=override.made_by,
        approved=approved,
    )


def keep_decision(
    transaction: Connection,
    request: RefundRequest,
    order: Order,
    claim: Claim | None,
    decision: Decision,
    override: Override,
    now: datetime,
) -> int:
    """The id of the decision's row, kept as made by this override."""
    decision_id = decided.record(transaction, request, order, claim, decision, now)
    if overrides.find_of_decision(transaction, decision_id) is None:
        overrides.link_decision(transaction, decision_id, override.id)
    return decision_id


def find_claim(
    transaction: Connection, request: RefundRequest, order: Order, now: datetime
) -> Claim | None:
    """The facts as they stand beside the person's decision; None where they contradict."""
    try:
        return build_claim(transaction, request, order, now)
    except ClaimNotValid:
        return None


def terms_of(
    transaction: Connection,
    edges: Edges,
    request: RefundRequest,
    order: Order,
    claim: Claim | None,
) -> tuple[str, str]:
    """The policy and the version in whose place the person decides; "" where none can be read."""
    name = stores.get_store(transaction, order.store_id).policy
    if claim is not None:
        try:
            return name, judging_version(claim, load_named_policy(edges, name)).version
        except PolicyNotValid:
            pass
    latest = decisions.find_latest(transaction, request.id)
    return name, latest.policy_version if latest else ""


def _given(transaction: Connection, order: Order, override: Override) -> list[GivenLine]:
    lines = []
    for item in orders.list_items(transaction, order.id):
        net, tax = override.shares.get(item.woo_item_id, (0, 0))
        lines.append(
            GivenLine(str(item.woo_item_id), item.paid, item.paid.like(net), item.paid.like(tax))
        )
    return lines


def _effects(order: Order, license: License | None, override: Override) -> list[Effect]:
    if override.keeps_license:
        return ["license_stays"]
    effects: list[Effect] = ["license_ends"] if license else []
    if order.subscription_id is not None:
        effects.append("subscription_cancelled")
    return effects


def objection_since(transaction: Connection, order: Order, at: datetime) -> str | None:
    """What was opened after the person decided, in words without personal data.

    Banks tell of a dispute days after it was opened: what was told later was not known either.
    """
    for dispute in disputes.list_disputes(transaction, order.id):
        if (
            dispute.closed_at is None
            and max(dispute.opened_at, _told_at(transaction, dispute)) > at
        ):
            return "a dispute was opened after a person had granted the refund"
    if order.customer_id is not None:
        for row in customers.list_same_person(transaction, order.customer_id):
            opened_at = row.infringement_opened_at
            if row.infringement_is_open and opened_at and opened_at > at:
                return "an infringement was opened after a person had granted the refund"
    return None


def _told_at(transaction: Connection, dispute: Dispute) -> datetime:
    deeds = list_deeds(transaction, f"dispute:{dispute.id}")
    return min((deed.happened_at for deed in deeds), default=dispute.opened_at)
