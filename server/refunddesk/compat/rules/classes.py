"""Rules for classes a plugin uses, extends or puts in the place of the release's own."""

from __future__ import annotations

from collections.abc import Iterator

from refunddesk.compat.facts import PluginClass, Use
from refunddesk.compat.finding import Finding, Level
from refunddesk.compat.rules.ancestry import demands_of, heirs_of, lineage, own_methods
from refunddesk.compat.rules.making import broken, deprecated, removed
from refunddesk.compat.rules.signatures import why_refused
from refunddesk.compat.surface import shown_signature
from refunddesk.compat.world import World

#: `instanceof` and `catch` of a class that is not there are no error: they are never true.
_SILENT = {"instanceof", "catch"}


def class_uses(world: World) -> Iterator[Finding]:
    """removed-class and deprecated-class."""
    for key, uses in world.facts.class_uses.items():
        found = world.find_class(key)
        gone = None
        if found is None:
            gone = None if key in world.facts.classes else world.gone("classes", key)
            if gone is None:
                continue
        elif found[1].deprecated is None:
            continue
        for use in uses:
            if not world.reached(use) or world.asks_for(use, "class", key):
                continue
            if gone is not None:
                silent = use.form in _SILENT
                what = f"The class {gone.name}"
                level = Level.WARNING if silent else Level.ERROR
                yield removed(world, "removed-class", use, gone, what, level)
            elif found is not None and found[1].deprecated is not None:
                surface, symbol = found
                what = f"The class {symbol.name}"
                said = found[1].deprecated
                yield deprecated(
                    world,
                    "deprecated-class",
                    use,
                    surface,
                    symbol.name,
                    said,
                    what,
                    symbol.place,
                    symbol.since,
                )


def overrides(world: World) -> Iterator[Finding]:
    """override-signature: a method that PHP refuses beside its parent's; extends-final."""
    for heir in heirs_of(world):
        own = heir.own
        for name in heir.outside:
            found = world.find_class(name)
            if found is None:
                continue
            surface, parent = found
            if "final" in parent.modifiers and name in own.symbol.parents:
                sentence = f"{parent.name} is final: {own.symbol.name} cannot extend it."
                use = _use_of(own, own.symbol.place.line)
                yield broken(
                    world, "extends-final", use, surface, parent.name, sentence, parent.place
                )
            for key, method in own.symbol.methods.items():
                inherited = surface.find_method(name, key)
                if inherited is None:
                    continue
                declaring, base = inherited
                why = why_refused(method, base, typed=surface.typed)
                if why:
                    symbol = f"{declaring.name}::{base.name}"
                    sentence = (
                        f"{own.symbol.name}::{method.name}{shown_signature(method.signature)} {why}"
                        f" {symbol}{shown_signature(base.signature)}: PHP stops when the class"
                        " is loaded."
                    )
                    use = _use_of(own, method.place.line)
                    yield broken(
                        world,
                        "override-signature",
                        use,
                        surface,
                        symbol,
                        sentence,
                        base.place,
                        base.since,
                    )


def missing_methods(world: World) -> Iterator[Finding]:
    """new-abstract-method: a class that lacks what its parent or interface demands."""
    for heir in heirs_of(world):
        symbol = heir.own.symbol
        if symbol.kind not in {"class", "enum"} or "abstract" in symbol.modifiers:
            continue
        parents = [found for name in heir.outside if (found := world.find_class(name))]
        # Where one ancestor is unknown, it may be the one that fills the method in.
        if len(parents) < len(heir.outside):
            continue
        demands = [demands_of(surface, parent.name) for surface, parent in parents]
        if not any(demand.abstract for demand in demands):
            continue
        filled = {
            key for key, (_, method) in own_methods(heir.inside).items() if not method.abstract
        }.union(*(demand.concrete for demand in demands))
        for (surface, _), demand in zip(parents, demands, strict=True):
            for owner, method in demand.abstract:
                if method.name.lower() in filled:
                    continue
                demanded = f"{owner.name}::{method.name}"
                sentence = f"{symbol.name} lacks {demanded}(), which {owner.name} demands."
                use = _use_of(heir.own, symbol.place.line)
                place, since = method.place, method.since
                yield broken(
                    world, "new-abstract-method", use, surface, demanded, sentence, place, since
                )


def drop_ins(world: World) -> Iterator[Finding]:
    """drop-in-method: an object in the place of $wpdb without a method core calls on it."""
    wordpress = world.wordpress
    database = wordpress.find_class("wpdb") if wordpress else None
    if wordpress is None or database is None or wordpress.database_calls is None:
        return
    for drop_in in world.facts.drop_ins:
        own = world.facts.classes.get(drop_in.class_name.lower())
        if own is None:
            continue
        inside, outside = lineage(world, own)
        have = own_methods(inside)
        if outside or "__call" in have:
            # It extends wpdb and inherits whatever is added, or something nobody knows.
            continue
        for called, place in sorted(wordpress.database_calls.items()):
            if called in database.methods and called not in have:
                symbol = f"wpdb::{database.methods[called].name}"
                sentence = (
                    f"{own.symbol.name} takes the place of $wpdb and has no"
                    f" {database.methods[called].name}(), which {wordpress.title} calls on it."
                )
                use = _use_of(own, own.symbol.place.line)
                yield broken(world, "drop-in-method", use, wordpress, symbol, sentence, place)


def _use_of(own: PluginClass, line: int) -> Use:
    return Use(own.symbol.place.file, line, "declaration", own.guards)
