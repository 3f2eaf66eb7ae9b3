"""A quote: what an order would get at every instant from now on, found to the second.

The answer to a claim changes with time only at certain instants. They are found by following the
ends that decisions announce and those that the document's lengths of time give, counted from
every instant the claim knows. Between two of them the answer is looked at on both sides; where it
differs, the change is halved down to its second. Nothing is sampled.
"""

from __future__ import annotations

import json
from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Literal, TypeVar

from refunddesk.money import Money
from refunddesk.policy.claim import Case, Claim, License, Request
from refunddesk.policy.decision import Decision, instant_text
from refunddesk.policy.interchange import dump_claim
from refunddesk.policy.judge import judge
from refunddesk.policy.version import Policy, PolicyVersion
from refunddesk.worktime import ONE_SECOND, Span, span_end, zone

#: The facts as they are; or asked at that instant with the case, the finding, the request and the
#: gate all as the policy wants them.
Situation = Literal["as_it_is", "conditions_met"]

#: A price reckoned by the second changes with every cent: the quote stops after so many looks.
MOST_LOOKS = 2000
Part = TypeVar("Part")

# The last look ahead, for an answer that would change at an instant nothing announces.
_FAR = timedelta(days=1100)


@dataclass(frozen=True, slots=True)
class Step:
    """One answer and how long it holds: from `since` to the last second `until`, or for good."""

    since: datetime
    until: datetime | None
    decision: Decision

    @property
    def amount(self) -> Money:
        """What would be paid, tax included."""
        return self.decision.amount + self.decision.tax.refund

    def to_json(self) -> dict[str, object]:
        decision = self.decision
        return {
            "from": instant_text(self.since),
            "until": instant_text(self.until) if self.until else None,
            "outcome": decision.outcome,
            "amount": str(decision.amount),
            "tax": str(decision.tax.refund),
            "held": None if decision.held is None else str(decision.held),
            "settled_by": decision.settled_by,
        }


