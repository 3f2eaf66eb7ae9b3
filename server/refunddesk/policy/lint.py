"""Looks a valid document over for what its owner cannot have meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from itertools import combinations
from typing import Any

from refunddesk.policy.clause import Clause
from refunddesk.policy.doubts import Doubt
from refunddesk.policy.examples import PAID_AT, SORTS
from refunddesk.policy.facts import Anchor, Event
from refunddesk.policy.law import collisions
from refunddesk.policy.reach import unreached
from refunddesk.policy.version import PolicyVersion
from refunddesk.worktime import Span, span_end

LANGUAGES = {"en": "English", "fr": "French", "de": "German"}


def lint(version: PolicyVersion) -> list[Doubt]:
    """Every doubt about one version, the plainest first."""
    return [
        *_missing_texts(version),
        *_unused_readings(version),
        *_contradictions(version),
        *_overlapping_windows(version),
        *unreached(version),
        *collisions(version),
    ]


def _missing_texts(version: PolicyVersion) -> Iterator[Doubt]:
    told: dict[str, set[str]] = {}
    for clause in version.clauses:
        told.setdefault(clause.id, set()).update(clause.texts)
    for language, name in LANGUAGES.items():
        silent = [clause for clause, languages in told.items() if language not in languages]
        silent += [
            f"readings.{reading}"
            for reading, texts in version.reading_texts.items()
            if language not in texts
        ]
        if language not in version.title:
            silent.insert(0, "title")
        if silent:
            listed = ", ".join(silent)
            yield Doubt("missing-text", (language,), f"There is no {name} text of {listed}.")


def _unused_readings(version: PolicyVersion) -> Iterator[Doubt]:
    for name in version.unused_readings:
        yield Doubt("unused-reading", (name,), f"No clause takes the reading {name}.")


def _contradictions(version: PolicyVersion) -> Iterator[Doubt]:
    for one, other in combinations(version.clauses, 2):
        if not _meet(one, other):
            continue
        if _same_conditions(one, other) and one.id == other.id and one.kind is other.kind:
            if one.params != other.params:
                says = f"{one.id} has two parts for the same purchases that say different things."
                yield Doubt("contradiction", (one.id,), says)
            continue
        for refusing, accepting in ((one, other), (other, one)):
            if both := _refused_of(refusing) & _accepted_of(accepting):
                named = ", ".join(sorted(both))
                says = f"{refusing.id} refuses what {accepting.id} accepts: {named}."
                yield Doubt("contradiction", (refusing.id, accepting.id), says)


def _refused_of(clause: Clause) -> frozenset[str]:
    """The reasons or findings on which a clause refuses out of hand."""
    if clause.kind.name == "refused_reasons":
        return frozenset(f"reason {each}" for each in clause.params.reasons)
    if clause.kind.name == "refused_findings":
        return frozenset(f"finding {each}" for each in clause.params.findings)
    if clause.kind.name == "fault":
        return frozenset(f"finding {each}" for each in clause.params.refused)
    return frozenset()


def _accepted_of(clause: Clause) -> frozenset[str]:
    """The reasons or findings that a clause lists because it wants them."""
    found: frozenset[str] = frozenset()
    if clause.kind.name == "accepted_reasons":
        found |= {f"reason {each}" for each in clause.params.reasons}
    if clause.kind.name == "fault":
        found |= {f"finding {each}" for each in clause.params.accepted}
    if clause.pays:
        found |= {f"reason {each}" for each in clause.applies_to.reasons}
        found |= {f"finding {each}" for each in clause.applies_to.findings}
    return found


def _overlapping_windows(version: PolicyVersion) -> Iterator[Doubt]:
    """A grant whose time an earlier clause cuts short."""
    seen = set()
    for number, late in enumerate(version.clauses):
        for early in version.clauses[:number]:
            cut = _cuts_short(early, late)
            if cut and (early.id, late.id) not in seen:
                seen.add((early.id, late.id))
                shorter, longer = cut
                says = (
                    f"{late.id} gives {longer}, but {early.id} ends the matter after {shorter} "
                    f"for the same purchases."
                )
                yield Doubt("overlapping-windows", (early.id, late.id), says)


def _cuts_short(early: Clause, late: Clause) -> tuple[Span, Span] | None:
    if early.kind.name not in ("window", "fault") or not late.pays or not _meet(early, late):
        return None
    if early.unless or late.unless:
        return None  # one of them may step aside; the examples tell
    one, other = _window_of(early.params), _window_of(late.params)
    if one is None or other is None or one[1:] != other[1:]:
        return None
    shorter, longer = one[0], other[0]
    if span_end(shorter, PAID_AT, UTC) >= span_end(longer, PAID_AT, UTC):
        return None
    return shorter, longer


def _window_of(params: Any) -> tuple[Span, Anchor, Event] | None:
    """The length of a clause's window, from what it counts, and what must fall within it."""
    steps = getattr(params, "steps", None)
    within = steps[-1].within if steps else getattr(params, "within", None)
    if not isinstance(within, Span) or getattr(params, "grace", None):
        return None
    return within, params.counted_from, getattr(params, "event", "raised")


def _meet(one: Clause, other: Clause) -> bool:
    """Whether some purchase is surely for both: they ask nothing but kind and billing."""
    return any(one.applies_to.of_sort(*sort) and other.applies_to.of_sort(*sort) for sort in SORTS)


def _same_conditions(one: Clause, other: Clause) -> bool:
    return one.applies_to == other.applies_to and one.unless == other.unless
