"""Finds the release a person names: a zip, a directory, or a version the package knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from refunddesk.compat.archive import open_tree
from refunddesk.compat.facts import Headers
from refunddesk.compat.index import index_release
from refunddesk.compat.lifecycle import Lifecycle, ReleaseUnknown, previous_version, surface_at
from refunddesk.compat.surface import PRODUCT_NAMES, WORDPRESS, Surface
from refunddesk.compat.symboltables import is_symbol_table, lend, read_symbol_table
from refunddesk.compat.versions import compare, version_key

Progress = Callable[[int, int], None]


class WrongProduct(ValueError):
    """A release of the other product than the one asked for."""


def find_release(
    named: str, product: str, lifecycle: Lifecycle, progress: Progress | None = None
) -> Surface:
    """The release that `named` means: a path that exists, else a version.

    Raises ReleaseUnknown, WrongProduct, NotARelease, ArchiveRefused.
    """
    place = Path(named)
    if not place.exists():
        if "/" in named or named.endswith(".zip") or not named[:1].isdigit():
            raise ReleaseUnknown(f"{named} is neither a file, a directory nor a version")
        return surface_at(lifecycle, named)
    with open_tree(place) as tree:
        surface = index_release(tree, progress)
    if surface.product != product:
        raise WrongProduct(
            f"{named} is {surface.title}, where a {PRODUCT_NAMES[product]} release is wanted"
        )
    return surface


def choose_baseline(
    headers: Headers, target: Surface, lifecycle: Lifecycle
) -> tuple[Surface | None, str]:
    """The release the plugin is taken to work on, and why in words.

    It is the one its author tested it with, else the branch before the target.
    """
    is_wordpress = target.product == WORDPRESS
    tested = headers.tested_wordpress if is_wordpress else headers.tested_woocommerce
    if tested[:1].isdigit() and compare(tested, target.version) < 0:
        try:
            return surface_at(lifecycle, tested, nearest=True), f"tested up to {tested}"
        except ReleaseUnknown:
            pass
    before = previous_version(lifecycle, target.version)
    if before is None:
        return None, "no earlier release is known"
    return surface_at(lifecycle, before), "the release before"


def read_releases(
    places: Iterable[Path], progress: Callable[[Path], None] | None = None
) -> list[Surface]:
    """The releases at these places, symbol tables among them, each filled up from the one before.

    A release given both ways counts as read from its files. Raises NotARelease, ArchiveRefused,
    NotASymbolTable.
    """
    tables: list[Surface] = []
    whole: list[Surface] = []
    for place in places:
        if progress is not None:
            progress(place)
        if is_symbol_table(place):
            tables.append(read_symbol_table(place))
        else:
            with open_tree(place) as tree:
                whole.append(index_release(tree))
    filled = []
    for table in tables:
        before = [
            surface
            for surface in whole
            if surface.product == table.product and compare(surface.version, table.version) <= 0
        ]
        if any(compare(surface.version, table.version) == 0 for surface in before):
            continue
        nearest = max(before, key=lambda s: version_key(s.version), default=None)
        filled.append(lend(table, nearest) if nearest else table)
    return [*filled, *whole]
