"""Documents and claims broken at random: values out of place, keys lost, doubled or made up."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

#: What stands where something else should: of every type, at the edges of what is taken.
_JUNK: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 1.5, 10**30, float("nan"), float("inf"),
    "", " ", "x", "null", "all", "none", "-0.00", "0", "1e1", "９", "1.00", "10.000",
    "\ud800", "\x00", "x" * 3000, [], {}, [[]], [{}], [None], ["x", "x"], {"x": 1},
    "30 days", "0 days", "9999 business days", "9999 months", "12.5%", "101%", "portal", "EUR",
    "2026-03-02T10:00:00Z", "2026-02-30T10:00:00Z", "1969-12-31T23:59:59Z", "2199-12-31T23:59:59Z",
    {"reading": "x"}, {"reading": []}, {"EUR": "1.00"}, {"EUR": 1}, {"XQX": "1.00"},
)  # fmt: skip
_KEYS = ("x", "id", "kind", "at", "", "\ud800", "a\nb")


@st.composite
def broken(draw: st.DrawFn, form: dict[str, Any]) -> dict[str, Any]:
    """`form` with one to three things changed in it, anywhere."""
    result = copy.deepcopy(form)
    for _ in range(draw(st.integers(1, 3))):
        _break_one(draw, result)
    return result


def _break_one(draw: st.DrawFn, form: dict[str, Any]) -> None:
    places = [place for place in _places_in(form) if place]
    if not places:
        return
    place: Any = form
    *way, last = draw(st.sampled_from(places))
    for step in way:
        place = place[step]
    how = draw(st.sampled_from(["put", "put", "put", "lose", "add", "double"]))
    if how == "put":
        place[last] = copy.deepcopy(draw(st.sampled_from(_JUNK)))
    elif how == "lose":
        del place[last]
    elif isinstance(place, list):
        place.append(copy.deepcopy(place[last]))
    elif how == "add":
        place[draw(st.sampled_from(_KEYS))] = copy.deepcopy(draw(st.sampled_from(_JUNK)))


def _places_in(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [way, *(found for key, each in inner for found in _places_in(each, (*way, key)))]
