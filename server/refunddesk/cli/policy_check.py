"""`refunddesk policy check`: is a document valid, and what in it should somebody look at?"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Sequence

import click

from refunddesk.cli.policy import NotJudged
from refunddesk.policy.document import PolicyNotValid, load_policy
from refunddesk.policy.doubts import Accepted, Doubt, split_by_acceptance
from refunddesk.policy.law import NOT_ADVICE
from refunddesk.policy.lint import lint
from refunddesk.policy.version import NoSuchVersion, PolicyVersion


@click.command()
@click.argument("source", metavar="FILE")
@click.option("--version", "name", metavar="NAME", help="This version; otherwise the newest.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def check(source: str, name: str | None, as_json: bool) -> None:
    """Check a policy document: a file, a folder of versions, or a built-in policy's name.

    Exits 0 where nothing is in doubt or all of it was accepted in the document, 1 where doubts
    are open, and 2 where the document is not valid.
    """
    try:
        policy = load_policy(source)
        version = policy.get_version(name) if name else policy.versions[-1]
    except (PolicyNotValid, NoSuchVersion) as error:
        raise NotJudged(str(error)) from error
    still_open, answered = split_by_acceptance(lint(version), version.accepted)
    if as_json:
        click.echo(json.dumps(_json(version, still_open, answered), indent=2))
    else:
        click.echo("\n".join(_text(version, still_open, answered)))
    sys.exit(1 if still_open else 0)


def _text(
    version: PolicyVersion,
    still_open: Sequence[Doubt],
    answered: Sequence[tuple[Doubt, Accepted]],
) -> Iterator[str]:
    counted = "1 doubt" if len(still_open) == 1 else f"{len(still_open) or 'no'} doubts"
    accepted = f", {len(answered)} accepted" if answered else ""
    yield f"{version.policy}, version {version.version}: valid, {counted}{accepted}."
    for doubt in still_open:
        yield from ("", f"{doubt.rule}: {', '.join(doubt.about) or 'the document'}")
        yield from _wrapped(doubt.says)
        if doubt.source:
            yield from _wrapped(f"Source: {doubt.source}.")
    for doubt, answer in answered:
        yield from ("", f"accepted: {doubt.rule}: {', '.join(doubt.about)}")
        yield from _wrapped(f"{answer.by}, {answer.on}: {answer.why}")
    if still_open:
        yield from ("", *_how_to_accept(still_open[0]))
    yield from ("", *textwrap.wrap(NOT_ADVICE, 88))


def _how_to_accept(doubt: Doubt) -> Iterator[str]:
    yield "Mend the document, or answer for a doubt in it:"
    yield "  [[accepted]]"
    yield f"  rule = {json.dumps(doubt.rule)}"
    if doubt.about:
        yield f"  about = {json.dumps(list(doubt.about))}"
    yield '  by = "who answers for it"'
    yield "  on = 2026-01-31"
    yield '  why = "the reason"'


def _wrapped(text: str) -> list[str]:
    # An address stays in one piece, so that it can be followed.
    return textwrap.wrap(
        text,
        88,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _json(
    version: PolicyVersion,
    still_open: Sequence[Doubt],
    answered: Sequence[tuple[Doubt, Accepted]],
) -> dict[str, object]:
    return {
        "policy": version.policy,
        "version": version.version,
        "doubts": [doubt.to_json() for doubt in still_open],
        "accepted": [
            doubt.to_json() | {"by": answer.by, "on": answer.on.isoformat(), "why": answer.why}
            for doubt, answer in answered
        ],
        "note": NOT_ADVICE,
    }
