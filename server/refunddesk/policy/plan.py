"""What a policy version does with one sort of purchase, worked out once and kept for the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from refunddesk.policy.claim import Billing, Claim, ItemKind, OrderKind
from refunddesk.policy.clause import Clause, Context, Stage, new_context, plain_finding
from refunddesk.policy.conditions import Conditions, Holds
from refunddesk.policy.decision import Finding
from refunddesk.policy.version import PolicyVersion
from refunddesk.worktime import zone

#: A store has one zone and sells in a few ways; a stream of made-up zones must not fill memory.
_MOST_SORTS = 256
_STAGES: tuple[Stage, ...] = ("decide", "limit", "gate")


@dataclass(frozen=True, slots=True)
class Step:
    """One clause to try: `silent` is what is said for it, unasked, where it does not apply.

    `concerns` is there for a limit or a gate that asks which clause granted the money. `place` is
    the same in all plans of a version, and rises in the order of trying.
    """

    place: int
    clause: str
    judge: Callable[[Claim, Any, Context], Finding]
    params: Any
    context: Context
    silent: Finding | None
    concerns: Callable[[str], bool] | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The clauses to try, stage by stage, and what those that apply could pay for.

    `asked` are the steps of `decide` that have to be asked, each with what is said before it for
    those that do not apply; the last may be None, with what is said at the end.
    """

    decide: tuple[Step, ...]
    asked: tuple[tuple[tuple[Finding, ...], Step | None], ...]
    limits: tuple[Step, ...]
    gates: tuple[Step, ...]
    grants: tuple[str, ...]
    payable: frozenset[ItemKind]


@dataclass(slots=True)
class _Sort:
    """Purchases of one kind and billing in one zone.

    `open` are the conditions that only a claim can answer; there is a plan for each set of
    answers met so far.
    """

    kind: OrderKind
    billing: Billing
    context: Context
    open: tuple[Conditions, ...]
    picks_lines: bool
    plans: dict[tuple[Holds, ...], Plan] = field(default_factory=dict)


class Part(NamedTuple):
    """Lines of an order, by their index, and the plan that is for all of them."""

    plan: Plan
    lines: Sequence[int]


def parts_of(claim: Claim, terms: PolicyVersion) -> list[Part]:
    """The order in parts: lines to which the same clauses of `terms` apply make one.

    In the order of their first lines. Nearly every order is one part. A line that was free goes
    with the first that was not: there is nothing about it to settle.
    """
    order = claim.order
    timezone = terms.timezone or claim.store.timezone
    sort = terms.sorts.get((timezone, order.kind, order.billing))
    if sort is None:
        sort = _new_sort(terms, timezone, order.kind, order.billing)
    end_of, everything = sort.context.end_of, range(len(order.items))
    answers = tuple([asked.hold(claim, end_of) for asked in sort.open])
    if not sort.picks_lines or len(everything) == 1:
        return [Part(_plan(terms, sort, answers), everything)]
    lines: dict[tuple[Holds, ...], list[int]] = {}
    paid = [line for line in everything if order.items[line].paid] or everything
    for line in paid:
        item = order.items[line]
        of_line = tuple(
            asked.hold(claim, end_of, item) if asked.pick_lines else answer
            for asked, answer in zip(sort.open, answers, strict=True)
        )
        lines.setdefault(of_line, []).append(line)
    first = next(iter(lines.values()))
    first += [line for line in everything if line not in paid]
    return [Part(_plan(terms, sort, of_line), sorted(of)) for of_line, of in lines.items()]


def _plan(terms: PolicyVersion, sort: _Sort, answers: tuple[Holds, ...]) -> Plan:
    plan = sort.plans.get(answers)
    if plan is None:
        plan = sort.plans[answers] = _new_plan(terms, sort, answers)
    return plan


def _new_sort(terms: PolicyVersion, timezone: str, kind: OrderKind, billing: Billing) -> _Sort:
    context = new_context("", zone(timezone), terms.holidays)
    asked = [each for clause in terms.clauses for each in _left_open(clause, kind, billing)]
    opened = tuple(dict.fromkeys(asked))
    sort = _Sort(kind, billing, context, opened, any(each.pick_lines for each in opened))
    if len(terms.sorts) >= _MOST_SORTS:
        terms.sorts.clear()
    terms.sorts[timezone, kind, billing] = sort
    return sort


