"""`refunddesk policy check`: each rule finds what it is for, and leaves a clean document alone."""

# ruff: noqa: E501 (a clause of a document reads better on one line than on five)

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from refunddesk.cli import main
from refunddesk.policy.document import PolicyNotValid, load_policy
from refunddesk.policy.doubts import Accepted, Doubt, split_by_acceptance
from refunddesk.policy.law import Rule, rules
from refunddesk.policy.lint import lint
from refunddesk.policy.templates import new_from_template
from tests.conftest import REPOSITORY

TEMPLATES = REPOSITORY / "server" / "refunddesk" / "policies" / "templates"


def templates() -> list[str]:
    return sorted(path.stem for path in TEMPLATES.glob("*.toml"))


#: Nothing is in doubt: everybody can withdraw, faults get the price, and the rest is final.
CLEAN = """\
id = "clean"
version = "1"
in_force_from = 2026-01-01T00:00:00Z
title = { en = "Refunds", fr = "Remboursements", de = "Erstattungen" }
[[clause]]
id = "W"
kind = "withdrawal"
params = { within = "14 days", pays = "all" }
text = { en = "Withdraw in 14 days.", fr = "Rétractation sous 14 jours.", de = "Widerruf." }
[[clause]]
id = "F"
kind = "full_refund"
params = { within = "30 days", pays = ["product"] }
text = { en = "A fault gives the price back.", fr = "Un défaut rembourse.", de = "Fehler." }
[[clause]]
id = "N"
kind = "no_refund"
text = { en = "All else is final.", fr = "Le reste est définitif.", de = "Sonst nichts." }
"""
TEXT = 'text = { en = "Text.", fr = "Texte.", de = "Text." }\n'
READING = """\
[readings.window]
chosen = "30 days"
options = ["14 days", "30 days"]
text = { en = "How long.", fr = "Combien.", de = "Wie lange." }
"""


def clause(id: str, kind: str, more: str = "") -> str:
    return f'[[clause]]\nid = "{id}"\nkind = "{kind}"\n{more}{TEXT}'


def before(text: str, clause: str, new: str) -> str:
    return text.replace(f'[[clause]]\nid = "{clause}"', f'{new}[[clause]]\nid = "{clause}"')


def without(text: str, clause: str) -> str:
    return re.sub(rf'\[\[clause\]\]\nid = "{clause}"\n.*?(?=\[\[clause|\Z)', "", text, flags=re.S)


def doubts(folder: Path, text: str) -> list[tuple[str, tuple[str, ...]]]:
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return [(doubt.rule, doubt.about) for doubt in lint(load_policy(path).versions[-1])]


def test_a_clean_document_raises_no_doubt(tmp_path: Path) -> None:
    assert doubts(tmp_path, CLEAN) == []


