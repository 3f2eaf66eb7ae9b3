"""The processes behind the web: RQ workers that keep promises, and the dispatcher that rings."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
from functools import lru_cache
from types import FrameType

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from refunddesk import clock, logs
from refunddesk.db.schema import check_current
from refunddesk.jobnames import JobName, QueueName
from refunddesk.jobs import keeping, registry, schedule
from refunddesk.queue import PromiseJob, connect, ring
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings, read_settings
from refunddesk.wiring import open_edges

log = structlog.get_logger(__name__)

_TICK_SECONDS = 0.25
_RENEW_SECONDS = 10
_TROUBLE_SECONDS = 2


@lru_cache(maxsize=1)
def _edges_of(process_id: int) -> Edges:
    # RQ forks for every job; a connection pool must never cross a fork, so each child has its own.
    return open_edges(read_settings())


def keep_promise(promise_id: int) -> None:
    """What a worker runs when the bell rings. The promise's row says all the rest."""
    keeping.keep(_edges_of(os.getpid()), promise_id, registry.JOBS)


def work(settings: Settings, queue_name: QueueName) -> None:
    """Run the RQ worker of one queue until it is told to stop; a running job is finished first.

    One queue per process: a worker that listens on several loses jobs when it is killed.
    """
    logs.set_up(settings.log_format)
    edges = open_edges(settings)
    check_current(edges.database)
    edges.database.close()
    # No time-out of our own here: RQ sets the one its blocking wait needs.
    redis = Redis.from_url(settings.redis_url)
    _wait_for(redis)
    queue = Queue(
        queue_name.value, connection=redis, serializer=JSONSerializer, job_class=PromiseJob
    )
    while not _listen(redis, queue):
        log.warning("the queue broke off", queue=queue_name.value)
        _wait_for(redis, pause=_TROUBLE_SECONDS)


class _Listener(Worker):
    """An RQ worker that knows whether it was told to stop: it also ends when Redis breaks off."""

    told_to_stop = False

    def handle_warm_shutdown_request(self) -> None:
        self.told_to_stop = True
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]


def _listen(redis: Redis, queue: Queue) -> bool:
    """Work until told to stop, or until the queue is lost: False then."""
    _drop_stale_lock(redis, queue)
    worker = _Listener(
        [queue],
        connection=redis,
        serializer=JSONSerializer,
        job_class=PromiseJob,
        worker_ttl=60,
        maintenance_interval=30,
        job_monitoring_interval=10,
    )
    log.info("worker listens", queue=queue.name)
    try:
        worker.work(logging_level="WARNING")
    except RedisError as error:
        # RQ takes its leave of the queue at the end, which cannot be done where there is none.
        log.warning("queue unreachable", error=type(error).__name__)
    return worker.told_to_stop


def dispatch(settings: Settings) -> None:
    """Ring for due promises and begin periodic work until told to stop. One process leads."""
    logs.set_up(settings.log_format)
    edges = open_edges(settings)
    check_current(edges.database)
    redis = connect(settings.redis_url)
    stopping = _stop_signal()
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def ring_worker(promise_id: int, job: JobName) -> None:
        ring(redis, promise_id, job)

    log.info("dispatcher starts")
    leads_until = journal_from = 0.0
    while not stopping.is_set():
        try:
            # Whoever leads: other machines have a journal of their own.
            if clock.monotonic() >= journal_from and not schedule.store_journal(edges):
                journal_from = clock.monotonic() + _TROUBLE_SECONDS
            if clock.monotonic() >= leads_until:
                if not schedule.lead(edges, holder):
                    stopping.wait(_TROUBLE_SECONDS)
                    continue
                leads_until = clock.monotonic() + _RENEW_SECONDS
            schedule.ring_due(edges, ring_worker)
            schedule.run_rounds(edges, registry.ROUNDS)
            stopping.wait(_TICK_SECONDS)
        except SQLAlchemyError as error:
            log.error("database unreachable", error=type(error).__name__)
            leads_until = 0.0
            stopping.wait(_TROUBLE_SECONDS)
    schedule.stop_leading(edges, holder)
    log.info("dispatcher stops")


def _stop_signal() -> threading.Event:
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping


def _wait_for(redis: Redis, *, pause: float = 0) -> None:
    """Wait until the queue answers: the embedded server may start later than the workers."""
    stopping = _stop_signal()
    stopping.wait(pause)
    told = False
    while not stopping.is_set():
        try:
            redis.ping()
        except RedisError:
            if not told:
                log.warning("waiting for the queue")
                told = True
            stopping.wait(0.2)
        else:
            return
    raise SystemExit(0)


def _drop_stale_lock(redis: Redis, queue: Queue) -> None:
    # A worker killed while it tidied up leaves this lock for 15 minutes, and nobody picks up
    # abandoned jobs meanwhile. Without any live worker on the queue the lock is nobody's.
    if not Worker.all(queue=queue):
        redis.delete(queue.registry_cleaning_key)
