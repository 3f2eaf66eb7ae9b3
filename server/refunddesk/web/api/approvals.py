"""Routes of grants that wait for a second person, and of the limits above which they do."""

from __future__ import annotations

from refunddesk.db.staff import Role
from refunddesk.services import approval_limits, approvals
from refunddesk.web.api import DECIDERS, ID, READERS, answers, api
from refunddesk.web.api.answers import Answer
from refunddesk.web.api.schemas import LimitsBody, ReasonBody
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body
from refunddesk.web.current import desk

_APPROVAL = "/approvals/" + ID("approval_id")
_LIMITS = "/stores/" + ID("store_id") + "/approval-limits"


@api.post(f"{_APPROVAL}/approve")
@guard(By.BEARER, *DECIDERS)
def approve_grant(approval_id: int) -> Answer:
    edges, by = desk().edges, current_caller().actor
    return answers.approval(approvals.approve(edges, approval_id, by=by))


@api.post(f"{_APPROVAL}/decline")
@guard(By.BEARER, *DECIDERS)
def decline_grant(approval_id: int) -> Answer:
    edges, by, body = desk().edges, current_caller().actor, read_body(ReasonBody())
    return answers.approval(approvals.decline(edges, approval_id, by=by, **body))


@api.get(_LIMITS)
@guard(By.BEARER, *READERS)
def show_limits(store_id: int) -> Answer:
    return answers.limits(approval_limits.show_limits(desk().edges, store_id))


@api.put(_LIMITS)
@guard(By.BEARER, Role.OWNER)
def set_limits(store_id: int) -> Answer:
    edges, by, body = desk().edges, current_caller().actor, read_body(LimitsBody())
    currency = body.pop("currency", None)
    limits = approval_limits.set_limits(edges, store_id, body, currency=currency, by=by)
    return answers.limits(limits)
