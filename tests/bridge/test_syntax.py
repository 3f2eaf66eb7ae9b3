"""Every PHP from 7.4 on can read the plugin, and PHP 5.6 the file that says so where it cannot.

`php -l` by every PHP at hand; and by a parser for the oldest, which no system has any more.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from tree_sitter import Node

from tests.bridge.test_sentences import PHP, SOURCES, read_php, sources, text, walk

#: What came with PHP 8.0 and later, as the parser calls it.
NEWER = {
    "match_expression",
    "nullsafe_member_access_expression",
    "nullsafe_member_call_expression",
    "attribute_list",
    "property_promotion_parameter",
    "union_type",
    "intersection_type",
    "disjunctive_normal_form_type",
    "enum_declaration",
    "readonly_modifier",
    "variadic_placeholder",
}
#: What came with PHP 7.0 to 7.4: where the version is looked at, it must not stand.
NEWER_THAN_56 = {
    *NEWER,
    "primitive_type",
    "optional_type",
    "arrow_function",
    "declare_statement",
    "anonymous_class",
}
_GUARD = SOURCES / "refund-desk-bridge.php"
_TYPES_OF_8 = {"mixed", "static", "never", "false", "null", "true"}
_FUNCTIONS_OF_8 = {"str_contains", "str_starts_with", "str_ends_with", "get_debug_type"}
_FUNCTIONS_OF_8 |= {"array_is_list", "fdiv", "get_resource_id", "array_find", "array_any"}


def php_at_hand() -> list[Path]:
    """Every PHP for the command line on the PATH, each once."""
    found: dict[Path, Path] = {}
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        for place in sorted(Path(folder).glob("php*")) if folder else []:
            if re.fullmatch(r"php(\d(\.?\d+)?)?", place.name) and os.access(place, os.X_OK):
                found.setdefault(place.resolve(), place)
    return list(found.values())


def too_new(tree: Node) -> list[str]:
    """What PHP 7.4 cannot read or has no function for, with its line."""
    return [f"line {node.start_point.row + 1}: {text(node)[:60]}" for node in _newer(tree)]


def _newer(tree: Node) -> list[Node]:
    found = []
    for node in walk(tree):
        parent = node.parent
        if (
            (node.type in NEWER)
            or (node.type == "argument" and node.child_by_field_name("name") is not None)
            or (node.type == "throw_expression" and parent and parent.type not in _STATEMENTS)
            or (node.type == "formal_parameters" and _ends_in_a_comma(node))
            or (node.type == "function_call_expression" and _called(node) in _FUNCTIONS_OF_8)
            or (node.type in ("primitive_type", "named_type") and text(node) in _TYPES_OF_8)
            or (node.type == "catch_clause" and node.child_by_field_name("name") is None)
        ):
            found.append(node)
    return found


_STATEMENTS = {"expression_statement"}


def _called(node: Node) -> str:
    return text(node.child_by_field_name("function"))


def _ends_in_a_comma(node: Node) -> bool:
    return re.search(r",\s*\)$", text(node)) is not None


@pytest.mark.parametrize("place", sources(), ids=lambda one: one.relative_to(SOURCES).as_posix())
def test_nothing_in_it_is_newer_than_the_oldest_php_it_is_for(place: Path) -> None:
    tree = read_php(place)
    assert too_new(tree) == []


def test_an_old_php_can_read_the_file_that_says_that_it_is_too_old() -> None:
    tree = read_php(_GUARD)
    kinds = {node.type for node in walk(tree)}
    assert kinds & NEWER_THAN_56 == set()
    assert "??" not in {text(one) for one in walk(tree)}


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("match ( $x ) { 1 => 2 };", id="match"),
        pytest.param("$x?->name;", id="a property of perhaps nothing"),
        pytest.param("$x?->name();", id="a method of perhaps nothing"),
        pytest.param("f( name: 1 );", id="a named argument"),
        pytest.param("class X { public function __construct( private int $y ) {} }", id="promoted"),
        pytest.param("function f( int|string $x ) {}", id="one of two types"),
        pytest.param("function f(): static {}", id="the type static"),
        pytest.param("function f( mixed $x ) {}", id="the type mixed"),
        pytest.param("function f( $x, ) {}", id="a comma after the last parameter"),
        pytest.param("$x = $y ?? throw new Exception();", id="throw in an expression"),
        pytest.param("try { f(); } catch ( Exception ) {}", id="catch without a name"),
        pytest.param("enum X { case Y; }", id="an enumeration"),
        pytest.param("class X { public readonly int $y; }", id="read only"),
        pytest.param("$x = strlen( ... );", id="a function as a value"),
        pytest.param("#[Attribute]\nclass X {}", id="an attribute"),
        pytest.param("str_contains( $x, 'y' );", id="a function of PHP 8"),
    ],
)
def test_whatever_is_newer_would_be_found(code: str) -> None:
    assert too_new(PHP.parse(b"<?php\n" + code.encode()).root_node) != []


@pytest.mark.parametrize(
    "php", php_at_hand() or [None], ids=lambda php: php.name if php else "none"
)
def test_every_php_at_hand_can_read_it(php: Path | None) -> None:
    if php is None:
        pytest.skip("there is no PHP here to read the plugin with")
    for place in sources():
        read = subprocess.run([php, "-l", place], capture_output=True, text=True, check=False)
        assert read.returncode == 0, read.stdout
