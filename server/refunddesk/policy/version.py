"""A policy and its dated versions, as the judge uses them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from refunddesk.policy.clause import Clause
from refunddesk.policy.decision import Decision
from refunddesk.policy.doubts import Accepted
from refunddesk.worktime import Holidays

#: The chosen value of each reading, by the reading's name.
Readings = Mapping[str, str | int]


#: Which version judges: the one in force at the payment, or at the request.
JudgedBy = Literal["payment", "claim"]


class NoSuchVersion(LookupError):
    """A policy was asked for a version it does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """One document: its clauses in the order of trying. `timezone` None means the store's.

    `sorts` is the judge's own memory of what it worked out about this version (see plan.py).
    """

    policy: str
    version: str
    in_force_from: datetime
    title: Mapping[str, str]
    clauses: tuple[Clause, ...]
    readings: Readings = field(default_factory=dict)
    timezone: str | None = None
    holidays: Holidays = frozenset[date]()
    judged_by: JudgedBy = "payment"
    # Of the text, not of what it means: TOML and JSON of the same policy differ in it.
    fingerprint: str = field(default="", compare=False)
    reading_texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unused_readings: tuple[str, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    sorts: dict[tuple[str, str, str], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )


def fingerprint_of(document: Mapping[str, Any]) -> str:
    """SHA-256 of what a document says, however it is laid out and commented.

    What was accepted of the lint's doubts judges nothing and is left out.
    """
    judging = {key: value for key, value in document.items() if key != "accepted"}
    text = json.dumps(judging, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Policy:
    """All versions of one policy, the earliest in force first. There is at least one."""

    id: str
    versions: tuple[PolicyVersion, ...]

    def version_for(self, paid_at: datetime, claimed_at: datetime | None = None) -> PolicyVersion:
        """The version that judges a purchase of `paid_at` whose refund is asked at `claimed_at`.

        It is the version in force at the payment; where that one says so, the one in force at the
        claim. What was paid before the first version is judged by the first.
        """
        at_payment = self._in_force(paid_at)
        if at_payment.judged_by == "payment" or claimed_at is None:
            return at_payment
        return self._in_force(claimed_at)

    def _in_force(self, at: datetime) -> PolicyVersion:
        in_force = [version for version in self.versions if version.in_force_from <= at]
        return in_force[-1] if in_force else self.versions[0]

    def lines_by_law(self, decision: Decision) -> frozenset[str]:
        """The ids of the lines paid back by a clause that only says what the law gives."""
        clauses = self.get_version(decision.version).clauses
        by_law = {one.id for one in clauses if one.kind.by_law}
        paid = (line for line in decision.lines if line.refund)
        return frozenset(line.item for line in paid if by_law & set(line.because[:1]))

    def get_version(self, name: str) -> PolicyVersion:
        """Raises NoSuchVersion."""
        for version in self.versions:
            if version.version == name:
                return version
        known = ", ".join(version.version for version in self.versions)
        raise NoSuchVersion(f"policy {self.id} has no version {name!r}; it has {known}")
