"""Many threads keep records through one writer: durable when answered, and none waits for ever."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from refunddesk.journal import current_file, segment, writer
from refunddesk.journal.reader import JournalReader
from refunddesk.journal.segment import ASIDE, WHOLE, SegmentReader, least_room
from refunddesk.journal.writer import JournalWriter
from tests.journal.journals import (
    GRID,
    SEALER,
    in_child,
    names_in,
    new_name,
    read_file,
    read_journal,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def journal(folder: Path) -> Iterator[JournalWriter]:
    made = JournalWriter(folder, SEALER, new_name)
    yield made
    made.close()


class Died(BaseException):
    """Ends a thread wherever it is."""


@dataclass(slots=True)
class Disk:
    """What happens when a file is synced: it is counted, may be held up, and may fail."""

    syncs: int = 0
    in_hand: threading.Event = field(default_factory=threading.Event)
    goes_on: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None

    def sync(self, file: int) -> None:
        self.syncs += 1
        self.in_hand.set()
        assert self.goes_on.wait(10)
        if self.error:
            raise self.error
        os.fdatasync(file)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    made.goes_on.set()
    monkeypatch.setattr(segment, "_sync", made.sync)
    return made


@dataclass(frozen=True, slots=True)
class Held:
    """A writer that has one record, "first", in hand until the disk goes on."""

    journal: JournalWriter
    disk: Disk
    first: Future[None]
    threads: ThreadPoolExecutor

    def keep(self, *records: bytes, timeout: float = 10) -> list[Future[None]]:
        """Have these wait in their order, behind what is in hand."""
        company = self.journal._company
        kept = []
        for number, record in enumerate(records, 1):
            kept.append(self.threads.submit(self.journal.keep, record, timeout))
            while len(company._waiting) < number and not any(map(Future.done, kept)):
                time.sleep(0.0005)
        return kept

    def let_go(self) -> None:
        self.disk.goes_on.set()


@pytest.fixture
def held(journal: JournalWriter, disk: Disk) -> Iterator[Held]:
    disk.goes_on.clear()
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(journal.keep, b"first", 10)
        assert disk.in_hand.wait(10)
        yield Held(journal, disk, first, threads)
        disk.goes_on.set()


def refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


# -- who writes, and when


def test_what_was_answered_is_on_the_disk(journal: JournalWriter, disk: Disk, folder: Path) -> None:
    journal.keep(b"one", 10)
    assert disk.syncs == 1
    assert read_journal(folder) == [b"one"]


def test_one_that_comes_alone_is_written_without_waiting_for_another(
    journal: JournalWriter, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(writer, "_LONGEST_GATHERING_SECONDS", 300)
    for record in (b"one", b"two", b"three"):
        journal.keep(record, 10)
    assert read_journal(folder) == [b"one", b"two", b"three"]


def test_those_that_wait_share_one_sync(held: Held, folder: Path) -> None:
    others = [b"%d" % number for number in range(19)]
    waiting = held.keep(*others)
    held.let_go()
    for answer in [held.first, *waiting]:
        answer.result()
    assert held.disk.syncs == 2
    assert read_journal(folder) == [b"first", *others]


def test_nobody_is_answered_before_the_sync(held: Held) -> None:
    waiting = held.keep(b"second")
    for answer in [held.first, *waiting]:
        with pytest.raises(TimeoutError):
            answer.result(0.02)
    held.let_go()
    for answer in [held.first, *waiting]:
        answer.result()


def test_where_many_came_together_the_next_sync_waits_for_company(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LONGEST_GATHERING_SECONDS", 10)
    crowd = held.keep(b"1", b"2", b"3", b"4")
    held.let_go()
    for answer in [held.first, *crowd]:
        answer.result()
    (early,) = held.keep(b"5")
    with pytest.raises(TimeoutError):
        early.result(0.1)
    for answer in [early, *held.keep(b"6", b"7")]:
        answer.result()
    assert held.disk.syncs == 3


def test_one_that_comes_alone_after_many_is_written_without_them(held: Held, folder: Path) -> None:
    crowd = held.keep(b"1", b"2", b"3", b"4")
    held.let_go()
    for answer in crowd:
        answer.result()
    held.journal.keep(b"alone", 10)
    assert read_journal(folder)[-1] == b"alone"


def test_what_is_big_goes_in_turns(
    held: Held, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(writer, "_MOST_BYTES_AT_ONCE", 1000)
    monkeypatch.setattr(writer, "_LONGEST_GATHERING_SECONDS", 0)
    # Two that go together, one for itself though it is too big, and the last.
    records = [b"a" * 500, b"b" * 500, b"c" * 1001, b"d"]
    waiting = held.keep(*records)
    held.let_go()
    for answer in waiting:
        answer.result()
    assert held.disk.syncs == 4
    assert read_journal(folder) == [b"first", *records]


def test_no_more_go_at_once_than_a_reader_takes_at_once(
    held: Held, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(writer, "_MOST_AT_ONCE", 4)
    monkeypatch.setattr(writer, "_LONGEST_GATHERING_SECONDS", 0)
    records = [b"%d" % number for number in range(9)]
    waiting = held.keep(*records)
    held.let_go()
    for answer in waiting:
        answer.result()
    assert held.disk.syncs == 1 + 3
    assert read_journal(folder) == [b"first", *records]


def test_whatever_many_threads_keep_is_read_once_and_each_threads_in_its_order(
    journal: JournalWriter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_file, "ROOM", 40 * GRID)

    def keep_some(thread: int) -> None:
        for number in range(40):
            journal.keep(b"%d %d" % (thread, number), 10)

    with ThreadPoolExecutor(8) as threads:
        for answer in [threads.submit(keep_some, thread) for thread in range(8)]:
            answer.result()
    found = [tuple(map(int, record.split())) for record in read_journal(folder)]
    assert len(found) == 8 * 40
    for thread in range(8):
        assert [number for which, number in found if which == thread] == list(range(40))


# -- those that give up


def test_a_record_given_up_before_its_turn_is_not_written(held: Held, folder: Path) -> None:
    """Its owner has put it elsewhere by then. Nor does anybody wait for its thread."""
    with pytest.raises(TimeoutError):
        held.journal.keep(b"given up", 0.02)
    held.let_go()
    held.first.result()
    held.journal.keep(b"last", 10)
    assert read_journal(folder) == [b"first", b"last"]


def test_of_those_that_wait_one_gives_up_and_the_others_are_written(
    held: Held, folder: Path
) -> None:
    (foremost,) = held.keep(b"given up", timeout=0.02)
    assert isinstance(foremost.exception(), TimeoutError)
    waiting = held.keep(b"second", b"third")
    held.let_go()
    for answer in waiting:
        answer.result()
    assert read_journal(folder) == [b"first", b"second", b"third"]


class Hasty(writer._Waiting):
    """One whose time is up at the very moment at which it is called."""

    __slots__ = ()

    def __init__(self, record: bytes) -> None:
        super().__init__(record)
        self.called: Any = _TooLate(self.called)


@dataclass(slots=True)
class _TooLate:
    lock: Any

    def acquire(self, timeout: float) -> bool:
        assert self.lock.acquire(timeout=timeout)
        self.lock.release()  # it was not quick enough to have it
        return False

    def release(self) -> None:
        self.lock.release()


def test_who_gives_up_just_when_called_to_write_writes_all_the_same(
    held: Held, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise everybody behind would wait for a thread that is gone."""
    monkeypatch.setattr(writer, "_Waiting", Hasty)
    (late,) = held.keep(b"late")
    held.let_go()
    late.result()
    held.journal.keep(b"next", 10)
    assert read_journal(folder) == [b"first", b"late", b"next"]


