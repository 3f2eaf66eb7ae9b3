"""Clocks follow from what was said and when: nobody types in a pause or a deadline."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from refunddesk.casework import (
    Terms,
    Turn,
    TurnKind,
    as_of,
    first_answer_end,
    patience_end,
    pauses_after,
    standing,
    what_is_due,
)
from refunddesk.worktime import business_time, fix_clock_end, zone

INDIA = zone("Asia/Kolkata")
#: Independence Day 2026 falls on a Saturday; Milad-un-Nabi, Wednesday 26 August 2026, does not.
TERMS = Terms(INDIA, holidays=frozenset({date(2026, 8, 15), date(2026, 8, 26)}))


def at(text: str) -> datetime:
    """An instant of August 2026 on India's clock: "21 17:55"."""
    day, clock = text.split()
    return datetime.fromisoformat(f"2026-08-{day}T{clock}:00+05:30").astimezone(UTC)


def turn(when: str, kind: TurnKind, **more: Any) -> Turn:
    return Turn(at(when), kind, **more)


# Friday 21 August to Wednesday 2 September: a weekend, a holiday, and two pauses.
OPENED = at("21 17:55")
COMPLETE = at("24 10:00")
TALK = (
    turn("25 11:00", TurnKind.QUESTION, asks=("details",)),
    turn("27 15:00", TurnKind.REPLY),
    turn("28 16:00", TurnKind.QUESTION),
    turn("31 09:30", TurnKind.REPLY),
)


def due(turns: tuple[Turn, ...], now: datetime, complete: datetime | None = COMPLETE) -> list[str]:
    """What is due as "who what until", with India's clock."""
    found = what_is_due(
        as_of(standing(turns), now),
        opened_at=OPENED,
        complete_at=complete,
        missing=() if complete else ("site_url",),
        terms=TERMS,
    )
    return [
        f"{one.who} {one.what} {one.until.astimezone(INDIA):%d %b %H:%M:%S}"
        for one in found
        if one.until
    ]


def test_what_comes_friday_evening_is_answered_within_48_hours_of_business_days() -> None:
    # 6 h 5 min of Friday, all of Monday, and of Tuesday what is left.
    assert due((), OPENED)[0] == "support first_answer 25 Aug 17:54:59"


def test_what_comes_at_the_weekend_counts_from_monday() -> None:
    end = first_answer_end(at("22 09:00"), TERMS).astimezone(INDIA)
    assert f"{end:%d %H:%M:%S}" == "25 23:59:59"
    assert end == first_answer_end(at("23 23:00"), TERMS).astimezone(INDIA)


def test_until_the_report_is_complete_the_customer_has_fourteen_days() -> None:
    owed = due((), OPENED, complete=None)
    assert owed[1] == "customer complete_report 04 Sep 23:59:59"


def test_the_clock_of_five_business_days_leaves_the_holiday_out() -> None:
    # Complete on Monday the 24th: 25, 27, 28, 31 August and 1 September.
    assert due((), COMPLETE)[-1] == "support fix 01 Sep 23:59:59"


def test_two_pauses_give_their_business_time_back() -> None:
    stands = standing(TALK)
    pauses = pauses_after(COMPLETE, stands.pauses)
    assert pauses == ((at("25 11:00"), at("27 15:00")), (at("28 16:00"), at("31 09:30")))
    lost = [business_time(*pause, INDIA, TERMS.holidays) for pause in pauses]
    # 13 h of Tuesday and 15 h of Thursday, not the holiday; 8 h of Friday and 9 h 30 of Monday.
    assert lost == [timedelta(hours=28), timedelta(hours=17, minutes=30)]
    assert due(TALK, at("31 09:30")) == ["support fix 03 Sep 21:29:59"]


def test_while_the_customer_is_asked_support_owes_nothing() -> None:
    assert due(TALK[:1], at("25 11:00")) == ["customer answer_question 08 Sep 23:59:59"]
    assert due(TALK[:3], at("28 16:00")) == ["customer answer_question 11 Sep 23:59:59"]


def test_a_second_question_does_not_begin_the_customer_s_time_anew() -> None:
    twice = (TALK[0], turn("26 09:00", TurnKind.QUESTION))
    assert standing(twice).awaited_since == at("25 11:00")
    assert due(twice, at("26 09:00")) == due(TALK[:1], at("26 09:00"))


