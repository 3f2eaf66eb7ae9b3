"""What each reading of an unclear sentence gives, beside the built-in policy's own choice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from refunddesk import worktime
from refunddesk.policy.claim import Period
from refunddesk.policy.clause import new_context
from refunddesk.policy.clauses.pro_rata import ProRata, rest_of
from tests.policy.claims import (
    DAY_5_ENDS,
    DAY_5_IS_OVER,
    ONE_TIME,
    YEARLY,
    YEARLY_RENEWAL,
    awaited,
    decide,
    said,
    verdict,
    why,
)


def late(at: str) -> dict[str, Any]:
    """A yearly issue raised on 10 April, after day 30, with the refund asked for at `at`."""
    opened = "2026-04-10T09:00:00Z"
    return {
        "case.opened_at": opened, "case.complete_at": opened, "case.last_customer_reply_at": opened,
        "request.at": at, "license.destruction_confirmed_at": at, "judged_at": at,
    }  # fmt: skip


JULY_15 = "2026-07-15T09:00:00Z"  # in the fifth month, from 2 July on


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        pytest.param({}, "80.00", id="months, the present one refunded"),
        pytest.param({"current_month": "kept"}, "70.00", id="the present month kept"),
        pytest.param({"paid_months": 10}, "72.00", id="a used month costs a tenth"),
        pytest.param({"paid_months": 10, "current_month": "kept"}, "60.00", id="tenths, kept"),
        pytest.param({"pro_rata_month": "calendar"}, "80.00", id="calendar months"),
        pytest.param({"pro_rata_unit": "day"}, "75.61", id="230 of 365 days"),
        pytest.param({"pro_rata_unit": "day", "current_month": "kept"}, "75.28", id="229 days"),
        pytest.param({"pro_rata_unit": "day", "rounding": "up"}, "75.62", id="days, rounded up"),
        pytest.param({"pro_rata_unit": "second"}, "75.63", id="seconds"),
        pytest.param({"pro_rata_unit": "second", "rounding": "up"}, "75.64", id="seconds, up"),
    ],
)
def test_the_rest_of_a_year_of_120_asked_for_in_july(
    readings: dict[str, str | int], expected: str
) -> None:
    decision = decide(YEARLY, late(JULY_15), **readings)
    assert verdict(decision) == f"refund {expected} by R-3B.2"
    renewal = {"request.at": JULY_15, "judged_at": JULY_15}
    assert verdict(decide(YEARLY_RENEWAL, renewal, **readings)) == f"refund {expected} by R-3C.3"


@pytest.mark.parametrize(
    ("asked_at", "subscription", "calendar"),
    [
        # Midnight of 2 May in Kolkata is 18:30 UTC of the 1st.
        pytest.param("2026-05-01T18:29:59Z", "110.00", "100.00", id="last second of a month"),
        pytest.param("2026-05-01T18:30:00Z", "100.00", "100.00", id="first second of the next"),
        pytest.param("2026-04-30T18:29:59Z", "110.00", "110.00", id="last second of April"),
        pytest.param("2026-04-30T18:30:00Z", "110.00", "100.00", id="first second of May"),
        pytest.param("2027-02-01T18:30:00Z", "10.00", "10.00", id="the last month"),
        pytest.param("2027-03-02T09:59:59Z", "0", "0", id="the day of the end: no month is left"),
    ],
)
def test_a_month_begins_at_midnight_in_the_stores_zone(
    asked_at: str, subscription: str, calendar: str
) -> None:
    for month, amount in (("subscription", subscription), ("calendar", calendar)):
        decision = decide(YEARLY, late(asked_at), pro_rata_month=month)
        expected = f"refund {amount} by R-3B.2" if amount != "0" else "refuse by R-3B.2"
        assert verdict(decision) == expected


def test_the_answer_holds_until_the_month_of_the_request_ends() -> None:
    decision = decide(YEARLY, late(JULY_15))
    assert decision.to_json()["until"] == "2026-08-01T18:29:59Z"
    judged_later = decide(YEARLY, late(JULY_15) | {"judged_at": "2026-08-01T18:30:00Z"})
    assert judged_later.amount == decision.amount
    assert judged_later.until is None, "the month of the request is over, its amount stays"
    assert decision.findings[-4].to_json() == {
        "clause": "R-3B.2",
        "says": "grants",
        "why": {"code": "pro_rata", "unit": "month", "left": 8, "of": 12},
        "took": {"1": "40.00"},
    }


@pytest.mark.parametrize(
    ("start", "end", "on", "left", "whole"),
    [
        pytest.param("2026-03-02", "2027-03-02", "2026-03-02", 12, 12, id="on the first day"),
        pytest.param("2026-01-31", "2027-01-31", "2026-02-27", 12, 12, id="before a short month"),
        pytest.param("2026-01-31", "2027-01-31", "2026-02-28", 11, 12, id="from its last day on"),
        pytest.param("2024-02-29", "2025-02-28", "2025-01-29", 1, 12, id="leap day to 28 February"),
        pytest.param("2024-02-29", "2025-03-01", "2025-01-29", 1, 12, id="leap day to 1 March"),
        pytest.param("2026-03-02", "2027-03-01", "2027-03-01", 1, 12, id="a year less a day"),
        pytest.param("2026-03-02", "2026-04-02", "2026-03-20", 1, 1, id="one month"),
        pytest.param("2026-03-02", "2028-03-02", "2027-03-02", 12, 24, id="two years"),
        pytest.param("2026-03-02", "2026-03-09", "2026-03-05", 1, 1, id="less than a month"),
        pytest.param("2026-03-02", "2026-04-16", "2026-04-10", 1, 2, id="a month and a half"),
    ],
)
def test_months_left_of_a_period(start: str, end: str, on: str, left: int, whole: int) -> None:
    begins, ends, asked = (
        datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
        for day in (start, end, on)
    )
    context = new_context("R-3B.2", worktime.zone("UTC"), frozenset())
    rest = rest_of(Period(start=begins, end=ends), asked, ProRata(pays=frozenset()), context)
    assert (rest.left, rest.whole) == (left, whole)


def test_a_share_of_a_year_is_rounded_down_line_by_line() -> None:
    line = YEARLY["order"]["items"][0] | {"paid": "100.00"}
    decision = decide(
        YEARLY, late(JULY_15) | {"order.items": [line, line | {"id": "2", "paid": "0.05"}]}
    )
    assert [str(each.refund) for each in decision.lines] == ["66.66", "0.03"]
    assert str(decision.amount) == "66.69"


def test_the_filing_rule_of_thirty_days_may_close_the_year_too() -> None:
    asked = late(JULY_15)
    decision = decide(YEARLY, asked, late_yearly_issue="first_30_days")
    assert (verdict(decision), why(decision)) == ("refuse by R-3B.3", "window_closed")
    in_time = asked | {"case.opened_at": "2026-04-01T18:29:59Z"}
    assert verdict(decide(YEARLY, in_time, late_yearly_issue="first_30_days")) == (
        "refund 120.00 by R-3B.1"
    )
    no_case = {"case": None, "request": None, "license": None, "judged_at": JULY_15}
    assert verdict(decide(YEARLY, no_case, late_yearly_issue="first_30_days")) == (
        "refuse by R-3B.3"
    )


def test_a_late_cancelled_yearly_renewal_may_stand() -> None:
    stands = {"late_yearly_renewal": "renewal_stands"}
    in_time = {"request.at": DAY_5_ENDS, "judged_at": DAY_5_ENDS}
    assert verdict(decide(YEARLY_RENEWAL, in_time, **stands)) == "refund 120.00 by R-3C.2"
    too_late = {"request.at": DAY_5_IS_OVER, "judged_at": DAY_5_IS_OVER}
    assert verdict(decide(YEARLY_RENEWAL, too_late, **stands)) == "refuse by R-3C.3"


def test_the_thirty_days_may_count_from_first_use() -> None:
    opened = "2026-04-20T09:00:00Z"
    used = {
        "order": ONE_TIME["order"] | {"first_used_at": "2026-03-25T09:00:00Z"},
        "case.opened_at": opened, "case.complete_at": opened, "case.last_customer_reply_at": opened,
        "request.at": JULY_15, "judged_at": JULY_15,
    }  # fmt: skip
    assert verdict(decide(ONE_TIME, used)) == "refuse by R-3A"
    assert (
        verdict(decide(ONE_TIME, used, window_counts_from="first_use")) == "refund 199.00 by R-3A"
    )


def test_a_first_use_that_is_not_known_is_left_to_a_person() -> None:
    decision = decide(ONE_TIME, window_counts_from="first_use")
    assert verdict(decision) == "review by R-3A"
    assert decision.findings[-1].to_json()["why"] == {
        "code": "fact_missing",
        "fact": "order.first_used_at",
    }


def test_the_fix_clock_may_run_from_the_receipt_of_the_report() -> None:
    # Received on Monday the 9th, complete on Thursday the 12th.
    changes = {
        "case.opened_at": "2026-03-09T09:00:00Z",
        "case.complete_at": "2026-03-12T09:00:00Z",
        "request.at": "2026-03-12T10:00:00Z",
        "judged_at": "2026-03-16T18:30:00Z",
        "license.destruction_confirmed_at": "2026-03-12T10:00:00Z",
    }
    complete = decide(ONE_TIME, changes)
    assert awaited(complete) == [("support", "fix", "2026-03-19T18:29:59Z")]
    received = decide(ONE_TIME, changes, fix_clock_from="receipt")
    assert verdict(received) == "refund 199.00 by R-3A"


def test_tax_may_follow_the_refunded_price() -> None:
    full = decide(ONE_TIME, tax="in_proportion")
    assert (str(full.tax.refund), full.tax.because) == ("37.81", ("R-3A",))
    assert [str(line.tax) for line in full.lines] == ["37.81", "0.00"]
    assert full.to_json()["lines"][0]["tax"] == "37.81"  # type: ignore[index]
    assert said(full, "R-1G") == ["clear"]
    part = decide(ONE_TIME, {"order.refunded": "100.10"}, tax="in_proportion")
    assert (str(part.amount), str(part.tax.refund)) == ("98.90", "18.79")
