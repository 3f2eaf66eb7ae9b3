"""Windows: how long something can be raised or asked for, and what happens afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from refunddesk.policy.claim import Claim
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.decision import Effect, Finding, Why
from refunddesk.policy.facts import ANCHOR_KEYS, Anchor, Event, anchor_at, asked_at, event_at
from refunddesk.worktime import LastDay, Span, is_over

#: What becomes of a claim that fails: it is refused, or a person may make an exception.
Then = Literal["refuse", "review"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windowed:
    """A window of a clause: `within` counted from `counted_from`, the last day included.

    "none" sets no end. `grace` is added after the window, and only then is it over. A window
    whose last day is no business day may end with the next one.
    """

    within: Span | None
    counted_from: Anchor = "payment"
    grace: Span | None = None
    last_day: LastDay = "any"


def window_end(claim: Claim, params: Windowed, context: Context) -> datetime | Finding | None:
    """The window's last second, None where it has no end, or the finding that a fact is missing."""
    if params.within is None:
        return None
    since = anchor_at(claim, params.counted_from)
    if since is None:
        return context.lacks(ANCHOR_KEYS[params.counted_from])
    if params.grace is None:
        return context.end_of(params.within, since, params.last_day)
    return context.end_of(params.grace, context.end_of(params.within, since), params.last_day)


def closed(end: datetime | None, at: datetime) -> bool:
    """Whether the window that ends with the second `end` is over at `at`."""
    return end is not None and is_over(end, at)


def fails(context: Context, then: Then, why: Why, effects: tuple[Effect, ...] = ()) -> Finding:
    """The finding of a claim that fails a clause: a refusal, or a person's choice."""
    if then == "review":
        return context.says("review", why)
    return context.says("refuses", why, effects=effects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Windowed):
    """`event` must fall within the window; `then` says what a late one meets."""

    event: Event = "raised"
    then: Then = "refuse"
    effects: tuple[Effect, ...] = ()


def judge_window(claim: Claim, params: Window, context: Context) -> Finding:
    """Refuses what was raised, or asked for, after the window; otherwise has nothing to say."""
    end = window_end(claim, params, context)
    if isinstance(end, Finding):
        return end
    if end is None or not is_over(end, event_at(claim, params.event)):
        return context.clear
    return fails(context, params.then, window_closed(params.within, end), params.effects)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodOver:
    effects: tuple[Effect, ...] = ()


def judge_period_over(claim: Claim, params: PeriodOver, context: Context) -> Finding:
    """Refuses when the paid period had run out before the refund was asked for."""
    period = claim.order.period
    if period is None:
        return context.says("does_not_apply")
    if asked_at(claim) < period.end:
        return context.clear
    return context.says(
        "refuses", Why("period_over", {"ended_at": period.end}), effects=params.effects
    )


def window_closed(within: Span | None, end: datetime) -> Why:
    return Why("window_closed", {"length": str(within), "ended_at": end})


KINDS = (
    Kind("window", judge_window, Window),
    Kind("period_over", judge_period_over, PeriodOver),
)
