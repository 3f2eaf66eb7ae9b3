"""Keeps one key per secret in a folder of its own: who destroys the key destroys every copy.

The database holds what a key seals, and so do its log, its replicas and its backups, from which
nothing can be taken back: a deleted row is still in SQLite's write-ahead log and in PostgreSQL's
pg_wal. The key is in one file that is in none of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from refunddesk.sealing import SealBroken, Sealer

_NAME = re.compile(r"[0-9a-f]{40}")
_WHOLE = ".key"
_BEGUN = ".begun"
_KEY_BYTES = 32
_NONCE_BYTES = 12
#: Programs that make backups leave a folder with this file out, if asked to (tar's
#: --exclude-caches, borg's and restic's --exclude-caches): https://bford.info/cachedir/
_TAG = "CACHEDIR.TAG"
_TAG_SAYS = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Keys of customers' credentials. No backup may hold them: what is destroyed stays so.\n"
)


class KeyGone(LookupError):
    """There is no such key: it was destroyed, or the folder is another one."""


class VaultAway(OSError):
    """The folder of keys is not there, so nobody can say what is in it."""


class Vault:
    """A folder with one file for each key, itself sealed with the desk's own key."""

    def __init__(self, folder: Path, sealer: Sealer, random_bytes: Callable[[int], bytes]) -> None:
        self.folder = folder
        self._sealer = sealer
        self._random_bytes = random_bytes

    def seal(self, text: str, about: str) -> tuple[str, bytes]:
        """The name of a new key, which is on the disk by then, and the text sealed with it.

        It opens for the same `about` alone: put into another row, it does not. Raises OSError.
        """
        name, key = self._random_bytes(20).hex(), self._random_bytes(_KEY_BYTES)
        nonce = self._random_bytes(_NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), about.encode())
        self._keep(name, self._sealer.wrap(key, name.encode()))
        return name, sealed

    def open(self, name: str, sealed: bytes, about: str) -> str:
        """Raises KeyGone; SealBroken where the desk's keys or the sealed bytes are not the same."""
        key = self._sealer.unwrap(self._read(name), name.encode())
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, rest, about.encode()).decode()
        except InvalidTag:
            raise SealBroken(
                "A sealed secret is not what its key sealed. Nothing was changed: it was moved or "
                "damaged in the database."
            ) from None

    def has(self, name: str) -> bool:
        try:
            return bool(self._read(name))
        except KeyGone:
            return False

    def check(self, name: str) -> None:
        """Raises KeyGone, OSError; SealBroken where the desk's keys do not open this one."""
        self._sealer.unwrap(self._read(name), name.encode())

    def destroy(self, name: str) -> None:
        """The key is gone from the disk when this returns, whoever destroyed it.

        Raises VaultAway, OSError: nothing is claimed then.
        """
        if not self.folder.is_dir():
            raise VaultAway(
                f"The vault {self.folder} is not there, so the key is not known to be destroyed. "
                f"Mount it; or, if it is lost for good, make an empty one: mkdir -m 700 "
                f"{self.folder}"
            )
        for ending in (_WHOLE, _BEGUN):
            _overwrite(self._place(name, ending))
        _sync(self.folder)

    def destroy_strays(self, known: Collection[str], before: datetime) -> int:
        """Destroy the keys nobody knows that were made before that instant; how many there were.

        Left behind by a process killed between the key and its row, or by a restored database.
        """
        strays = [
            path.stem
            for path in self._files()
            if path.stem not in known and _written_at(path) < before.timestamp()
        ]
        for name in strays:
            self.destroy(name)
        return len(strays)

    def list_open_to_others(self) -> list[Path]:
        """The folder and the files in it that anybody but their owner may read or change."""
        paths = [self.folder, *self._files()] if self.folder.is_dir() else []
        return [path for path in paths if path.stat().st_mode & 0o077]

    def _files(self) -> Iterator[Path]:
        if self.folder.is_dir():
            for path in sorted(self.folder.iterdir()):
                if path.suffix in (_WHOLE, _BEGUN) and _NAME.fullmatch(path.stem):
                    yield path

    def _keep(self, name: str, wrapped: bytes) -> None:
        self._ensure_folder()
        begun = self._place(name, _BEGUN)
        _write_new(begun, wrapped)
        os.rename(begun, self._place(name, _WHOLE))
        _sync(self.folder)

    def _ensure_folder(self) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(self.folder.parent)
        with suppress(FileExistsError):
            _write_new(self.folder / _TAG, _TAG_SAYS.encode("ascii"))

    def _read(self, name: str) -> bytes:
        try:
            wrapped = self._place(name, _WHOLE).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            wrapped = b""
        # Nothing but zeros: whoever destroyed it was stopped before the file was gone.
        if not wrapped.strip(b"\0"):
            raise KeyGone(f"The vault {self.folder} has no key {name[:8]}….")
        return wrapped

    def _place(self, name: str, ending: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("keys have names of 40 hexadecimal digits")
        return self.folder / f"{name}{ending}"


def _write_new(place: Path, data: bytes) -> None:
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _overwrite(place: Path) -> None:
    """Zeros over it, on the disk, and then no file. Two may do it at once."""
    with suppress(FileNotFoundError):
        with place.open("r+b", buffering=0) as file:
            file.write(bytes(os.fstat(file.fileno()).st_size))
            os.fsync(file.fileno())
        place.unlink()


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0  # somebody else destroys it just now


def _sync(folder: Path) -> None:
    # A name is gone from the disk only once its folder says so.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
