"""Work promised in a transaction is done after it, at least once, by one worker at a time."""

from __future__ import annotations

from datetime import timedelta

from refunddesk.db import outbox
from refunddesk.db.session import Database
from refunddesk.jobnames import LIMITS, JobName
from tests.conftest import TestClock

JOB = JobName.JUDGE_REQUEST


def ask(database: Database, clock: TestClock, **later: float) -> None:
    with database.write() as transaction:
        outbox.promise(transaction, JOB, 7, due_at=clock() + timedelta(**later))


def take(database: Database, clock: TestClock) -> outbox.Promise | None:
    with database.write() as transaction:
        due = outbox.list_due(transaction, clock())
        return outbox.claim(transaction, due[0][0], now=clock()) if due else None


def test_a_promise_of_a_transaction_that_failed_is_never_kept(
    database: Database, clock: TestClock
) -> None:
    try:
        with database.write() as transaction:
            outbox.promise(transaction, JOB, 7, due_at=clock())
            raise RuntimeError("the transaction fails")
    except RuntimeError:
        pass
    assert take(database, clock) is None


def test_a_promise_is_not_due_a_moment_before_its_time(
    database: Database, clock: TestClock
) -> None:
    ask(database, clock, seconds=10)
    clock.move(seconds=9.999)
    assert take(database, clock) is None
    clock.move(seconds=0.001)
    assert take(database, clock) is not None


def test_what_is_asked_for_twice_at_once_is_due_at_the_earlier_time(
    database: Database, clock: TestClock
) -> None:
    soon, later = clock() + timedelta(seconds=10), clock() + timedelta(seconds=20)
    with database.write() as transaction:
        outbox.promise_all(transaction, [(JOB, "7", later), (JOB, "7", soon), (JOB, "8", later)])
    clock.move(seconds=10)
    assert take(database, clock) is not None
    assert take(database, clock) is None


def test_any_number_of_things_is_asked_for_at_once(database: Database, clock: TestClock) -> None:
    everything = {str(number) for number in range(1000)}
    with database.write() as transaction:
        outbox.promise_all(transaction, [(JOB, subject, clock()) for subject in everything])
    with database.read() as transaction:
        assert outbox.list_open_subjects(transaction, JOB, everything) == everything


def test_two_workers_cannot_hold_one_promise(database: Database, clock: TestClock) -> None:
    ask(database, clock)
    first = take(database, clock)
    assert first is not None
    with database.write() as transaction:
        assert outbox.claim(transaction, first.id, now=clock()) is None


def test_the_claim_of_a_killed_worker_lapses_and_its_late_answer_counts_for_nothing(
    database: Database, clock: TestClock
) -> None:
    ask(database, clock)
    killed = take(database, clock)
    assert killed is not None
    clock.at += LIMITS[JOB].claim - timedelta(microseconds=1)
    assert take(database, clock) is None
    clock.move(microseconds=1)
    second = take(database, clock)
    assert second is not None
    with database.write() as transaction:
        assert not outbox.finish(transaction, killed, now=clock())
        assert outbox.finish(transaction, second, now=clock())


def test_asking_while_a_worker_is_at_it_makes_it_run_once_more(
    database: Database, clock: TestClock
) -> None:
    ask(database, clock)
    running = take(database, clock)
    assert running is not None
    ask(database, clock)
    with database.write() as transaction:
        outbox.finish(transaction, running, now=clock())
    again = take(database, clock)
    assert again is not None
    with database.write() as transaction:
        outbox.finish(transaction, again, now=clock())
    assert take(database, clock) is None


def test_a_job_that_asks_for_itself_later_rests_until_then(
    database: Database, clock: TestClock
) -> None:
    ask(database, clock)
    running = take(database, clock)
    assert running is not None
    ask(database, clock, days=14)
    with database.write() as transaction:
        outbox.finish(transaction, running, now=clock())
    clock.at += timedelta(days=14) - timedelta(microseconds=1)
    assert take(database, clock) is None
    clock.move(microseconds=1)
    assert take(database, clock) is not None


def test_a_killed_job_that_asked_for_itself_later_is_still_taken_over(
    database: Database, clock: TestClock
) -> None:
    ask(database, clock)
    assert take(database, clock) is not None
    ask(database, clock, days=14)
    clock.at += LIMITS[JOB].claim
    assert take(database, clock) is not None


def test_of_two_askings_during_a_run_the_earlier_wins(database: Database, clock: TestClock) -> None:
    ask(database, clock)
    running = take(database, clock)
    assert running is not None
    ask(database, clock, hours=1)
    ask(database, clock, days=14)
    with database.write() as transaction:
        outbox.finish(transaction, running, now=clock())
    clock.move(hours=1)
    assert take(database, clock) is not None


def test_work_put_off_is_not_put_off_for_who_asked_meanwhile(
    database: Database, clock: TestClock
) -> None:
    ask(database, clock)
    running = take(database, clock)
    assert running is not None
    ask(database, clock)
    with database.write() as transaction:
        outbox.postpone(transaction, running, again_at=clock() + timedelta(days=1))
    assert take(database, clock) is not None


def test_of_two_due_times_of_open_work_the_earlier_wins(
    database: Database, clock: TestClock
) -> None:
    ask(database, clock, seconds=10)
    ask(database, clock, hours=1)
    clock.move(seconds=10)
    assert take(database, clock) is not None


def test_work_that_fails_ten_times_is_shown_to_a_person_and_still_tried(
    database: Database, clock: TestClock
) -> None:
    ask(database, clock)
    for attempt in range(1, outbox.TRIES_UNTIL_STUCK + 1):
        promise = take(database, clock)
        assert promise is not None
        assert promise.tries == attempt
        with database.write() as transaction:
            assert not outbox.list_open(transaction, stuck_only=True)
            outbox.fail(
                transaction, promise, now=clock(), error="no answer", again_at=clock.move(hours=1)
            )
    with database.read() as transaction:
        (stuck,) = outbox.list_open(transaction, stuck_only=True)
    assert stuck.last_error == "no answer"
    assert take(database, clock) is not None


def test_waiting_for_the_right_moment_is_no_failure(database: Database, clock: TestClock) -> None:
    ask(database, clock)
    promise = take(database, clock)
    assert promise is not None
    with database.write() as transaction:
        outbox.postpone(transaction, promise, again_at=clock() + timedelta(seconds=3))
    clock.move(seconds=3)
    again = take(database, clock)
    assert again is not None
    assert again.tries == 1


def test_a_ring_that_nobody_answered_is_repeated_after_45_seconds(
    database: Database, clock: TestClock
) -> None:
    ask(database, clock)
    with database.write() as transaction:
        ((promise_id, _),) = outbox.list_due(transaction, clock())
        outbox.record_rung(transaction, [promise_id], clock())
        assert outbox.list_due(transaction, clock.move(seconds=44)) == []
        assert outbox.list_due(transaction, clock.move(seconds=1)) == [(promise_id, JOB)]
