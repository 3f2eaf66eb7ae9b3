"""Watches the licence API for somebody who tries keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from refunddesk.db import license_calls, stores
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.license_calls import Calls
from refunddesk.services.alarms import keep_alarm
from refunddesk.services.edges import Edges

_KEPT_TOGETHER = 100
_LOOKED_BACK = timedelta(minutes=10)
_LEAST_MISSES = 200
_KEPT_FOR = timedelta(days=7)


class Traffic:
    """One process's counts, written down together: a call costs no write of its own.

    Hits and misses are written alike, so that the time a call takes tells nothing. A process that
    is killed loses the counts of its last minute.
    """

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self._lock = Lock()
        self._minute: datetime | None = None
        self._hits = 0
        self._misses = 0

    def count(self, *, is_hit: bool) -> None:
        """Count one call, and write the counts down once they are many or a minute old."""
        minute = self._edges.clock().replace(second=0, microsecond=0)
        with self._lock:
            full = None
            if self._minute not in (None, minute):
                full = self._take()
            self._minute = minute
            self._hits += is_hit
            self._misses += not is_hit
            if self._hits + self._misses >= _KEPT_TOGETHER:
                full = self._take()
        if full:
            self._write(*full)

    def flush(self) -> None:
        """Write down what was counted so far."""
        with self._lock:
            full = self._take() if self._minute else None
        if full:
            self._write(*full)

    def _take(self) -> tuple[datetime, Calls]:
        assert self._minute is not None
        taken = self._minute, Calls(self._hits, self._misses)
        self._minute, self._hits, self._misses = None, 0, 0
        return taken

    def _write(self, minute: datetime, calls: Calls) -> None:
        with self._edges.database.write() as transaction:
            license_calls.add_calls(transaction, minute, calls)


def watch_misses(edges: Edges) -> None:
    """Raise an alarm while most calls of the last ten minutes brought keys that open nothing.

    Keys belong to no store before they are known, so every store's alarm is raised.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        calls = license_calls.count_since(transaction, now - _LOOKED_BACK)
        trouble = None
        if calls.misses >= _LEAST_MISSES and calls.misses > calls.hits:
            trouble = (
                f"Somebody may be trying licence keys: {calls.misses} of the last "
                f"{calls.misses + calls.hits} calls in ten minutes brought none that exists."
            )
        for store in stores.list_stores(transaction):
            keep_alarm(transaction, store.id, AlarmKind.LICENSE_GUESSING, trouble=trouble, now=now)
        license_calls.drop_before(transaction, now - _KEPT_FOR)
