"""In what two versions of a policy differ, clause by clause, and on which examples that tells."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC
from typing import Any

from refunddesk.policy.clause import Clause
from refunddesk.policy.conditions import Conditions
from refunddesk.policy.decision import Decision
from refunddesk.policy.examples import PAID_AT, Example, examples
from refunddesk.policy.judge import judge
from refunddesk.policy.values import Percent
from refunddesk.policy.version import Policy, PolicyVersion
from refunddesk.worktime import Span, span_end


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `code` names its sentence (wording/difference.py); the rest fills it.

    `clause` is None for what concerns the whole document. `key` names a parameter, a condition
    ("applies_to.billing"), a reading or a key of the document.
    """

    code: str
    clause: str | None = None
    key: str = ""
    old: Any = None
    new: Any = None


@dataclass(frozen=True, slots=True)
class Effect:
    """Examples of one sort that the two versions answer differently in the same way.

    `example` is the first of `count`, with what the old and the new version say of it.
    """

    example: Example
    old: Decision
    new: Decision
    count: int


def changes(old: PolicyVersion, new: PolicyVersion) -> list[Change]:
    """Every difference, the document's own first and then in the new one's order of clauses."""
    found: list[Change] = []
    for several in (_of_document, _of_readings, _of_presence, _of_order, _of_clauses):
        # Parts of one clause often change alike: that is told once.
        for each in several(old, new):
            if each not in found:
                found.append(each)
    return found


def effects(old: PolicyVersion, new: PolicyVersion) -> list[Effect]:
    """The examples on which the two differ, gathered by sort and by how they are answered."""
    before, after = Policy(old.policy, (old,)), Policy(new.policy, (new,))
    found: dict[tuple[object, ...], Effect] = {}
    for example in examples(old, new):
        was, now = judge(example.claim, before), judge(example.claim, after)
        if _answer(was) == _answer(now):
            continue
        sort = (example.kind, example.billing, was.outcome, was.settled_by, now.outcome)
        known = found.get((*sort, now.settled_by))
        found[*sort, now.settled_by] = (
            Effect(known.example, known.old, known.new, known.count + 1)
            if known
            else Effect(example, was, now, 1)
        )
    return list(found.values())


def _answer(decision: Decision) -> tuple[object, ...]:
    return decision.outcome, decision.amount, decision.tax.refund, decision.held


def _of_document(old: PolicyVersion, new: PolicyVersion) -> Iterator[Change]:
    for key in ("in_force_from", "timezone", "judged_by"):
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield Change("becomes", None, key, before, after)
    if old.holidays != new.holidays:
        yield Change("holidays")
    for language in sorted({*old.title, *new.title}):
        if old.title.get(language) != new.title.get(language):
            before, after = old.title.get(language), new.title.get(language)
            yield Change("title", None, language, before, after)


def _of_readings(old: PolicyVersion, new: PolicyVersion) -> Iterator[Change]:
    for name in dict.fromkeys([*old.readings, *new.readings]):
        before, after = old.readings.get(name), new.readings.get(name)
        if name not in old.readings:
            yield Change("reading_added", None, name, None, after)
        elif name not in new.readings:
            yield Change("reading_removed", None, name, before, None)
        elif before != after:
            yield Change("reading", None, name, before, after)


def _of_presence(old: PolicyVersion, new: PolicyVersion) -> Iterator[Change]:
    before, after = _texts(old), _texts(new)
    for clause in after:
        if clause not in before:
            yield Change("added", clause, new=after[clause])
    for clause in before:
        if clause not in after:
            yield Change("removed", clause, old=before[clause])


def _texts(version: PolicyVersion) -> dict[str, dict[str, str]]:
    """The texts of each clause, over all its parts."""
    texts: dict[str, dict[str, str]] = {}
    for clause in version.clauses:
        texts.setdefault(clause.id, {}).update(clause.texts)
    return texts


def _of_order(old: PolicyVersion, new: PolicyVersion) -> Iterator[Change]:
    """The parts tried at another place among those that both versions have."""
    pairs = [(was, now) for was, now in _pairs(old, new) if was and now]
    place = {id(clause): index for index, clause in enumerate(old.clauses)}
    now_at = {id(clause): index for index, clause in enumerate(new.clauses)}
    in_new_order = sorted(pairs, key=lambda pair: now_at[id(pair[1])])
    stayed = _longest_rising([place[id(was)] for was, _ in in_new_order])
    told: set[str] = set()
    for index, (_, now) in enumerate(in_new_order):
        if index in stayed or now.id in told:
            continue
        told.add(now.id)
        first = now_at[id(now)] == 0
        after = "" if first else new.clauses[now_at[id(now)] - 1].id
        yield Change("first" if first else "moved", now.id, new=after)


