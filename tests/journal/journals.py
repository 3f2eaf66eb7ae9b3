"""A journal as its writers and its reader have it, and a process that dies over it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path

from refunddesk.journal.reader import JournalReader
from refunddesk.journal.segment import WHOLE, OpenSegment, SegmentReader, least_room
from refunddesk.sealing import Sealer, new_key

#: Deriving the keys of files costs little, making a sealer more.
SEALER = Sealer([new_key()])
#: Where frames begin.
GRID = 512

_numbers = count(1)


def new_name() -> str:
    """Names in their order; a child's are its own."""
    return f"{next(_numbers):06}-{os.getpid()}"


def room_for(batches: Iterable[Sequence[bytes]]) -> int:
    """Of a file that is full once it took these."""
    return GRID + sum(least_room(batch) - GRID for batch in batches)


def write_file(folder: Path, *batches: Sequence[bytes], sealer: Sealer = SEALER) -> Path:
    """A file of these frames that nobody writes to any more."""
    name = new_name()
    segment = OpenSegment(folder, name, sealer, room=room_for(batches) + GRID)
    for batch in batches:
        segment.append(batch)
    segment.close()
    return folder / f"{name}{WHOLE}"


def read_file(path: Path) -> list[bytes]:
    """What one file says by itself."""
    segment = SegmentReader(path, SEALER)
    records = [record for frame in segment.frames(0) for record in frame.records]
    segment.close()
    return records


def read_journal(folder: Path, sealer: Sealer = SEALER) -> list[bytes]:
    """All that a reader finds now, which is marked as stored."""
    reader = JournalReader(folder, sealer)
    found: list[bytes] = []
    with reader.alone() as alone:
        assert alone
        for batch in reader.batches():
            found += batch.records
            reader.mark(batch)
    return found


def names_in(folder: Path, ending: str = "") -> list[str]:
    """The files that are there, without the lock that always is."""
    return sorted(path.name for path in folder.glob(f"*{ending}") if path.name != "lock")


def in_child(work: Callable[[], object]) -> int:
    """The exit status of a process forked from this one that does the work."""
    with warnings.catch_warnings():
        # Of threads of the runner's own, which hold nothing that is needed here.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
