"""Days, business days, months and stopped clocks, reckoned in a store's own time zone.

Every function takes instants that know their zone and answers in UTC. The end of a span is the
last second that still belongs to it: ask `is_over` whether an instant lies beyond.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Container, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

Unit = Literal["days", "business days", "hours", "weeks", "months", "years"]


class Holidays(Container[date], Hashable, Protocol):
    """Days that are no business days: a set of dates, or a calendar that knows any year."""


#: What becomes of a time whose last day is no business day.
LastDay = Literal["any", "next_business_day"]

ONE_SECOND = timedelta(seconds=1)
_ONE_DAY = timedelta(days=1)
_NO_HOLIDAYS: Holidays = frozenset()
_SPAN = re.compile(r"(\d{1,4}) (business day|day|hour|week|month|year)s?", re.ASCII)
_OFFSET = re.compile(r"([+-])([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


class NoSuchZone(ValueError):
    """A name that is neither a time zone of the IANA list nor an offset such as "+05:30"."""


class NotSpan(ValueError):
    """A text that is not a length of time such as "30 days" or "5 business days"."""


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as a policy words it: 30 days, 5 business days, 48 hours, 2 months."""

    count: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Span:
        match = _SPAN.fullmatch(text)
        if not match:
            raise NotSpan(f'{text[:60]!r} is not a length such as "30 days" or "5 business days"')
        units: dict[str, Unit] = {
            "day": "days",
            "business day": "business days",
            "hour": "hours",
            "week": "weeks",
            "month": "months",
            "year": "years",
        }
        if match[2] == "year" and int(match[1]) > 100:
            raise NotSpan(f"{text!r} is longer than 100 years")
        return cls(int(match[1]), units[match[2]])

    def __str__(self) -> str:
        return f"{self.count} {self.unit if self.count != 1 else self.unit[:-1]}"


