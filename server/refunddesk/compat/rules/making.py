"""Makes findings: the fields every rule fills in the same way."""

from __future__ import annotations

from refunddesk.compat.facts import Use
from refunddesk.compat.finding import Finding, Level
from refunddesk.compat.surface import PRODUCT_NAMES, Deprecation, Place, Surface
from refunddesk.compat.world import Gone, World


def removed(world: World, rule: str, use: Use, gone: Gone, what: str, level: Level) -> Finding:
    """A use of something the release no longer has. `what` names it: "The function x()"."""
    product = PRODUCT_NAMES[gone.product]
    return Finding(
        rule=rule,
        level=level,
        product=gone.product,
        symbol=gone.name,
        place=Place(use.file, use.line),
        form=use.form,
        sentence=f"{what} is gone since {product} {gone.removed_in}.",
        core=gone.place,
        since=gone.since,
        deprecated_in=gone.deprecated.since if gone.deprecated else "",
        removed_in=gone.removed_in,
        last_seen=gone.last_seen,
        instead=gone.deprecated.instead if gone.deprecated else "",
        on_load=world.loading.is_always_loaded(use.file),
    )


def deprecated(
    world: World,
    rule: str,
    use: Use,
    surface: Surface,
    symbol: str,
    said: Deprecation,
    what: str,
    core: Place,
    since: str = "",
) -> Finding:
    """A use of something the release still has and advises against."""
    when = f" since {PRODUCT_NAMES[surface.product]} {said.since}" if said.since else ""
    return Finding(
        rule=rule,
        level=Level.WARNING,
        product=surface.product,
        symbol=symbol,
        place=Place(use.file, use.line),
        form=use.form,
        sentence=f"{what} is deprecated{when}.",
        core=core,
        since=since,
        deprecated_in=said.since,
        instead=said.instead,
        on_load=world.loading.is_always_loaded(use.file),
    )


def broken(
    world: World,
    rule: str,
    use: Use,
    surface: Surface,
    symbol: str,
    sentence: str,
    core: Place,
    since: str = "",
    level: Level = Level.ERROR,
) -> Finding:
    """Something that PHP or the release refuses as it stands."""
    return Finding(
        rule=rule,
        level=level,
        product=surface.product,
        symbol=symbol,
        place=Place(use.file, use.line),
        form=use.form,
        sentence=sentence,
        core=core,
        since=since,
        on_load=world.loading.is_always_loaded(use.file),
    )