def _left_open(clause: Clause, kind: OrderKind, billing: Billing) -> Iterator[Conditions]:
    """The conditions of the clause that kind and billing of the order do not answer."""
    applies = clause.applies_to.of_sort(kind, billing)
    if applies is False:
        return
    if applies is None:
        yield clause.applies_to
    if clause.unless and clause.unless.of_sort(kind, billing) is None:
        yield clause.unless


def _new_plan(terms: PolicyVersion, sort: _Sort, answers: tuple[Holds, ...]) -> Plan:
    answered = dict(zip(sort.open, answers, strict=True))
    applies = [_applies(clause, sort, answered) for clause in terms.clauses]
    tried = list(_tried(terms.clauses, applies))
    grants = [clause for _, clause, does in tried if does and clause.pays]
    decide = _steps(tried, "decide", sort.context)
    return Plan(
        decide=decide,
        asked=tuple(_asked(decide)),
        limits=_steps(tried, "limit", sort.context),
        gates=_steps(tried, "gate", sort.context),
        grants=tuple(clause.id for clause in grants),
        payable=frozenset(kind for clause in grants for kind in clause.pays),
    )


def _applies(clause: Clause, sort: _Sort, answered: Mapping[Conditions, Holds]) -> Holds:
    """Whether the clause is for this purchase, or the fact without which nobody can tell."""

    def hold(conditions: Conditions) -> Holds:
        known = conditions.of_sort(sort.kind, sort.billing)
        return answered[conditions] if known is None else known

    holds = hold(clause.applies_to)
    # What is not for some grants is heard once it is known which clause grants.
    if holds is False or clause.unless is None or clause.unless.granted_by:
        return holds
    spared = hold(clause.unless)
    if spared is True:
        return False
    return holds if spared is False else spared


def _tried(
    clauses: tuple[Clause, ...], applies: list[Holds]
) -> Iterator[tuple[int, Clause, Holds]]:
    """The clauses that apply, and one of each id that does not, each with its place.

    Parts of one clause that do not apply are silent where another part speaks for it.
    """
    spoken_for = {clause.id for clause, does in zip(clauses, applies, strict=True) if does}
    for index, (clause, does) in enumerate(zip(clauses, applies, strict=True)):
        if does or clause.id not in spoken_for:
            spoken_for.add(clause.id)
            yield _STAGES.index(clause.kind.stage) * len(clauses) + index, clause, does


def _steps(
    tried: list[tuple[int, Clause, Holds]], stage: Stage, context: Context
) -> tuple[Step, ...]:
    by_law = frozenset(clause.id for _, clause, _ in tried if clause.kind.by_law)
    return tuple(
        Step(
            place,
            clause.id,
            clause.kind.judge,
            clause.params,
            context.of(clause.id),
            _unasked(clause, does, context),
            _concerns(clause, by_law),
        )
        for place, clause, does in tried
        if clause.kind.stage == stage
    )


def _asked(decide: tuple[Step, ...]) -> Iterator[tuple[tuple[Finding, ...], Step | None]]:
    said: list[Finding] = []
    for step in decide:
        if step.silent and step.silent.says == "does_not_apply":
            said.append(step.silent)
        else:
            yield tuple(said), step
            said.clear()
    if said:
        yield tuple(said), None


def _concerns(clause: Clause, by_law: frozenset[str]) -> Callable[[str], bool] | None:
    """Whether the clause has a say in what another one granted, if that has to be asked at all."""
    if clause.kind.yields_to_law and by_law:
        return lambda granting: granting not in by_law and clause.concerns(granting)
    return clause.concerns if clause.asks_who_grants else None


def _unasked(clause: Clause, does: Holds, context: Context) -> Finding | None:
    """What is said for a clause without asking it: it does not apply, or nobody can tell."""
    if isinstance(does, str):
        return context.of(clause.id).lacks(does)
    return None if does else plain_finding(clause.id, "does_not_apply")
