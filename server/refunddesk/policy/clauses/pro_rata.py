"""The clause that grants the part of a paid period that is still to come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from refunddesk.policy.claim import Claim, ItemKind, Period
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.decision import Await, Effect, Finding, Why
from refunddesk.policy.facts import paid_for
from refunddesk.policy.values import AtLeastOne, Rounding, share_of
from refunddesk.worktime import (
    ONE_SECOND,
    add_months,
    end_of_day,
    local_date,
    months_begun,
)

_EACH = AtLeastOne(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProRata:
    """How the rest of a period is reckoned from the instant of the request.

    `current_month` says whether the month (by `unit = "day"`: the day) of the request is paid
    back. `paid_months = 10` charges each used month of a year at a tenth of the price. With
    `step = 3` only whole steps of three units are paid back.
    """

    pays: frozenset[ItemKind]
    unit: Literal["month", "day", "second"] = "month"
    month: Literal["subscription", "calendar"] = "subscription"
    current_month: Literal["refunded", "kept"] = "refunded"
    paid_months: Literal[12, 10] = 12
    step: AtLeastOne = _EACH
    rounding: Rounding = "down"
    needs_case: bool = False
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Rest:
    """`left` of `whole` units are still to come; `until` is the last second of the present one."""

    left: int
    whole: int
    until: datetime | None


def judge_pro_rata(claim: Claim, params: ProRata, context: Context) -> Finding:
    """Grants the rest of the period; awaits the case and the request it counts from."""
    period = claim.order.period
    if period is None:
        return context.lacks("order.period")
    request = claim.request
    if (request.at if request else claim.judged_at) >= period.end:
        return context.says("refuses", Why("period_over", {"ended_at": period.end}))
    last_second = period.end - ONE_SECOND
    if params.needs_case and claim.case is None:
        return context.awaits(Await("customer", "open_case", until=last_second))
    if request is None:
        return context.awaits(Await("customer", "ask_in_writing", until=last_second))
    rest = rest_of(period, request.at, params, context)
    rest = replace(rest, left=rest.left - rest.left % params.step)
    until = min(rest.until, last_second) if rest.until else None
    return context.says(
        "grants",
        Why("pro_rata", {"unit": params.unit, "left": rest.left, "of": rest.whole}),
        offers=tuple(
            share_of(paid, rest.left, rest.whole, params.rounding)
            for paid in paid_for(claim, params.pays)
        ),
        effects=params.effects,
        until=until if until and until >= claim.judged_at else None,
    )


def rest_of(period: Period, at: datetime, params: ProRata, context: Context) -> Rest:
    """What is left of `period` at `at`, in the unit the policy counts in."""
    at = max(at, period.start)
    if params.unit == "second":
        micros = timedelta(microseconds=1)
        return Rest((period.end - at) // micros, (period.end - period.start) // micros, None)
    zone = context.zone
    start, end, on = (local_date(instant, zone) for instant in (period.start, period.end, at))
    kept = 1 if params.current_month == "kept" else 0
    if params.unit == "day":
        days = max(1, (end - start).days)
        used = (on - start).days + kept
        return Rest(max(0, days - used), days, end_of_day(on, zone))
    if params.month == "calendar":
        begun = (on.year - start.year) * 12 + on.month - start.month
        next_begins = add_months(on.replace(day=1), 1)
    else:
        begun = months_begun(start, on)
        next_begins = add_months(start, begun + 1)
    months = _months_of(start, end)
    whole = params.paid_months if months == 12 else months
    until = end_of_day(next_begins - timedelta(days=1), zone)
    return Rest(max(0, whole - begun - kept), whole, until)


def _months_of(start: date, end: date) -> int:
    # A year from 29 February ends on 1 March in PHP's calendar: still twelve months.
    last = end - timedelta(days=1)
    months = max(1, (last.year - start.year) * 12 + last.month - start.month)
    return months if add_months(start, months) >= last else months + 1


KINDS = (Kind("pro_rata", judge_pro_rata, ProRata),)
