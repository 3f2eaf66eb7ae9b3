"""What was acknowledged is there: after kill -9 under load, and on the disk before each answer."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select, text

from refunddesk.db import tables
from refunddesk.db.session import Database
from refunddesk.services import journal, stores
from refunddesk.services.edges import Edges
from refunddesk.services.journal import Waiting
from refunddesk.settings import Settings
from refunddesk.woocommerce.signature import sign
from tests.building import add_store
from tests.serving import Address, WebProcess, forked_web_process, web_process

_FEW = 6
#: How often the web process is killed; 200 take some ten minutes for each database.
KILLS = int(os.environ.get("REFUNDDESK_TEST_KILLS", _FEW))
#: Whoever asks for many watches the count, and ends it when it stands still.
_WITHIN_SECONDS = 180 if KILLS <= _FEW else 0
SENDERS = 8


@dataclass
class Store:
    """A store that delivers one order after the other, and remembers which were acknowledged."""

    path: str
    secret: str
    acknowledged: set[int] = field(default_factory=set)
    sent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver_until_dead(self, address: Address) -> None:
        """Over one kept-alive connection, until the server hangs up."""
        try:
            with socket.create_connection(address, timeout=30) as connection:
                while self.deliver(connection):
                    pass
        except OSError:
            return

    def deliver(self, connection: socket.socket) -> bool:
        """Send the next order; whether it was acknowledged."""
        with self._lock:
            self.sent += 1
            woo_order_id = self.sent
        connection.sendall(self._request(woo_order_id))
        if not connection.recv(4096).startswith(b"HTTP/1.1 200 "):
            return False
        with self._lock:
            self.acknowledged.add(woo_order_id)
        return True

    def _request(self, woo_order_id: int) -> bytes:
        body = b'{"id":%d,"customer_note":"%s"}' % (woo_order_id, b"x" * 2000)
        head = (
            f"POST {self.path} HTTP/1.1",
            "Host: desk.test",
            "Content-Type: application/json",
            "X-WC-Webhook-Topic: order.updated",
            f"X-WC-Webhook-Signature: {sign(self.secret, body)}",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


@pytest.fixture
def store(edges: Edges) -> Store:
    made = stores.add_endpoint(edges, add_store(edges), "order.updated")
    return Store(f"/hooks/{made.endpoint_id}", made.secret)


@pytest.mark.timeout(_WITHIN_SECONDS)
def test_no_acknowledged_delivery_is_lost_however_often_the_web_process_is_killed(
    settings: Settings, edges: Edges, store: Store
) -> None:
    chance = random.Random(KILLS)
    for life in range(KILLS):
        with forked_web_process(settings) as running, delivering(store, running):
            if life % 4 == 3:  # the database lets nobody in any more: nobody is to notice
                with locked(edges.database):
                    time.sleep(chance.uniform(0.9, 1.5))
                    running.kill()
            else:
                time.sleep(chance.uniform(0.0, 0.4))
                running.kill()
        if life % 10 == 9:
            acknowledged = len(store.acknowledged)
            print(f"{life + 1} of {KILLS} kills, {acknowledged} acknowledged", flush=True)
    with forked_web_process(settings):
        pass  # before it listens, it stores what is in the journal
    stored, promised = stored_orders(edges)
    print(f"{KILLS} kills, {store.sent} sent, {len(store.acknowledged)} acknowledged,", end=" ")
    print(f"{len(store.acknowledged - stored)} lost, {len(stored - store.acknowledged)} unasked")
    assert store.acknowledged <= stored
    assert store.acknowledged <= promised
    assert journal.count(edges) == Waiting(to_store=0, aside=0)
    if edges.database.is_sqlite:
        with edges.database.read() as transaction:
            assert transaction.scalar(text("PRAGMA integrity_check")) == "ok"


@contextmanager
def delivering(store: Store, running: WebProcess) -> Iterator[None]:
    """Deliveries come in over some connections, the first of them acknowledged, until the end."""
    senders = [
        threading.Thread(target=store.deliver_until_dead, args=(running.address,))
        for _ in range(SENDERS)
    ]
    before = len(store.acknowledged)
    for sender in senders:
        sender.start()
    while len(store.acknowledged) == before:
        time.sleep(0.001)
    yield
    for sender in senders:
        sender.join()


@contextmanager
def locked(database: Database) -> Iterator[None]:
    with database.engine.connect() as transaction:  # SQLite locks as it begins
        lock = "SELECT 1" if database.is_sqlite else "LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"
        transaction.execute(text(lock))
        yield
        transaction.rollback()


def stored_orders(edges: Edges) -> tuple[set[int], set[int]]:
    """The orders of all deliveries in the inbox, and those that will be looked at."""
    with edges.database.read() as transaction:
        stored = set(transaction.scalars(select(tables.inbox.c.woo_object_id)))
        subjects = set(transaction.scalars(select(tables.outbox.c.subject)))
    return stored, {int(subject.partition(":")[2]) for subject in subjects}


# -- on the disk before the answer

_SYNC = re.compile(r"^(\d+) +(?:fsync|fdatasync)\(\d+<(.*?)>(?:\) += 0| <unfinished)")
_SYNCED = re.compile(r"^(\d+) +<\.\.\. (?:fsync|fdatasync) resumed>\) += 0")
_ANSWER = re.compile(r'^\d+ +sendto\(.*"HTTP/1\.1 200 ')


def synced_before_answers(trace: str) -> list[set[str]]:
    """For each answer of 200, the files whose sync was complete since the answer before."""
    begun: dict[str, str] = {}
    synced: set[str] = set()
    answers = []
    for line in trace.splitlines():
        if found := _SYNC.match(line):
            thread, path = found.groups()
            if line.endswith("<unfinished ...>"):
                begun[thread] = path
            else:
                synced.add(path)
        elif found := _SYNCED.match(line):
            synced.add(begun.pop(found[1]))
        elif _ANSWER.match(line):
            answers.append(synced)
            synced = set()
    return answers


@contextmanager
def traced(settings: Settings, log: Path) -> Iterator[WebProcess]:
    """The web process with its syncs and answers written to `log`."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed, so nobody sees what reaches the disk")
    calls = "trace=fsync,fdatasync,sendto"
    with web_process(settings, under=[strace, "-f", "-y", "-e", calls, "-o", str(log)]) as running:
        yield running
        running.stop()  # with strace killed its last lines would be lost


@pytest.mark.parametrize("away", [False, True], ids=["the database is there", "it is away"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_acknowledged_delivery_is_in_the_synced_journal_first(
    settings: Settings, edges: Edges, store: Store, tmp_path: Path, away: bool
) -> None:
    with (
        traced(settings, tmp_path / "trace") as running,
        socket.create_connection(running.address) as connection,
    ):
        assert store.deliver(connection)
        if away:
            with edges.database.write() as transaction:
                transaction.execute(text("ALTER TABLE inbox RENAME TO inbox_away"))
        assert all(store.deliver(connection) for _ in range(200))
    first, *answers = synced_before_answers((tmp_path / "trace").read_text())
    folder = str(edges.home / "journal")
    assert folder in first  # the name of the file is on the disk too
    kept = [any(path.startswith(f"{folder}/") for path in synced) for synced in answers]
    assert (len(answers), kept.count(True)) == (200, 200)
