"""Follows a plugin's classes up to the class of the release they build on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from refunddesk.compat.facts import PluginClass, Use
from refunddesk.compat.surface import ClassSymbol, Function, Surface
from refunddesk.compat.world import World


def core_parent(world: World, owner: str, method: str) -> str | None:
    """The release's class that answers a call of `owner`'s method, None where the plugin's own
    class or one nobody knows does."""
    waiting, seen = [owner.lower()], set[str]()
    answers: list[str] = []
    while waiting:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        own = world.facts.classes.get(name)
        if own is None:
            answers.append(name)
            continue
        if method in own.symbol.methods or "__call" in own.symbol.methods:
            return None
        waiting.extend(parent.lower() for parent in own.symbol.parents)
    # With a trait or interface beside the parent, the one that has the method answers.
    if len(answers) > 1:
        known = [name for name in answers if world.find_class(name) is not None]
        if len(known) != len(answers):
            return None
        having = [n for n in known if (c := world.find_class(n)) and c[0].find_method(n, method)]
        return having[0] if having else known[0]
    return answers[0] if answers else None


def lineage(world: World, start: PluginClass) -> tuple[list[PluginClass], list[str]]:
    """The class with its ancestors in the plugin, and the names of those outside of it."""
    own, outside = [start], list[str]()
    waiting, seen = list(start.symbol.parents), {start.symbol.name.lower()}
    while waiting:
        name = waiting.pop(0)
        if name.lower() in seen:
            continue
        seen.add(name.lower())
        inside = world.facts.classes.get(name.lower())
        if inside is None:
            outside.append(name)
        else:
            own.append(inside)
            waiting.extend(inside.symbol.parents)
    return own, outside


@dataclass(frozen=True, slots=True)
class Heir:
    """A reached class of the plugin with its ancestors there, itself first, and those outside."""

    own: PluginClass
    inside: tuple[PluginClass, ...]
    outside: tuple[str, ...]


@lru_cache(maxsize=4)
def heirs_of(world: World) -> tuple[Heir, ...]:
    """Every reached class that builds on one outside of the plugin; two rules ask for them."""
    heirs = []
    for own in world.facts.classes.values():
        if own.symbol.parents:
            inside, outside = lineage(world, own)
            place = own.symbol.place
            use = Use(place.file, place.line, "declaration", own.guards)
            if outside and world.reached(use):
                heirs.append(Heir(own, tuple(inside), tuple(outside)))
    return tuple(heirs)


def own_methods(classes: Iterable[PluginClass]) -> dict[str, tuple[PluginClass, Function]]:
    """Every method of these classes by lower-case name, the nearest class first."""
    methods: dict[str, tuple[PluginClass, Function]] = {}
    for found in classes:
        for key, method in found.symbol.methods.items():
            methods.setdefault(key, (found, method))
    return methods


@dataclass(frozen=True, slots=True)
class Demands:
    """What a class of the release leaves to its children, and the methods it fills in."""

    abstract: tuple[tuple[ClassSymbol, Function], ...]
    concrete: frozenset[str]


@lru_cache(maxsize=4096)
def demands_of(surface: Surface, name: str) -> Demands:
    """The demands of the named class and its ancestors; kept, as many classes share a parent."""
    abstract, concrete = list[tuple[ClassSymbol, Function]](), set[str]()
    waiting, seen = [name], set[str]()
    while waiting:
        symbol = surface.find_class(waiting.pop(0))
        if symbol is None or symbol.name.lower() in seen:
            continue
        seen.add(symbol.name.lower())
        waiting.extend(symbol.parents)
        for key, method in symbol.methods.items():
            if method.abstract:
                abstract.append((symbol, method))
            else:
                concrete.add(key)
    return Demands(tuple(abstract), frozenset(concrete))
