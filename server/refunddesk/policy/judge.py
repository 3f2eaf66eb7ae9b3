"""The judgement: a claim and a policy in, a decision that cites its clauses out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from refunddesk.money import Money, total
from refunddesk.policy.amounts import cap_by_what_is_left, tax_on
from refunddesk.policy.claim import Claim, Order
from refunddesk.policy.decision import (
    Decision,
    Finding,
    LineShare,
    Outcome,
    Says,
    TaxShare,
    Why,
)
from refunddesk.policy.facts import paid_for
from refunddesk.policy.plan import Plan, Step, plan_for
from refunddesk.policy.version import Policy, PolicyVersion

_OUTCOMES: dict[Says, Outcome] = {"refuses": "refuse", "review": "review", "awaits": "await"}


def judge(claim: Claim, policy: Policy, *, version: str | None = None) -> Decision:
    """The decision on `claim` by the version that judges it, or by the one named.

    Pure: the same claim and policy give the same decision. Raises NoSuchVersion.
    """
    terms = policy.get_version(version) if version else judging_version(claim, policy)
    trial = _Trial(claim, terms, plan_for(claim, terms), [], {})
    settled = _try_until_settled(trial)
    if settled is None:
        return _without_money(trial, "review", None)
    if settled.says == "grants":
        return _grant(trial, settled)
    return _without_money(trial, _OUTCOMES[settled.says], settled)


def judging_version(claim: Claim, policy: Policy) -> PolicyVersion:
    """The version in force when the order was paid, or, by its own word, when it was claimed."""
    claimed_at = claim.request.at if claim.request else claim.judged_at
    return policy.version_for(claim.order.paid_at, claimed_at)


@dataclass(slots=True)
class _Trial:
    """One judgement under way: what was said so far, and which clauses bar which lines."""

    claim: Claim
    terms: PolicyVersion
    plan: Plan
    findings: list[Finding]
    bars: dict[str, list[str]]  # line id -> ids of the clauses that bar it

    def hear(self, step: Step, offers: tuple[Money, ...], granting: str) -> Finding:
        """What a limit or a gate says to the offers that the clause `granting` made."""
        finding = step.silent
        if step.concerns and not step.concerns(granting):
            finding = step.context.says("does_not_apply")
        if finding is None:
            context = step.context.of(step.clause, offers, granting)
            finding = step.judge(self.claim, step.params, context)
        self.findings.append(finding)
        self.note_bars(finding)
        return finding

    def note_bars(self, finding: Finding) -> None:
        for item in sorted(finding.bars):
            self.bars.setdefault(item, []).append(finding.clause)


def _try_until_settled(trial: _Trial) -> Finding | None:
    claim, findings = trial.claim, trial.findings
    for step in trial.plan.decide:
        # Most clauses have nothing to say; this loop is where a judgement spends its time.
        finding = step.silent or step.judge(claim, step.params, step.context)
        findings.append(finding)
        if finding.bars:
            trial.note_bars(finding)
        if finding.says == "clear" or finding.says == "does_not_apply":
            continue
        if finding.says == "grants":
            return finding
        if finding.says == "limits" and _all_lines_barred(trial):
            return _turn_into_refusal(trial, finding.why)
        if finding.says == "awaits" and trial.plan.grants and not any(_best_offer(trial)):
            # Nobody is made to wait for what can only end in a refusal.
            refusal = Finding(trial.plan.grants[0], "refuses", Why("nothing_left"))
            trial.findings.append(refusal)
            return refusal
        if finding.says in _OUTCOMES:
            return finding
    return None


def _all_lines_barred(trial: _Trial) -> bool:
    """Whether no line is left that some clause could still pay for."""
    kinds = trial.plan.payable
    items = [i for i in trial.claim.order.items if not kinds or i.item_kind in kinds]
    return all(item.id in trial.bars for item in items)


def _best_offer(trial: _Trial) -> tuple[Money, ...]:
    """The most that any clause could pay, line by line, if all its conditions were met."""
    most = paid_for(trial.claim, trial.plan.payable)
    return cap_by_what_is_left(trial.claim.order, _unbarred(trial, most))


def _unbarred(trial: _Trial, offers: tuple[Money, ...]) -> tuple[Money, ...]:
    if not trial.bars:
        return offers
    return tuple(
        offer - offer if item.id in trial.bars else offer
        for item, offer in zip(trial.claim.order.items, offers, strict=True)
    )


def _turn_into_refusal(trial: _Trial, why: Why | None) -> Finding:
    trial.findings[-1] = replace(trial.findings[-1], says="refuses", why=why)
    return trial.findings[-1]


def _grant(trial: _Trial, granted: Finding) -> Decision:
    """Shape the amount by the limits, then pass the gates."""
    assert granted.offers is not None, "a clause that grants says how much"
    order = trial.claim.order
    at = len(trial.findings) - 1
    offers, granted_offers = _unbarred(trial, granted.offers), granted.offers
    granted = replace(granted, took=_taken(order, [i.paid for i in order.items], granted_offers))
    trial.findings[at] = granted
    _note_bars(trial, _taken(order, granted_offers, offers))
    lowered: list[list[str]] = [[] for _ in offers]
    tax_keepers: list[str] = []
    for step in trial.plan.limits:
        finding = trial.hear(step, offers, granted.clause)
        if finding.says in _OUTCOMES:
            # What is left of the amount cannot be told: nothing is paid, and a person reckons it.
            return _without_money(trial, _OUTCOMES[finding.says], finding)
        if finding.keeps_tax:
            tax_keepers.append(finding.clause)
        if finding.offers is None and not finding.bars:
            continue
        offers, before = _lowered(trial, offers, finding), offers
        if took := _taken(order, before, offers):
            trial.findings[-1] = replace(finding, took=took)
        for line, (now, was) in enumerate(zip(offers, before, strict=True)):
            barred = order.items[line].id in finding.bars
            if now < was and not barred:
                lowered[line].append(finding.clause)
    shares = cap_by_what_is_left(order, offers)
    if not any(shares):
        # What follows a refund, such as the end of the licence, does not follow a refusal.
        why = _why_nothing(trial, offers)
        trial.findings[at] = replace(granted, says="refuses", why=why, effects=())
        return _without_money(trial, "refuse", trial.findings[at])
    because = [
        (granted.clause, *trial.bars.get(item.id, ()), *lowered[line])
        for line, item in enumerate(order.items)
    ]
    return _pass_gates(trial, granted, shares, because, tuple(tax_keepers))


def _taken(
    order: Order, before: Sequence[Money], after: Sequence[Money]
) -> tuple[tuple[str, Money], ...]:
    """What one step of shaping took of each line that it lowered."""
    return tuple(
        (item.id, was - now)
        for item, was, now in zip(order.items, before, after, strict=True)
        if now.minor < was.minor
    )


def _note_bars(trial: _Trial, taken: tuple[tuple[str, Money], ...]) -> None:
    """Have the first clause that barred a line say what that took."""
    for item, amount in taken:
        for index, finding in enumerate(trial.findings):
            if item in finding.bars:
                trial.findings[index] = replace(finding, took=(*finding.took, (item, amount)))
                break


def _lowered(trial: _Trial, offers: tuple[Money, ...], finding: Finding) -> tuple[Money, ...]:
    """The offers after a limit: it may lower a line, never raise one."""
    if finding.offers is not None:
        offers = tuple(map(min, offers, finding.offers))
    return _unbarred(trial, offers)


def _why_nothing(trial: _Trial, offers: Sequence[Money]) -> Why:
    return Why("nothing_left" if any(offers) else "nothing_refundable")


def _pass_gates(
    trial: _Trial,
    granted: Finding,
    shares: tuple[Money, ...],
    because: Sequence[tuple[str, ...]],
    tax_keepers: tuple[str, ...],
) -> Decision:
    order = trial.claim.order
    amount = total(shares, order.currency, order.refunded.decimals)
    effects = list(granted.effects)
    for step in trial.plan.gates:
        finding = trial.hear(step, shares, granted.clause)
        if finding.says in _OUTCOMES:
            held = amount if finding.says != "refuses" else None
            return replace(_without_money(trial, _OUTCOMES[finding.says], finding), held=held)
        effects += finding.effects
    nothing = amount - amount
    taxes = (nothing,) * len(shares) if tax_keepers else tax_on(order, shares)
    return Decision(
        policy=trial.terms.policy,
        version=trial.terms.version,
        outcome="refund",
        amount=amount,
        settled_by=granted.clause,
        lines=tuple(
            LineShare(item.id, share, tax, clauses)
            for item, share, tax, clauses in zip(order.items, shares, taxes, because, strict=True)
        ),
        tax=TaxShare(
            total(taxes, order.currency, order.refunded.decimals),
            tax_keepers or (granted.clause,),
        ),
        awaits=(),
        effects=tuple(dict.fromkeys(effects)),
        findings=tuple(trial.findings),
        until=min((said.until for said in trial.findings if said.until), default=None),
    )


def _without_money(trial: _Trial, outcome: Outcome, settled: Finding | None) -> Decision:
    nothing = trial.claim.order.refunded.like(0)
    because = (settled.clause,) if settled else ()
    return Decision(
        policy=trial.terms.policy,
        version=trial.terms.version,
        outcome=outcome,
        amount=nothing,
        settled_by=settled.clause if settled else None,
        lines=tuple(
            [LineShare(item.id, nothing, nothing, because) for item in trial.claim.order.items]
        ),
        tax=TaxShare(nothing, because),
        awaits=settled.awaits if settled else (),
        effects=settled.effects if settled and outcome == "refuse" else (),
        findings=tuple(trial.findings),
        until=settled.until if settled and outcome == "await" else None,
    )
