"""One thread that writes: what many requests hand in shares one commit and its fsync."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from refunddesk.db.session import Database, DriverConnection, DriverTransaction

_MOST_AT_ONCE = 256
#: So long a commit waits for the company it may expect: less than any store notices.
_LONGEST_GATHERING_SECONDS = 0.004

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

    Where many write at once, a commit waits a moment for as many as may be expected after the last
    one: a transaction costs about as much for one as for ten. Who writes alone waits for nobody.
    """

    def __init__(
        self, database: Database, insert: Callable[[DriverTransaction, Sequence[Item]], None]
    ) -> None:
        self._database = database
        self._insert = insert
        self._process_id = 0
        self._starting = threading.Lock()
        self._begin_anew()

    def write(self, item: Item, timeout: float) -> None:
        """The item is durable when this returns.

        Raises what `insert` or the commit raised, or TimeoutError after `timeout` seconds: then
        the item is not written, unless its transaction had begun already.
        """
        self._start_once()
        waiting = _Waiting(item)
        with self._arrival:
            self._waiting.append(waiting)
            # Those in between need not wake the writer: each waking costs as much as the insert.
            if len(self._waiting) in (1, self._expected):
                self._arrival.notify()
        waiting.wait(timeout)

    def _start_once(self) -> None:
        if self._process_id == os.getpid():
            return
        with self._starting:
            if self._process_id != os.getpid():
                self._begin_anew()
                threading.Thread(target=self._run, name="group-commit", daemon=True).start()
                self._process_id = os.getpid()

    def _begin_anew(self) -> None:
        self._arrival = threading.Condition(threading.Lock())
        self._waiting: list[_Waiting[Item]] = []
        self._expected = 1

    def _run(self) -> None:
        while True:
            self._commit_while_they_come(self._gather())

    def _commit_while_they_come(self, waiting: Sequence[_Waiting[Item]]) -> None:
        """Commit these and, over the same connection, all that came meanwhile."""
        with self._database.driver() as connection:
            while waiting:
                self._commit(connection, waiting)
                waiting = self._gather() if self._waiting else ()

    def _gather(self) -> Sequence[_Waiting[Item]]:
        with self._arrival:
            while not self._waiting:
                self._arrival.wait()
            if len(self._waiting) < self._expected:
                self._arrival.wait(_LONGEST_GATHERING_SECONDS)
            taken = self._waiting[:_MOST_AT_ONCE]
            self._waiting = self._waiting[_MOST_AT_ONCE:]
            # Not all of them: the rest work on while these are committed.
            self._expected = max(1, len(taken) * 3 // 4)
        return taken

    def _commit(self, connection: DriverConnection, waiting: Sequence[_Waiting[Item]]) -> None:
        try:
            with connection.write() as transaction:
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
                self._commit(connection, [each])
            return
        for each in waiting:
            each.answer()
