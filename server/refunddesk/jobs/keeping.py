"""Keeps one promise: claims it, runs its job, and closes or postpones it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from refunddesk.db import outbox, stores
from refunddesk.db.outbox import Promise
from refunddesk.jobnames import JobName
from refunddesk.services.edges import Edges
from refunddesk.services.stores import StoreDisconnected

log = structlog.get_logger(__name__)

#: A job: does its work for one subject (an id, or "store:object").
JobFunction = Callable[[Edges, str], None]

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=1)


class NotYet(Exception):
    """The work is not ripe: run it again at `again_at`. Not a failure."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__(f"not before {again_at.isoformat()}")
        self.again_at = again_at


def keep(edges: Edges, promise_id: int, jobs: Mapping[JobName, JobFunction]) -> bool:
    """Run the promise if it is due and free. True if its job ran to its end.

    Any exception of a job is kept on the row and tried again later, with growing pauses: one
    poisoned subject must not hold up the others.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        promise = outbox.claim(transaction, promise_id, now=now)
    if promise is None:
        return False
    job_log = log.bind(job=promise.job.value, subject=promise.subject, run=promise.tries)
    try:
        jobs[promise.job](edges, promise.subject)
    except StoreDisconnected as away:
        _rest(edges, promise, away)
        return False
    except NotYet as early:
        with edges.database.write() as transaction:
            outbox.postpone(transaction, promise, again_at=early.again_at)
        return False
    except Exception as error:
        again_at = edges.clock() + pause_after(promise.tries)
        job_log.warning("job failed", error=type(error).__name__, again_at=again_at.isoformat())
        with edges.database.write() as transaction:
            outbox.fail(
                transaction,
                promise,
                now=edges.clock(),
                error=f"{type(error).__name__}: {error}",
                again_at=again_at,
            )
        return False
    with edges.database.write() as transaction:
        outbox.finish(transaction, promise, now=edges.clock())
    job_log.info("job done")
    return True


def _rest(edges: Edges, promise: Promise, away: StoreDisconnected) -> None:
    """Leave the work until its store is joined again, however long that takes."""
    now = edges.clock()
    with edges.database.write() as transaction:
        # Locked: who joins it again just now wakes this row after us, or has done so before.
        if stores.lock_store(transaction, away.store_id).disconnected_at is None:
            outbox.postpone(transaction, promise, again_at=now)
        else:
            outbox.rest(transaction, promise, store_id=away.store_id, because=str(away))


def pause_after(tries: int) -> timedelta:
    """5 s, 10 s, 20 s … up to an hour."""
    doublings: int = 2 ** min(tries - 1, 12)
    return min(_FIRST_PAUSE * doublings, _LONGEST_PAUSE)
