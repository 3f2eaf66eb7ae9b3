"""The difference of two versions in sentences, in three languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from refunddesk.money import Money
from refunddesk.policy.decision import Decision
from refunddesk.policy.difference import Change, Effect
from refunddesk.policy.examples import day
from refunddesk.policy.values import Amounts
from refunddesk.policy.wording.catalogue import Catalogue, Language, catalogue
from refunddesk.policy.wording.showing import Showing
from refunddesk.worktime import Span

#: Whose words a parameter's values are told in; others stand for themselves.
_VOCABULARY: Mapping[str, str] = {
    "kind": "clause_kind",
    "pays": "item_kind",
    "kinds": "item_kind",
    "item_kinds": "item_kind",
    "reasons": "reason",
    "findings": "finding",
    "accepted": "finding",
    "refused": "finding",
    "billing": "billing",
    "order_kind": "order_kind",
    "notices": "notice",
    "facts": "missing_fact",
    "channels": "channel",
    "breaches": "breach",
    "counted": "counted",
    "decided_by": "decided_by",
}
_EXAMPLE = Showing(UTC, "EUR", 2)


def change_sentence(change: Change, language: Language) -> str:
    """What changed, in one sentence: "R-3A: the window grows from 30 days to 45 days"."""
    words = catalogue(language)
    key = change.key.rpartition(".")[2]
    of_clause = "clause" if change.clause else "document"
    return words.say(
        "difference",
        change.code,
        showing=_EXAMPLE,
        clause=change.clause or "",
        of=of_clause,
        key=_key(change, words),
        old=_value(key, change.old, language),
        new=_value(key, change.new, language),
    )


def effect_sentence(effect: Effect, language: Language) -> str:
    """On which examples the two versions differ, and one of them with both answers."""
    words = catalogue(language)
    example = effect.example
    return words.say(
        "difference",
        "effect",
        showing=_EXAMPLE,
        count=effect.count,
        order_kind=example.kind,
        billing=example.billing,
        raised=day(example.raised),
        asked=day(example.asked),
        reason=example.reason,
        finding=words.word("finding", example.finding)
        if example.finding
        else words.word("value", "none"),
        old=_answer(effect.old, words),
        new=_answer(effect.new, words),
    )


def label(key: str, language: Language, **facts: str) -> str:
    """A heading, or the sentence that says that nothing is to be told."""
    return catalogue(language).say("difference", key, showing=_EXAMPLE, audience="staff", **facts)


def _key(change: Change, words: Catalogue) -> str:
    """The name of a parameter, or of a condition with what it does."""
    part, _, name = change.key.rpartition(".")
    if change.code.startswith("reading") or change.code in ("text", "title"):
        return words.word("language", change.key)
    told = words.word("parameter", name)
    return f"{words.word('parameter', part)}, {told}" if part else told


def _answer(decision: Decision, words: Catalogue) -> str:
    outcome = words.word("outcome", decision.outcome)
    paid = decision.amount + decision.tax.refund
    amount = f" {_EXAMPLE.money(paid, words)}" if paid else ""
    clause = f" ({decision.settled_by})" if decision.settled_by else ""
    return f"{outcome}{amount}{clause}"


def _value(key: str, value: Any, language: Language) -> str:
    words = catalogue(language)
    kind = _VOCABULARY.get(key, "value")
    if value is None or value == frozenset() or value == ():
        return words.word("value", "none")
    if isinstance(value, bool):
        return words.word("value", "yes" if value else "no")
    if isinstance(value, Span):
        return _EXAMPLE.show(value, "span", words)
    if isinstance(value, datetime):
        return _EXAMPLE.show(value, "day", words)
    if isinstance(value, Amounts):
        return _listed([_money(each) for each in value.by_currency.values()], words)
    if isinstance(value, Mapping):  # the texts of a clause by language
        return str(value.get(language) or next(iter(value.values()), ""))
    if isinstance(value, frozenset):
        return _listed(sorted(_value(key, each, language) for each in value), words)
    if isinstance(value, tuple):
        return _listed([_value(key, each, language) for each in value], words)
    if is_dataclass(value) and type(value).__str__ is object.__str__:
        parts = (_value(f.name, getattr(value, f.name), language) for f in fields(value))
        return " / ".join(parts)
    return words.word(kind, value) if isinstance(value, str) else str(value)


def _money(amount: Money) -> str:
    return f"{amount} {amount.currency}"


def _listed(texts: list[str], words: Catalogue) -> str:
    return _EXAMPLE.show(tuple(texts), "", words)
