"""Rings the workers' bell: tells RQ that a promise is due. The promise itself is a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.job import Job

from refunddesk.jobnames import LIMITS, JobName, QueueName

#: The one function a worker will run; everything else in the queue is refused.
KEEP_PROMISE = "refunddesk.worker.keep_promise"
#: What a finished or failed ring leaves in Redis, in seconds: enough to look at, not to fill it.
_KEPT_SECONDS = 300


class QueueUnreachable(Exception):
    """Redis did not take the ring. Nothing is lost: the row is rung for again."""


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """How many rings wait in a queue, and how many workers listen to it."""

    waiting: int
    workers: int


class ForeignJob(Exception):
    """The queue holds a call that this program did not put there."""


class PromiseJob(Job):
    """A job that can only ever call `keep_promise`, whatever stands in Redis.

    RQ imports and calls any function that a job names, as its work or as a callback, and posts to
    any address it names as a webhook: whoever can write to Redis could run code here.
    """

    success_callback = None
    failure_callback = None
    stopped_callback = None

    @property
    def func(self) -> Any:
        if self.func_name != KEEP_PROMISE:
            raise ForeignJob(f"{self.func_name!r} is not a job of Refund Desk; it was not run")
        return super().func

    def send_webhooks(self, status: object, *, exc_string: str | None = None) -> None:
        """Nothing: this program's jobs have no webhooks."""


def connect(redis_url: str) -> Redis:
    """A connection that gives up after seconds instead of holding up the dispatcher."""
    return Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=5)


def ring(redis: Redis, promise_id: int, job: JobName) -> None:
    """Wake a worker for the promise. Ringing twice is harmless: the claim is in the database."""
    limits = LIMITS[job]
    queue = Queue(limits.queue.value, connection=redis, serializer="json", job_class=PromiseJob)
    try:
        queue.enqueue(
            KEEP_PROMISE,
            kwargs={"promise_id": promise_id},
            job_timeout=int(limits.timeout.total_seconds()),
            result_ttl=0,
            failure_ttl=_KEPT_SECONDS,
            description=f"{job.value} (promise {promise_id})",
        )
    except RedisError as error:
        raise QueueUnreachable(
            f"The queue did not answer ({error.__class__.__name__}). The work stays in the "
            "database and is rung for again as soon as the queue is back."
        ) from error


def measure(redis_url: str) -> dict[QueueName, QueueLoad]:
    """The load of every queue. Raises QueueUnreachable when there is no answer within a second."""
    redis = Redis.from_url(redis_url, socket_connect_timeout=1, socket_timeout=1)
    try:
        return {name: _load(Queue(name.value, connection=redis)) for name in QueueName}
    except RedisError as error:
        raise QueueUnreachable(f"The queue did not answer ({error.__class__.__name__}).") from error
    finally:
        redis.close()


def _load(queue: Queue) -> QueueLoad:
    # A worker that was killed counts for as long as its last heartbeat is good: two minutes.
    return QueueLoad(queue.count, len(Worker.all(queue=queue)))
