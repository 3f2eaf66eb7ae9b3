"""Policy documents: what is taken, and what is refused by naming file, clause and key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from refunddesk.policy.document import PolicyNotValid, load_policy
from tests.policy.claims import ONE_TIME, claim

GOOD = """\
id = "mine"
version = "1"
in_force_from = 2024-01-01T00:00:00Z
title.en = "Mine"

[readings.days]
chosen = "14 days"
options = ["14 days", "30 days"]
text.en = "How long."

[[clause]]
id = "A"
kind = "full_refund"
text.en = "All back."
[clause.params]
within = { reading = "days" }
pays = ["product"]
"""


def load(folder: Path, text: str, name: str = "mine.toml") -> object:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_policy(path)


def test_the_built_in_policy_is_found_by_its_name() -> None:
    policy = load_policy("crmjetty")
    assert (policy.id, policy.versions[0].version) == ("crmjetty", "1")


def test_every_clause_of_the_built_in_policy_has_its_text_in_three_languages() -> None:
    clauses = load_policy("crmjetty").versions[0].clauses
    texts: dict[str, dict[str, str]] = {}
    for clause in clauses:
        texts.setdefault(clause.id, {}).update(clause.texts)
    assert {
        "R-0", "R-1A", "R-1B", "R-1C", "R-1D", "R-1E", "R-1F", "R-1G", "R-2A", "R-2B", "R-2C",
        "R-2D", "R-3A", "R-3B.1", "R-3B.2", "R-3C.1", "R-3C.2", "R-3C.3",
    } <= set(texts)  # fmt: skip
    assert {id: set(text) for id, text in texts.items() if set(text) != {"en", "fr", "de"}} == {}


def test_a_json_document_is_the_same_as_a_toml_one(tmp_path: Path) -> None:
    as_json = {
        "id": "mine",
        "version": "1",
        "in_force_from": "2024-01-01T00:00:00Z",
        "title": {"en": "Mine"},
        "readings": {
            "days": {
                "chosen": "14 days",
                "options": ["14 days", "30 days"],
                "text": {"en": "How long."},
            }
        },
        "clause": [
            {
                "id": "A",
                "kind": "full_refund",
                "text": {"en": "All back."},
                "params": {"within": {"reading": "days"}, "pays": ["product"]},
            }
        ],
    }
    assert load(tmp_path, json.dumps(as_json), "mine.json") == load(tmp_path, GOOD)


def test_versions_may_share_one_file(tmp_path: Path) -> None:
    first = {
        "id": "mine",
        "version": "1",
        "in_force_from": "2024-01-01T00:00:00Z",
        "title": {"en": "Mine"},
        "clause": [{"id": "A", "kind": "dispute", "text": {"en": "A."}}],
    }
    later = first | {"version": "2", "in_force_from": "2023-01-01T00:00:00Z"}
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"versions": [first, later]}), encoding="utf-8")
    assert [version.version for version in load_policy(path).versions] == ["2", "1"]


def test_a_reading_can_be_set_aside_for_a_trial(tmp_path: Path) -> None:
    load(tmp_path, GOOD)
    policy = load_policy(tmp_path / "mine.toml", {"days": "30 days"})
    assert policy.versions[0].clauses[0].params.within.count == 30
    with pytest.raises(PolicyNotValid, match=r"^mine.toml: readings.days.chosen: '9 days' is none"):
        load_policy(tmp_path / "mine.toml", {"days": "9 days"})
    with pytest.raises(PolicyNotValid, match=r"readings\.moon: there is no such reading$"):
        load_policy(tmp_path / "mine.toml", {"moon": "full"})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param('kind = "full_refund"', 'kind = "magic"',
                     "mine.toml: clause A (entry 1): kind: must be one of ", id="unknown kind"),
        pytest.param('{ reading = "days" }', '"30 moons"',
                     "mine.toml: clause A (entry 1): params.within: '30 moons' is not a length",
                     id="bad duration"),
        pytest.param('{ reading = "days" }', "30",
                     "mine.toml: clause A (entry 1): params.within: '30' is not a length",
                     id="a duration without its unit"),
        pytest.param('{ reading = "days" }', '{ reading = "nights" }',
                     "mine.toml: clause A (entry 1): params.within: there is no reading 'nights'",
                     id="a reading that is not there"),
        pytest.param('chosen = "14 days"', 'chosen = "15 days"',
                     "mine.toml: readings.days.chosen: '15 days' is none of 14 days, 30 days",
                     id="a choice that is no option"),
        pytest.param('pays = ["product"]', "",
                     "mine.toml: clause A (entry 1): params.pays: is missing",
                     id="a parameter left out"),
        pytest.param('pays = ["product"]', 'pays = ["products"]',
                     "mine.toml: clause A (entry 1): params.pays[0]: must be one of product,",
                     id="a kind of line that is none"),
        pytest.param('pays = ["product"]', 'pays = "all"\ncolour = "red"',
                     "mine.toml: clause A (entry 1): params.colour: is not a known key",
                     id="a parameter that is none"),
        pytest.param('text.en = "All back."', "",
                     "mine.toml: clause A (entry 1): text: is missing", id="no text"),
        pytest.param('text.en = "All back."', 'text.es = "Todo."',
                     "mine.toml: clause A (entry 1): text.es: is not a known key",
                     id="an unknown language"),
        pytest.param('text.en = "All back."',
                     'text.en = "x"\napplies_to = { billing = ["weekly"] }',
                     "mine.toml: clause A (entry 1): applies_to.billing[0]: must be one of ",
                     id="a billing that is none"),
        pytest.param('text.en = "All back."', 'text.en = "x"\nonly_with = { moon = "full" }',
                     "mine.toml: clause A (entry 1): only_with.moon: there is no such reading",
                     id="a condition on a reading that is not there"),
        pytest.param('text.en = "All back."', 'text.en = "x"\nonly_with = { days = "9 days" }',
                     "mine.toml: clause A (entry 1): only_with.days: '9 days' is none of",
                     id="a condition on a value that is none"),
        pytest.param("2024-01-01T00:00:00Z", "2024-01-01",
                     "mine.toml: in_force_from: must be an instant with its offset",
                     id="a day for an instant"),
        pytest.param('version = "1"', "", "mine.toml: version: is missing", id="no version"),
        pytest.param('id = "mine"', 'id = "My Policy"', "mine.toml: id: must be lower-case letters",
                     id="an id with blanks"),
        pytest.param('version = "1"', 'version = "1"\ntimezone = "Mars"',
                     "mine.toml: timezone: 'Mars' is not a time zone", id="a zone that is none"),
        pytest.param('version = "1"', 'version = "1"\nholidays = ["yesterday"]',
                     "mine.toml: holidays[0]: 'yesterday' is neither a day", id="no holiday"),
        pytest.param("2024-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00",
                     "mine.toml: in_force_from: names a day or time that does not exist",
                     id="an instant before any calendar"),
        pytest.param("2024-01-01T00:00:00Z", "1900-01-01T00:00:00Z",
                     "mine.toml: in_force_from: must lie in the years 1970 to 2199",
                     id="an instant before any shop"),
        pytest.param('text.en = "All back."', 'text.en = "x"\nunless = false',
                     "mine.toml: clause A (entry 1): unless: must be an object",
                     id="an exception that is none"),
        pytest.param('text.en = "All back."', 'text.en = "x"\nonly_with = ["days"]',
                     "mine.toml: clause A (entry 1): only_with: must be an object",
                     id="a list of readings it depends on"),
        pytest.param('text.en = "All back."', 'text.en = "x"\nonly_with = { days = { a = 1 } }',
                     "mine.toml: clause A (entry 1): only_with.days: ",
                     id="a condition on an object"),
        pytest.param("[readings.days]", '["readings"."My Days"]',
                     "mine.toml: readings: 'My Days' must be lower-case letters",
                     id="a reading with a blank in its name"),
        pytest.param('options = ["14 days", "30 days"]', 'options = ["14 days", true]',
                     "mine.toml: readings.days.options: must be texts or whole numbers",
                     id="an option that is neither text nor number"),
        pytest.param('{ reading = "days" }', '"' + "x" * 5000 + '"',
                     "mine.toml: clause A (entry 1): params.within: 'xxx",
                     id="a duration too long"),
        pytest.param('{ reading = "days" }', '"101 years"',
                     "mine.toml: clause A (entry 1): params.within: '101 years' is longer than",
                     id="a duration of more than a lifetime"),
        pytest.param('id = "A"', "id = 7", "mine.toml: clause 7 (entry 1): id: must be a text",
                     id="an id that is a number"),
        pytest.param('version = "1"', 'version = "1"\nversion = "2"',
                     "mine.toml: is not well formed: ", id="a key given twice"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_file_clause_and_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in GOOD
    with pytest.raises(PolicyNotValid) as refused:
        load(tmp_path, GOOD.replace(old, new))
    assert str(refused.value).startswith(message)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 1000


FEE = """
[[clause]]
id = "F"
kind = "fixed_fee"
text.en = "A fee."
params.amount = { %s }
"""


@pytest.mark.parametrize(
    ("amounts", "message"),
    [
        pytest.param('XQX = "5.00"', "'XQX' is no currency of ISO 4217", id="no currency"),
        pytest.param('eur = "5.00"', "'eur' is not a three-letter currency code", id="small"),
        pytest.param('EUR = "-0.00"', "an amount is not below zero", id="below zero"),
        pytest.param("EUR = 5.0", "an amount is a string", id="a number"),
        pytest.param('JPY = "5.00"', "'5.00' must have 0 decimals in JPY", id="yen with decimals"),
    ],
)
def test_a_fee_that_nobody_can_take_is_named(tmp_path: Path, amounts: str, message: str) -> None:
    with pytest.raises(PolicyNotValid) as refused:
        load(tmp_path, GOOD + FEE % amounts)
    assert str(refused.value).startswith(f"mine.toml: clause F (entry 2): params.amount: {message}")


def test_an_exception_without_conditions_is_none(tmp_path: Path) -> None:
    excepted = GOOD.replace('text.en = "All back."', 'text.en = "All back."\nunless = {}')
    assert load(tmp_path, excepted) == load(tmp_path, GOOD)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        pytest.param(GOOD.replace('version = "1"', 'version = "2"'),
                     "versions 1 and 2 begin at the same instant", id="same beginning"),
        pytest.param(GOOD.replace("2024", "2025"), "there are two versions called 1",
                     id="same name"),
        pytest.param(GOOD.replace("2024", "2025").replace('"mine"', '"other"'),
                     "versions of two policies, mine and other", id="two policies"),
    ],
)  # fmt: skip
def test_versions_that_contend_are_refused(tmp_path: Path, second: str, message: str) -> None:
    (tmp_path / "1.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "2.toml").write_text(second, encoding="utf-8")
    with pytest.raises(PolicyNotValid, match=message):
        load_policy(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("absent.toml", None, "absent.toml: cannot be read: No such file", id="absent"),
        pytest.param("mine.yaml", b"{}", "mine.yaml: must be a .toml or .json file", id="yaml"),
        pytest.param("mine.json", b'{"a": 1, "a": 2}', "mine.json: is not well formed: a key is",
                     id="json with a key twice"),
        pytest.param("mine.json", b"\xff", "mine.json: is not well formed: ", id="not UTF-8"),
        pytest.param("mine.json", b"[]", "mine.json: must be an object", id="a list"),
        pytest.param("mine.json", b'{"versions": []}', "mine.json: versions: must be a list of",
                     id="no versions"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_document_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(PolicyNotValid) as refused:
        load_policy(tmp_path / name)
    assert str(refused.value).startswith(message)


def test_an_empty_folder_and_an_unknown_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyNotValid, match=r"there is no \.toml or \.json document in it"):
        load_policy(tmp_path)
    with pytest.raises(PolicyNotValid, match="no built-in policy is called 'nobody'"):
        load_policy("nobody")


@pytest.mark.parametrize(
    "source", ["mine", "./mine", "mine/", "../here/mine", "mine/1.toml", "ABSOLUTE"]
)
def test_a_folder_or_file_is_found_by_any_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    (tmp_path / "here" / "mine").mkdir(parents=True)
    load(tmp_path / "here" / "mine", GOOD, "1.toml")
    monkeypatch.chdir(tmp_path / "here")
    policy = load_policy(source.replace("ABSOLUTE", str(tmp_path / "here" / "mine")))
    assert (policy.id, len(policy.versions)) == ("mine", 1)


def test_the_folder_one_stands_in_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(tmp_path, GOOD, "1.toml")
    monkeypatch.chdir(tmp_path)
    assert load_policy(".").id == "mine"


def test_a_built_in_policy_goes_before_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crmjetty").mkdir()
    load(tmp_path / "crmjetty", GOOD, "1.toml")
    monkeypatch.chdir(tmp_path)
    assert load_policy("crmjetty").id == "crmjetty"
    assert load_policy("./crmjetty").id == "mine"


def test_a_name_that_is_neither_built_in_nor_there_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PolicyNotValid) as refused:
        load_policy("mine")
    assert str(refused.value) == (
        "no built-in policy is called 'mine', nor is there a file or folder of that name; "
        "there is crmjetty"
    )
    with pytest.raises(PolicyNotValid, match=r"^mine: cannot be read: No such file"):
        load_policy("./mine")


def test_a_purchase_before_the_first_version_is_judged_by_the_first() -> None:
    policy = load_policy("crmjetty")
    paid_at = claim(ONE_TIME, {"order.paid_at": "1999-01-01T00:00:00Z"}).order.paid_at
    assert policy.version_for(paid_at) is policy.versions[0]
