"""One file of the journal: sealed frames of records, each on the disk when its writer goes on."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

from refunddesk.sealing import SEAL_BYTES, SealBroken, Sealer

WHOLE = ".journal"
BEGUN = ".begun"
ASIDE = ".aside"

#: A new file is given this room at once: a file that grows with each sync costs twice as much.
ROOM = 8 * 1024 * 1024
#: Where the file proves its key, before the first frame.
_PROOF = b"refunddesk journal 1"
#: Frames begin at multiples of this, so that they are found again behind a damaged one.
_GRID = 512
# How many bytes are sealed, and how many records they are. Zeros: nothing was written here.
_HEAD = Struct(">II")
_LENGTH = Struct(">I")
_ROOM = Struct(">Q")
_NO_FALLOCATE = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


class KeyNotAtHand(Exception):
    """None of the keys opens this file. It stays as it is until its key is there again."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Records that were made durable together, and where the next frame may begin."""

    records: tuple[bytes, ...]
    end: int


class OpenSegment:
    """A file of the journal as its one writer holds it. Whoever dies lets go of it."""

    def __init__(
        self, folder: Path, name: str, sealer: Sealer, *, room: int = ROOM, ending: str = WHOLE
    ) -> None:
        """Raises OSError where it cannot be made; then nothing of it is left that counts."""
        self._seal = sealer.of_file(name)
        self._room = room
        begun = folder / f"{name}{BEGUN}"
        # It gets its name once it is held and all of it is on the disk: readers clear away what
        # nobody holds.
        self._file = os.open(begun, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            _give_room(self._file, room)
            os.pwrite(self._file, self._seal.seal(_PROOF + _ROOM.pack(room), 0), 0)
            os.fsync(self._file)
            os.rename(begun, folder / f"{name}{ending}")
            sync_folder(folder)
        except BaseException:
            os.close(self._file)
            begun.unlink(missing_ok=True)
            raise
        self._place = _GRID

    def has_room_for(self, records: Iterable[bytes]) -> bool:
        return self._place + space_for(records) <= self._room

    def append(self, records: Sequence[bytes]) -> None:
        """On the disk when this returns. After an OSError the file must be closed: what it holds
        at this place is not known, and nothing may be sealed there again.
        """
        if not records:
            return
        parts: list[bytes] = []
        for record in records:
            parts += (_LENGTH.pack(len(record)), record)
        plain = b"".join(parts)
        head = _HEAD.pack(len(plain) + SEAL_BYTES, len(records))
        frame = head + self._seal.seal(plain, self._place, head)
        if os.pwrite(self._file, frame, self._place) != len(frame):
            raise OSError("the disk took a part of it only")
        _sync(self._file)
        if os.fstat(self._file).st_nlink == 0:
            raise OSError("the file was removed: nobody will read it")
        self._place = _next_place(self._place + len(frame))

    def is_empty(self) -> bool:
        return self._place == _GRID

    def close(self) -> None:
        """Let readers have the file for good."""
        os.close(self._file)


class SegmentReader:
    """A file of the journal as a reader sees it, whether or not it is still written."""

    def __init__(self, path: Path, sealer: Sealer) -> None:
        """Raises OSError, KeyNotAtHand."""
        self._seal = sealer.of_file(path.stem)
        self._file = os.open(path, os.O_RDONLY)
        try:
            self._room = self._proven_room()
            # A damaged proof may stand before records that are not.
            if self._room is None and self._frame_at(_GRID) is None:
                raise KeyNotAtHand(
                    f"{path.name} does not open with REFUNDDESK_SEALING_KEYS. It was left as it "
                    "is: put the key that sealed it back into the list."
                )
        except BaseException:
            os.close(self._file)
            raise

    def close(self) -> None:
        os.close(self._file)

    def frames(self, begin: int) -> Iterator[Frame]:
        """The whole frames from `begin` on (0: all), up to the first that is not whole yet."""
        place = max(begin, _GRID)
        while frame := self._frame_at(place):
            yield frame
            place = frame.end

    def count(self, begin: int) -> int:
        """How many records the frames from `begin` on say they hold, without opening them."""
        place, found = max(begin, _GRID), 0
        while head := self._head_at(place):
            length, records = head
            found += records
            place = _next_place(place + _HEAD.size + length)
        return found

    def is_finished(self) -> bool:
        """Whether nobody writes here any more, and so what is here is all there will be."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def find_behind(self, place: int) -> int | None:
        """Where the next whole frame begins behind what cannot be read at `place`.

        None: there is nothing, or the beginning of a frame whose writer died over it.
        """
        place = max(place, _GRID)
        if self._is_empty_from(place):
            return None
        end = os.fstat(self._file).st_size
        later = range(place + _GRID, end, _GRID)
        return next((each for each in later if self._frame_at(each)), None)

    def is_undamaged(self) -> bool:
        """Whether it has its whole length, and in it one whole frame behind the other and nothing
        else but the beginning of one over which its writer died. Asked once it is finished.
        """
        place = _GRID
        for frame in self.frames(0):
            place = frame.end
        if head := self._head_at(place):
            # Killed in the middle of a write, it wrote no end; nobody was told of that one.
            place += _HEAD.size + head[0] - SEAL_BYTES
        return self._room == os.fstat(self._file).st_size and self._is_empty_from(place)

    def _proven_room(self) -> int | None:
        length = len(_PROOF) + _ROOM.size + SEAL_BYTES
        try:
            proof = self._seal.open(os.pread(self._file, length, 0), 0)
        except SealBroken:
            return None
        (room,) = _ROOM.unpack_from(proof, len(_PROOF))
        return int(room)

    def _read(self, length: int, place: int) -> bytes:
        """What the disk cannot read is as good as damaged: what stands behind it is not."""
        try:
            return os.pread(self._file, length, place)
        except OSError:
            return b""

    def _is_empty_from(self, place: int) -> bool:
        end = os.fstat(self._file).st_size
        while place < end:
            part = self._read(1024 * 1024, place)
            if not part:
                return False
            if part != bytes(len(part)):
                return False
            place += len(part)
        return True

    def _frame_at(self, place: int) -> Frame | None:
        head = self._head_at(place)
        if head is None:
            return None
        length, _ = head
        sealed = self._read(length, place + _HEAD.size)
        try:
            plain = self._seal.open(sealed, place, _HEAD.pack(*head))
        except SealBroken:
            return None
        return Frame(_records_in(plain), _next_place(place + _HEAD.size + length))

    def _head_at(self, place: int) -> tuple[int, int] | None:
        """What a frame says of itself; None where there is none, or what is there is none."""
        found = self._read(_HEAD.size, place)
        if len(found) < _HEAD.size:
            return None
        length, records = _HEAD.unpack(found)
        fits = SEAL_BYTES < length <= os.fstat(self._file).st_size - place - _HEAD.size
        return (length, records) if fits else None


def space_for(records: Iterable[bytes]) -> int:
    """The bytes that a frame of these takes in its file, at most."""
    plain = sum(_LENGTH.size + len(record) for record in records)
    return _next_place(_HEAD.size + plain + SEAL_BYTES)


def least_room(records: Iterable[bytes]) -> int:
    """The least room of a file that is to take these."""
    return _GRID + space_for(records)


def sync_folder(folder: Path) -> None:
    """A new name is on the disk only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Whatever else the system keeps of a file, such as its times, need not wait for the disk.
_sync = getattr(os, "fdatasync", os.fsync)


def _give_room(file: int, room: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file, 0, room)
            return
        except OSError as error:
            # Some file systems cannot, and not every C library does it for them.
            if error.errno not in _NO_FALLOCATE:
                raise
    os.truncate(file, room)


def _records_in(plain: bytes) -> tuple[bytes, ...]:
    records = []
    place = 0
    while place < len(plain):
        (length,) = _LENGTH.unpack_from(plain, place)
        place += _LENGTH.size
        records.append(plain[place : place + length])
        place += length
    return tuple(records)


def _next_place(place: int) -> int:
    return -(-place // _GRID) * _GRID
