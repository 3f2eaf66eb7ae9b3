"""Orders the version numbers of WordPress, WooCommerce, PHP and libraries."""

from __future__ import annotations

import re
from functools import cmp_to_key, lru_cache
from itertools import zip_longest

_PARTS = re.compile(r"\d+|[a-z]+", re.IGNORECASE)
# PHP's order for version_compare(): any other word < dev < alpha < beta < RC < a number < pl.
_WORDS = {"dev": -5, "alpha": -4, "a": -4, "beta": -3, "b": -3, "rc": -2, "c": -2, "pl": 2, "p": 2}
_OPERATORS = {
    "<": lambda order: order < 0,
    "lt": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    "le": lambda order: order <= 0,
    ">": lambda order: order > 0,
    "gt": lambda order: order > 0,
    ">=": lambda order: order >= 0,
    "ge": lambda order: order >= 0,
    "==": lambda order: order == 0,
    "eq": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<>": lambda order: order != 0,
    "ne": lambda order: order != 0,
}


@lru_cache(maxsize=4096)
def _split(version: str) -> tuple[tuple[int, int], ...]:
    parts = []
    for part in _PARTS.findall(version):
        if part.isdigit():
            parts.append((0, int(part)))
        else:
            parts.append((_WORDS.get(part.lower(), -6), 0))
    while len(parts) > 1 and parts[-1] == (0, 0):
        parts.pop()
    return tuple(parts)


def compare(left: str, right: str) -> int:
    """-1, 0 or 1. "6.7" equals "6.7.0" (wordpress.org writes the first, its tags the second)."""
    for one, other in zip_longest(_split(left), _split(right), fillvalue=(0, 0)):
        if one != other:
            return -1 if one < other else 1
    return 0


#: A sort key for version numbers.
version_key = cmp_to_key(compare)


def holds(version: str, operator: str, other: str) -> bool | None:
    """Whether PHP's version_compare(version, other, operator) is true; None: no such operator."""
    test = _OPERATORS.get(operator.lower())
    return None if test is None else test(compare(version, other))


def minor_of(version: str) -> str:
    """The branch of a version: "6.7.2" -> "6.7"."""
    return ".".join(version.split(".")[:2])
