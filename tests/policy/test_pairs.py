"""Every boundary in a pair: what is inside until the last moment, and outside from the next on."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from refunddesk.policy.document import PolicyNotValid, policy_of
from refunddesk.policy.facts import Anchor
from refunddesk.policy.judge import judge
from refunddesk.policy.kindpages import in_short
from refunddesk.policy.version import Policy
from refunddesk.worktime import LastDay, Unit
from tests.policy.claims import ONE_TIME, claim
from tests.policy.coverage import every_pair
from tests.policy.pairs import (
    Pair,
    boundaries_of_kinds,
    boundaries_of_the_built_in_policy,
)

ALL: list[Pair] = every_pair()
HELD = {each for pair in ALL for each in pair.holds}


@pytest.mark.parametrize("pair", ALL, ids=lambda pair: f"{pair.holds[0]}: {pair.words}")
def test_a_boundary_turns_between_its_last_moment_and_the_next(pair: Pair) -> None:
    assert (pair.answer(pair.last), pair.answer(pair.first_outside)) == (pair.inside, pair.outside)
    assert pair.inside != pair.outside


def test_every_boundary_of_every_kind_has_a_pair() -> None:
    assert sorted(set(boundaries_of_kinds()) - HELD) == []


def test_every_boundary_of_every_clause_of_the_built_in_policy_has_a_pair() -> None:
    assert sorted(set(boundaries_of_the_built_in_policy()) - HELD) == []


def test_every_unit_of_time_has_a_pair_and_one_over_each_change_of_the_clocks() -> None:
    for unit in get_args(Unit):
        assert {unit, f"{unit} spring", f"{unit} autumn"} <= HELD


def test_every_instant_a_window_can_count_from_has_a_pair() -> None:
    assert {f"anchor {anchor}" for anchor in get_args(Anchor)} <= HELD


def test_every_rule_for_a_last_day_has_a_pair_in_each_unit_that_could_end_on_one() -> None:
    ends = {f"last_day {rule}" for rule in get_args(LastDay) if rule == "any"}
    ends |= {f"last_day next_business_day {unit}" for unit in get_args(Unit)}
    # Business days never end on a day that is none.
    assert sorted(ends - HELD) == ["last_day next_business_day business days"]


def test_no_two_pairs_have_the_same_words_for_the_same_thing() -> None:
    named = [(pair.kind, pair.holds, pair.words) for pair in ALL]
    assert len(named) == len(set(named))


def versions(judged_by: str) -> Policy:
    """Two versions, the second in force from 10 March on; the first says which of them judges."""
    head = {"id": "mine", "title": {"en": "Mine"}, "clause": [
        {"id": "no", "kind": "no_refund", "text": {"en": "No."}},
    ]}  # fmt: skip
    documents: list[dict[str, Any]] = [
        head | {"version": "1", "in_force_from": "2020-01-01T00:00:00Z", "judged_by": judged_by},
        head | {"version": "2", "in_force_from": "2026-03-10T00:00:00Z"},
    ]
    both = [policy_of(document, "mine.json").versions[0] for document in documents]
    return Policy("mine", tuple(both))


@pytest.mark.parametrize(
    ("judged_by", "paid_at", "asked_at", "version"),
    [
        ("payment", "2026-03-09T23:59:59Z", "2026-03-10T00:00:00Z", "1"),
        ("payment", "2026-03-10T00:00:00Z", "2026-03-10T00:00:00Z", "2"),
        ("claim", "2026-03-02T10:00:00Z", "2026-03-09T23:59:59Z", "1"),
        ("claim", "2026-03-02T10:00:00Z", "2026-03-10T00:00:00Z", "2"),
    ],
)
def test_the_version_changes_with_the_second_it_is_in_force_from(
    judged_by: str, paid_at: str, asked_at: str, version: str
) -> None:
    facts = {"order.paid_at": paid_at, "request.at": asked_at, "case": None, "license": None}
    assert judge(claim(ONE_TIME, facts), versions(judged_by)).version == version


def test_who_has_not_asked_yet_is_judged_by_the_version_of_the_judgement() -> None:
    for judged_at, version in (("2026-03-09T23:59:59Z", "1"), ("2026-03-10T00:00:00Z", "2")):
        nobody_asked = {"request": None, "case": None, "license": None, "judged_at": judged_at}
        assert judge(claim(ONE_TIME, nobody_asked), versions("claim")).version == version


def test_a_report_that_lacks_only_what_the_policy_does_not_ask_for_awaits_supports_word() -> None:
    document = {
        "id": "mine", "version": "1", "in_force_from": "2020-01-01T00:00:00Z",
        "title": {"en": "Mine"},
        "clause": [
            {"id": "ask", "kind": "cooperation", "text": {"en": "A report."},
             "params": {"patience": "14 days", "facts": ["site_url"]}},
            {"id": "fix", "kind": "fix_clock", "text": {"en": "Time to fix."},
             "params": {"within": "5 business days"}},
        ],
    }  # fmt: skip
    lacking = {"case.missing": ["screenshots"], "case.complete_at": None}
    decision = judge(claim(ONE_TIME, lacking), policy_of(document, "mine.json"))
    assert in_short(decision) == "await by fix: support confirm_report"


def test_a_window_of_none_never_closes() -> None:
    forever = Pair(words="", holds=(), kind="full_refund", last="2199-12-31T23:59:58Z", inside="",
                   outside="", given={"case": "null", "license": "null"},
                   params={"within": "none", "event": "requested", "pays": "all"})  # fmt: skip
    assert {forever.answer(forever.last), forever.answer(forever.first_outside)} == {
        "refund 140.00 by it"
    }


@pytest.mark.parametrize("name", ["ZZ", "DE-XX", "de", "Germany", "DE-", "EU"])
def test_a_calendar_that_nobody_keeps_is_refused_by_its_name(name: str) -> None:
    document = {
        "id": "mine", "version": "1", "in_force_from": "2020-01-01T00:00:00Z",
        "title": {"en": "Mine"}, "holidays": ["DE", name],
        "clause": [{"id": "no", "kind": "no_refund", "text": {"en": "No."}}],
    }  # fmt: skip
    with pytest.raises(PolicyNotValid, match=rf"^mine\.json: holidays\[1\]: '{name}' is neither"):
        policy_of(document, "mine.json")
