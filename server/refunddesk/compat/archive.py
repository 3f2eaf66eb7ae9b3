"""Reads a zip or a directory as a tree of files, and refuses what could harm the reader."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LINK = 0xA000
_FORMAT = 0xF000
_CHUNK = 1 << 20
_RATIO_FLOOR = 1 << 20
_MAC_FOLDER = "__MACOSX"


class ArchiveRefused(ValueError):
    """A zip or directory that is not read, because of what it holds or how large it is."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of somebody else's archive is read; sizes in bytes.

    `ratio` is how many times larger than its packed form a file of over 1 MiB may be: deflate
    reaches about 1000 on zeros and rarely 20 on source text.
    """

    archive_bytes: int = 256 << 20
    files: int = 60_000
    file_bytes: int = 32 << 20
    total_bytes: int = 700 << 20
    ratio: int = 150
    path_length: int = 500


@dataclass(frozen=True, slots=True)
class SourceTree:
    """Files by path, relative to the one top folder if all share one.

    `name` is that folder (for a directory its own name), `sha256` of the zip's bytes or, for a
    directory, of its paths and contents; `left_out` says which links and files were not followed.
    """

    name: str
    paths: tuple[str, ...]
    read: Callable[[str], bytes]
    sha256: str
    left_out: tuple[str, ...] = ()


@contextmanager
def open_tree(place: Path, limits: Limits | None = None) -> Iterator[SourceTree]:
    """The tree of files at `place`, a zip or a directory. Raises ArchiveRefused."""
    limits = limits or Limits()
    if place.is_dir():
        yield _directory_tree(place, limits)
        return
    if not place.is_file():
        raise ArchiveRefused(f"{place} is neither a zip nor a directory")
    if place.stat().st_size > limits.archive_bytes:
        raise ArchiveRefused(f"{place.name} is over {_size(limits.archive_bytes)}: not opened")
    try:
        archive = zipfile.ZipFile(place)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError) as error:
        raise ArchiveRefused(f"{place.name} cannot be opened as a zip: {error}") from None
    with archive:
        yield _zip_tree(archive, place, limits)


def _zip_tree(archive: zipfile.ZipFile, place: Path, limits: Limits) -> SourceTree:
    entries: dict[str, zipfile.ZipInfo] = {}
    seen: set[str] = set()
    total = 0
    infos = archive.infolist()
    if len(infos) > limits.files:
        raise ArchiveRefused(f"{place.name} holds {len(infos)} files, over {limits.files}")
    for info in infos:
        path = _checked_path(info.filename, limits)
        if (info.external_attr >> 16) & _FORMAT == _LINK:
            raise ArchiveRefused(f"{path} in {place.name} is a link: links are not followed")
        if info.is_dir() or path.split("/", 1)[0] == _MAC_FOLDER:
            continue
        if info.flag_bits & 0x1:
            raise ArchiveRefused(f"{path} in {place.name} is encrypted and cannot be read")
        _check_size(path, info.file_size, info.compress_size, limits)
        total += info.file_size
        if total > limits.total_bytes:
            raise ArchiveRefused(
                f"{place.name} unpacks to more than {_size(limits.total_bytes)}: not read"
            )
        # Two names that differ by letter case are one file on many servers.
        if path.lower() in seen:
            raise ArchiveRefused(f"{place.name} holds {path} twice: which one counts is unclear")
        seen.add(path.lower())
        entries[path] = info
    top = _shared_folder(list(entries))
    by_path = {path.removeprefix(top): info for path, info in entries.items()}

    def read(path: str) -> bytes:
        try:
            with archive.open(by_path[path]) as stream:
                data = stream.read(limits.file_bytes + 1)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
            raise ArchiveRefused(f"{path} in {place.name} is damaged: {error}") from None
        if len(data) > limits.file_bytes:
            raise ArchiveRefused(f"{path} in {place.name} is over {_size(limits.file_bytes)}")
        return data

    return SourceTree(
        name=top.rstrip("/") or place.stem,
        paths=tuple(sorted(by_path)),
        read=read,
        sha256=_file_hash(place),
    )


def _directory_tree(place: Path, limits: Limits) -> SourceTree:
    paths: list[str] = []
    left_out: list[str] = []
    total = 0
    for folder, folders, files in os.walk(place):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if name not in {".git", "node_modules"})
        for name in [*folders, *sorted(files)]:
            entry = here / name
            path = entry.relative_to(place).as_posix()
            mode = entry.lstat().st_mode
            if stat.S_ISDIR(mode):
                continue
            if not stat.S_ISREG(mode):
                left_out.append(f"{path} is a link or a device: not followed")
                continue
            size = entry.stat().st_size
            _check_size(path, size, size, limits)
            total += size
            paths.append(path)
            if len(paths) > limits.files or total > limits.total_bytes:
                raise ArchiveRefused(
                    f"{place.name} holds more than {limits.files} files"
                    f" or {_size(limits.total_bytes)}: not read"
                )

    def read(path: str) -> bytes:
        with (place / path).open("rb") as stream:
            return stream.read(limits.file_bytes)

    return SourceTree(
        name=place.resolve().name,
        paths=tuple(sorted(paths)),
        read=read,
        sha256=_tree_hash(sorted(paths), read),
        left_out=tuple(left_out),
    )


def _checked_path(name: str, limits: Limits) -> str:
    path = name.replace("\\", "/")
    parts = path.rstrip("/").split("/")
    if (
        not path
        or path.startswith("/")
        or "\x00" in path
        or ":" in parts[0]
        or any(part in {"..", "."} for part in parts)
    ):
        raise ArchiveRefused(f"{name[:80]!r} would leave the folder it is unpacked into")
    if len(path) > limits.path_length:
        raise ArchiveRefused(f"{name[:80]!r}... is longer than {limits.path_length} characters")
    return path


def _check_size(path: str, size: int, packed: int, limits: Limits) -> None:
    if size > limits.file_bytes:
        raise ArchiveRefused(f"{path} is {_size(size)}, over {_size(limits.file_bytes)}")
    if size > _RATIO_FLOOR and size > limits.ratio * max(packed, 1):
        raise ArchiveRefused(f"{path} unpacks to {size // max(packed, 1)} times its packed size")


def _shared_folder(paths: list[str]) -> str:
    tops = {path.split("/", 1)[0] for path in paths}
    if len(tops) == 1 and all("/" in path for path in paths):
        return tops.pop() + "/"
    return ""


def _file_hash(place: Path) -> str:
    digest = hashlib.sha256()
    with place.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _tree_hash(paths: list[str], read: Callable[[str], bytes]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.encode("utf-8", "surrogateescape") + b"\0")
        digest.update(hashlib.sha256(read(path)).digest())
    return digest.hexdigest()


def _size(number: int) -> str:
    return f"{number >> 20} MiB" if number >= 1 << 20 else f"{number} bytes"
