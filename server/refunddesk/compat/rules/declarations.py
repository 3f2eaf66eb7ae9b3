"""Rules for names a plugin declares and the release now declares too."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from refunddesk.compat.facts import PluginClass, Use
from refunddesk.compat.finding import Finding, Level
from refunddesk.compat.rules.making import broken
from refunddesk.compat.surface import Place, Surface
from refunddesk.compat.world import World

#: Folders in which plugins keep other people's libraries.
_VENDORED = {"vendor", "lib", "libs", "libraries", "third-party", "packages", "vendor_prefixed"}


def redeclared_functions(world: World) -> Iterator[Finding]:
    """redeclare-function."""
    for key, declarations in world.facts.functions.items():
        found = world.find_function(key)
        # A pluggable function stands back when a plugin has declared it.
        if found is None or found[1].conditional:
            continue
        surface, function = found
        for declared in declarations:
            # A hoisted function is declared before the file can ask for it.
            guards = () if declared.hoisted else declared.guards
            use = Use(declared.place.file, declared.place.line, "declaration", guards)
            if world.reached(use):
                sentence = (
                    f"{surface.title} declares {function.name}() itself: PHP stops at the second"
                    " declaration."
                )
                yield broken(
                    world,
                    "redeclare-function",
                    use,
                    surface,
                    function.name,
                    sentence,
                    function.place,
                    function.since,
                )


def redeclared_classes(world: World) -> Iterator[Finding]:
    """redeclare-class. A class loaded on demand is no clash: see `shared_namespaces`."""
    for own in world.facts.classes.values():
        found = _theirs(world, own)
        if found is None:
            continue
        use = Use(own.symbol.place.file, own.symbol.place.line, "declaration", own.guards)
        if not world.reached(use) or _on_demand(world, own):
            continue
        surface, symbol_place, since = found
        sentence = (
            f"{surface.title} declares the class {own.symbol.name} itself: PHP stops at the second"
            " declaration."
        )
        yield broken(
            world,
            "redeclare-class",
            use,
            surface,
            own.symbol.name,
            sentence,
            symbol_place,
            since,
        )


def _theirs(world: World, own: PluginClass) -> tuple[Surface, Place, str] | None:
    for surface in world.surfaces:
        symbol = surface.classes.get(own.symbol.name.lower())
        if symbol is not None and symbol.kind != "alias" and not symbol.conditional:
            return surface, symbol.place, symbol.since
    return None


def _on_demand(world: World, own: PluginClass) -> bool:
    return world.facts.autoloads and not world.loading.is_included_outright(own.symbol.place.file)


def shared_namespaces(world: World) -> Iterator[Finding]:
    """shared-namespace: a library the plugin carries and the release now carries too.

    Whichever is loaded first serves both, in its own version.
    """
    theirs: dict[str, tuple[Surface, Place]] = {}
    for surface in world.surfaces:
        for root, place in _roots_of(surface).items():
            theirs.setdefault(root, (surface, place))
    shared = [
        (root, own)
        for key, own in world.facts.classes.items()
        if "\\" in key and (root := _root(key)) in theirs
    ]
    told: set[str] = set()
    for root, own in sorted(shared, key=lambda pair: _position(pair[1])):
        file = own.symbol.place.file
        if root in told:
            continue
        if not _VENDORED.intersection(file.split("/")) and _theirs(world, own) is None:
            continue
        use = Use(file, own.symbol.place.line, "declaration", own.guards)
        if world.reached(use):
            told.add(root)
            surface, place = theirs[root]
            shown = "\\".join(own.symbol.name.split("\\")[: len(root.split("\\"))])
            sentence = (
                f"{surface.title} carries {shown} too: the copy loaded first serves both,"
                " whatever its version."
            )
            yield broken(
                world,
                "shared-namespace",
                use,
                surface,
                shown,
                sentence,
                place,
                level=Level.WARNING,
            )


@lru_cache(maxsize=32)
def _roots_of(surface: Surface) -> dict[str, Place]:
    """The namespaces a release has classes in, by the first class of each; kept, as releases are
    few."""
    roots: dict[str, Place] = {}
    for key, symbol in surface.classes.items():
        if "\\" in key and symbol.kind != "alias":
            roots.setdefault(_root(key), symbol.place)
    return roots


def _root(name: str) -> str:
    return "\\".join(name.split("\\")[:-1][:2])


def _position(own: PluginClass) -> tuple[str, int]:
    return own.symbol.place.file, own.symbol.place.line
