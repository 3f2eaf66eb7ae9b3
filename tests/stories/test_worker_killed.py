"""Real processes: a worker is killed in the middle of a payment, and the customer is paid once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from refunddesk.db import refunds, tables
from refunddesk.db.refunds import State
from refunddesk.sandbox.faults import Mode
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests import building
from tests.conftest import TestClock
from tests.selling import Shop, open_shop

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are found in /proc"),
]

_PATIENCE_SECONDS = 60.0


@contextmanager
def _process(*command: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`refunddesk <command>` as a process of its own, gone at the end with its children."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from refunddesk.cli import main; main()", *command],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With -9, the process and its children: RQ runs each job in one, in a group of its own."""
    children = _children(process.pid) if process.poll() is None else []
    process.kill()
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    process.wait()


def _children(process_id: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # After the name in brackets, which may hold anything: the state, then the parent.
            parent_id = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent_id == process_id:
                found.append(int(stat.parent.name))
    return found


def _wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def _let_pass(edges: Edges, span: timedelta) -> None:
    """Make everything that is waited for come nearer: real processes keep the clock on the wall."""
    waiting = {
        tables.refunds: ("lease_until", "sent_at", "unknown_since"),
        tables.outbox: ("due_at", "claimed_until", "rung_at"),
        tables.rounds: ("begun_at",),
        tables.leases: ("until",),
    }
    with edges.database.write() as transaction:
        for table, columns in waiting.items():
            keys = list(table.primary_key)
            for row in transaction.execute(table.select()).all():
                earlier = {
                    column: at - span
                    for column in columns
                    if (at := getattr(row, column)) is not None and at.year < 9999
                }
                if not earlier:
                    continue
                own = [key == getattr(row, key.name) for key in keys]
                transaction.execute(update(table).where(*own).values(**earlier))


@pytest.fixture
def shop(make_edges: Callable[..., Edges], clock: TestClock, tmp_path: Path) -> Iterator[Shop]:
    clock.at = datetime.now(UTC)
    with open_shop(make_edges, clock, tmp_path / "certificates") as opened:
        yield opened


def test_a_worker_killed_in_the_middle_of_a_payment_pays_once(
    shop: Shop, settings: Settings, queue_url: str
) -> None:
    order = shop.record(shop.sell("LIC-1")["id"])
    refund = building.grant(shop.edges, order)
    environment = {
        "REFUNDDESK_HOME": str(settings.home),
        "REFUNDDESK_SECRET_KEY": settings.secret_key,
        "REFUNDDESK_SEALING_KEYS": ",".join(settings.sealing_keys),
        "REFUNDDESK_ALLOW_PRIVATE_STORES": "yes",
        "REFUNDDESK_STORE_CA_FILE": str(shop.running.ca_file),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": queue_url,
    }

    def state() -> State:
        with shop.edges.database.read() as transaction:
            return refunds.get_refund(transaction, refund.id).state

    shop.sandbox.faults.arm(Mode.HANGS_BEFORE_MONEY, seconds=1.5)
    with ExitStack() as processes:
        processes.enter_context(_process("schedule", environment=environment))
        processes.enter_context(_process("worker", "desk", environment=environment))
        with _process("worker", "money", environment=environment) as worker:
            _wait_for(lambda: bool(shop.sandbox.documents.list("refund")))
            _kill(worker)
        assert state() == State.SENDING
        # The store works the call off although nobody waits for its answer any more.
        _wait_for(lambda: len(shop.sandbox.gateway.movements) == 1)
        processes.enter_context(_process("worker", "money", environment=environment))
        _let_pass(shop.edges, timedelta(seconds=301))
        _wait_for(lambda: state() == State.UNKNOWN)
        _let_pass(shop.edges, timedelta(seconds=10))
        _wait_for(lambda: state() == State.PAID)
    assert [str(movement.amount) for movement in shop.sandbox.gateway.movements] == [
        str(refund.amount)
    ]
