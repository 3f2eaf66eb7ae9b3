"""Which tests hold each clause; `python -m tests.policy.coverage` writes docs/policy/coverage.md.

A test holds a clause of the built-in policy where it names the clause's id, as in "refuse by R-1A".
The claims that templates are held to are judged here: a claim holds the clauses that settled it or
shaped its amount.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from refunddesk.policy.document import load_policy
from refunddesk.policy.judge import judge
from refunddesk.policy.kindpages import example_claim
from refunddesk.policy.templates import list_templates, load_template
from refunddesk.policy.version import Policy
from tests.policy import pairs_of_built_in, pairs_of_kinds, pairs_of_time
from tests.policy.pairs import (
    Pair,
    boundaries_of_kinds,
    boundaries_of_the_built_in_policy,
)
from tests.policy.test_templates import GIVES

PAGE = Path(__file__).parents[2] / "docs" / "policy" / "coverage.md"
_TESTS = Path(__file__).parent
#: The modules whose tests judge claims by the built-in policy.
_JUDGING = ("clauses", "readings", "judge")

#: By document and clause: the kinds it is made of, and the names of its tests.
Held = dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]]


@cache
def holders() -> Held:
    held: Held = {"crmjetty": _built_in()}
    for name in sorted(list_templates()):
        held[name] = _template(name)
    return held


def coverage_page() -> str:
    parts = [
        "# Which tests hold which clause",
        "Written by `python -m tests.policy.coverage`; a test fails while it is out of date, or",
        "while a clause of a document that comes with Refund Desk has no test. Every kind",
        "of clause has the examples of [its page](kinds/README.md) besides.",
    ]
    lines = [parts[0], "", *parts[1:]]
    for document, clauses in holders().items():
        lines += ["", f"## {document}", "", "| clause | kinds | held by |", "|---|---|---|"]
        for clause, (kinds, names) in clauses.items():
            told = "<br>".join(names[:6]) + (f"<br>and {len(names) - 6} more" if names[6:] else "")
            lines.append(f"| {clause} | {', '.join(f'`{kind}`' for kind in kinds)} | {told} |")
    return "\n".join([*lines, *_boundaries()]) + "\n"


def every_pair() -> list[Pair]:
    return [*pairs_of_time.PAIRS, *pairs_of_kinds.PAIRS, *pairs_of_built_in.PAIRS]


def _boundaries() -> Iterator[str]:
    """Which pairs hold each boundary: those of the built-in policy's clauses, and of all kinds."""
    yield from ("", "## Boundaries", "")
    yield "At each of these an answer turns. A pair is judged in the last second inside (or with"
    yield "the last count) and in the first one outside; a test fails while a boundary has none."
    for title, boundaries in (
        ("clause of crmjetty", boundaries_of_the_built_in_policy()),
        ("kind", boundaries_of_kinds()),
    ):
        yield from ("", f"| {title} | boundary | pairs |", "|---|---|---|")
        for boundary in dict.fromkeys(boundaries):
            words = [pair.words for pair in every_pair() if boundary in pair.holds]
            told = "<br>".join(words[:6]) + (f"<br>and {len(words) - 6} more" if words[6:] else "")
            whose, _, what = boundary.partition(" " if " " in boundary else ".")
            yield f"| {whose} | `{what}` | {told} |"


def _built_in() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    named = list(_names_and_literals())
    return {
        clause: (kinds, tuple(test for test, ids in named if clause in ids))
        for clause, kinds in _kinds_of(load_policy("crmjetty")).items()
    }


def _template(name: str) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    policy = load_template(name)
    held: dict[str, list[str]] = {clause: [] for clause in _kinds_of(policy)}
    for template, changes, expected in GIVES:
        if template != name:
            continue
        decision = judge(example_claim(changes), policy)
        for finding in decision.findings:
            tax_follows = finding.clause == "tax" and bool(decision.tax.refund)
            if finding.says not in ("clear", "does_not_apply") or tax_follows:
                held[finding.clause].append(expected)
    return {
        clause: (kinds, tuple(dict.fromkeys(held[clause])))
        for clause, kinds in _kinds_of(policy).items()
    }


def _kinds_of(policy: Policy) -> dict[str, tuple[str, ...]]:
    kinds: dict[str, list[str]] = {}
    for clause in policy.versions[0].clauses:
        kinds.setdefault(clause.id, []).append(clause.kind.name)
    return {clause: tuple(dict.fromkeys(used)) for clause, used in kinds.items()}


def _names_and_literals() -> Iterator[tuple[str, set[str]]]:
    """Each test's name in words, and the clause ids among the texts in it and its decorators."""
    for path in (_TESTS / f"test_{name}.py" for name in _JUDGING):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                texts = (n.value for n in ast.walk(node) if isinstance(n, ast.Constant))
                ids = {word for text in texts if isinstance(text, str) for word in _ids(text)}
                yield node.name.removeprefix("test_").replace("_", " "), ids


def _ids(text: str) -> list[str]:
    return re.findall(r"\b(?:R-\d[A-Z]?(?:\.\d)?|dispute)\b", text)


if __name__ == "__main__":
    PAGE.write_text(coverage_page(), encoding="utf-8")
