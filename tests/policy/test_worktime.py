"""Days, business days, months and stopped clocks in a store's own zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from refunddesk import worktime
from refunddesk.worktime import NoSuchZone, NotSpan, Span

PARIS = worktime.zone("Europe/Paris")
KOLKATA = worktime.zone("Asia/Kolkata")
FIVE_DAYS = Span(5, "business days")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("bought", "zone", "end"),
    [
        pytest.param(
            "2026-01-01T00:00:00+01:00", PARIS, "2026-01-31T23:59:59+01:00", id="on the 1st"
        ),
        pytest.param(
            "2026-01-01T23:59:59+01:00", PARIS, "2026-01-31T23:59:59+01:00", id="late on the 1st"
        ),
        pytest.param(
            "2026-01-01T19:00:00Z", KOLKATA, "2026-02-01T23:59:59+05:30", id="the 2nd in the store"
        ),
        pytest.param(
            "2026-03-10T12:00:00Z", PARIS, "2026-04-09T23:59:59+02:00", id="over the spring change"
        ),
        pytest.param(
            "2026-10-10T12:00:00Z", PARIS, "2026-11-09T23:59:59+01:00", id="over the autumn change"
        ),
    ],
)
def test_thirty_days_end_with_the_last_second_of_day_thirty(
    bought: str, zone: object, end: str
) -> None:
    assert worktime.span_end(Span(30, "days"), at(bought), zone) == at(end)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("span", "end"),
    [
        ("1 day", "2026-01-31T23:59:59+01:00"),
        ("5 business days", "2026-02-06T23:59:59+01:00"),
        ("48 hours", "2026-02-01T10:00:00+01:00"),
        ("1 month", "2026-02-28T23:59:59+01:00"),
        ("2 months", "2026-03-30T23:59:59+02:00"),
        ("0 days", "2026-01-30T23:59:59+01:00"),
    ],
)
def test_a_span_ends_as_its_unit_says(span: str, end: str) -> None:
    paid_at = at("2026-01-30T10:00:00+01:00")  # a Friday
    assert worktime.span_end(Span.parse(span), paid_at, PARIS) == at(end)
    assert Span.parse(str(Span.parse(span))) == Span.parse(span)


@pytest.mark.parametrize(
    "text", ["", "30", "days", "3 fortnights", "-1 days", "1.5 days", "٣ days", "101 years"]
)
def test_a_length_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(NotSpan, match=r"is not a length|is longer than 100 years"):
        Span.parse(text)


def test_the_last_second_lasts_until_the_next_one_begins() -> None:
    end = at("2026-01-31T23:59:59+00:00")
    assert not worktime.is_over(end, end + timedelta(microseconds=999_999))
    assert worktime.is_over(end, end + timedelta(seconds=1))


def test_a_day_begins_at_one_where_the_clocks_go_forward_at_midnight() -> None:
    beirut = worktime.zone("Asia/Beirut")
    assert worktime.start_of_day(date(2026, 3, 29), beirut) == at("2026-03-29T01:00:00+03:00")
    assert worktime.end_of_day(date(2026, 3, 28), beirut) == at("2026-03-28T23:59:59+02:00")


@pytest.mark.parametrize(
    ("after", "count", "holidays", "expected"),
    [
        pytest.param("2026-03-02", 5, [], "2026-03-09", id="Monday to the next Monday"),
        pytest.param("2026-03-06", 1, [], "2026-03-09", id="Friday to Monday"),
        pytest.param("2026-03-07", 1, [], "2026-03-09", id="Saturday to Monday"),
        pytest.param("2026-03-08", 5, [], "2026-03-13", id="Sunday to Friday"),
        pytest.param("2026-03-02", 5, ["2026-03-04"], "2026-03-10", id="a holiday between"),
        pytest.param("2026-03-02", 5, ["2026-03-07"], "2026-03-09", id="a holiday on Saturday"),
    ],
)
def test_business_days_leave_out_weekends_and_holidays(
    after: str, count: int, holidays: list[str], expected: str
) -> None:
    days_off = frozenset(map(date.fromisoformat, holidays))
    found = worktime.nth_business_day(date.fromisoformat(after), count, days_off)
    assert found == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("pauses", "end"),
    [
        pytest.param([], "2026-03-09T23:59:59", id="no pause"),
        pytest.param(
            [("2026-03-03T12:00", "2026-03-04T12:00")], "2026-03-10T23:59:59", id="a day's pause"
        ),
        pytest.param(
            [("2026-03-03T12:00", "2026-03-03T15:00")], "2026-03-10T02:59:59", id="three hours"
        ),
        pytest.param(
            [("2026-03-07T00:00", "2026-03-09T00:00")], "2026-03-09T23:59:59", id="over a weekend"
        ),
        pytest.param(
            [("2026-03-06T12:00", "2026-03-09T12:00")],
            "2026-03-10T23:59:59",
            id="from Friday noon to Monday noon",
        ),
        pytest.param(
            [("2026-03-03T00:00", "2026-03-04T00:00"), ("2026-03-03T12:00", "2026-03-05T00:00")],
            "2026-03-11T23:59:59",
            id="overlapping pauses count once",
        ),
        pytest.param(
            [("2026-03-10T00:00", "2026-03-12T00:00")],
            "2026-03-09T23:59:59",
            id="a pause after the end changes nothing",
        ),
        pytest.param(
            [("2026-03-03T00:00", "2026-03-04T00:00"), ("2026-03-10T00:00", "2026-03-11T00:00")],
            "2026-03-11T23:59:59",
            id="a pause in the time given back counts too",
        ),
        pytest.param(
            [("2026-03-05T00:00", "2026-03-07T00:00")], "2026-03-11T23:59:59", id="end over weekend"
        ),
    ],
)
def test_the_fix_clock_stands_still_while_the_customer_is_awaited(
    pauses: list[tuple[str, str]], end: str
) -> None:
    complete_at = at("2026-03-02T09:00:00+05:30")  # a Monday
    instants = [(at(f"{a}:00+05:30"), at(f"{b}:00+05:30")) for a, b in pauses]
    found = worktime.fix_clock_end(complete_at, FIVE_DAYS, KOLKATA, instants)
    assert found == at(f"{end}+05:30")
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "on", "begun"),
    [
        ("2026-01-31", "2026-02-27", 0),
        ("2026-01-31", "2026-02-28", 1),
        ("2026-01-31", "2026-03-30", 1),
        ("2026-01-31", "2026-03-31", 2),
        ("2024-02-29", "2025-02-27", 11),
        ("2024-02-29", "2025-02-28", 12),
        ("2026-03-02", "2026-03-02", 0),
        ("2026-03-02", "2026-03-01", 0),
    ],
)
def test_a_subscription_month_begins_on_its_day_or_a_short_months_last(
    start: str, on: str, begun: int
) -> None:
    assert worktime.months_begun(date.fromisoformat(start), date.fromisoformat(on)) == begun


def test_an_offset_from_the_store_settings_is_a_zone() -> None:
    assert worktime.local_date(at("2026-01-01T19:00:00Z"), worktime.zone("+05:30")).day == 2
    assert worktime.local_date(at("2026-01-01T03:00:00Z"), worktime.zone("-04:00")).year == 2025


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "America", "../etc/passwd", "GMT + 17:30"])
def test_a_name_that_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(NoSuchZone, match="is not a time zone"):
        worktime.zone(name)
