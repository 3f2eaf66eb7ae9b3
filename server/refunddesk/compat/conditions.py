"""What must be true for a line of a plugin to be reached, and whether it is on a given release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: function, class, method ("Class::method"), constant, file (path inside the release) or hook.
Kind = str


@dataclass(frozen=True, slots=True)
class Exists:
    """function_exists(), class_exists(), defined(), file_exists() ... of one name."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class VersionIs:
    """version_compare( <version of product>, version, operator )."""

    product: str
    operator: str
    version: str


@dataclass(frozen=True, slots=True)
class Not:
    of: Condition


@dataclass(frozen=True, slots=True)
class Every:
    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something this check cannot decide: an option, a request, a platform."""


Condition = Exists | VersionIs | Not | Every | Either | Unknown
Truth = bool | None
UNKNOWN = Unknown()


def truth_of(condition: Condition, answer: Callable[[Exists | VersionIs], Truth]) -> Truth:
    """Kleene's three values: True, False, or None where `answer` does not decide it."""
    match condition:
        case Exists() | VersionIs():
            return answer(condition)
        case Not(of=inner):
            value = truth_of(inner, answer)
            return None if value is None else not value
        case Every(of=items):
            values = [truth_of(item, answer) for item in items]
            return False if False in values else (None if None in values else True)
        case Either(of=items):
            values = [truth_of(item, answer) for item in items]
            return True if True in values else (None if None in values else False)
        case _:
            return None


def to_document(condition: Condition) -> list[object]:
    """The JSON form: a list whose first item names the shape."""
    match condition:
        case Exists(kind=kind, name=name):
            return ["exists", kind, name]
        case VersionIs(product=product, operator=operator, version=version):
            return ["version", product, operator, version]
        case Not(of=inner):
            return ["not", to_document(inner)]
        case Every(of=items):
            return ["every", *map(to_document, items)]
        case Either(of=items):
            return ["either", *map(to_document, items)]
        case _:
            return ["unknown"]


def from_document(document: list[object]) -> Condition:
    """Reads what `to_document` wrote."""
    shape, *rest = document
    inner = [item for item in rest if isinstance(item, list)]
    words = [str(item) for item in rest if not isinstance(item, list)]
    match shape:
        case "exists":
            return Exists(*words)
        case "version":
            return VersionIs(*words)
        case "not":
            return Not(from_document(inner[0]))
        case "every":
            return Every(tuple(map(from_document, inner)))
        case "either":
            return Either(tuple(map(from_document, inner)))
        case _:
            return UNKNOWN
