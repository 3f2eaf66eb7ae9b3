"""Reads the script and style handles a release registers, with the libraries behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from refunddesk.compat.phpsource import PhpFile, arguments_of, line_of, literal, text, value_of
from refunddesk.compat.surface import Handle, Place

_REGISTER = re.compile(r"\\?wp_(?:register|enqueue)_(script|style)")
_RECEIVERS = {"$scripts": "script", "$styles": "style"}
#: Handles made in a loop are named by the array the loop goes over.
_LOOPS = re.compile(r"wp_default_packages\w*|wp_register_tinymce_scripts")
_PACKAGES = re.compile(r"(?:^|/)assets/script-loader-[\w-]*packages[\w.-]*\.php$")
_WORD = re.compile(r"[a-z][\w.-]*")
_PAIRS = re.compile(r"'([a-z0-9][\w.-]*)'\s*=>\s*'(\d[\w.-]*)'")


def read_handles(
    file: PhpFile, calls: Iterable[Node], sends: Iterable[Node], handles: dict[str, Handle]
) -> None:
    """Adds the file's handles as "script:<name>" and "style:<name>"."""
    if _PACKAGES.search(file.path):
        _read_packages(file, handles)
        return
    for call in calls:
        named = call.child_by_field_name("function")
        match = _REGISTER.fullmatch(text(named)) if named is not None else None
        if match and len(arguments_of(call)) > 1:
            _add(file, match[1], call, handles)
    for send in sends:
        receiver = send.child_by_field_name("object")
        kind = _RECEIVERS.get(text(receiver)) if receiver is not None else None
        member = send.child_by_field_name("name")
        if kind and member is not None and text(member) == "add":
            _add(file, kind, send, handles)
    if file.path.endswith("script-loader.php"):
        _read_loops(file, handles)


def _add(file: PhpFile, kind: str, call: Node, handles: dict[str, Handle]) -> None:
    arguments = arguments_of(call)
    name = literal(arguments[0]) if arguments else None
    if not name:
        return
    dependencies = strings_of(arguments[2]) if len(arguments) > 2 else ()
    version = literal(arguments[3]) if len(arguments) > 3 else None
    key = f"{kind}:{name}"
    if key not in handles or (version and not handles[key].version):
        handles[key] = Handle(
            name, Place(file.path, line_of(call)), version or "", tuple(dependencies)
        )


def strings_of(argument: Node) -> tuple[str, ...]:
    """The plain strings of an array literal."""
    array = value_of(argument)
    if array.type != "array_creation_expression":
        return ()
    values = (
        literal(child.named_children[-1])
        for child in array.named_children
        if child.type == "array_element_initializer" and child.named_children
    )
    return tuple(value for value in values if value is not None)


def _read_packages(file: PhpFile, handles: dict[str, Handle]) -> None:
    """The generated list of WordPress's own packages: 'a11y.js' => array( ... )."""
    for match in re.finditer(rb"'([a-z0-9-]+)(?:\.min)?\.js'\s*=>", file.source):
        name = f"wp-{match[1].decode()}"
        line = file.source.count(b"\n", 0, match.start()) + 1
        handles.setdefault(f"script:{name}", Handle(name, Place(file.path, line)))


def _read_loops(file: PhpFile, handles: dict[str, Handle]) -> None:
    for node in file.nodes.get("function", ()):
        name = node.child_by_field_name("name")
        if name is None or not _LOOPS.fullmatch(text(name)):
            continue
        body = text(node)
        versions = dict(_PAIRS.findall(body))
        for word in set(re.findall(r"'([^'\s]{2,40})'", body)):
            if not _WORD.fullmatch(word):
                continue
            place = Place(file.path, line_of(node))
            for form in (word, f"wp-{word}"):
                for kind in ("script", "style"):
                    key = f"{kind}:{form}"
                    present = handles.get(key)
                    if present is None or (not present.version and word in versions):
                        handles[key] = Handle(
                            form,
                            present.place if present else place,
                            versions.get(word, ""),
                            present.dependencies if present else (),
                        )
