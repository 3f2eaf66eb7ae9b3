"""Keeps the bytes of attachments in files with random names that no web server shows."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path

_AT_ONCE = 1024 * 1024
_NAME = re.compile(r"[0-9a-f]{40}")


class FileGone(LookupError):
    """The bytes are not where they were kept."""


def keep(folder: Path, name: str, data: bytes) -> None:
    """Write a new file, whole and synced or not at all, readable for its owner alone."""
    place = _place(folder, name)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    waiting = place.with_suffix(".begun")
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(waiting, place)


def read(folder: Path, name: str) -> bytes:
    """Raises FileGone."""
    try:
        return _place(folder, name).read_bytes()
    except OSError as error:
        raise FileGone(f"The bytes of attachment {name} are not there.") from error


def drop(folder: Path, name: str) -> None:
    with suppress(FileNotFoundError):
        _place(folder, name).unlink()


def destroy(folder: Path, name: str) -> None:
    """Write over the bytes, then remove the file, both on the disk when this returns.

    Not every disk writes in place; what it left elsewhere is beyond a program's reach.
    """
    place = _place(folder, name)
    with suppress(FileNotFoundError):
        with place.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            for begin in range(0, size, _AT_ONCE):
                file.write(bytes(min(_AT_ONCE, size - begin)))
            file.flush()
            os.fsync(file.fileno())
        place.unlink()
        descriptor = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def drop_strays(folder: Path, known: Collection[str], before: datetime) -> int:
    """Remove files nobody knows that were written before that instant; how many there were."""
    count = 0
    for path in folder.glob("*/*"):
        old = path.stat().st_mtime < before.timestamp()
        if old and path.stem not in known:
            path.unlink(missing_ok=True)
            count += 1
    return count


def _place(folder: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ValueError("attachments have names of 40 hexadecimal digits")
    return folder / name[:2] / name
