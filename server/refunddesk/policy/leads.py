"""How early a renewal is announced: a dated, sourced table by plan and country; never advice."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from importlib import resources
from typing import Any

from refunddesk.policy.countries import is_in
from refunddesk.worktime import local_date

#: When on its day a reminder is written, in the store's zone: people read mail by day.
_HOUR = time(9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One row of the table; `at_least` and `at_most` are the days its source allows."""

    id: str
    days: int
    at_least: int
    at_most: int
    price_change: bool
    source: str
    checked_on: date | None = None
    checked_in: str = ""
    countries: tuple[str, ...] = ()
    billing: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def leads() -> tuple[Lead, ...]:
    """The table as it ships, in its own order."""
    text = (resources.files("refunddesk.policy") / "leads.toml").read_text(encoding="utf-8")
    return tuple(_lead(row) for row in tomllib.loads(text)["lead"])


def lead_for(billing: str | None, country: str | None) -> Lead:
    """The row for a subscription billed "monthly", "yearly" or in no named way (None)."""
    for lead in leads():
        fits_billing = not lead.billing or billing in lead.billing
        fits_country = not lead.countries or (bool(country) and is_in(str(country), lead.countries))
        if fits_billing and fits_country:
            return lead
    raise AssertionError("the last row fits all")


def longest_lead(billing: str | None) -> int:
    """The most days that any country's row for this billing asks for."""
    return max(lead.days for lead in leads() if not lead.billing or billing in lead.billing)


def remind_at(due_at: datetime, days: int, tz: tzinfo) -> datetime:
    """When a renewal due at `due_at` is announced: so many whole days before its day, at nine."""
    on = local_date(due_at, tz) - timedelta(days=days)
    return datetime.combine(on, _HOUR, tz).astimezone(UTC)


def _lead(row: dict[str, Any]) -> Lead:
    return Lead(**row | {key: tuple(row.get(key, ())) for key in ("countries", "billing")})
