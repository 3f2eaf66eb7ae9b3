"""Where the zips of plugins and releases lie, each under the hash of its bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from refunddesk.services.edges import Edges

_PLUGINS, _RELEASES, _WAITING = "plugins", "releases", "incoming"


def plugin_zip(edges: Edges, sha256: str) -> Path:
    return edges.home / "compat" / _PLUGINS / f"{sha256}.zip"


def release_zip(edges: Edges, sha256: str) -> Path:
    return edges.home / "compat" / _RELEASES / f"{sha256}.zip"


@contextmanager
def incoming(edges: Edges) -> Iterator[Path]:
    """A place for a file that is not accepted yet; gone at the end unless it was moved."""
    folder = edges.home / "compat" / _WAITING
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / f"{edges.random_bytes(12).hex()}.zip"
    try:
        yield place
    finally:
        place.unlink(missing_ok=True)


def move_in(arrived: Path, place: Path) -> None:
    """Take a file over whole: a reader finds all of it or nothing."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.replace(arrived, place)
