"""Every tampering with the audit log is found, and the first bad line is named."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Connection, text

from refunddesk.db import append_only, history
from refunddesk.db.session import Database
from tests.conftest import TestClock


def record(database: Database, clock: TestClock, *actions: str) -> None:
    for action in actions:
        with database.write() as transaction:
            history.record_deed(
                transaction,
                at=clock.move(seconds=1),
                actor="staff:3",
                action=action,
                subject="refund:7",
                data={"amount": "12.34 EUR", "lines": [1, 2]},
            )


def tamper(database: Database, statement: str) -> None:
    """What somebody with all rights on the database could do: take the triggers off first."""
    with database.write() as transaction:
        for taken_off in append_only.allow_changes(transaction.dialect.name, "history"):
            transaction.execute(text(taken_off))
        transaction.execute(text(statement))


def verified(database: Database, *heads: history.Head) -> int:
    with database.read() as transaction:
        return history.verify(transaction, heads)


def head(database: Database) -> history.Head:
    with database.read() as transaction:
        found = history.find_head(transaction)
    assert found is not None
    return found


def test_an_untouched_log_verifies_and_reads_back_as_written(
    database: Database, clock: TestClock
) -> None:
    assert verified(database) == 0
    record(database, clock, "granted", "sent", "paid")
    assert verified(database, head(database)) == 3
    with database.read() as transaction:
        lines = history.list_deeds(transaction, "refund:7")
    assert [line.action for line in lines] == ["granted", "sent", "paid"]
    assert lines[0].data == {"amount": "12.34 EUR", "lines": [1, 2]}


@pytest.mark.parametrize("line", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "change",
    [
        "actor = 'staff:4'",
        "action = 'nothing'",
        "subject = 'refund:8'",
        "data = '{}'",
        "happened_at = '2026-01-01 00:00:00+00:00'",
    ],
)
def test_a_changed_line_is_named(
    database: Database, clock: TestClock, line: int, change: str
) -> None:
    record(database, clock, "granted", "sent", "unknown", "paid")
    tamper(database, f"UPDATE history SET {change} WHERE seq = {line}")
    with pytest.raises(history.HistoryBroken, match=f"Line {line} "):
        verified(database)


@pytest.mark.parametrize("line", [1, 2, 3])
def test_a_deleted_line_is_named(database: Database, clock: TestClock, line: int) -> None:
    record(database, clock, "granted", "sent", "unknown", "paid")
    tamper(database, f"DELETE FROM history WHERE seq = {line}")
    with pytest.raises(history.HistoryBroken, match=f"Line {line} "):
        verified(database)


def test_an_inserted_line_is_named(database: Database, clock: TestClock) -> None:
    record(database, clock, "granted", "sent", "paid")
    tamper(
        database,
        "INSERT INTO history (seq, happened_at, actor, action, subject, data, previous_hash, hash)"
        " SELECT 4, happened_at, actor, action, subject, data,"
        " (SELECT hash FROM history WHERE seq = 3), previous_hash"
        " FROM history WHERE seq = 1",
    )
    with pytest.raises(history.HistoryBroken, match="Line 4 "):
        verified(database)


def test_a_tail_that_was_cut_off_shows_against_the_head_kept_outside(
    database: Database, clock: TestClock
) -> None:
    record(database, clock, "granted", "sent", "paid")
    kept = head(database)
    tamper(database, "DELETE FROM history WHERE seq = 3")
    assert verified(database) == 2
    with pytest.raises(history.HistoryBroken, match="ends at line 2, but line 3"):
        verified(database, kept)


def test_a_log_written_anew_shows_against_the_head_kept_outside(
    database: Database, clock: TestClock
) -> None:
    record(database, clock, "granted", "sent", "paid")
    kept = head(database)
    tamper(database, "DELETE FROM history")
    record(database, clock, "granted", "sent", "failed")
    assert verified(database) == 3
    with pytest.raises(history.HistoryBroken, match="up to line 3 was rewritten"):
        verified(database, kept)


def test_a_deed_of_a_transaction_that_failed_is_not_in_the_log(
    database: Database, clock: TestClock
) -> None:
    def fail(transaction: Connection) -> None:
        history.record_deed(
            transaction, at=clock(), actor="policy", action="granted", subject="refund:7"
        )
        raise RuntimeError("the transaction fails")

    with pytest.raises(RuntimeError), database.write() as transaction:
        fail(transaction)
    record(database, clock, "sent")
    with database.read() as transaction:
        assert [line.action for line in history.list_deeds(transaction, "refund:7")] == ["sent"]


def test_whoever_reads_next_does_not_see_the_deed_of_a_transaction_that_failed(
    database: Database, clock: TestClock
) -> None:
    def fail(transaction: Connection) -> None:
        history.record_deed(
            transaction, at=clock(), actor="staff:3", action="granted", subject="refund:7"
        )
        raise RuntimeError("the transaction fails")

    with pytest.raises(RuntimeError), database.write() as transaction:
        fail(transaction)
    with database.read() as transaction:
        assert history.list_deeds(transaction, "refund:7") == []


def test_many_writers_at_once_make_one_unbroken_chain(database: Database, clock: TestClock) -> None:
    writers = [
        threading.Thread(target=record, args=(database, clock, *["looked at"] * 5))
        for _ in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert verified(database) == 40
