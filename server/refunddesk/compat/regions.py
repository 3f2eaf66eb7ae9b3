"""Finds which lines of a PHP file are reached under which conditions (guards)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from tree_sitter import Node

from refunddesk.compat.conditions import (
    UNKNOWN,
    Condition,
    Either,
    Every,
    Exists,
    Not,
    Unknown,
    VersionIs,
)
from refunddesk.compat.phpsource import PhpFile, arguments_of, class_name, literal, text, value_of
from refunddesk.compat.surface import WOOCOMMERCE, WORDPRESS

_EXISTS = {
    "function_exists": "function",
    "is_callable": "function",
    "class_exists": "class",
    "interface_exists": "class",
    "trait_exists": "class",
    "enum_exists": "class",
    "defined": "constant",
    "file_exists": "file",
    "is_readable": "file",
    "is_file": "file",
}
#: Functions whose call may be a condition about the release.
GUARD_FUNCTIONS = frozenset({*_EXISTS, "method_exists", "version_compare"}) | {
    "is_wp_version_compatible",
}
_ASKS = re.compile("|".join(sorted(GUARD_FUNCTIONS)).encode(), re.IGNORECASE)
_LEAVES = {
    "return_statement",
    "continue_statement",
    "break_statement",
    "exit_statement",
    "throw_expression",
}
_DIES = {"wp_die", "die", "exit", "wp_send_json_error"}
_TRANSPARENT = {"parenthesized_expression", "unary_op_expression", "binary_expression"}
_AND = {"&&", "and"}
_OR = {"||", "or"}
_MIRROR = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
Predicates = dict[str, Condition]


@dataclass(frozen=True, slots=True)
class Region:
    """The bytes [start, end) are reached only if `condition` holds."""

    start: int
    end: int
    condition: Condition


def conditions_at(regions: Iterable[Region], node: Node) -> tuple[Condition, ...]:
    """All the conditions `node` stands under."""
    at = node.start_byte
    return tuple(region.condition for region in regions if region.start <= at < region.end)


def regions_of(file: PhpFile, calls: Iterable[Node]) -> tuple[Region, ...]:
    """The guarded regions of a file; `calls` are its calls of functions that may be guards."""
    if not _ASKS.search(file.source):
        return ()
    calls = list(calls)
    guards = [call for call in calls if _called(call) in GUARD_FUNCTIONS]
    if not guards:
        return ()
    predicates = _predicates(file, guards)
    own = [call for call in calls if _own_name(call) in predicates] if predicates else []
    regions: list[Region] = []
    done: set[int] = set()
    for call in [*guards, *own]:
        node, parent = call, call.parent
        while parent is not None:
            if parent.type == "binary_expression":
                _short_circuit(file, parent, predicates, regions, done)
            elif parent.type not in _TRANSPARENT:
                break
            node, parent = parent, parent.parent
        if parent is not None and parent.id not in done:
            done.add(parent.id)
            _branches(partial(read_condition, file, predicates=predicates), parent, node, regions)
    return tuple(regions)


def _short_circuit(
    file: PhpFile, node: Node, predicates: Predicates, regions: list[Region], done: set[int]
) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None or node.id in done:
        return
    done.add(node.id)
    word = text(operator).lower()
    if word in _AND | _OR:
        condition = read_condition(file, left, predicates=predicates)
        if not isinstance(condition, Unknown):
            holds = condition if word in _AND else Not(condition)
            regions.append(Region(right.start_byte, right.end_byte, holds))
            # `function_exists( 'x' ) or return;` also decides what follows.
            if word in _OR and _leaves(right):
                _after(node, condition, regions)


def _branches(read: partial[Condition], owner: Node, test: Node, regions: list[Region]) -> None:
    if owner.type in {
        "if_statement",
        "else_if_clause",
        "while_statement",
        "conditional_expression",
    }:
        if owner.child_by_field_name("condition") != test:
            return
        condition = read(test)
        if isinstance(condition, Unknown):
            return
        body = owner.child_by_field_name("body")
        if body is not None:
            regions.append(Region(body.start_byte, body.end_byte, condition))
        for otherwise in _alternatives(owner):
            regions.append(Region(otherwise.start_byte, otherwise.end_byte, Not(condition)))
        if owner.type == "if_statement" and body is not None and _leaves(body):
            _after(owner, Not(condition), regions)


def _alternatives(owner: Node) -> list[Node]:
    if owner.type != "else_if_clause":
        return owner.children_by_field_name("alternative")
    # The branches after an elseif are its sisters under the `if`.
    later, sister = [], owner.next_named_sibling
    while sister is not None:
        later.append(sister)
        sister = sister.next_named_sibling
    return later


def _after(statement: Node, condition: Condition, regions: list[Region]) -> None:
    while statement.parent is not None and statement.parent.type in {
        "expression_statement",
        "parenthesized_expression",
    }:
        statement = statement.parent
    block = statement.parent
    if block is not None:
        regions.append(Region(statement.end_byte, block.end_byte, condition))


def _leaves(body: Node) -> bool:
    """Whether nothing after this branch runs once it has."""
    last = body
    while last.type in {"compound_statement", "colon_block", "expression_statement", "else_clause"}:
        inner = [child for child in last.named_children if child.type != "comment"]
        if not inner:
            return False
        last = inner[-1]
    if last.type in _LEAVES:
        return True
    if last.type == "name":  # `or exit;` without brackets
        return text(last).lower() in _DIES
    return last.type == "function_call_expression" and _called(last) in _DIES


def _called(call: Node) -> str:
    name = call.child_by_field_name("function")
    return text(name).lstrip("\\").lower() if name is not None else ""


def _own_name(call: Node) -> str:
    """How a call of the file's own function or method is named: "fn" or "::method"."""
    if call.type == "function_call_expression":
        return _called(call)
    name = call.child_by_field_name("name")
    return f"::{text(name).lower()}" if name is not None else ""


