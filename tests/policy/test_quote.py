"""A quote names what an order would get now and at every step to come, to the second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refunddesk.money import Money
from refunddesk.policy.claim import Claim
from refunddesk.policy.document import load_policy
from refunddesk.policy.interchange import load_claim
from refunddesk.policy.judge import judge
from refunddesk.policy.quote import Quote, Situation, make_quote, meet_conditions
from tests.policy.anyclaim import any_claim
from tests.policy.claims import (
    DAY_5_ENDS,
    DAY_5_IS_OVER,
    DAY_30_ENDS,
    DAY_31_BEGINS,
    ONE_TIME,
    YEARLY,
    YEARLY_RENEWAL,
    claim,
)

BUILT_IN = load_policy("crmjetty")
ONE_SECOND = timedelta(seconds=1)
#: Bought yesterday; nobody has reported or asked anything, and the licence is in use.
NOT_ASKED: dict[str, Any] = {
    "case": None,
    "request": None,
    "license": {"active_sites": ["shop.example"], "destruction_confirmed_at": None},
    "judged_at": "2026-03-03T10:00:00Z",
}


def quoted(
    form: Mapping[str, Any],
    changes: Mapping[str, Any],
    situation: Situation = "conditions_met",
    **readings: str | int,
) -> Quote:
    return make_quote(claim(form, changes), load_policy("crmjetty", readings), situation)


def told(quote: Quote) -> list[tuple[str, str, str | None]]:
    """The steps in short: from when, what, by which clause."""
    return [
        (f"{step.since:%Y-%m-%dT%H:%M:%SZ}",
         f"{step.decision.outcome} {step.amount}" if step.amount else step.decision.outcome,
         step.decision.settled_by)
        for step in quote.steps
    ]  # fmt: skip


def test_a_one_time_purchase_is_worth_all_of_its_price_until_day_30_and_then_nothing() -> None:
    quote = quoted(ONE_TIME, NOT_ASKED)
    assert told(quote) == [
        ("2026-03-03T10:00:00Z", "refund 199.00", "R-3A"),
        (DAY_31_BEGINS, "refuse", "R-3A"),
    ]
    assert f"{quote.steps[0].until:%Y-%m-%dT%H:%M:%SZ}" == DAY_30_ENDS
    assert quote.steps[1].until is None


def test_a_year_is_worth_a_month_less_with_every_month() -> None:
    quote = quoted(YEARLY, NOT_ASKED)
    assert told(quote)[:3] == [
        ("2026-03-03T10:00:00Z", "refund 120.00", "R-3B.1"),
        (DAY_31_BEGINS, "refund 110.00", "R-3B.2"),
        ("2026-05-01T18:30:00Z", "refund 100.00", "R-3B.2"),
    ]
    assert told(quote)[-2:] == [
        ("2027-02-01T18:30:00Z", "refund 10.00", "R-3B.2"),
        ("2027-03-01T18:30:00Z", "refuse", "R-3B.2"),
    ]


def test_a_renewal_is_worth_all_of_it_to_the_last_second_of_the_fifth_business_day() -> None:
    quote = quoted(YEARLY_RENEWAL, NOT_ASKED)
    assert told(quote)[0] == ("2026-03-03T10:00:00Z", "refund 120.00", "R-3C.2")
    assert f"{quote.steps[0].until:%Y-%m-%dT%H:%M:%SZ}" == DAY_5_ENDS
    assert told(quote)[1] == (DAY_5_IS_OVER, "refund 120.00", "R-3C.3")


def test_as_it_is_nobody_reports_anything_and_the_window_closes() -> None:
    assert told(quoted(ONE_TIME, NOT_ASKED, "as_it_is")) == [
        ("2026-03-03T10:00:00Z", "await", "R-2C"),
        (DAY_31_BEGINS, "refuse", "R-3A"),
    ]


def test_as_it_is_support_has_its_five_days_and_the_money_then_waits_for_the_licence() -> None:
    running = {
        "case.opened_at": "2026-03-09T09:00:00Z", "case.complete_at": "2026-03-09T09:00:00Z",
        "case.last_customer_reply_at": None,
        "request.at": "2026-03-09T09:00:00Z", "judged_at": "2026-03-09T09:00:00Z",
        "license.destruction_confirmed_at": None, "license.active_sites": ["shop.example"],
    }  # fmt: skip
    quote = quoted(ONE_TIME, running, "as_it_is")
    assert told(quote) == [
        ("2026-03-09T09:00:00Z", "await", "R-2B"),
        ("2026-03-16T18:30:00Z", "await", "R-2D"),
    ]
    assert str(quote.steps[1].decision.held) == "199.00"


def test_a_price_reckoned_by_days_steps_every_day() -> None:
    quote = quoted(YEARLY, NOT_ASKED, pro_rata_unit="day")
    assert quote.is_complete
    assert [str(step.amount) for step in quote.steps[:3]] == ["120.00", "109.80", "109.47"]
    lengths = {step.until - step.since for step in quote.steps[1:-2] if step.until}
    assert lengths == {timedelta(days=1) - ONE_SECOND}


def test_a_price_reckoned_by_the_second_says_that_its_list_breaks_off() -> None:
    quote = quoted(YEARLY, NOT_ASKED, pro_rata_unit="second")
    assert not quote.is_complete
    falls = [a.amount.minor - b.amount.minor for a, b in pairwise(quote.steps)]
    assert set(falls[1:]) == {1}, "every cent has its own step, found to the second"
    by_seconds = load_policy("crmjetty", {"pro_rata_unit": "second"})
    for before, after in pairwise(quote.steps[:20]):
        eve = judge(meet_conditions(quote.claim, after.since - ONE_SECOND), by_seconds)
        assert eve.amount == before.decision.amount, "one second before it is still the old amount"


def test_what_is_paid_later_can_be_shown_to_be_what_was_quoted() -> None:
    bought = claim(YEARLY, NOT_ASKED)
    quote = make_quote(bought, BUILT_IN, "conditions_met")
    july = datetime(2026, 7, 15, 9, tzinfo=UTC)
    decision = judge(meet_conditions(bought, july), BUILT_IN)
    assert quote.foretold(decision, july)
    assert not quote.foretold(decision, july + timedelta(days=30)), "August is worth less"


def test_a_version_that_judges_claims_from_its_first_day_is_a_step_of_its_own(
    tmp_path: Path,
) -> None:
    clause = (
        '[[clause]]\nid = "all"\nkind = "full_refund"\ntext.en = "All."\n'
        'params = { within = "60 days", event = "requested", pays = ["product"] }\n'
    )
    kept = '[[clause]]\nid = "fee"\nkind = "fixed_fee"\ntext.en = "A fee."\n'
    kept += 'params = { amount = { EUR = "9.00" } }\n'
    for name, since, more in (("1", "2020-01-01", ""), ("2", "2026-03-20", kept)):
        head = f'id = "mine"\nversion = "{name}"\nin_force_from = {since}T12:00:00Z\n'
        head += 'judged_by = "claim"\ntitle.en = "Mine"\n'
        (tmp_path / f"{name}.toml").write_text(head + clause + more, encoding="utf-8")
    quote = make_quote(claim(ONE_TIME, NOT_ASKED), load_policy(tmp_path), "conditions_met")
    assert [(f"{step.since:%m-%d %H:%M}", step.decision.version) for step in quote.steps[:2]] == [
        ("03-03 10:00", "1"),
        ("03-20 12:00", "2"),
    ]
    assert quote.steps[0].amount - quote.steps[1].amount > Money(900, "EUR")


def test_the_seal_covers_the_claim_and_every_step() -> None:
    quote = quoted(YEARLY, NOT_ASKED)
    assert quote.seal == quoted(YEARLY, NOT_ASKED).seal, "the same again gives the same"
    others = [
        quoted(YEARLY, NOT_ASKED, "as_it_is"),
        quoted(YEARLY, NOT_ASKED, tax="in_proportion"),
        quoted(YEARLY, NOT_ASKED | {"order.items.0.paid": "120.01"}),
        quoted(YEARLY, NOT_ASKED | {"store.country": "DE"}),
        replace(quote, steps=quote.steps[:-1]),
    ]
    assert len({quote.seal, *(other.seal for other in others)}) == 6


@pytest.mark.parametrize("situation", ["as_it_is", "conditions_met"])
@settings(max_examples=60, deadline=None)
@given(form=any_claim(), later=st.integers(1, 400 * 86400))
def test_each_step_begins_at_its_very_second(
    situation: Situation, form: dict[str, Any], later: int
) -> None:
    facts = load_claim(form)
    quote = make_quote(facts, BUILT_IN, situation)

    def decided(at: datetime) -> Any:
        met = situation == "conditions_met"
        return judge(meet_conditions(facts, at) if met else _at(facts, at), BUILT_IN)

    assert quote.steps[0].since == facts.judged_at
    for before, after in pairwise(quote.steps):
        first, eve = decided(after.since), decided(after.since - ONE_SECOND)
        assert (first.outcome, first.amount, first.tax, first.settled_by) == (
            after.decision.outcome, after.decision.amount, after.decision.tax,
            after.decision.settled_by,
        )  # fmt: skip
        if before.since <= after.since - ONE_SECOND:
            assert (eve.outcome, eve.amount) == (before.decision.outcome, before.decision.amount)
        assert not quote.foretold(eve, after.since), "a step is a change"
    anywhere = facts.judged_at + timedelta(seconds=later)
    assert quote.foretold(decided(anywhere), anywhere)


def _at(facts: Claim, at: datetime) -> Claim:
    return replace(facts, judged_at=at)
