"""The clause that shows whether a renewal was announced and receipted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from refunddesk.policy.claim import Claim
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.decision import Finding, Why

NoticeKind = Literal["renewal_reminder", "renewal_receipt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesSent:
    notices: frozenset[NoticeKind]


def judge_notices_sent(claim: Claim, params: NoticesSent, context: Context) -> Finding:
    """Names the notices that were not sent: a fact for people, which settles nothing.

    A reminder counts when it went out before the payment, a receipt from then on.
    """
    if claim.notices is None:
        return context.says("clear", Why("notices_not_known"))
    paid_at = claim.order.paid_at
    sent = {
        notice.kind
        for notice in claim.notices
        if (notice.sent_at < paid_at) == (notice.kind == "renewal_reminder")
    }
    missing = tuple(sorted(params.notices - sent))
    return context.says("clear", Why("notices_missing", {"notices": missing}) if missing else None)


KINDS = (Kind("notices_sent", judge_notices_sent, NoticesSent),)
