"""A trial: the clauses that decide, tried in turn on one part of an order until one settles it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from refunddesk.money import Money
from refunddesk.policy.amounts import cap_by_what_is_left
from refunddesk.policy.claim import Claim
from refunddesk.policy.decision import Effect, Finding, Outcome, Says, Why
from refunddesk.policy.facts import paid_for
from refunddesk.policy.plan import Plan

#: What a finding makes of the part that it settles; the others let the trial go on.
OUTCOMES: dict[Says, Outcome] = {
    "refuses": "refuse",
    "review": "review",
    "awaits": "await",
    "grants": "refund",
}


@dataclass(slots=True)
class Trial:
    """One part of an order under judgement: what was said so far, and what settled it.

    `claim` has the lines of the part alone, `lines` are their indices in the order. `bars` holds
    the ids of the clauses that bar a line, by the line's id. Of a part that was granted, `granted`
    is the index of the finding that granted it, `effects` come with the refund, `lowered` names
    the limits that lowered a line, `keeps_tax` those that keep its tax; and it `is_held` where
    only a gate keeps the money back.
    """

    claim: Claim
    plan: Plan
    lines: Sequence[int]
    findings: list[Finding] = field(default_factory=list)
    bars: dict[str, list[str]] = field(default_factory=dict)
    settled: Finding | None = None
    outcome: Outcome = "review"
    granted: int = -1
    effects: list[Effect] = field(default_factory=list)
    lowered: dict[str, list[str]] = field(default_factory=dict)
    keeps_tax: list[str] = field(default_factory=list)
    is_held: bool = False

    def settle(self, finding: Finding) -> None:
        self.settled = finding
        self.outcome = OUTCOMES[finding.says]

    def note_bars(self, finding: Finding) -> None:
        for item in sorted(finding.bars):
            self.bars.setdefault(item, []).append(finding.clause)

    def run(self) -> None:
        """Try the clauses that decide, in turn, until one settles the part."""
        claim, findings = self.claim, self.findings
        for before, step in self.plan.asked:
            findings += before
            if step is None:
                return
            # Most clauses have nothing to say; this loop is where a judgement spends its time.
            finding = step.silent or step.judge(claim, step.params, step.context)
            findings.append(finding)
            says = finding.says
            if says == "clear" or says == "does_not_apply":
                continue
            if says == "limits":
                self.note_bars(finding)
                if not self._is_all_barred():
                    continue
                finding = findings[-1] = finding._replace(says="refuses")
            elif says == "awaits" and self.plan.grants and not any(self._best_offer()):
                # Nobody is made to wait for what can only end in a refusal.
                finding = Finding(self.plan.grants[0], "refuses", Why("nothing_left"))
                findings.append(finding)
            elif says == "grants":
                self.granted = len(findings) - 1
                self.effects += finding.effects
            self.settle(finding)
            return

    def _is_all_barred(self) -> bool:
        """Whether no line is left that some clause could still pay for."""
        kinds = self.plan.payable
        items = [i for i in self.claim.order.items if not kinds or i.item_kind in kinds]
        return all(item.id in self.bars for item in items)

    def _best_offer(self) -> tuple[Money, ...]:
        """The most that any clause could pay, line by line, if all its conditions were met."""
        most = paid_for(self.claim, self.plan.payable)
        return cap_by_what_is_left(self.claim.order, self.unbarred(most))

    def behind(self, item: str) -> tuple[str, ...]:
        """The clauses behind what a line of a part to be refunded gets, by the line's id."""
        granted = self.findings[self.granted].clause
        if item in self.bars or item in self.lowered:
            return (granted, *self.bars.get(item, ()), *self.lowered.get(item, ()))
        return (granted,)

    def alone(self, item: str) -> tuple[Outcome, tuple[str, ...]]:
        """What becomes of a line while the order is not paid, and the clauses behind that.

        A line barred before anything was granted is refused, whatever the others wait for.
        """
        if self.bars:
            tried = self.findings[: self.granted] if self.granted >= 0 else self.findings
            barred = tuple([said.clause for said in tried if item in said.bars])
            if barred:
                return "refuse", barred
        return self.outcome, (self.settled.clause,) if self.settled else ()

    def unbarred(self, offers: Sequence[Money]) -> Sequence[Money]:
        """The offers to the part's lines, without those that a clause bars."""
        if not self.bars:
            return offers
        return tuple(
            offer.like(0) if item.id in self.bars else offer
            for item, offer in zip(self.claim.order.items, offers, strict=True)
        )


def with_lines(claim: Claim, lines: Sequence[int]) -> Claim:
    """The claim with these lines of its order alone.

    Of what was refunded on the order without naming a line it keeps what the others could not
    have given.
    """
    order = claim.order
    if len(lines) == len(order.items):
        return claim
    items = tuple(order.items[line] for line in lines)
    left = [item.paid.minor - (item.refunded.minor if item.refunded else 0) for item in order.items]
    own = sum(item.refunded.minor for item in items if item.refunded)
    unplaced = order.refunded.minor - sum(i.refunded.minor for i in order.items if i.refunded)
    others = sum(left) - sum(left[line] for line in lines)
    refunded = order.refunded.like(own + max(0, unplaced - others))
    return replace(claim, order=replace(order, items=items, refunded=refunded))
