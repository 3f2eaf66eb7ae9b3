"""The queue is killed, emptied or hangs while refunds are due: all are paid, within a minute."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import select, update

from refunddesk import embedded_queue
from refunddesk.db import orders, outbox, refunds, tables
from refunddesk.db.refunds import State
from refunddesk.jobnames import JobName
from refunddesk.sandbox.server import RunningSandbox, serve
from refunddesk.sandbox.store import SandboxStore
from refunddesk.sealing import new_key
from refunddesk.services.edges import Edges
from refunddesk.services.orders import record_order
from refunddesk.settings import read_settings
from refunddesk.wiring import open_edges
from tests import building

pytestmark = pytest.mark.timeout(240)

#: What losing the queue may cost, in seconds.
LONGEST_DELAY = 60.0
_PATIENCE = 90.0


@dataclass(slots=True)
class Desk:
    """The processes of a desk, started one by one, and the store it pays back through."""

    home: Path
    environment: dict[str, str]
    edges: Edges
    sandbox: SandboxStore
    store_id: int
    queue: subprocess.Popen[bytes] | None = None
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def redis_url(self) -> str:
        return self.environment["REDIS_URL"]

    def start_queue(self) -> None:
        command = embedded_queue.command_line(embedded_queue.find_server(None), self.home)
        self.queue = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.started.append(self.queue)
        wait_until(lambda: embedded_queue.answers(self.redis_url))

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.home / "output.txt").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "refunddesk", *arguments],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def refund(self) -> int:
        """Sell something and grant its refund; the refund's id."""
        sold = self.sandbox.add_order([{"sku": "LIC-1", "quantity": 1}])
        record_order(self.edges, self.store_id, sold["id"])
        with self.edges.database.read() as transaction:
            order = orders.find_order(transaction, self.store_id, sold["id"])
        assert order
        return building.grant(self.edges, order).id

    def is_paid(self, *refund_ids: int) -> bool:
        with self.edges.database.read() as transaction:
            found = [refunds.get_refund(transaction, refund_id) for refund_id in refund_ids]
        return all(refund.state == State.PAID for refund in found)

    def is_rung(self, refund_id: int) -> bool:
        box = tables.outbox.c
        with self.edges.database.read() as transaction:
            rung_at = transaction.scalar(
                select(box.rung_at).where(
                    box.job == JobName.PAY_REFUND.value, box.subject == str(refund_id)
                )
            )
        return rung_at is not None

    def let_pass(self, passed: timedelta) -> None:
        """As if the bells had been rung that much earlier."""
        with self.edges.database.write() as transaction:
            rows = transaction.execute(
                select(tables.outbox.c.id, tables.outbox.c.rung_at).where(
                    tables.outbox.c.rung_at.is_not(None)
                )
            ).all()
            for promise_id, rung_at in rows:
                transaction.execute(
                    update(tables.outbox)
                    .where(tables.outbox.c.id == promise_id)
                    .values(rung_at=rung_at - passed)
                )

    def seconds_until_paid(self, *refund_ids: int) -> float:
        begun = time.monotonic()
        wait_until(lambda: self.is_paid(*refund_ids), self.output)
        return time.monotonic() - begun

    def output(self) -> str:
        return (self.home / "output.txt").read_text("utf-8", "replace")


def wait_until(ready: Callable[[], bool], tell: Callable[[], object] = lambda: "") -> None:
    deadline = time.monotonic() + _PATIENCE
    while not ready():
        assert time.monotonic() < deadline, tell()
        time.sleep(0.05)


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path) -> Iterator[Desk]:
    sandbox = SandboxStore()
    # A unix socket's path may have about a hundred bytes, and pytest's folders are deep.
    with (
        tempfile.TemporaryDirectory(prefix="away", ignore_cleanup_errors=True) as folder,
        serve(sandbox, tmp_path) as running,
    ):
        desk = _set_up(Path(folder), sqlite_template, sandbox, running)
        desk.start_queue()
        try:
            yield desk
        finally:
            for process in desk.started:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
            desk.edges.database.close()
            sandbox.close()


def _set_up(home: Path, template: Path, sandbox: SandboxStore, running: RunningSandbox) -> Desk:
    shutil.copy(template, home / "refunddesk.db")
    own = {
        "REFUNDDESK_HOME": str(home),
        "REFUNDDESK_SECRET_KEY": secrets.token_hex(32),
        "REFUNDDESK_SEALING_KEYS": new_key(),
        "REFUNDDESK_STORE_CA_FILE": str(running.ca_file),
        "REFUNDDESK_ALLOW_PRIVATE_STORES": "yes",
        "DATABASE_URL": f"sqlite:///{home / 'refunddesk.db'}",
        "REDIS_URL": f"unix://{embedded_queue.socket_of(home)}",
    }
    edges = open_edges(read_settings(own))
    store_id = building.add_store(
        edges,
        url=running.url,
        consumer_key=running.consumer_key,
        consumer_secret=running.consumer_secret,
    )
    kept = {name: value for name, value in os.environ.items() if "REFUNDDESK" not in name}
    return Desk(home, kept | own, edges, sandbox, store_id)


def test_refunds_are_paid_though_the_queue_is_killed_hangs_and_is_emptied(desk: Desk) -> None:
    worker = desk.start("worker", "money")
    desk.start("schedule")
    first = desk.refund()
    desk.seconds_until_paid(first)  # everything is at work

    # Killed, with a refund granted meanwhile.
    assert desk.queue
    desk.queue.kill()
    desk.queue.wait()
    while_killed = desk.refund()
    time.sleep(1)
    desk.start_queue()
    delays = {"killed": desk.seconds_until_paid(while_killed)}

    # Hanging: it takes connections and answers nothing.
    desk.queue.send_signal(signal.SIGSTOP)
    while_hanging = desk.refund()
    time.sleep(3)
    desk.queue.send_signal(signal.SIGCONT)
    delays["hanging"] = desk.seconds_until_paid(while_hanging)

    # Emptied, with a bell in it that nobody has heard yet.
    os.killpg(worker.pid, signal.SIGSTOP)
    while_emptied = desk.refund()
    wait_until(lambda: desk.is_rung(while_emptied), desk.output)
    _empty(desk.redis_url)
    passed = outbox.RING_AGAIN - timedelta(seconds=2)
    desk.let_pass(passed)
    os.killpg(worker.pid, signal.SIGCONT)
    delays["emptied"] = passed.total_seconds() + desk.seconds_until_paid(while_emptied)

    print({name: round(seconds, 1) for name, seconds in delays.items()})
    paid_back = [movement.order_id for movement in desk.sandbox.gateway.movements]
    assert len(paid_back) == len(set(paid_back)) == 4
    assert max(delays.values()) < LONGEST_DELAY, delays


def _empty(redis_url: str) -> None:
    redis = Redis.from_url(redis_url)
    try:
        redis.flushall()
    except RedisError as error:
        pytest.fail(f"the queue did not take the order to forget all: {error}")
    finally:
        redis.close()
