"""Parses one PHP file and answers what a name in it stands for, where it is, and what it says."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import tree_sitter_php
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from refunddesk.compat.surface import Deprecation, Parameter, Signature, pack_signature

LANGUAGE = Language(tree_sitter_php.language_php())
_RELATIVE = {"self", "static", "parent"}
_TYPE_WORDS = frozenset(
    "array callable iterable object mixed void null never false true bool int float string "
    "boolean integer double self static parent".split()
)
_TAG = re.compile(r"@(since|deprecated)[ \t]+(?:MU[ \t]*)?\(?([^\s)]*)\)?[ \t]*([^\n]*)")
_VERSION = re.compile(r"\d+(?:\.\d+)+[\w.-]*|\d+")
_CLASS_AFTER = re.compile(rb"\b(?:class|interface|trait)\s+\w+", re.IGNORECASE)


@cache
def _parser() -> Parser:
    return Parser(LANGUAGE)


@dataclass(frozen=True, slots=True)
class Imports:
    """The `use` lines of one namespace: lower-case alias -> full name."""

    namespace: str = ""
    classes: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PhpFile:
    path: str
    source: bytes
    root: Node
    nodes: dict[str, list[Node]]
    starts: tuple[int, ...]
    spaces: tuple[Imports, ...]

    @property
    def broken(self) -> bool:
        """The parser had to skip something: what it found afterwards may be misread."""
        return self.root.has_error

    def imports_at(self, node: Node) -> Imports:
        return self.spaces[bisect_right(self.starts, node.start_byte) - 1]


def parse_php(path: str, source: bytes, query: Query) -> PhpFile:
    """The file with what `query` captures in it, by capture name."""
    root = _parser().parse(source).root_node
    starts, spaces = [0], [Imports()]
    if b"namespace" in source or b"use" in source:
        for node in _outermost(root):
            if node.type == "namespace_definition":
                name = node.child_by_field_name("name")
                starts.append(node.start_byte)
                spaces.append(Imports(text(name) if name else "", {}, {}))
            else:
                _read_imports(node, spaces[-1])
    return PhpFile(
        path, source, root, QueryCursor(query).captures(root), tuple(starts), tuple(spaces)
    )


def _outermost(root: Node) -> Iterator[Node]:
    """Namespaces and imports in order; PHP allows them only outside of every block."""
    for node in root.named_children:
        if node.type == "namespace_use_declaration":
            yield node
        elif node.type == "namespace_definition":
            yield node
            body = node.child_by_field_name("body")
            if body is not None:
                yield from (c for c in body.named_children if c.type == "namespace_use_declaration")


def _read_imports(node: Node, into: Imports) -> None:
    prefix = ""
    whole_kind = ""
    for child in node.children:
        if child.type in {"function", "const"}:
            whole_kind = child.type
        elif child.type in {"namespace_name", "qualified_name"}:
            prefix = text(child).lstrip("\\")
    for clause in _descendants(node, "namespace_use_clause"):
        words = [child.type for child in clause.children]
        kind = next((word for word in ("function", "const") if word in words), whole_kind)
        alias = clause.child_by_field_name("alias")
        named = next((c for c in clause.named_children if c != alias), None)
        if named is None or kind == "const":
            continue
        full = text(named).lstrip("\\")
        if prefix:
            full = f"{prefix}\\{full}"
        short = text(alias) if alias else full.rpartition("\\")[2]
        (into.functions if kind == "function" else into.classes)[short.lower()] = full


def _descendants(node: Node, kind: str) -> Iterator[Node]:
    for child in node.named_children:
        if child.type == kind:
            yield child
        else:
            yield from _descendants(child, kind)


def text(node: Node) -> str:
    """The node's source, whatever its encoding: names are ASCII in nearly every plugin."""
    return (node.text or b"").decode("utf-8", "replace")


def line_of(node: Node) -> int:
    return node.start_point[0] + 1


def class_name(file: PhpFile, node: Node) -> str:
    """The full name of the class written at `node`; self, static and parent stay as they are."""
    written = text(node)
    if written.startswith("\\"):
        return written[1:]
    imports = file.imports_at(node)
    first, slash, rest = written.partition("\\")
    if not slash and written.lower() in _RELATIVE:
        return written.lower()
    if first.lower() == "namespace" and slash:
        return f"{imports.namespace}\\{rest}".lstrip("\\")
    imported = imports.classes.get(first.lower())
    if imported:
        return imported + slash + rest
    return f"{imports.namespace}\\{written}" if imports.namespace else written


def function_names(file: PhpFile, node: Node) -> tuple[str, ...]:
    """What a call of the function written at `node` may reach, in the order PHP looks.

    In a namespace an unqualified name is that namespace's function, else the global one.
    """
    written = text(node)
    if written.startswith("\\"):
        return (written[1:],)
    imports = file.imports_at(node)
    first, slash, rest = written.partition("\\")
    if slash:
        space = imports.classes.get(first.lower(), "")
        if first.lower() == "namespace":
            space, first = imports.namespace, ""
            return (f"{space}\\{rest}".lstrip("\\"),)
        if not space:
            space = f"{imports.namespace}\\{first}".lstrip("\\")
        return (f"{space}\\{rest}",)
    imported = imports.functions.get(written.lower())
    if imported:
        return (imported,)
    return (f"{imports.namespace}\\{written}", written) if imports.namespace else (written,)


