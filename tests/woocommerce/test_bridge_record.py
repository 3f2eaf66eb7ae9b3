"""What the bridge's record lets be sent again, under a real PHP."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.client.sites import find_php
from tests.conftest import REPOSITORY

Step = tuple[Any, ...]

BEGIN: Step = ("begin", 1001, "99.00")
STRIPE: Step = ("note_call", "stripe", 37)
OTHER: Step = ("note_call", "bacs", 37)
ANNOUNCED: Step = ("announce", 1001, "99.00", 1)
PAID: Step = ("note_answer", "paid", "")
DECLINED: Step = ("note_answer", "declined", "no")
SETTLED: Step = ("settle_calls",)


def came_to(*steps: Step) -> Any:
    """What the last of the steps came to."""
    done = subprocess.run(
        [find_php(), str(Path(__file__).with_name("bridge_record.php")), REPOSITORY / "wp-bridge"],
        input=json.dumps(steps),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return json.loads(done.stdout)[-1]


@pytest.mark.parametrize(
    ("steps", "hours", "again"),
    [
        pytest.param([ANNOUNCED], 1000, True, id="it was only announced"),
        pytest.param([ANNOUNCED, BEGIN], 1000, True, id="announced, and no gateway called"),
        pytest.param([BEGIN], 1000, True, id="the gateway was never called"),
        pytest.param([BEGIN, OTHER], 0, False, id="a gateway without keys was called"),
        pytest.param([BEGIN, STRIPE], 19.9, True, id="a gateway with keys still remembers"),
        pytest.param([BEGIN, STRIPE], 20, False, id="a gateway with keys may have forgotten"),
        pytest.param([BEGIN, STRIPE, DECLINED], 19.9, True, id="a gateway with keys said no"),
        pytest.param([BEGIN, STRIPE, PAID], 0, False, id="it is paid"),
        pytest.param(
            [BEGIN, STRIPE, BEGIN], 19.9, True, id="begun once more, the first call remembered"
        ),
        pytest.param(
            [BEGIN, STRIPE, BEGIN], 20, False, id="begun once more, the first call forgotten"
        ),
        pytest.param(
            [BEGIN, OTHER, SETTLED, BEGIN], 20, True, id="begun once more by a person's word"
        ),
        pytest.param([BEGIN, OTHER, SETTLED], 0, False, id="a person's word that got no further"),
    ],
)
def test_what_may_be_sent_again_cannot_pay_twice(
    steps: list[Step], hours: float, again: bool
) -> None:
    assert came_to(*steps, ("may_be_sent_again", hours)) is again


def test_one_beginning_allows_for_one_call_though_two_processes_lost_the_lock() -> None:
    assert came_to(BEGIN, STRIPE, STRIPE) == "unavailable"
    assert came_to(BEGIN, BEGIN, OTHER, OTHER) == "unavailable"


def test_a_yes_of_the_gateway_is_not_taken_back_by_a_later_no() -> None:
    assert came_to(BEGIN, STRIPE, PAID, DECLINED, ("state",)) == "paid"
    assert came_to(BEGIN, STRIPE, DECLINED, ("state",)) == "declined"


def test_what_was_only_announced_is_told_as_nothing_and_by_the_number_of_its_latest_call() -> None:
    told = came_to(ANNOUNCED, ("told",))
    assert (told["state"], told["tries"], told["announced"]) == ("none", 0, 1)
    again: Step = ("announce", 1001, "99.00", 2)
    told = came_to(ANNOUNCED, BEGIN, OTHER, again, ANNOUNCED, ("told",))
    assert (told["state"], told["tries"], told["announced"]) == ("gateway_called", 1, 2)


def test_only_the_unpaid_row_that_the_attempt_names_is_deleted_whatever_reason_others_have() -> (
    None
):
    assert came_to(BEGIN, ("delete_orphan",)) == [37, 38, 39]
    assert came_to(BEGIN, STRIPE, ("delete_orphan",)) == [38, 39]
    assert came_to(BEGIN, ("note_call", "stripe", 39), ("delete_orphan",)) == [37, 38, 39]
