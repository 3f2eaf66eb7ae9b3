"""A delivery is acknowledged once the journal has it, whatever the database does."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from refunddesk.db import outbox, tables
from refunddesk.db.session import Database, DriverTransaction, open_database
from refunddesk.journal import reader, segment
from refunddesk.journal.reader import JournalReader
from refunddesk.journal.writer import JournalWriter
from refunddesk.sealing import Sealer, new_key
from refunddesk.services import health, inbox, journal, stores
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import Call, InboxUnreachable, KnownEndpoints
from refunddesk.services.journal import Waiting
from refunddesk.woocommerce.signature import sign
from tests.building import add_store
from tests.conftest import TestClock


@dataclass(frozen=True, slots=True)
class Inbox:
    """What one web process takes deliveries with, and one endpoint it has met before."""

    edges: Edges
    writer: JournalWriter
    known: KnownEndpoints
    endpoint_id: str
    secret: str
    topic: str = "order.updated"

    def take(self, *woo_order_ids: int) -> None:
        """The store delivers these orders. Raises InboxUnreachable when one is not acknowledged."""
        for woo_order_id in woo_order_ids:
            body = b'{"id":%d,"billing":{"email":"someone@example.test"},"note":"%s"}'
            body %= woo_order_id, b"x" * 2_000
            signature = sign(self.secret, body)
            call = Call(body, "application/json", None, signature, self.topic, None)
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
        return journal.drain(self.edges, inbox.store)

    def count(self) -> Waiting:
        return journal.count(self.edges)

    @property
    def folder(self) -> Path:
        return self.edges.home / "journal"

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.journal"))


def open_inbox(edges: Edges, endpoint_id: str, secret: str) -> Inbox:
    return Inbox(edges, journal.open_writer(edges), KnownEndpoints(edges), endpoint_id, secret)


@pytest.fixture
def receiving(edges: Edges, clock: TestClock) -> Iterator[Inbox]:
    """An inbox that has met its endpoint, but long enough ago to ask for it again."""
    made = stores.add_endpoint(edges, add_store(edges), "order.updated")
    opened = open_inbox(edges, made.endpoint_id, made.secret)
    opened.known.get_endpoint(made.endpoint_id)
    clock.move(seconds=6)
    yield opened
    opened.writer.close()


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
        assert receiving.count() == Waiting(3, 0, oldest=timedelta(seconds=18))
    assert receiving.drain() == 3
    assert receiving.kept() == [37, 35, 36]
    assert receiving.promised() == {"35", "36", "37"}
    assert receiving.count() == Waiting(0, 0)
    assert receiving.drain() == 0


def test_while_the_database_is_still_away_all_stays(receiving: Inbox) -> None:
    with table_away(receiving.edges.database):
        receiving.take(35)
        with pytest.raises(SQLAlchemyError):
            receiving.drain()
        assert receiving.count().to_store == 1
    receiving.drain()
    assert receiving.kept() == [35]


def test_what_comes_while_others_are_stored_is_stored_the_next_time(receiving: Inbox) -> None:
    receiving.take(35)

    def store(transaction: DriverTransaction, deliveries: object) -> None:
        if not receiving.kept():
            receiving.take(36)
        inbox.store(transaction, deliveries)  # type: ignore[arg-type]

    assert journal.drain(receiving.edges, store) >= 1
    receiving.drain()
    assert receiving.kept() == [35, 36]


def test_a_thousand_deliveries_are_each_stored_once(receiving: Inbox) -> None:
    receiving.take(*range(1, 1001))
    assert receiving.drain() == 1000
    assert receiving.kept() == list(range(1, 1001))


def test_after_a_long_outage_the_dispatcher_goes_on_between_and_an_erasure_waits_for_all(
    receiving: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_MOST_AT_ONCE", 1)
    monkeypatch.setattr(reader, "_MOST_RECORDS", 2)
    receiving.take(*range(1, 8))
    assert receiving.drain() == 2
    assert journal.drain(receiving.edges, inbox.store, wait=True) == 5
    assert receiving.kept() == list(range(1, 8))


def test_deliveries_of_several_processes_are_stored(receiving: Inbox) -> None:
    other = open_inbox(receiving.edges, receiving.endpoint_id, receiving.secret)
    for number in range(1, 7):
        (receiving if number % 2 else other).take(number)
    other.writer.close()
    assert receiving.drain() == 6
    assert sorted(receiving.kept()) == [1, 2, 3, 4, 5, 6]
    assert len(receiving.files()) == 1  # that of the process which lives


def test_nothing_is_acknowledged_that_neither_journal_nor_database_takes(
    receiving: Inbox,
) -> None:
    receiving.folder.write_text("a file where the folder should be")
    with table_away(receiving.edges.database), pytest.raises(InboxUnreachable):
        receiving.take(35)
    receiving.take(36)
    assert receiving.kept() == [36]


def test_what_the_disk_does_not_take_is_stored_at_once_and_the_next_in_another_file(
    receiving: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiving.take(35)
    with monkeypatch.context() as broken:
        broken.setattr(segment, "_sync", refuse)
        receiving.take(36)
    assert receiving.kept() == [36]
    receiving.take(37)
    assert len(receiving.files()) == 2
    receiving.drain()
    # It may be in the file all the same: its order is looked at once in any case.
    assert sorted(set(receiving.kept())) == [35, 36, 37]


def test_a_delivery_to_an_address_this_process_never_met_cannot_be_proven_without_a_database(
    receiving: Inbox,
) -> None:
    fresh = open_inbox(receiving.edges, receiving.endpoint_id, receiving.secret)
    with gone(receiving.edges.database), pytest.raises(InboxUnreachable):
        fresh.take(35)
    assert receiving.count() == Waiting(0, 0)


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


def test_nobody_else_can_read_what_is_in_the_journal(receiving: Inbox) -> None:
    receiving.take(35)
    (file,) = receiving.files()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(receiving.folder.stat().st_mode) == 0o700
    assert b"someone" not in file.read_bytes()


def test_nothing_is_left_of_what_was_stored_once_its_process_ended_the_file(
    receiving: Inbox,
) -> None:
    receiving.take(35)
    receiving.drain()
    receiving.writer.close()
    receiving.drain()
    assert {path.name for path in receiving.folder.iterdir()} == {"lock"}


def test_a_delivery_of_which_no_body_is_kept_is_kept_without_one(
    receiving: Inbox, edges: Edges
) -> None:
    made = stores.add_endpoint(edges, 1, "customer.updated")
    body = b'{"id":4,"email":"someone@example.test"}'
    call = Call(body, "application/json", None, sign(made.secret, body), "customer.updated", "one")
    endpoint = receiving.known.get_endpoint(made.endpoint_id)
    inbox.receive(edges, receiving.writer, endpoint, call)
    receiving.drain()
    with edges.database.read() as transaction:
        (row,) = transaction.execute(select(tables.inbox)).all()
    assert (row.body, row.topic, row.delivery_id) == (None, "customer.updated", "one")


def test_a_delivery_that_no_database_can_take_waits_for_a_person_and_holds_up_no_other(
    receiving: Inbox,
) -> None:
    """Its endpoint is not in the database any more, as after an old backup was restored."""
    made = stores.add_endpoint(receiving.edges, 1, "order.created")
    strange = replace(
        receiving, endpoint_id=made.endpoint_id, secret=made.secret, topic="order.created"
    )
    receiving.take(35)
    strange.take(36)
    receiving.take(37)
    with receiving.edges.database.write() as transaction:
        gone_endpoint = tables.endpoints.c.id == made.endpoint_id
        transaction.execute(tables.endpoints.delete().where(gone_endpoint))
    assert receiving.drain() == 2
    assert receiving.kept() == [35, 37]
    assert receiving.count() == Waiting(0, aside=1)


def test_what_was_put_aside_is_tried_again_under_its_old_name(receiving: Inbox) -> None:
    receiving.take(35)
    with receiving.edges.database.write() as transaction:
        (row,) = transaction.execute(select(tables.endpoints)).mappings().all()
        transaction.execute(tables.endpoints.delete())
    assert receiving.drain() == 0
    with receiving.edges.database.write() as transaction:
        transaction.execute(tables.endpoints.insert().values(**row))
    (aside,) = receiving.folder.glob("*.aside")
    aside.rename(aside.with_suffix(".journal"))
    assert receiving.drain() == 1
    assert receiving.kept() == [35]
    assert receiving.count() == Waiting(0, 0)


def test_a_file_whose_key_is_not_at_hand_stays_until_it_is(receiving: Inbox) -> None:
    receiving.take(35)
    receiving.writer.close()
    other_keys = replace(receiving.edges, sealer=Sealer([new_key()]))
    stranger = replace(receiving, edges=other_keys)
    assert stranger.drain() == 0
    assert stranger.count().to_store == 1
    assert receiving.drain() == 1


def test_a_key_can_be_changed_while_deliveries_are_in_the_journal(receiving: Inbox) -> None:
    receiving.take(35)
    both = Sealer([new_key(), *receiving.edges.sealer._keys])
    assert replace(receiving, edges=replace(receiving.edges, sealer=both)).drain() == 1


def test_a_second_process_does_not_store_at_the_same_time(receiving: Inbox) -> None:
    receiving.take(*range(1, 21))
    threads = [threading.Thread(target=receiving.drain) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert receiving.kept() == list(range(1, 21))


def test_who_must_have_all_stored_waits_for_another_that_is_at_it(receiving: Inbox) -> None:
    receiving.take(35)
    other = JournalReader(receiving.folder, receiving.edges.sealer)
    with other.alone() as alone:
        assert alone
        assert receiving.drain() == 0
        waiting = threading.Thread(
            target=inbox.drain_journal, args=(receiving.edges,), kwargs={"wait": True}
        )
        waiting.start()
        assert receiving.kept() == []
    waiting.join()
    assert receiving.kept() == [35]


def test_where_nothing_can_be_put_aside_the_others_are_not_stored_again_and_again(
    receiving: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stores.add_endpoint(receiving.edges, 1, "order.created")
    strange = replace(
        receiving, endpoint_id=made.endpoint_id, secret=made.secret, topic="order.created"
    )
    receiving.take(35)
    strange.take(36)
    with receiving.edges.database.write() as transaction:
        gone_endpoint = tables.endpoints.c.id == made.endpoint_id
        transaction.execute(tables.endpoints.delete().where(gone_endpoint))
    with monkeypatch.context() as full:
        full.setattr(segment, "_give_room", refuse)
        for _ in range(3):
            with pytest.raises(OSError, match="does not answer"):
                receiving.drain()
        assert receiving.kept() == []
    receiving.drain()
    assert (receiving.kept(), receiving.count().aside) == ([35], 1)


def test_a_record_that_this_version_does_not_understand_holds_up_no_other(
    receiving: Inbox,
) -> None:
    said = b'{"of another version": 1, "has_body": false}'
    receiving.writer.keep(len(said).to_bytes(4, "big") + said, 10)
    receiving.take(35)
    receiving.drain()
    assert (receiving.kept(), receiving.count()) == ([35], Waiting(0, aside=1))


# -- killed on the way


class Killed(BaseException):
    """Ends the work where it is raised, as kill -9 would."""


def killed(*_: object, **__: object) -> None:
    raise Killed


def refuse(*_: object) -> None:
    raise OSError("the disk does not answer")


def test_killed_before_the_commit_a_delivery_is_stored_by_the_next_run(receiving: Inbox) -> None:
    receiving.take(35)

    def store(transaction: DriverTransaction, deliveries: object) -> None:
        inbox.store(transaction, deliveries)  # type: ignore[arg-type]
        raise Killed

    with pytest.raises(Killed):
        journal.drain(receiving.edges, store)
    assert receiving.kept() == []
    receiving.drain()
    assert receiving.kept() == [35]


def test_killed_between_commit_and_mark_a_delivery_is_stored_twice_and_looked_at_once(
    receiving: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiving.take(35)
    with monkeypatch.context() as dying:
        dying.setattr(JournalReader, "mark", killed)
        with pytest.raises(Killed):
            receiving.drain()
    receiving.drain()
    assert receiving.kept() == [35, 35]
    assert receiving.promised() == {"35"}
    assert receiving.drain() == 0


def test_what_cannot_be_marked_is_not_stored_over_and_over(
    receiving: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiving.take(35)
    with monkeypatch.context() as full:
        full.setattr(JournalReader, "_write_mark", refuse)
        for _ in range(3):
            with pytest.raises(OSError, match="does not answer"):
                receiving.drain()
    assert receiving.kept() == []
    receiving.drain()
    assert receiving.kept() == [35]
