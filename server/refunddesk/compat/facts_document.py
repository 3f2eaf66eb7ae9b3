"""The facts of a plugin as a JSON document, to be stored by the hash of its zip and read back."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from refunddesk.compat import conditions
from refunddesk.compat.conditions import Condition
from refunddesk.compat.facts import (
    Block,
    Declaration,
    DropIn,
    Headers,
    Include,
    PluginClass,
    PluginFacts,
    Use,
    Uses,
)
from refunddesk.compat.surface import ClassSymbol, Function, Place
from refunddesk.compat.unswept import unswept

#: Facts of another format are read anew from the zip.
FORMAT = 1
_USES = (
    "function_uses",
    "class_uses",
    "method_uses",
    "hook_uses",
    "handle_uses",
    "file_uses",
    "script_uses",
)


class FactsOutdated(ValueError):
    """A stored document of another format; the zip must be read again."""


def to_document(facts: PluginFacts) -> dict[str, Any]:
    """The facts as plain lists and dicts; files are numbered, as most lines repeat them."""
    files: dict[str, int] = {}

    def number(file: str) -> int:
        return files.setdefault(file, len(files))

    document: dict[str, Any] = {
        "format": FORMAT,
        "headers": asdict(facts.headers),
        "main_file": facts.main_file,
        "sha256": facts.sha256,
        "files_read": facts.files_read,
        "functions": {
            key: [
                [d.name, number(d.place.file), d.place.line, _guards(d.guards), d.hoisted]
                for d in declared
            ]
            for key, declared in facts.functions.items()
        },
        "classes": [
            [_class_row(own.symbol, number), _guards(own.guards)] for own in facts.classes.values()
        ],
        "includes": [
            [number(i.by), i.line, number(i.file), _guards(i.guards), i.unconditional]
            for i in facts.includes
        ],
        "drop_ins": [[d.class_name, number(d.place.file), d.place.line] for d in facts.drop_ins],
        "blocks": [[number(block.file), block.api_version] for block in facts.blocks],
        "fired_hooks": sorted(facts.fired_hooks),
        "registered_handles": sorted(facts.registered_handles),
        "autoloads": facts.autoloads,
        "unread": list(facts.unread),
        "left_out": list(facts.left_out),
    }
    for kind in _USES:
        uses: Uses = getattr(facts, kind)
        document[kind] = {key: [_use_row(u, number) for u in kept] for key, kept in uses.items()}
    document["files"] = list(files)
    return document


def from_document(document: dict[str, Any]) -> PluginFacts:
    """Reads what `to_document` wrote. Raises FactsOutdated."""
    with unswept():
        return _from_document(document)


def _from_document(document: dict[str, Any]) -> PluginFacts:
    if document.get("format") != FORMAT:
        raise FactsOutdated("these facts were stored by another version: read the zip again")
    files: list[str] = document["files"]
    headers = dict(document["headers"])
    headers["requires_plugins"] = tuple(headers["requires_plugins"])
    kinds: dict[str, Uses] = {
        kind: {key: tuple(_use(row, files) for row in kept) for key, kept in document[kind].items()}
        for kind in _USES
    }
    classes = [
        PluginClass(_class(row, files), _conditions(guards)) for row, guards in document["classes"]
    ]
    return PluginFacts(
        headers=Headers(**headers),
        main_file=document["main_file"],
        sha256=document["sha256"],
        files_read=document["files_read"],
        functions={
            key: tuple(
                Declaration(name, Place(files[file], line), _conditions(guards), hoisted)
                for name, file, line, guards, hoisted in declared
            )
            for key, declared in document["functions"].items()
        },
        classes={own.symbol.name.lower(): own for own in classes},
        includes=tuple(
            Include(files[by], line, files[file], _conditions(guards), unconditional)
            for by, line, file, guards, unconditional in document["includes"]
        ),
        drop_ins=tuple(
            DropIn(name, Place(files[file], line)) for name, file, line in document["drop_ins"]
        ),
        blocks=tuple(Block(files[file], version) for file, version in document["blocks"]),
        fired_hooks=frozenset(document["fired_hooks"]),
        registered_handles=frozenset(document["registered_handles"]),
        autoloads=document["autoloads"],
        unread=tuple(document["unread"]),
        left_out=tuple(document["left_out"]),
        **kinds,
    )


def pack_facts(facts: PluginFacts) -> bytes:
    """The document as compressed JSON: the same bytes for the same facts."""
    with unswept():
        text = json.dumps(to_document(facts), separators=(",", ":"), ensure_ascii=False)
    return gzip.compress(text.encode(), 6, mtime=0)


def unpack_facts(packed: bytes) -> PluginFacts:
    """Reads what `pack_facts` wrote. Raises FactsOutdated."""
    with unswept():
        return from_document(json.loads(gzip.decompress(packed)))


def _guards(guards: Iterable[Condition]) -> list[Any]:
    return [conditions.to_document(guard) for guard in guards]


def _conditions(rows: Iterable[list[object]]) -> tuple[Condition, ...]:
    return tuple(conditions.from_document(row) for row in rows)


def _use_row(use: Use, number: Callable[[str], int]) -> list[Any]:
    row = [number(use.file), use.line, use.form, use.arguments]
    if use.guards or use.named or use.empty:
        row += [_guards(use.guards), list(use.named), list(use.empty)]
    return row


def _use(row: list[Any], files: list[str]) -> Use:
    if len(row) == 4:
        return Use(files[row[0]], row[1], row[2], arguments=row[3])
    return Use(
        files[row[0]], row[1], row[2], _conditions(row[4]), row[3], tuple(row[5]), tuple(row[6])
    )


def _class_row(symbol: ClassSymbol, number: Callable[[str], int]) -> list[Any]:
    methods = [
        [method.name, method.signature, method.place.line, list(method.modifiers)]
        for method in symbol.methods.values()
    ]
    place = [number(symbol.place.file), symbol.place.line]
    parents, modifiers = list(symbol.parents), list(symbol.modifiers)
    return [symbol.name, symbol.kind, place, parents, modifiers, symbol.conditional, methods]


def _class(row: list[Any], files: list[str]) -> ClassSymbol:
    name, kind, (file, line), parents, modifiers, conditional, methods = row
    return ClassSymbol(
        name=name,
        kind=kind,
        place=Place(files[file], line),
        parents=tuple(parents),
        modifiers=tuple(modifiers),
        conditional=conditional,
        methods={
            method.lower(): Function(
                method, signature, Place(files[file], at), modifiers=tuple(words)
            )
            for method, signature, at, words in methods
        },
    )
