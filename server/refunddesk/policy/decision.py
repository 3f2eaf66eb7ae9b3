"""A decision: what a claim gets, what is still awaited, and what every clause said to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from refunddesk.money import Money

Outcome = Literal["refund", "refuse", "await", "review"]
Says = Literal["clear", "does_not_apply", "refuses", "review", "awaits", "grants", "limits"]
Who = Literal["customer", "support", "vendor"]
Effect = Literal[
    "license_ends",
    "license_expires_earlier",
    "subscription_cancelled",
    "infringement_suspected",
    "credit",
    "exchange",
    "license_stays",
    "subscription_ends_with_period",
    "linked_order_refunded",
]
#: What settles a decision that a person made: no clause of any policy has this id.
BY_PERSON = "by person"
#: Consequences that contradict each other: a refund can bring one of each group at most.
RIVAL_EFFECTS: tuple[frozenset[Effect], ...] = (
    frozenset({"license_ends", "license_expires_earlier", "license_stays"}),
    frozenset({"subscription_cancelled", "subscription_ends_with_period"}),
    frozenset({"credit", "exchange"}),
)
#: A named fact of an explanation: a text, a number, an amount, an instant, or several texts.
Fact = str | int | Money | datetime | tuple[str, ...]
_NO_FACTS: Mapping[str, Fact] = {}


# All of a decision are tuples with names: a judgement makes a dozen or two, and a frozen dataclass
# takes four times as long to make.
class Why(NamedTuple):
    """The reason for what a clause said: a code, and the facts a sentence about it needs."""

    code: str
    facts: Mapping[str, Fact] = _NO_FACTS

    def to_json(self) -> dict[str, object]:
        return {"code": self.code} | {name: _json(fact) for name, fact in self.facts.items()}


class Await(NamedTuple):
    """Who must do what, by the last second `until`; `about` names the site or the missing fact."""

    who: Who
    what: str
    until: datetime | None = None
    about: str | None = None

    def to_json(self) -> dict[str, object]:
        what = self.what if self.about is None else f"{self.what} {self.about}"
        return {"who": self.who, "what": what, "until": _json(self.until)}


class Finding(NamedTuple):
    """What one clause said to a claim.

    `offers` has one amount per line of the claim, when the clause grants or, as a limit, lowers
    what was offered. `bars` holds the ids of lines that get nothing whatever is granted.
    `until` is the last second at which the clause says the same. `took` and `items` are the
    judge's: what this clause left out of the price of each line, by the line's id; and the ids of
    the lines it was said of, where that is not all of the order.
    """

    clause: str
    says: Says
    why: Why | None = None
    awaits: tuple[Await, ...] = ()
    offers: tuple[Money, ...] | None = None
    bars: frozenset[str] = frozenset()
    keeps_tax: bool = False
    effects: tuple[Effect, ...] = ()
    until: datetime | None = None
    took: tuple[tuple[str, Money], ...] = ()
    items: tuple[str, ...] = ()

    def holding(self, until: datetime) -> Finding:
        """The same, for no longer than the second `until`."""
        return self._replace(until=min(until, self.until) if self.until else until)

    def is_of(self, item: str) -> bool:
        """Whether it was said of that line."""
        return not self.items or item in self.items

    def to_json(self) -> dict[str, object]:
        said: dict[str, object] = {"clause": self.clause, "says": self.says}
        if self.items:
            said["items"] = list(self.items)
        if self.why:
            said["why"] = self.why.to_json()
        if self.took:
            said["took"] = {item: str(amount) for item, amount in self.took}
        return said


class LineShare(NamedTuple):
    """What one line of the order gets back: the net amount, its tax, and the clauses behind it.

    The first clause is the one that settled the line. `outcome` is the line's own, None where it is
    that of the whole order.
    """

    item: str
    refund: Money
    tax: Money
    because: tuple[str, ...]
    outcome: Outcome | None = None

    def to_json(self) -> dict[str, object]:
        line: dict[str, object] = {
            "item": self.item,
            "refund": str(self.refund),
            "because": list(self.because),
        }
        # The tax of a line is said only where there is some: a policy that keeps tax has none.
        if self.tax:
            line["tax"] = str(self.tax)
        if self.outcome:
            line["outcome"] = self.outcome
        return line


class TaxShare(NamedTuple):
    """The tax that goes back, the sum of the lines' tax, and the clauses behind it."""

    refund: Money
    because: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        return {"refund": str(self.refund), "because": list(self.because)}


class Decision(NamedTuple):
    """The judgement of one claim by one version of a policy.

    The outcome of an order whose lines do not all get the same is the most pressing of theirs:
    review, await, refund, refuse. `settled_by` is the clause of the first line with that outcome.
    `amount` is without tax: the sum of the lines' refunds. What is to be paid is
    `amount + tax.refund`. Both are zero unless the outcome is `refund`. `held` is what would be
    paid without tax if only the gate were passed. `until` is the last second at which this
    answer holds, None where it holds for good.
    """

    policy: str
    version: str
    outcome: Outcome
    amount: Money
    settled_by: str | None
    lines: tuple[LineShare, ...]
    tax: TaxShare
    awaits: tuple[Await, ...]
    effects: tuple[Effect, ...]
    findings: tuple[Finding, ...]
    until: datetime | None
    held: Money | None = None

    def to_json(self) -> dict[str, object]:
        """The interchange form: amounts as strings, instants in RFC 3339."""
        answer: dict[str, object] = {
            "policy": self.policy,
            "version": self.version,
            "outcome": self.outcome,
            "amount": str(self.amount),
            "currency": self.amount.currency,
            "settled_by": self.settled_by,
            "lines": [line.to_json() for line in self.lines],
            "tax": self.tax.to_json(),
            "awaits": [awaited.to_json() for awaited in self.awaits],
            "effects": list(self.effects),
            "findings": [finding.to_json() for finding in self.findings],
            "until": _json(self.until),
        }
        return answer | {"held": str(self.held)} if self.held is not None else answer


def next_judgement_at(decision: Decision) -> datetime | None:
    """The first instant at which a waiting claim can get another answer by time alone.

    None when nothing is awaited, or what is awaited has no end.
    """
    if decision.outcome != "await":
        return None
    ends = [awaited.until for awaited in decision.awaits if awaited.until]
    if decision.until:
        ends.append(decision.until)
    return min(ends) + timedelta(seconds=1) if ends else None


def instant_text(at: datetime) -> str:
    """An instant in RFC 3339, in UTC: 2026-04-01T18:29:59Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _json(fact: Fact | None) -> object:
    if isinstance(fact, datetime):
        return instant_text(fact)
    if isinstance(fact, Money):
        return str(fact)
    return list(fact) if isinstance(fact, tuple) else fact
