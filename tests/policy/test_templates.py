"""Templates to begin a policy from: what they give, and that no store takes one for its own."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from refunddesk.cli import main
from refunddesk.policy.document import PolicyNotValid, load_built_in, load_policy
from refunddesk.policy.judge import judge
from refunddesk.policy.kindpages import example_claim, in_short
from refunddesk.policy.templates import (
    NoSuchTemplate,
    list_templates,
    load_template,
    new_from_template,
)


def asked(at: str) -> dict[str, Any]:
    return {"request.at": at, "judged_at": at}


# Paid in Paris on 2 March at 11:00: 100.00 for the portal, 40.00 for support, and 28.00 of tax.
DAY_14_ENDS, DAY_15_BEGINS = asked("2026-03-16T22:59:59Z"), asked("2026-03-16T23:00:00Z")
DAY_30_ENDS, DAY_31_BEGINS = asked("2026-04-01T21:59:59Z"), asked("2026-04-01T22:00:00Z")
DAY_60_ENDS, DAY_61_BEGINS = asked("2026-05-01T21:59:59Z"), asked("2026-05-01T22:00:00Z")
MONTH_5 = asked("2026-07-02T10:00:00Z")
YEAR = {
    "order.billing": "yearly",
    "order.period": {"start": "2026-03-02T10:00:00Z", "end": "2027-03-02T10:00:00Z"},
}
RENEWAL = YEAR | {"order.kind": "renewal", "license.last_used_at": "2026-03-02T09:59:59Z"}
CONDITIONS = {"license.downloads": 0, "case.proof_given": True}
FEES = {"order.gateway_fee": "4.00"}
CHANGED_MIND = {"case.reason": "change_of_mind"}
OURS = ", license_ends, subscription_cancelled"


RUNNING = {"id": "d1", "opened_at": "2026-03-04T09:00:00Z", "status": "open", "closed_at": None}
LIST_PRICE = {"order.list_price": "15.00", "order.gateway_fee": "4.00"}
_OFF = "await by license: customer deactivate a.example, "
ACTIVE = {
    "thirty-days": _OFF + "140.00 held",
    "fourteen-days-with-conditions": _OFF + "100.00 held",
    "fees": _OFF + "140.00 held",
    "unused-renewals": _OFF + "140.00 held",
    "pro-rata-by-day": _OFF + "140.00 held",
    "pro-rata-by-month": _OFF + "140.00 held",
    "used-months-at-list-price": _OFF + "140.00 held",
    "store-credit": _OFF + "140.00 held",
}
#: Template, what is changed of the example claim, and what it gets.
GIVES: list[tuple[str, dict[str, Any], str]] = [
    ("thirty-days", DAY_30_ENDS, "refund 140.00 by full" + OURS),
    ("thirty-days", DAY_31_BEGINS, "refuse by late"),
    ("fourteen-days-with-conditions", CONDITIONS | DAY_14_ENDS, "refund 100.00 by full" + OURS),
    ("fourteen-days-with-conditions", CONDITIONS | DAY_15_BEGINS, "refuse by late"),
    ("fourteen-days-with-conditions", CONDITIONS | {"license.downloads": 1},
     "refuse by not-downloaded"),
    ("fourteen-days-with-conditions", CONDITIONS | {"case": "null"},
     "await by case: customer open_case"),
    ("fourteen-days-with-conditions", CONDITIONS | {"case.proof_given": False},
     "await by proof: customer give_proof"),
    ("fees", FEES | CHANGED_MIND | DAY_30_ENDS, "refund 126.00 by full" + OURS),
    ("fees", FEES | DAY_30_ENDS, "refund 140.00 by full" + OURS),
    ("fees", FEES | CHANGED_MIND | DAY_31_BEGINS, "refuse by late"),
    ("unused-renewals", RENEWAL | DAY_14_ENDS,
     "refund 140.00 by renewal, license_expires_earlier, subscription_cancelled"),
    ("unused-renewals", RENEWAL | DAY_15_BEGINS, "refuse by late"),
    ("unused-renewals", RENEWAL | {"license.last_used_at": "2026-03-02T10:00:00Z"},
     "refuse by unused"),
    ("unused-renewals", {"order.kind": "upgrade"}, "review by other"),
    ("pro-rata-by-day", YEAR | DAY_14_ENDS, "refund 140.00 by full" + OURS),
    ("pro-rata-by-day", YEAR | DAY_15_BEGINS, "refund 133.85 by rest" + OURS),
    ("pro-rata-by-day", DAY_15_BEGINS, "refuse by one-time"),
    ("pro-rata-by-month", YEAR | MONTH_5, "refund 81.66 by rest" + OURS),
    ("pro-rata-by-month", YEAR | asked("2026-07-01T21:59:59Z"), "refund 93.32 by rest" + OURS),
    ("used-months-at-list-price", YEAR | MONTH_5 | {"order.list_price": "15.00"},
     "refund 65.00 by year" + OURS),
    ("used-months-at-list-price", YEAR | MONTH_5,
     "review by used: order.list_price is not known"),
    ("used-months-at-list-price", DAY_14_ENDS, "refund 140.00 by other" + OURS),
    ("store-credit", DAY_14_ENDS, "refund 140.00 by money" + OURS),
    ("store-credit", DAY_15_BEGINS, "refund 140.00 by credit, credit" + OURS),
    ("store-credit", DAY_60_ENDS, "refund 140.00 by credit, credit" + OURS),
    ("store-credit", DAY_61_BEGINS, "refuse by late"),
    ("eu-withdrawal", CHANGED_MIND | DAY_14_ENDS, "refund 140.00 by law-withdrawal" + OURS),
    ("eu-withdrawal", CHANGED_MIND | DAY_15_BEGINS, "refuse by reasons"),
    ("eu-withdrawal", DAY_30_ENDS, "refund 95.00 by full" + OURS),
    ("eu-withdrawal", DAY_31_BEGINS, "refuse by late"),
    ("eu-withdrawal", CHANGED_MIND | {"customer.country": "US"}, "refuse by reasons"),
    *(
        (template, CONDITIONS | FEES | {"disputes": [RUNNING]}, "review by dispute")
        for template in sorted(list_templates())
        if template != "eu-withdrawal"
    ),
    *(
        (template, CONDITIONS | LIST_PRICE | {"license.active_sites": ["a.example"]}, expected)
        for template, expected in ACTIVE.items()
    ),
    ("eu-withdrawal", {"customer.country": "US", "license.active_sites": ["a.example"]},
     _OFF + "95.00 held"),
    ("eu-withdrawal", {"customer.country": "US", "disputes": [RUNNING]}, "review by dispute"),
    ("pro-rata-by-month", DAY_15_BEGINS, "refuse by one-time"),
    ("used-months-at-list-price", DAY_15_BEGINS, "refuse by late"),
    ("unused-renewals", DAY_30_ENDS, "refund 140.00 by purchase" + OURS),
]  # fmt: skip


@pytest.mark.parametrize(("template", "changes", "expected"), GIVES)
def test_a_template_gives_what_it_says(
    template: str, changes: dict[str, Any], expected: str
) -> None:
    assert in_short(judge(example_claim(changes), load_template(template))) == expected


@pytest.mark.parametrize("template", sorted(list_templates()))
def test_every_clause_of_a_template_is_told_in_three_languages(template: str) -> None:
    version = load_template(template).versions[0]
    assert set(version.title) == {"en", "fr", "de"}
    assert all(set(clause.texts) == {"en", "fr", "de"} for clause in version.clauses)


@pytest.mark.parametrize("template", sorted(list_templates()))
def test_a_policy_begun_from_a_template_judges_under_its_own_name(
    tmp_path: Path, template: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(new_from_template("mine", template, date(2027, 1, 1)), encoding="utf-8")
    version = load_policy(file).versions[0]
    assert (version.policy, version.in_force_from.isoformat()) == (
        "mine", "2027-01-01T00:00:00+00:00",
    )  # fmt: skip
    assert version.clauses == load_template(template).versions[0].clauses


@pytest.mark.parametrize("template", sorted(list_templates()))
def test_no_store_is_judged_by_a_template(template: str) -> None:
    with pytest.raises(PolicyNotValid, match="no built-in policy is called"):
        load_built_in(template)


@pytest.mark.parametrize("name", ["thirty-days", "crmjetty", "My policy", "../x", ""])
def test_a_name_that_could_be_mistaken_is_refused(name: str) -> None:
    with pytest.raises(NoSuchTemplate):
        new_from_template(name, "thirty-days", date(2027, 1, 1))


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["policy", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_templates_are_listed_in_the_owners_language() -> None:
    code, out, _ = run("templates", "--lang", "de")
    assert code == 0
    assert "Widerrufsrecht und Erstattungsrichtlinie" in out


def test_a_policy_that_is_there_already_is_never_written_over(tmp_path: Path) -> None:
    new = ["new", "mine", "--in", str(tmp_path), "--in-force-from", "2027-01-01", "--from"]
    assert run(*new, "thirty-days")[0] == 0
    written = (tmp_path / "mine.toml").read_text("utf-8")
    code, _, err = run(*new, "fees")
    assert (code, "is there already. Nothing was written" in err) == (2, True)
    assert (tmp_path / "mine.toml").read_text("utf-8") == written
    code, _, err = run(*new[:1], "other", *new[2:], "nothing")
    assert (code, "no template is called 'nothing'" in err) == (2, True)


def test_the_page_of_a_kind_can_be_read_and_an_unknown_one_is_named() -> None:
    assert run("kinds", "fault")[1].startswith("# `fault`")
    assert "withdrawal" in run("kinds")[1]
    code, _, err = run("kinds", "magic")
    assert (code, err) == (
        2, "Error: no kind of clause is called 'magic'; see refunddesk policy kinds\n",
    )  # fmt: skip
