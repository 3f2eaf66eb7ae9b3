"""Holidays of a policy: days it lists itself, and calendars of countries and regions by name."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from refunddesk.worktime import Holidays

_ANY_YEAR = 2026
_NAME = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class NamedCalendars:
    """Listed days, and the public holidays of every calendar named, in any year."""

    names: tuple[str, ...]
    listed: frozenset[date] = frozenset()

    def __contains__(self, on: object) -> bool:
        if not isinstance(on, date):
            return False
        return on in self.listed or any(on in _public_holidays(n, on.year) for n in self.names)


def calendar_of(entries: Collection[date | str]) -> Holidays:
    """The holidays of a document's `holidays`: days and names of calendars."""
    listed = frozenset(entry for entry in entries if isinstance(entry, date))
    names = tuple(entry for entry in entries if isinstance(entry, str))
    return NamedCalendars(names, listed) if names else listed


def is_calendar(name: str) -> bool:
    """Whether there is a calendar "DE", or "DE-BY" by ISO 3166-2."""
    if not _NAME.fullmatch(name):
        return False
    try:
        _public_holidays(name, _ANY_YEAR)
    except NotImplementedError:  # the library's word for a country or region it does not know
        return False
    return True


# One year at a time: the library's own calendars grow while they are asked, which threads that
# share one would see half done.
@lru_cache(maxsize=1024)
def _public_holidays(name: str, year: int) -> frozenset[date]:
    """The public holidays of a year; none in a year that the library does not know."""
    # Imported late: most policies name no calendar, and the library takes long to load.
    from holidays import country_holidays

    match = _NAME.fullmatch(name)
    assert match, "names are checked before they are looked up"
    with warnings.catch_warnings():
        # It warns of years for which it lacks a part, such as the movable feasts of India.
        warnings.simplefilter("ignore", UserWarning)
        return frozenset(country_holidays(match[1], subdiv=match[2], years=year, expand=False))
