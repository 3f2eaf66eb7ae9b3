"""What a person decides in place of the policy, in the same form as the policy's decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from refunddesk.money import Money, total
from refunddesk.policy.claim import License
from refunddesk.policy.decision import (
    BY_PERSON,
    Await,
    Decision,
    Effect,
    Finding,
    LineShare,
    TaxShare,
    Why,
)

_CLAUSES = (BY_PERSON,)


@dataclass(frozen=True, slots=True)
class GivenLine:
    """One line of the order: what was `paid` for it, what a person gives back, its tax included."""

    item: str
    paid: Money
    net: Money
    tax: Money


def grant_by_person(
    lines: Sequence[GivenLine],
    awaits: Sequence[Await],
    effects: Sequence[Effect],
    *,
    policy: str,
    version: str,
) -> Decision:
    """A refund of these lines; while something is awaited, held. There is at least one line."""
    nothing = lines[0].paid.like(0)
    net = total((line.net for line in lines), nothing.currency, nothing.decimals)
    tax = total((line.tax for line in lines), nothing.currency, nothing.decimals)
    took = tuple((line.item, line.paid - line.net) for line in lines if line.net < line.paid)
    findings = [Finding(BY_PERSON, "grants", Why("decided_by_person"), took=took)]
    if not tax:
        findings.append(Finding(BY_PERSON, "limits", Why("tax_kept")))
    if awaits:
        findings.append(Finding(BY_PERSON, "awaits", awaits=tuple(awaits)))
    return Decision(
        policy=policy,
        version=version,
        outcome="await" if awaits else "refund",
        amount=nothing if awaits else net,
        settled_by=BY_PERSON,
        lines=tuple(
            LineShare(line.item, nothing, nothing, _CLAUSES)
            if awaits
            else LineShare(line.item, line.net, line.tax, _CLAUSES)
            for line in lines
        ),
        tax=TaxShare(nothing if awaits else tax, _CLAUSES),
        awaits=tuple(awaits),
        effects=() if awaits else tuple(effects),
        findings=tuple(findings),
        until=None,
        held=net if awaits else None,
    )


def refuse_by_person(
    items: Sequence[str], nothing: Money, *, policy: str, version: str
) -> Decision:
    """A refusal, good until another decision is made; `nothing` is zero of the order's currency."""
    return Decision(
        policy=policy,
        version=version,
        outcome="refuse",
        amount=nothing,
        settled_by=BY_PERSON,
        lines=tuple(LineShare(item, nothing, nothing, _CLAUSES) for item in items),
        tax=TaxShare(nothing, _CLAUSES),
        awaits=(),
        effects=(),
        findings=(Finding(BY_PERSON, "refuses", Why("decided_by_person")),),
        until=None,
    )


def until_license_off(license: License | None) -> tuple[Await, ...]:
    """What the gate (R-2D) still asks of the customer before a person's grant is paid.

    The same as of the policy's own: every site off, and the word that all copies are destroyed.
    """
    if license is None:
        return ()
    awaited = [Await("customer", "deactivate", about=site) for site in license.active_sites]
    if license.destruction_confirmed_at is None:
        awaited.append(Await("customer", "confirm_destruction"))
    return tuple(awaited)