UNREACHED = before(CLEAN, "N", clause("F2", "full_refund", 'params = { within = "90 days", pays = "all" }\n'))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(CLEAN.replace(', de = "Widerruf."', ""), ("missing-text", ("de",)),
                     id="a clause without its German text"),
        pytest.param(CLEAN.replace(', fr = "Remboursements"', ""), ("missing-text", ("fr",)),
                     id="no French title"),
        pytest.param(CLEAN.replace("[[clause]]", READING + "[[clause]]", 1),
                     ("unused-reading", ("window",)), id="a reading that no clause takes"),
        pytest.param(CLEAN + clause("X", "window", 'params = { within = "10 days" }\n'),
                     ("unreachable", ("X", "N")), id="a clause after one that settles all"),
        pytest.param(before(CLEAN, "F", clause("F1", "full_refund", 'params = { within = "30 days", pays = "all" }\n')),
                     ("unreachable", ("F",)), id="a grant that an earlier one always pre-empts"),
        pytest.param(before(CLEAN, "N", clause("X", "no_refund", 'applies_to = { billing = ["yearly"] }\nunless = { billing = ["yearly", "monthly"] }\n')),
                     ("never-applies", ("X",)), id="conditions that exclude each other"),
        pytest.param(without(CLEAN, "N"), None, id="purchases after day 30 that nothing settles"),
        pytest.param(before(CLEAN, "F", clause("X", "window", 'params = { within = "20 days" }\n')),
                     ("overlapping-windows", ("X", "F")), id="a window that cuts a grant short"),
        pytest.param(CLEAN + clause("L", "excluded_kinds", 'params = { kinds = ["product"] }\n'),
                     ("eaten", ("F", "L")), id="a limit that takes all a clause gives"),
        pytest.param(before(CLEAN, "F", clause("R", "refused_reasons", 'params = { reasons = ["other"] }\n')
                            + clause("A", "accepted_reasons", 'params = { reasons = ["other", "corrupt"] }\n')),
                     ("contradiction", ("R", "A")), id="a reason refused here and accepted there"),
        pytest.param(CLEAN + clause("T", "tax", 'params = { tax = "kept" }\n')
                     + clause("T", "tax", 'params = { tax = "in_proportion" }\n'),
                     ("contradiction", ("T",)), id="two parts of one clause that differ"),
    ],
)  # fmt: skip
def test_each_rule_finds_what_it_is_for(
    tmp_path: Path, text: str, found: tuple[str, tuple[str, ...]] | None
) -> None:
    expected = found or ("gap", ("purchase", "one_time", "monthly", "yearly", "lifetime"))
    assert expected in doubts(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(CLEAN.replace("[[clause]]", READING + "[[clause]]", 1)
                     .replace('within = "30 days"', 'within = { reading = "window" }'),
                     id="a reading that a clause takes"),
        pytest.param(before(CLEAN, "F", clause("X", "no_refund", 'applies_to = { products = ["theme-*"], order_kind = ["upgrade"] }\n'))
                     .replace('id = "W"\n', 'id = "W"\nunless = { products = ["theme-*"] }\n'),
                     id="a clause for certain products"),
        pytest.param(before(CLEAN, "N", clause("F2", "full_refund", 'params = { within = "90 days", pays = ["support"] }\n')),
                     id="a second, longer grant"),
        pytest.param(without(before(CLEAN, "F", clause("X", "window", 'params = { within = "30 days" }\n')), "N"),
                     id="a window as long as its grant"),
        pytest.param(CLEAN + clause("L", "excluded_kinds", 'applies_to = { granted_by = ["F"] }\nparams = { kinds = ["support"] }\n'),
                     id="a limit that leaves something"),
        pytest.param(before(CLEAN, "F", clause("C", "review", 'applies_to = { countries = ["JP"], customer = "consumer" }\n'))
                     .replace('id = "W"\n', 'id = "W"\nunless = { countries = ["JP"], customer = "consumer" }\n'),
                     id="a clause for consumers of one country"),
        pytest.param(before(CLEAN, "N", clause("S", "stepped_refund", 'applies_to = { promotions = ["black-*"], relations = ["upgrade_of"], payment_methods = ["bank"] }\nparams = { pays = "all", steps = [{ within = "60 days", share = "50%" }] }\n')),
                     id="a clause of several conditions at once"),
    ],
)  # fmt: skip
def test_what_is_meant_so_raises_no_doubt(tmp_path: Path, text: str) -> None:
    assert doubts(tmp_path, text) == []


# ------------------------------------------------------------------------- law

