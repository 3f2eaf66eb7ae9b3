"""Reads a plugin, zip or directory, into its facts."""

from __future__ import annotations

import json
import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from refunddesk.compat.archive import SourceTree
from refunddesk.compat.facts import Block, Include, PluginFacts, Use, Uses
from refunddesk.compat.headers import read_headers
from refunddesk.compat.javascript import inline_uses, script_uses, too_large
from refunddesk.compat.phpsource import PhpFile
from refunddesk.compat.phpuses import Found, read_php

_PHP = (".php", ".inc", ".phtml")
#: Folders a site never loads; a plugin's own tests call what no site has.
_UNLOADED = frozenset({"node_modules", "tests", "test", "phpunit", ".git", ".github"})
_WIDE = (b"\xff\xfe", b"\xfe\xff")
#: Bytes of PHP above which a file is data or a trap, not a program somebody wrote.
_LIMIT_PHP = 4 << 20


@dataclass(slots=True)
class _Reading:
    tree: SourceTree
    found: Found = field(default_factory=Found)
    scripts: dict[str, list[Use]] = field(default_factory=lambda: defaultdict(list))
    blocks: list[Block] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    files_read: int = 0
    bundles: int = 0


def read_plugin(
    tree: SourceTree, progress: Callable[[int, int], None] | None = None
) -> PluginFacts:
    """The facts of the plugin in `tree`; `progress` hears (files done, files in all).

    Raises NoPluginHeader, and ArchiveRefused for a damaged zip.
    """
    main_file, headers = read_headers(tree)
    reading = _Reading(tree)
    paths = [path for path in tree.paths if _loadable(path)]
    for number, path in enumerate(paths, 1):
        _read_file(reading, path)
        if progress is not None:
            progress(number, len(paths))
    found = reading.found
    left_out = list(tree.left_out)
    skipped = sum(_is_code(path) for path in tree.paths) - sum(_is_code(path) for path in paths)
    if skipped:
        left_out.append(f"{skipped} files in folders of tests and build tools")
    if reading.bundles:
        left_out.append(f"{reading.bundles} minified or very large scripts")
    uses = _own_names_left_out(found)
    return PluginFacts(
        headers=headers,
        main_file=main_file,
        sha256=tree.sha256,
        files_read=reading.files_read,
        functions={key: tuple(declared) for key, declared in found.functions.items()},
        classes=found.classes,
        function_uses=uses["function"],
        class_uses=uses["class"],
        method_uses=uses["method"],
        hook_uses=uses["hook"],
        handle_uses=uses["handle"],
        file_uses=uses["file"],
        script_uses={name: tuple(found_uses) for name, found_uses in reading.scripts.items()},
        fired_hooks=frozenset(found.fired),
        registered_handles=frozenset(found.registered),
        includes=tuple(_resolved(found, paths)),
        drop_ins=tuple(found.drop_ins),
        blocks=tuple(reading.blocks),
        autoloads=found.autoloads,
        unread=tuple(reading.unread),
        left_out=tuple(left_out),
    )


def _is_code(path: str) -> bool:
    return path.lower().endswith((*_PHP, ".js"))


def _loadable(path: str) -> bool:
    if not _is_code(path) and posixpath.basename(path) != "block.json":
        return False
    return _UNLOADED.isdisjoint(path.split("/")[:-1])


def _read_file(reading: _Reading, path: str) -> None:
    source = reading.tree.read(path)
    if source.startswith(_WIDE) or b"\x00" in source[:4096]:
        reading.unread.append(f"{path}: neither UTF-8 nor Latin text, which PHP would not run")
        return
    if posixpath.basename(path) == "block.json":
        _read_block(reading, path, source)
    elif path.lower().endswith(".js"):
        if path.lower().endswith(".min.js") or too_large(source):
            reading.bundles += 1
            return
        _note_scripts(reading, path, script_uses(source))
    elif len(source) > _LIMIT_PHP:
        reading.unread.append(f"{path}: {len(source) >> 20} MiB of PHP, too large to be read")
    else:
        _read_php(reading, path, source)
    reading.files_read += 1


def _read_php(reading: _Reading, path: str, source: bytes) -> None:
    try:
        file = read_php(path, source, reading.found)
        if file.broken:
            line = _first_error(file)
            reading.unread.append(f"{path}:{line}: not valid PHP from here")
        _note_scripts(reading, path, inline_uses(source, lambda at: not _comment(file, at)))
    except RecursionError:
        reading.unread.append(f"{path}: nested too deeply to be read")


def _note_scripts(reading: _Reading, path: str, uses: Iterable[tuple[str, int]]) -> None:
    for name, line in uses:
        reading.scripts[name].append(Use(path, line, "script"))


def _comment(file: PhpFile, at: int) -> bool:
    node = file.root.descendant_for_byte_range(at, at + 1)
    return node is not None and node.type == "comment"


def _first_error(file: PhpFile) -> int:
    node = file.root
    while node.type != "ERROR" and not node.is_missing:
        inner = next((child for child in node.children if child.has_error), None)
        if inner is None:
            break
        node = inner
    return node.start_point[0] + 1


def _read_block(reading: _Reading, path: str, source: bytes) -> None:
    try:
        document = json.loads(source)
    except ValueError:
        reading.unread.append(f"{path}: not valid JSON")
        return
    version = document.get("apiVersion", 1) if isinstance(document, dict) else None
    if isinstance(version, int) and isinstance(document.get("name"), str):
        reading.blocks.append(Block(path, version))


def _own_names_left_out(found: Found) -> dict[str, Uses]:
    """Uses of the plugin's own symbols are no business of a release's."""
    for key, namespaced, use in found.either:
        if namespaced not in found.functions:
            found.add("function", key, use)
    own = {
        "function": found.functions.keys(),
        "class": found.classes.keys(),
        "method": {
            f"{key}::{method}"
            for key, own in found.classes.items()
            for method in own.symbol.methods
        },
    }
    return {
        kind: {
            key: tuple(uses)
            for key, uses in kept.items()
            # A name it declares only when core does not is core's where core has it.
            if (key not in own.get(kind, ()) or _declared_if_missing(found, kind, key))
            and (kind != "method" or _builds_on_others(found, key.partition("::")[0]))
        }
        for kind, kept in found.uses.items()
    }


def _builds_on_others(found: Found, name: str) -> bool:
    """Whether the class is not the plugin's, or has an ancestor that is not."""
    waiting, seen = [name], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in found.classes:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(parent.lower() for parent in found.classes[name].symbol.parents)
    return False


def _declared_if_missing(found: Found, kind: str, key: str) -> bool:
    if kind == "function":
        return all(not declared.hoisted for declared in found.functions[key])
    return False


def _resolved(found: Found, paths: list[str]) -> Iterable[Include]:
    by_ending: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        by_ending[posixpath.basename(path)].append(path)
    for by, line, ending, guards, unconditional in found.includes:
        target = _resolve(by, ending, by_ending[posixpath.basename(ending)])
        if target:
            yield Include(by, line, target, guards, unconditional)


def _resolve(by: str, ending: str, candidates: list[str]) -> str | None:
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(by), ending.lstrip("/")))
    if beside in candidates:
        return beside
    clean = posixpath.normpath(ending.lstrip("/")).lstrip("./")
    exact = [path for path in candidates if path == clean]
    matching = exact or [path for path in candidates if path.endswith("/" + clean)]
    return matching[0] if len(matching) == 1 else None
