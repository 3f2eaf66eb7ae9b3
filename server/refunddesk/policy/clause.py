"""A clause of a policy: its kind, its parameters, and the purchases it applies to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from refunddesk.money import Money
from refunddesk.policy.claim import Claim, Item, ItemKind
from refunddesk.policy.conditions import Conditions
from refunddesk.policy.decision import Await, Finding, Says, Why
from refunddesk.worktime import Holidays, LastDay, Span, span_end

#: `decide` clauses are tried first, in the document's order, until one settles the claim. Only
#: when that one grants money do the limits and then the gates have their say.
Stage = Literal["decide", "limit", "gate"]


@lru_cache(maxsize=4096)
def plain_finding(clause: str, said: Says) -> Finding:
    """The finding that says no more than `said`: most are, so each is made once and shared."""
    return Finding(clause, said)


class Context(NamedTuple):
    """What a clause may know beside the claim: its id, the calendar, and the money so far.

    `offers` has one amount per line of the order and is empty before something is granted. `lines`
    are the ids of those that a limit is to look at, None for all: of an order whose lines fall
    under different clauses it is heard once, for those that it applies to. `clear` is the finding
    of a clause that has nothing against the claim: most have not, so it is at hand.
    """

    clause: str
    zone: tzinfo
    holidays: Holidays
    clear: Finding
    offers: tuple[Money, ...] = ()
    lines: frozenset[str] | None = None

    def of(self, clause: str) -> Context:
        """The same for the clause of that id."""
        return new_context(clause, self.zone, self.holidays)

    def on(self, offers: tuple[Money, ...], lines: frozenset[str] | None = None) -> Context:
        """The same once these offers were made, for those lines of the order."""
        return Context(self.clause, self.zone, self.holidays, self.clear, offers, lines)

    def concerns(self, item: Item) -> bool:
        return self.lines is None or item.id in self.lines

    def says(self, said: Says, why: Why | None = None, **parts: Any) -> Finding:
        """A finding of this clause; `parts` are the further fields of Finding."""
        if why is None and not parts:
            return plain_finding(self.clause, said)
        return Finding(self.clause, said, why, **parts)

    def awaits(self, *awaits: Await) -> Finding:
        """Waiting holds until the first thing awaited runs out."""
        ends = [awaited.until for awaited in awaits if awaited.until]
        return self.says("awaits", awaits=awaits, until=min(ends, default=None))

    def lacks(self, key: str) -> Finding:
        """The claim does not have the fact `key`: a person must judge."""
        return self.says("review", Why("fact_missing", {"fact": key}))

    def end_of(self, span: Span, since: datetime, last_day: LastDay = "any") -> datetime:
        return span_end(span, since, self.zone, self.holidays, last_day)


def new_context(clause: str, zone: tzinfo, holidays: Holidays) -> Context:
    """What the clause of that id may know before anything was granted."""
    return Context(clause, zone, holidays, plain_finding(clause, "clear"))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of clause: a pure function, the dataclass of its parameters, and its stage.

    What is granted `by_law` is not held back by a kind that `yields_to_law`.
    """

    name: str
    judge: Callable[[Claim, Any, Context], Finding]
    params: type[Any]
    stage: Stage = "decide"
    by_law: bool = False
    yields_to_law: bool = False


@dataclass(frozen=True, slots=True)
class NoParams:
    """The kind has nothing to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One entry of a policy document. Several entries may share an id: parts of one clause."""

    id: str
    kind: Kind
    params: Any
    applies_to: Conditions = field(default_factory=Conditions)
    unless: Conditions | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    readings: tuple[str, ...] = ()  # the names of those it takes or depends on

    @property
    def pays(self) -> frozenset[ItemKind]:
        """The kinds of line this clause can return; empty for one that grants nothing."""
        pays: frozenset[ItemKind] = getattr(self.params, "pays", frozenset())
        return pays

    def concerns(self, granting: str) -> bool:
        """Whether a limit or a gate has a say where the clause `granting` granted the money."""
        named = self.applies_to.granted_by
        if named and granting not in named:
            return False
        return self.unless is None or granting not in self.unless.granted_by

    @property
    def asks_who_grants(self) -> bool:
        return bool(self.applies_to.granted_by or (self.unless and self.unless.granted_by))
