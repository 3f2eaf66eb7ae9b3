"""A decision in words, for the customer or for staff: the answer, its reason, and what follows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from refunddesk.money import Money
from refunddesk.policy.claim import Claim, Item
from refunddesk.policy.decision import BY_PERSON, Await, Decision, Finding, Outcome, Says
from refunddesk.policy.judge import judge
from refunddesk.policy.quote import Quote, make_quote, meet_conditions
from refunddesk.policy.version import NoSuchVersion, Policy
from refunddesk.policy.wording.breakdown import Breakdown, Deduction, LineAmounts, break_down
from refunddesk.policy.wording.catalogue import (
    Audience,
    Catalogue,
    Language,
    SentenceMissing,
    catalogue,
)
from refunddesk.policy.wording.said import Amount, AmountLine, Explanation, TraceStep
from refunddesk.policy.wording.showing import Showing
from refunddesk.worktime import zone

#: What a clause says that settles an order, or a line, so. One that bars a line refuses that line.
_SAID: dict[Outcome, tuple[Says, ...]] = {
    "refuse": ("refuses", "limits"),
    "review": ("review",),
    "await": ("awaits",),
    "refund": ("grants",),
}
#: More steps than this are told as "falls step by step".
_STEPS_TOLD = 2


def explain(
    decision: Decision,
    claim: Claim,
    *,
    language: Language = "en",
    audience: Audience = "customer",
    policy: Policy | None = None,
    looks_ahead: bool = True,
    names: Mapping[str, str] | None = None,
) -> Explanation:
    """The decision on `claim` in words; fresh from the judge or read back, it reads the same.

    With the `policy` that judged, and unless it `looks_ahead` no more, it also tells what would
    change the answer and when. `names` are those of the lines by their ids, instead of the names
    that the policy knows the products by.
    """
    terms = _terms(policy, decision)
    showing = Showing(
        zone(terms or claim.store.timezone), claim.order.currency, claim.order.refunded.decimals
    )
    telling = _Telling(decision, claim, catalogue(language), audience, showing, names or {})
    return telling.tell(policy if looks_ahead else None)


def say_why(decision: Decision, claim: Claim, language: Language, policy: Policy) -> str:
    """The reason of the decision by `policy`, for staff; where it waits, what it waits for.

    Empty where the amount says it all. A fraction of what `explain` costs, for many orders.
    """
    currency, decimals = claim.order.currency, claim.order.refunded.decimals
    terms = _terms(policy, decision)
    showing = Showing(zone(terms or claim.store.timezone), currency, decimals)
    telling = _Telling(decision, claim, catalogue(language), "staff", showing, {})
    return telling.reason() or " ".join(telling.awaits())


def _terms(policy: Policy | None, decision: Decision) -> str | None:
    """The zone of the document that judged, where it names one."""
    try:
        return policy.get_version(decision.version).timezone if policy else None
    except NoSuchVersion:
        return None


@dataclass(frozen=True, slots=True)
class _Telling:
    """One explanation in the making."""

    decision: Decision
    claim: Claim
    words: Catalogue
    audience: Audience
    showing: Showing
    names: Mapping[str, str]

    def tell(self, policy: Policy | None) -> Explanation:
        decision, amounts = self.decision, break_down(self.decision, self.claim)
        return Explanation(
            language=self.words.language,
            audience=self.audience,
            headline=self.headline(amounts),
            reason=self.reason(),
            lines=self.amount_lines(amounts) if amounts else (),
            total=self.total(amounts) if amounts else None,
            awaits=tuple(self.awaits()),
            changes=self.changes(policy) if policy else (),
            effects=tuple(self.effect(effect) for effect in decision.effects),
            trace=self.trace() if self.audience == "staff" else (),
            zone=self.say("label", "zone", at=self.claim.judged_at),
        )

    def say(self, *key: str, **facts: object) -> str:
        return self.words.say(*key, showing=self.showing, audience=self.audience, **facts)

    # ------------------------------------------------------------------ the answer

    def headline(self, amounts: Breakdown | None) -> str:
        decision = self.decision
        key: str = decision.outcome
        if key == "await" and decision.held is not None:
            key = "held"
        if key == "review" and decision.settled_by is None:
            key = "unsettled"
        if decision.settled_by == BY_PERSON:
            key = f"{key}_by_person"
        asked = {awaited.who for awaited in decision.awaits}
        return self.say(
            "outcome",
            key,
            total=amounts.total if amounts else decision.amount + decision.tax.refund,
            clause=decision.settled_by,
            payout=next((e for e in ("credit", "exchange") if e in decision.effects), "money"),
            who=asked.pop() if len(asked) == 1 else "several",
        )

    def reason(self) -> str:
        fates = self.fates()
        if len(fates) > 1:
            return " ".join(self.fate(*fate, items) for fate, items in fates.items())
        settled = self.settling()
        if settled is None:
            return self.say("why", "no_clause") if self.decision.outcome == "review" else ""
        return self.why(settled)

    def fates(self) -> dict[tuple[Outcome, str | None], list[str]]:
        """The lines, by their ids, that got the same answer from the same clause."""
        fates: dict[tuple[Outcome, str | None], list[str]] = {}
        for line in self.decision.lines:
            fate = line.outcome or self.decision.outcome, next(iter(line.because), None)
            fates.setdefault(fate, []).append(line.item)
        return fates

    def fate(self, outcome: Outcome, clause: str | None, items: list[str]) -> str:
        """What becomes of these lines, and why."""
        key: str = "unsettled" if clause is None else outcome
        if outcome == "refund" and self.decision.outcome != "refund":
            key = "held"
        said = self.say("line", key, names=self.line_names(items), clause=clause)
        found = self.said_by(clause, outcome, items[0])
        return f"{said} {self.why(found)}".rstrip() if found else said

    def settling(self) -> Finding | None:
        """The finding that made the decision what it is."""
        by, outcome = self.decision.settled_by, self.decision.outcome
        lines = (line for line in self.decision.lines if line.outcome is None)
        line = next((line for line in lines if by in line.because[:1]), None)
        return self.said_by(by, outcome, line.item if line else None)

    def said_by(self, clause: str | None, outcome: Outcome, item: str | None) -> Finding | None:
        """The last finding of the clause, about that line, that has this outcome."""
        for says in _SAID[outcome]:
            for finding in reversed(self.decision.findings):
                if (finding.clause, finding.says) != (clause, says):
                    continue
                if item is None or finding.is_of(item):
                    return finding
        return None

    def why(self, finding: Finding) -> str:
        if finding.why is None:
            return ""
        code = finding.why.code
        try:
            return self.say("why", code, **finding.why.facts)
        except SentenceMissing:
            # A kept decision may give a reason that no clause gives any more.
            return self.say("why", "unknown", code=code.replace("_", " "))

    # ------------------------------------------------------------------ the amounts

    def amount_lines(self, amounts: Breakdown) -> tuple[AmountLine, ...]:
        items = {item.id: item for item in self.claim.order.items}
        lines = []
        for line in amounts.lines:
            label = self.line_name(items[line.item or ""])
            lines.append(self.amount_line(label, line, amounts))
        if amounts.tax.paid:
            lines.append(self.amount_line(self.say("label", "tax"), amounts.tax, amounts))
        return tuple(lines)

    def line_name(self, item: Item) -> str:
        name = self.names.get(item.id, item.product)
        if name.casefold() == self.words.word("item_kind", item.item_kind).casefold():
            return name
        return self.say("label", "line", product=name, item_kind=item.item_kind)

    def line_names(self, ids: Collection[str]) -> tuple[str, ...]:
        named = (self.line_name(item) for item in self.claim.order.items if item.id in ids)
        return tuple(dict.fromkeys(named))

    def amount_line(self, label: str, line: LineAmounts, amounts: Breakdown) -> AmountLine:
        back = "would_go_back" if amounts.is_held else "goes_back"
        return AmountLine(
            label,
            self.amount(self.say("label", "paid"), line.paid),
            tuple(self.deduction(each) for each in line.deductions),
            self.amount(self.say("label", back), line.back),
        )

    def deduction(self, deduction: Deduction) -> Amount:
        if deduction.clause is None:
            return self.amount(self.say("label", "earlier"), -deduction.amount)
        known = deduction.code if self.words.has("took", deduction.code or "") else None
        if deduction.clause == BY_PERSON:
            known = "by_person"
        label = self.say("took", known or "unknown", clause=deduction.clause)
        return self.amount(label, -deduction.amount, deduction.clause)

    def total(self, amounts: Breakdown) -> Amount:
        return self.amount(self.say("label", "in_all"), amounts.total)

    def amount(self, label: str, amount: Money, clause: str | None = None) -> Amount:
        return Amount(label, amount, self.showing.money(amount, self.words), clause)

    # ------------------------------------------------------------------ what comes next

    def awaits(self) -> list[str]:
        """One sentence per thing awaited; several sites or facts of one kind are one thing."""
        groups: dict[tuple[str, str, datetime | None], list[Await]] = {}
        for each in self.decision.awaits:
            groups.setdefault((each.who, each.what, each.until), []).append(each)
        return [self.awaited(*group) for group in groups.values()]

    def awaited(self, first: Await, *others: Await) -> str:
        about = tuple(each.about for each in (first, *others) if each.about is not None)
        try:
            said = self.say("await", first.what, about=about, until=first.until)
        except SentenceMissing:
            what = " ".join((first.what.replace("_", " "), *about))
            said = self.say("await", "unknown", what=what)
        if first.until is None:
            return said
        return f"{said} {self.say('deadline', first.who, until=first.until)}"

    def effect(self, effect: str) -> str:
        key = effect if self.words.has("effect", effect) else "unknown"
        return self.say("effect", key, effect=effect.replace("_", " "))

    def changes(self, policy: Policy) -> tuple[str, ...]:
        """What the answer depends on: what is awaited being done, and time passing."""
        said = []
        if self.decision.outcome == "await":
            met = make_quote(self.claim, policy, "conditions_met")
            if met.steps[0].decision.outcome == "refund":
                key = "once_done" if needs_fault(self.claim, policy, met) else "once_passed"
                said.append(self.say("change", key, total=met.steps[0].amount))
                said += self.falling(met)
        return (*said, *self.passing(policy))

    def falling(self, quote: Quote) -> list[str]:
        """How the amount falls the longer it takes: the first steps, then how it goes on."""
        first, *later = quote.steps
        if not later:
            return []
        said = [self.say("change", "until", until=first.until)]
        for step in later[:_STEPS_TOLD]:
            key = "from" if step.amount else "from_nothing"
            said.append(self.say("change", key, since=step.since, total=step.amount))
            if not step.amount:
                return said
        if rest := later[_STEPS_TOLD:]:
            end = next((step for step in rest if not step.amount), rest[-1])
            key = "falls" if end.amount else "falls_to_nothing"
            said.append(self.say("change", key, since=end.since))
        return said

    def passing(self, policy: Policy) -> list[str]:
        """The next answer of another sort, where time alone brings one."""
        now, *later = make_quote(self.claim, policy, "as_it_is").steps
        for step in later:
            if _sort(step.decision) == _sort(now.decision):
                continue
            total = step.decision.held or step.amount
            facts = {"outcome": step.decision.outcome, "since": step.since, "total": total}
            return [self.say("change", "then", **facts)]
        return []

    # ------------------------------------------------------------------ the trace

    def trace(self) -> tuple[TraceStep, ...]:
        settled = self.settling()
        return tuple(
            TraceStep(
                finding.clause,
                finding.says,
                self.words.word("says", finding.says),
                self.traced(finding, finding is settled),
                finding is settled,
                finding.items,
            )
            for finding in self.decision.findings
        )

    def traced(self, finding: Finding, settles: bool) -> str:
        """What a clause said, and of which lines where it is not said of all."""
        sentence = self.why(finding) or (" ".join(self.awaits()) if settles else "")
        if not finding.items:
            return sentence
        names = self.line_names(finding.items)
        return self.say("line", "trace", names=names, sentence=sentence).rstrip()


def needs_fault(claim: Claim, policy: Policy, met: Quote) -> bool:
    """Whether the first step of `met` rests on a finding that support has not made yet."""
    supposed = meet_conditions(claim, claim.judged_at)
    if supposed.case is None or (claim.case and claim.case.finding):
        return False
    unproven = replace(supposed, case=replace(supposed.case, finding=None))
    answer = judge(unproven, policy, version=met.version)
    return answer.outcome != "refund" or answer.amount != met.steps[0].decision.amount


def _sort(decision: Decision) -> tuple[object, ...]:
    return decision.outcome, decision.held, {(each.who, each.what) for each in decision.awaits}
