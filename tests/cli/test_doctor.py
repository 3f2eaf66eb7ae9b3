"""What one types to hear whether a deployment is well."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from refunddesk.cli import main
from refunddesk.settings import Settings

Run = Callable[..., Result]


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    return {
        "REFUNDDESK_HOME": str(settings.home),
        "REFUNDDESK_SECRET_KEY": settings.secret_key,
        "REFUNDDESK_SEALING_KEYS": ",".join(settings.sealing_keys),
        "DATABASE_URL": settings.database_url,
        # Nobody listens there: the doctor must say so.
        "REFUNDDESK_PUBLIC_URL": "http://127.0.0.1:9",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    return lambda *words: CliRunner(env=environment).invoke(main, ["doctor", *words])


def test_what_is_bad_is_told_with_what_to_mend_and_exit_code_1(run: Run) -> None:
    told = run()
    assert told.exit_code == 1
    lines = told.output.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("bad   dispatcher"))
    assert "Nobody wakes the workers" in lines[at]
    assert lines[at + 1].strip() == "Start `refunddesk schedule`."
    assert lines[-1].endswith(" bad")


def test_programs_are_told_in_json(run: Run) -> None:
    told = run("--json")
    assert told.exit_code == 1
    answer = json.loads(told.output)
    assert answer["healthy"] is False
    by_part = {one["part"]: one for one in answer["observations"]}
    assert by_part["books"]["grade"] == "ok"
    assert by_part["queue"]["grade"] == "bad"
    assert by_part["stores"]["grade"] == "warn"


def test_settings_that_are_missing_are_the_first_thing_told(
    run: Run, environment: dict[str, str]
) -> None:
    environment["REFUNDDESK_SECRET_KEY"] = ""
    told = run()
    assert told.exit_code == 1
    assert told.output.startswith("bad   settings  REFUNDDESK_SECRET_KEY is not set.")
