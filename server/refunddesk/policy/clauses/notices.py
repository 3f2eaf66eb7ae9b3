"""The clause that shows whether a renewal was announced and receipted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from refunddesk.policy.claim import Claim, NoticeKind
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.decision import Finding, Why
from refunddesk.worktime import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesSent:
    """`lead` is how long before the day of the payment a reminder must have been sent."""

    notices: frozenset[NoticeKind]
    lead: Span | None = None


def judge_notices_sent(claim: Claim, params: NoticesSent, context: Context) -> Finding:
    """Names the notices that were not sent: a fact for people, which settles nothing.

    A reminder counts when it went out before the payment, and early enough where the policy says
    how early; a receipt counts from the payment on.
    """
    if claim.notices is None:
        return context.says("clear", Why("notices_not_known"))
    paid_at = claim.order.paid_at
    sent = {
        notice.kind
        for notice in claim.notices
        if (notice.sent_at < paid_at) == (notice.kind == "renewal_reminder")
        and (notice.kind != "renewal_reminder" or _is_early(notice.sent_at, claim, params, context))
    }
    missing = tuple(sorted(params.notices - sent))
    return context.says("clear", Why("notices_missing", {"notices": missing}) if missing else None)


def _is_early(sent_at: datetime, claim: Claim, params: NoticesSent, context: Context) -> bool:
    if params.lead is None:
        return True
    day_of_payment = context.end_of(Span(0, "days"), claim.order.paid_at)
    return context.end_of(params.lead, sent_at) <= day_of_payment


KINDS = (Kind("notices_sent", judge_notices_sent, NoticesSent),)
