"""Any policy document that can be read, for properties: clauses of all kinds in any order."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from refunddesk.policy.clauses import KINDS
from refunddesk.policy.clauses.stepped import Step
from refunddesk.policy.conditions import Conditions
from refunddesk.policy.decision import RIVAL_EFFECTS, Effect
from refunddesk.policy.params import is_required
from refunddesk.policy.values import Amounts, AtLeastOne, Countries, Percent
from refunddesk.worktime import Span

_NAMES = st.sampled_from(["crm-portal", "extra-domain", "crm-*", "*", "spring-sale", "card"])
_SPANS = st.sampled_from(
    "14 days,30 days,0 days,5 business days,400 business days,48 hours,2 weeks,1 month,"
    "12 months,1 year,100 years".split(",")
)
_PERCENTS = st.integers(0, 10_000).map(lambda hundredths: str(Percent(hundredths)))
_AMOUNTS = st.fixed_dictionaries(
    {"EUR": st.sampled_from(["0.00", "0.01", "5.00", "400.00"])},
    optional={"JPY": st.sampled_from(["0", "1", "500"]), "KWD": st.just("1.005")},
)
_WORDS: dict[Any, st.SearchStrategy[Any]] = {
    Span: _SPANS,
    bool: st.booleans(),
    int: st.integers(0, 20),
    AtLeastOne: st.integers(1, 20),
    Percent: _PERCENTS,
    Amounts: _AMOUNTS,
    Countries: st.lists(st.sampled_from(["EU", "EEA", "DE", "US"]), unique=True),
    str: _NAMES,
}


@cache
def parameters(shape: type[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """What a document can set of a dataclass of parameters or conditions."""
    hints = get_type_hints(shape)
    keys = {field: _value(hints[field.name], field.name) for field in fields(shape)}
    return st.fixed_dictionaries(
        {field.name: value for field, value in keys.items() if is_required(field)},
        optional={field.name: value for field, value in keys.items() if not is_required(field)},
    )


def _value(hint: Any, name: str) -> st.SearchStrategy[Any]:
    if get_origin(hint) in (UnionType, Union):
        hint = next(part for part in get_args(hint) if part is not type(None))
        known = _value(hint, name)
        return st.one_of(known, st.just("none")) if hint is Span else known
    if hint in _WORDS:
        return _WORDS[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    several = get_args(hint)[0]
    if several is Step:
        return _steps()
    if several == Effect:
        return st.lists(st.sampled_from(get_args(Effect)), unique=True).filter(_agree)
    if is_dataclass(several):
        return st.lists(parameters(several), min_size=1, max_size=2)  # type: ignore[arg-type]
    return st.lists(_value(several, name), unique=True)


def _agree(effects: list[str]) -> bool:
    return all(len(rivals & set(effects)) < 2 for rivals in RIVAL_EFFECTS)


@st.composite
def _steps(draw: st.DrawFn) -> list[dict[str, str]]:
    days = sorted(draw(st.sets(st.integers(0, 400), min_size=1, max_size=4)))
    shares = sorted(draw(st.sets(st.integers(0, 100), min_size=4, max_size=4)), reverse=True)
    return [
        {"within": str(Span(day, "days")), "share": f"{share}%"}
        for day, share in zip(days, shares, strict=False)
    ]


@st.composite
def any_clause(draw: st.DrawFn, number: int, kinds: tuple[str, ...]) -> dict[str, Any]:
    kind = KINDS[draw(st.sampled_from(kinds))]
    clause: dict[str, Any] = {
        "id": f"C{number}",
        "kind": kind.name,
        "params": draw(parameters(kind.params)),
        "text": {"en": "A clause."},
    }
    if kind.name == "fault":
        clause["params"]["refused"] = [
            each for each in clause["params"]["refused"] if each not in clause["params"]["accepted"]
        ]
    if draw(st.integers(0, 3)) == 0:
        clause["applies_to"] = draw(_conditions(number, kind.stage))
    if draw(st.integers(0, 5)) == 0:
        clause["unless"] = draw(_conditions(number, "decide"))
    return clause


@st.composite
def _conditions(draw: st.DrawFn, number: int, stage: str) -> dict[str, Any]:
    conditions = draw(parameters(Conditions))
    conditions.pop("granted_by", None)
    if stage != "decide" and draw(st.booleans()):
        conditions["granted_by"] = [f"C{draw(st.integers(0, number))}"]
    return conditions


@st.composite
def any_policy(draw: st.DrawFn) -> dict[str, Any]:
    """A document of up to five clauses, of which about half the time one grants in full."""
    kinds = tuple(sorted(KINDS))
    clauses = [draw(any_clause(number, kinds)) for number in range(draw(st.integers(1, 4)))]
    if draw(st.booleans()):
        clauses.append(
            {
                "id": f"C{len(clauses)}",
                "kind": "full_refund",
                "text": {"en": "All back."},
                "params": {"within": "none", "pays": "all", "event": "requested"},
            }
        )
    return {
        "id": "any",
        "version": "1",
        "in_force_from": "2020-01-01T00:00:00Z",
        "title": {"en": "Any policy"},
        "judged_by": draw(st.sampled_from(["payment", "claim"])),
        "holidays": draw(st.sampled_from([[], ["2026-03-04"], ["DE-BY", "IN", "2026-03-05"]])),
        "clause": clauses,
    }
