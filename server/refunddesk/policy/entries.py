"""What a policy document holds, checked entry by entry: its head, its readings, its clauses."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from marshmallow import Schema, ValidationError

from refunddesk.policy.calendars import calendar_of
from refunddesk.policy.clause import Clause, Kind
from refunddesk.policy.clauses import KINDS
from refunddesk.policy.conditions import Conditions
from refunddesk.policy.decision import RIVAL_EFFECTS
from refunddesk.policy.doubts import Accepted
from refunddesk.policy.fields import (
    Anything,
    Choice,
    Day,
    DayOrCalendar,
    DocumentInstant,
    ListOf,
    Nested,
    StrictSchema,
    Text,
    first_problem,
)
from refunddesk.policy.params import schema_of
from refunddesk.policy.version import JudgedBy, PolicyVersion, Readings, fingerprint_of
from refunddesk.worktime import NoSuchZone, zone

_READING_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}", re.ASCII)
NAME = re.compile(r"[a-z][a-z0-9-]{0,60}", re.ASCII)
_LANGUAGES = ("en", "fr", "de")

_TEXTS = StrictSchema.from_dict({language: Text() for language in _LANGUAGES})
_READING = StrictSchema.from_dict(
    {
        "chosen": Anything(required=True),
        "options": ListOf(Anything(), required=True),
        "text": Nested(_TEXTS, required=True),
    }
)()
_DOCUMENT = StrictSchema.from_dict(
    {
        "id": Text(required=True),
        "version": Text(required=True),
        "in_force_from": DocumentInstant(required=True),
        "title": Nested(_TEXTS, required=True),
        "timezone": Text(load_default=None),
        "holidays": ListOf(DayOrCalendar(), load_default=[]),
        "judged_by": Choice(get_args(JudgedBy), load_default="payment"),
        "readings": Anything(load_default={}),
        "clause": ListOf(Anything(), required=True),
        "accepted": ListOf(Anything(), load_default=[]),
    }
)()
_ACCEPTED = StrictSchema.from_dict(
    {
        "rule": Text(required=True),
        "about": ListOf(Text(), load_default=[]),
        "by": Text(required=True),
        "on": Day(required=True),
        "why": Text(required=True),
    }
)()
_CLAUSE = StrictSchema.from_dict(
    {
        "id": Text(required=True),
        "kind": Choice(KINDS, required=True),
        "params": Anything(load_default={}),
        "applies_to": Anything(load_default={}),
        "unless": Anything(load_default=None),
        "only_with": Anything(load_default={}),
        "text": Nested(_TEXTS, load_default={}),
    }
)()
_CONDITIONS = schema_of(Conditions)
_PARAMS = {name: schema_of(kind.params) for name, kind in KINDS.items()}


class PolicyNotValid(ValueError):
    """A document that cannot judge; the one-line message names file, clause and key."""

    def __init__(self, file: str, problem: str, *, clause: str = "", key: str = "") -> None:
        self.file, self.clause, self.key = file, clause, key
        named = f"clause {clause[:80]}" if clause else ""
        said = ": ".join(part for part in (file, named, key, problem) if part)
        # A name can hold what no terminal prints, such as half of a character.
        super().__init__("".join(c if c.isprintable() else ascii(c)[1:-1] for c in said))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a document something stands, so that every refusal can name it."""

    file: str
    clause: str = ""

    def refuse(self, key: str, problem: str) -> PolicyNotValid:
        return PolicyNotValid(self.file, problem, clause=self.clause, key=key)

    def checked(self, schema: Schema, data: Any, under: str = "") -> dict[str, Any]:
        """`data` loaded by `schema`; `under` is the key that `data` itself stands at."""
        try:
            loaded: dict[str, Any] = schema.load(data)
        except ValidationError as error:
            key, problem = first_problem(error.messages)
            raise self.refuse(".".join(part for part in (under, key) if part), problem) from error
        return loaded


