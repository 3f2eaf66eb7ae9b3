"""What an explanation consists of: sentences, amounts line by line, and the trace for staff."""

from __future__ import annotations

from dataclasses import dataclass

from refunddesk.money import Money
from refunddesk.policy.wording.catalogue import Audience, Language


@dataclass(frozen=True, slots=True)
class Amount:
    """A labelled amount; `clause` is the one that took it, where one did."""

    label: str
    amount: Money
    text: str
    clause: str | None = None

    def to_json(self) -> dict[str, object]:
        said: dict[str, object] = {
            "label": self.label,
            "amount": str(self.amount),
            "text": self.text,
        }
        return said | {"clause": self.clause} if self.clause else said


@dataclass(frozen=True, slots=True)
class AmountLine:
    """One line of the order, or its tax: `paid` less `deductions` is `back`."""

    label: str
    paid: Amount
    deductions: tuple[Amount, ...]
    back: Amount

    @property
    def parts(self) -> tuple[Amount, ...]:
        """All amounts in the order of reckoning."""
        return (self.paid, *self.deductions, self.back)

    def to_json(self) -> dict[str, object]:
        return {
            "label": self.label,
            "paid": self.paid.to_json(),
            "deductions": [each.to_json() for each in self.deductions],
            "back": self.back.to_json(),
        }


@dataclass(frozen=True, slots=True)
class TraceStep:
    """What one clause said, in words, and why; `items` are the ids of lines it is only about."""

    clause: str
    says: str
    word: str
    sentence: str
    settles: bool = False
    items: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        said: dict[str, object] = {"clause": self.clause, "says": self.word}
        if self.items:
            said["items"] = list(self.items)
        return said | {"because": self.sentence}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision in the words of one language, for one reader.

    `reason` is empty where the amounts say it all; where the lines do not all get the same it has
    a sentence for each, or for those that do. `lines` are empty where no clause offered
    money. `trace` has every clause that spoke, in the document's order; it is for staff alone.
    """

    language: Language
    audience: Audience
    headline: str
    reason: str
    lines: tuple[AmountLine, ...]
    total: Amount | None
    awaits: tuple[str, ...]
    changes: tuple[str, ...]
    effects: tuple[str, ...]
    trace: tuple[TraceStep, ...]
    zone: str

    def to_json(self) -> dict[str, object]:
        said: dict[str, object] = {
            "language": self.language,
            "audience": self.audience,
            "headline": self.headline,
            "reason": self.reason,
            "lines": [line.to_json() for line in self.lines],
            "total": self.total.to_json() if self.total else None,
            "awaits": list(self.awaits),
            "changes": list(self.changes),
            "effects": list(self.effects),
            "zone": self.zone,
        }
        if self.audience == "staff":
            said["trace"] = [step.to_json() for step in self.trace]
        return said
