"""The clause that grants less the later it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from refunddesk.policy.claim import Claim, ItemKind
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.clauses.full_refund import FullRefund, happened_at, kept_waiting
from refunddesk.policy.clauses.windows import closed, window_end
from refunddesk.policy.decision import Effect, Finding, Why
from refunddesk.policy.facts import Anchor, Event, paid_for
from refunddesk.policy.values import Percent, Rounding
from refunddesk.worktime import LastDay, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Up to the end of `within`, this share of the price."""

    within: Span
    share: Percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """The steps, the earliest first; after the last one the clause does not apply."""

    pays: frozenset[ItemKind]
    steps: tuple[Step, ...]
    counted_from: Anchor = "payment"
    last_day: LastDay = "any"
    event: Event = "requested"
    own_address: bool = True
    rounding: Rounding = "down"
    effects: tuple[Effect, ...] = ()

    def problem(self) -> tuple[str, str] | None:
        for index, (sooner, later) in enumerate(pairwise(self.steps), start=1):
            if sooner.within.unit != later.within.unit:
                return f"steps[{index}].within", f"must be in {sooner.within.unit} like the others"
            if sooner.within.count >= later.within.count:
                return f"steps[{index}].within", "must be longer than the step before"
            if sooner.share.hundredths <= later.share.hundredths:
                return f"steps[{index}].share", "must be less than the step before gives"
        return None


def judge_stepped_refund(claim: Claim, params: Stepped, context: Context) -> Finding:
    """Grants the share of the step that the request falls into."""
    windows = [_window(params, step) for step in params.steps]
    last = window_end(claim, windows[-1], context)
    if isinstance(last, Finding):
        return last
    if waiting := kept_waiting(claim, windows[-1], context, last):
        return waiting
    happened = happened_at(claim, windows[-1])
    for step, window in zip(params.steps, windows, strict=True):
        end = window_end(claim, window, context)
        assert not isinstance(end, Finding), "the last step's window has the same anchor"
        if closed(end, happened):
            continue
        offers = (step.share.of(paid, params.rounding) for paid in paid_for(claim, params.pays))
        return context.says(
            "grants",
            Why("step", {"share": str(step.share), "length": str(step.within)}),
            offers=tuple(offers),
            effects=params.effects,
            until=None if closed(end, claim.judged_at) else end,
        )
    raise AssertionError("whoever asked before the last step's end is in one of the steps")


def _window(params: Stepped, step: Step) -> FullRefund:
    return FullRefund(
        within=step.within,
        counted_from=params.counted_from,
        last_day=params.last_day,
        pays=params.pays,
        event=params.event,
        own_address=params.own_address,
    )


KINDS = (Kind("stepped_refund", judge_stepped_refund, Stepped),)
