"""Reads a symbol table of a release: one gzipped JSON file with its functions, classes and hooks.

Such a table has no types, aliases, files or handles made in loops, so the release before it that
was read from its own files lends what the two share.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from refunddesk.compat.surface import (
    PRODUCT_NAMES,
    ClassSymbol,
    Deprecation,
    Function,
    Hook,
    Parameter,
    Place,
    Signature,
    Surface,
    pack_signature,
    signature_of,
)

_NAME = re.compile(r"(wordpress|woocommerce)-(\d[\w.-]*)\.json\.gz")
_FILLED_IN = re.compile(r"\{\$[^}]*\}+|\$\w+(?:->\w+|\[[^\]]*\])*|\{\}")
_KINDS = {"inter": "interface"}
_MODIFIERS = {"abstract_modifier": "abstract", "final_modifier": "final"}


class NotASymbolTable(ValueError):
    """A file that is not a release's symbol table."""


def is_symbol_table(place: Path) -> bool:
    """Whether the file is named like one: "wordpress-7.1.0.json.gz"."""
    return _NAME.fullmatch(place.name) is not None


def read_symbol_table(place: Path) -> Surface:
    """The surface of the release in the table. Raises NotASymbolTable."""
    named = _NAME.fullmatch(place.name)
    if named is None or named[1] not in PRODUCT_NAMES:
        raise NotASymbolTable(f"{place.name} is not named <product>-<version>.json.gz")
    try:
        table = json.loads(gzip.decompress(place.read_bytes()))
        surface = Surface(product=named[1], version=named[2], typed=False)
        for name, row in table["functions"].items():
            surface.functions[name.lower()] = _function(name, row)
        for name, row in table["classes"].items():
            surface.classes[name.lower()] = _class(name, row, table["classes"])
        for name, row in table["methods"].items():
            owner, _, method = name.rpartition("::")
            symbol = surface.classes.get(owner.lower())
            if symbol is not None:
                symbol.methods[method.lower()] = _function(method, row)
        for name, row in table["hooks"].items():
            pattern = re.sub(r"\*+", "*", _FILLED_IN.sub("*", name))
            surface.hooks[pattern] = Hook(pattern, _place(row), _deprecated(row))
        _read_calls(table["dep_calls"], surface)
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotASymbolTable(f"{place.name} is not a symbol table: {error}") from None
    return surface


def lend(surface: Surface, neighbor: Surface) -> Surface:
    """`surface` with the conditions, types, aliases and PHP floor it shares with `neighbor`."""
    functions = {
        key: _lent(function, neighbor.functions[key]) if key in neighbor.functions else function
        for key, function in surface.functions.items()
    }
    classes = {
        key: symbol
        for key, symbol in neighbor.classes.items()
        if symbol.kind == "alias" and symbol.parents[0].lower() in surface.classes
    }
    for key, symbol in surface.classes.items():
        theirs = neighbor.classes.get(key)
        methods = theirs.methods if theirs else {}
        classes[key] = replace(
            symbol,
            conditional=theirs is not None and theirs.conditional,
            methods={
                name: _lent(method, methods[name]) if name in methods else method
                for name, method in symbol.methods.items()
            },
        )
    php_floor = surface.php_floor or neighbor.php_floor
    return replace(surface, php_floor=php_floor, functions=functions, classes=classes)


def _lent(function: Function, theirs: Function) -> Function:
    signature = function.signature
    if _untyped(theirs.signature) == signature:
        signature = theirs.signature
    return replace(
        function,
        signature=signature,
        conditional=theirs.conditional,
        deprecated_arguments=theirs.deprecated_arguments,
    )


def _untyped(packed: str) -> str:
    signature = signature_of(packed)
    bare = tuple(replace(parameter, type="") for parameter in signature.parameters)
    return pack_signature(Signature(bare))


def _place(row: dict[str, Any]) -> Place:
    return Place(row["file"], row["line"])


def _deprecated(row: dict[str, Any]) -> Deprecation | None:
    if "dep" not in row:
        return None
    return Deprecation(row["dep"] or "", (row.get("repl") or "").strip(" */.")[:160])


def _function(name: str, row: dict[str, Any]) -> Function:
    parameters = tuple(
        Parameter(
            name=written.lstrip("&.$").rstrip("="),
            optional=written.endswith("="),
            variadic="..." in written,
            by_reference=written.startswith("&"),
        )
        for written in row["params"]
    )
    modifiers = tuple(word for word in row.get("mods", ()) if word != "public")
    return Function(
        name=name,
        signature=pack_signature(Signature(parameters)),
        place=_place(row),
        since=row.get("since") or "",
        deprecated=_deprecated(row),
        modifiers=modifiers,
    )


def _class(name: str, row: dict[str, Any], classes: dict[str, Any]) -> ClassSymbol:
    space = name.rpartition("\\")[0]

    def full(written: str) -> str:
        # The table has names as written: relative to the namespace unless that names nothing.
        near = f"{space}\\{written}"
        return near if not written.startswith("\\") and near in classes else written.lstrip("\\")

    return ClassSymbol(
        name=name,
        kind=_KINDS.get(row["kind"], row["kind"]),
        place=_place(row),
        parents=tuple(full(written) for written in [*(row["base"] or ()), *row["impl"]]),
        modifiers=tuple(_MODIFIERS[word] for word in row["mods"] if word in _MODIFIERS),
        since=row.get("since") or "",
        deprecated=_deprecated(row),
    )


def _read_calls(calls: list[dict[str, Any]], surface: Surface) -> None:
    for call in calls:
        inside = str(call.get("inside") or "").lower()
        if call["kind"] != "function" or inside not in surface.functions:
            continue
        function = surface.functions[inside]
        if function.deprecated is None:
            said = Deprecation(call["version"] or "", str(call["repl"] or "").strip("'\""))
            surface.functions[inside] = replace(function, deprecated=said)
