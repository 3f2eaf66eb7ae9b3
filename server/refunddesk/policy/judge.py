"""The judgement: a claim and a policy in, a decision that cites its clauses out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from refunddesk.money import Money
from refunddesk.policy.amounts import sum_of
from refunddesk.policy.claim import Claim
from refunddesk.policy.decision import Await, Decision, Effect, LineShare, Outcome, TaxShare
from refunddesk.policy.merging import merge, merged_findings
from refunddesk.policy.plan import Plan, parts_of
from refunddesk.policy.shaping import Shares, shape
from refunddesk.policy.trial import Trial, with_lines
from refunddesk.policy.version import Policy, PolicyVersion


def judge(claim: Claim, policy: Policy, *, version: str | None = None) -> Decision:
    """The decision on `claim` by the version that judges it, or by the one named.

    Lines to which the same clauses apply are judged together, the others apart. Pure: the same
    claim and policy give the same decision. Raises NoSuchVersion.
    """
    terms = policy.get_version(version) if version else judging_version(claim, policy)
    parts = parts_of(claim, terms)
    if len(parts) == 1:
        return _decide(claim, terms, [Trial(claim, *parts[0])])
    return _decide(claim, terms, [Trial(with_lines(claim, of), plan, of) for plan, of in parts])


def judge_parts(claim: Claim, terms: PolicyVersion) -> list[tuple[Plan, Decision]]:
    """What each part of the order would get if it were all of it, with the plan it is judged by."""
    judged = []
    for part in parts_of(claim, terms):
        alone = with_lines(claim, part.lines)
        trial = Trial(alone, part.plan, range(len(part.lines)))
        judged.append((part.plan, _decide(alone, terms, [trial])))
    return judged


def judging_version(claim: Claim, policy: Policy) -> PolicyVersion:
    """The version in force when the order was paid, or, by its own word, when it was claimed."""
    if len(policy.versions) == 1:
        return policy.versions[0]
    claimed_at = claim.request.at if claim.request else claim.judged_at
    return policy.version_for(claim.order.paid_at, claimed_at)


def _decide(claim: Claim, terms: PolicyVersion, trials: Sequence[Trial]) -> Decision:
    """Try each part by itself, shape what was granted, and say it all in one decision."""
    for trial in trials:
        trial.run()
    first, findings = trials[0], trials[0].findings
    if len(trials) == 1 and first.granted < 0:
        return _unpaid(claim, terms, first)
    granted = [trial for trial in trials if trial.granted >= 0]
    shares = shape(claim, granted) if granted else None
    if len(trials) > 1:
        first = merge(trials, shares)
        findings = merged_findings(claim, trials)
    outcome, settled = first.outcome, first.settled
    leading = [trial for trial in trials if trial.outcome == outcome]
    nothing = claim.order.refunded.like(0)
    because = (settled.clause,) if settled else ()
    pays = shares if outcome == "refund" else None
    return Decision(
        terms.policy,
        terms.version,
        outcome,
        amount=sum_of(pays.net) if pays else nothing,
        settled_by=settled.clause if settled else None,
        lines=_lines(trials, outcome, pays, nothing),
        tax=_tax(leading, pays, because) if pays else TaxShare(nothing, because),
        awaits=_awaits(leading) if outcome == "await" else (),
        effects=_effects(leading),
        findings=tuple(findings),
        until=_until(trials) if outcome == "refund" or outcome == "await" else None,
        held=_held(trials, shares) if shares and not pays else None,
    )


def _unpaid(claim: Claim, terms: PolicyVersion, trial: Trial) -> Decision:
    """The decision on an order of one part that nothing was granted for: most are such."""
    nothing, settled, outcome = claim.order.refunded.like(0), trial.settled, trial.outcome
    because = (settled.clause,) if settled else ()
    lines = (
        _lines([trial], outcome, None, nothing)
        if trial.bars
        else tuple([LineShare(item.id, nothing, nothing, because) for item in claim.order.items])
    )
    return Decision(
        terms.policy,
        terms.version,
        outcome,
        nothing,
        settled.clause if settled else None,
        lines,
        TaxShare(nothing, because),
        settled.awaits if settled else (),
        settled.effects if settled and outcome == "refuse" else (),
        tuple(trial.findings),
        settled.until if settled and outcome == "await" else None,
    )


def _lines(
    trials: Sequence[Trial], outcome: Outcome, pays: Shares | None, nothing: Money
) -> tuple[LineShare, ...]:
    """What each line gets, in the order's own order; nothing while the order is not paid."""
    if len(trials) == 1:
        return tuple(_lines_of(trials[0], outcome, pays, nothing))
    said = {
        line: share
        for trial in trials
        for line, share in zip(trial.lines, _lines_of(trial, outcome, pays, nothing), strict=True)
    }
    return tuple([said[line] for line in range(len(said))])


def _lines_of(
    trial: Trial, outcome: Outcome, pays: Shares | None, nothing: Money
) -> list[LineShare]:
    items = trial.claim.order.items
    if pays and trial.outcome == "refund":
        net, tax = pays
        return [
            LineShare(item.id, net[line], tax[line], trial.behind(item.id))
            for line, item in zip(trial.lines, items, strict=True)
        ]
    lines = []
    for item in items:
        own, because = trial.alone(item.id)
        apart = None if own == outcome else own
        lines.append(LineShare(item.id, nothing, nothing, because, apart))
    return lines


def _tax(leading: Sequence[Trial], pays: Shares, because: tuple[str, ...]) -> TaxShare:
    keepers = dict.fromkeys([keeper for trial in leading for keeper in trial.keeps_tax])
    return TaxShare(sum_of(pays.tax), tuple(keepers) or because)


def _awaits(leading: Sequence[Trial]) -> tuple[Await, ...]:
    """All that is awaited for the parts that wait, each thing once."""
    awaits = [each for trial in leading if trial.settled for each in trial.settled.awaits]
    return tuple(awaits if len(leading) == 1 else dict.fromkeys(awaits))


def _effects(leading: Sequence[Trial]) -> tuple[Effect, ...]:
    """What a refund brings with it, or a refusal."""
    effects: list[Effect] = []
    for trial in leading:
        if trial.outcome == "refund":
            effects += trial.effects
        elif trial.outcome == "refuse" and trial.settled:
            effects += trial.settled.effects
    return tuple(dict.fromkeys(effects)) if effects else ()


def _until(trials: Sequence[Trial]) -> datetime | None:
    """The last second at which every part that pays or waits still does."""
    ends = []
    for trial in trials:
        if trial.outcome == "refund":
            ends += [said.until for said in trial.findings if said.until]
        elif trial.outcome == "await" and trial.settled and trial.settled.until:
            ends.append(trial.settled.until)
    return min(ends, default=None)


def _held(trials: Sequence[Trial], shares: Shares) -> Money | None:
    """What gates alone hold back; None while more than a gate is open."""
    held = [trial.is_held for trial in trials if trial.outcome not in ("refund", "refuse")]
    return sum_of(shares.net) if held and all(held) else None
