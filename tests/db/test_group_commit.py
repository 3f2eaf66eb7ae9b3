"""One thread writes for all: each caller gets its own answer, after the commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import Connection, event, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from refunddesk.db.group_commit import GroupCommit
from refunddesk.db.session import Database
from refunddesk.db.tables import rounds
from tests.conftest import TestClock

PATIENCE = 20.0


def begin(name: str, at: datetime) -> Callable[[Connection], str]:
    """A change that adds one row of this name and answers with it."""

    def change(transaction: Connection) -> str:
        transaction.execute(insert(rounds).values(name=name, begun_at=at))
        return name

    return change


def names(database: Database) -> set[str]:
    with database.read() as transaction:
        return set(transaction.scalars(select(rounds.c.name)))


@pytest.fixture
def commits(database: Database) -> list[str]:
    counted: list[str] = []

    def count(_: Connection) -> None:
        counted.append("commit")

    event.listen(database.engine, "commit", count)
    return counted


def test_what_is_answered_is_there(database: Database, clock: TestClock) -> None:
    writer = GroupCommit(database)
    assert writer.write(begin("one", clock()), PATIENCE) == "one"
    assert names(database) == {"one"}


def test_a_write_that_fails_takes_no_other_with_it(database: Database, clock: TestClock) -> None:
    writer = GroupCommit(database)
    writer.write(begin("taken", clock()), PATIENCE)

    def try_one(name: str) -> str:
        try:
            return str(writer.write(begin(name, clock()), PATIENCE))
        except IntegrityError:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(try_one, ["a", "taken", "b", "taken", "c"]))
    assert answers == ["a", "refused", "b", "refused", "c"]
    assert names(database) == {"taken", "a", "b", "c"}


def test_a_write_that_breaks_off_midway_leaves_none_of_its_rows(
    database: Database, clock: TestClock
) -> None:
    writer = GroupCommit(database)

    def half(transaction: Connection) -> None:
        transaction.execute(insert(rounds).values(name="half", begun_at=clock()))
        raise ValueError("the second half is missing")

    with pytest.raises(ValueError, match="second half"):
        writer.write(half, PATIENCE)
    writer.write(begin("whole", clock()), PATIENCE)
    assert names(database) == {"whole"}


def test_writes_that_wait_together_share_one_commit(
    database: Database, clock: TestClock, commits: list[str]
) -> None:
    writer = GroupCommit(database)
    entered, go_on = threading.Event(), threading.Event()

    def slow(transaction: Connection) -> None:
        entered.set()
        go_on.wait(PATIENCE)

    with ThreadPoolExecutor(32) as pool:
        first = pool.submit(writer.write, slow, PATIENCE)
        assert entered.wait(PATIENCE)
        waiting = [pool.submit(writer.write, begin(str(n), clock()), PATIENCE) for n in range(30)]
        while writer._queue.qsize() < 30:
            threading.Event().wait(0.01)
        go_on.set()
        first.result(PATIENCE)
        assert {future.result(PATIENCE) for future in waiting} == {str(n) for n in range(30)}
    assert len(commits) == 2


def test_a_commit_that_fails_is_told_to_everybody_who_waited(
    database: Database, clock: TestClock
) -> None:
    writer = GroupCommit(database)

    def fail(_: Connection) -> None:
        raise SQLAlchemyError("the disk is full")

    event.listen(database.engine, "commit", fail)
    with pytest.raises(SQLAlchemyError, match="the disk is full"):
        writer.write(begin("one", clock()), PATIENCE)
    event.remove(database.engine, "commit", fail)
    assert names(database) == set()
    assert writer.write(begin("two", clock()), PATIENCE) == "two"


def test_a_caller_does_not_wait_for_ever(database: Database) -> None:
    writer = GroupCommit(database)
    go_on = threading.Event()

    def hang(_: Connection) -> None:
        go_on.wait(PATIENCE)

    with pytest.raises(TimeoutError):
        writer.write(hang, 0.05)
    go_on.set()
    assert writer.write(lambda _: "next", PATIENCE) == "next"