def _predicates(file: PhpFile, guards: Iterable[Node]) -> Predicates:
    """Functions of this file that do nothing but answer a condition about the release."""
    found: Predicates = {}
    for call in guards:
        top = call
        while top.parent is not None and top.parent.type in _TRANSPARENT:
            top = top.parent
        returned = top.parent
        body = returned.parent if returned is not None else None
        if (
            returned is None
            or body is None
            or returned.type != "return_statement"
            or body.type != "compound_statement"
            or len([c for c in body.named_children if c.type != "comment"]) != 1
            or body.parent is None
        ):
            continue
        name = body.parent.child_by_field_name("name")
        if name is not None and body.parent.type == "method_declaration":
            found[f"::{text(name).lower()}"] = read_condition(file, top)
        elif name is not None and body.parent.type == "function_definition":
            found[text(name).lower()] = read_condition(file, top)
    return found


def read_condition(file: PhpFile, node: Node, predicates: Predicates | None = None) -> Condition:
    """What an expression asks about the release, Unknown where it asks something else."""
    again = partial(read_condition, file, predicates=predicates)
    if node.type == "parenthesized_expression":
        return again(node.named_children[0]) if node.named_children else UNKNOWN
    if node.type == "unary_op_expression" and text(node).startswith("!"):
        inner = again(node.named_children[-1])
        return UNKNOWN if isinstance(inner, Unknown) else Not(inner)
    if node.type == "binary_expression":
        return _read_binary(node, again)
    if node.type == "function_call_expression" and _called(node) in GUARD_FUNCTIONS:
        return _read_guard(file, node, _called(node), arguments_of(node))
    if predicates and node.type in {
        "function_call_expression",
        "scoped_call_expression",
        "member_call_expression",
    }:
        return predicates.get(_own_name(node), UNKNOWN)
    return UNKNOWN


def _read_binary(node: Node, again: partial[Condition]) -> Condition:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None:
        return UNKNOWN
    word = text(operator).lower()
    if word in _AND | _OR:
        parts = (again(left), again(right))
        if all(isinstance(part, Unknown) for part in parts):
            return UNKNOWN
        return Every(parts) if word in _AND else Either(parts)
    if word in {"==", "===", "!=", "!=="}:
        for side, other in ((left, right), (right, left)):
            if text(other).lower() in {"true", "false"}:
                inner = again(side)
                if isinstance(inner, Unknown):
                    return UNKNOWN
                return inner if (text(other).lower() == "true") == (word[0] == "=") else Not(inner)
    # version_compare() without an operator answers -1, 0 or 1.
    compared = again(left)
    if isinstance(compared, VersionIs) and not compared.operator and text(right) == "0":
        return VersionIs(compared.product, word, compared.version)
    return UNKNOWN


