"""Shaping: what the limits leave of what was granted, and whether the gates let it pass.

Of an order in several parts, each limit and each gate is heard once, for all parts that it applies
to: a fee that is kept once per order is kept once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from refunddesk.money import Money
from refunddesk.policy.amounts import cap_by_what_is_left, tax_on
from refunddesk.policy.claim import Claim
from refunddesk.policy.clause import plain_finding
from refunddesk.policy.decision import Finding, Why
from refunddesk.policy.plan import Step
from refunddesk.policy.trial import OUTCOMES, Trial


class Shares(NamedTuple):
    """What each line of the order gets, without tax, and the tax that goes with it."""

    net: Sequence[Money]
    tax: Sequence[Money]


def shape(claim: Claim, granted: Sequence[Trial]) -> Shares:
    """The shares of the lines of all parts that some clause granted.

    A part that turns out to get nothing, or of which a limit or a gate says that it is to wait or
    to be seen by a person, is settled anew; it keeps its shares where only a gate holds them.
    """
    nothing = claim.order.refunded.like(0)
    offers = _offered(claim, granted, nothing)
    for heard in _each_once(granted, "limits"):
        _limit(claim, heard, offers)
    for trial in granted:
        if trial.outcome != "refund":
            for line in trial.lines:
                offers[line] = nothing
    shares = cap_by_what_is_left(claim.order, offers)
    for trial in granted:
        if trial.outcome == "refund" and not any(shares[line] for line in trial.lines):
            _refuse(trial, offers)
    for heard in _each_once(granted, "gates"):
        _pass(claim, heard, shares)
    taxed = list(shares)
    for trial in granted:
        if trial.keeps_tax:
            for line in trial.lines:
                taxed[line] = nothing
    return Shares(shares, tax_on(claim.order, taxed))


def _offered(claim: Claim, granted: Sequence[Trial], nothing: Money) -> list[Money]:
    """What the clauses that grant offer, and no clause bars, by line of the order."""
    offers = [nothing] * len(claim.order.items)
    for trial in granted:
        finding = trial.findings[trial.granted]
        assert finding.offers is not None, "a clause that grants says how much"
        took: list[tuple[str, Money]] = []
        for item, line, offer in zip(
            trial.claim.order.items, trial.lines, finding.offers, strict=True
        ):
            if offer.minor < item.paid.minor:
                took.append((item.id, item.paid - offer))
            if item.id in trial.bars and offer:
                _note_barred(trial, item.id, offer)
                offer = nothing
            offers[line] = offer
        trial.settled = trial.findings[trial.granted] = finding._replace(took=tuple(took))
    return offers


def _note_barred(trial: Trial, item: str, offer: Money) -> None:
    """Have the first clause that barred a line say what that took."""
    for index, finding in enumerate(trial.findings):
        if item in finding.bars:
            trial.findings[index] = finding._replace(took=(*finding.took, (item, offer)))
            return


#: The parts for which one clause is heard, each with the clause's step in its own plan.
_Heard = list[tuple[Trial, Step]]


def _each_once(granted: Sequence[Trial], stage: str) -> Iterator[_Heard]:
    """The clauses of a stage in the order of trying, each with the parts still to be refunded."""
    if len(granted) == 1:
        for step in getattr(granted[0].plan, stage):
            if granted[0].outcome != "refund":
                return
            yield [(granted[0], step)]
        return
    parts: dict[int, _Heard] = {}
    for trial in granted:
        for step in getattr(trial.plan, stage):
            parts.setdefault(step.place, []).append((trial, step))
    for place in sorted(parts):
        yield [(trial, step) for trial, step in parts[place] if trial.outcome == "refund"]


def _ask(claim: Claim, heard: _Heard, offers: Sequence[Money]) -> tuple[_Heard, Finding | None]:
    """The parts the clause has a say in, and what it says to them; the others are told so."""
    concerned: _Heard = []
    for trial, step in heard:
        unasked = step.silent
        if step.concerns and not step.concerns(trial.findings[trial.granted].clause):
            unasked = plain_finding(step.clause, "does_not_apply")
        if unasked is None:
            concerned.append((trial, step))
            continue
        trial.findings.append(unasked)
        if unasked.says in OUTCOMES:
            trial.settle(unasked)
    if not concerned:
        return concerned, None
    step = concerned[0][1]
    if len(concerned[0][0].lines) == len(offers):
        context = step.context.on(tuple(offers))
    else:
        lines = {line for trial, _ in concerned for line in trial.lines}
        context = step.context.on(
            tuple(o if line in lines else o.like(0) for line, o in enumerate(offers)),
            frozenset(claim.order.items[line].id for line in lines),
        )
    return concerned, step.judge(claim, step.params, context)


def _limit(claim: Claim, heard: _Heard, offers: list[Money]) -> None:
    """Lower the offers to the parts by what the limit says of them: it never raises one."""
    concerned, finding = _ask(claim, heard, offers)
    if finding is None:
        return
    for trial, _ in concerned:
        said = finding
        trial.note_bars(said)
        if said.says in OUTCOMES:
            # What is left of the amount cannot be told: nothing is paid, and a person reckons it.
            trial.findings.append(said)
            trial.settle(said)
            continue
        if said.keeps_tax:
            trial.keeps_tax.append(said.clause)
        if said.offers is not None or said.bars:
            said = said._replace(took=_lower(trial, said, offers))
        trial.findings.append(said)


def _lower(trial: Trial, limit: Finding, offers: list[Money]) -> tuple[tuple[str, Money], ...]:
    """What the limit takes of each line of the part."""
    took = []
    for item, line in zip(trial.claim.order.items, trial.lines, strict=True):
        before, is_barred = offers[line], item.id in limit.bars
        after = before if limit.offers is None else min(before, limit.offers[line])
        if is_barred and after:
            after = after.like(0)
        if after.minor == before.minor:
            continue
        took.append((item.id, before - after))
        offers[line] = after
        if not is_barred:
            trial.lowered.setdefault(item.id, []).append(limit.clause)
    return tuple(took)


def _pass(claim: Claim, heard: _Heard, shares: Sequence[Money]) -> None:
    """Hold the parts that the gate does not let pass."""
    concerned, finding = _ask(claim, heard, shares)
    if finding is None:
        return
    for trial, _ in concerned:
        trial.findings.append(finding)
        if finding.says in OUTCOMES:
            trial.settle(finding)
            trial.is_held = finding.says != "refuses"
        else:
            trial.effects += finding.effects


def _refuse(trial: Trial, offers: Sequence[Money]) -> None:
    """Settle as refused a part of which nothing is left to pay."""
    offered = any(offers[line] for line in trial.lines)
    why = Why("nothing_left" if offered else "nothing_refundable")
    # What follows a refund, such as the end of the licence, does not follow a refusal.
    finding = trial.findings[trial.granted]
    refused = finding._replace(says="refuses", why=why, effects=())
    trial.findings[trial.granted] = refused
    trial.settle(refused)
