"""Schemas made from parameter dataclasses: a kind's annotations are what a document may set."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from marshmallow import Schema

from refunddesk.policy.fields import (
    AmountPerCurrency,
    Choice,
    ChoiceSet,
    ChoiceTuple,
    Count,
    CountrySet,
    Entries,
    Flag,
    Length,
    NameSet,
    Share,
    StrictField,
    StrictSchema,
    Text,
)
from refunddesk.policy.values import Amounts, AtLeastOne, Countries, Percent
from refunddesk.worktime import Span


def schema_of(params: type[Any]) -> Schema:
    hints = get_type_hints(params)
    keys = {f.name: _field_of(hints[f.name], required=is_required(f)) for f in fields(params)}
    return StrictSchema.from_dict(dict(keys))()


def is_required(parameter: Field[Any]) -> bool:
    return parameter.default is MISSING and parameter.default_factory is MISSING


def _field_of(hint: Any, *, required: bool) -> StrictField | Entries:
    or_none = get_origin(hint) in (UnionType, Union)  # "Span | None": also the word "none"
    if or_none:
        hint = next(part for part in get_args(hint) if part is not type(None))
    if hint is Span:
        return Length(or_none=or_none, required=required)
    if hint is str:
        return Text(required=required)
    if hint is bool:
        return Flag(required=required)
    if hint is int:
        return Count(most=1000, required=required)
    if hint is AtLeastOne:
        return Count(least=1, most=1000, required=required)
    if hint is Percent:
        return Share(required=required)
    if hint is Amounts:
        return AmountPerCurrency(required=required)
    if hint is Countries:
        return CountrySet(required=required)
    if get_origin(hint) is Literal:
        return Choice(get_args(hint), required=required)
    return _field_of_many(hint, required=required)


def _field_of_many(hint: Any, *, required: bool) -> StrictField | Entries:
    several = get_args(hint)[0]
    if isinstance(several, type) and is_dataclass(several):
        return Entries(several, schema_of(several), required=required)
    if several is str:
        return NameSet(required=required)
    if get_origin(hint) is frozenset:
        return ChoiceSet(get_args(several), required=required)
    assert get_origin(hint) is tuple, f"no field is known for a parameter of type {hint}"
    return ChoiceTuple(get_args(several), required=required)
