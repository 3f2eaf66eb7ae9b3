"""A policy document: TOML or JSON that people read and diff, checked whole before it judges."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
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
from refunddesk.policy.version import (
    JudgedBy,
    Policy,
    PolicyVersion,
    Readings,
    fingerprint_of,
)
from refunddesk.worktime import NoSuchZone, zone

_NAME = re.compile(r"[a-z][a-z0-9-]{0,60}", re.ASCII)
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
        named = f"clause {clause}" if clause else ""
        super().__init__(": ".join(part for part in (file, named, key, problem) if part))


def load_policy(source: str | Path, readings: Readings | None = None) -> Policy:
    """The policy of a file, of a folder with one file per version, or built in by that name.

    `readings` sets readings aside the document's own choice, to see what they would give.
    Raises PolicyNotValid.
    """
    if isinstance(source, str) and _NAME.fullmatch(source):
        return load_built_in(source, readings)
    path = Path(source)
    if not path.is_dir():
        return _gather(_read_versions(path, readings or {}), path.name)
    files = sorted(p for p in path.iterdir() if p.suffix in (".toml", ".json"))
    found = [v for file in files for v in _read_versions(file, readings or {})]
    return _gather(found, path.name)


def policy_of(data: object, file: str) -> Policy:
    """The policy of one document that is parsed already; `file` names it in refusals.

    Raises PolicyNotValid.
    """
    return _gather([_load_version(file, data, {})], file)


def policy_file(file: Path | Traversable) -> Policy:
    """The policy of one file. Raises PolicyNotValid."""
    return _gather(_read_versions(file, {}), file.name)


def built_in_names() -> tuple[str, ...]:
    return tuple(sorted(_built_in()))


def _built_in() -> dict[str, Traversable]:
    folder = resources.files("refunddesk") / "policies"
    return {f.name.removesuffix(".toml"): f for f in folder.iterdir() if f.name.endswith(".toml")}


def load_built_in(name: str, readings: Readings | None = None) -> Policy:
    """A policy that comes with Refund Desk. Raises PolicyNotValid for a name that does not."""
    return _load_built_in(name, tuple(sorted((readings or {}).items())))


@lru_cache(maxsize=32)
def _load_built_in(name: str, readings: tuple[tuple[str, str | int], ...]) -> Policy:
    known = _built_in()
    if name not in known or not _NAME.fullmatch(name):
        built_in = ", ".join(sorted(known))
        raise PolicyNotValid("", f"no built-in policy is called {name[:60]!r}; there is {built_in}")
    return _gather(_read_versions(known[name], dict(readings)), known[name].name)


def _gather(versions: list[PolicyVersion], file: str) -> Policy:
    """One policy out of its versions, which must not contend with each other."""
    if not versions:
        raise PolicyNotValid(file, "there is no .toml or .json document in it")
    versions = sorted(versions, key=lambda version: version.in_force_from)
    first = versions[0]
    for earlier, later in pairwise(versions):
        if later.policy != first.policy:
            problem = f"versions of two policies, {first.policy} and {later.policy}"
            raise PolicyNotValid(file, problem, key="id")
        if later.in_force_from == earlier.in_force_from:
            problem = f"versions {earlier.version} and {later.version} begin at the same instant"
            raise PolicyNotValid(file, problem, key="in_force_from")
    names = [version.version for version in versions]
    for name in names:
        if names.count(name) > 1:
            raise PolicyNotValid(file, f"there are two versions called {name}", key="version")
    return Policy(first.policy, tuple(versions))


def _read_versions(file: Path | Traversable, readings: Readings) -> list[PolicyVersion]:
    data = _parse(file)
    documents = data["versions"] if isinstance(data, dict) and set(data) == {"versions"} else [data]
    if not isinstance(documents, list) or not documents:
        raise PolicyNotValid(file.name, "must be a list of versions", key="versions")
    return [_load_version(file.name, document, readings) for document in documents]


def _parse(file: Path | Traversable) -> Any:
    try:
        text = file.read_bytes().decode("utf-8-sig")
        if file.name.endswith(".toml"):
            return tomllib.loads(text)
        if file.name.endswith(".json"):
            return json.loads(text, object_pairs_hook=_distinct)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise PolicyNotValid(file.name, f"cannot be read: {reason}") from error
    except (ValueError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise PolicyNotValid(file.name, f"is not well formed: {problem}") from error
    raise PolicyNotValid(file.name, "must be a .toml or .json file")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice in one object")
    return found


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


def _load_version(file: str, data: Any, overrides: Readings) -> PolicyVersion:
    place = _Place(file)
    loaded = place.checked(_DOCUMENT, data)
    if not _NAME.fullmatch(loaded["id"]):
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
        loaded = place.checked(_READING, entry, f"readings.{name}")
        values = tuple(loaded["options"])
        if not values or any(type(value) not in (str, int) for value in values):
            raise place.refuse(f"readings.{name}.options", "must be texts or whole numbers")
        choice = overrides.get(name, loaded["chosen"])
        if not _is_one_of(choice, values):
            listed = ", ".join(map(str, values))
            raise place.refuse(f"readings.{name}.chosen", f"{choice!r} is none of {listed}")
        options[name] = (choice, values)
    return options


def _load_clause(file: str, number: int, data: Any, options: _Options) -> tuple[Clause, bool]:
    """The clause of one entry, and whether the readings chosen let it be used."""
    named = data.get("id") if isinstance(data, dict) else None
    place = _Place(file, f"{named} (entry {number})" if named else f"entry {number}")
    loaded = place.checked(_CLAUSE, data)
    kind = KINDS[loaded["kind"]]
    params = _resolve(place, loaded["params"], options)
    clause = Clause(
        id=loaded["id"],
        kind=kind,
        params=_load_params(place, kind, params),
        applies_to=_conditions(place, loaded["applies_to"], "applies_to"),
        unless=_conditions(place, loaded["unless"], "unless") if loaded["unless"] else None,
        texts=loaded["text"],
        readings=tuple(sorted(_readings_named_in([data]))),
    )
    return clause, _is_in_use(place, loaded["only_with"], options)


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
            listed = ", ".join(map(str, values))
            raise place.refuse(f"only_with.{name}", f"{value!r} is none of {listed}")
        in_use = in_use and value == choice
    return in_use


def _is_one_of(value: object, values: tuple[str | int, ...]) -> bool:
    # 1 == True in Python, so the type is compared as well.
    return any(type(value) is type(option) and value == option for option in values)
