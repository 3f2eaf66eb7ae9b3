"""Holds a document against a dated, sourced table of rules of law; a warning, never advice."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

from refunddesk.policy.claim import Billing, Claim
from refunddesk.policy.countries import GROUPS
from refunddesk.policy.decision import Decision
from refunddesk.policy.doubts import Doubt
from refunddesk.policy.examples import PAID_AT, SORTS, examples, withdrawal
from refunddesk.policy.judge import judge
from refunddesk.policy.version import Policy, PolicyVersion
from refunddesk.worktime import Span, span_end

NOT_ADVICE = (
    "Rules of law are compared from a table that is neither complete nor legal advice. "
    "Ask somebody who knows the law of your customers."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the table. `days` and `at_most` are what `compares` measures by.

    `address` is where the rule, or the nearest to it that is public, can be read. `checked_in`
    names what was really read on the day `checked_on`; a rule without that day was written from
    memory, and says so. It is `confirmed` where its measure was read in the source itself.
    """

    id: str
    compares: str
    says: str
    source: str
    address: str = ""
    confirmed: bool = False
    checked_on: date | None = None
    checked_in: str = ""
    countries: tuple[str, ...] = ()
    billing: tuple[Billing, ...] = ()
    days: int = 0
    at_most: int = 0

    @property
    def where(self) -> str:
        if self.checked_on is None:
            return f"{self.source} (from memory, to be checked)"
        looked = f"looked at on {self.checked_on} in {self.checked_in}"
        known = looked if self.confirmed else f"not confirmed; {looked}"
        return f"{', '.join(part for part in (self.source, self.address) if part)} ({known})"


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """The table as it ships, in its own order."""
    text = (resources.files("refunddesk.policy") / "law.toml").read_text(encoding="utf-8")
    return tuple(_rule(row) for row in tomllib.loads(text)["rule"])


def _rule(row: dict[str, Any]) -> Rule:
    return Rule(**row | {key: tuple(row.get(key, ())) for key in ("countries", "billing")})


def collisions(version: PolicyVersion) -> Iterator[Doubt]:
    """The rules that the document seems to collide with, each with the clauses behind it."""
    for rule in rules():
        found = _COMPARISONS[rule.compares](version, rule)
        if found is not None:
            about, how = found
            says = f"{rule.says} {how}"
            yield Doubt(f"law:{rule.id}", about, says, rule.where)


#: Effects that pay back something else than money.
_NO_MONEY = frozenset({"credit", "exchange"})
#: The clauses behind a collision, and a sentence on what the document does instead.
_Found = tuple[tuple[str, ...], str] | None


def _withdrawal(version: PolicyVersion, rule: Rule) -> _Found:
    """Asks for the money in the last second of the last day, as a consumer who gives no reason."""
    country = min(GROUPS.get(rule.countries[0], set(rule.countries)))
    asked = span_end(Span(rule.days, "days"), PAID_AT, UTC)
    clauses: dict[str, None] = {}
    told = []
    for kind, billing in SORTS:
        if kind != "purchase":
            continue
        decision = _judge(version, withdrawal(billing, asked, country))
        paid = sum(line.refund.minor for line in decision.lines)
        whole = sum(item.paid.minor for item in withdrawal(billing, asked, country).order.items)
        if decision.outcome == "refund" and paid == whole and not _NO_MONEY & {*decision.effects}:
            continue
        clauses |= dict.fromkeys(_behind(decision))
        told.append(f"{billing} {_words(decision)}")
    if not told:
        return None
    return tuple(clauses), f"Asked for in the last second of day {rule.days}: {'; '.join(told)}."


def _withdrawal_function(version: PolicyVersion, rule: Rule) -> _Found:
    if any(clause.kind.name == "withdrawal" for clause in version.clauses):
        return None
    return (), "This document has no clause of kind withdrawal."


def _tax(version: PolicyVersion, rule: Rule) -> _Found:
    for example in examples(version):
        decision = _judge(version, example.claim)
        if decision.outcome == "refund" and not decision.tax.refund:
            paid, tax = decision.amount, example.claim.order.items[0].tax
            says = (
                f"Of a refund of {paid} EUR no tax goes back, though {tax} was paid on each line."
            )
            return decision.tax.because, says
    return None


def _reminder(version: PolicyVersion, rule: Rule) -> _Found:
    """Looks for a clause on renewals that wants the reminder early enough."""
    if not _names_renewals(version, rule):
        return None
    about, leads = [], []
    for clause in version.clauses:
        if clause.kind.name != "notices_sent" or "renewal_reminder" not in clause.params.notices:
            continue
        about.append(clause.id)
        lead = clause.params.lead
        if lead and timedelta(days=rule.days) <= _length(lead) <= timedelta(days=rule.at_most):
            return None
        leads.append(f"{clause.id} {f'wants {lead}' if lead else 'names no lead'}")
    wanted = f"{rule.days} to {rule.at_most} days"
    if not leads:
        return (), f"No clause of this document asks for a reminder {wanted} before a renewal."
    return tuple(about), f"{' and '.join(leads)} instead of {wanted}."


def _names_renewals(version: PolicyVersion, rule: Rule) -> bool:
    """Whether some clause is for renewals of this billing and for no other kind of order."""
    named = (clause.applies_to for clause in version.clauses)
    return any(
        "renewal" in each.order_kind
        and (not each.billing or not rule.billing or set(rule.billing) & each.billing)
        for each in named
    )


def _length(span: Span) -> timedelta:
    return span_end(span, PAID_AT, UTC) - span_end(Span(0, "days"), PAID_AT, UTC)


def _judge(version: PolicyVersion, claim: Claim) -> Decision:
    return judge(claim, Policy(version.policy, (version,)))


def _behind(decision: Decision) -> tuple[str, ...]:
    if decision.outcome != "refund":
        return (decision.settled_by,) if decision.settled_by else ()
    return tuple(
        dict.fromkeys(finding.clause for finding in decision.findings if finding.took)
    ) or (decision.settled_by or "",)


def _words(decision: Decision) -> str:
    if instead := sorted(_NO_MONEY & {*decision.effects}):
        return f"gets {instead[0]} instead of money by {decision.settled_by}"
    by = f" by {decision.settled_by}" if decision.settled_by else ""
    if decision.outcome == "refund":
        return f"gets only {decision.amount} EUR{by}"
    words = {"refuse": "is refused", "await": "has to wait", "review": "is left to a person"}
    return f"{words[decision.outcome]}{by}"


_COMPARISONS: dict[str, Callable[[PolicyVersion, Rule], _Found]] = {
    "withdrawal": _withdrawal,
    "withdrawal_function": _withdrawal_function,
    "tax": _tax,
    "reminder": _reminder,
}
