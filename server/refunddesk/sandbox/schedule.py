"""When the sandbox store takes a subscription's next payment, as WooCommerce Subscriptions reckons.

Read in version 7.9.0 and held to what its functions answered (`tests/sandbox/data`).
"""

from __future__ import annotations

import calendar
from datetime import datetime, timedelta

_DAYS = {"day": 1, "week": 7}


def next_payment(since: datetime, period: str, offset: timedelta) -> datetime:
    """The payment after the one at `since` (both UTC), of one billing period.

    `offset` is the store's from UTC as it is now, which may not be the one of either date. Only
    months are counted by the store's calendar; years are counted in UTC.
    """
    if period in _DAYS:
        return since + timedelta(days=_DAYS[period])
    if period == "year":
        return _year_later(since)
    return _month_later(since + offset) - offset


def _month_later(at: datetime) -> datetime:
    """The same day of the next month, but from a month's last day always to the last day: the
    31 January and the 28 February are both followed by the end of the month.
    """
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    last = calendar.monthrange(year, month)[1]
    is_last_day = at.day == calendar.monthrange(at.year, at.month)[1]
    return at.replace(year=year, month=month, day=last if is_last_day else min(at.day, last))


def _year_later(at: datetime) -> datetime:
    """PHP counts the day that does not exist on into the next month: 29 February, then 1 March."""
    if (at.month, at.day) == (2, 29) and not calendar.isleap(at.year + 1):
        return at.replace(year=at.year + 1, month=3, day=1)
    return at.replace(year=at.year + 1)
