"""A database that takes nothing costs no delivery: they wait in files until it is back."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from refunddesk.db import outbox, tables
from refunddesk.db.group_commit import GroupCommit
from refunddesk.db.inbox import NewDelivery
from refunddesk.db.session import Database, open_database
from refunddesk.sealing import Sealer, new_key
from refunddesk.services import health, inbox, spool, stores
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import Call, InboxUnreachable, KnownEndpoints
from refunddesk.services.spool import Waiting
from refunddesk.spool import Spool
from refunddesk.woocommerce.signature import sign
from tests.building import add_store
from tests.conftest import REPOSITORY, TestClock


@dataclass(frozen=True, slots=True)
class Inbox:
    """What one web process takes deliveries with, and one endpoint it has met before."""

    edges: Edges
    writer: GroupCommit[NewDelivery]
    known: KnownEndpoints
    endpoint_id: str
    secret: str

    def take(self, woo_order_id: int) -> None:
        """The store delivers this order. Raises InboxUnreachable when it is not acknowledged."""
        body = b'{"id":%d,"billing":{"email":"someone@example.test"},"note":"%s"}'
        body %= woo_order_id, b"x" * 20_000  # more than the pages at hand hold
        signature = sign(self.secret, body)
        call = Call(body, "application/json", None, signature, "order.updated", None)
        endpoint = self.known.get_endpoint(self.endpoint_id)
        inbox.receive(self.edges, self.writer, endpoint, call)

    def kept(self) -> list[int]:
        with self.edges.database.read() as transaction:
            ids = select(tables.inbox.c.woo_object_id).order_by(tables.inbox.c.id)
            return [int(found) for found in transaction.scalars(ids) if found is not None]

    def promised(self) -> set[str]:
        with self.edges.database.read() as transaction:
            return {row.subject.partition(":")[2] for row in outbox.list_open(transaction)}

    def drain(self) -> int:
        return spool.drain(self.edges, lambda transaction, each: inbox.store(transaction, [each]))

    @property
    def folder(self) -> Path:
        return self.edges.home / "spool"

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.record"))


def open_inbox(edges: Edges, endpoint_id: str, secret: str) -> Inbox:
    writer = GroupCommit(edges.database, inbox.store)
    return Inbox(edges, writer, KnownEndpoints(edges), endpoint_id, secret)


@pytest.fixture
def receiving(edges: Edges, clock: TestClock) -> Inbox:
    """An inbox that has met its endpoint, but long enough ago to ask for it again."""
    made = stores.add_endpoint(edges, add_store(edges), "order.updated")
    opened = open_inbox(edges, made.endpoint_id, made.secret)
    opened.known.get_endpoint(made.endpoint_id)
    clock.move(seconds=6)
    return opened


# -- databases that really fail


@contextmanager
def table_away(database: Database) -> Iterator[None]:
    with database.write() as transaction:
        transaction.execute(text("ALTER TABLE inbox RENAME TO inbox_away"))
    yield
    with database.write() as transaction:
        transaction.execute(text("ALTER TABLE inbox_away RENAME TO inbox"))


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Another program holds the lock, such as a repair at work."""
    other = open_database(database.engine.url.render_as_string(hide_password=False))
    with other.engine.begin() as transaction:
        if not database.is_sqlite:
            transaction.execute(text("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE"))
        yield
    other.close()


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    if database.is_sqlite:
        with on_each_connection(database.engine, "PRAGMA query_only = ON"):
            yield
        return
    name = database.engine.url.database
    on_server(database, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    database.close()
    yield
    on_server(database, f"ALTER DATABASE {name} RESET default_transaction_read_only")
    database.close()


@contextmanager
def disk_full(database: Database) -> Iterator[None]:
    """SQLite may not grow its file any more: the same error that a full disk gives."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL's disk cannot be filled from here")
    with on_each_connection(database.engine, "PRAGMA max_page_count = 1"):
        yield


@contextmanager
def gone(database: Database) -> Iterator[None]:
    database.close()
    if database.is_sqlite:
        path = Path(str(database.engine.url.database))
        away = path.with_name("away")
        os.rename(path, away)
        path.mkdir()
        yield
        path.rmdir()
        os.rename(away, path)
        return
    name = database.engine.url.database
    on_server(database, f"ALTER DATABASE {name} RENAME TO {name}_away")
    yield
    on_server(database, f"ALTER DATABASE {name}_away RENAME TO {name}")


@contextmanager
def on_each_connection(engine: Engine, pragma: str) -> Iterator[None]:
    def prepare(connection: object, *_: object) -> None:
        connection.execute(pragma)  # type: ignore[attr-defined]

    engine.dispose()
    event.listen(engine, "connect", prepare)
    yield
    event.remove(engine, "connect", prepare)
    engine.dispose()


def on_server(database: Database, statement: str) -> None:
    """Run a statement that needs another database of the same server to be run from."""
    url = make_url(database.engine.url).set(database="postgres")
    other = open_database(url.render_as_string(hide_password=False))
    with other.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    other.close()


Outage = Callable[[Database], AbstractContextManager[None]]


@pytest.mark.parametrize(
    "outage",
    [
        pytest.param(table_away, id="the inbox's table is away"),
        pytest.param(locked, id="another program holds its lock"),
        pytest.param(read_only, id="it takes no writes"),
        pytest.param(disk_full, id="its disk is full"),
        pytest.param(gone, id="it is gone"),
    ],
)
def test_deliveries_are_acknowledged_without_a_database_and_stored_when_it_is_back(
    receiving: Inbox, clock: TestClock, outage: Outage
) -> None:
    with outage(receiving.edges.database):
        for woo_order_id in (37, 35, 36):
            receiving.take(woo_order_id)
            clock.move(seconds=6)
        assert len(receiving.files()) == 3
    assert receiving.drain() == 3
    # PostgreSQL may have let one in that we had given up waiting for: it is stored twice.
    *early, first, second, third = receiving.kept()
    assert [first, second, third] == [37, 35, 36]
    assert early in ([], [37])
    assert receiving.promised() == {"35", "36", "37"}
    assert spool.count(receiving.edges) == Waiting(to_store=0, aside=0)
    assert receiving.drain() == 0


def test_while_the_database_is_still_away_the_files_stay(receiving: Inbox) -> None:
    with table_away(receiving.edges.database):
        receiving.take(35)
        with pytest.raises(SQLAlchemyError):
            receiving.drain()
        assert len(receiving.files()) == 1
    receiving.drain()
    assert receiving.kept() == [35]


def test_nothing_is_acknowledged_that_neither_database_nor_spool_takes(receiving: Inbox) -> None:
    receiving.folder.write_text("a file where the folder should be")
    with table_away(receiving.edges.database), pytest.raises(InboxUnreachable):
        receiving.take(35)
    receiving.take(36)
    assert receiving.kept() == [36]


def test_a_delivery_to_an_address_this_process_never_met_cannot_be_proven_without_a_database(
    receiving: Inbox,
) -> None:
    fresh = open_inbox(receiving.edges, receiving.endpoint_id, receiving.secret)
    with gone(receiving.edges.database), pytest.raises(InboxUnreachable):
        fresh.take(35)
    assert spool.count(receiving.edges) == Waiting(0, 0)


def test_load_balancers_still_send_deliveries_here_and_monitors_are_told(
    receiving: Inbox,
) -> None:
    with gone(receiving.edges.database):
        found = health.check(receiving.edges, lambda: True)
    assert (found.receives, found.works) == (True, False)


def test_a_secret_is_asked_for_again_when_the_database_is_back(
    receiving: Inbox, clock: TestClock
) -> None:
    with gone(receiving.edges.database):
        receiving.take(35)
    changed = stores.rotate_endpoint(receiving.edges, 1, "order.updated")
    clock.move(seconds=5)
    replace(receiving, secret=changed.secret).take(36)


# -- what lies in the files


def test_nobody_else_can_read_what_waits(receiving: Inbox) -> None:
    with table_away(receiving.edges.database):
        receiving.take(35)
    (file,) = receiving.files()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(receiving.folder.stat().st_mode) == 0o700
    assert b"someone" not in file.read_bytes()


def test_a_delivery_of_which_no_body_is_kept_waits_without_one(
    receiving: Inbox, edges: Edges
) -> None:
    made = stores.add_endpoint(edges, 1, "customer.updated")
    body = b'{"id":4,"email":"someone@example.test"}'
    call = Call(body, "application/json", None, sign(made.secret, body), "customer.updated", "one")
    endpoint = receiving.known.get_endpoint(made.endpoint_id)
    with table_away(edges.database):
        inbox.receive(edges, receiving.writer, endpoint, call)
    receiving.drain()
    with edges.database.read() as transaction:
        (row,) = transaction.execute(select(tables.inbox)).all()
    assert (row.body, row.topic, row.delivery_id) == (None, "customer.updated", "one")


@pytest.mark.parametrize("seed", range(6))
def test_a_damaged_record_waits_for_a_person_and_holds_up_no_other(
    receiving: Inbox, clock: TestClock, seed: int
) -> None:
    chance = random.Random(seed)
    with table_away(receiving.edges.database):
        for woo_order_id in (35, 36, 37):
            receiving.take(woo_order_id)
            clock.move(seconds=1)
    damaged = receiving.files()[chance.randrange(3)]
    whole = damaged.read_bytes()
    place = chance.randrange(len(whole))
    flipped = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
    damaged.write_bytes(flipped if seed % 2 else whole[:place])
    assert receiving.drain() == 2
    assert spool.count(receiving.edges) == Waiting(to_store=0, aside=1)
    assert len(receiving.kept()) == 2


def test_a_delivery_that_no_database_can_take_waits_for_a_person(receiving: Inbox) -> None:
    """Its endpoint is not in the database any more, as after an old backup was restored."""
    with table_away(receiving.edges.database):
        receiving.take(35)
    with receiving.edges.database.write() as transaction:
        transaction.execute(tables.endpoints.delete())
    assert receiving.drain() == 0
    assert spool.count(receiving.edges) == Waiting(to_store=0, aside=1)


def test_a_record_whose_key_is_not_at_hand_stays_until_it_is(receiving: Inbox) -> None:
    with table_away(receiving.edges.database):
        receiving.take(35)
    other_keys = replace(receiving.edges, sealer=Sealer([new_key()]))
    assert replace(receiving, edges=other_keys).drain() == 0
    assert receiving.drain() == 1


def test_a_second_process_does_not_drain_at_the_same_time(receiving: Inbox) -> None:
    with table_away(receiving.edges.database):
        for woo_order_id in range(20):
            receiving.take(woo_order_id + 1)
    threads = [threading.Thread(target=receiving.drain) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receiving.kept()) == list(range(1, 21))


# -- killed on the way


class Killed(BaseException):
    """Ends the work where it is raised, as kill -9 would."""


def killed(*_: object, **__: object) -> None:
    raise Killed


def test_killed_before_the_commit_a_delivery_is_stored_by_the_next_run(receiving: Inbox) -> None:
    with table_away(receiving.edges.database):
        receiving.take(35)
    event.listen(receiving.edges.database.engine, "commit", killed)
    with pytest.raises(Killed):
        receiving.drain()
    event.remove(receiving.edges.database.engine, "commit", killed)
    assert receiving.kept() == []
    receiving.drain()
    assert receiving.kept() == [35]


def test_killed_between_commit_and_removal_a_delivery_is_stored_twice_and_looked_at_once(
    receiving: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with table_away(receiving.edges.database):
        receiving.take(35)
    with monkeypatch.context() as dying:
        dying.setattr(Path, "unlink", killed)
        with pytest.raises(Killed):
            receiving.drain()
    receiving.drain()
    assert receiving.kept() == [35, 35]
    assert receiving.promised() == {"35"}
    assert receiving.drain() == 0


_KEEP_AND_DIE = """
import os, sys
from pathlib import Path
from refunddesk.sealing import Sealer
from refunddesk.spool import Spool

until_death = int(sys.argv[3])

def dying(call):
    def step(*arguments, **named):
        global until_death
        until_death -= 1
        if until_death < 0:
            os.kill(os.getpid(), 9)
        return call(*arguments, **named)
    return step

spool = Spool(Path(sys.argv[1]), Sealer([sys.argv[2]]))
for name in ("mkdir", "open", "fdopen", "fsync", "rename", "close"):
    setattr(os, name, dying(getattr(os, name)))
spool.keep("one", "what was delivered")
print("kept")
"""


def test_killed_at_any_step_of_keeping_a_record_is_whole_or_not_there(tmp_path: Path) -> None:
    key = new_key()
    acknowledged = step = 0
    while not acknowledged:
        folder = tmp_path / str(step) / "spool"
        folder.parent.mkdir()
        child = subprocess.run(
            [sys.executable, "-c", _KEEP_AND_DIE, folder, key, str(step)],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
        )
        acknowledged = child.stdout == "kept\n"
        assert child.returncode == (0 if acknowledged else -9), child.stderr
        found = Spool(folder, Sealer([key]))
        assert len(found.names()) <= 1
        assert [found.read(name) for name in found.names()] in ([], ["what was delivered"])
        assert not acknowledged or found.names() == ["one"]
        step += 1
    assert step > 5


def test_a_beginning_that_a_killed_process_left_is_cleared_away_after_a_minute(
    receiving: Inbox,
) -> None:
    receiving.folder.mkdir()
    begun, old = receiving.folder / "new.begun", receiving.folder / "old.begun"
    begun.write_bytes(b"half")
    old.write_bytes(b"half")
    shutil.copystat(old, begun)
    os.utime(old, (old.stat().st_atime, old.stat().st_mtime - 61))
    receiving.drain()
    assert (begun.exists(), old.exists()) == (True, False)
