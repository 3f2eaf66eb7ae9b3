"""Makes the records of many threads durable with as few syncs as will do."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from weakref import WeakSet

from refunddesk.journal.current_file import CurrentFile
from refunddesk.sealing import Sealer

_MOST_AT_ONCE = 256
_MOST_BYTES_AT_ONCE = 1024 * 1024
#: So long a sync waits for the company it may expect: less than any store notices.
_LONGEST_GATHERING_SECONDS = 0.004


class JournalWriter:
    """Writes records from many threads into files of this process, and answers after the sync.

    Whoever comes first writes for all that came by then; of those that come meanwhile, the first
    writes next. So one that comes alone is written by its own thread, without a word to another.
    Where many write at once, a sync waits a moment for as many as may be expected after the last.
    """

    def __init__(self, folder: Path, sealer: Sealer, name: Callable[[], str]) -> None:
        """`name` makes names that no file ever had; readers take files in their order."""
        self._open_file = partial(CurrentFile, folder, sealer, name)
        self._process_id = os.getpid()
        self._file = self._open_file()
        self._company = _Company(self._file)
        _writers.add(self)

    def keep(self, record: bytes, timeout: float) -> None:
        """The record is on the disk when this returns.

        Raises OSError when it cannot be kept, or TimeoutError after `timeout` seconds: then it may
        be on the disk all the same.
        """
        if self._process_id != os.getpid():
            self._leave_parent()
        self._company.keep(record, timeout)

    def close(self) -> None:
        """Let readers have for good what was kept. More may be kept, in another file."""
        if self._process_id != os.getpid():
            self._leave_parent()
        self._file.close()

    def _leave_parent(self) -> None:
        """After a fork: of those who waited there nobody is here."""
        with _leaving:
            if self._process_id != os.getpid():
                self._file.leave()
                self._file = self._open_file()
                self._company = _Company(self._file)
                self._process_id = os.getpid()

    @staticmethod
    def leave_parents() -> None:
        """A child that keeps nothing must not hold the files of its parent either."""
        for each in _writers:
            each._leave_parent()


_leaving = threading.Lock()
_writers: WeakSet[JournalWriter] = WeakSet()
os.register_at_fork(after_in_child=JournalWriter.leave_parents)


class _Waiting:
    """A record and the thread that waits until it is durable, or until it is to write itself."""

    __slots__ = ("called", "error", "leads", "record")

    def __init__(self, record: bytes) -> None:
        self.record = record
        self.error: BaseException | None = None
        self.leads = False
        # A bare lock, held until there is an answer: anything more costs as much as the writing.
        self.called = threading.Lock()
        self.called.acquire()


class _Company:
    """The threads of one process that have something to keep; at most one of them writes."""

    def __init__(self, file: CurrentFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._is_led = False
        self._expected = 1
        # Held while the one that leads waits for company, and let go when that is complete.
        self._incomplete: threading.Lock | None = None

    def keep(self, record: bytes, timeout: float) -> None:
        waiting = _Waiting(record)
        with self._lock:
            leads = not self._is_led
            self._is_led = True
            self._waiting.append(waiting)
            if self._incomplete and len(self._waiting) >= self._expected:
                self._incomplete.release()
                self._incomplete = None
        if leads or self._is_called_to_lead(waiting, timeout):
            self._write_for_all(waiting)
        if waiting.error:
            raise waiting.error

    def _is_called_to_lead(self, waiting: _Waiting, timeout: float) -> bool:
        """Wait for an answer; True if instead this thread is to write. Raises TimeoutError."""
        try:
            if waiting.called.acquire(timeout=timeout):
                return waiting.leads
        except BaseException:
            # Called in the meantime, it is the one that all the others wait for.
            if self._withdraw(waiting):
                self._write_for_all(waiting)
            raise
        if self._withdraw(waiting):
            return True
        raise TimeoutError(f"not durable within {timeout} seconds")

    def _withdraw(self, waiting: _Waiting) -> bool:
        """Wait no more; True where it was called to write by now, and must."""
        with self._lock:
            if not waiting.leads and waiting in self._waiting:
                self._waiting.remove(waiting)
            return waiting.leads

    def _write_for_all(self, own: _Waiting) -> None:
        batch = [own]
        error: BaseException | None = None
        try:
            batch = self._gather()
            self._file.append([each.record for each in batch])
        except BaseException as failed:
            error = failed
        with self._lock:
            if own in self._waiting:  # it could not even gather
                self._waiting.remove(own)
            self._is_led = bool(self._waiting)
            if self._is_led:
                self._waiting[0].leads = True
                self._waiting[0].called.release()
        for each in batch:
            each.error = error if each is own or error is None else _told_of(error)
            if not each.leads:
                each.called.release()

    def _gather(self) -> list[_Waiting]:
        incomplete: threading.Lock | None = None
        with self._lock:
            if len(self._waiting) < self._expected:
                incomplete = self._incomplete = threading.Lock()
                incomplete.acquire()
        if incomplete:
            incomplete.acquire(timeout=_LONGEST_GATHERING_SECONDS)
        with self._lock:
            self._incomplete = None
            taken = self._waiting[: self._how_many()]
            self._waiting = self._waiting[len(taken) :]
            # Not all of them: the rest work on while these are written.
            self._expected = max(1, len(taken) * 3 // 4)
        return taken

    def _how_many(self) -> int:
        room = _MOST_BYTES_AT_ONCE
        for number, waiting in enumerate(self._waiting[:_MOST_AT_ONCE]):
            room -= len(waiting.record)
            if room < 0:
                return max(1, number)
        return _MOST_AT_ONCE


def _told_of(error: BaseException) -> OSError:
    """One for each thread: raised in several, an exception gathers the traces of all of them. And
    what ends one thread is no reason to end another.
    """
    told = OSError(f"what was written together is not durable: {type(error).__name__}")
    told.__cause__ = error
    return told