def _read_guard(file: PhpFile, call: Node, called: str, arguments: list[Node]) -> Condition:
    if not arguments:
        return UNKNOWN
    first = value_of(arguments[0])
    if called == "version_compare":
        return _read_version(arguments)
    if called == "is_wp_version_compatible":
        version = literal(first)
        return VersionIs(WORDPRESS, ">=", version) if version else UNKNOWN
    if called == "method_exists":
        owner = _class_literal(file, first) or ("wpdb" if text(first) == "$wpdb" else "")
        method = literal(arguments[1]) if len(arguments) > 1 else None
        return Exists("method", f"{owner}::{method}") if owner and method else UNKNOWN
    kind = _EXISTS[called]
    if kind == "file":
        path = core_path(first)
        return Exists("file", path) if path else UNKNOWN
    if called == "is_callable" and first.type == "array_creation_expression":
        return _read_array_callable(file, first)
    name = _class_literal(file, first) if kind == "class" else literal(first)
    if name is None:
        return UNKNOWN
    if called == "is_callable" and "::" in name:
        kind = "method"
    return Exists(kind, name.lstrip("\\"))


def _read_array_callable(file: PhpFile, node: Node) -> Condition:
    items = [value_of(child) for child in node.named_children]
    if len(items) == 2:
        owner, method = _class_literal(file, items[0]), literal(items[1])
        owner = owner or ("wpdb" if text(items[0]) == "$wpdb" else None)
        if owner and method:
            return Exists("method", f"{owner}::{method}")
    return UNKNOWN


def _class_literal(file: PhpFile, node: Node) -> str | None:
    """A class named by a string or by X::class."""
    plain = literal(node)
    if plain is not None:
        return plain.lstrip("\\")
    if node.type == "class_constant_access_expression" and text(node).lower().endswith("::class"):
        return class_name(file, node.named_children[0])
    return None


def _read_version(arguments: list[Node]) -> Condition:
    if len(arguments) < 2:
        return UNKNOWN
    left, right = value_of(arguments[0]), value_of(arguments[1])
    operator = (literal(arguments[2]) or "?") if len(arguments) > 2 else ""
    product, version = _versioned_product(left), literal(right)
    if not product:
        product, version = _versioned_product(right), literal(left)
        operator = _MIRROR.get(operator, operator)
    if not product or not version or operator == "?":
        return UNKNOWN
    return VersionIs(product, operator, version)


def _versioned_product(node: Node) -> str:
    """Whose version an expression is: $wp_version, get_bloginfo( 'version' ), WC_VERSION ..."""
    written = text(node).lower()
    if "wp_version" in written or ("bloginfo" in written and "version" in written):
        return WORDPRESS
    if "wc_version" in written or "wc()->version" in written or "woocommerce->version" in written:
        return WOOCOMMERCE
    return ""


def core_path(node: Node) -> str | None:
    """A path inside WordPress: ABSPATH . WPINC . '/x.php' -> "wp-includes/x.php"."""
    pieces = _concatenated(node)
    if pieces is None:
        return None
    joined = "".join(pieces)
    for mark, prefix in (("{ABSPATH}", ""), ("{WPINC}", "wp-includes")):
        joined = joined.replace(mark, prefix)
    joined = joined.lstrip("/")
    if "{" in joined:
        return None
    return joined if joined.startswith(("wp-includes/", "wp-admin/")) else None


def _concatenated(node: Node) -> list[str] | None:
    if node.type == "parenthesized_expression" and node.named_children:
        return _concatenated(node.named_children[0])
    plain = literal(node)
    if plain is not None:
        return [plain]
    if node.type == "name" and text(node) in {"ABSPATH", "WPINC"}:
        return ["{" + text(node) + "}"]
    if node.type == "binary_expression" and any(c.type == "." for c in node.children):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return None
        one, other = _concatenated(left), _concatenated(right)
        return None if one is None or other is None else one + other
    return None
