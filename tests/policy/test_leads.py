"""How early a renewal is announced follows a dated and sourced table, by plan and country."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from refunddesk.policy.leads import lead_for, leads, longest_lead, remind_at

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("billing", "country", "days"),
    [
        pytest.param("yearly", "US", 21, id="California's 15 to 45 days, for every American"),
        pytest.param("monthly", "US", 7, id="an American month"),
        pytest.param("yearly", "FR", 45, id="France's one to three months"),
        pytest.param("yearly", "DE", 14, id="the card scheme's 7 to 30 days"),
        pytest.param("yearly", None, 14, id="nobody knows from where"),
        pytest.param("monthly", "FR", 3, id="a French month"),
        pytest.param(None, "US", 3, id="every fortnight"),
    ],
)
def test_the_first_row_that_fits_plan_and_country_counts(
    billing: str | None, country: str | None, days: int
) -> None:
    assert lead_for(billing, country).days == days


def test_each_row_writes_within_the_days_that_its_source_allows_and_names_it() -> None:
    for lead in leads():
        assert 0 < lead.at_least <= lead.days <= lead.at_most, lead.id
        assert lead.source
        assert (lead.checked_on is None) == (not lead.checked_in), lead.id


def test_the_price_is_announced_again_only_where_the_table_says_so() -> None:
    again = {lead.id for lead in leads() if lead.price_change}
    assert again == {"california-yearly", "california-monthly"}


def test_the_longest_lead_of_a_plan_is_that_of_its_strictest_country() -> None:
    assert (longest_lead("yearly"), longest_lead("monthly"), longest_lead("")) == (45, 7, 3)


@pytest.mark.parametrize(
    ("due", "told"),
    [
        pytest.param("2026-04-01T00:30+02:00", "2026-03-18T09:00+01:00", id="over the spring hour"),
        pytest.param("2026-11-01T23:30+01:00", "2026-10-18T09:00+02:00", id="over the autumn hour"),
        pytest.param("2028-03-01T12:00+01:00", "2028-02-16T09:00+01:00", id="over a leap day"),
        pytest.param("2027-01-31T12:00+01:00", "2027-01-17T09:00+01:00", id="31 January"),
    ],
)
def test_a_reminder_is_written_at_nine_in_the_store_whole_days_before(due: str, told: str) -> None:
    at = remind_at(datetime.fromisoformat(due).astimezone(UTC), 14, BERLIN)
    assert at == datetime.fromisoformat(told)
    assert at.utcoffset() == timedelta(0), "as all instants of the desk"
