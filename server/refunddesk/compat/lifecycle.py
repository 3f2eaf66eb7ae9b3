"""When each symbol of WordPress and WooCommerce came, changed and went, over many releases.

The package ships one generated file per product, made by `refunddesk compat lifecycle`. A symbol
is kept as spans of releases in which it was the same, so a hundred releases cost little more than
one.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any

from refunddesk.compat.spans import SHELVES, keep_release, restore
from refunddesk.compat.surface import PRODUCT_NAMES, Deprecation, Place, Surface
from refunddesk.compat.versions import compare, minor_of, version_key

_FORMAT = 1


class ReleaseUnknown(LookupError):
    """A version that neither the shipped history nor the caller knows."""


class LifecycleUnreadable(ValueError):
    """A file that is not a lifecycle file of this version of Refund Desk."""


@dataclass(frozen=True, slots=True)
class Life:
    """One symbol's history: versions in which it was first and last seen, and what was said."""

    name: str
    first_seen: str
    last_seen: str
    since: str
    deprecated: Deprecation | None
    place: Place


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The history of a product.

    `releases`: oldest first, each {"version", "php_floor", "typed"}. `symbols`: shelf -> key ->
    [name, since, file, line, spans], a span being [first, last, ...what it was] by position in
    `releases`.
    """

    product: str
    releases: tuple[dict[str, Any], ...]
    symbols: dict[str, dict[str, list[Any]]]

    @property
    def versions(self) -> list[str]:
        return [str(release["version"]) for release in self.releases]

    def find_life(self, shelf: str, key: str, until: str) -> Life | None:
        """The history of one symbol up to release `until`, None if it was in none of them."""
        record = self.symbols[shelf].get(key)
        if record is None:
            return None
        name, since, file, line, spans = record
        versions = self.versions
        spans = [span for span in spans if compare(versions[span[0]], until) <= 0]
        if not spans:
            return None
        deprecated = SHELVES[shelf].deprecation(spans[-1][2:])
        inside = [v for v in versions[spans[-1][0] : spans[-1][1] + 1] if compare(v, until) <= 0]
        return Life(name, versions[spans[0][0]], inside[-1], since, deprecated, Place(file, line))

    def first_without(self, version: str) -> str:
        """The first known release after `version`, "" if there is none."""
        return next((v for v in self.versions if compare(v, version) > 0), "")


def build_lifecycle(surfaces: Iterable[Surface]) -> Lifecycle:
    """The lifecycle of all these releases of one product, in any order; a later one of the same
    version replaces the earlier."""
    by_version = {surface.version: surface for surface in surfaces}
    ordered = sorted(by_version.values(), key=lambda surface: version_key(surface.version))
    symbols: dict[str, dict[str, list[Any]]] = {shelf: {} for shelf in SHELVES}
    for position, surface in enumerate(ordered):
        keep_release(symbols, surface, position)
    releases = tuple(map(_release, ordered))
    return Lifecycle(ordered[0].product if ordered else "", releases, symbols)


def _release(surface: Surface) -> dict[str, Any]:
    return {
        "version": surface.version,
        "php_floor": surface.php_floor,
        "typed": surface.typed,
    }


def surface_at(lifecycle: Lifecycle, version: str, *, nearest: bool = False) -> Surface:
    """The release `version` (or one of its branch: 6.8.2 is answered by 6.8).

    `nearest`: where the branch is unknown, the newest release before it. Raises ReleaseUnknown.
    """
    return _surface(_Same(lifecycle), _position(lifecycle, version, nearest))


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """Lets a lifecycle be a cache key by identity."""

    lifecycle: Lifecycle

    def __hash__(self) -> int:
        return id(self.lifecycle)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.lifecycle is self.lifecycle


@lru_cache(maxsize=16)
def _surface(same: _Same, position: int) -> Surface:
    release = same.lifecycle.releases[position]
    return restore(same.lifecycle.product, release, same.lifecycle.symbols, position)


def _position(lifecycle: Lifecycle, version: str, nearest: bool) -> int:
    branch = [
        position
        for position, known in enumerate(lifecycle.versions)
        if minor_of(known) == minor_of(version) and compare(known, version) <= 0
    ]
    if branch:
        return branch[-1]
    before = [p for p, known in enumerate(lifecycle.versions) if compare(known, version) < 0]
    if nearest and before and len(before) < len(lifecycle.releases):
        return before[-1]
    product = PRODUCT_NAMES.get(lifecycle.product, lifecycle.product)
    raise ReleaseUnknown(
        f"{product} {version} is not among the known releases"
        f" ({', '.join(map(minor_of, lifecycle.versions))}): give its zip or directory instead"
    )


def previous_version(lifecycle: Lifecycle, version: str) -> str | None:
    """The known release of the branch before `version`'s."""
    older = [
        known
        for known in lifecycle.versions
        if compare(known, version) < 0 and minor_of(known) != minor_of(version)
    ]
    return older[-1] if older else None


