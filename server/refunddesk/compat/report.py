"""Shows a check to a person, in plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator

from refunddesk.compat.finding import Finding, Level
from refunddesk.compat.surface import PRODUCT_NAMES
from refunddesk.compat.verdict import Check

_HEADINGS = {
    Level.ERROR: "What stops it",
    Level.WARNING: "What needs a look",
    Level.NOTE: "Good to know",
}
_WIDTH = 96
_SHOWN_UNREAD = 5
Lines = Callable[[str, int], str]


def report_of(
    check: Check, baseline_reason: str, line_of: Lines, *, everything: bool = False
) -> str:
    """The check as text; `line_of` reads a line of the plugin. `everything`: known places too."""
    static = check.static
    headers = static.facts.headers
    title = f"{headers.name} {headers.version}".strip()
    parts = [f"{title} on {static.target.title}"]
    if static.baseline is not None:
        parts.append(f"compared with {static.baseline.title} ({baseline_reason})")
    parts += ["", f"{check.verdict.value}: {check.reason}"]
    new = [finding for finding in check.findings if finding.new]
    for level, heading in _HEADINGS.items():
        kept = [finding for finding in new if finding.level is level]
        if kept:
            parts += ["", heading, *_paragraphs(kept, line_of)]
    standing = [finding for finding in check.findings if not finding.new]
    if standing and everything and static.baseline is not None:
        heading = f"The same on {static.baseline.title}"
        parts += ["", heading, *_paragraphs(standing, line_of)]
    parts += ["", *_coverage(check, 0 if everything else len(standing))]
    return "\n".join(parts)


def _paragraphs(findings: Iterable[Finding], line_of: Lines) -> Iterator[str]:
    for finding in findings:
        place = f"{finding.place.file}:{finding.place.line}"
        yield f"  {place}  {finding.symbol}  [{finding.rule}]"
        written = line_of(finding.place.file, finding.place.line)
        if written:
            yield f"      > {written[:_WIDTH]}"
        yield textwrap.fill(
            " ".join([finding.sentence, *_more(finding)]),
            _WIDTH,
            initial_indent="      ",
            subsequent_indent="      ",
            break_on_hyphens=False,
            break_long_words=False,
        )


def _more(finding: Finding) -> Iterator[str]:
    if finding.instead:
        yield f"Instead: {finding.instead}."
    product = PRODUCT_NAMES.get(finding.product, finding.product)
    if finding.last_seen and finding.core is not None:
        yield f"Last seen in {product} {finding.last_seen}, {finding.core.file}."
    elif finding.core is not None and finding.core.file:
        yield f"See {finding.core.file}:{finding.core.line}."
    if finding.confirmed_by == "static, dynamic":
        yield f"Seen on {finding.request}."
    if finding.remark:
        yield finding.remark


def _coverage(check: Check, hidden: int) -> Iterator[str]:
    static = check.static
    facts = static.facts
    if hidden and static.baseline is not None:
        places = "1 place is" if hidden == 1 else f"{hidden} places are"
        yield f"{places} the same on {static.baseline.title} (--all shows them)."
    yield f"Read: {facts.files_read} {'file' if facts.files_read == 1 else 'files'}."
    for reason in facts.unread[:_SHOWN_UNREAD]:
        yield f"Not read: {reason}."
    if len(facts.unread) > _SHOWN_UNREAD:
        yield f"Not read: {len(facts.unread) - _SHOWN_UNREAD} files more."
    for reason in facts.left_out:
        yield f"Left out: {reason}."
    if check.dynamic is None:
        yield "Not booted: this check reads the code only."
    elif check.dynamic.ran:
        yield f"Booted with PHP {check.dynamic.php}: {check.dynamic.coverage}."
        yield from check.dynamic.incomplete
        yield from check.dynamic.notes
    else:
        yield f"Not booted: {check.dynamic.reason}"
