"""Who was erased, in a file beside the database: a backup put back would not know of them.

One line for each erasure, with a keyed hash and no name. The file is no part of a backup.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from refunddesk.db.erasures import Erasure
from refunddesk.db.stores import Store
from refunddesk.services.edges import Edges


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One erasure, as it is known outside the database."""

    reference: str
    store_url: str
    person_hash: bytes = field(repr=False)
    erased_at: datetime


def file_of(edges: Edges) -> Path:
    return edges.home / "erasures.jsonl"


def keep(edges: Edges, erasure: Erasure, store: Store) -> None:
    """Have the erasure on the disk when this returns; the same one again changes nothing."""
    if any(one.reference == erasure.reference for one in list_kept(edges)):
        return
    line = json.dumps(
        {
            "reference": erasure.reference,
            "store": store.url,
            "person": erasure.person_hash.hex(),
            "erased_at": erasure.begun_at.isoformat(),
        }
    )
    place = file_of(edges)
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        # A beginning that a killed process left must not swallow this line.
        torn = file.seek(0, os.SEEK_END) and not _ends_a_line(file.fileno())
        file.write(f"{chr(10) if torn else ''}{line}\n".encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    _sync(place.parent)


def list_kept(edges: Edges) -> list[Tombstone]:
    """All of them, oldest first. A torn line is left out: whoever began it writes it once more."""
    try:
        lines = file_of(edges).read_text(encoding="ascii", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    return [one for one in map(_read, lines) if one is not None]


def _read(line: str) -> Tombstone | None:
    try:
        said = json.loads(line)
        return Tombstone(
            said["reference"],
            said["store"],
            bytes.fromhex(said["person"]),
            datetime.fromisoformat(said["erased_at"]),
        )
    except (ValueError, TypeError, KeyError):
        return None


def _ends_a_line(descriptor: int) -> bool:
    return os.pread(descriptor, 1, os.fstat(descriptor).st_size - 1) == b"\n"


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
