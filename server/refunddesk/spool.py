"""Keeps texts in sealed files until they can be stored: for when the database takes nothing."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from refunddesk.sealing import Sealer

_WHOLE = ".record"
_BEGUN = ".begun"
_ASIDE = ".aside"
_LONGEST_WRITE_SECONDS = 60


class RecordTorn(Exception):
    """A file of the spool is not what was once written; it is put aside for a person."""


class Spool:
    """A folder with one file for each record, in the manner of a mail spool.

    A file gets its name only when all of it is on the disk, so a name stands for a whole record:
    whoever is killed on the way leaves a nameless beginning that nobody was told to be safe, and
    processes that write need not agree with each other or with the one that reads.
    """

    def __init__(self, folder: Path, sealer: Sealer) -> None:
        self._folder = folder
        self._sealer = sealer

    def keep(self, name: str, text: str) -> None:
        """Sealed and on the disk when this returns. Names are unique; their order is the records'.

        Raises OSError when it cannot be kept.
        """
        self._ensure_folder()
        sealed = self._sealer.seal(text).encode("ascii")
        begun = self._folder / f"{name}{_BEGUN}"
        try:
            descriptor = os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(_checksum(sealed) + b"\n" + sealed)
                file.flush()
                os.fsync(file.fileno())
            os.rename(begun, self._folder / f"{name}{_WHOLE}")
        except OSError:
            begun.unlink(missing_ok=True)
            raise
        _sync(self._folder)

    def names(self) -> list[str]:
        """All whole records, in their order."""
        return self._named(_WHOLE)

    def names_aside(self) -> list[str]:
        """The records that wait for a person."""
        return self._named(_ASIDE)

    def read(self, name: str) -> str:
        """Raises RecordTorn; SealBroken where the keys at hand do not open it."""
        checksum, _, sealed = (self._folder / f"{name}{_WHOLE}").read_bytes().partition(b"\n")
        if checksum != _checksum(sealed):
            raise RecordTorn(f"{name} in {self._folder} is damaged. It was left as it is.")
        return self._sealer.open(sealed.decode("ascii"))

    def remove(self, name: str) -> None:
        (self._folder / f"{name}{_WHOLE}").unlink(missing_ok=True)

    def put_aside(self, name: str) -> None:
        """Let a person look at what cannot be stored: the others must not wait behind it."""
        os.rename(self._folder / f"{name}{_WHOLE}", self._folder / f"{name}{_ASIDE}")

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether this process is the one that empties the folder, for as long as it holds.

        Its end, however it comes, lets another one in. False also where no folder is yet.
        """
        if not self._folder.is_dir():
            yield False
            return
        with (self._folder / "lock").open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            os.utime(held.fileno())
            self._forget_unfinished(os.fstat(held.fileno()).st_mtime)
            yield True

    def _forget_unfinished(self, present: float) -> None:
        # Left behind by a killed process; nobody was told that they are safe.
        for begun in self._folder.glob(f"*{_BEGUN}"):
            if begun.stat().st_mtime < present - _LONGEST_WRITE_SECONDS:
                begun.unlink(missing_ok=True)

    def _named(self, ending: str) -> list[str]:
        return sorted(path.name.removesuffix(ending) for path in self._folder.glob(f"*{ending}"))

    def _ensure_folder(self) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(self._folder.parent)


def _checksum(sealed: bytes) -> bytes:
    return hashlib.sha256(sealed).hexdigest().encode("ascii")


def _sync(folder: Path) -> None:
    # A new name is on the disk only once its folder is.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
