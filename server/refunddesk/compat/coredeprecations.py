"""Reads what a release itself declares deprecated: functions, classes, files and arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from tree_sitter import Node

from refunddesk.compat.phpsource import (
    PhpFile,
    arguments_of,
    declared_name,
    literal,
    name_pattern,
    text,
    value_of,
)
from refunddesk.compat.regions import core_path
from refunddesk.compat.surface import Deprecation, Function, Surface, signature_of

_FUNCTIONS = {"_deprecated_function", "wc_deprecated_function"}
_ARGUMENTS = {"_deprecated_argument", "wc_deprecated_argument"}
_OWNERS = {"function_definition", "method_declaration"}
#: `if ( $x )`, `! empty( $x )`, `null !== $x`, `isset( $x )`: the caller passed something.
_PASSED = re.compile(
    r"\(\s*(?:!\s*empty\s*\(\s*|isset\s*\(\s*)?(?:(?:''|null|false|array\(\))\s*!==?\s*)?"
    r"\$(\w+)\s*(?:!==?\s*(?:''|null|false))?\s*\)?\s*\)",
    re.IGNORECASE,
)


def read_deprecations(
    file: PhpFile,
    calls: Iterable[Node],
    declared: dict[int, tuple[str, str]],
    surface: Surface,
) -> None:
    """Notes every _deprecated_*() call of the file on the symbol it speaks of.

    `declared`: id of a declaring node -> (class or "", function), both in lower case.
    """
    for call in calls:
        name = call.child_by_field_name("function")
        called = text(name).lstrip("\\").lower() if name is not None else ""
        if called in _FUNCTIONS:
            _deprecate_function(call, declared, surface)
        elif called in _ARGUMENTS:
            _deprecate_argument(call, declared, surface)
        elif called == "_deprecated_file":
            _deprecate_file(file, call, surface)
        elif called in {"_deprecated_class", "_deprecated_constructor"}:
            _deprecate_class(file, call, called, surface)


def _said(call: Node) -> Deprecation:
    arguments = arguments_of(call)
    since = literal(arguments[1]) if len(arguments) > 1 else None
    instead = None
    if len(arguments) > 2:
        named = value_of(arguments[2])
        instead = core_path(named) or name_pattern(named)
    return Deprecation(since or "", instead or "")


def _owner_of(node: Node) -> Node | None:
    owner = node.parent
    while owner is not None and owner.type not in _OWNERS:
        owner = owner.parent
    return owner


def _unconditional(call: Node) -> bool:
    statement = call.parent
    block = statement.parent if statement is not None else None
    return (
        statement is not None
        and statement.type == "expression_statement"
        and block is not None
        and block.type in {"compound_statement", "program"}
        and (block.parent is None or block.parent.type in _OWNERS)
    )


def _deprecate_function(call: Node, declared: dict[int, tuple[str, str]], surface: Surface) -> None:
    owner = _owner_of(call)
    if owner is None or not _unconditional(call) or owner.id not in declared:
        return
    said = _said(call)
    _change(surface, declared[owner.id], lambda old: _deprecated(old, said))


def _deprecated(old: Function, said: Deprecation) -> Function:
    before = old.deprecated or Deprecation("")
    return replace(
        old,
        deprecated=Deprecation(said.since or before.since, said.instead or before.instead),
    )


def _deprecate_argument(call: Node, declared: dict[int, tuple[str, str]], surface: Surface) -> None:
    owner = _owner_of(call)
    branch = call.parent
    while branch is not None and branch.type not in {"if_statement", *_OWNERS}:
        branch = branch.parent
    if owner is None or owner.id not in declared or branch is None:
        return
    test = branch.child_by_field_name("condition")
    passed = _PASSED.fullmatch(text(test)) if test is not None else None
    if passed is None:
        return
    said = _said(call)

    def with_argument(old: Function) -> Function:
        names = [parameter.name for parameter in signature_of(old.signature).parameters]
        if passed[1] not in names:
            return old
        known = dict(old.deprecated_arguments)
        known.setdefault(names.index(passed[1]), said)
        return replace(old, deprecated_arguments=tuple(sorted(known.items(), key=lambda i: i[0])))

    _change(surface, declared[owner.id], with_argument)


def _deprecate_file(file: PhpFile, call: Node, surface: Surface) -> None:
    if surface.files is not None and _owner_of(call) is None:
        surface.files[file.path] = _said(call)


def _deprecate_class(file: PhpFile, call: Node, called: str, surface: Surface) -> None:
    arguments = arguments_of(call)
    named = literal(arguments[0]) if arguments else None
    owner = _owner_of(call)
    around = owner.parent.parent if owner is not None and owner.parent is not None else None
    if around is None or around.child_by_field_name("name") is None:
        return
    own = declared_name(file, around)
    if called == "_deprecated_constructor" or (named and named.lower() != own.lower()):
        return
    symbol = surface.classes.get(own.lower())
    if symbol is not None and _unconditional(call):
        surface.classes[own.lower()] = replace(symbol, deprecated=_said(call))


def _change(
    surface: Surface, where: tuple[str, str], change: Callable[[Function], Function]
) -> None:
    owner, name = where
    if owner:
        methods = surface.classes[owner].methods
        if name in methods:
            methods[name] = change(methods[name])
    elif name in surface.functions:
        surface.functions[name] = change(surface.functions[name])
