"""A promise is kept, postponed or tried again; one that fails holds up no other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from refunddesk.db import outbox
from refunddesk.db.outbox import TRIES_UNTIL_STUCK, OpenPromise
from refunddesk.jobnames import JobName
from refunddesk.jobs.keeping import NotYet, keep, pause_after
from refunddesk.services.edges import Edges
from tests.conftest import TestClock

JOB = JobName.JUDGE_REQUEST


def promise(edges: Edges) -> int:
    with edges.database.write() as transaction:
        outbox.promise(transaction, JOB, 7, due_at=edges.clock())
    (only,) = still_open(edges)
    return only.id


def still_open(edges: Edges) -> list[OpenPromise]:
    with edges.database.read() as transaction:
        return outbox.list_open(transaction)


def test_a_job_gets_the_subject_and_its_promise_is_done(edges: Edges) -> None:
    seen: list[str] = []
    promise_id = promise(edges)
    assert keep(edges, promise_id, {JOB: lambda _, subject: seen.append(subject)})
    assert seen == ["7"]
    assert still_open(edges) == []
    assert not keep(edges, promise_id, {JOB: lambda _, subject: seen.append(subject)})
    assert seen == ["7"]


def test_a_promise_that_is_not_there_is_nothing_to_do(edges: Edges) -> None:
    assert not keep(edges, 4711, {})


def test_work_that_is_not_ripe_is_put_off_and_not_counted_as_a_failure(
    edges: Edges, clock: TestClock
) -> None:
    later = clock() + timedelta(hours=2)

    def too_early(_: Edges, subject: str) -> None:
        raise NotYet(later)

    promise_id = promise(edges)
    assert not keep(edges, promise_id, {JOB: too_early})
    (waiting,) = still_open(edges)
    assert (waiting.due_at, waiting.tries, waiting.last_error) == (later, 0, None)


def test_an_error_is_kept_and_the_work_tried_again_ever_more_rarely(
    edges: Edges, clock: TestClock
) -> None:
    def fail(_: Edges, subject: str) -> None:
        raise ConnectionError("the store is away")

    promise_id = promise(edges)
    pauses = []
    for _ in range(4):
        keep(edges, promise_id, {JOB: fail})
        (waiting,) = still_open(edges)
        pauses.append((waiting.due_at - clock()).total_seconds())
        clock.at = waiting.due_at
    assert pauses == [5, 10, 20, 40]
    assert waiting.last_error == "ConnectionError: the store is away"
    assert waiting.stuck_at is None


def test_from_the_tenth_failure_on_a_person_is_shown_the_work(
    edges: Edges, clock: TestClock
) -> None:
    def fail(_: Edges, subject: str) -> None:
        raise ValueError("poison")

    promise_id = promise(edges)
    for tries in range(1, TRIES_UNTIL_STUCK + 1):
        keep(edges, promise_id, {JOB: fail})
        (waiting,) = still_open(edges)
        assert (waiting.stuck_at is not None) is (tries == TRIES_UNTIL_STUCK)
        clock.at = waiting.due_at
    assert keep(edges, promise_id, {JOB: lambda _, subject: None})
    assert still_open(edges) == []


@pytest.mark.parametrize(
    ("tries", "seconds"), [(1, 5), (2, 10), (10, 2560), (11, 3600), (500, 3600)]
)
def test_the_pause_doubles_up_to_an_hour(tries: int, seconds: int) -> None:
    assert pause_after(tries) == timedelta(seconds=seconds)


def test_what_is_asked_for_during_a_run_is_done_in_another_run(edges: Edges) -> None:
    runs: list[str] = []

    def ask_again_once(own: Edges, subject: str) -> None:
        runs.append(subject)
        if len(runs) == 1:
            promise(own)

    promise_id = promise(edges)
    keep(edges, promise_id, {JOB: ask_again_once})
    assert len(still_open(edges)) == 1
    keep(edges, promise_id, {JOB: ask_again_once})
    assert still_open(edges) == []
    assert runs == ["7", "7"]