def test_a_reply_that_lay_in_the_mailbox_ends_the_wait_when_it_came() -> None:
    assert standing((TALK[0], TALK[2], TALK[1])) == standing(TALK[:3])


def test_support_s_own_answer_ends_the_wait_too() -> None:
    answered = (TALK[0], turn("26 09:00", TurnKind.ANSWER))
    assert standing(answered).awaited_since is None
    assert standing(answered).pauses == ((at("25 11:00"), at("26 09:00")),)


def test_while_access_is_awaited_support_owes_nothing_and_the_report_stays_complete() -> None:
    wanted = (turn("25 11:00", TurnKind.ACCESS_ASKED),)
    assert due(wanted, at("25 11:00")) == ["customer answer_question 08 Sep 23:59:59"]
    assert standing(wanted).asked == ()
    for kind in (TurnKind.ACCESS_GIVEN, TurnKind.ACCESS_WITHDRAWN, TurnKind.REPLY):
        stands = standing((*wanted, turn("27 15:00", kind)))
        assert stands.pauses == ((at("25 11:00"), at("27 15:00")),)
        replied_at = None if kind is TurnKind.ACCESS_WITHDRAWN else at("27 15:00")
        assert stands.last_customer_reply_at == replied_at


def test_access_that_is_not_wanted_any_more_ends_no_other_wait() -> None:
    withdrawn = turn("26 09:00", TurnKind.ACCESS_WITHDRAWN)
    wanted = turn("25 12:00", TurnKind.ACCESS_ASKED)
    for other in (TALK[0], turn("25 11:00", TurnKind.QUOTE_OFFERED, until=at("31 09:30"))):
        assert standing((other, wanted, withdrawn)).awaited_since == at("25 11:00")


def test_a_quote_that_ran_out_sets_support_s_clock_going_again() -> None:
    offered = (turn("25 11:00", TurnKind.QUOTE_OFFERED, until=at("27 15:00")),)
    assert due(offered, at("27 14:00")) == ["customer answer_quote 27 Aug 15:00:00"]
    owed = due(offered, at("27 16:00"))
    assert [one.split()[1] for one in owed] == ["fix"]


def test_a_case_taken_up_again_goes_on_where_its_clock_stood() -> None:
    ended = (turn("25 11:00", TurnKind.RESOLVED),)
    assert due(ended, at("25 12:00")) == []
    again = (*ended, turn("28 11:00", TurnKind.REOPENED))
    stands = standing(again)
    assert (stands.resolved, stands.ended_at) == (False, None)
    assert stands.pauses == ((at("25 11:00"), at("28 11:00")),)


def test_no_patience_has_no_end() -> None:
    assert patience_end(standing(TALK[:1]), OPENED, Terms(INDIA, patience=None)) is None


hours = st.integers(0, 24 * 40).map(lambda count: COMPLETE + timedelta(hours=count))
talks = st.lists(
    st.builds(
        Turn,
        hours,
        st.sampled_from([kind for kind in TurnKind if not kind.value.startswith("quote")]),
    ),
    max_size=12,
)


@trying(deadline=None)
@given(talks)
def test_pauses_are_in_order_and_never_overlap(turns: list[Turn]) -> None:
    pauses = pauses_after(COMPLETE, standing(turns).pauses)
    ends = [COMPLETE]
    for start, end in pauses:
        assert ends[-1] <= start < end
        ends.append(end)


@trying(deadline=None)
@given(talks, hours, st.integers(1, 200))
def test_waiting_for_the_customer_never_shortens_support_s_time(
    turns: list[Turn], asked: datetime, length: int
) -> None:
    before = pauses_after(COMPLETE, standing(turns).pauses)
    longer = pauses_after(COMPLETE, (*before, (asked, asked + timedelta(hours=length))))
    ends = [
        fix_clock_end(COMPLETE, TERMS.fix, INDIA, pauses, TERMS.holidays)
        for pauses in (before, longer)
    ]
    assert ends[0] <= ends[1]


@pytest.mark.parametrize("kind", [TurnKind.RESOLVED, TurnKind.GAVE_UP])
def test_support_that_has_ended_its_work_owes_nothing(kind: TurnKind) -> None:
    assert due((turn("25 11:00", kind),), at("28 11:00")) == []