@dataclass(frozen=True)
class Quote:
    """The steps of one claim in one situation, in order of time.

    `is_complete` is False where there are more steps than a quote lists. `seal` is the sha256 of
    everything said, the claim included: who keeps it can show that what was paid later is what
    was quoted.
    """

    claim: Claim
    policy: str
    version: str
    situation: Situation
    steps: tuple[Step, ...]
    is_complete: bool = True

    def step_at(self, at: datetime) -> Step:
        """The step that holds at `at`, the first one before that."""
        return next((s for s in reversed(self.steps) if s.since <= at), self.steps[0])

    def foretold(self, decision: Decision, at: datetime) -> bool:
        """Whether a decision made at `at` is the one this quote named for that instant."""
        return _answer(self.step_at(at).decision) == _answer(decision)

    @cached_property
    def seal(self) -> str:
        text = json.dumps(self._said(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, object]:
        return self._said() | {"sha256": self.seal}

    def _said(self) -> dict[str, object]:
        claim = json.dumps(dump_claim(self.claim), sort_keys=True, separators=(",", ":"))
        return {
            "policy": self.policy,
            "version": self.version,
            "situation": self.situation,
            "quoted_at": instant_text(self.claim.judged_at),
            "currency": self.claim.order.currency,
            "claim_sha256": sha256(claim.encode()).hexdigest(),
            "steps": [step.to_json() for step in self.steps],
            "complete": self.is_complete,
        }


def make_quote(claim: Claim, policy: Policy, situation: Situation = "as_it_is") -> Quote:
    """What `claim` gets at its own instant and at every later one, if only time passes.

    At each step's first second the judge gives exactly that answer, one second before it the
    answer of the step before.
    """
    suppose = meet_conditions if situation == "conditions_met" else _wait

    def decide(at: datetime) -> Decision:
        return judge(suppose(claim, at), policy)

    terms = policy.get_version(decide(claim.judged_at).version)
    walk = _Walk(decide, claim.judged_at, sorted(_knots(claim, policy, terms)))
    found = walk.go()
    ends = [since - ONE_SECOND for since, _ in found[1:]]
    steps = tuple(
        Step(since, until, decision)
        for (since, decision), until in zip(found, [*ends, None], strict=True)
    )
    return Quote(claim, policy.id, terms.version, situation, steps, walk.is_complete)


def meet_conditions(claim: Claim, at: datetime) -> Claim:
    """The claim as it would stand at `at` with every condition met that somebody can still meet.

    What happened stays as it happened: a request made in time, a case opened, a finding made.
    """
    case = claim.case or Case(opened_at=at, complete_at=at, reason="malfunction")
    request, license = claim.request, claim.license
    return replace(
        claim,
        judged_at=at,
        case=replace(
            case,
            missing=(),
            complete_at=case.complete_at or at,
            finding=case.finding or "malfunction",
            gave_up_at=case.gave_up_at or at,
            materials_offered=True,
            proof_given=True if case.proof_given is None else case.proof_given,
        ),
        request=request
        if request and request.is_from_account
        else Request(at=at, channel="portal", from_account_address=True),
        license=_switched_off(license, at) if license else None,
    )


def _switched_off(license: License, at: datetime) -> License:
    return replace(
        license,
        active_sites=(),
        destruction_confirmed_at=license.destruction_confirmed_at or at,
        uninstalled=True,
    )


def _wait(claim: Claim, at: datetime) -> Claim:
    return replace(claim, judged_at=at)


@dataclass(slots=True)
class _Walk:
    """Goes from one change of the answer to the next by way of `knots`, instants to look at."""

    decide: Callable[[datetime], Decision]
    start: datetime
    knots: list[datetime]
    looks: dict[datetime, Decision] = field(default_factory=dict)
    is_complete: bool = True

    def go(self) -> list[tuple[datetime, Decision]]:
        steps = [(self.start, self.look(self.start))]
        known = self.start  # the latest instant known to give the answer of the last step
        self.expect(steps[-1][1], known)
        while self.knots:
            if len(self.looks) > MOST_LOOKS:
                self.is_complete = False
                break
            now = steps[-1][1]
            knot = self.knots[0]
            eve = knot - ONE_SECOND
            if eve > known and _answer(self.look(eve)) != _answer(now):
                known = self.first_other(known, eve, now)
            elif _answer(self.look(knot)) != _answer(now):
                known = self.knots.pop(0)
            else:
                known = self.knots.pop(0)
                continue
            steps.append((known, self.look(known)))
            self.expect(steps[-1][1], known)
        return steps

    def look(self, at: datetime) -> Decision:
        if at not in self.looks:
            self.looks[at] = self.decide(at)
        return self.looks[at]

    def expect(self, decision: Decision, at: datetime) -> None:
        """Put the ends that the decision announces among the instants to look at."""
        ends = [awaited.until for awaited in decision.awaits] + [decision.until]
        for end in ends:
            knot = end + ONE_SECOND if end else at
            if knot > at and knot not in self.knots:
                insort(self.knots, knot)
        while self.knots and self.knots[0] <= at:
            self.knots.pop(0)

    def first_other(self, same: datetime, other: datetime, now: Decision) -> datetime:
        """The first second up to `other` that answers, as `other` does, otherwise than `now`."""
        start = same.replace(microsecond=0)
        low, high = 0, (other - start) // ONE_SECOND
        if high <= 0 or _answer(self.look(start + high * ONE_SECOND)) == _answer(now):
            return other
        while high - low > 1:
            middle = (low + high) // 2
            if _answer(self.look(start + middle * ONE_SECOND)) == _answer(now):
                low = middle
            else:
                high = middle
        return start + high * ONE_SECOND


def _answer(decision: Decision) -> tuple[object, ...]:
    """What makes one answer another: not when it ends, but what it gives and asks for."""
    return (
        decision.outcome,
        decision.amount,
        decision.tax.refund,
        decision.held,
        decision.settled_by,
        decision.effects,
        tuple(line.outcome for line in decision.lines),
        tuple((each.who, each.what, each.about) for each in decision.awaits),
    )


def _knots(claim: Claim, policy: Policy, terms: PolicyVersion) -> set[datetime]:
    """Instants at which the answer may change: those of the claim, and what runs from them.

    Where a policy judges by the version in force at the claim, so may a version's first instant.
    """
    tz = zone(terms.timezone or claim.store.timezone)
    spans = {span for version in policy.versions for span in _parts_of(Span, version.clauses)}
    instants = set(_parts_of(datetime, claim))
    ends = {span_end(s, at, tz, terms.holidays) for s in spans for at in instants}
    knots = {at + ONE_SECOND for at in ends | instants} | instants
    knots |= {version.in_force_from for version in policy.versions}
    ahead = {knot for knot in knots if knot > claim.judged_at}
    return ahead | {max(ahead, default=claim.judged_at) + _FAR}


def _parts_of(kind: type[Part], whole: object) -> Iterator[Part]:
    """Everything of one kind in a tree of dataclasses and tuples."""
    if isinstance(whole, kind):
        yield whole
    elif isinstance(whole, tuple):
        for part in whole:
            yield from _parts_of(kind, part)
    elif is_dataclass(whole) and not isinstance(whole, type | Money):
        for part in fields(whole):
            yield from _parts_of(kind, getattr(whole, part.name))
