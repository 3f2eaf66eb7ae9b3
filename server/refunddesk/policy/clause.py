"""A clause of a policy: its kind, its parameters, and the purchases it applies to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any, Literal

from refunddesk.money import Money
from refunddesk.policy.claim import Billing, Claim, ItemKind, OrderKind
from refunddesk.policy.decision import Await, Finding, Says, Why
from refunddesk.policy.facts import asked_at
from refunddesk.worktime import Span, is_over, span_end

#: `decide` clauses are tried first, in the document's order, until one settles the claim. Only
#: when that one grants money do the limits and then the gates have their say.
Stage = Literal["decide", "limit", "gate"]


@lru_cache(maxsize=4096)
def plain_finding(clause: str, said: Says) -> Finding:
    """The finding that says no more than `said`: most are, so each is made once and shared."""
    return Finding(clause, said)


@dataclass(frozen=True, slots=True)
class Context:
    """What a clause may know beside the claim: its id, the calendar, and the money so far.

    `offers` has one amount per line of the order and is empty before something is granted.
    """

    clause: str
    zone: tzinfo
    holidays: frozenset[date]
    offers: tuple[Money, ...] = ()

    def of(self, clause: str, offers: tuple[Money, ...] = ()) -> Context:
        """The same for the clause of that id, once `offers` are made."""
        return Context(clause, self.zone, self.holidays, offers)

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

    def end_of(self, span: Span, since: datetime) -> datetime:
        return span_end(span, since, self.zone, self.holidays)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of clause: a pure function, the dataclass of its parameters, and its stage."""

    name: str
    judge: Callable[[Claim, Any, Context], Finding]
    params: type[Any]
    stage: Stage = "decide"


@dataclass(frozen=True, slots=True)
class NoParams:
    """The kind has nothing to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Purchases picked out by what they are; an empty set picks all.

    `within` picks those whose refund was asked for (or, unasked, is judged) within that time
    from the payment.
    """

    order_kind: frozenset[OrderKind] = frozenset()
    billing: frozenset[Billing] = frozenset()
    item_kinds: frozenset[ItemKind] = frozenset()
    within: Span | None = None

    def of_sort(self, kind: OrderKind, billing: Billing) -> bool | None:
        """Whether they hold for all orders of this kind and billing, None where some do not."""
        if self.order_kind and kind not in self.order_kind:
            return False
        if self.billing and billing not in self.billing:
            return False
        asks_no_more = replace(self, order_kind=frozenset(), billing=frozenset()) == Conditions()
        return True if asks_no_more else None

    def hold(self, claim: Claim, context: Context) -> bool:
        order = claim.order
        if self.order_kind and order.kind not in self.order_kind:
            return False
        if self.billing and order.billing not in self.billing:
            return False
        if self.item_kinds and not any(item.item_kind in self.item_kinds for item in order.items):
            return False
        if self.within is None:
            return True
        return not is_over(context.end_of(self.within, order.paid_at), asked_at(claim))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One entry of a policy document. Several entries may share an id: parts of one clause."""

    id: str
    kind: Kind
    params: Any
    applies_to: Conditions = field(default_factory=Conditions)
    unless: Conditions | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def pays(self) -> frozenset[ItemKind]:
        """The kinds of line this clause can return; empty for one that grants nothing."""
        pays: frozenset[ItemKind] = getattr(self.params, "pays", frozenset())
        return pays
