"""One dispatcher at a time rings for what is due, and losing the bell loses no work."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from refunddesk.db import inbox, outbox
from refunddesk.jobnames import JobName
from refunddesk.jobs.schedule import (
    Round,
    lead,
    ring_due,
    run_rounds,
    stop_leading,
    store_journal,
)
from refunddesk.journal.reader import JournalReader
from refunddesk.queue import QueueUnreachable
from refunddesk.services import journal
from refunddesk.services.edges import Edges
from refunddesk.services.stores import add_endpoint
from tests.building import add_store
from tests.conftest import TestClock
from tests.keeping import delivery, keep_in_journal


def promise(edges: Edges, subject: int, **later: float) -> None:
    with edges.database.write() as transaction:
        due_at = edges.clock() + timedelta(**later)
        outbox.promise(transaction, JobName.JUDGE_REQUEST, subject, due_at=due_at)


class Bell:
    """Stands for the queue: counts rings, and may be away."""

    def __init__(self) -> None:
        self.rung: list[int] = []
        self.away_after: int | None = None

    def ring(self, promise_id: int, job: JobName) -> None:
        if self.away_after is not None and len(self.rung) >= self.away_after:
            raise QueueUnreachable("the queue is away")
        self.rung.append(promise_id)


def test_only_what_is_due_is_rung_for_and_again_when_nobody_answered_for_45_seconds(
    edges: Edges, clock: TestClock
) -> None:
    promise(edges, 1)
    promise(edges, 2, seconds=30)
    bell = Bell()
    assert ring_due(edges, bell.ring) == 1
    assert ring_due(edges, bell.ring) == 0
    clock.move(seconds=30)
    assert ring_due(edges, bell.ring) == 1
    clock.move(seconds=14.999)
    assert ring_due(edges, bell.ring) == 0
    clock.move(seconds=0.001)
    assert ring_due(edges, bell.ring) == 1
    assert len(set(bell.rung)) == 2


def test_while_the_queue_is_away_everything_stays_due(edges: Edges) -> None:
    for subject in range(5):
        promise(edges, subject)
    bell = Bell()
    bell.away_after = 2
    assert ring_due(edges, bell.ring) == 2
    bell.away_after = None
    assert ring_due(edges, bell.ring) == 3
    assert len(set(bell.rung)) == 5


def test_only_one_process_leads_until_it_stops_or_its_lease_runs_out(
    edges: Edges, clock: TestClock
) -> None:
    assert lead(edges, "one")
    assert not lead(edges, "two")
    clock.move(seconds=14.999)
    assert not lead(edges, "two")
    assert lead(edges, "one")
    clock.move(seconds=30)
    assert lead(edges, "two")
    assert not lead(edges, "one")
    stop_leading(edges, "one")
    assert not lead(edges, "one")
    stop_leading(edges, "two")
    assert lead(edges, "one")


def test_periodic_work_is_begun_when_its_time_has_come_and_not_before(
    edges: Edges, clock: TestClock
) -> None:
    rounds = [Round("sweep", timedelta(seconds=60), lambda _: None)]
    assert run_rounds(edges, rounds) == ["sweep"]
    clock.move(seconds=59.999)
    assert run_rounds(edges, rounds) == []
    clock.move(seconds=0.001)
    assert run_rounds(edges, rounds) == ["sweep"]


def test_periodic_work_that_fails_holds_up_no_other(edges: Edges) -> None:
    done: list[str] = []

    def fail(_: Edges) -> None:
        raise RuntimeError("broken")

    rounds = [
        Round("broken", timedelta(seconds=60), fail),
        Round("whole", timedelta(seconds=60), lambda _: done.append("whole")),
    ]
    assert run_rounds(edges, rounds) == ["broken", "whole"]
    assert done == ["whole"]


# -- the journal


def test_what_the_web_processes_kept_is_stored(edges: Edges) -> None:
    made = add_endpoint(edges, add_store(edges), "order.updated")
    keep_in_journal(edges, delivery(edges.clock(), endpoint_id=made.endpoint_id))
    assert store_journal(edges)
    with edges.database.read() as transaction:
        assert inbox.find_newest_id(transaction) > 0


def test_a_journal_that_cannot_be_read_keeps_no_other_work_from_being_done(
    edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("the disk does not answer")

    keep_in_journal(edges, delivery(edges.clock()))
    monkeypatch.setattr(JournalReader, "mark", refuse)
    monkeypatch.setattr(JournalReader, "_write_mark", refuse)
    assert not store_journal(edges)


def test_a_database_that_takes_nothing_is_told(edges: Edges) -> None:
    keep_in_journal(edges, delivery(edges.clock()))
    with edges.database.write() as transaction:
        transaction.execute(text("ALTER TABLE inbox RENAME TO inbox_away"))
    with pytest.raises(SQLAlchemyError):
        store_journal(edges)
    assert journal.count(edges).to_store == 1
