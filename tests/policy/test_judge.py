"""The judge: order of trying, versions, shaping of amounts, and rules that hold for any claim."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refunddesk.money import Money, total
from refunddesk.policy.claim import Claim
from refunddesk.policy.clause import Context, Kind, NoParams
from refunddesk.policy.decision import Finding
from refunddesk.policy.document import load_policy
from refunddesk.policy.interchange import dump_claim, load_claim
from refunddesk.policy.judge import judge
from refunddesk.policy.version import NoSuchVersion
from tests.policy.anyclaim import any_claim
from tests.policy.claims import (
    ONE_TIME,
    YEARLY,
    YEARLY_RENEWAL,
    changed,
    claim,
    decide,
    verdict,
    why,
)
from tests.policy.trying import tries

BUILT_IN = load_policy("crmjetty")
TAXES = {tax: load_policy("crmjetty", {"tax": tax}) for tax in ("kept", "in_proportion")}


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def version_text(version: str, since: str, clauses: str) -> str:
    return (
        f'id = "mine"\nversion = "{version}"\nin_force_from = {since}\ntitle.en = "Mine"\n{clauses}'
    )


FULL = """
[[clause]]
id = "full"
kind = "full_refund"
text.en = "Thirty days, no questions."
params = { within = "30 days", event = "requested", pays = "all" }
"""
NOTHING = """
[[clause]]
id = "none"
kind = "refused_reasons"
text.en = "No refunds for faults."
params = { reasons = ["malfunction"] }
"""


def test_a_claim_that_no_clause_settles_is_left_to_a_person(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, version_text("1", "2020-01-01T00:00:00Z", NOTHING)))
    decision = judge(claim(ONE_TIME, {"case.reason": "other"}), policy)
    assert verdict(decision) == "review by None"


def test_clauses_are_tried_in_the_documents_order(tmp_path: Path) -> None:
    since = "2020-01-01T00:00:00Z"
    refuse_first = load_policy(write(tmp_path, version_text("1", since, NOTHING + FULL), "a.toml"))
    pay_first = load_policy(write(tmp_path, version_text("1", since, FULL + NOTHING), "b.toml"))
    assert verdict(judge(claim(ONE_TIME), refuse_first)) == "refuse by none"
    assert verdict(judge(claim(ONE_TIME), pay_first)) == "refund 248.00 by full"


def test_a_policy_that_says_nothing_of_tax_gives_it_back_in_proportion(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, version_text("1", "2020-01-01T00:00:00Z", FULL)))
    decision = judge(claim(ONE_TIME), policy)
    assert (str(decision.tax.refund), decision.tax.because) == ("47.12", ("full",))


@pytest.mark.parametrize(
    ("paid_at", "version"),
    [
        pytest.param("2019-12-31T23:59:59Z", "1", id="before the first version"),
        pytest.param("2026-02-28T23:59:59Z", "1", id="in the last second of the first"),
        pytest.param("2026-03-01T00:00:00Z", "2", id="in the first second of the second"),
    ],
)
def test_the_version_in_force_at_payment_judges(tmp_path: Path, paid_at: str, version: str) -> None:
    write(tmp_path, version_text("1", "2020-01-01T00:00:00Z", FULL), "1.toml")
    write(tmp_path, version_text("2", "2026-03-01T00:00:00Z", NOTHING), "2.toml")
    policy = load_policy(tmp_path)
    assert judge(claim(ONE_TIME, {"order.paid_at": paid_at}), policy).version == version
    assert judge(claim(ONE_TIME, {"order.paid_at": paid_at}), policy, version="2").version == "2"


def test_a_version_that_is_not_there_is_named() -> None:
    with pytest.raises(NoSuchVersion, match="crmjetty has no version '9'; it has 1"):
        judge(claim(ONE_TIME), BUILT_IN, version="9")


def test_a_document_may_name_holidays_and_a_zone_of_its_own(tmp_path: Path) -> None:
    clause = FULL.replace("30 days", "5 business days")
    extra = 'timezone = "UTC"\nholidays = [2026-03-04]\n'
    policy = load_policy(write(tmp_path, version_text("1", "2020-01-01T00:00:00Z", extra + clause)))
    asked = {"request.at": "2026-03-10T23:59:59Z", "license": None}
    in_time = judge(claim(ONE_TIME, asked), policy)
    assert (verdict(in_time), in_time.version) == ("refund 248.00 by full", "1")
    asked["request.at"] = "2026-03-11T00:00:00Z"
    assert verdict(judge(claim(ONE_TIME, asked), policy)) == "review by None"


ONLY_PRO_RATA = """
[[clause]]
id = "rest"
kind = "pro_rata"
text.en = "What is left of the period, to the second."
params = { unit = "second", pays = "all" }
"""


@pytest.mark.parametrize(
    ("asked_at", "expected"),
    [
        pytest.param("2027-03-02T09:00:00Z", "refund 0.01 by rest", id="in the last hour"),
        pytest.param("2027-03-02T10:00:00Z", "refuse by rest", id="as the period ends"),
    ],
)
def test_a_period_that_is_over_has_no_rest(tmp_path: Path, asked_at: str, expected: str) -> None:
    text = version_text("1", "2020-01-01T00:00:00Z", ONLY_PRO_RATA)
    policy = load_policy(write(tmp_path, text))
    asked = {"request.at": asked_at, "judged_at": asked_at, "license": None}
    decision = judge(claim(YEARLY, asked), policy)
    assert verdict(decision) == expected
    assert why(decision) == ("period_over" if decision.outcome == "refuse" else "pro_rata")


def _half(claim: Claim, _: NoParams, context: Context) -> Finding:
    return context.says("limits", offers=tuple(offer.share(1, 2) for offer in context.offers))


def _double(claim: Claim, _: NoParams, context: Context) -> Finding:
    return context.says("limits", offers=tuple(offer + offer for offer in context.offers))


def test_a_new_kind_of_limit_needs_no_change_to_the_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    half = Kind("excluded_kinds", _half, NoParams, "limit")
    decision = judge(claim(ONE_TIME), _with_kind(half))
    assert verdict(decision) == "refund 99.50 by R-3A"
    assert decision.lines[0].because == ("R-3A", "R-1C")
    assert decision.lines[1].because == ("R-3A",)


def test_a_limit_never_raises_an_amount() -> None:
    double = Kind("excluded_kinds", _double, NoParams, "limit")
    july = "2026-07-15T09:00:00Z"
    rest_of_a_year = claim(YEARLY_RENEWAL, {"request.at": july, "judged_at": july})
    assert verdict(judge(rest_of_a_year, _with_kind(double))) == "refund 80.00 by R-3C.3"


def _with_kind(kind: Kind) -> Any:
    version = BUILT_IN.versions[0]
    clauses = tuple(
        replace(c, kind=kind, params=NoParams()) if c.kind.name == kind.name else c
        for c in version.clauses
    )
    return replace(BUILT_IN, versions=(replace(version, clauses=clauses),))


def test_a_refusal_for_want_of_anything_to_pay_ends_no_licence() -> None:
    used_up = {"order.refunded": "120.00"}
    decision = decide(YEARLY, used_up)
    assert (decision.outcome, why(decision)) == ("refuse", "nothing_left")
    assert decision.effects == ()


def test_parts_of_a_clause_that_do_not_apply_are_silent_where_another_part_speaks() -> None:
    decision = decide(YEARLY)
    heard = [finding.clause for finding in decision.findings]
    assert heard.count("R-3A") == 1, "two parts, neither applies: said once"
    assert heard.count("R-3C.3") == 1


@pytest.mark.parametrize(
    ("currency", "paid", "expected"),
    [("JPY", "1999", "1332"), ("KWD", "19.999", "13.332"), ("EUR", "19.99", "13.32")],
)
def test_amounts_keep_the_decimals_of_their_currency(
    currency: str, paid: str, expected: str
) -> None:
    nothing = "0" if currency == "JPY" else "0.000" if currency == "KWD" else "0.00"
    july = "2026-07-15T09:00:00Z"
    opened = {"case.opened_at": "2026-04-10T09:00:00Z", "case.complete_at": "2026-04-10T09:00:00Z"}
    order = {
        "order.currency": currency, "order.refunded": nothing,
        "order.items.0.paid": paid, "order.items.0.tax": nothing,
        "request.at": july, "judged_at": july,
    }  # fmt: skip
    decision = decide(YEARLY, order | opened)
    assert verdict(decision) == f"refund {expected} by R-3B.2"


# ------------------------------------------------------------------------- properties


def _left(claim: Claim) -> Money:
    order = claim.order
    paid = total((item.paid for item in order.items), order.currency, order.refunded.decimals)
    return paid - order.refunded


@tries(300)
@given(form=any_claim(), tax=st.sampled_from(sorted(TAXES)))
def test_never_more_than_is_left_never_negative_and_lines_add_up(
    form: dict[str, Any], tax: str
) -> None:
    facts = load_claim(form)
    decision = judge(facts, TAXES[tax])
    nothing = decision.amount - decision.amount
    assert nothing <= decision.amount <= _left(facts)
    assert total((line.refund for line in decision.lines), facts.order.currency) == decision.amount
    assert total((line.tax for line in decision.lines), facts.order.currency) == decision.tax.refund
    for line, item in zip(decision.lines, facts.order.items, strict=True):
        assert line.item == item.id
        assert nothing <= line.refund <= item.paid - (item.refunded or nothing)
        assert nothing <= line.tax <= item.tax
    assert (decision.outcome == "refund") == (decision.amount > nothing)
    assert (decision.outcome == "await") == bool(decision.awaits)


@tries(100)
@given(form=any_claim())
def test_a_stored_claim_replays_to_the_same_decision(form: dict[str, Any]) -> None:
    facts = load_claim(form)
    stored = dump_claim(facts)
    kept = copy.deepcopy(stored)
    replayed = load_claim(stored)
    assert replayed == facts
    assert stored == kept, "loading leaves what it is given alone"
    assert judge(replayed, BUILT_IN).to_json() == judge(facts, BUILT_IN).to_json()


@tries(100)
@given(form=any_claim(), later=st.integers(1, 400 * 86400))
def test_an_answer_holds_until_the_second_it_names(form: dict[str, Any], later: int) -> None:
    decision = judge(load_claim(form), BUILT_IN)
    if decision.outcome != "await" or decision.until is None:
        return
    span = (decision.until - datetime.fromisoformat(form["judged_at"])) // timedelta(seconds=1)
    at = datetime.fromisoformat(form["judged_at"]) + timedelta(seconds=later % (span + 1))
    again = judge(load_claim(changed(form, {"judged_at": at.isoformat()})), BUILT_IN)
    assert (again.outcome, again.settled_by) == (decision.outcome, decision.settled_by)


@tries(100)
@given(days=st.lists(st.integers(0, 500), min_size=2, max_size=2), renewal=st.booleans())
def test_with_every_condition_met_a_later_request_never_gets_more(
    days: list[int], renewal: bool
) -> None:
    paid_at = datetime(2026, 3, 2, 10, tzinfo=UTC)
    got = []
    for day in sorted(days):
        asked = paid_at + timedelta(days=day)
        at = asked.isoformat()
        form = changed(
            YEARLY,
            {
                "order.kind": "renewal" if renewal else "purchase",
                "case.opened_at": at, "case.complete_at": at, "case.last_customer_reply_at": at,
                "case.gave_up_at": at, "request.at": at, "judged_at": at,
                "license.destruction_confirmed_at": at,
            },
        )  # fmt: skip
        got.append(judge(load_claim(form), BUILT_IN).amount)
    assert got[0] >= got[1]


@tries(100)
@given(form=any_claim())
def test_what_was_judged_before_changes_no_answer(form: dict[str, Any]) -> None:
    facts = load_claim(form)
    fresh = replace(BUILT_IN, versions=tuple(replace(each) for each in BUILT_IN.versions))
    assert not fresh.versions[0].sorts, "a version just made remembers nothing"
    assert judge(facts, BUILT_IN) == judge(facts, fresh)


def test_a_stream_of_zones_leaves_no_more_memory_than_a_few_stores() -> None:
    version = replace(BUILT_IN.versions[0])
    policy = replace(BUILT_IN, versions=(version,))
    for minutes in range(600):
        zone = f"+{minutes // 60:02}:{minutes % 60:02}"
        judged = judge(claim(ONE_TIME, {"store.timezone": zone}), policy)
        assert verdict(judged) == "refund 199.00 by R-3A"
    assert len(version.sorts) <= 256
