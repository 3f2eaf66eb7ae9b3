"""The difference of two versions, in words and on examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from refunddesk.cli import main
from refunddesk.policy.clauses import KINDS
from refunddesk.policy.difference import Change, _longest_rising, changes, effects
from refunddesk.policy.document import load_policy
from refunddesk.policy.examples import PRICE
from refunddesk.policy.version import PolicyVersion
from refunddesk.policy.wording import LANGUAGES
from refunddesk.policy.wording.catalogue import catalogue
from refunddesk.policy.wording.difference import change_sentence, effect_sentence

OLD = """\
id = "mine"
version = "1"
in_force_from = 2026-01-01T00:00:00Z
title.en = "Refunds"
[readings.tax]
chosen = "kept"
options = ["kept", "in_proportion"]
text.en = "Tax."
[[clause]]
id = "A"
kind = "refused_reasons"
params = { reasons = ["change_of_mind", "other"] }
text.en = "Not for these reasons."
[[clause]]
id = "B"
kind = "full_refund"
params = { within = "30 days", pays = ["product"] }
text.en = "Thirty days."
[[clause]]
id = "C"
kind = "tax"
params = { tax = { reading = "tax" } }
text.en = "Tax."
[[clause]]
id = "D"
kind = "kept_share"
params = { percent = "10%" }
text.en = "A tenth is kept."
"""


def version(folder: Path, text: str, name: str = "new") -> PolicyVersion:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path).versions[-1]


def told(folder: Path, new: str, language: str = "en", old: str = OLD) -> list[str]:
    found = changes(version(folder, old, "old"), version(folder, new))
    return [change_sentence(each, language) for each in found]  # type: ignore[arg-type]


A_FIRST = OLD.index('[[clause]]\nid = "A"')
B_FIRST = OLD.index('[[clause]]\nid = "B"')
C_FIRST = OLD.index('[[clause]]\nid = "C"')
A, B, REST = OLD[A_FIRST:B_FIRST], OLD[B_FIRST:C_FIRST], OLD[C_FIRST:]


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (OLD, []),
        (OLD.replace("30 days", "45 days"), ["B: the window grows from 30 days to 45 days."]),
        (OLD.replace("30 days", "2 weeks"), ["B: the window shrinks from 30 days to 2 weeks."]),
        (OLD.replace("10%", "12.5%"), ["D: the percentage grows from 10% to 12.5%."]),
        (OLD.replace('chosen = "kept"', 'chosen = "in_proportion"'),
         ["The reading tax: kept becomes in proportion.", "C, tax: kept becomes in proportion."]),
        (OLD.replace('"other"]', '"no_longer_used", "corrupt"]'),
         ["A, the reasons: now also it is damaged and no longer used.",
          "A, the reasons: no longer another reason."]),
        (OLD.replace(B, ""), ["B is gone: Thirty days."]),
        (OLD.replace(A, A + A.replace('"A"', '"E"')), ["E is new: Not for these reasons."]),
        (OLD.replace(A + B, B + A), ["B is now tried first."]),
        (OLD.replace(A, "") + A, ["A is now tried after D."]),
        (OLD.replace('kind = "full_refund"', 'kind = "withdrawal"'),
         ["B: a full refund becomes a right of withdrawal."]),
        (OLD.replace('id = "B"\n', 'id = "B"\napplies_to = { billing = ["yearly"] }\n'),
         ["B, for, billing: none becomes yearly."]),
        (OLD.replace("Thirty days.", "A month."),
         ["B, the English text: “Thirty days.” becomes “A month.”."]),
        (OLD.replace("2026-01-01", "2026-06-01").replace("Refunds", "Our refunds"),
         ["The document, in force from: 1 January 2026 becomes 1 June 2026.",
          "The English title: “Refunds” becomes “Our refunds”."]),
        (OLD.replace("[readings", 'timezone = "Europe/Paris"\nholidays = [2026-12-25]\n[readings'),
         ["The document, time zone: none becomes Europe/Paris.",
          "The calendar of holidays is another one."]),
        (OLD + B.replace("30 days", "10 days").replace('text.en = "Thirty days."\n', ""),
         ["B has a further part, a full refund."]),
    ],
    ids=["nothing", "a longer window", "a shorter one in weeks", "a share", "a reading", "reasons",
         "a clause less", "a clause more", "two change places", "the first goes last",
         "another kind", "another condition", "a text", "title and date", "calendar",
         "a further part"],
)  # fmt: skip
def test_each_difference_is_a_sentence(tmp_path: Path, new: str, says: list[str]) -> None:
    assert told(tmp_path, new) == says


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "B: the window grows from 30 days to 45 days."),
        ("fr", "B\u00a0: le délai, en hausse, 30 jours auparavant, 45 jours désormais."),
        ("de", "B: die Frist wächst, bisher 30 Tage, neu 45 Tage."),
    ],
)
def test_in_three_languages(tmp_path: Path, language: str, says: str) -> None:
    assert told(tmp_path, OLD.replace("30 days", "45 days"), language) == [says]


def test_parts_of_a_clause_that_change_alike_are_told_once(tmp_path: Path) -> None:
    second = B.replace('id = "B"\n', 'id = "B"\napplies_to = { billing = ["yearly"] }\n')
    old = OLD + second
    assert told(tmp_path, old.replace("30 days", "45 days"), old=old) == [
        "B: the window grows from 30 days to 45 days."
    ]


def test_there_and_back_names_the_same_clauses(tmp_path: Path) -> None:
    old, new = version(tmp_path, OLD, "old"), version(tmp_path, OLD.replace(A, ""))
    assert changes(old, new) == [Change("removed", "A", old={"en": "Not for these reasons."})]
    assert changes(new, old) == [Change("added", "A", new={"en": "Not for these reasons."})]


@given(numbers=st.permutations(range(7)))
def test_as_few_clauses_as_can_be_are_said_to_have_moved(numbers: list[int]) -> None:
    stayed = sorted(_longest_rising(numbers))
    rising = [numbers[place] for place in stayed]
    assert rising == sorted(rising)
    longest = [1] * 7
    for place in range(7):
        before = [longest[k] for k in range(place) if numbers[k] < numbers[place]]
        longest[place] = 1 + max(before, default=0)
    assert len(stayed) == max(longest)


def test_the_examples_that_change_are_shown_with_both_answers(tmp_path: Path) -> None:
    """Purchases on day 31 to 45 get 90.00 and, in proportion, 17.10 of the tax."""
    old, new = version(tmp_path, OLD, "old"), version(tmp_path, OLD.replace("30 days", "45 days"))
    found = effects(old, new)
    assert {each.old.outcome for each in found} == {"review"}
    assert {str(each.new.amount) for each in found} == {"90.00"}
    assert all(each.example.claim.order.items[0].paid.minor == PRICE for each in found)
    assert len(found) == 10, "one for each sort of purchase"
    assert "a person decides becomes refund €90.00 (B), as in one raised on day 31" in (
        effect_sentence(found[0], "en")
    )


def test_a_text_alone_changes_no_example(tmp_path: Path) -> None:
    old = version(tmp_path, OLD, "old")
    assert effects(old, version(tmp_path, OLD.replace("Thirty days.", "A month."))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_kinds_of_clause_have_names(language: str) -> None:
    names = catalogue(language).entries["words"]["clause_kind"]  # type: ignore[arg-type]
    assert set(names) <= set(KINDS)


# ------------------------------------------------------------------------- the command


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["policy", "diff", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_tells_the_change_and_what_it_does(tmp_path: Path) -> None:
    version(tmp_path, OLD, "old")
    version(tmp_path, OLD.replace("30 days", "45 days").replace('"1"', '"2"'))
    code, out, err = run(tmp_path / "old.toml", tmp_path / "new.toml")
    assert (code, err) == (0, "")
    assert out.startswith("mine 1 becomes mine 2\n\n- B: the window grows from 30 days to 45 days.")
    answer = json.loads(run(tmp_path / "old.toml", tmp_path / "new.toml", "--json")[1])
    assert [each["code"] for each in answer["changes"]] == ["grows"]
    assert answer["examples"][0]["new"]["amount"] == "90.00"
    assert answer["examples"][0]["claim"]["order"]["currency"] == "EUR"


def test_versions_of_one_folder_are_compared_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    version(folder, OLD, "1")
    later = OLD.replace('"1"', '"2"').replace("2026-01-01", "2026-06-01")
    version(folder, later.replace(B, ""), "2")
    code, out, _ = run(f"{folder}@1", f"{folder}@2")
    assert (code, "B is gone" in out) == (0, True)
    code, out, _ = run(folder, folder)
    assert "Nothing has changed." in out
    assert "No example is answered differently." in out


@pytest.mark.parametrize(
    ("named", "message"),
    [("absent.toml", "cannot be read"), ("crmjetty@9", "no version '9'"), ("nobody", "no built")],
)
def test_what_cannot_be_read_is_one_line_and_exit_code_2(named: str, message: str) -> None:
    code, out, err = run("crmjetty", named)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