def load_version(file: str, data: Any, overrides: Readings) -> PolicyVersion:
    """One version from its parsed document; `file` names it in refusals. Raises PolicyNotValid."""
    place = _Place(file)
    loaded = place.checked(_DOCUMENT, data)
    if not NAME.fullmatch(loaded["id"]):
        raise place.refuse("id", "must be lower-case letters, digits and hyphens")
    if loaded["timezone"]:
        try:
            zone(loaded["timezone"])
        except NoSuchZone as error:
            raise place.refuse("timezone", str(error)) from error
    options = _load_readings(place, loaded["readings"], overrides)
    chosen = {name: choice for name, (choice, _) in options.items()}
    clauses: list[Clause] = []
    told: set[str] = set()
    for number, entry in enumerate(loaded["clause"], start=1):
        clause, in_use = _load_clause(file, number, entry, options)
        if clause.id not in told and not clause.texts:
            raise PolicyNotValid(
                file, "is missing", clause=f"{clause.id} (entry {number})", key="text"
            )
        told.add(clause.id)
        if in_use:
            clauses.append(clause)
    if not clauses:
        raise place.refuse("clause", "a policy has at least one clause")
    for clause in clauses:
        _check_who_grants(_Place(file, clause.id), clause, told)
    return PolicyVersion(
        policy=loaded["id"],
        version=loaded["version"],
        in_force_from=loaded["in_force_from"],
        title=loaded["title"],
        clauses=tuple(clauses),
        readings=chosen,
        timezone=loaded["timezone"],
        holidays=calendar_of(loaded["holidays"]),
        judged_by=loaded["judged_by"],
        fingerprint=fingerprint_of(data),
        reading_texts={name: reading["text"] for name, reading in loaded["readings"].items()},
        unused_readings=tuple(sorted(set(options) - _readings_named_in(loaded["clause"]))),
        accepted=tuple(
            _load_accepted(place, number, each) for number, each in enumerate(loaded["accepted"])
        ),
    )


def _load_accepted(place: _Place, number: int, data: Any) -> Accepted:
    loaded = place.checked(_ACCEPTED, data, f"accepted[{number}]")
    return Accepted(**loaded | {"about": tuple(loaded["about"])})


def _readings_named_in(entries: list[Any]) -> set[str]:
    """The readings that some clause takes, or depends on."""
    named: set[str] = set()
    for entry in entries:
        named |= set(entry.get("only_with", {}))
        for value in entry.get("params", {}).values():
            if isinstance(value, dict) and set(value) == {"reading"}:
                named.add(value["reading"])
    return named


#: By name: the value chosen, and all values there are to choose from.
_Options = Mapping[str, tuple[str | int, tuple[str | int, ...]]]


def _load_readings(place: _Place, data: Any, overrides: Readings) -> _Options:
    if not isinstance(data, dict):
        raise place.refuse("readings", "must be an object")
    for name in overrides:
        if name not in data:
            raise place.refuse(f"readings.{name}", "there is no such reading")
    options: dict[str, tuple[str | int, tuple[str | int, ...]]] = {}
    for name, entry in data.items():
        if not _READING_NAME.fullmatch(name):
            raise place.refuse("readings", f"{name[:60]!r} must be lower-case letters and digits")
        loaded = place.checked(_READING, entry, f"readings.{name}")
        values = tuple(loaded["options"])
        if not values or not all(_is_option(value) for value in values):
            raise place.refuse(f"readings.{name}.options", "must be texts or whole numbers")
        choice = overrides.get(name, loaded["chosen"])
        if not _is_one_of(choice, values):
            raise place.refuse(f"readings.{name}.chosen", _is_none_of(choice, values))
        options[name] = (choice, values)
    return options


def _is_option(value: object) -> bool:
    """Whether a reading can be this: a number, or a short text."""
    return type(value) is int or (isinstance(value, str) and value.isprintable())


