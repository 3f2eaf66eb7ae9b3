"""All codes that clauses can give, read off the sources: reasons, things awaited, facts lacked."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import refunddesk.policy

_POLICY = Path(refunddesk.policy.__file__).parent
#: Modules that read codes back instead of giving them, and the sentences themselves.
_READERS = ("recorded.py", "wording/")


@dataclass(frozen=True, slots=True)
class Given:
    """One place that gives a code. `facts` are None where the source does not list them."""

    sort: str  # "why", "await" or "fact"
    code: str
    place: str
    facts: frozenset[str] | None = None


class CodeNotLiteral(AssertionError):
    """A code is put together while judging: nobody can tell whether it has its sentence."""


@lru_cache(maxsize=1)
def given_codes() -> tuple[Given, ...]:
    return read_codes(
        {
            f"policy/{path.relative_to(_POLICY).as_posix()}": path.read_text("utf-8")
            for path in sorted(_POLICY.rglob("*.py"))
            if not path.relative_to(_POLICY).as_posix().startswith(_READERS)
        }
    )


def read_codes(sources: Mapping[str, str]) -> tuple[Given, ...]:
    """The codes that these modules give. Raises CodeNotLiteral."""
    trees = {name: ast.parse(source) for name, source in sources.items()}
    passed_on = {name: at for tree in trees.values() for name, at in _passing_on(tree)}
    found: list[Given] = []
    for file, tree in trees.items():
        found += _codes_of(tree, file, passed_on)
    return tuple(found)


def _passing_on(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Functions that put a code they are given into a reason, and which argument it is."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        names = [argument.arg for argument in function.args.args]
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and _called(node) == "Why" and _is_one_of(node, names):
                yield function.name, names.index(node.args[0].id)  # type: ignore[attr-defined]


def _is_one_of(node: ast.Call, names: list[str]) -> bool:
    return isinstance(node.args[0], ast.Name) and node.args[0].id in names


def _codes_of(tree: ast.Module, file: str, passed_on: Mapping[str, int]) -> Iterator[Given]:
    own = {name for name, _ in _passing_on(tree)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        place, called = f"{file}:{node.lineno}", _called(node)
        if called == "Why" and not (own and isinstance(node.args[0], ast.Name)):
            for code in _texts(node.args[0], place):
                yield Given("why", code, place, _facts(node))
        elif called in passed_on:
            for code in _texts(node.args[passed_on[called]], place):
                yield Given("why", code, place)
        elif called == "Await":
            for code in _texts(node.args[1], place):
                yield Given("await", code, place, frozenset({"about", "until"}))
        elif called == "lacks" and isinstance(node.args[0], ast.Constant):
            yield Given("fact", str(node.args[0].value), place)


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _texts(node: ast.expr, place: str) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body, place)
        yield from _texts(node.orelse, place)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        raise CodeNotLiteral(f"{place}: write the code {ast.unparse(node)} out as a text")


def _facts(node: ast.Call) -> frozenset[str] | None:
    if len(node.args) < 2:
        return frozenset()
    facts = node.args[1]
    if not isinstance(facts, ast.Dict):
        return None
    names = [key.value for key in facts.keys if isinstance(key, ast.Constant)]
    return frozenset(map(str, names)) if len(names) == len(facts.keys) else None