def test_who_gives_up_while_written_is_told_so_and_the_record_may_be_there(
    held: Held, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LONGEST_GATHERING_SECONDS", 0)
    (called,) = held.keep(b"second")
    monkeypatch.setattr(writer, "_Waiting", Hasty)
    late = held.threads.submit(held.journal.keep, b"third", 10)
    while len(held.journal._company._waiting) < 2:
        time.sleep(0.0005)
    held.let_go()
    called.result()
    assert isinstance(late.exception(), TimeoutError)
    assert read_journal(folder) == [b"first", b"second", b"third"]


def test_whatever_befalls_who_gathers_nobody_waits_for_it_for_ever(
    journal: JournalWriter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise MemoryError

    with monkeypatch.context() as narrow:
        narrow.setattr(writer._Company, "_how_many", fail)
        with pytest.raises(MemoryError):
            journal.keep(b"1", 10)
    journal.keep(b"2", 10)
    assert b"2" in read_journal(folder)


def test_whoever_is_interrupted_while_waiting_is_not_left_as_the_one_that_writes(
    held: Held, folder: Path
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    main = threading.main_thread().ident
    assert main

    def send() -> None:
        while not held.journal._company._waiting:
            pass
        signal.pthread_kill(main, signal.SIGUSR1)

    sender = threading.Thread(target=send)
    sender.start()
    with pytest.raises(KeyboardInterrupt):
        held.journal.keep(b"interrupted", 10)
    sender.join()
    signal.signal(signal.SIGUSR1, before)
    held.let_go()
    held.first.result()
    held.journal.keep(b"next", 10)


def test_each_one_is_told_of_a_failure_by_an_exception_of_its_own(held: Held) -> None:
    """One raised in many threads at once gathers the traces of all of them, and keeps them."""
    waiting = held.keep(b"1", b"2", b"3")
    held.disk.error = OSError(errno.EIO, "Input/output error")
    held.let_go()
    errors = [answer.exception() for answer in waiting]
    assert len(set(map(id, errors))) == 3


def test_a_thread_is_not_ended_by_what_ended_another(held: Held) -> None:
    waiting = held.keep(b"1", b"2")
    held.disk.error = SystemExit()
    held.let_go()
    told = [type(answer.exception()) for answer in waiting]
    assert told.count(SystemExit) <= 1  # who wrote; the other may store its own at once: OSError


# -- a disk that fails


def test_a_sync_that_fails_is_nobodys_success_and_nothing_is_written_behind_it(
    held: Held, folder: Path
) -> None:
    waiting = held.keep(b"1", b"2", b"3")
    held.disk.error = OSError(errno.EIO, "Input/output error")
    held.let_go()
    for answer in [held.first, *waiting]:
        assert isinstance(answer.exception(), OSError)
    held.disk.error = None
    held.journal.keep(b"after", 10)
    *failed, good = sorted(folder.glob(f"*{WHOLE}"))
    assert read_file(good) == [b"after"]
    # One for those that failed first, and another for those that came after them.
    assert [set(read_file(path)) for path in failed] == [{b"first"}, {b"1", b"2", b"3"}]


@pytest.mark.parametrize("error", [Died(), MemoryError(), RuntimeError()], ids=repr)
def test_whatever_befalls_the_thread_that_writes_nobody_waits_for_it_for_ever(
    held: Held, folder: Path, error: BaseException
) -> None:
    waiting = held.keep(b"1", b"2")
    held.disk.error = error
    held.let_go()
    for answer in [held.first, *waiting]:
        assert answer.exception() is not None
    held.disk.error = None
    held.journal.keep(b"after", 10)
    assert read_journal(folder)[-1] == b"after"


def test_what_the_disk_took_half_of_is_not_read_and_the_next_is(
    journal: JournalWriter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.keep(b"before", 10)
    write = os.pwrite
    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", lambda fd, part, place: write(fd, part[: len(part) // 2], place))
        with pytest.raises(OSError, match="part of it"):
            journal.keep(b"x" * 1000, 10)
    journal.keep(b"after", 10)
    assert read_journal(folder) == [b"before", b"after"]


@pytest.mark.parametrize("failing", ["mkdir", "posix_fallocate", "fsync", "rename"])
def test_where_no_file_can_be_made_it_is_told_and_the_next_is_kept_once_one_can(
    journal: JournalWriter, folder: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    with monkeypatch.context() as full:
        full.setattr(os, failing, refuse)
        with pytest.raises(OSError, match="No space"):
            journal.keep(b"one", 10)
    journal.keep(b"two", 10)
    assert len(names_in(folder)) == 1
    assert read_journal(folder) == [b"two"]


def test_where_a_file_cannot_be_closed_the_next_record_is_kept(
    journal: JournalWriter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.keep(b"1", 10)
    close = os.close

    def close_and_fail(file: int) -> None:
        close(file)
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "close", close_and_fail)
        with pytest.raises(OSError):
            journal.close()
    journal.keep(b"2", 10)
    assert read_journal(folder) == [b"1", b"2"]


def test_where_a_file_could_not_be_closed_nothing_is_written_into_another_ones(
    journal: JournalWriter, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.keep(b"1", 10)
    close = os.close

    def close_and_fail(file: int) -> None:
        close(file)
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "close", close_and_fail)
        with pytest.raises(OSError):
            journal.close()
    others = os.open(tmp_path / "the database", os.O_RDWR | os.O_CREAT)  # takes the free number
    try:
        journal.keep(b"2", 10)
    finally:
        size = os.fstat(others).st_size
    assert size == 0


def test_where_no_timer_can_be_begun_the_record_is_kept_or_refused_as_by_a_disk(
    journal: JournalWriter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    before = len(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as narrow:
        narrow.setattr(threading.Timer, "start", refuse)
        for _ in range(5):
            with suppress(OSError):
                journal.keep(b"1", 10)
    assert len(os.listdir("/proc/self/fd")) <= before + 1
    assert len(names_in(folder, WHOLE)) <= 1


def test_what_is_written_to_a_file_that_was_removed_is_not_acknowledged(
    journal: JournalWriter, folder: Path
) -> None:
    journal.keep(b"1", 10)
    for path in folder.glob(f"*{WHOLE}"):
        path.unlink()
    try:
        journal.keep(b"2", 10)
    except OSError:
        return
    assert read_journal(folder) == [b"2"]


def test_where_a_file_system_gives_no_room_ahead_records_are_kept_all_the_same(
    journal: JournalWriter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    journal.keep(b"1", 10)
    assert read_journal(folder) == [b"1"]


# -- one file after the other


def test_a_file_is_ended_when_it_has_no_room(
    journal: JournalWriter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_file, "ROOM", 3 * GRID)
    records = [b"1", b"2", b"3", b"4", b"5"]
    for record in records:
        journal.keep(record, 10)
    assert [read_file(path) for path in sorted(folder.glob(f"*{WHOLE}"))] == [
        [b"1", b"2"],
        [b"3", b"4"],
        [b"5"],
    ]
    assert read_journal(folder) == records
    assert len(names_in(folder, WHOLE)) == 1


def test_what_is_bigger_than_a_file_has_one_of_its_own(
    journal: JournalWriter, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_file, "ROOM", 4 * GRID)
    records = [b"small", b"x" * 10_000, b"small again"]
    for record in records:
        journal.keep(record, 10)
    files = sorted(folder.glob(f"*{WHOLE}"))
    assert [read_file(path) for path in files] == [[record] for record in records]
    # Its room was given to it ahead, as to any other.
    assert [path.stat().st_size for path in files] == [4 * GRID, least_room([records[1]]), 4 * GRID]


@dataclass(slots=True)
class Alarm:
    """In place of a timer: goes off when the test says so."""

    seconds: float
    action: Callable[..., None]
    given: list[Any]
    daemon: bool = False
    is_on: bool = False

    def start(self) -> None:
        self.is_on = True

    def cancel(self) -> None:
        self.is_on = False

    def go_off(self) -> None:
        self.action(*self.given)


@pytest.fixture
def alarms(monkeypatch: pytest.MonkeyPatch) -> list[Alarm]:
    made: list[Alarm] = []

    def begin(seconds: float, action: Callable[..., None], given: list[Any]) -> Alarm:
        made.append(Alarm(seconds, action, given))
        return made[-1]

    monkeypatch.setattr("refunddesk.journal.current_file.threading.Timer", begin)
    return made


def test_a_file_is_ended_after_its_life_and_nothing_of_it_is_left_once_read(
    journal: JournalWriter, folder: Path, alarms: list[Alarm]
) -> None:
    journal.keep(b"1", 10)
    assert read_journal(folder) == [b"1"]
    assert len(names_in(folder, WHOLE)) == 1
    (alarm,) = alarms
    assert alarm.is_on
    assert alarm.seconds <= 60
    alarm.go_off()
    assert read_journal(folder) == []
    assert names_in(folder) == []
    journal.keep(b"2", 10)
    assert read_journal(folder) == [b"2"]


def test_the_end_of_one_file_does_not_end_the_next(
    journal: JournalWriter, folder: Path, alarms: list[Alarm]
) -> None:
    journal.keep(b"1", 10)
    journal.close()
    journal.keep(b"2", 10)
    first, second = alarms
    assert (first.is_on, second.is_on) == (False, True)
    first.go_off()
    journal.keep(b"3", 10)
    assert len(alarms) == 2
    assert read_journal(folder) == [b"1", b"2", b"3"]


def test_a_file_may_end_while_its_writer_is_at_it(held: Held, folder: Path) -> None:
    file = held.journal._file
    assert file._segment
    ending = held.threads.submit(file._end, file._segment)
    waiting = held.keep(b"second")
    held.let_go()
    for answer in [held.first, ending, *waiting]:
        answer.result()
    assert read_journal(folder) == [b"first", b"second"]


def test_after_it_was_closed_more_is_kept_in_another_file(
    journal: JournalWriter, folder: Path
) -> None:
    journal.close()
    journal.keep(b"1", 10)
    journal.close()
    journal.keep(b"2", 10)
    assert len(names_in(folder, WHOLE)) == 2
    assert read_journal(folder) == [b"1", b"2"]


# -- after a fork


def test_after_a_fork_the_child_writes_a_file_of_its_own_and_the_parents_goes_on(
    journal: JournalWriter, folder: Path
) -> None:
    journal.keep(b"1", 10)

    def keep_two() -> None:
        journal.keep(b"child", 10)
        journal.keep(b"child 2", 10)

    assert in_child(keep_two) == 0
    journal.keep(b"2", 10)
    (of_parent,) = folder.glob(f"*-{os.getpid()}{WHOLE}")
    (of_child,) = set(folder.glob(f"*{WHOLE}")) - {of_parent}
    assert read_file(of_parent) == [b"1", b"2"]
    assert read_file(of_child) == [b"child", b"child 2"]
    reader = SegmentReader(of_parent, SEALER)
    assert not reader.is_finished()
    reader.close()
    assert sorted(read_journal(folder)) == [b"1", b"2", b"child", b"child 2"]
    assert names_in(folder, WHOLE) == [of_parent.name]


def test_a_child_does_not_wait_for_those_that_waited_in_its_parent(
    held: Held, folder: Path
) -> None:
    waiting = held.keep(b"second")

    def keep() -> None:
        held.disk.goes_on = threading.Event()
        held.disk.goes_on.set()
        held.journal.keep(b"child", 10)

    assert in_child(keep) == 0
    held.let_go()
    for answer in [held.first, *waiting]:
        answer.result()
    assert sorted(read_journal(folder)) == [b"child", b"first", b"second"]


def test_a_child_can_close_what_its_parent_was_writing_to(held: Held) -> None:
    def close() -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(1)
        held.journal.close()

    assert in_child(close) == 0


def test_a_child_that_keeps_nothing_does_not_hold_its_parents_file(
    journal: JournalWriter, folder: Path
) -> None:
    journal.keep(b"1", 10)
    reading, writing = os.pipe()
    told, telling = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(writing)
        os.write(telling, b".")
        os.read(reading, 1)
        os._exit(0)
    os.read(told, 1)  # it has begun
    journal.close()
    try:
        assert read_journal(folder) == [b"1"]
        assert names_in(folder) == []
    finally:
        os.write(writing, b".")
        os.waitpid(child, 0)
        for end in (reading, writing, told, telling):
            os.close(end)


# -- killed on the way

_STEPS = ("mkdir", "open", "posix_fallocate", "fsync", "rename", "close")


def keep_until_killed(folder: Path, told: int, killed_at: int) -> None:
    """Keep five records in three files and tell of each that is kept; die at one of the steps."""
    passed = 0

    def pass_by(file: int = 0, part: bytes = b"", place: int = 0) -> None:
        nonlocal passed
        passed += 1
        if passed > killed_at:
            if part:
                write(file, part[: len(part) // 2], place)
            os._exit(9)

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:
            pass_by()
            return call(*given, **named)

        return step

    def dying_write(file: int, part: bytes, place: int) -> int:
        pass_by(file, part, place)
        return write(file, part, place)

    write = os.pwrite
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(current_file, "ROOM", 3 * GRID)
        for name in _STEPS:
            patch.setattr(os, name, dying(getattr(os, name)))
        patch.setattr(os, "pwrite", dying_write)
        patch.setattr(segment, "_sync", dying(os.fdatasync))
        journal = JournalWriter(folder, SEALER, new_name)
        for number in range(5):
            journal.keep(b"%d" % number, 10)
            os.write(told, b"%d" % number)


def test_killed_at_any_step_what_was_acknowledged_is_there_and_all_of_it_is_whole(
    tmp_path: Path,
) -> None:
    acknowledged, step = 0, 0
    while acknowledged < 5:
        folder = tmp_path / str(step) / "journal"
        folder.parent.mkdir()
        reading, writing = os.pipe()
        status = in_child(lambda: keep_until_killed(folder, writing, step))  # noqa: B023
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            acknowledged = len(pipe.read())
        assert status == (0 if acknowledged == 5 else 9)
        found = read_journal(folder) if folder.is_dir() else []
        assert found in ([b"%d" % each for each in range(more)] for more in range(6))
        # What was written and not answered may be there.
        assert acknowledged <= len(found) <= acknowledged + 1
        if folder.is_dir():
            assert read_journal(folder) == []
            assert JournalReader(folder, SEALER).count() == 0
            assert names_in(folder, WHOLE) == []
        step += 1
    assert step > 30


def test_nothing_waits_for_a_person_where_nothing_is_damaged(
    journal: JournalWriter, folder: Path
) -> None:
    journal.keep(b"1", 10)
    journal.close()
    read_journal(folder)
    assert names_in(folder, ASIDE) == []