def _is_none_of(value: object, values: tuple[str | int, ...]) -> str:
    return f"{str(value)[:60]!r} is none of {', '.join(map(str, values))}"[:300]


def _load_clause(file: str, number: int, data: Any, options: _Options) -> tuple[Clause, bool]:
    """The clause of one entry, and whether the readings chosen let it be used."""
    named = data.get("id") if isinstance(data, dict) else None
    place = _Place(file, f"{named} (entry {number})" if named else f"entry {number}")
    loaded = place.checked(_CLAUSE, data)
    kind = KINDS[loaded["kind"]]
    in_use = _is_in_use(place, loaded["only_with"], options)
    unless = loaded["unless"]
    params = _resolve(place, loaded["params"], options)
    clause = Clause(
        id=loaded["id"],
        kind=kind,
        params=_load_params(place, kind, params),
        applies_to=_conditions(place, loaded["applies_to"], "applies_to"),
        unless=None if unless in (None, {}) else _conditions(place, unless, "unless"),
        texts=loaded["text"],
        readings=tuple(sorted(_readings_named_in([data]))),
    )
    return clause, in_use


def _load_params(place: _Place, kind: Kind, data: Any) -> Any:
    """The kind's parameters, which must not contradict each other."""
    params = kind.params(**place.checked(_PARAMS[kind.name], data, "params"))
    effects = frozenset(getattr(params, "effects", ()))
    for rivals in RIVAL_EFFECTS:
        if len(both := sorted(effects & rivals)) > 1:
            raise place.refuse("params.effects", f"{' and '.join(both)} contradict each other")
    problem = params.problem() if hasattr(params, "problem") else None
    if problem is not None:
        raise place.refuse(f"params.{problem[0]}", problem[1])
    return params


def _check_who_grants(place: _Place, clause: Clause, ids: Collection[str]) -> None:
    for key, conditions in (("applies_to", clause.applies_to), ("unless", clause.unless)):
        if conditions is None or not conditions.granted_by:
            continue
        if clause.kind.stage == "decide":
            problem = f"{clause.kind.name} is tried before anything is granted"
            raise place.refuse(f"{key}.granted_by", problem)
        if unknown := sorted(conditions.granted_by - set(ids)):
            raise place.refuse(f"{key}.granted_by", f"there is no clause {unknown[0]!r}")
    unless = clause.unless
    if unless and unless.granted_by and unless != Conditions(granted_by=unless.granted_by):
        raise place.refuse("unless.granted_by", "stands alone: give it an entry of its own")


def _conditions(place: _Place, data: Any, key: str) -> Conditions:
    return Conditions(**place.checked(_CONDITIONS, data, key))


def _resolve(place: _Place, params: Any, options: _Options) -> Any:
    """`params` with every `{ reading = "name" }` replaced by the value chosen for that reading."""
    if not isinstance(params, dict):
        return params
    resolved = dict(params)
    for key, value in params.items():
        if isinstance(value, dict) and set(value) == {"reading"}:
            name = value["reading"]
            if not isinstance(name, str) or name not in options:
                raise place.refuse(f"params.{key}", f"there is no reading {name!r}")
            resolved[key] = options[name][0]
    return resolved


def _is_in_use(place: _Place, only_with: Any, options: _Options) -> bool:
    if not isinstance(only_with, dict):
        raise place.refuse("only_with", "must be an object")
    in_use = True
    for name, value in only_with.items():
        if name not in options:
            raise place.refuse(f"only_with.{name}", "there is no such reading")
        choice, values = options[name]
        if not _is_one_of(value, values):
            raise place.refuse(f"only_with.{name}", _is_none_of(value, values))
        in_use = in_use and value == choice
    return in_use


def _is_one_of(value: object, values: tuple[str | int, ...]) -> bool:
    # 1 == True in Python, so the type is compared as well.
    return any(type(value) is type(option) and value == option for option in values)
