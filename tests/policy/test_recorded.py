"""A decision that was kept is read back as it was, and its amounts can be followed line by line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refunddesk.money import Money
from refunddesk.policy.amounts import cap_by_what_is_left
from refunddesk.policy.decision import Decision
from refunddesk.policy.document import load_policy
from refunddesk.policy.interchange import load_claim
from refunddesk.policy.judge import judge
from refunddesk.policy.recorded import DecisionNotValid, load_decision
from tests.policy.anyclaim import any_claim
from tests.policy.claims import ONE_TIME, YEARLY, changed, decide
from tests.policy.trying import tries

CUSTOM_WORK = {
    "id": "9", "product": "theme-work", "item_kind": "customization", "quantity": 1,
    "paid": "80.00", "tax": "0.00",
}  # fmt: skip


def took(decision: Decision) -> dict[str, dict[str, str]]:
    return {
        finding.clause: {item: str(amount) for item, amount in finding.took}
        for finding in decision.findings
        if finding.took
    }


def test_the_clause_that_pays_says_which_lines_it_leaves_out() -> None:
    assert took(decide(ONE_TIME)) == {"R-3A": {"2": "49.00"}}


def test_used_months_and_work_made_to_order_are_taken_by_their_own_clauses() -> None:
    late = {"request.at": "2026-07-15T09:00:00Z", "judged_at": "2026-07-15T09:00:00Z"}
    late |= {"case.opened_at": "2026-04-10T09:00:00Z", "case.complete_at": "2026-04-10T09:00:00Z"}
    lines = [*YEARLY["order"]["items"], CUSTOM_WORK]
    decision = decide(YEARLY, late | {"order.items": lines})
    assert took(decision) == {"R-3B.2": {"1": "40.00", "9": "26.67"}, "R-1C": {"9": "53.33"}}


def test_a_line_outside_the_programme_is_taken_by_the_clause_that_barred_it() -> None:
    lines = [YEARLY["order"]["items"][0], CUSTOM_WORK | {"in_programme": False}]
    assert took(decide(YEARLY, {"order.items": lines})) == {"R-0": {"9": "80.00"}}


@tries(100)
@given(form=any_claim(), tax=st.sampled_from(["kept", "in_proportion"]))
def test_a_decision_read_back_says_what_it_said(form: dict[str, Any], tax: str) -> None:
    said = judge(load_claim(form), load_policy("crmjetty", {"tax": tax})).to_json()
    assert load_decision(json.loads(json.dumps(said))).to_json() == said


@tries(200)
@given(form=any_claim())
def test_what_was_paid_less_what_the_clauses_took_is_what_goes_back(form: dict[str, Any]) -> None:
    claim = load_claim(form)
    decision = judge(claim, load_policy("crmjetty"))
    offers = {item.id: item.paid for item in claim.order.items}
    for finding in decision.findings:
        for item, amount in finding.took:
            assert amount.minor > 0
            offers[item] -= amount
    if decision.outcome == "refund":
        shares = cap_by_what_is_left(claim.order, tuple(offers.values()))
        assert shares == tuple(line.refund for line in decision.lines)


def test_decimals_of_the_order_are_kept() -> None:
    form = changed(
        ONE_TIME,
        {
            "order": ONE_TIME["order"]
            | {
                "decimals": 0, "refunded": "0",
                "items": [ONE_TIME["order"]["items"][0] | {"paid": "199", "tax": "0"}],
            },
        },
    )  # fmt: skip
    said = decide(form).to_json()
    assert load_decision(said, 0).amount == Money(199, "EUR", 0)


@pytest.mark.parametrize("damage", [{"amount": 199}, {"lines": None}, {"until": "soon"}])
def test_what_is_no_decision_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises(DecisionNotValid, match="this is not a decision"):
        load_decision(decide(ONE_TIME).to_json() | damage)
