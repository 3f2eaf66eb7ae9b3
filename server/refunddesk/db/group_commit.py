"""One thread that writes: what many requests hand in shares one commit and its fsync."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy import Connection

from refunddesk.db.session import Database

_MOST_AT_ONCE = 256

Item = TypeVar("Item")


class _Waiting(Generic[Item]):
    """An item and the thread that waits until it is durable."""

    __slots__ = ("_answered", "error", "given_up", "item")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.error: Exception | None = None
        self.given_up = False
        # A bare lock, held until the answer is there: a future costs as much as the insert.
        self._answered = threading.Lock()
        self._answered.acquire()

    def wait(self, timeout: float) -> None:
        if not self._answered.acquire(timeout=timeout):
            self.given_up = True
            raise TimeoutError(f"not durable within {timeout} seconds")
        if self.error:
            raise self.error

    def answer(self, error: Exception | None = None) -> None:
        self.error = error
        self._answered.release()


class GroupCommit(Generic[Item]):
    """Writes items from many threads, all that wait in one transaction, and answers after it.

    SQLite lets one writer in at a time and makes the others sleep: with a thread per request
    committing for itself the slowest of a hundred waited half a second. One writer thread makes
    that 11 ms, and each commit's fsync serves up to 256 requests. The thread starts with the
    first write and anew after a fork.
    """

    def __init__(
        self, database: Database, insert: Callable[[Connection, Sequence[Item]], None]
    ) -> None:
        self._database = database
        self._insert = insert
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Waiting[Item]] = queue.SimpleQueue()
        self._process_id = 0

    def write(self, item: Item, timeout: float) -> None:
        """The item is durable when this returns.

        Raises what `insert` or the commit raised, or TimeoutError after `timeout` seconds: then
        the item is not written, unless its transaction had begun already.
        """
        self._start_once()
        waiting = _Waiting(item)
        self._queue.put(waiting)
        waiting.wait(timeout)

    def _start_once(self) -> None:
        if self._process_id == os.getpid():
            return
        with self._lock:
            if self._process_id != os.getpid():
                self._queue = queue.SimpleQueue()
                threading.Thread(target=self._run, name="group-commit", daemon=True).start()
                self._process_id = os.getpid()

    def _run(self) -> None:
        while True:
            waiting = [self._queue.get()]
            while len(waiting) < _MOST_AT_ONCE and not self._queue.empty():
                waiting.append(self._queue.get())
            self._commit(waiting)

    def _commit(self, waiting: Sequence[_Waiting[Item]]) -> None:
        try:
            with self._database.write() as transaction:
                # The database may have let nobody in for so long that some wait no more.
                waiting = [each for each in waiting if not each.given_up]
                if waiting:
                    self._insert(transaction, [each.item for each in waiting])
        except Exception as error:
            if len(waiting) == 1:
                waiting[0].answer(error)
                return
            # One of them may be at fault: the others must not fail for it.
            for each in waiting:
                self._commit([each])
            return
        for each in waiting:
            each.answer()
