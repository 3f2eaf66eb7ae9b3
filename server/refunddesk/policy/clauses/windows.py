"""Clauses that refuse once a time is over for good, before anyone is made to wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from refunddesk.policy.claim import Claim
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.decision import Effect, Finding, Why
from refunddesk.policy.facts import ANCHOR_KEYS, Anchor, Event, anchor_at, asked_at, event_at
from refunddesk.worktime import Span, is_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """`event` must fall within `within`, counted from `counted_from`, the last day included."""

    within: Span
    counted_from: Anchor = "payment"
    event: Event = "raised"
    effects: tuple[Effect, ...] = ()


def judge_window(claim: Claim, params: Window, context: Context) -> Finding:
    """Refuses what was raised, or asked for, after the window; otherwise has nothing to say."""
    since = anchor_at(claim, params.counted_from)
    if since is None:
        return context.lacks(ANCHOR_KEYS[params.counted_from])
    end = context.end_of(params.within, since)
    if not is_over(end, event_at(claim, params.event)):
        return context.says("clear")
    return context.says("refuses", window_closed(params.within, end), effects=params.effects)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodOver:
    effects: tuple[Effect, ...] = ()


def judge_period_over(claim: Claim, params: PeriodOver, context: Context) -> Finding:
    """Refuses when the paid period had run out before the refund was asked for."""
    period = claim.order.period
    if period is None:
        return context.says("does_not_apply")
    if asked_at(claim) < period.end:
        return context.says("clear")
    return context.says(
        "refuses", Why("period_over", {"ended_at": period.end}), effects=params.effects
    )


def window_closed(within: Span, end: datetime) -> Why:
    return Why("window_closed", {"length": str(within), "ended_at": end})


KINDS = (
    Kind("window", judge_window, Window),
    Kind("period_over", judge_period_over, PeriodOver),
)
