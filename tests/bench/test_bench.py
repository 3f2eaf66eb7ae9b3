"""The harness counts right, and slow clients delay nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.bench.databases import open_desk
from tests.bench.load import Load, NotAcknowledged, drive, slow_clients
from tests.bench.report import SIGNATURE, SQLITE, Cell, Circumstances, Run, as_markdown
from tests.serving import web_process

#: More than would fill a server with a thread or a seat for each.
SLOW_CLIENTS = 200


def test_the_share_is_the_median_of_each_rounds_own_share() -> None:
    """A round in which the machine was busy with something else counts like any other."""
    runs = {
        Cell(SIGNATURE, 16): [Run(rate, 0.001, 0.002, 0.0003) for rate in (1000.0, 100.0, 1200.0)],
        Cell(SQLITE, 16): [
            Run(rate, 0.002, 0.01, None, 10, lag, 0.00009)
            for rate, lag in ((800.0, 0.1), (85.0, 0.9), (600.0, 0.2))
        ],
    }
    where = Circumstances(
        datetime(2026, 3, 2, 10, 0, tzinfo=UTC), 3, 2.0, 5000.0, 2, 1.5, "3.11.7", "3.40.1"
    )
    report = as_markdown(runs, where)
    assert f"| {SIGNATURE} | 16 | 1,000 (100–1,200) | 1.00 | 1.00 | 2.00 | 300 | – |" in report
    assert f"| {SQLITE} | 16 | 600 (85–800) | 0.80 | 2.00 | 10.00 | – | 90 |" in report
    assert "0.20 s after a round's last answer, 0.90 s at the latest" in report
    assert "(here 0.80: met) and a p99 under 25 ms (here 10.00 ms: met)" in report


def test_the_p99_is_what_one_of_a_hundred_waits_longer_than() -> None:
    load = Load(1.0, tuple(number / 1000 for number in range(100)), 100)
    assert (load.per_second, load.wait(0.5), load.wait(0.99)) == (100.0, 0.05, 0.099)


def test_answers_other_than_200_are_no_measurement(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    with web_process(desk.settings) as running:
        target = desk.target(running.address)
        broken = [target.requests(1, 4000)[0].replace(b"Signature: ", b"Signature: x")]
        with pytest.raises(NotAcknowledged, match="401"):
            drive(running.address, broken, connections=1, seconds=0.1)


def test_slow_clients_delay_nobody(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    with web_process(desk.settings) as running:
        target = desk.target(running.address)
        with slow_clients(target, SLOW_CLIENTS):
            load = drive(running.address, target.requests(20, 4000), connections=1, seconds=1.0)
    # Not a measurement: on a busy machine only "at once" and "not at all" can be told apart.
    assert max(load.waits) < 5.0
    assert len(load.waits) > 10
