"""Merging: the parts of an order, each judged by itself, told as one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from refunddesk.policy.claim import Claim
from refunddesk.policy.decision import RIVAL_EFFECTS, Finding, Outcome, Why
from refunddesk.policy.shaping import Shares
from refunddesk.policy.trial import Trial

#: An order's outcome is the first of these that a part of it has: no money is talked about while
#: a person or somebody awaited may still change what goes back with it.
_MOST_PRESSING: tuple[Outcome, ...] = ("review", "await", "refund", "refuse")
_LINE = re.compile(r"order\.items\[(\d+)\]")


def merge(trials: Sequence[Trial], shares: Shares | None) -> Trial:
    """The part that speaks for the order: the first of those with the most pressing outcome.

    Parts whose refunds would contradict each other go to a person. Where the money of the order
    is known, what a refusal takes of its lines is noted with it.
    """
    if all(trial.outcome in ("refund", "refuse") for trial in trials):
        _leave_rivals_to_a_person([trial for trial in trials if trial.outcome == "refund"])
    if shares and all(t.is_held or t.outcome in ("refund", "refuse") for t in trials):
        for trial in trials:
            if trial.outcome == "refuse" and trial.granted < 0:
                _note_refused(trial)
    return min(trials, key=lambda trial: _MOST_PRESSING.index(trial.outcome))


def _leave_rivals_to_a_person(refunded: Sequence[Trial]) -> None:
    """A refund cannot end a licence for one line and leave it for another: somebody chooses."""
    for one, other in combinations(refunded, 2):
        for rivals in RIVAL_EFFECTS:
            both = sorted((set(one.effects) | set(other.effects)) & rivals)
            if len(both) > 1 and not rivals & set(one.effects) & set(other.effects):
                clause = other.findings[other.granted].clause
                said = Finding(clause, "review", Why("effects_differ", {"effects": tuple(both)}))
                other.findings.append(said)
                other.settle(said)
                return


def _note_refused(trial: Trial) -> None:
    """Have the clause that refused the part say that it took the whole price of each line."""
    took = tuple(
        (item.id, item.paid)
        for item in trial.claim.order.items
        if item.paid and item.id not in trial.bars
    )
    assert trial.settled is not None, "something refused it"
    at = trial.findings.index(trial.settled)
    trial.settled = trial.findings[at] = trial.settled._replace(took=took)


def merged_findings(claim: Claim, trials: Sequence[Trial]) -> list[Finding]:
    """What the clauses said to all parts, in the order of trying.

    Once where they said the same; where they differ, once for each, with the lines it was said of.
    """
    said: dict[int, list[tuple[Finding, list[int]]]] = {}
    for trial in trials:
        for place, finding in _placed(trial):
            known = said.setdefault(place, [])
            same = next((n for n, (one, _) in enumerate(known) if _is_same(one, finding)), None)
            if same is None:
                known.append((finding, list(trial.lines)))
                continue
            one, lines = known[same]
            took = dict(one.took) | dict(finding.took)
            known[same] = (one._replace(took=tuple(took.items())), [*lines, *trial.lines])
    items = claim.order.items
    merged = []
    for place in sorted(said):
        for finding, lines in said[place]:
            of = tuple(items[line].id for line in sorted(lines))
            merged.append(finding._replace(items=() if len(of) == len(items) else of))
    return merged


def _placed(trial: Trial) -> Iterator[tuple[int, Finding]]:
    """Each finding of the part with the place of the clause that said it."""
    plan = trial.plan
    decided = plan.decide if trial.granted < 0 else plan.decide[: trial.granted + 1]
    places = [step.place for step in (*decided, *plan.limits, *plan.gates)]
    for index, finding in enumerate(trial.findings):
        place = places[index] if index < len(places) else places[-1] + 1
        yield place, _counted_in_the_order(finding, trial)


def _counted_in_the_order(finding: Finding, trial: Trial) -> Finding:
    """A fact of a line is named by the line's place in the order, not in the part."""
    why = finding.why
    if why is None or why.code != "fact_missing":
        return finding
    fact = _LINE.sub(
        lambda found: f"order.items[{trial.lines[int(found[1])]}]", str(why.facts["fact"])
    )
    return finding._replace(why=why._replace(facts={"fact": fact}))


def _is_same(one: Finding, other: Finding) -> bool:
    return (one.says, one.why, one.awaits) == (other.says, other.why, other.awaits)
