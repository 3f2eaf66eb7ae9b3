"""What a policy version does with one sort of purchase, worked out once and kept for the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from refunddesk.policy.claim import Billing, Claim, ItemKind, OrderKind
from refunddesk.policy.clause import Clause, Context, Stage, plain_finding
from refunddesk.policy.conditions import Conditions, Holds
from refunddesk.policy.decision import Finding
from refunddesk.policy.version import PolicyVersion
from refunddesk.worktime import zone

#: A store has one zone and sells in a few ways; a stream of made-up zones must not fill memory.
_MOST_SORTS = 256


@dataclass(frozen=True, slots=True)
class Step:
    """One clause to try: `silent` is what is said for it, unasked, where it does not apply.

    `concerns` is there for a limit or a gate that asks which clause granted the money.
    """

    clause: str
    judge: Callable[[Claim, Any, Context], Finding]
    params: Any
    context: Context
    silent: Finding | None
    concerns: Callable[[str], bool] | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The clauses to try, stage by stage, and what those that apply could pay for."""

    decide: tuple[Step, ...]
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
    plans: dict[tuple[Holds, ...], Plan] = field(default_factory=dict)


def plan_for(claim: Claim, terms: PolicyVersion) -> Plan:
    """The clauses of `terms` to try on `claim`, and in which order."""
    order = claim.order
    timezone = terms.timezone or claim.store.timezone
    sort = terms.sorts.get((timezone, order.kind, order.billing))
    if sort is None:
        sort = _new_sort(terms, timezone, order.kind, order.billing)
    answers = tuple([asked.hold(claim, sort.context.end_of) for asked in sort.open])
    plan: Plan | None = sort.plans.get(answers)
    if plan is None:
        plan = sort.plans[answers] = _new_plan(terms, sort, answers)
    return plan


def _new_sort(terms: PolicyVersion, timezone: str, kind: OrderKind, billing: Billing) -> _Sort:
    context = Context("", zone(timezone), terms.holidays)
    asked = [each for clause in terms.clauses for each in _left_open(clause, kind, billing)]
    sort = _Sort(kind, billing, context, tuple(dict.fromkeys(asked)))
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
    grants = [clause for clause, does in tried if does and clause.pays]
    return Plan(
        decide=_steps(tried, "decide", sort.context),
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


def _tried(clauses: tuple[Clause, ...], applies: list[Holds]) -> Iterator[tuple[Clause, Holds]]:
    """The clauses that apply, and one of each id that does not.

    Parts of one clause that do not apply are silent where another part speaks for it.
    """
    spoken_for = {clause.id for clause, does in zip(clauses, applies, strict=True) if does}
    for clause, does in zip(clauses, applies, strict=True):
        if does or clause.id not in spoken_for:
            spoken_for.add(clause.id)
            yield clause, does


def _steps(tried: list[tuple[Clause, Holds]], stage: Stage, context: Context) -> tuple[Step, ...]:
    by_law = frozenset(clause.id for clause, _ in tried if clause.kind.by_law)
    return tuple(
        Step(
            clause.id,
            clause.kind.judge,
            clause.params,
            context.of(clause.id),
            _unasked(clause, does, context),
            _concerns(clause, by_law),
        )
        for clause, does in tried
        if clause.kind.stage == stage
    )


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
