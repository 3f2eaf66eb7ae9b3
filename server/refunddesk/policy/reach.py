"""Which clauses can have a say, and which purchases none settles: found by judging examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from refunddesk.policy.clause import Clause
from refunddesk.policy.decision import Decision
from refunddesk.policy.doubts import Doubt
from refunddesk.policy.examples import SORTS, Example, day, examples
from refunddesk.policy.judge import judge_parts
from refunddesk.policy.plan import Plan
from refunddesk.policy.version import PolicyVersion

_KINDS = {"purchase": "purchases", "renewal": "renewals", "upgrade": "upgrades"}


@dataclass(slots=True)
class _Tried:
    """A plan, and how many of its clauses were ever heard."""

    plan: Plan
    depth: int = 0


@dataclass(slots=True)
class _Seen:
    """All examples judged: by plan, by sort, and what became of each grant."""

    plans: dict[int, _Tried] = field(default_factory=dict)
    unsettled: dict[tuple[str, str], list[Example]] = field(default_factory=dict)
    judged: Counter[tuple[str, str]] = field(default_factory=Counter)
    granting: set[int] = field(default_factory=set)  # ids of the parameters of clauses that did
    paid: Counter[str] = field(default_factory=Counter)
    eaten: dict[str, set[str]] = field(default_factory=dict)


def unreached(version: PolicyVersion) -> Iterator[Doubt]:
    """Clauses without effect, grants that pay nothing, and purchases without a clause."""
    seen = _judge_all(version)
    yield from _silent_clauses(version, seen)
    yield from _eaten_grants(seen)
    yield from _gaps(seen)


def _judge_all(version: PolicyVersion) -> _Seen:
    seen = _Seen()
    for example in examples(version):
        for plan, decision in judge_parts(example.claim, version):
            _note(seen, example, plan, decision)
    return seen


def _note(seen: _Seen, example: Example, plan: Plan, decision: Decision) -> None:
    tried = seen.plans.setdefault(id(plan), _Tried(plan))
    depth = min(len(decision.findings), len(plan.decide))
    tried.depth = max(tried.depth, depth)
    sort = (example.kind, example.billing)
    seen.judged[sort] += 1
    if decision.settled_by is None:
        seen.unsettled.setdefault(sort, []).append(example)
        return
    for step, finding in zip(plan.decide, decision.findings, strict=False):
        nothing = finding.why is not None and finding.why.code == "nothing_refundable"
        if finding.says == "grants" or nothing:
            seen.granting.add(id(step.params))
        if nothing:
            limits = {each.clause for each in decision.findings if each.bars or each.took}
            seen.eaten.setdefault(finding.clause, set()).update(limits)
    if decision.amount or decision.held:
        granted = [each.clause for each in decision.findings if each.says == "grants"]
        seen.paid.update(granted)


def _silent_clauses(version: PolicyVersion, seen: _Seen) -> Iterator[Doubt]:
    told: set[str] = set()
    for clause in version.clauses:
        if clause.kind.stage != "decide" or clause.id in told:
            continue
        doubt = _doubt_about(clause, seen)
        if doubt:
            told.add(clause.id)
            yield doubt


def _doubt_about(clause: Clause, seen: _Seen) -> Doubt | None:
    named = f"{clause.id} ({clause.kind.name})"
    mine = [tried for tried in seen.plans.values() if _position(tried.plan, clause) is not None]
    if not mine:
        says = f"{named} applies to no purchase: its conditions exclude each other."
        return Doubt("never-applies", (clause.id,), says)
    heard = [tried for tried in mine if tried.depth > (_position(tried.plan, clause) or 0)]
    if not heard:
        deepest = max(mine, key=lambda tried: tried.depth)
        first = deepest.plan.decide[deepest.depth - 1].clause
        says = f"{named} is never reached: {first} settles all that comes to it."
        return Doubt("unreachable", (clause.id, first), says)
    if clause.pays and id(clause.params) not in seen.granting:
        says = f"{named} never grants anything: others settle all it is for."
        return Doubt("unreachable", (clause.id,), says)
    return None


def _position(plan: Plan, clause: Clause) -> int | None:
    """Where the clause is tried in this plan, None where it does not apply."""
    for index, step in enumerate(plan.decide):
        if step.silent is None and step.clause == clause.id and step.params is clause.params:
            return index
    return None


def _eaten_grants(seen: _Seen) -> Iterator[Doubt]:
    for clause, limits in seen.eaten.items():
        if seen.paid[clause]:
            continue
        listed = " and ".join(sorted(limits - {clause})) or "a limit"
        says = f"{clause} grants money, but {listed} takes all of it from every line."
        yield Doubt("eaten", (clause, *sorted(limits - {clause})), says)


def _gaps(seen: _Seen) -> Iterator[Doubt]:
    """By kind of order: those billings that no clause settles ever, and those sometimes."""
    for kind in _KINDS:
        sorts = [sort for sort in SORTS if sort[0] == kind and sort in seen.unsettled]
        wholly = [sort for sort in sorts if len(seen.unsettled[sort]) == seen.judged[sort]]
        partly = [sort for sort in sorts if sort not in wholly]
        for some, says in ((wholly, "every one"), (partly, "")):
            if some:
                billings = tuple(billing for _, billing in some)
                yield Doubt("gap", (kind, *billings), _gap(kind, some, seen, says))


def _gap(kind: str, sorts: Sequence[tuple[str, str]], seen: _Seen, every_one: str) -> str:
    billings = " or ".join(billing for _, billing in sorts)
    said = f"{_KINDS[kind]} that are {billings}"
    if every_one:
        return f"No clause settles {said}: a person judges {every_one}."
    found = [example for sort in sorts for example in seen.unsettled[sort]]
    first, of = found[0], sum(seen.judged[sort] for sort in sorts)
    finding = f"finding {first.finding}" if first.finding else "no finding"
    return (
        f"No clause settles {len(found)} of {of} examples of {said}: a person judges them, such as "
        f"one raised on day {day(first.raised)} and asked for on day {day(first.asked)} with "
        f"reason {first.reason} and {finding}."
    )
