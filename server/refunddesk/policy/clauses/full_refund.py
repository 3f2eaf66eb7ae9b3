"""The clause that grants what was paid, within a window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from refunddesk.policy.claim import Claim, ItemKind
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.clauses.windows import window_closed
from refunddesk.policy.decision import Await, Effect, Finding
from refunddesk.policy.facts import (
    ANCHOR_KEYS,
    Anchor,
    Event,
    anchor_at,
    asked_at,
    paid_for,
    raised_at,
)
from refunddesk.worktime import Span, is_over


@dataclass(frozen=True, slots=True, kw_only=True)
class FullRefund:
    """Pays lines of the kinds `pays` in full when `event` falls within `within`.

    `own_address` wants the request from the portal or from the account's own e-mail address.
    """

    within: Span
    pays: frozenset[ItemKind]
    counted_from: Anchor = "payment"
    event: Event = "raised"
    own_address: bool = True
    effects: tuple[Effect, ...] = ()


def judge_full_refund(claim: Claim, params: FullRefund, context: Context) -> Finding:
    """Grants the lines in full; awaits a case or a request that can still come in time."""
    since = anchor_at(claim, params.counted_from)
    if since is None:
        return context.lacks(ANCHOR_KEYS[params.counted_from])
    end = context.end_of(params.within, since)
    closed = is_over(end, claim.judged_at)
    if is_over(end, _happened_at(claim, params)):
        return context.says("does_not_apply", window_closed(params.within, end))
    if params.event == "raised" and claim.case is None:
        return context.awaits(Await("customer", "open_case", until=end))
    if claim.request is None:
        until = end if params.event == "requested" else None
        return context.awaits(Await("customer", "ask_in_writing", until=until))
    if params.own_address and not claim.request.is_from_account:
        if closed:
            return context.says("does_not_apply", window_closed(params.within, end))
        return context.awaits(Await("customer", "write_from_account_address", until=end))
    return context.says(
        "grants",
        offers=paid_for(claim, params.pays),
        effects=params.effects,
        until=None if closed else end,
    )


def _happened_at(claim: Claim, params: FullRefund) -> datetime:
    if params.event == "raised":
        return raised_at(claim)
    if claim.request and not params.own_address:
        return claim.request.at
    return asked_at(claim)


KINDS = (Kind("full_refund", judge_full_refund, FullRefund),)
