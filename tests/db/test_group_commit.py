"""Many threads write through one: durable when they are answered, and none fails for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from refunddesk.db import group_commit, outbox
from refunddesk.db.group_commit import GroupCommit
from refunddesk.db.session import Database, DriverTransaction
from refunddesk.jobnames import JobName


class Refused(Exception):
    """What the insert says of an item that it cannot take."""


def insert(transaction: DriverTransaction, items: Sequence[str]) -> None:
    """Items become promises; one called "bad" is refused after the others were written."""
    due_at = datetime(2026, 3, 2, tzinfo=UTC)
    good = [(JobName.JUDGE_REQUEST, item, due_at) for item in items if item != "bad"]
    outbox.promise_all(transaction, good)
    if "bad" in items:
        raise Refused


def kept(database: Database) -> set[str]:
    with database.read() as transaction:
        return {row.subject for row in outbox.list_open(transaction, limit=1000)}


@dataclass(slots=True)
class Watched:
    """A connection of the driver's that tells of each commit before it is made."""

    connection: Any
    before_commit: Callable[[], None]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def commit(self) -> None:
        self.before_commit()
        self.connection.commit()


@contextmanager
def watched(database: Database, before_commit: Callable[[], None]) -> Iterator[None]:
    """All connections that writers open from here on."""
    with pytest.MonkeyPatch.context() as patch:
        connect = database.engine.raw_connection
        patch.setattr(database.engine, "raw_connection", lambda: Watched(connect(), before_commit))
        yield


@pytest.fixture
def commits(database: Database) -> Iterator[list[None]]:
    """One entry for each commit from here on."""
    seen: list[None] = []
    with watched(database, lambda: seen.append(None)):
        yield seen


@dataclass(frozen=True, slots=True)
class Held:
    """A writer that has one item, "first", in hand until it is let go."""

    writer: GroupCommit[str]
    let_go: threading.Event
    first: Future[None]
    threads: ThreadPoolExecutor

    def write(self, *items: str) -> list[Future[None]]:
        """Have these items wait behind the first."""
        waiting = [self.threads.submit(self.writer.write, item, 10) for item in items]
        while len(self.writer._waiting) < len(items) and not any(map(Future.done, waiting)):
            time.sleep(0.001)
        return waiting


@pytest.fixture
def held(database: Database) -> Iterator[Held]:
    in_hand, let_go = threading.Event(), threading.Event()

    def wait_and_insert(transaction: DriverTransaction, items: Sequence[str]) -> None:
        in_hand.set()
        assert let_go.wait(10)
        insert(transaction, items)

    writer = GroupCommit(database, wait_and_insert)
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(writer.write, "first", 10)
        assert in_hand.wait(10)
        yield Held(writer, let_go, first, threads)
        let_go.set()


def test_what_was_answered_is_committed(database: Database) -> None:
    GroupCommit(database, insert).write("one", 10)
    assert kept(database) == {"one"}


def test_those_that_wait_share_one_commit(
    commits: list[None], database: Database, held: Held
) -> None:
    others = {str(number) for number in range(19)}
    waiting = held.write(*others)
    held.let_go.set()
    for answer in [held.first, *waiting]:
        answer.result()
    assert kept(database) == {"first", *others}
    assert len(commits) == 2


def test_where_many_came_together_the_next_commit_waits_for_company(
    commits: list[None], database: Database, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "_LONGEST_GATHERING_SECONDS", 10)
    crowd = held.write("1", "2", "3", "4")
    held.let_go.set()
    for answer in [held.first, *crowd]:
        answer.result()
    (early,) = held.write("5")
    with pytest.raises(TimeoutError):
        early.result(0.3)
    for answer in [early, *held.write("6", "7")]:
        answer.result()
    assert len(commits) == 3


def test_one_that_comes_alone_after_many_is_written_without_them(
    database: Database, held: Held
) -> None:
    crowd = held.write("1", "2", "3", "4")
    held.let_go.set()
    for answer in crowd:
        answer.result()
    held.writer.write("alone", 10)
    assert "alone" in kept(database)


def test_an_item_that_cannot_be_written_fails_alone(database: Database, held: Held) -> None:
    waiting = held.write("two", "bad", "four")
    held.let_go.set()
    failed = [type(answer.exception()) for answer in waiting]
    assert failed == [type(None), Refused, type(None)]
    assert kept(database) == {"first", "two", "four"}


def test_an_item_given_up_before_its_turn_is_not_written(database: Database, held: Held) -> None:
    """Its owner has put it elsewhere by then."""
    with pytest.raises(TimeoutError):
        held.writer.write("given up", 0.05)
    held.let_go.set()
    held.writer.write("last", 10)
    assert kept(database) == {"first", "last"}


def test_a_commit_that_fails_is_nobodys_success(database: Database) -> None:
    writer = GroupCommit(database, insert)

    def fail() -> None:
        raise Refused

    with watched(database, fail), pytest.raises(Refused):
        writer.write("one", 10)
    assert kept(database) == set()
    writer.write("two", 10)
    assert kept(database) == {"two"}
