"""`refunddesk policy`: judge claims by a policy document, without a server or a database.

Commands that need more than that have modules of their own, read when they are called.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

import click

from refunddesk.cli import Commands
from refunddesk.policy.claim import Claim
from refunddesk.policy.document import PolicyNotValid, load_built_in, load_policy
from refunddesk.policy.interchange import MOST_BYTES, ClaimNotValid, parse_claim_text
from refunddesk.policy.judge import judge
from refunddesk.policy.version import Policy


class NotJudged(click.ClickException):
    """Input that is not valid: one line on standard error, and exit code 2."""

    exit_code = 2

    def format_message(self) -> str:
        return " ".join(super().format_message().split())


_PLACES = {
    "check": (
        "policy_check:check",
        "Check a policy document: a file, a folder of versions, or a built-in policy's name.",
    ),
    "kinds": ("policy_documents:kinds", "List the kinds of clause, or show the page of one."),
    "new": (
        "policy_documents:new",
        "Write NAME.toml, a policy of your own, as a copy of a template.",
    ),
    "templates": ("policy_documents:templates", "List the policies that a store can begin from."),
    "diff": (
        "policy_diff:diff",
        "Say what NEW changes against OLD: clause by clause, and on examples.",
    ),
    "explain": (
        "policy_words:explain_command",
        'Say in words what a claim gets and why; "-" reads the claim from standard input.',
    ),
    "page": (
        "policy_page:page_command",
        "Write the page of a policy: clauses in words, with examples worked out by the judge.",
    ),
    "quote": (
        "policy_words:quote_command",
        'Print as JSON what a claim gets now and at every step to come; "-" reads standard input.',
    ),
    "replay": (
        "policy_replay:replay",
        "Say what a policy would have paid, against what was paid or against another policy.",
    ),
}


@click.group(cls=Commands, places=_PLACES)
def policy() -> None:
    """Judge claims by a refund policy, say it in words, and see what a change would do."""


@policy.command("judge")
@click.argument("source", metavar="CLAIM.json")
@click.option("--policy", "file", metavar="FILE", help="Judge by this document or folder.")
@click.option("--lines", is_flag=True, help="One claim per line in, one decision per line out.")
def judge_command(source: str, file: str | None, lines: bool) -> None:
    """Print the decision on a claim as JSON; "-" reads the claim from standard input.

    Without --policy the claim names a built-in policy.
    """
    with answered_in_one_line(source):
        given = load_policy(file) if file is not None else None
        with click.open_file(source, "rb") as claims:
            if lines:
                for line in each_line(claims, given, _decision):
                    click.echo(line)
            else:
                click.echo(json.dumps(read_one(claims, given, _decision), indent=2))


#: What is made of one claim: a JSON object.
Answering = Callable[[Claim, Policy], dict[str, object]]


@contextmanager
def answered_in_one_line(source: str) -> Iterator[None]:
    """Have input that is not valid told in one line, with exit code 2."""
    try:
        yield
    except (ClaimNotValid, PolicyNotValid) as error:
        raise NotJudged(str(error)) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise NotJudged(f"{source}: cannot be read: {error.strerror}") from error


def each_line(claims: IO[bytes], given: Policy | None, answering: Answering) -> Iterator[str]:
    """One JSON line per line of `claims`; a line that is not valid does not stop the others."""
    for line in _bounded(claims):
        try:
            answer = _read_and(line, given, answering)
        except (ClaimNotValid, PolicyNotValid) as error:
            answer = {"error": str(error)}
        yield json.dumps(answer)


def _bounded(claims: IO[bytes]) -> Iterator[bytes]:
    """The lines; of one that is too long for a claim no more is kept than shows that it is."""
    most = MOST_BYTES + 1
    while line := claims.readline(most):
        yield line.removesuffix(b"\n")
        rest = line
        while len(rest) == most and not rest.endswith(b"\n"):
            rest = claims.readline(most)


def read_one(claims: IO[bytes], given: Policy | None, answering: Answering) -> dict[str, object]:
    """The answer to the one claim there is."""
    return _read_and(claims.read(MOST_BYTES + 1), given, answering)


def _read_and(text: bytes, given: Policy | None, answering: Answering) -> dict[str, object]:
    claim = parse_claim_text(text)
    return answering(claim, given or _named_by(claim))


def _named_by(claim: Claim) -> Policy:
    try:
        return load_built_in(claim.policy)
    except PolicyNotValid as error:
        raise ClaimNotValid("policy", str(error)) from error


def _decision(claim: Claim, by: Policy) -> dict[str, object]:
    return judge(claim, by).to_json()
