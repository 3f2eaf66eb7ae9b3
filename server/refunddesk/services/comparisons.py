"""Which releases a check compares: the plugin's site, and the one it is known to work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from refunddesk.compat.check import Site
from refunddesk.compat.facts import PluginFacts
from refunddesk.compat.lifecycle import (
    Lifecycle,
    extended,
    read_shipped,
    surface_at,
    unpack_surface,
)
from refunddesk.compat.releases import choose_baseline
from refunddesk.compat.surface import PRODUCT_NAMES, WOOCOMMERCE, WORDPRESS, Surface
from refunddesk.compat.verdict import Verdict
from refunddesk.compat.versions import compare, minor_of
from refunddesk.db import checks, releases
from refunddesk.db.plugins import PluginVersion
from refunddesk.db.releases import Channel, Release

#: On such a release the plugin is known to work.
_PASSES = (Verdict.OK, Verdict.WARN)
#: By product: the history last put together, with the packed releases that came after the shipped.
#: To extend it, and to restore a surface of it, takes longer than most plugins take to check.
_histories: dict[str, tuple[tuple[tuple[bytes, str], ...], Lifecycle]] = {}


@dataclass(frozen=True, slots=True)
class Comparison:
    """`reason` says in words why the baseline is the one it is."""

    target: Site
    baseline: Site | None
    reason: str
    lifecycles: Mapping[str, Lifecycle]


def choose_comparison(
    transaction: Connection, facts: PluginFacts, version: PluginVersion, release: Release
) -> Comparison:
    """What to compare for a check of the plugin on `release`, which was read.

    The other product, where the plugin uses it, is the newest finished one, on both sides.
    """
    others = [WOOCOMMERCE] if version.uses_woocommerce else []
    if release.product == WOOCOMMERCE:
        others = [WORDPRESS]
    lifecycles = {
        product: known_history(transaction, product)
        for product in PRODUCT_NAMES
        if product in (release.product, *others)
    }
    target = get_surface(transaction, release)
    beside = [_newest(transaction, product, lifecycles[product]) for product in others]
    baseline, reason = _baseline(transaction, facts, version, target, lifecycles[release.product])
    return Comparison(
        _site([target, *beside]),
        _site([baseline, *beside]) if baseline is not None else None,
        reason,
        lifecycles,
    )


def get_surface(transaction: Connection, release: Release) -> Surface:
    """What a release that was read offers."""
    return unpack_surface(*_packed(transaction, release))


def known_history(transaction: Connection, product: str) -> Lifecycle:
    """The shipped history, with the finished releases that came after it."""
    shipped = read_shipped(product)
    later = tuple(
        _packed(transaction, release)
        for release in _finished(transaction, product)
        if compare(release.version, shipped.versions[-1]) > 0
    )
    kept = _histories.get(product)
    if kept is None or kept[0] != later:
        history = extended(shipped, [unpack_surface(*packed) for packed in later])
        kept = _histories[product] = later, history
    return kept[1]


def _packed(transaction: Connection, release: Release) -> tuple[bytes, str]:
    packed = releases.find_surface(transaction, release.id)
    assert packed is not None
    return packed, release.sha256 or ""


def _newest(transaction: Connection, product: str, lifecycle: Lifecycle) -> Surface:
    newest = lifecycle.versions[-1]
    recorded = next(iter(_finished(transaction, product)), None)
    if recorded is not None and compare(recorded.version, newest) >= 0:
        return get_surface(transaction, recorded)
    return surface_at(lifecycle, newest)


def _finished(transaction: Connection, product: str) -> list[Release]:
    return [
        release
        for release in releases.list_releases(transaction, product)
        if release.read_at is not None and release.channel is Channel.STABLE
    ]


def _baseline(
    transaction: Connection,
    facts: PluginFacts,
    version: PluginVersion,
    target: Surface,
    lifecycle: Lifecycle,
) -> tuple[Surface | None, str]:
    passed = {
        release_id
        for (_, release_id), check in checks.list_last(
            transaction, plugin_version_id=version.id
        ).items()
        if check.verdict in _PASSES
    }
    for release in _finished(transaction, target.product):
        if release.id in passed and compare(release.version, target.version) < 0:
            return get_surface(transaction, release), "it passed there"
    chosen, reason = choose_baseline(facts.headers, target, lifecycle)
    if chosen is not None:
        chosen = _kept(transaction, chosen, target) or chosen
    return chosen, reason


def _kept(transaction: Connection, chosen: Surface, target: Surface) -> Surface | None:
    """The newest release of the branch that we have whole: one that is shipped has no files."""
    for release in _finished(transaction, chosen.product):
        is_near = minor_of(release.version) == minor_of(chosen.version)
        if is_near and compare(release.version, target.version) < 0:
            return get_surface(transaction, release)
    return None


def _site(surfaces: list[Surface]) -> Site:
    # WordPress first, as people name it.
    return Site(tuple(sorted(surfaces, key=lambda surface: surface.product != WORDPRESS)))
