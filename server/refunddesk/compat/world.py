"""The releases a plugin meets on one site, and what they answer about a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from refunddesk.compat.conditions import Exists, Truth, VersionIs, truth_of
from refunddesk.compat.facts import PluginFacts, Use
from refunddesk.compat.lifecycle import Life, Lifecycle
from refunddesk.compat.loading import Loading
from refunddesk.compat.surface import (
    WORDPRESS,
    ClassSymbol,
    Deprecation,
    Function,
    Place,
    Surface,
    any_of,
    filled_in_hooks,
    specific,
)
from refunddesk.compat.versions import holds


@dataclass(frozen=True, slots=True)
class Gone:
    """A symbol that the release does not have and an earlier one had."""

    product: str
    name: str
    last_seen: str
    removed_in: str
    place: Place
    since: str
    deprecated: Deprecation | None


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """`surfaces`: the releases on the site. `earlier`: releases before them, whose symbols are
    known to have been core's. `lifecycles`: the same over all known releases."""

    facts: PluginFacts
    surfaces: tuple[Surface, ...]
    earlier: tuple[Surface, ...] = ()
    lifecycles: Mapping[str, Lifecycle] = field(default_factory=dict)
    loading: Loading = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "loading", Loading(self.facts, self.answer))

    @property
    def wordpress(self) -> Surface | None:
        return next((s for s in self.surfaces if s.product == WORDPRESS), None)

    def find_function(self, key: str) -> tuple[Surface, Function] | None:
        for surface in self.surfaces:
            found = surface.functions.get(key)
            if found is not None:
                return surface, found
        return None

    def find_class(self, name: str) -> tuple[Surface, ClassSymbol] | None:
        for surface in self.surfaces:
            found = surface.find_class(name)
            if found is not None:
                return surface, found
        return None

    def gone(self, shelf: str, key: str) -> Gone | None:
        """The symbol if these releases lost it; only asked for one they do not have."""
        for surface in self.surfaces:
            lifecycle = self.lifecycles.get(surface.product)
            life = lifecycle.find_life(shelf, key, surface.version) if lifecycle else None
            before = next((e for e in self.earlier if e.product == surface.product), None)
            if life is not None and lifecycle is not None:
                after = lifecycle.first_without(life.last_seen) or surface.version
                if before is None or not _has(before, shelf, key):
                    return _gone(surface.product, key, life, after)
            if before is not None and _has(before, shelf, key):
                place, since, deprecated = _described(before, shelf, key)
                return Gone(
                    surface.product,
                    life.name if life and life.name else _shown(before, shelf, key),
                    before.version,
                    (lifecycle.first_without(before.version) if lifecycle and life else "")
                    or surface.version,
                    place,
                    since,
                    deprecated,
                )
        return None

    def gone_hook(self, name: str) -> Gone | None:
        """The same for a hook, whose name may be filled in when it is fired."""
        gone = self.gone("hooks", name)
        if gone is not None:
            return None if self._filled_in_since(name, gone) else gone
        if any(filled_in_hooks(surface).fullmatch(name) for surface in self.surfaces):
            return None
        for before in self.earlier:
            if filled_in_hooks(before).fullmatch(name):
                pattern = next(p for p in before.hooks if specific(p) and _fits(p, name))
                found = self.gone("hooks", pattern)
                return replace(found, name=name) if found else None
        return None

    def _filled_in_since(self, name: str, gone: Gone) -> bool:
        """Whether the release fires the hook by a filled-in name that came when the plain one went.

        One that was there beside the plain name says nothing of where that went.
        """
        lifecycle = self.lifecycles.get(gone.product)
        before = next((e for e in self.earlier if e.product == gone.product), None)
        for surface in self.surfaces:
            if surface.product != gone.product or not filled_in_hooks(surface).fullmatch(name):
                continue
            for pattern in surface.hooks:
                if not specific(pattern) or not _fits(pattern, name):
                    continue
                old = before is not None and pattern in before.hooks
                if not old and lifecycle is not None:
                    old = lifecycle.find_life("hooks", pattern, gone.last_seen) is not None
                if not old:
                    return True
        return False

    def answer(self, asked: Exists | VersionIs) -> Truth:
        """What function_exists() and its like say on this site; None where it is not known."""
        if isinstance(asked, VersionIs):
            surface = next((s for s in self.surfaces if s.product == asked.product), None)
            return holds(surface.version, asked.operator, asked.version) if surface else None
        key = asked.name.lower().lstrip("\\")
        match asked.kind:
            case "function":
                if self.find_function(key):
                    return True
                return None if key in self.facts.functions else self._lost("functions", key)
            case "class":
                if self.find_class(key):
                    return True
                return None if key in self.facts.classes else self._lost("classes", key)
            case "method":
                owner, _, method = key.partition("::")
                found = self.find_class(owner)
                if found is None:
                    return self._lost("classes", owner)
                return found[0].find_method(owner, method) is not None
            case "file":
                wordpress = self.wordpress
                if wordpress is None or wordpress.files is None:
                    return None
                return asked.name in wordpress.files
            case _:
                return None

    def _lost(self, shelf: str, key: str) -> Truth:
        return False if self.gone(shelf, key) else None

    def reached(self, use: Use) -> bool:
        """False only if a condition around the line, or around its file, is known not to hold."""
        if any(truth_of(guard, self.answer) is False for guard in use.guards):
            return False
        return not self.loading.is_dead(use.file)

    def asks_for(self, use: Use, kind: str, name: str) -> bool:
        """Whether the line is only reached when the symbol it uses exists."""

        def without_it(asked: Exists | VersionIs) -> Truth:
            return False if _asks(asked, kind, name) else self.answer(asked)

        guards = (*use.guards, *self.loading.guards_of(use.file))
        return any(truth_of(guard, without_it) is False for guard in guards)


