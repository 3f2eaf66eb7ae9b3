"""Laws that hold for every policy that can be written, not only for the one that comes with us."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refunddesk.money import total
from refunddesk.policy.clauses import KINDS
from refunddesk.policy.decision import next_judgement_at
from refunddesk.policy.document import policy_of
from refunddesk.policy.interchange import dump_claim, load_claim
from refunddesk.policy.judge import judge
from tests.policy.anyclaim import any_claim_with_further_facts
from tests.policy.anypolicy import any_clause, any_policy
from tests.policy.trying import tries

_GRANT = {
    "id": "all",
    "kind": "full_refund",
    "text": {"en": "All back."},
    "params": {"within": "none", "pays": "all", "event": "requested"},
}
_HEAD = {
    "id": "any",
    "version": "1",
    "in_force_from": "2020-01-01T00:00:00Z",
    "title": {"en": "Any policy"},
}


@tries(120)
@given(document=any_policy(), form=any_claim_with_further_facts())
def test_under_any_policy_money_keeps_its_laws(
    document: dict[str, Any], form: dict[str, Any]
) -> None:
    claim = load_claim(form)
    decision = judge(claim, policy_of(document, "any.json"))
    order, nothing = claim.order, decision.amount - decision.amount
    currency, decimals = order.currency, order.refunded.decimals
    left = total((item.paid for item in order.items), currency, decimals) - order.refunded
    assert nothing <= decision.amount <= left
    assert total((line.refund for line in decision.lines), currency, decimals) == decision.amount
    assert total((line.tax for line in decision.lines), currency, decimals) == decision.tax.refund
    for line, item in zip(decision.lines, order.items, strict=True):
        assert nothing <= line.refund <= item.paid - (item.refunded or nothing)
        assert nothing <= line.tax <= item.tax
    assert (decision.outcome == "refund") == (decision.amount > nothing)
    assert (decision.outcome == "await") == bool(decision.awaits)
    assert decision.held is None or nothing < decision.held <= left
    assert decision.outcome == "refund" or not decision.tax.refund


@tries(40)
@given(document=any_policy(), form=any_claim_with_further_facts())
def test_under_any_policy_a_stored_claim_gets_the_same_decision_again(
    document: dict[str, Any], form: dict[str, Any]
) -> None:
    claim = load_claim(form)
    first = judge(claim, policy_of(document, "any.json"))
    stored = json.loads(json.dumps(dump_claim(claim)))
    again = judge(load_claim(stored), policy_of(json.loads(json.dumps(document)), "any.json"))
    assert again.to_json() == first.to_json()


@tries(40)
@given(document=any_policy(), form=any_claim_with_further_facts())
def test_under_any_policy_what_is_awaited_is_not_already_over(
    document: dict[str, Any], form: dict[str, Any]
) -> None:
    claim = load_claim(form)
    decision = judge(claim, policy_of(document, "any.json"))
    again_at = next_judgement_at(decision)
    assert again_at is None or again_at > claim.judged_at


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_judges_any_claim_with_any_parameters(kind: str) -> None:
    @settings(max_examples=4, deadline=None)
    @given(data=st.data(), form=any_claim_with_further_facts())
    def judges(data: st.DataObject, form: dict[str, Any]) -> None:
        clause = data.draw(any_clause(0, (kind,)))
        grant = _GRANT if KINDS[kind].stage != "decide" else clause
        document = {**_HEAD, "clause": [clause, grant]}
        assert judge(load_claim(form), policy_of(document, "any.json")).findings

    judges()