@lru_cache(maxsize=1024)
def zone(name: str) -> tzinfo:
    """The zone of an IANA name, or of an offset: WordPress offers both to a store owner."""
    if match := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        return timezone(-offset if match[1] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: the name of a folder of zones
        raise NoSuchZone(
            f"{name[:60]!r} is not a time zone such as Europe/Paris or +05:30"
        ) from error


def local_date(at: datetime, tz: tzinfo) -> date:
    return at.astimezone(tz).date()


def start_of_day(on: date, tz: tzinfo) -> datetime:
    """The first instant of `on`; 01:00 where the clocks go forward at midnight."""
    return datetime.combine(on, time.min, tz).astimezone(UTC)


def end_of_day(on: date, tz: tzinfo) -> datetime:
    """The last second of `on`."""
    return start_of_day(on + _ONE_DAY, tz) - ONE_SECOND


def is_over(end: datetime, at: datetime) -> bool:
    """Whether the last second `end` has passed wholly: 23:59:59.9 still belongs to the day."""
    return at >= end + ONE_SECOND


def span_end(
    span: Span,
    since: datetime,
    tz: tzinfo,
    holidays: Holidays = _NO_HOLIDAYS,
    last_day: LastDay = "any",
) -> datetime:
    """The last second of `span` counted from `since`.

    The day of `since` is day 0 ("bought on the 1st, the 31st is day 30"), and the last day
    counts to its end. Hours alone run by the clock. By `last_day` a time that would end on a
    weekend or a holiday ends with the next business day instead, also one counted in hours.
    """
    if span.unit == "hours":
        end = since.astimezone(UTC) + timedelta(hours=span.count)
        on = local_date(end, tz)
        if last_day == "any" or is_business_day(on, holidays):
            return end
        return end_of_day(business_day_from(on, holidays), tz)
    start = local_date(since, tz)
    return _last_second(start, span.count, span.unit, tz, holidays, last_day)


# All orders of one day have the same ends: a hundred thousand orders know a few thousand days.
@lru_cache(maxsize=16384)
def _last_second(
    start: date, count: int, unit: Unit, tz: tzinfo, holidays: Holidays, last_day: LastDay
) -> datetime:
    on = _last_day_of(start, count, unit, holidays)
    if last_day == "next_business_day":
        on = business_day_from(on, holidays)
    return end_of_day(on, tz)


def _last_day_of(start: date, count: int, unit: Unit, holidays: Holidays) -> date:
    if unit == "business days":
        return nth_business_day(start, count, holidays)
    if unit in ("months", "years"):
        return add_months(start, count * (12 if unit == "years" else 1))
    return start + timedelta(days=count * (7 if unit == "weeks" else 1))


def is_business_day(on: date, holidays: Holidays = _NO_HOLIDAYS) -> bool:
    """Monday to Friday and no holiday."""
    return on.weekday() < 5 and on not in holidays


def business_day_from(on: date, holidays: Holidays = _NO_HOLIDAYS) -> date:
    """`on` itself where it is a business day, else the next one."""
    while not is_business_day(on, holidays):
        on += _ONE_DAY
    return on


def nth_business_day(after: date, count: int, holidays: Holidays = _NO_HOLIDAYS) -> date:
    """The `count`-th business day that follows `after`; `after` itself when count is 0."""
    on = after
    while count > 0:
        on += _ONE_DAY
        if is_business_day(on, holidays):
            count -= 1
    return on


def add_months(on: date, months: int) -> date:
    """The same day `months` later, or the last day of a month that is too short for it."""
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    return date(year, month + 1, min(on.day, monthrange(year, month + 1)[1]))


def months_begun(start: date, on: date) -> int:
    """How many subscription months after the first have begun by `on`, 0 before the second.

    Counted from `start` each time, so 31 January gives 28 February and then 31 March.
    """
    months = (on.year - start.year) * 12 + on.month - start.month
    return max(0, months if add_months(start, months) <= on else months - 1)


def fix_clock_end(
    since: datetime,
    span: Span,
    tz: tzinfo,
    pauses: Iterable[tuple[datetime, datetime]] = (),
    holidays: Holidays = _NO_HOLIDAYS,
) -> datetime:
    """The last second of a clock that stands still during `pauses`.

    Time lost in a pause is given back at the end; overlapping pauses count once. A clock of
    business days loses business time only: a pause over a weekend costs nothing, because the
    clock does not run then anyway.
    """
    end = span_end(span, since, tz, holidays) + ONE_SECOND
    for paused_at, resumed_at in _merged(pauses):
        # A pause that begins once the clock has run out cannot start it again.
        if paused_at >= end:
            break
        stood_at = max(paused_at, since)
        if span.unit == "business days":
            lost = business_time(stood_at, resumed_at, tz, holidays)
            end = add_business_time(end, lost, tz, holidays)
        else:
            end += max(timedelta(0), resumed_at - stood_at)
    return end - ONE_SECOND


def business_time(
    start: datetime, end: datetime, tz: tzinfo, holidays: Holidays = _NO_HOLIDAYS
) -> timedelta:
    """How much of the time between two instants falls on business days."""
    elapsed = timedelta(0)
    on = local_date(start, tz)
    while (opens := start_of_day(on, tz)) < end:
        closes = start_of_day(on + _ONE_DAY, tz)
        if is_business_day(on, holidays):
            elapsed += max(timedelta(0), min(closes, end) - max(opens, start))
        on += _ONE_DAY
    return elapsed


def add_business_time(
    start: datetime, amount: timedelta, tz: tzinfo, holidays: Holidays = _NO_HOLIDAYS
) -> datetime:
    """The instant at which `amount` of business time has passed since `start`.

    Nothing added gives `start` back, wherever it lies.
    """
    at = start.astimezone(UTC)
    while amount > timedelta(0):
        on = local_date(at, tz)
        closes = start_of_day(on + _ONE_DAY, tz)
        if is_business_day(on, holidays):
            step = min(amount, closes - at)
            at, amount = at + step, amount - step
        else:
            at = closes
    return at


def _merged(pauses: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(pauses):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