def _fits(pattern: str, name: str) -> bool:
    return any_of((pattern,)).fullmatch(name) is not None


def _asks(asked: Exists | VersionIs, kind: str, name: str) -> bool:
    if isinstance(asked, VersionIs) or asked.kind != kind:
        return False
    return asked.name.lower().lstrip("\\") == name.lower()


def _gone(product: str, key: str, life: Life, removed_in: str) -> Gone:
    return Gone(
        product,
        life.name or key,
        life.last_seen,
        removed_in,
        life.place,
        life.since,
        life.deprecated,
    )


def _has(surface: Surface, shelf: str, key: str) -> bool:
    return _symbol(surface, shelf, key) is not None


def _symbol(surface: Surface, shelf: str, key: str) -> object | None:
    match shelf:
        case "functions":
            return surface.functions.get(key)
        case "classes":
            return surface.find_class(key)
        case "methods":
            owner, _, method = key.partition("::")
            found = surface.find_method(owner, method)
            return found[1] if found else None
        case "hooks":
            return surface.hooks.get(key)
        case "handles":
            return (surface.handles or {}).get(key)
        case "files":
            return Place(key, 1) if key in (surface.files or {}) else None
        case _:
            return None


def _described(surface: Surface, shelf: str, key: str) -> tuple[Place, str, Deprecation | None]:
    symbol = _symbol(surface, shelf, key)
    if isinstance(symbol, Place):
        return symbol, "", (surface.files or {}).get(key)
    place = getattr(symbol, "place", Place("", 0))
    return place, getattr(symbol, "since", ""), getattr(symbol, "deprecated", None)


def _shown(surface: Surface, shelf: str, key: str) -> str:
    name = getattr(_symbol(surface, shelf, key), "name", "") or key
    if shelf == "methods":
        owner = surface.find_class(key.partition("::")[0])
        return f"{owner.name if owner else key.partition('::')[0]}::{name}"
    return str(name)