def declared_name(file: PhpFile, node: Node) -> str:
    """The full name of the function or class whose declaration is `node`."""
    name = node.child_by_field_name("name")
    short = text(name) if name else ""
    space = file.imports_at(node).namespace
    return f"{space}\\{short}" if space else short


def literal(node: Node | None) -> str | None:
    """The text of a plain string without anything filled in, else None."""
    if node is None:
        return None
    if node.type == "argument":
        node = node.named_children[-1] if node.named_children else node
    if node.type == "string" or (
        node.type == "encapsed_string"
        and all(c.type in {"string_content", "escape_sequence", '"'} for c in node.children)
    ):
        return text(node)[1:-1].replace("\\\\", "\\")
    return None


def name_pattern(node: Node | None) -> str | None:
    """A string with `*` for each part that is filled in; None where nothing of it is fixed."""
    if node is None:
        return None
    if node.type == "argument":
        node = node.named_children[-1] if node.named_children else node
    plain = literal(node)
    if plain is not None:
        return plain
    if node.type == "encapsed_string":
        inner = (text(c) if c.type == "string_content" else "*" for c in node.named_children)
        return re.sub(r"\*+", "*", "".join(inner))
    if node.type == "binary_expression" and any(c.type == "." for c in node.children):
        left = name_pattern(node.child_by_field_name("left")) or "*"
        right = name_pattern(node.child_by_field_name("right")) or "*"
        return re.sub(r"\*+", "*", left + right)
    return None


def arguments_of(call: Node) -> list[Node]:
    """The `argument` nodes of a call or `new`, comments left out."""
    found = call.child_by_field_name("arguments") or next(
        (child for child in call.named_children if child.type == "arguments"), None
    )
    if found is None:
        return []
    return [child for child in found.named_children if child.type != "comment"]


def value_of(argument: Node) -> Node:
    """The expression of an argument, without the name it may be passed by."""
    return argument.named_children[-1] if argument.named_children else argument


def signature_at(file: PhpFile, node: Node) -> str:
    """The packed signature of the function or method declared at `node`."""
    found = node.child_by_field_name("parameters")
    parameters = []
    for child in found.named_children if found else ():
        name = child.child_by_field_name("name")
        if name is None:
            continue
        # A by-reference variadic wraps its variable once more.
        shown = text(name)
        parameters.append(
            Parameter(
                name=shown.lstrip("&.$"),
                optional=child.child_by_field_name("default_value") is not None,
                variadic=child.type == "variadic_parameter",
                by_reference=child.child_by_field_name("reference_modifier") is not None
                or shown.startswith("&"),
                type=_type_text(file, child.child_by_field_name("type")),
            )
        )
    by_reference = any(child.type == "reference_modifier" for child in node.children)
    returns = _type_text(file, node.child_by_field_name("return_type"))
    return pack_signature(Signature(tuple(parameters), returns, by_reference))


def _type_text(file: PhpFile, node: Node | None) -> str:
    if node is None:
        return ""
    if node.type == "named_type":
        written = text(node)
        if written.lower() in _TYPE_WORDS:
            return written.lower()
        return class_name(file, node)
    if node.named_child_count and node.type != "primitive_type":
        return "".join(
            _type_text(file, child) if child.is_named else text(child) for child in node.children
        )
    return text(node).lower()


def named_types(node: Node | None) -> Iterator[Node]:
    """Every class name in a declared type."""
    if node is None:
        return
    if node.type == "named_type":
        if text(node).lower() not in _TYPE_WORDS:
            yield node
        return
    for child in node.named_children:
        yield from named_types(child)


def docblock_before(node: Node) -> str:
    """The /** comment */ in front of a declaration, or ""."""
    before = node.prev_sibling
    while before is not None and before.type in {"attribute_list", "visibility_modifier"}:
        before = before.prev_sibling
    if before is not None and before.type == "comment":
        comment = text(before)
        if comment.startswith("/**"):
            return comment
    return ""


def tags_of(docblock: str) -> tuple[str, Deprecation | None]:
    """`@since` (the first) and `@deprecated` of a docblock."""
    since, deprecated = "", None
    if "@since" in docblock or "@deprecated" in docblock:
        for tag, word, rest in _TAG.findall(docblock):
            version = _VERSION.fullmatch(word)
            if tag == "since" and not since and version:
                since = word
            elif tag == "deprecated" and deprecated is None:
                note = rest if version else f"{word} {rest}"
                deprecated = Deprecation(word if version else "", note.strip(" \t*/.")[:160])
        # A bare tag at the end of a line has neither version nor words.
        if deprecated is None and re.search(r"@deprecated\s*$", docblock, re.MULTILINE):
            deprecated = Deprecation("")
    return since, deprecated


def believable(file: PhpFile, node: Node) -> bool:
    """Whether a function found in a file the parser stumbled over really is one.

    After an error a class body can be taken for loose code and its methods for functions, as in
    the getid3 files WordPress shipped before 5.5; a real function starts its line there.
    """
    if not file.broken:
        return True
    return node.start_point[1] == 0 or not _CLASS_AFTER.search(file.source[: node.start_byte])