SHORT = CLEAN.replace('"14 days", pays', '"13 days", pays').replace('within = "30', 'within = "13')
KEPT = CLEAN + clause("T", "tax", 'params = { tax = "kept" }\n')
RENEWALS = before(CLEAN, "F", clause("R", "notices_sent", 'applies_to = { order_kind = ["renewal"], billing = ["yearly"] }\nparams = { notices = ["renewal_reminder"] }\n'))  # fmt: skip
IN_TIME = RENEWALS.replace('["renewal_reminder"] }', '["renewal_reminder"], lead = "15 days" }')


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(SHORT, [("law:eu-withdrawal", ("N",))], id="13 days to withdraw"),
        pytest.param(CLEAN.replace('"withdrawal"', '"full_refund"')
                     .replace('"14 days", pays', '"14 days", event = "requested", pays'),
                     [("law:eu-withdrawal-function", ())], id="no clause for withdrawals"),
        pytest.param(CLEAN.replace('"14 days", pays = "all"', '"14 days", pays = "all", effects = ["credit"]'),
                     [("law:eu-withdrawal", ("W",))], id="credit instead of money"),
        pytest.param(KEPT, [("law:tax-follows-price", ("T",))], id="tax is kept"),
        pytest.param(RENEWALS, [("law:card-renewal-reminder", ("R",)),
                                ("law:california-renewal-reminder", ("R",))],
                     id="renewals announced at no certain time"),
        pytest.param(RENEWALS.replace('["renewal_reminder"] }', '["renewal_reminder"], lead = "14 days" }'),
                     [("law:california-renewal-reminder", ("R",))], id="announced 14 days before"),
        pytest.param(IN_TIME, [], id="announced 15 days before"),
        pytest.param(CLEAN, [], id="nothing about renewals, 14 days, tax follows"),
    ],
)  # fmt: skip
def test_the_rules_of_law_are_compared(
    tmp_path: Path, text: str, found: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert doubts(tmp_path, text) == found


@pytest.mark.parametrize("name", templates())
def test_a_template_raises_doubts_of_law_alone(name: str) -> None:
    found = [doubt.rule for doubt in lint(load_policy(TEMPLATES / f"{name}.toml").versions[-1])]
    assert [rule for rule in found if not rule.startswith("law:")] == []
    assert (name != "eu-withdrawal") or found == []


def test_every_rule_of_law_has_a_source_and_says_what_was_read_of_it_and_when() -> None:
    assert len({rule.id for rule in rules()}) == len(rules())
    for rule in rules():
        assert rule.source
        assert rule.address.startswith("https://")
        assert rule.checked_on
        assert rule.checked_in
        assert rule.where.count(rule.address) == 1
        assert ("not confirmed" in rule.where) == (not rule.confirmed)


def test_a_rule_of_law_says_whether_anybody_looked() -> None:
    rule = Rule(id="r", compares="tax", says="Tax goes back.", source="A directive, article 1")
    assert rule.where == "A directive, article 1 (from memory, to be checked)"
    looked = replace(rule, checked_on=date(2026, 11, 28), checked_in="a summary")
    assert looked.where == (
        "A directive, article 1 (not confirmed; looked at on 2026-11-28 in a summary)"
    )
    read = replace(looked, confirmed=True, checked_in="its text", address="https://law.example/1")
    assert read.where == (
        "A directive, article 1, https://law.example/1 (looked at on 2026-11-28 in its text)"
    )


def test_a_folder_of_versions_is_checked_by_any_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    text = new_from_template("mine", "eu-withdrawal", date(2026, 1, 1))
    (folder / "1.toml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    for path in ("mine", "./mine", "mine/", str(folder)):
        result = CliRunner().invoke(main, ["policy", "check", path])
        assert (result.exit_code, result.output.splitlines()[0]) == (
            0,
            "mine, version 1: valid, no doubts.",
        )
    nothing = CliRunner().invoke(main, ["policy", "check", "yours"])
    assert (nothing.exit_code, nothing.output.count("\n")) == (2, 1)
    assert "no built-in policy is called 'yours', nor is there a file or folder" in nothing.output


def test_the_built_in_policys_known_collisions_are_found() -> None:
    found = [(doubt.rule, doubt.about) for doubt in lint(load_policy("crmjetty").versions[-1])]
    assert found == [
        ("gap", ("upgrade", "one_time", "monthly", "yearly", "lifetime")),
        ("law:eu-withdrawal", ("R-1E",)),
        ("law:eu-withdrawal-function", ()),
        ("law:tax-follows-price", ("R-1G",)),
        ("law:card-renewal-reminder", ("R-3C.1",)),
        ("law:california-renewal-reminder", ("R-3C.1",)),
    ]


# ------------------------------------------------------------------------- answering for it

ANSWER = """
[[accepted]]
rule = "law:tax-follows-price"
about = ["T"]
by = "The owner"
on = 2026-11-28
why = "We sell to companies only."
"""


def run(path: Path, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["policy", "check", str(path), *arguments])
    return result.exit_code, result.stdout, result.stderr


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_clean_document_exits_0(tmp_path: Path) -> None:
    code, out, err = run(written(tmp_path, CLEAN))
    assert (code, err) == (0, "")
    assert out.startswith("clean, version 1: valid, no doubts.\n")


def test_an_open_doubt_exits_1_and_tells_its_source_and_how_to_answer(tmp_path: Path) -> None:
    code, out, _ = run(written(tmp_path, KEPT))
    assert code == 1
    assert "law:tax-follows-price: T\n" in out
    assert "Source: Directive 2006/112/EC" in out
    assert 'about = ["T"]' in out
    assert "neither complete nor legal advice" in out


def test_a_doubt_that_somebody_answers_for_exits_0(tmp_path: Path) -> None:
    code, out, _ = run(written(tmp_path, KEPT + ANSWER))
    assert code == 0
    assert (
        "accepted: law:tax-follows-price: T\n  The owner, 2026-11-28: We sell to companies" in out
    )
    answer = json.loads(run(written(tmp_path, KEPT + ANSWER), "--json")[1])
    assert (answer["doubts"], answer["accepted"][0]["by"]) == ([], "The owner")


def test_an_answer_to_a_doubt_that_is_gone_is_a_doubt(tmp_path: Path) -> None:
    code, out, _ = run(written(tmp_path, CLEAN + ANSWER))
    assert code == 1
    assert "accepted-in-vain: law:tax-follows-price, T" in out


def test_an_answer_covers_only_what_it_names() -> None:
    answer = Accepted("gap", ("upgrade", "yearly"), "The owner", date(2026, 11, 28), "Rare.")
    same = Doubt("gap", ("yearly", "upgrade"), "in another order")
    more = Doubt("gap", ("upgrade", "yearly", "monthly"), "one more")
    still_open, answered = split_by_acceptance([same, more], [answer])
    assert (still_open, answered) == ([more], [(same, answer)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(CLEAN.replace("no_refund", "nonsense"), "clause N (entry 3): kind: must be one of",
                     id="an unknown kind"),
        pytest.param(CLEAN + ANSWER + "until = 2027-01-01\n", "accepted[0].until: is not a known key",
                     id="an answer with an unknown key"),
        pytest.param(CLEAN + ANSWER.replace("2026-11-28", '"soon"'), "accepted[0].on: must be a day",
                     id="an answer on no day"),
    ],
)  # fmt: skip
def test_a_document_that_is_not_valid_exits_2(tmp_path: Path, text: str, message: str) -> None:
    code, out, err = run(written(tmp_path, text))
    assert (code, out) == (2, "")
    assert message in err
    with pytest.raises(PolicyNotValid):
        load_policy(tmp_path / "policy.toml")


def test_the_newest_version_is_checked_or_the_one_named(tmp_path: Path) -> None:
    folder = tmp_path / "versions"
    folder.mkdir()
    (folder / "1.toml").write_text(KEPT, encoding="utf-8")
    newer = CLEAN.replace('version = "1"', 'version = "2"').replace("2026-01-01", "2026-06-01")
    (folder / "2.toml").write_text(newer, encoding="utf-8")
    assert run(folder)[0] == 0
    assert run(folder, "--version", "1")[0] == 1
    code, _, err = run(folder, "--version", "9")
    assert (code, "has no version '9'" in err) == (2, True)
