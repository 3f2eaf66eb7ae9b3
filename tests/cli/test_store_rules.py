"""What an owner sets besides the policy, by command: when to remind, what was paid twice."""

from __future__ import annotations

import pytest

from refunddesk.services.edges import Edges
from tests.building import add_store
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def store(edges: Edges) -> None:
    add_store(edges)


def test_lead_times_are_shown_and_set_and_given_back_to_the_table(run: Run) -> None:
    by_table = "monthly: 3 days (custom)\nyearly: 14 days (card-scheme-yearly)\n"
    assert run("store", "remind", "1").output == by_table
    own = run("store", "remind", "1", "--billing", "yearly", "--days", "30").output
    assert own == "monthly: 3 days (custom)\nyearly: 30 days (by the owner)\n"
    assert run("store", "remind", "1").output == own
    assert run("store", "remind", "1", "--billing", "yearly", "--by-the-table").output == by_table


@pytest.mark.parametrize("days", [1, 120])
def test_a_renewal_is_announced_one_to_120_days_before(run: Run, days: int) -> None:
    assert run("store", "remind", "1", "--billing", "monthly", "--days", str(days)).exit_code == 0


@pytest.mark.parametrize("days", [0, 121, -3])
def test_other_lead_times_change_nothing(run: Run, days: int) -> None:
    refused = run("store", "remind", "1", "--billing", "monthly", "--days", str(days))
    assert refused.exit_code == 1
    assert "1 to 120 days before. Nothing was changed." in refused.output
    assert "monthly: 3 days (custom)" in run("store", "remind", "1").output


@pytest.mark.parametrize(
    "half", [["--days", "3"], ["--billing", "monthly"], ["--by-the-table"], ["--billing", "weekly"]]
)
def test_half_a_lead_time_is_a_wrong_use(run: Run, half: list[str]) -> None:
    assert run("store", "remind", "1", *half).exit_code == 2


def test_the_rule_of_double_payments_keeps_what_is_not_named(run: Run) -> None:
    default = "looked for within 24 hours\nreturned by itself: nothing\n"
    assert run("store", "duplicates", "1").output == default
    limited = run("store", "duplicates", "1", "--return-up-to", "50.00", "--currency", "EUR")
    assert limited.output == "looked for within 24 hours\nreturned by itself: up to 50.00 EUR\n"
    narrow = run("store", "duplicates", "1", "--hours", "2").output
    assert narrow == "looked for within 2 hours\nreturned by itself: up to 50.00 EUR\n"
    none = run("store", "duplicates", "1", "--return-nothing").output
    assert none == "looked for within 2 hours\nreturned by itself: nothing\n"
    assert run("store", "duplicates", "1").output == none


@pytest.mark.parametrize(
    ("told", "code", "says"),
    [
        pytest.param(["--hours", "0"], 1, "Nothing was changed.", id="no time"),
        pytest.param(["--hours", "721"], 1, "Nothing was changed.", id="more than 30 days"),
        pytest.param(["--return-up-to", "5"], 2, "needs its --currency", id="no currency"),
        pytest.param(["--currency", "EUR"], 2, "needs its --currency", id="no amount"),
        pytest.param(
            ["--return-up-to", "5.001", "--currency", "EUR"], 2, "Nothing was changed.", id="cents"
        ),
        pytest.param(
            ["--return-up-to", "0.00", "--currency", "EUR"], 1, "more than nothing", id="nothing"
        ),
        pytest.param(
            ["--return-up-to", "5", "--currency", "EUR", "--return-nothing"],
            2,
            "or --return-nothing",
            id="both",
        ),
    ],
)
def test_a_rule_that_cannot_be_kept_changes_nothing(
    run: Run, told: list[str], code: int, says: str
) -> None:
    before = run("store", "duplicates", "1").output
    refused = run("store", "duplicates", "1", *told)
    assert (refused.exit_code, says in refused.output) == (code, True), refused.output
    assert run("store", "duplicates", "1").output == before


@pytest.mark.parametrize("command", ["remind", "duplicates"])
def test_a_store_that_is_not_there_is_said_in_one_line(run: Run, command: str) -> None:
    missing = run("store", command, "77")
    assert missing.exit_code == 1
    assert missing.output == "Error: There is no store 77. Nothing was changed.\n"
