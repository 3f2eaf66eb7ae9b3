"""A second person approves or declines what was granted above the store's limit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import approvals, orders, overrides, requests
from refunddesk.db.approvals import Approval
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order
from refunddesk.db.overrides import Override
from refunddesk.services.approval_limits import still_decides
from refunddesk.services.edges import Edges
from refunddesk.services.judging import judge_now
from refunddesk.services.reasons import written_reason
from refunddesk.services.refund_news import tell_in_review
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import find
from refunddesk.services.standing_overrides import carry_out, objection_since

_DECIDES_NO_MORE = "whoever granted it decides no more"


class NoSuchApproval(Refusal):
    """No grant that waits for a second person has this number."""


class ApprovalSettled(Refusal):
    """The grant was approved, declined or void before."""


class NotASecondPerson(Refusal):
    """Whoever granted the money cannot approve it as well."""


class ApprovalVoid(Refusal):
    """Whoever granted it decides no more, or something was opened against paying it since."""


def approve(edges: Edges, approval_id: int, *, by: str, request_id: int | None = None) -> Approval:
    """Let the grant become a refund that is due; `by` ("staff:3") is not who granted it.

    `request_id` is the request that it must belong to; None: any.

    What the policy granted is judged once more: where it says something else by now, that is what
    follows, and the approval is spent. Raises NoSuchApproval, ApprovalSettled, NotASecondPerson,
    ApprovalVoid, NothingLeftToRefund, RefundAlreadyGranted, TaxWithoutRate.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        approval, order = _lock(transaction, approval_id, request_id)
        if approval.granted_by == by:
            raise NotASecondPerson(
                f"You granted these {approval.amount} {approval.amount.currency} yourself. Nothing "
                "was done: another owner or approver has to approve them."
            )
        standing = overrides.find_standing(transaction, approval.request_id)
        if because := _why_void(transaction, approval, order, standing):
            _void(transaction, approval, now, by, because)
            approval = _get(transaction, approval_id)
        else:
            _settle(transaction, approval, "approved", by, None, now)
            _carry_on(transaction, edges, approval, order, standing, now)
            approval = _get(transaction, approval_id)
    if approval.settled_as == "void":
        raise ApprovalVoid(
            f"This grant is void: {approval.because}. Nothing was paid: the request is in review "
            "again, and needs a new decision."
        )
    return approval


def decline(
    edges: Edges, approval_id: int, *, because: str, by: str, request_id: int | None = None
) -> Approval:
    """Turn the grant down: the request waits in review for another decision.

    Whoever granted it may take it back so, too. Raises NoSuchApproval, ApprovalSettled,
    ReasonMissing, ReasonTooLong.
    """
    because = written_reason(because, "The grant still waits.")
    now = edges.clock()
    with edges.database.write() as transaction:
        approval, _ = _lock(transaction, approval_id, request_id)
        _settle(transaction, approval, "declined", by, because, now)
        tell_in_review(transaction, requests.get_request(transaction, approval.request_id), now)
        return _get(transaction, approval_id)


def void_of(transaction: Connection, person: str, now: datetime, by: str) -> None:
    """Whoever granted them ("staff:3") left the desk: what waits by their word is void."""
    for approval in approvals.list_open_by(transaction, person):
        _void(transaction, approval, now, by, _DECIDES_NO_MORE)


def _carry_on(
    transaction: Connection,
    edges: Edges,
    approval: Approval,
    order: Order,
    standing: Override | None,
    now: datetime,
) -> None:
    request = requests.get_request(transaction, approval.request_id)
    if standing is None:
        judge_now(transaction, edges, request, order, now, approved=approval)
    else:
        carry_out(transaction, edges, request, order, standing, now, approved=approval)


def _lock(
    transaction: Connection, approval_id: int, request_id: int | None
) -> tuple[Approval, Order]:
    """The open approval, while its order keeps everybody else from settling it."""
    request = find(transaction, _get(transaction, approval_id).request_id)
    if request_id not in (None, request.id):
        raise NoSuchApproval(f"Request {request_id} has no grant {approval_id} that waits.")
    order = orders.lock_order(transaction, request.order_id)
    approval = _get(transaction, approval_id)
    if approval.settled_at is not None:
        raise _settled(approval)
    return approval, order


def _get(transaction: Connection, approval_id: int) -> Approval:
    approval = approvals.find_approval(transaction, approval_id)
    if approval is None:
        raise NoSuchApproval(f"No grant that waits for a second person has number {approval_id}.")
    return approval


def _settled(approval: Approval) -> ApprovalSettled:
    return ApprovalSettled(
        f"This grant of {approval.amount} {approval.amount.currency} was "
        f"{approval.settled_as or 'settled'} already. Nothing was changed."
    )


def _why_void(
    transaction: Connection, approval: Approval, order: Order, standing: Override | None
) -> str | None:
    """Why the grant can no longer be approved, in words without personal data.

    What the policy granted is judged once more, and so heeds by itself what was opened.
    """
    if not still_decides(transaction, approval.granted_by):
        return _DECIDES_NO_MORE
    return objection_since(transaction, order, standing.made_at) if standing else None


def _void(
    transaction: Connection, approval: Approval, now: datetime, by: str, because: str
) -> None:
    _settle(transaction, approval, "void", by, because, now)
    tell_in_review(transaction, requests.get_request(transaction, approval.request_id), now)


def _settle(
    transaction: Connection,
    approval: Approval,
    settled_as: str,
    by: str,
    because: str | None,
    now: datetime,
) -> None:
    if not approvals.settle(
        transaction, approval.id, settled_as=settled_as, by=by, because=because, at=now
    ):
        raise _settled(_get(transaction, approval.id))
    record_deed(
        transaction,
        at=now,
        actor=by,
        action=f"approval_{settled_as}",
        subject=f"request:{approval.request_id}",
        data={
            "approval": approval.id,
            "decision": approval.decision_id,
            "granted_by": approval.granted_by,
            "amount": str(approval.amount),
            "currency": approval.amount.currency,
        },
    )
