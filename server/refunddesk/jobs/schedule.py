"""The dispatcher: rings for due promises and begins the periodic work, one process at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from refunddesk.db import leases, outbox
from refunddesk.jobnames import JobName
from refunddesk.queue import QueueUnreachable
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import drain_journal

log = structlog.get_logger(__name__)

_LEASE = "dispatcher"
_LEASE_TIME = timedelta(seconds=30)

#: Wakes a worker for a promise; raises QueueUnreachable.
Ring = Callable[[int, JobName], None]


@dataclass(frozen=True, slots=True)
class Round:
    """Periodic work of the dispatcher itself: short, no store, safe to run twice."""

    name: str
    every: timedelta
    run: Callable[[Edges], object]


def lead(edges: Edges, holder: str) -> bool:
    """Become or stay the one dispatcher; False while another process is it."""
    now = edges.clock()
    with edges.database.write() as transaction:
        return leases.take_lease(transaction, _LEASE, holder, now=now, until=now + _LEASE_TIME)


def stop_leading(edges: Edges, holder: str) -> None:
    """Let another process take over at once instead of after the lease."""
    with edges.database.write() as transaction:
        leases.drop_lease(transaction, _LEASE, holder)


def store_journal(edges: Edges) -> bool:
    """Store what the web processes of this machine kept; whether that could be done.

    A journal that cannot be read keeps no other work from being done. Raises SQLAlchemyError where
    the database takes nothing.
    """
    try:
        drain_journal(edges)
    except SQLAlchemyError:
        raise
    except Exception:
        log.exception("journal not stored")
        return False
    return True


def ring_due(edges: Edges, ring: Ring) -> int:
    """Ring once for every due promise; the number rung.

    A promise counts as rung only after the queue took it: with the queue away, they stay due.
    """
    now = edges.clock()
    with edges.database.read() as transaction:
        due = outbox.list_due(transaction, now)
    rung: list[int] = []
    try:
        for promise_id, job in due:
            ring(promise_id, job)
            rung.append(promise_id)
    except QueueUnreachable as error:
        log.warning("queue unreachable", waiting=len(due) - len(rung), error=str(error))
    if rung:
        with edges.database.write() as transaction:
            outbox.record_rung(transaction, rung, now)
    return len(rung)


def run_rounds(edges: Edges, rounds: Sequence[Round]) -> list[str]:
    """Run the periodic work whose time has come; the names run. One failing stops no other."""
    ran = []
    for work in rounds:
        now = edges.clock()
        with edges.database.write() as transaction:
            begun = leases.begin_round(
                transaction, work.name, now=now, due_since=_due_since(now, work.every)
            )
        if not begun:
            continue
        try:
            work.run(edges)
        except Exception:
            log.exception("periodic work failed", round=work.name)
        ran.append(work.name)
    return ran


def _due_since(now: datetime, every: timedelta) -> datetime:
    return now - every
