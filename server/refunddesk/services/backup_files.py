"""The files that belong to a backup of the database: attachments of cases, and plugins' zips."""

from __future__ import annotations

import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from refunddesk.db import attachments, copies, plugins

#: Below the desk's home. Each name is random or the hash of the bytes: a file never changes.
_KINDS = (
    re.compile(r"attachments/[0-9a-f]{2}/[0-9a-f]{40}"),
    re.compile(r"compat/plugins/[0-9a-f]{64}\.zip"),
)
_PATTERNS = ("attachments/??/*", "compat/plugins/*.zip")
_AT_ONCE = 1024 * 1024


class FilesUnusable(Exception):
    """The packed files are not what this program packs."""


@dataclass(frozen=True, slots=True)
class Packed:
    """How many files were packed, and how many that the database names were not there."""

    count: int
    missing: int


def pack(home: Path, copy: Path, into: Path) -> Packed:
    """Put the desk's files into the new archive `into`, for its owner alone, synced to the disk.

    `copy` is the copy of the database they belong to: made before, so that every file it names was
    there by then. Raises OSError, SQLAlchemyError.
    """
    found = list(_files(home))
    descriptor = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for name in found:
                archive.add(home / name, name, recursive=False, filter=_anonymous)
        file.flush()
        os.fsync(file.fileno())
    return Packed(len(found), len(_named(copy) - {Path(name).name for name in found}))


def check(packed: Path) -> None:
    """Raises FilesUnusable where the archive is damaged, or holds what is not packed here."""
    try:
        with tarfile.open(packed, "r:") as archive:
            for member in archive:
                if not member.isfile() or not _is_ours(member.name):
                    raise FilesUnusable(f"It holds {member.name[:200]!r}, which is none of ours.")
    except (tarfile.TarError, OSError) as error:
        raise FilesUnusable(f"It is damaged: {error}.") from error


def unpack(packed: Path, home: Path) -> int:
    """Put every file of a checked archive that is not there yet in its place; how many those were.

    What is there stays: under one name there is only ever one content. Raises OSError.
    """
    put = 0
    with tarfile.open(packed, "r:") as archive:
        for member in archive:
            content = archive.extractfile(member) if _is_ours(member.name) else None
            if content is not None and not (home / member.name).exists():
                _put(home / member.name, content)
                put += 1
    return put


def _files(home: Path) -> Iterator[str]:
    for pattern in _PATTERNS:
        for path in sorted(home.glob(pattern)):
            name = path.relative_to(home).as_posix()
            if _is_ours(name) and path.is_file() and not path.is_symlink():
                yield name


def _is_ours(name: str) -> bool:
    return any(kind.fullmatch(name) for kind in _KINDS)


def _named(copy: Path) -> set[str]:
    """The names of all files that the copy's rows are about."""
    with copies.open_copy(copy).read() as transaction:
        zips = {f"{sha256}.zip" for sha256 in plugins.list_hashes(transaction)}
        return attachments.list_kept(transaction) | zips


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the user's name: the archive may lie on another machine."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _put(place: Path, content: IO[bytes]) -> None:
    """The file whole and synced, or not at all."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    waiting = place.with_name(f"{place.name}.restored")
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while part := content.read(_AT_ONCE):
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
    os.replace(waiting, place)
