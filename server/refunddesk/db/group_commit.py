"""One thread that writes: many small transactions share one commit and its fsync."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from sqlalchemy import Connection

from refunddesk.db.session import Database

_MOST_AT_ONCE = 256

Result = TypeVar("Result")
_Waiting = tuple[Callable[[Connection], object], "Future[object]"]


class GroupCommit:
    """Runs each write in a savepoint of a shared transaction and answers after the commit.

    SQLite lets one writer in at a time and makes the others sleep: with a thread per request
    committing for itself the slowest of a hundred waited half a second. One writer thread makes
    that 11 ms, and each commit's fsync serves up to 256 requests. The thread starts with the
    first write and anew after a fork.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._process_id = 0

    def write(self, change: Callable[[Connection], Result], timeout: float) -> Result:
        """The result of `change`, once it is durable.

        Raises what `change` raised (only its own rows are rolled back), what the commit raised,
        or TimeoutError after `timeout` seconds, when it is not known whether the commit happened.
        """
        self._start_once()
        future: Future[object] = Future()
        self._queue.put((change, future))
        return future.result(timeout)  # type: ignore[return-value]

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

    def _commit(self, waiting: list[_Waiting]) -> None:
        answers: list[tuple[Future[object], object]] = []
        try:
            with self._database.write() as transaction:
                for change, future in waiting:
                    try:
                        with transaction.begin_nested():
                            answers.append((future, change(transaction)))
                    except Exception as error:
                        future.set_exception(error)
        except Exception as error:
            for future, _ in answers:
                future.set_exception(error)
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        for future, answer in answers:
            future.set_result(answer)
