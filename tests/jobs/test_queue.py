"""The queue carries a bell and nothing else: what others put there is never run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from rq import Callback, Queue, SimpleWorker
from rq.serializers import JSONSerializer

from refunddesk import queue as bell
from refunddesk.jobnames import LIMITS, JobName


@pytest.fixture
def redis(queue_url: str) -> Iterator[Redis]:
    connection = bell.connect(queue_url)
    yield connection
    connection.close()


def run_waiting_jobs(redis: Redis, queue_name: str) -> None:
    """What a worker process does with its queue, here in this process."""
    queue = Queue(
        queue_name, connection=redis, serializer=JSONSerializer, job_class=bell.PromiseJob
    )
    worker = SimpleWorker(
        [queue], connection=redis, serializer=JSONSerializer, job_class=bell.PromiseJob
    )
    worker.work(burst=True, logging_level="CRITICAL")
    worker.log.handlers.clear()


def test_a_ring_names_only_the_promise_and_lies_in_the_queue_of_its_job(redis: Redis) -> None:
    bell.ring(redis, 17, JobName.PAY_REFUND)
    queue = Queue("money", connection=redis, serializer=JSONSerializer, job_class=bell.PromiseJob)
    (job,) = queue.jobs
    assert job.func_name == bell.KEEP_PROMISE
    assert (job.args, job.kwargs) == ([], {"promise_id": 17})
    assert job.timeout == LIMITS[JobName.PAY_REFUND].timeout.total_seconds()


def test_a_call_that_somebody_else_put_into_the_queue_is_not_run(
    redis: Redis, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    foreign = Queue("desk", connection=redis, serializer=JSONSerializer)
    foreign.enqueue("pathlib.Path.touch", str(trace))
    foreign.enqueue("os.mkdir", str(trace))
    run_waiting_jobs(redis, "desk")
    assert not trace.exists()


def test_a_callback_that_somebody_else_hung_on_a_job_is_not_run(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []

    def keep(promise_id: int) -> None:
        kept.append(promise_id)
        if promise_id == 2:
            raise RuntimeError("this one fails")

    monkeypatch.setattr("refunddesk.worker.keep_promise", keep)
    trace = tmp_path / "trace"
    monkeypatch.setattr("builtins.credits", lambda *_: trace.touch(), raising=False)
    foreign = Queue("desk", connection=redis, serializer=JSONSerializer)
    hung = Callback("builtins.credits")
    foreign.enqueue(bell.KEEP_PROMISE, kwargs={"promise_id": 1}, on_success=hung)
    foreign.enqueue(bell.KEEP_PROMISE, kwargs={"promise_id": 2}, on_failure=hung)
    run_waiting_jobs(redis, "desk")
    assert kept == [1, 2]
    assert not trace.exists()


def test_with_the_queue_away_the_ring_says_that_nothing_is_lost() -> None:
    away = bell.connect("unix:///nowhere/queue.sock")
    with pytest.raises(bell.QueueUnreachable, match="stays in the database"):
        bell.ring(away, 17, JobName.PAY_REFUND)
