"""Support work as turns: what the two sides said, whose turn it is, and which clock ends when.

A case is complete once its report misses nothing; from then on support has its business days, and
they stand still while the customer is awaited. Nothing here is typed in: every clock follows from
the turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Literal

from refunddesk.worktime import (
    ONE_SECOND,
    Holidays,
    Span,
    add_business_time,
    fix_clock_end,
    is_over,
    span_end,
)

#: What a case can be about, and whether that work is charged. An error in a live system is taken
#: for the product's own until shown otherwise (S-1.3); the last eight are those of S-3.
CATEGORIES: Mapping[str, bool] = {
    "question": False,
    "bug": False,
    "live_error": False,
    "new_platform_version": False,
    "customization": True,
    "third_party_conflict": True,
    "installation": True,
    "urgent_api_change": True,
    "compatibility_check": True,
    "third_party_conflict_at_install": True,
    "buyers_own_upgrade": True,
    "module_or_theme_change": True,
    "product_integration": True,
    "performance_tuning": True,
    "advice_to_developers": True,
    "version_update_with_other_modules": True,
}


class TurnKind(StrEnum):
    """What one turn does. Notes are for the desk alone; everything else both sides see."""

    QUESTION = "question"
    ANSWER = "answer"
    NOTE = "note"
    FINDING = "finding"
    RESOLVED = "resolved"
    GAVE_UP = "gave_up"
    REOPENED = "reopened"
    QUOTE_OFFERED = "quote_offered"
    QUOTE_WITHDRAWN = "quote_withdrawn"
    ACCESS_ASKED = "access_asked"
    ACCESS_WITHDRAWN = "access_withdrawn"  # the asking: nothing was given
    REPLY = "reply"  # the customer's
    QUOTE_ACCEPTED = "quote_accepted"
    QUOTE_DECLINED = "quote_declined"
    ACCESS_GIVEN = "access_given"


_TARGET, _FIX = Span(4, "business days"), Span(5, "business days")
_PATIENCE = Span(14, "days")

_ASKS = frozenset({TurnKind.QUESTION, TurnKind.QUOTE_OFFERED, TurnKind.ACCESS_ASKED})
_OF_CUSTOMER = frozenset(
    {
        TurnKind.REPLY,
        TurnKind.QUOTE_ACCEPTED,
        TurnKind.QUOTE_DECLINED,
        TurnKind.ACCESS_GIVEN,
    }
)
_ENDS = frozenset({TurnKind.RESOLVED, TurnKind.GAVE_UP})


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said or decided. `asks` names facts of the report that a question wants.

    `until` is the last second at which an offered quote may be accepted.
    """

    said_at: datetime
    kind: TurnKind
    finding: str | None = None
    asks: tuple[str, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows from the turns of a case so far.

    `awaited_since` is when we began to wait for the customer, None while it is support's turn;
    `asked` are the facts a question wants, empty for a quote and for access. `pauses` are the
    ended times in which support's clock stood still.
    """

    finding: str | None = None
    resolved: bool = False
    ended_at: datetime | None = None
    gave_up_at: datetime | None = None
    first_answered_at: datetime | None = None
    last_customer_reply_at: datetime | None = None
    awaited_since: datetime | None = None
    asked: tuple[str, ...] = ()
    quote_until: datetime | None = None
    pauses: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a store promises and asks: S-6's first answer, R-2B's days to fix, R-2A's patience."""

    zone: tzinfo
    holidays: Holidays = frozenset[date]()
    first_answer: timedelta = timedelta(hours=48)
    target: Span = _TARGET
    fix: Span = _FIX
    patience: Span | None = _PATIENCE


Side = Literal["support", "customer"]


@dataclass(frozen=True, slots=True)
class Due:
    """Who has to do what by the last second `until`; None: there is no end to it.

    `target` is when support wants to be done, a day before it has to.
    """

    who: Side
    what: str
    until: datetime | None
    target: datetime | None = None

    def is_overdue(self, now: datetime) -> bool:
        return self.until is not None and is_over(self.until, now)


def standing(turns: Iterable[Turn]) -> Standing:
    """How the case stands after these turns, taken in the order in which they were said."""
    now = Standing()
    for turn in sorted(turns, key=lambda one: one.said_at):
        now = _after(now, turn)
    return now


def pauses_after(
    complete_at: datetime, pauses: Sequence[tuple[datetime, datetime]]
) -> tuple[tuple[datetime, datetime], ...]:
    """The pauses of a clock that began at `complete_at`, in order and without overlap."""
    kept: list[tuple[datetime, datetime]] = []
    for start, end in sorted(pauses):
        earliest = kept[-1][1] if kept else complete_at
        start = max(start, earliest)
        if start < end:
            kept.append((start, end))
    return tuple(kept)


def as_of(stands: Standing, now: datetime) -> Standing:
    """How the case stands at `now`: a quote that ran out unanswered awaits nobody any more."""
    lapsed = stands.quote_until is not None and is_over(stands.quote_until, now)
    return _no_longer_awaited(stands, now) if lapsed and not stands.asked else stands


def what_is_due(
    stands: Standing,
    *,
    opened_at: datetime,
    complete_at: datetime | None,
    missing: Sequence[str],
    terms: Terms,
) -> tuple[Due, ...]:
    """What each side has to do next, and by when; nothing once support has ended its work.

    `stands` is as of the moment that is asked about.
    """
    if stands.ended_at is not None:
        return ()
    due: list[Due] = []
    if stands.first_answered_at is None:
        due.append(Due("support", "first_answer", first_answer_end(opened_at, terms)))
    if stands.quote_until is not None:
        due.append(Due("customer", "answer_quote", stands.quote_until))
    elif missing or stands.awaited_since is not None:
        what = "answer_question" if stands.awaited_since else "complete_report"
        due.append(Due("customer", what, patience_end(stands, opened_at, terms)))
    elif complete_at is not None:
        due.append(_fix(stands, complete_at, terms))
    return tuple(due)


def first_answer_end(opened_at: datetime, terms: Terms) -> datetime:
    """S-6: 48 hours of business days; what comes at the weekend counts from Monday."""
    end = add_business_time(opened_at, terms.first_answer, terms.zone, terms.holidays)
    return end - ONE_SECOND


def patience_end(stands: Standing, opened_at: datetime, terms: Terms) -> datetime | None:
    """R-2A: counted from the customer's last word, or from our asking where that came later."""
    if terms.patience is None:
        return None
    since = stands.last_customer_reply_at or opened_at
    if stands.awaited_since is not None:
        since = max(since, stands.awaited_since)
    return span_end(terms.patience, since, terms.zone, terms.holidays)


def _fix(stands: Standing, complete_at: datetime, terms: Terms) -> Due:
    pauses = pauses_after(complete_at, stands.pauses)
    target, end = (
        fix_clock_end(complete_at, span, terms.zone, pauses, terms.holidays)
        for span in (terms.target, terms.fix)
    )
    return Due("support", "fix", end, target)


def _after(now: Standing, turn: Turn) -> Standing:
    kind, at = turn.kind, turn.said_at
    if kind is TurnKind.NOTE:
        return now
    if kind is TurnKind.REOPENED:
        return _reopened(now, at)
    if kind in _OF_CUSTOMER:
        return replace(_no_longer_awaited(now, at), last_customer_reply_at=at)
    if kind is TurnKind.QUOTE_WITHDRAWN:
        # A question beside it still waits for its answer.
        return replace(now, quote_until=None) if now.asked else _no_longer_awaited(now, at)
    if kind is TurnKind.ACCESS_WITHDRAWN:
        return now if now.asked or now.quote_until else _no_longer_awaited(now, at)
    now = replace(now, first_answered_at=now.first_answered_at or at)
    if kind in _ASKS:
        return _awaiting(now, turn)
    now = _no_longer_awaited(now, at)
    if kind is TurnKind.FINDING:
        return replace(now, finding=turn.finding)
    if kind in _ENDS:
        gave_up = kind is TurnKind.GAVE_UP
        return replace(now, resolved=not gave_up, gave_up_at=at if gave_up else None, ended_at=at)
    return now


def _awaiting(now: Standing, turn: Turn) -> Standing:
    wants = (turn.asks or ("details",)) if turn.kind is TurnKind.QUESTION else ()
    return replace(
        now,
        # A second question does not begin the customer's time anew.
        awaited_since=now.awaited_since or turn.said_at,
        asked=(*now.asked, *wants),
        quote_until=turn.until if turn.kind is TurnKind.QUOTE_OFFERED else now.quote_until,
    )


def _no_longer_awaited(now: Standing, at: datetime) -> Standing:
    if now.awaited_since is None:
        return now
    # A quote that ran out stopped nobody's clock after its end.
    until = at if now.asked or now.quote_until is None else min(at, now.quote_until + ONE_SECOND)
    pause = (now.awaited_since, max(until, now.awaited_since))
    return replace(now, awaited_since=None, asked=(), quote_until=None, pauses=(*now.pauses, pause))


def _reopened(now: Standing, at: datetime) -> Standing:
    """Support's clock goes on where it was: while the case was closed nobody waited."""
    if now.ended_at is None:
        return now
    return replace(
        now,
        finding=None,
        resolved=False,
        gave_up_at=None,
        ended_at=None,
        pauses=(*now.pauses, (now.ended_at, at)),
    )
