"""All codes that clauses can give, read off the sources: reasons, things awaited, facts lacked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
    found: list[Given] = []
    for path in sorted(_POLICY.rglob("*.py")):
        name = path.relative_to(_POLICY).as_posix()
        if not name.startswith(_READERS):
            found += _codes_of(ast.parse(path.read_text("utf-8")), f"policy/{name}")
    return tuple(found)


def _codes_of(tree: ast.Module, file: str) -> Iterator[Given]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        place = f"{file}:{node.lineno}"
        match _called(node):
            case "Why":
                for code in _texts(node.args[0], place):
                    yield Given("why", code, place, _facts(node))
            case "Await":
                for code in _texts(node.args[1], place):
                    yield Given("await", code, place, frozenset({"about", "until"}))
            case "lacks" if isinstance(node.args[0], ast.Constant):
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
