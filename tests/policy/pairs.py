"""Boundaries in pairs: the last second, or the last count, inside, and the first one outside.

A row names the last value inside by hand; the first outside is one second, or one, more. Both are
judged, and each must get what the row says. What a row holds is named, so that a kind or a clause
with a boundary that no row holds is found.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from refunddesk.policy.clauses import KINDS
from refunddesk.policy.conditions import Conditions
from refunddesk.policy.decision import Decision
from refunddesk.policy.document import load_policy, policy_of
from refunddesk.policy.judge import judge
from refunddesk.policy.kindpages import example_claim, in_short
from refunddesk.policy.values import AtLeastOne
from refunddesk.worktime import Span
from tests.policy.claims import claim

#: When the refund is asked for, by somebody without a case or a licence.
ASKED = ("request.at", "judged_at")
#: When the problem is raised; the rest follows at once.
RAISED = (
    "case.opened_at", "case.complete_at", "case.last_customer_reply_at", "request.at", "judged_at",
)  # fmt: skip
JUDGED = ("judged_at",)
ALONE: Mapping[str, Any] = {"case": "null", "license": "null"}

_GRANT = {
    "id": "all",
    "kind": "full_refund",
    "params": {"within": "none", "event": "requested", "pays": "all", "own_address": False},
    "text": {"en": "All that was paid, whenever it is asked for."},
}
#: Boundaries that a kind has without a parameter for them.
OF_THEMSELVES: Mapping[str, tuple[str, ...]] = {
    "infringement": ("opened", "settled"),
    "dispute": ("opened", "closed"),
    "repurchase": ("refunded",),
    "period_over": ("end",),
    "unused": ("used",),
    "pro_rata": ("end", "month", "day", "second"),
    "used_months": ("month",),
    "notices_sent": ("payment",),
    "license_off": ("used",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """`kind` with `params` judges the example claim changed as `given`, or, where `form` is there,
    the built-in policy with `readings` judges that. `moves` are set to `last`, then to one more.
    """

    words: str
    holds: tuple[str, ...]
    last: str | int
    inside: str
    outside: str
    moves: tuple[str, ...] = ASKED
    kind: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    clause: Mapping[str, Any] = field(default_factory=dict)
    document: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, Any] | None = None
    readings: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def first_outside(self) -> str | int:
        if isinstance(self.last, int):
            return self.last + 1
        later = datetime.fromisoformat(self.last) + timedelta(seconds=1)
        return later.isoformat().replace("+00:00", "Z")

    def answer(self, value: str | int) -> str:
        changes = {**copy.deepcopy(dict(self.given)), **dict.fromkeys(self.moves, value)}
        if self.form is None:
            return told(judge(example_claim(changes), policy_of(self._document(), "pair.json")))
        changed = {path: None if set_ == "null" else set_ for path, set_ in changes.items()}
        policy = load_policy("crmjetty", dict(self.readings))
        return told(judge(claim(self.form, changed), policy))

    def _document(self) -> dict[str, Any]:
        kind = KINDS[self.kind]
        clauses: list[dict[str, Any]] = [
            {"id": "it", "kind": self.kind, "params": self.params, "text": {"en": "It."}}
            | self.clause
        ]
        if "pays" not in self.params:
            clauses.append(_GRANT)
        if kind.stage != "decide":
            clauses.reverse()
        return {
            "id": "pair",
            "version": "1",
            "in_force_from": "2020-01-01T00:00:00Z",
            "title": {"en": "One clause"},
            "clause": clauses,
            **self.document,
        }


def told(decision: Decision) -> str:
    """The decision in short, with the notices that it misses: these settle nothing."""
    missing = [
        name
        for finding in decision.findings
        if finding.why and finding.why.code == "notices_missing"
        for name in finding.why.facts["notices"]  # type: ignore[union-attr]
    ]
    return in_short(decision) + "".join(f", no {name}" for name in missing)


def boundaries_of_kinds() -> Iterator[str]:
    """ "window.within" and all other parameters, or instants, at which a kind's answer turns."""
    for name, kind in KINDS.items():
        yield from (f"{name}.{parameter}" for parameter in boundary_parameters(kind.params))
        yield from (f"{name}.{each}" for each in OF_THEMSELVES.get(name, ()))
    yield from (f"conditions.{parameter}" for parameter in boundary_parameters(Conditions))


def boundary_parameters(shape: type[Any]) -> Iterator[str]:
    """The parameters that are lengths of time or numbers to stay below, at any depth."""
    hints = get_type_hints(shape)
    for parameter in fields(shape):
        hint = hints[parameter.name]
        if get_origin(hint) in (UnionType, Union):
            hint = next(part for part in get_args(hint) if part is not type(None))
        if hint in (Span, int, AtLeastOne):
            yield parameter.name
            continue
        inner = get_args(hint)[0] if get_args(hint) else None
        if isinstance(inner, type) and is_dataclass(inner):
            yield from (f"{parameter.name}.{each}" for each in boundary_parameters(inner))


def boundaries_of_the_built_in_policy() -> Iterator[str]:
    """ "R-3A window.within" and so on: the boundaries that the document's own clauses set.

    Those that only another reading brings into use are there too.
    """
    for readings in ({}, {"late_yearly_issue": "first_30_days"},
                     {"late_yearly_renewal": "renewal_stands"}):  # fmt: skip
        for clause in load_policy("crmjetty", readings).versions[0].clauses:
            name = clause.kind.name
            for parameter in boundary_parameters(clause.kind.params):
                # What is not set, such as a grace, has no boundary in this document.
                if getattr(clause.params, parameter, None) not in (None, 1):
                    yield f"{clause.id} {name}.{parameter}"
            for each in _sets_itself(name, clause.params):
                yield f"{clause.id} {name}.{each}"
            for conditions in (clause.applies_to, clause.unless):
                if conditions is not None and conditions.within is not None:
                    yield f"{clause.id} conditions.within"


def _sets_itself(kind: str, params: Any) -> Iterator[str]:
    for each in OF_THEMSELVES.get(kind, ()):
        if kind == "pro_rata" and each in ("day", "second"):
            continue  # the document reckons in months; its readings are pinned in test_readings
        if kind == "dispute" and each == "opened" and not params.forfeits:
            continue  # only one that forfeits asks when it was opened
        yield each
