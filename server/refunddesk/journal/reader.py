"""Reads the journal: what was not yet stored, oldest file first, and each file until it may go."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import structlog

from refunddesk.journal.segment import (
    ASIDE,
    BEGUN,
    WHOLE,
    KeyNotAtHand,
    OpenSegment,
    SegmentReader,
    least_room,
    space_for,
    sync_folder,
)
from refunddesk.sealing import Sealer

log = structlog.get_logger(__name__)

_MARK = ".mark"
_MOST_RECORDS = 256
_MOST_BYTES = 4 * 1024 * 1024
_LONGEST_BEGINNING_SECONDS = 60
# The files that this process said it cannot read: it looks at them several times a second.
_told: set[str] = set()


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one file to be stored together, and how far they reach in it."""

    file: Path
    records: tuple[bytes, ...]
    end: int


class JournalReader:
    """The files that the writers of all processes with this folder made."""

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        self._folder = folder
        self._sealer = sealer

    @contextmanager
    def alone(self, *, wait: bool = False) -> Iterator[bool]:
        """Whether this process is the one that reads, for as long as it holds; with `wait` it is
        as soon as no other one is.

        Its end, however it comes, lets another one in. False also where no folder is yet.
        """
        if not self._folder.is_dir():
            yield False
            return
        with (self._folder / "lock").open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            os.utime(held.fileno())
            self._forget_beginnings(os.fstat(held.fileno()).st_mtime)
            yield True

    def batches(self) -> Iterator[Batch]:
        """What is to be stored. Each is to be marked before the next one is asked for.

        A file goes when nobody writes to it any more and all of it was marked. One that holds
        something damaged is put aside for a person once the rest was marked.
        """
        for path in self._paths(WHOLE):
            try:
                segment = SegmentReader(path, self._sealer)
            except (KeyNotAtHand, OSError) as error:
                _tell_once(path, error)
                continue
            with closing(segment):
                yield from self._batches_of(segment, path)

    def mark(self, batch: Batch) -> None:
        """These records are stored: they are not read again."""
        # Lost in a power cut, they are read once more, and that does no harm.
        self._write_mark(batch.file, batch.end)

    @contextmanager
    def aside(self, records: Sequence[bytes], name: str) -> Iterator[OpenSegment]:
        """Room for a person's file that may take any of these records, each by itself. The others
        must not wait behind what cannot be stored. Renamed to end in `.journal`, it is read again.
        """
        room = least_room([]) + sum(space_for([record]) for record in records)
        segment = OpenSegment(self._folder, name, self._sealer, room=room, ending=ASIDE)
        with closing(segment):
            yield segment
        if segment.is_empty():
            (self._folder / f"{name}{ASIDE}").unlink()

    def count(self) -> int:
        """How many records are to be stored."""
        found = 0
        for path in self._paths(WHOLE):
            try:
                with closing(SegmentReader(path, self._sealer)) as segment:
                    found += segment.count(self._marked(path))
            except FileNotFoundError:
                continue  # stored and removed just now
            except (KeyNotAtHand, OSError):
                found += 1  # at least
        return found

    def count_aside(self) -> int:
        """How many files wait for a person."""
        return len(self._paths(ASIDE))

    def first(self) -> bytes | None:
        """The record that waits longest, where one does and can be read."""
        for path in self._paths(WHOLE):
            try:
                with closing(SegmentReader(path, self._sealer)) as segment:
                    for frame in segment.frames(self._marked(path)):
                        return frame.records[0]
            except (KeyNotAtHand, OSError):
                continue
        return None

    def _batches_of(self, segment: SegmentReader, path: Path) -> Iterator[Batch]:
        place = 0
        while True:
            # Asked before reading: what is written in between is read in the next round.
            finished = segment.is_finished()
            place = max(place, self._marked(path))
            for batch in _gathered(segment, path, place):
                # Before it is stored: what could not be marked would be stored again and again.
                self._write_mark(path, place)
                yield batch
                place = batch.end
            if not finished:
                return
            behind = segment.find_behind(place)
            if behind is None:
                self._let_go(path, aside=not segment.is_undamaged())
                return
            place = behind

    def _forget_beginnings(self, present: float) -> None:
        # Left behind by a killed process; nobody was told that they are safe.
        for begun in self._folder.glob(f"*{BEGUN}"):
            with suppress(FileNotFoundError):  # it has its name by now
                if begun.stat().st_mtime < present - _LONGEST_BEGINNING_SECONDS:
                    begun.unlink()

    def _let_go(self, path: Path, *, aside: bool) -> None:
        path.with_suffix(_MARK).unlink(missing_ok=True)
        if aside:
            log.error("journal damaged", file=path.name)
            path.rename(path.with_suffix(ASIDE))
            sync_folder(self._folder)
        else:
            path.unlink(missing_ok=True)

    def _write_mark(self, path: Path, end: int) -> None:
        # Over what is there, so that a full disk takes it.
        descriptor = os.open(path.with_suffix(_MARK), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, _mark_of(path, end), 0)
        finally:
            os.close(descriptor)

    def _marked(self, path: Path) -> int:
        try:
            said = path.with_suffix(_MARK).read_bytes()
            place = int(said[:20])
        except (OSError, ValueError):
            return 0
        # A wrong one would have records left out, and its file removed.
        return place if said == _mark_of(path, place) else 0

    def _paths(self, ending: str) -> list[Path]:
        return sorted(self._folder.glob(f"*{ending}"))


def _mark_of(path: Path, place: int) -> bytes:
    said = b"%020d" % place
    return b"%b %08x" % (said, crc32(path.stem.encode() + said))


def _tell_once(path: Path, error: Exception) -> None:
    if path.name not in _told:
        _told.add(path.name)
        log.error("journal file left", file=path.name, because=type(error).__name__)


def _gathered(segment: SegmentReader, path: Path, place: int) -> Iterator[Batch]:
    records: list[bytes] = []
    end = size = 0
    for frame in segment.frames(place):
        records += frame.records
        size += sum(map(len, frame.records))
        end = frame.end
        if len(records) >= _MOST_RECORDS or size >= _MOST_BYTES:
            yield Batch(path, tuple(records), end)
            records, size = [], 0
    if records:
        yield Batch(path, tuple(records), end)
