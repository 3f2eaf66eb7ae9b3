"""The amount of a decision line by line: paid, what each clause took, what goes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from refunddesk.money import Money, total
from refunddesk.policy.amounts import cap_by_what_is_left, tax_on
from refunddesk.policy.claim import Claim, Item
from refunddesk.policy.decision import Decision


@dataclass(frozen=True, slots=True)
class Deduction:
    """What was taken, by which clause and for which reason; by none where it was given before."""

    amount: Money
    clause: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """`paid` less the deductions is `back`, to the cent."""

    paid: Money
    deductions: tuple[Deduction, ...]
    back: Money
    item: str | None = None  # None for the tax of all lines


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The lines, the tax, and what goes back in all; only held so far where `is_held`."""

    lines: tuple[LineAmounts, ...]
    tax: LineAmounts
    total: Money
    is_held: bool


def break_down(decision: Decision, claim: Claim) -> Breakdown | None:
    """The amounts behind the decision on `claim`; None where no clause offered any.

    While a line of several that are judged apart is not settled, no amount of the order is.
    """
    offered = any(finding.says == "grants" or finding.took for finding in decision.findings)
    apart = any(finding.items for finding in decision.findings)
    is_open = decision.outcome in ("await", "review") and decision.held is None
    if not offered or (apart and is_open):
        return None
    order = claim.order
    taken = {item.id: tuple(_taken(decision, item)) for item in order.items}
    offers = [
        item.paid - _sum((part.amount for part in taken[item.id]), item.paid)
        for item in order.items
    ]
    shares = cap_by_what_is_left(order, offers)
    lines = tuple(
        LineAmounts(
            item.paid,
            (*taken[item.id], *([Deduction(offer - share)] if share < offer else [])),
            share,
            item.id,
        )
        for item, offer, share in zip(order.items, offers, shares, strict=True)
    )
    net = total(shares, order.currency, order.refunded.decimals)
    tax = _tax(decision, claim, shares)
    return Breakdown(lines, tax, net + tax.back, decision.held is not None)


def _taken(decision: Decision, item: Item) -> Iterator[Deduction]:
    for finding in decision.findings:
        for line, amount in finding.took:
            if line != item.id:
                continue
            # A clause that pays and leaves a line out whole is not for it, whatever else it says.
            left_out = finding.says == "grants" and amount == item.paid
            code = finding.why.code if finding.why and not left_out else "not_covered"
            if finding.says == "refuses" and finding.items and amount == item.paid:
                code = "refused"
            yield Deduction(amount, finding.clause, code)


def _tax(decision: Decision, claim: Claim, shares: tuple[Money, ...]) -> LineAmounts:
    """The tax of all lines. While money is held, as it will be: no gate changes it."""
    order = claim.order
    paid = total((item.tax for item in order.items), order.currency, order.refunded.decimals)
    keeping = [said for said in decision.findings if said.why and said.why.code == "tax_kept"]
    if decision.outcome == "refund":
        back = decision.tax.refund
    else:
        taxes = zip(order.items, tax_on(order, shares), strict=True)
        follows = (tax for item, tax in taxes if not any(said.is_of(item.id) for said in keeping))
        back = _sum(follows, paid)
    kept = paid - back
    settled = keeping[0].clause if keeping else decision.settled_by
    code = "tax_kept" if keeping else "tax_follows"
    deductions = (Deduction(kept, settled, code),) if kept else ()
    return LineAmounts(paid, deductions, back)


def _sum(amounts: Iterator[Money], like: Money) -> Money:
    return total(amounts, like.currency, like.decimals)
