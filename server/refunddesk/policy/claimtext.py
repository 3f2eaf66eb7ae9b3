"""The text of a claim, read strictly: JSON that says one thing, or a refusal by its key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from refunddesk.policy.claim import ClaimNotValid
from refunddesk.policy.fields import step

#: An order of ten thousand lines fits; what is longer is no claim, and is not looked into.
MOST_BYTES = 4_000_000
#: No count, price or quantity of a claim has as many digits.
_MOST_DIGITS = 40


def read_strictly(text: str | bytes) -> object:
    """What the JSON says, its fractions as Decimal.

    Raises ClaimNotValid for what is no JSON (NaN is none), a key given twice, a number too long.
    """
    if len(text) > MOST_BYTES:
        raise ClaimNotValid("", f"a claim has at most {MOST_BYTES} bytes")
    faults: list[_Fault] = []
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        data = json.loads(
            text,
            parse_int=_number(int, faults),
            parse_float=_number(Decimal, faults),
            parse_constant=lambda name: _note(faults, _Fault(f"{name} is no number")),
            object_pairs_hook=_object_of_distinct_keys(faults),
        )
    except UnicodeDecodeError as error:
        raise ClaimNotValid("", "the text is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise ClaimNotValid(
            "", f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        ) from error
    except RecursionError as error:
        raise ClaimNotValid("", "not JSON that can be read: nested too deep") from error
    if faults:
        raise _first_fault(data)
    return data


@dataclass(frozen=True, slots=True)
class _Fault:
    """Stands where the text held what JSON or a claim has no word for, to be named by its key.

    `key` is the one at fault where an object stood.
    """

    problem: str
    key: str | None = None


def _note(faults: list[_Fault], fault: _Fault) -> _Fault:
    faults.append(fault)
    return fault


def _number(kind: Callable[[str], Any], faults: list[_Fault]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            if len(text) <= _MOST_DIGITS:
                return kind(text)
        except InvalidOperation:  # an exponent that no Decimal can have
            pass
        return _note(faults, _Fault("a number is too long"))

    return read


def _object_of_distinct_keys(
    faults: list[_Fault],
) -> Callable[[list[tuple[str, Any]]], dict[str, Any] | _Fault]:
    def read(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Fault:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                return _note(faults, _Fault("is given twice", key))
            found[key] = value
        return found

    return read


def _first_fault(data: object) -> ClaimNotValid:
    """The fault that stands first in the text, with its key. There is one."""
    waiting: list[tuple[str, object]] = [("", data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _Fault):
            at = path if value.key is None else path + step(value.key, path)
            return ClaimNotValid(at, value.problem)
        inner: list[tuple[Any, object]] = []
        if isinstance(value, dict):
            inner = list(value.items())
        elif isinstance(value, list):
            inner = list(enumerate(value))
        waiting += [(path + step(key, path), each) for key, each in reversed(inner)]
    raise AssertionError("a fault that was noted stands somewhere in what was read")
