"""Clauses about why the money is asked back."""

from __future__ import annotations

from dataclasses import dataclass

from refunddesk.policy.claim import CaseFinding, Claim, Reason
from refunddesk.policy.clause import Context, Kind
from refunddesk.policy.clauses.windows import Then, fails
from refunddesk.policy.decision import Await, Finding, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedReasons:
    reasons: frozenset[Reason]
    then: Then = "refuse"


def judge_refused_reasons(claim: Claim, params: RefusedReasons, context: Context) -> Finding:
    """Refuses when the customer's reason is one the policy does not accept."""
    if claim.case is None or claim.case.reason not in params.reasons:
        return context.clear
    why = Why("reason_not_accepted", {"reason": claim.case.reason})
    return fails(context, params.then, why)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedReasons:
    reasons: frozenset[Reason]
    then: Then = "refuse"


def judge_accepted_reasons(claim: Claim, params: AcceptedReasons, context: Context) -> Finding:
    """Refuses every reason but those listed; awaits the case that gives one."""
    if claim.case is None:
        return context.awaits(Await("customer", "open_case"))
    if claim.case.reason in params.reasons:
        return context.clear
    why = Why("reason_not_accepted", {"reason": claim.case.reason})
    return fails(context, params.then, why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    findings: frozenset[CaseFinding]


def judge_reviewed_findings(claim: Claim, params: Findings, context: Context) -> Finding:
    """Leaves the claim to a person when support found one of these."""
    finding = claim.case.finding if claim.case else None
    if finding is None or finding not in params.findings:
        return context.clear
    return context.says("review", Why("finding_left_to_a_person", {"finding": finding}))


def judge_refused_findings(claim: Claim, params: Findings, context: Context) -> Finding:
    """Refuses when support found one of these."""
    finding = claim.case.finding if claim.case else None
    if finding is None or finding not in params.findings:
        return context.clear
    return context.says("refuses", Why("no_fault", {"finding": finding}))


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialsFirst:
    reasons: frozenset[Reason]


def judge_materials_first(claim: Claim, params: MaterialsFirst, context: Context) -> Finding:
    """Asks support to offer manual, video or demo first; once offered, a person judges."""
    case = claim.case
    if case is None or case.reason not in params.reasons:
        return context.clear
    if not case.materials_offered:
        return context.awaits(Await("support", "offer_materials"))
    return context.says("review", Why("materials_offered", {"reason": case.reason}))


KINDS = (
    Kind("refused_reasons", judge_refused_reasons, RefusedReasons),
    Kind("accepted_reasons", judge_accepted_reasons, AcceptedReasons),
    Kind("reviewed_findings", judge_reviewed_findings, Findings),
    Kind("refused_findings", judge_refused_findings, Findings),
    Kind("materials_first", judge_materials_first, MaterialsFirst),
)
