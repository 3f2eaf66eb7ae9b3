"""Rules of the house that the sources must keep and that no linter knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "server" / "refunddesk"
LONGEST_MODULE = 400
LONGEST_FUNCTION = 45

#: Where amounts are reckoned or kept. Clocks and progress bars may have floats, these may not.
MONEY_PLACES = (
    "money.py",
    "ledger.py",
    "licensing",
    "worktime.py",
    "policy",
    "db",
    "services",
    "woocommerce/payloads.py",
    "woocommerce/order_lines.py",
    "woocommerce/refund_rows.py",
    "woocommerce/refunds.py",
)
#: A duration in seconds is measured, not reckoned with.
_SECONDS = ("seconds", "timeout", "waits")
_VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "managers", "misc"}


@lru_cache(maxsize=1)
def modules() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(PACKAGE)): ast.parse(path.read_text("utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def in_money_places() -> Iterator[tuple[str, ast.Module]]:
    for name, tree in modules().items():
        if any(name == place or name.startswith(f"{place}/") for place in MONEY_PLACES):
            yield name, tree


def found(name: str, node: ast.AST) -> str:
    return f"{name}:{getattr(node, 'lineno', '?')}"


def own_lines(function: ast.FunctionDef) -> int:
    """The lines of a function's body, without those of functions inside it, such as routes."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    lines = set(range(body[0].lineno, (function.end_lineno or 0) + 1))
    for inner in ast.walk(function):
        if isinstance(inner, ast.FunctionDef) and inner is not function:
            lines -= set(range(inner.lineno, (inner.end_lineno or 0) + 1))
    return len(lines)


def test_there_is_no_float_where_money_is_reckoned() -> None:
    floats = []
    for name, tree in in_money_places():
        lines = (PACKAGE / name).read_text("utf-8").splitlines()
        for node in ast.walk(tree):
            is_float = (isinstance(node, ast.Constant) and isinstance(node.value, float)) or (
                isinstance(node, ast.Name) and node.id in ("float", "Float", "Numeric", "REAL")
            )
            if is_float and not any(word in lines[node.lineno - 1].lower() for word in _SECONDS):
                floats.append(found(name, node))
    assert floats == []


def test_only_two_modules_read_the_time_or_the_environment() -> None:
    readers = {
        ("os", "environ"),
        ("os", "getenv"),
        ("time", "time"),
        ("time", "monotonic"),
        ("datetime", "now"),
        ("datetime", "utcnow"),
        ("datetime", "today"),
        ("date", "today"),
    }
    places = set()
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and (node.value.id, node.attr) in readers
            ):
                places.add(name)
            if isinstance(node, ast.ImportFrom) and node.module in ("os", "time"):
                names = {(node.module, alias.name) for alias in node.names}
                places |= {name} if names & readers else set()
    # A program of its own, started without the package: it times the processes it stops.
    places.discard("compat/smoke/keeper.py")
    assert places == {"clock.py", "settings.py"}


def test_every_module_has_a_name_that_says_something() -> None:
    vague = [name for name in modules() if _VAGUE & set(Path(name).with_suffix("").parts)]
    assert vague == []


def test_every_module_opens_with_one_sentence_on_what_it_is_for() -> None:
    silent = [
        name
        for name, tree in modules().items()
        if tree.body and not (ast.get_docstring(tree) or "").partition("\n")[0].endswith((".", "?"))
    ]
    assert silent == []


def test_no_module_is_longer_than_a_person_reads_at_once() -> None:
    long = {
        name: length
        for name in modules()
        if (length := len((PACKAGE / name).read_text("utf-8").splitlines())) > LONGEST_MODULE
        # A migration is a copy of the schema as it was.
        and "migrations/" not in name
    }
    assert long == {}


def test_every_function_fits_a_screen() -> None:
    long = [
        f"{found(name, node)} {node.name}"
        for name, tree in modules().items()
        if "migrations/" not in name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and own_lines(node) > LONGEST_FUNCTION
    ]
    assert long == []


def test_handlers_translate_and_nothing_else() -> None:
    """A view's own lines, without its decorators and its docstring, stay under fifteen."""
    long = []
    for name, tree in modules().items():
        if not name.startswith("web/"):
            continue
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or "guard(" not in "".join(
                ast.unparse(decorator) for decorator in node.decorator_list
            ):
                continue
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body and (node.end_lineno or 0) - body[0].lineno + 1 >= 15:
                long.append(f"{found(name, node)} {node.name}")
    assert long == []


def test_nothing_is_left_for_later_in_the_sources() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "X" * 3, "raise NotImplemented" + "Error")
    left = [
        f"{path.relative_to(REPOSITORY)}: {mark}"
        for folder in ("server", "tests", "docs", "wp-bridge")
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix in (".py", ".md", ".php", ".html", ".toml") and path.is_file()
        for mark in marks
        if mark in path.read_text("utf-8", "replace")
    ]
    assert left == []
