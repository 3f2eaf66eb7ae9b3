"""What the committed rows say is still to come, read again only after they have changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from refunddesk.db import outbox
from refunddesk.jobnames import JobName
from tests.stories.schedules.world import START

_RING_AGAIN = outbox.RING_AGAIN.total_seconds()
#: How often refunds are swept, in seconds.
SWEEP_EVERY = 60.0
#: From the desk's own clock, as it was set since, to seconds from the beginning.
TrueTime = Callable[[timedelta], float]


class Agenda:
    """Looks past the desk. `forget` is called after each commit, and for another database."""

    def __init__(self, past: sqlite3.Connection, true_time: TrueTime) -> None:
        self._past = past
        self._true_time = true_time
        self.forget()

    def forget(self) -> None:
        self._promises: list[tuple[str, timedelta, timedelta | None]] | None = None
        self._leases: list[timedelta] | None = None
        self._swept: timedelta | None = None

    def moments(self, *, orders_too: bool) -> list[float]:
        """When each open promise is to be rung for, in seconds from the beginning."""
        return [
            max(self._true_time(due), 0.0 if rung is None else self._true_time(rung) + _RING_AGAIN)
            for job, due, rung in self._open_promises()
            if orders_too or job != JobName.RECORD_ORDER
        ]

    def has_open_step(self) -> bool:
        return any(job == JobName.TAKE_STEP for job, _, _ in self._open_promises())

    def lapses(self) -> list[float]:
        """When the sweep next finds each refund whose sender fell silent."""
        if self._leases is None:
            self._leases = list(self._read_leases())
        again = 0.0 if self._swept is None else self._true_time(self._swept) + SWEEP_EVERY
        return [max(self._true_time(lease), again) for lease in self._leases]

    def _open_promises(self) -> list[tuple[str, timedelta, timedelta | None]]:
        if self._promises is None:
            rows = self._past.execute(
                "SELECT job, coalesce(claimed_until, due_at), rung_at FROM outbox"
                " WHERE asked > done"
            )
            self._promises = [
                (job, _since_start(due), _since_start(rung) if rung else None)
                for job, due, rung in rows
            ]
        return self._promises

    def _read_leases(self) -> Iterator[timedelta]:
        past = self._past
        swept = past.execute("SELECT begun_at FROM rounds WHERE name = 'sweep_refunds'").fetchone()
        self._swept = _since_start(swept[0]) if swept else None
        for (until,) in past.execute("SELECT lease_until FROM refunds WHERE state = 'sending'"):
            yield _since_start(until)


@lru_cache(maxsize=4_096)
def _since_start(text: str) -> timedelta:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - START
