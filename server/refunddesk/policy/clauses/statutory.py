"""A right of withdrawal that the law gives, whatever the store's own terms say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from refunddesk.policy.claim import Claim, ItemKind
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.clauses.full_refund import FullRefund, judge_full_refund
from refunddesk.policy.clauses.windows import Windowed
from refunddesk.policy.decision import Effect, Finding, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal(Windowed):
    """What is paid back without a reason, and what ends the right before its time.

    Consent is the customer's wish, told before delivery, to begin at once and lose the right.
    """

    pays: frozenset[ItemKind]
    ended_by: Literal["nothing", "consent", "download", "consent_and_download"] = "nothing"
    effects: tuple[Effect, ...] = ()


def judge_withdrawal(claim: Claim, params: Withdrawal, context: Context) -> Finding:
    """Grants all to whoever withdraws in time, from any address, unless the right was waived."""
    request, license = claim.request, claim.license
    consented = request is not None and request.withdrawal_waived_at is not None
    downloads = license.downloads if license else None
    if consented and params.ended_by == "consent":
        return context.says("does_not_apply", Why("withdrawal_waived"))
    needs_downloads = params.ended_by == "download" or (
        consented and params.ended_by == "consent_and_download"
    )
    if needs_downloads and downloads is None:
        return context.lacks("license.downloads")
    if needs_downloads and downloads:
        return context.says("does_not_apply", Why("withdrawal_waived"))
    return judge_full_refund(claim, _as_grant(params), context)


def _as_grant(params: Withdrawal) -> FullRefund:
    return FullRefund(
        within=params.within,
        counted_from=params.counted_from,
        grace=params.grace,
        last_day=params.last_day,
        pays=params.pays,
        event="requested",
        own_address=False,
        effects=params.effects,
    )


KINDS = (Kind("withdrawal", judge_withdrawal, Withdrawal, by_law=True),)
