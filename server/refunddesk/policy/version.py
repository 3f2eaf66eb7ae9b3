"""A policy and its dated versions, as the judge uses them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from refunddesk.policy.clause import Clause

#: The chosen value of each reading, by the reading's name.
Readings = Mapping[str, str | int]


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
    holidays: frozenset[date] = frozenset()
    sorts: dict[tuple[str, str, str], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """All versions of one policy, the earliest in force first. There is at least one."""

    id: str
    versions: tuple[PolicyVersion, ...]

    def version_for(self, paid_at: datetime) -> PolicyVersion:
        """The version in force at `paid_at`; what was paid before the first is judged by it."""
        in_force = [version for version in self.versions if version.in_force_from <= paid_at]
        return in_force[-1] if in_force else self.versions[0]

    def get_version(self, name: str) -> PolicyVersion:
        """Raises NoSuchVersion."""
        for version in self.versions:
            if version.version == name:
                return version
        known = ", ".join(version.version for version in self.versions)
        raise NoSuchVersion(f"policy {self.id} has no version {name!r}; it has {known}")