def read_shipped(product: str) -> Lifecycle:
    """The lifecycle that comes with this package."""
    return _shipped(product)


@lru_cache(maxsize=2)
def _shipped(product: str) -> Lifecycle:
    data = resources.files("refunddesk.compat") / "data" / f"{product}.json.gz"
    return parse_lifecycle(data.read_bytes())


def parse_lifecycle(packed: bytes) -> Lifecycle:
    """Reads what `pack_lifecycle` wrote. Raises LifecycleUnreadable."""
    try:
        document = json.loads(gzip.decompress(packed))
        if document["format"] != _FORMAT:
            raise LifecycleUnreadable(
                f"the lifecycle file has format {document['format']}, this version reads {_FORMAT}:"
                " make it again with `refunddesk compat lifecycle`"
            )
        return Lifecycle(document["product"], tuple(document["releases"]), document["symbols"])
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, LifecycleUnreadable):
            raise
        raise LifecycleUnreadable(f"this is not a lifecycle file: {error}") from None


def pack_lifecycle(lifecycle: Lifecycle) -> bytes:
    """The lifecycle as compressed JSON: the same bytes for the same releases."""
    document = {
        "format": _FORMAT,
        "product": lifecycle.product,
        "releases": lifecycle.releases,
        "symbols": {shelf: dict(sorted(kept.items())) for shelf, kept in lifecycle.symbols.items()},
    }
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return gzip.compress(text.encode(), 9, mtime=0)


def extended(lifecycle: Lifecycle, surfaces: Iterable[Surface]) -> Lifecycle:
    """The lifecycle with those of these releases that are newer than all it knows."""
    newest = lifecycle.versions[-1] if lifecycle.releases else "0"
    later = {s.version: s for s in surfaces if compare(s.version, newest) > 0}
    if not later:
        return lifecycle
    symbols = {
        shelf: {key: [*record[:4], list(map(list, record[4]))] for key, record in kept.items()}
        for shelf, kept in lifecycle.symbols.items()
    }
    releases = list(lifecycle.releases)
    for surface in sorted(later.values(), key=lambda surface: version_key(surface.version)):
        keep_release(symbols, surface, len(releases))
        releases.append(_release(surface))
    return Lifecycle(lifecycle.product, tuple(releases), symbols)


def pack_surface(surface: Surface) -> bytes:
    """One release by itself, to be stored and read back by `unpack_surface`."""
    return pack_lifecycle(build_lifecycle([surface]))


def unpack_surface(packed: bytes, sha256: str) -> Surface:
    """Reads what `pack_surface` wrote; `sha256` is that of the release. Raises
    LifecycleUnreadable."""
    alone = parse_lifecycle(packed)
    surface = restore(alone.product, alone.releases[0], alone.symbols, 0)
    return replace(surface, sha256=sha256)


def surfaces_of(lifecycle: Lifecycle) -> Iterator[Surface]:
    """Every release in it, oldest first: to make the lifecycle anew with one more."""
    for position, release in enumerate(lifecycle.releases):
        yield restore(lifecycle.product, release, lifecycle.symbols, position)
