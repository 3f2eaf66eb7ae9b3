"""An explanation as plain text, as a terminal or a mail shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from refunddesk.policy.wording.catalogue import catalogue
from refunddesk.policy.wording.said import AmountLine, Explanation


def plain_text(said: Explanation) -> str:
    """Paragraphs, amounts in columns, lists with dashes; ends without a line break."""
    blocks = [_paragraph(said), _amounts(said)]
    for heading, sentences in (
        ("awaited", said.awaits),
        ("changes", said.changes),
        ("effects", said.effects),
    ):
        blocks.append(_listed(_heading(said, heading), sentences))
    blocks.append(_trace(said))
    blocks.append(said.zone)
    return "\n\n".join(block for block in blocks if block)


def _paragraph(said: Explanation) -> str:
    return "\n".join(part for part in (said.headline, said.reason) if part)


def _amounts(said: Explanation) -> str:
    if said.total is None:
        return ""
    rows = [row for line in said.lines for row in _rows(line)]
    rows.append((said.total.label, said.total.text))
    label = max(len(name) for name, _ in rows)
    amount = max(len(text) for _, text in rows)
    return "\n".join(f"{name:<{label}}  {text:>{amount}}".rstrip() for name, text in rows)


def _rows(line: AmountLine) -> Iterator[tuple[str, str]]:
    yield line.label, ""
    for part in line.parts:
        yield f"  {part.label}", part.text


def _listed(heading: str, sentences: Iterable[str]) -> str:
    lines = [f"- {sentence}" for sentence in sentences]
    return "\n".join([heading, *lines]) if lines else ""


def _trace(said: Explanation) -> str:
    if not said.trace:
        return ""
    clause = max(len(step.clause) for step in said.trace)
    word = max(len(step.word) for step in said.trace)
    rows = [
        f"{step.clause:<{clause}}  {step.word:<{word}}  {step.sentence}".rstrip()
        for step in said.trace
    ]
    return "\n".join([_heading(said, "trace"), *rows])


def _heading(said: Explanation, key: str) -> str:
    labels = catalogue(said.language).entries["label"]
    return f"{labels[key]}{labels['colon']}"
