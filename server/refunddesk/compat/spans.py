"""How each kind of symbol is packed into the lifecycle file and read back from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from refunddesk.compat.surface import (
    ClassSymbol,
    Deprecation,
    Function,
    Handle,
    Hook,
    Place,
    Surface,
)

Symbols = dict[str, dict[str, list[Any]]]
# key, name, since, place, what it is
_Row = tuple[str, str, str, Place, list[Any]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """`rows` lists a release's symbols of this kind, or None where the release does not say."""

    rows: Callable[[Surface], Iterator[_Row] | None]
    deprecation_at: int | None = None

    def deprecation(self, packed: list[Any]) -> Deprecation | None:
        if self.deprecation_at is None or len(packed) <= self.deprecation_at:
            return None
        return _unpack_deprecation(packed[self.deprecation_at])


def _pack_deprecation(deprecated: Deprecation | None) -> list[str] | int:
    return [deprecated.since, deprecated.instead] if deprecated else 0


def _unpack_deprecation(packed: list[str] | int) -> Deprecation | None:
    return Deprecation(*packed) if isinstance(packed, list) else None


def _functions(surface: Surface) -> Iterator[_Row]:
    for key, function in surface.functions.items():
        packed = [
            function.signature,
            int(function.conditional),
            _pack_deprecation(function.deprecated),
            _pack_arguments(function),
        ]
        yield key, function.name, function.since, function.place, packed


def _pack_arguments(function: Function) -> list[list[Any]]:
    return [[position, d.since, d.instead] for position, d in function.deprecated_arguments]


def _classes(surface: Surface) -> Iterator[_Row]:
    for key, symbol in surface.classes.items():
        packed = [
            symbol.kind,
            list(symbol.parents),
            _pack_deprecation(symbol.deprecated),
            list(symbol.modifiers),
            int(symbol.conditional),
        ]
        yield key, symbol.name, symbol.since, symbol.place, packed


def _methods(surface: Surface) -> Iterator[_Row]:
    for key, symbol in surface.classes.items():
        # WooCommerce reserves everything below Internal and vendored code for itself.
        if "\\internal\\" in key or "\\vendor\\" in key:
            continue
        for name, method in symbol.methods.items():
            # Nobody outside can call a private method, and a child may reuse its name.
            if method.visibility == "private":
                continue
            packed = [
                method.signature,
                list(method.modifiers),
                _pack_deprecation(method.deprecated),
                _pack_arguments(method),
            ]
            yield f"{key}::{name}", method.name, method.since, method.place, packed


def _hooks(surface: Surface) -> Iterator[_Row]:
    for key, hook in surface.hooks.items():
        yield key, "", "", hook.place, [_pack_deprecation(hook.deprecated)]


def _handles(surface: Surface) -> Iterator[_Row] | None:
    if surface.handles is None:
        return None
    return (
        (key, handle.name, "", handle.place, [handle.version, list(handle.dependencies)])
        for key, handle in surface.handles.items()
    )


def _files(surface: Surface) -> Iterator[_Row] | None:
    if surface.files is None:
        return None
    return (
        (path, "", "", Place("", 0), [_pack_deprecation(deprecated)])
        for path, deprecated in surface.files.items()
    )


def _database_calls(surface: Surface) -> Iterator[_Row] | None:
    if surface.database_calls is None:
        return None
    return ((name, "", "", place, []) for name, place in surface.database_calls.items())


SHELVES = {
    "functions": Shelf(_functions, 2),
    "classes": Shelf(_classes, 2),
    "methods": Shelf(_methods, 2),
    "hooks": Shelf(_hooks, 0),
    "handles": Shelf(_handles),
    "files": Shelf(_files, 0),
    "database_calls": Shelf(_database_calls),
}


def keep_release(symbols: Symbols, surface: Surface, position: int) -> None:
    """Adds one release, the newest so far, at `position`."""
    for shelf, kind in SHELVES.items():
        kept = symbols[shelf]
        rows = kind.rows(surface)
        if rows is None:
            _carry(kept, position)
            continue
        for key, name, since, place, packed in rows:
            record = kept.setdefault(key, ["", "", "", 0, []])
            shown = "" if name.lower() == key.rpartition("::")[2] and name.islower() else name
            # The line of the newest release is the one a reader can still open.
            record[:4] = [shown, record[1] or since, place.file, place.line]
            spans = record[4]
            if spans and spans[-1][1] == position - 1 and spans[-1][2:] == packed:
                spans[-1][1] = position
            else:
                spans.append([position, position, *packed])


def _carry(kept: dict[str, list[Any]], position: int) -> None:
    """A release that does not speak of this kind is taken to be as the one before it."""
    for record in kept.values():
        if record[4] and record[4][-1][1] == position - 1:
            record[4][-1][1] = position


def restore(product: str, release: dict[str, Any], symbols: Symbols, position: int) -> Surface:
    """The surface of the release at `position`."""
    surface = Surface(
        product=product,
        version=release["version"],
        php_floor=release["php_floor"],
        handles={} if symbols["handles"] else None,
        files={} if symbols["files"] else None,
        database_calls={} if symbols["database_calls"] else None,
        typed=release["typed"],
    )
    for key, name, since, place, packed in _at(symbols["functions"], position):
        surface.functions[key] = _function(name or key, since, place, packed, bool(packed[1]), ())
    for key, name, since, place, packed in _at(symbols["classes"], position):
        kind, parents, deprecated, modifiers, conditional = packed
        surface.classes[key] = ClassSymbol(
            name=name or key,
            kind=kind,
            place=place,
            parents=tuple(parents),
            modifiers=tuple(modifiers),
            since=since,
            deprecated=_unpack_deprecation(deprecated),
            conditional=bool(conditional),
        )
    for key, name, since, place, packed in _at(symbols["methods"], position):
        owner, _, method = key.rpartition("::")
        if owner in surface.classes:
            surface.classes[owner].methods[method] = _function(
                name or method, since, place, packed, False, tuple(packed[1])
            )
    for key, _, _, place, packed in _at(symbols["hooks"], position):
        surface.hooks[key] = Hook(key, place, _unpack_deprecation(packed[0]))
    _restore_wordpress_only(surface, symbols, position)
    return surface


def _restore_wordpress_only(surface: Surface, symbols: Symbols, position: int) -> None:
    if surface.handles is not None:
        for key, name, _, place, packed in _at(symbols["handles"], position):
            surface.handles[key] = Handle(name or key, place, packed[0], tuple(packed[1]))
    if surface.files is not None:
        for key, _, _, _, packed in _at(symbols["files"], position):
            surface.files[key] = _unpack_deprecation(packed[0])
    if surface.database_calls is not None:
        for key, _, _, place, _ in _at(symbols["database_calls"], position):
            surface.database_calls[key] = place


def _at(kept: dict[str, list[Any]], position: int) -> Iterator[_Row]:
    for key, (name, since, file, line, spans) in kept.items():
        for span in spans:
            if span[0] <= position <= span[1]:
                yield key, name, since, Place(file, line), span[2:]
                break


def _function(
    name: str,
    since: str,
    place: Place,
    packed: list[Any],
    conditional: bool,
    modifiers: tuple[str, ...],
) -> Function:
    return Function(
        name=name,
        signature=packed[0],
        place=place,
        since=since,
        deprecated=_unpack_deprecation(packed[2]),
        conditional=conditional,
        deprecated_arguments=tuple(
            (argument, Deprecation(version, instead)) for argument, version, instead in packed[3]
        ),
        modifiers=modifiers,
    )
