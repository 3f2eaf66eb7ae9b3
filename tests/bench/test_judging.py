"""What the judge is measured against gives the judge's own answers."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from refunddesk.policy.claim import Claim
from refunddesk.policy.document import load_policy
from refunddesk.policy.examples import examples
from refunddesk.policy.interchange import load_claim
from refunddesk.policy.judge import judge
from tests.bench import by_hand, by_rules, judging
from tests.policy.anyclaim import any_claim

BUILT_IN = load_policy("crmjetty")


def answer(claim: Claim) -> by_hand.Answer:
    decision = judge(claim, BUILT_IN)
    return (
        decision.outcome,
        decision.settled_by,
        [line.refund.minor for line in decision.lines],
        [(finding.clause, finding.says) for finding in decision.findings],
    )


@settings(max_examples=400, deadline=None)
@given(form=any_claim())
def test_the_function_written_by_hand_says_what_the_judge_says(form: dict[str, Any]) -> None:
    claim = load_claim(form)
    assert by_hand.decide(claim) == answer(claim)


@settings(max_examples=150, deadline=None)
@given(form=any_claim())
def test_the_rules_library_says_what_the_judge_says(form: dict[str, Any]) -> None:
    claim = load_claim(form)
    outcome, settled_by, amounts, _ = answer(claim)
    assert by_rules.decide(claim)[:3] == (outcome, settled_by, amounts)


def test_both_say_it_of_the_claims_that_are_measured() -> None:
    for number, example in enumerate(examples(BUILT_IN.versions[0])):
        if number % 25 == 0:
            expected = answer(example.claim)
            assert by_hand.decide(example.claim) == expected
            assert by_rules.decide(example.claim)[:3] == expected[:3]


def test_the_ratio_is_the_median_of_each_rounds_own_ratio() -> None:
    rates = {judging.JUDGE: [100.0, 10.0, 100.0], judging.HAND: [300.0, 40.0, 200.0]}
    figures = judging.Figures(rates)
    assert figures.ratio(judging.HAND) == 3.0
    report = judging.as_markdown(figures, ["SQLite: 5 orders in 1.0 s"], 3, 1.0)
    assert "| a function by hand | 200 (40–300) | 3.00 |" in report
    assert "(here 100: missed)" in report
    assert "(here 3.00: met)" in report
    assert "- SQLite: 5 orders in 1.0 s." in report
