"""What a check doubts about a document, and what its owner has accepted of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something to look at. `rule` and `about` together name it; `says` is a sentence.

    `about` names clauses, or what the doubt is of where no clause is behind it. `source` is
    where a rule of law is written, and when that was looked at.
    """

    rule: str
    about: tuple[str, ...]
    says: str
    source: str | None = None

    def to_json(self) -> dict[str, object]:
        found: dict[str, object] = {
            "rule": self.rule,
            "about": list(self.about),
            "says": self.says,
        }
        return found | {"source": self.source} if self.source else found


@dataclass(frozen=True, slots=True)
class Accepted:
    """A doubt that somebody answers for: who, on which day, and why."""

    rule: str
    about: tuple[str, ...]
    by: str
    on: date
    why: str

    def covers(self, doubt: Doubt) -> bool:
        return self.rule == doubt.rule and set(self.about) == set(doubt.about)


def split_by_acceptance(
    doubts: Iterable[Doubt], accepted: Iterable[Accepted]
) -> tuple[list[Doubt], list[tuple[Doubt, Accepted]]]:
    """The doubts still open, and those answered for.

    What is accepted but not doubted is a doubt too: the document has changed since.
    """
    answers = list(accepted)
    still_open: list[Doubt] = []
    answered: list[tuple[Doubt, Accepted]] = []
    for doubt in doubts:
        answer = next((each for each in answers if each.covers(doubt)), None)
        if answer:
            answered.append((doubt, answer))
        else:
            still_open.append(doubt)
    used = [answer for _, answer in answered]
    for answer in answers:
        if answer not in used:
            says = f"{answer.by} accepted a doubt of rule {answer.rule} which is not there any more"
            still_open.append(Doubt("accepted-in-vain", (answer.rule, *answer.about), says))
    return still_open, answered
