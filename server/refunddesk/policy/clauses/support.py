"""Clauses about the support case: a complete report, time to fix, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from refunddesk.policy.claim import Case, CaseFinding, Claim, ItemKind, MissingFact
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.clauses.windows import Windowed, closed, window_closed, window_end
from refunddesk.policy.decision import Await, Effect, Finding, Why
from refunddesk.policy.facts import paid_for
from refunddesk.worktime import Span, fix_clock_end, is_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooperation:
    """`facts` are the pieces of the report that count; "none" gives silence no end."""

    patience: Span | None
    facts: frozenset[MissingFact] = frozenset(get_args(MissingFact))


def judge_cooperation(claim: Claim, params: Cooperation, context: Context) -> Finding:
    """Awaits each missing piece of the report, and refuses a customer silent for too long."""
    case = claim.case
    if case is None:
        return context.says("does_not_apply")
    missing = tuple(fact for fact in case.missing if fact in params.facts)
    # Nothing more is needed from the customer once support has ended its work.
    if not missing or _work_ended(case):
        return context.clear
    end = None
    if params.patience is not None:
        since = case.last_customer_reply_at or case.opened_at
        # Nobody is silent before being asked.
        since = max(since, case.awaited_since or since)
        end = context.end_of(params.patience, since)
        if is_over(end, claim.judged_at):
            return context.says(
                "refuses", Why("no_cooperation", {"missing": missing, "ended_at": end})
            )
    return context.awaits(*(Await("customer", "give", until=end, about=fact) for fact in missing))


@dataclass(frozen=True, slots=True, kw_only=True)
class FixClock:
    within: Span
    counted_from: Literal["complete_report", "receipt"] = "complete_report"


def judge_fix_clock(claim: Claim, params: FixClock, context: Context) -> Finding:
    """Awaits support until its time has run out, unless it ended its work before.

    The clock stands still while the customer is awaited.
    """
    case = claim.case
    if case is None:
        return context.says("does_not_apply")
    if _work_ended(case):
        return context.clear
    since = case.opened_at if params.counted_from == "receipt" else case.complete_at
    if since is None:
        return context.awaits(Await("support", "confirm_report"))
    pauses = [(pause.start, pause.end) for pause in case.pauses]
    end = fix_clock_end(since, params.within, context.zone, pauses, context.holidays)
    if is_over(end, claim.judged_at):
        return context.clear
    return context.awaits(Await("support", "fix", until=end))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Windowed):
    """The findings that open the way to a refund, those that close it, and the window.

    With `pays` the clause itself grants those kinds of line; without, it is a condition only.
    """

    accepted: frozenset[CaseFinding]
    refused: frozenset[CaseFinding]
    pays: frozenset[ItemKind] = frozenset()
    effects: tuple[Effect, ...] = ()

    def problem(self) -> tuple[str, str] | None:
        if both := self.accepted & self.refused:
            return "refused", f"{min(both)} is accepted and refused"
        return None


def judge_fault(claim: Claim, params: Fault, context: Context) -> Finding:
    """Wants a case in time, a finding of fault, and a request from the account's own address."""
    end = window_end(claim, params, context)
    if isinstance(end, Finding):
        return end
    case = claim.case
    if end and is_over(end, case.opened_at if case else claim.judged_at):
        return context.says("refuses", window_closed(params.within, end))
    if case is None:
        return context.awaits(Await("customer", "open_case", until=end))
    if refused := _refused(claim, case, params, end):
        return context.says("refuses", refused)
    if case.finding and case.finding not in params.accepted:
        return context.says("review", Why("finding_left_to_a_person", {"finding": case.finding}))
    if awaited := _awaited(claim, case, end):
        return context.awaits(*awaited)
    if not params.pays:
        return context.clear
    return context.says(
        "grants",
        offers=paid_for(claim, params.pays),
        effects=params.effects,
        until=None if closed(end, claim.judged_at) else end,
    )


def _refused(claim: Claim, case: Case, params: Fault, end: datetime | None) -> Why | None:
    if case.resolved:
        return Why("resolved")
    if case.finding in params.refused:
        return Why("no_fault", {"finding": case.finding})
    request = claim.request
    if request and not request.is_from_account and end and is_over(end, claim.judged_at):
        return Why("not_from_account_address", {"ended_at": end})
    return None


def _awaited(claim: Claim, case: Case, end: datetime | None) -> list[Await]:
    awaited = []
    if case.finding is None:
        awaited.append(Await("support", "make_finding"))
    if claim.request is None:
        awaited.append(Await("customer", "ask_in_writing"))
    elif not claim.request.is_from_account:
        awaited.append(Await("customer", "write_from_account_address", until=end))
    return awaited


def _work_ended(case: Case) -> bool:
    return case.resolved or case.gave_up_at is not None


KINDS = (
    Kind("cooperation", judge_cooperation, Cooperation),
    Kind("fix_clock", judge_fix_clock, FixClock),
    Kind("fault", judge_fault, Fault),
)