def _longest_rising(numbers: Sequence[int]) -> set[int]:
    """The places of a longest rising sequence among `numbers`: what need not have moved."""
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, number in enumerate(numbers):
        at = bisect_left(ends, number)
        before.append(places[at - 1] if at else -1)
        ends[at : at + 1] = [number]
        places[at : at + 1] = [place]
    rising: set[int] = set()
    place = places[-1] if places else -1
    while place >= 0:
        rising.add(place)
        place = before[place]
    return rising


def _pairs(old: PolicyVersion, new: PolicyVersion) -> list[tuple[Clause | None, Clause | None]]:
    """The parts of each clause that belong together: alike as far as can be, then by order."""
    pairs: list[tuple[Clause | None, Clause | None]] = []
    for clause in dict.fromkeys(each.id for each in (*new.clauses, *old.clauses)):
        before = [each for each in old.clauses if each.id == clause]
        after = [each for each in new.clauses if each.id == clause]
        for alike in (_same_place_and_kind, _same_kind, _any):
            for now in list(after):
                was = next((each for each in before if alike(each, now)), None)
                if was:
                    pairs.append((was, now))
                    before.remove(was)
                    after.remove(now)
        pairs += [(None, now) for now in after] + [(was, None) for was in before]
    return pairs


def _same_place_and_kind(was: Clause, now: Clause) -> bool:
    return _same_kind(was, now) and was.applies_to == now.applies_to and was.unless == now.unless


def _same_kind(was: Clause, now: Clause) -> bool:
    return was.kind.name == now.kind.name


def _any(was: Clause, now: Clause) -> bool:
    return True


def _of_clauses(old: PolicyVersion, new: PolicyVersion) -> Iterator[Change]:
    both = set(_texts(old)) & set(_texts(new))
    for was, now in _pairs(old, new):
        clause = now or was
        assert clause is not None
        if clause.id not in both:
            continue
        if was is None:
            yield Change("part_added", clause.id, "kind", new=clause.kind.name)
        elif now is None:
            yield Change("part_removed", clause.id, "kind", old=clause.kind.name)
        else:
            yield from _of_pair(was, now)
    before, after = _texts(old), _texts(new)
    for name in after:
        for language in sorted({*before.get(name, ()), *after[name]} if name in both else ()):
            if before[name].get(language) != after[name].get(language):
                texts = before[name].get(language), after[name].get(language)
                yield Change("text", name, language, *texts)


def _of_pair(was: Clause, now: Clause) -> Iterator[Change]:
    if was.kind.name != now.kind.name:
        yield Change("kind", now.id, "kind", was.kind.name, now.kind.name)
        return
    for field in fields(now.params) if is_dataclass(now.params) else ():
        before, after = getattr(was.params, field.name), getattr(now.params, field.name)
        if before != after:
            yield from _of_value(now.id, field.name, before, after)
    for part in ("applies_to", "unless"):
        before = getattr(was, part) or Conditions()
        after = getattr(now, part) or Conditions()
        for field in fields(Conditions):
            one, other = getattr(before, field.name), getattr(after, field.name)
            if one != other:
                yield Change("becomes", now.id, f"{part}.{field.name}", one or None, other or None)


def _of_value(clause: str, key: str, before: Any, after: Any) -> Iterator[Change]:
    more = _is_more(before, after)
    if more is not None:
        yield Change("grows" if more else "shrinks", clause, key, before, after)
    elif isinstance(before, frozenset) and isinstance(after, frozenset):
        if after - before:
            yield Change("gains", clause, key, None, after - before)
        if before - after:
            yield Change("loses", clause, key, before - after, None)
    else:
        yield Change("becomes", clause, key, before, after)


def _is_more(before: Any, after: Any) -> bool | None:
    """Whether `after` is longer or more; None where the two cannot be compared so."""
    if isinstance(before, Span) and isinstance(after, Span):
        ends = span_end(before, PAID_AT, UTC), span_end(after, PAID_AT, UTC)
        return None if ends[0] == ends[1] else ends[0] < ends[1]
    if isinstance(before, Percent) and isinstance(after, Percent):
        return before.hundredths < after.hundredths
    if type(before) is int and type(after) is int:
        return before < after
    return None
