"""Lines that fall under different clauses are judged apart, and told as one decision."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refunddesk.policy.amounts import cap_by_what_is_left
from refunddesk.policy.claim import Claim
from refunddesk.policy.decision import Decision
from refunddesk.policy.document import policy_of
from refunddesk.policy.interchange import load_claim
from refunddesk.policy.judge import judge
from refunddesk.policy.quote import make_quote
from refunddesk.policy.recorded import load_decision
from refunddesk.policy.version import Policy
from refunddesk.policy.wording.breakdown import break_down
from refunddesk.policy.wording.explanation import explain
from tests.policy.anyclaim import any_claim_with_further_facts
from tests.policy.anypolicy import any_policy
from tests.policy.claims import ONE_TIME, YEARLY, changed, claim, decide, verdict

PORTAL = {"id": "1", "product": "crm-portal", "item_kind": "product", "paid": "100.00",
          "tax": "19.00"}  # fmt: skip
THEME = {"id": "2", "product": "theme", "item_kind": "product", "paid": "50.00", "tax": "9.50"}
SHIPPING = {"id": "3", "product": "post", "item_kind": "shipping", "paid": "5.00", "tax": "0.95"}

FULL = {
    "id": "full", "kind": "full_refund", "text": {"en": "All back."},
    "params": {"within": "30 days", "pays": "all", "event": "requested"},
}  # fmt: skip
NO_THEMES = {
    "id": "themes", "kind": "no_refund", "text": {"en": "Themes are final."},
    "applies_to": {"products": ["theme*"]},
}  # fmt: skip
CASE_FOR_THEMES = {
    "id": "case", "kind": "case_first", "text": {"en": "A case first."},
    "applies_to": {"products": ["theme"]},
}  # fmt: skip
REVIEW_THEMES = {
    "id": "look", "kind": "review", "text": {"en": "We look at themes."},
    "applies_to": {"products": ["theme"]},
}  # fmt: skip
FEE = {
    "id": "fee", "kind": "fixed_fee", "text": {"en": "A fee."},
    "params": {"amount": {"EUR": "6.00"}},
}  # fmt: skip
TAX_OF_THEMES = {
    "id": "tax", "kind": "tax", "text": {"en": "Tax is kept."}, "params": {"tax": "kept"},
    "applies_to": {"products": ["theme"]},
}  # fmt: skip
OFF = {"id": "off", "kind": "license_off", "text": {"en": "Off first."}}


def policy(*clauses: dict[str, Any]) -> Policy:
    document = {
        "id": "mine", "version": "1", "in_force_from": "2020-01-01T00:00:00Z",
        "title": {"en": "Mine"}, "clause": copy.deepcopy(list(clauses)),
    }  # fmt: skip
    return policy_of(document, "mine.json")


def order(*items: dict[str, Any], **changes: Any) -> Claim:
    return claim(ONE_TIME, {"order.items": list(items)} | changes)


def lines(decision: Decision) -> list[tuple[str, str, list[str], str | None]]:
    return [
        (line.item, str(line.refund), list(line.because), line.outcome) for line in decision.lines
    ]


def half(clause: str) -> dict[str, Any]:
    steps = [{"within": "30 days", "share": "50%"}]
    return {"id": clause, "kind": "stepped_refund", "text": {"en": "Half."},
            "params": {"pays": "all", "steps": steps}}  # fmt: skip


def test_a_product_that_is_a_final_sale_leaves_the_other_to_be_paid_back() -> None:
    decision = judge(order(PORTAL, THEME), policy(NO_THEMES, FULL))
    assert verdict(decision) == "refund 100.00 by full"
    assert lines(decision) == [
        ("1", "100.00", ["full"], None), ("2", "0.00", ["themes"], "refuse"),
    ]  # fmt: skip
    assert str(decision.tax.refund) == "19.00"


def test_each_clause_is_heard_once_and_names_the_lines_where_it_is_not_said_of_all() -> None:
    said = judge(order(PORTAL, THEME), policy(NO_THEMES, FULL, OFF)).to_json()
    assert said["findings"] == [
        {"clause": "themes", "says": "does_not_apply", "items": ["1"]},
        {"clause": "themes", "says": "refuses", "items": ["2"], "why": {"code": "final_sale"},
         "took": {"2": "50.00"}},
        {"clause": "full", "says": "grants", "items": ["1"]},
        {"clause": "off", "says": "clear", "items": ["1"]},
    ]  # fmt: skip
    assert said["lines"] == [
        {"item": "1", "refund": "100.00", "because": ["full"], "tax": "19.00"},
        {"item": "2", "refund": "0.00", "because": ["themes"], "outcome": "refuse"},
    ]


def test_nothing_is_paid_while_another_line_waits_or_is_looked_at() -> None:
    asked = order(PORTAL, THEME, case=None)
    waiting = judge(asked, policy(CASE_FOR_THEMES, FULL))
    assert verdict(waiting) == "await by case"
    assert [each.what for each in waiting.awaits] == ["open_case"]
    assert lines(waiting) == [
        ("1", "0.00", ["full"], "refund"), ("2", "0.00", ["case"], None),
    ]  # fmt: skip
    assert waiting.held is None
    looked_at = judge(asked, policy(REVIEW_THEMES, CASE_FOR_THEMES, FULL))
    assert verdict(looked_at) == "review by look"
    assert looked_at.awaits == ()


def test_what_a_gate_holds_is_held_for_all_lines_that_would_be_paid() -> None:
    on = {"license.active_sites": ["https://a.example"]}
    gate = OFF | {"applies_to": {"products": ["theme"]}}
    decision = judge(order(PORTAL, THEME, **on), policy(half("half") | {
        "applies_to": {"products": ["theme"]}}, FULL, gate))  # fmt: skip
    assert verdict(decision) == "await by off"
    assert str(decision.held) == "125.00"
    assert [line.outcome for line in decision.lines] == ["refund", None]


def test_a_fee_kept_once_per_order_is_kept_once_for_lines_paid_by_different_clauses() -> None:
    halves = half("half") | {"applies_to": {"products": ["theme"]}}
    decision = judge(order(PORTAL, THEME), policy(halves, FULL, FEE))
    assert verdict(decision) == "refund 119.00 by full"
    assert lines(decision) == [
        ("1", "95.20", ["full", "fee"], None), ("2", "23.80", ["half", "fee"], None),
    ]  # fmt: skip
    alone = judge(order(PORTAL, THEME), policy(NO_THEMES, FULL, FEE))
    assert str(alone.amount) == "94.00"


def test_tax_is_kept_of_the_lines_alone_whose_clause_keeps_it() -> None:
    decision = judge(order(PORTAL, THEME), policy(FULL, TAX_OF_THEMES))
    assert [str(line.tax) for line in decision.lines] == ["19.00", "0.00"]
    assert (str(decision.tax.refund), decision.tax.because) == ("19.00", ("tax",))


def test_shipping_goes_with_what_was_shipped() -> None:
    only_portals = FULL | {"applies_to": {"products": ["crm-*"]}}
    alone = judge(order(PORTAL, SHIPPING), policy(only_portals))
    assert verdict(alone) == "refund 105.00 by full"
    unsettled = judge(order(PORTAL, THEME, SHIPPING), policy(only_portals))
    assert verdict(unsettled) == "review by None"
    assert [line.outcome for line in unsettled.lines] == ["refund", None, "refund"]


def test_a_line_that_was_free_holds_nothing_up() -> None:
    only_portals = FULL | {"applies_to": {"products": ["crm-*"]}}
    free = THEME | {"paid": "0.00", "tax": "0.00"}
    assert verdict(judge(order(free, PORTAL), policy(only_portals))) == "refund 100.00 by full"


@pytest.mark.parametrize(
    ("refunded", "expected"),
    [("0.00", "refund 100.00 by full"), ("99.99", "refund 0.01 by full"),
     ("100.00", "refuse by themes")],
)  # fmt: skip
def test_what_was_refunded_without_naming_a_line_lowers_the_lines_that_are_paid(
    refunded: str, expected: str
) -> None:
    """Reading 15, also where a line that is refused stands before them."""
    asked = order(THEME, PORTAL, **{"order.refunded": refunded})
    decision = judge(asked, policy(NO_THEMES, FULL))
    assert verdict(decision) == expected


def test_a_fact_that_a_line_lacks_is_named_by_its_place_in_the_order() -> None:
    work = {"id": "7", "product": "work", "item_kind": "service", "paid": "9.00", "tax": "0.00"}
    begun = {"id": "begun", "kind": "begun_service", "text": {"en": "Begun work is kept."},
             "applies_to": {"item_kinds": ["service"]}}  # fmt: skip
    decision = judge(order(PORTAL, work), policy(begun, FULL))
    assert verdict(decision) == "review by begun"
    assert decision.findings[1].to_json()["why"] == {
        "code": "fact_missing", "fact": "order.items[1].begun",
    }  # fmt: skip


def test_refunds_that_would_end_a_licence_and_leave_it_go_to_a_person() -> None:
    def pays(clause: str, effect: str, **more: Any) -> dict[str, Any]:
        return FULL | {"id": clause, "params": FULL["params"] | {"effects": [effect]}} | more

    mine = pays("a", "license_stays", applies_to={"products": ["theme"]})
    both = judge(order(PORTAL, THEME), policy(mine, pays("b", "license_ends")))
    assert verdict(both) == "review by a"
    assert both.effects == ()
    same = judge(order(PORTAL, THEME), policy(mine, pays("b", "license_stays")))
    assert verdict(same) == "refund 150.00 by b"


def test_a_product_refunded_before_is_refused_while_the_other_still_waits() -> None:
    """Reading 13: line by line; the other lines are judged on."""
    before = {"id": "17", "order_id": "900", "product": "theme",
              "refunded_at": "2026-01-01T00:00:00Z"}  # fmt: skip
    both = {"order.items": [PORTAL, THEME], "customer.earlier_refunds": [before]}
    on = {"license.active_sites": ["https://a.example"]}
    waiting = decide(ONE_TIME, both | on)
    assert verdict(waiting) == "await by R-2D"
    assert lines(waiting) == [
        ("1", "0.00", ["R-2D"], None), ("2", "0.00", ["R-1D"], "refuse"),
    ]  # fmt: skip
    paid = decide(ONE_TIME, both)
    assert verdict(paid) == "refund 100.00 by R-3A"
    assert lines(paid)[1] == ("2", "0.00", ["R-3A", "R-1D"], None)


@pytest.mark.parametrize(
    ("language", "reason"),
    [
        ("en", "crm-portal (product): paid back, by full. theme (product): not paid back, by "
               "themes. What was bought is a final sale: it is not paid back."),
        ("fr", "crm-portal (produit) : remboursé selon full. theme (produit) : non remboursé selon "
               "themes. Cet achat est définitif : il n’est pas remboursé."),
        ("de", "crm-portal (Produkt): wird erstattet, nach full. theme (Produkt): wird nicht "
               "erstattet, nach themes. Dieser Kauf ist endgültig: Er wird nicht erstattet."),
    ],
)  # fmt: skip
def test_each_line_is_told_what_becomes_of_it_and_why(language: Any, reason: str) -> None:
    asked = order(PORTAL, THEME)
    said = explain(judge(asked, policy(NO_THEMES, FULL)), asked, language=language)
    assert said.reason.replace("\u00a0", " ") == reason


def test_the_trace_for_staff_names_the_lines_a_clause_spoke_of() -> None:
    asked = order(PORTAL, THEME)
    told = explain(judge(asked, policy(NO_THEMES, FULL)), asked, audience="staff").trace
    assert told[1].sentence.startswith("theme (product): What was bought is a final sale")
    assert told[1].to_json()["items"] == ["2"]


def test_the_amounts_say_that_a_line_was_refused() -> None:
    asked = order(PORTAL, THEME)
    said = explain(judge(asked, policy(NO_THEMES, FULL)), asked)
    theme = said.lines[1]
    assert [(part.label, part.text) for part in theme.parts] == [
        ("Paid", "€50.00"), ("refused, by themes", "-€50.00"), ("Goes back", "€0.00"),
    ]  # fmt: skip
    waiting = order(PORTAL, THEME, case=None)
    assert explain(judge(waiting, policy(CASE_FOR_THEMES, FULL)), waiting).lines == ()


def test_a_quote_follows_each_line_by_itself() -> None:
    theme_for_ten_days = FULL | {
        "id": "ten", "applies_to": {"products": ["theme"]},
        "params": FULL["params"] | {"within": "10 days"},
    }  # fmt: skip
    others = FULL | {"unless": {"products": ["theme"]}}
    late = NO_THEMES | {"id": "late"}
    asked = claim(ONE_TIME, {"order.items": [PORTAL, THEME], "request": None, "license": None,
                             "case": None, "judged_at": "2026-03-11T10:00:00Z"})  # fmt: skip
    quote = make_quote(asked, policy(theme_for_ten_days, late, others), "conditions_met")
    steps = [(step.decision.outcome, str(step.decision.amount)) for step in quote.steps]
    assert steps[:2] == [("refund", "150.00"), ("refund", "100.00")]
    assert quote.steps[1].since.isoformat() == "2026-03-12T18:30:00+00:00"


# ------------------------------------------------------------------------- properties


def _without_products(document: dict[str, Any]) -> dict[str, Any]:
    plain = copy.deepcopy(document)
    for clause in plain["clause"]:
        for key in ("applies_to", "unless"):
            for choice in ("products", "item_kinds"):
                clause.get(key, {}).pop(choice, None)
    return plain


@settings(max_examples=60, deadline=None)
@given(document=any_policy(), form=any_claim_with_further_facts(), whole=st.booleans())
def test_an_order_of_one_sort_of_line_is_judged_as_a_whole(
    document: dict[str, Any], form: dict[str, Any], whole: bool
) -> None:
    """Choosing by product what every line is chooses nothing: the decision is the same."""
    plain = _without_products(document)
    chosen = copy.deepcopy(plain)
    for item in form["order"]["items"]:
        item["product"], item["item_kind"] = "crm-portal", "product"
    for clause in chosen["clause"]:
        if whole or clause.get("applies_to"):
            clause.setdefault("applies_to", {})["products"] = ["crm-*"]
    asked = load_claim(form)
    expected = judge(asked, policy_of(plain, "any.json"))
    assert judge(asked, policy_of(chosen, "any.json")).to_json() == expected.to_json()


@settings(max_examples=80, deadline=None)
@given(form=any_claim_with_further_facts(), products=st.sampled_from(["theme", "crm-*"]))
def test_a_mixed_order_gets_the_sum_of_its_parts(form: dict[str, Any], products: str) -> None:
    """Each part as if the others had not been bought, where nothing was refunded before."""
    nothing = str(load_claim(form).order.refunded.like(0))
    form["order"]["refunded"] = nothing
    for item in form["order"]["items"]:
        item.pop("refunded", None)
        if item["item_kind"] in ("shipping", "fee"):
            item["item_kind"] = "service"
    halves = half("half") | {"applies_to": {"products": [products]}}
    terms = policy(halves, FULL, {
        "id": "share", "kind": "kept_share", "text": {"en": "A tenth."},
        "params": {"percent": "10%"}})  # fmt: skip
    whole = judge(load_claim(form), terms)
    picked = [each for each in form["order"]["items"] if _is_picked(each["product"], products)]
    others = [each for each in form["order"]["items"] if each not in picked]
    amounts = []
    for items in (picked, others):
        if items:
            alone = copy.deepcopy(form)
            alone["order"]["items"] = items
            amounts.append(judge(load_claim(alone), terms))
    if whole.outcome == "refund":
        assert whole.amount.minor == sum(part.amount.minor for part in amounts)
    assert (whole.outcome == "refund") == (
        any(part.outcome == "refund" for part in amounts)
        and all(part.outcome in ("refund", "refuse") for part in amounts)
    )


def _is_picked(product: str, pattern: str) -> bool:
    return product == pattern or (pattern.endswith("*") and product.startswith(pattern[:-1]))


@settings(max_examples=60, deadline=None)
@given(document=any_policy(), form=any_claim_with_further_facts())
def test_a_mixed_decision_is_read_back_as_it_was_and_its_amounts_add_up(
    document: dict[str, Any], form: dict[str, Any]
) -> None:
    document["clause"].insert(0, copy.deepcopy(NO_THEMES))
    asked = load_claim(form)
    decision = judge(asked, policy_of(document, "any.json"))
    said = json.loads(json.dumps(decision.to_json()))
    decimals = asked.order.refunded.decimals
    assert load_decision(said, decimals).to_json() == said
    if decision.outcome == "refund":
        offers = {item.id: item.paid for item in asked.order.items}
        for finding in decision.findings:
            for item, amount in finding.took:
                offers[item] -= amount
        shares = cap_by_what_is_left(asked.order, tuple(offers.values()))
        assert shares == tuple(line.refund for line in decision.lines)
        amounts = break_down(decision, asked)
        assert amounts is not None
        assert amounts.total == decision.amount + decision.tax.refund
    for language in ("en", "fr", "de"):
        assert explain(decision, asked, language=language, audience="staff").headline  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(days=st.lists(st.integers(0, 400), min_size=2, max_size=2), yearly=st.booleans())
def test_of_a_mixed_order_a_later_request_never_gets_more(days: list[int], yearly: bool) -> None:
    got = []
    for day in sorted(days):
        at = (datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=day)).isoformat()
        form = changed(YEARLY if yearly else ONE_TIME, {
            "order.items": [PORTAL, THEME | {"in_programme": False}, SHIPPING],
            "case.opened_at": at, "case.complete_at": at, "case.last_customer_reply_at": at,
            "case.gave_up_at": at, "request.at": at, "judged_at": at,
            "license.destruction_confirmed_at": at,
        })  # fmt: skip
        got.append(decide(form).amount)
    assert got[0] >= got[1]
