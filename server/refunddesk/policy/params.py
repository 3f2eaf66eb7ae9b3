"""Schemas made from parameter dataclasses: a kind's annotations are what a document may set."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from marshmallow import Schema

from refunddesk.policy.fields import (
    Choice,
    ChoiceSet,
    ChoiceTuple,
    Count,
    Flag,
    Length,
    StrictField,
    StrictSchema,
)
from refunddesk.worktime import Span


def schema_of(params: type[Any]) -> Schema:
    hints = get_type_hints(params)
    keys = {f.name: _field_of(hints[f.name], required=is_required(f)) for f in fields(params)}
    return StrictSchema.from_dict(dict(keys))()


def is_required(parameter: Field[Any]) -> bool:
    return parameter.default is MISSING and parameter.default_factory is MISSING


def _field_of(hint: Any, *, required: bool) -> StrictField:
    if get_origin(hint) is UnionType:  # "Span | None": the document leaves it out
        hint = next(part for part in get_args(hint) if part is not type(None))
    if hint is Span:
        return Length(required=required)
    if hint is bool:
        return Flag(required=required)
    if hint is int:
        return Count(least=1, most=1000, required=required)
    if get_origin(hint) is Literal:
        return Choice(get_args(hint), required=required)
    choices = get_args(get_args(hint)[0])
    if get_origin(hint) is frozenset:
        return ChoiceSet(choices, required=required)
    assert get_origin(hint) is tuple, f"no field is known for a parameter of type {hint}"
    return ChoiceTuple(choices, required=required)
