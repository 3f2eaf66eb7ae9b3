"""`refunddesk policy judge`, as a store owner or a script runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from refunddesk.cli import main
from refunddesk.policy.claimtext import MOST_BYTES
from tests.policy.claims import DATA, ONE_TIME, YEARLY, changed

EXAMPLE = str(DATA / "claim.json")
REFUSING = """\
id = "strict"
version = "7"
in_force_from = 2020-01-01T00:00:00Z
title.en = "Strict"
[[clause]]
id = "S-1"
kind = "refused_reasons"
params = { reasons = "all" }
text.en = "No."
"""


def run(*arguments: str, text: str | bytes | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["policy", "judge", *arguments], input=text)
    return result.exit_code, result.stdout, result.stderr


def test_a_claim_from_a_file_is_answered_in_json() -> None:
    code, out, err = run(EXAMPLE)
    assert (code, err) == (0, "")
    assert json.loads(out)["amount"] == "199.00"


def test_a_dash_reads_standard_input() -> None:
    code, out, _ = run("-", text=json.dumps(YEARLY))
    assert (code, json.loads(out)["settled_by"]) == (0, "R-3B.1")


def told(*arguments: str, text: str | bytes | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["policy", *arguments], input=text)
    return result.exit_code, result.stdout.replace("\u00a0", " "), result.stderr


@pytest.mark.parametrize(
    ("lang", "first"),
    [
        ("en", "You get €199.00 back."),
        ("fr", "Nous vous remboursons 199,00 €."),
        ("de", "Sie erhalten 199,00 € zurück."),
    ],
)
def test_a_claim_is_explained_in_three_languages(lang: str, first: str) -> None:
    code, out, err = told("explain", EXAMPLE, "--lang", lang)
    assert (code, out.splitlines()[0], err) == (0, first, "")
    assert "R-2D" not in out, "a customer is spared the trace"
    assert "R-2D" in told("explain", EXAMPLE, "--lang", lang, "--for", "staff")[1]


def test_explanations_and_quotes_of_many_claims_are_answered_line_by_line() -> None:
    lines = json.dumps(ONE_TIME).encode() + b"\n{}\n"
    for command in ("explain", "quote"):
        code, out, _ = told(command, "-", "--lines", text=lines)
        answers = [json.loads(line) for line in out.splitlines()]
        assert (code, len(answers)) == (0, 2)
        assert answers[1] == {"error": "policy: is missing"}


def test_a_quote_says_both_what_comes_by_itself_and_what_can_be_reached() -> None:
    waiting = changed(ONE_TIME, {"case.finding": None, "license.destruction_confirmed_at": None})
    code, out, _ = told("quote", "-", text=json.dumps(waiting))
    quotes = json.loads(out)
    assert code == 0
    assert quotes["as_it_is"]["steps"][0]["outcome"] == "await"
    assert quotes["conditions_met"]["steps"][0]["amount"] == "199.00"
    assert quotes["as_it_is"]["sha256"] != quotes["conditions_met"]["sha256"]


@pytest.mark.parametrize("command", ["explain", "quote"])
def test_what_cannot_be_explained_gives_one_line_and_exit_code_2(command: str) -> None:
    code, out, err = told(command, "-", text="{")
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_another_policy_can_judge(tmp_path: Path) -> None:
    file = tmp_path / "strict.toml"
    file.write_text(REFUSING, encoding="utf-8")
    code, out, _ = run(EXAMPLE, "--policy", str(file))
    answer = json.loads(out)
    assert (code, answer["policy"], answer["version"]) == (0, "strict", "7")
    assert (answer["outcome"], answer["settled_by"]) == ("refuse", "S-1")


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        pytest.param(["-"], "{", "Error: not JSON", id="no JSON"),
        pytest.param(["-"], "{}", "Error: policy: is missing", id="no claim"),
        pytest.param(["-"], json.dumps(changed(ONE_TIME, {"policy": "../x"})),
                     "Error: policy: no built-in policy is called '../x'", id="unknown policy"),
        pytest.param(["absent.json"], None, "Error: absent.json: cannot be read: No such file",
                     id="no file"),
        pytest.param([str(DATA)], None, f"Error: {DATA}: cannot be read", id="a folder"),
        pytest.param([EXAMPLE, "--policy", "absent.toml"], None,
                     "Error: absent.toml: cannot be read", id="no policy file"),
        pytest.param([EXAMPLE, "--policy", EXAMPLE], None, "Error: claim.json: ",
                     id="a claim for a policy"),
    ],
)  # fmt: skip
def test_what_is_not_valid_gives_one_line_and_exit_code_2(
    arguments: list[str], text: str | None, message: str
) -> None:
    code, out, err = run(*arguments, text=text)
    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert err.count("\n") == 1


def test_with_lines_a_bad_claim_is_answered_on_its_line_and_the_rest_goes_on() -> None:
    good = json.dumps(ONE_TIME).encode()
    unknown = json.dumps(changed(ONE_TIME, {"policy": "nobody"})).encode()
    code, out, err = run("-", "--lines", text=b"\n".join([good, b"", b"\xff", unknown, good]))
    answers = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [answer.get("outcome") for answer in answers] == ["refund", None, None, None, "refund"]
    assert answers[1] == {"error": "not JSON: Expecting value at line 1 column 1"}
    assert answers[2] == {"error": "the text is not UTF-8"}
    assert answers[3]["error"].startswith("policy: no built-in policy is called 'nobody'")


def test_with_lines_each_way_of_writing_a_line_gets_one_answer() -> None:
    good = json.dumps(ONE_TIME).encode()
    lines = [b"\xef\xbb\xbf" + good, good + b"\r", b"\r", b" " * 50_000_000, b"[" * 100_000, good]
    code, out, err = run("-", "--lines", text=b"\n".join(lines))
    answers = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [answer.get("amount", answer.get("error", "")[:20]) for answer in answers] == [
        "199.00", "199.00", "not JSON: Expecting ", "a claim has at most ", "not JSON that can be",
        "199.00",
    ]  # fmt: skip


@pytest.mark.parametrize("spare", [-1, 0, 1], ids=["a byte less", "the most", "a byte more"])
def test_a_line_of_the_most_bytes_is_read_and_one_byte_more_is_not(spare: int) -> None:
    good = json.dumps(ONE_TIME).encode()
    padded = good + b" " * (MOST_BYTES + spare - len(good))
    code, out, _ = run("-", "--lines", text=padded + b"\n" + good)
    answers = [json.loads(line) for line in out.splitlines()]
    assert (code, len(answers)) == (0, 2)
    assert ("error" in answers[0]) == (spare > 0)
    assert answers[1]["amount"] == "199.00"


def test_with_lines_a_policy_that_is_not_valid_stops_before_the_first_line() -> None:
    code, out, err = run("-", "--lines", "--policy", "absent.toml", text=json.dumps(ONE_TIME))
    assert (code, out) == (2, "")
    assert err.startswith("Error: absent.toml")


def judge_alone(path: str | Path) -> subprocess.CompletedProcess[str]:
    """Judge in a process of its own, which fails where it has read what judging does not need."""
    program = (
        "import sys; from refunddesk.cli import main\n"
        "try: main(['policy', 'judge', sys.argv[1]])\n"
        "finally:\n"
        "    heavy = {'flask', 'sqlalchemy', 'requests', 'rq'} & set(sys.modules)\n"
        "    assert not heavy, heavy\n"
    )
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program, path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_starts_without_web_or_database() -> None:
    result = judge_alone(EXAMPLE)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["outcome"] == "refund"


def test_a_claim_that_is_not_valid_is_refused_without_web_or_database(tmp_path: Path) -> None:
    claim = tmp_path / "claim.json"
    claim.write_text("{}", "utf-8")
    result = judge_alone(claim)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")
