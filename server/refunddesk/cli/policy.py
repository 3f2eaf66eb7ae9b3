"""`refunddesk policy`: judge claims by a policy document, without a server or a database.

Commands that need more than that have modules of their own, read when they are called.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO

import click

from refunddesk.cli import Commands
from refunddesk.policy.document import PolicyNotValid, load_built_in, load_policy
from refunddesk.policy.interchange import ClaimNotValid, parse_claim_text
from refunddesk.policy.judge import judge
from refunddesk.policy.version import Policy


class NotJudged(click.ClickException):
    """Input that is not valid: one line on standard error, and exit code 2."""

    exit_code = 2

    def format_message(self) -> str:
        return " ".join(super().format_message().split())


_PLACES = {
    "check": "policy_check:check",
    "diff": "policy_diff:diff",
    "replay": "policy_replay:replay",
}


@click.group(cls=Commands, places=_PLACES)
def policy() -> None:
    """Judge claims by a refund policy, check a policy, and see what it would change."""


@policy.command("judge")
@click.argument("source", metavar="CLAIM.json")
@click.option("--policy", "file", metavar="FILE", help="Judge by this document or folder.")
@click.option("--lines", is_flag=True, help="One claim per line in, one decision per line out.")
def judge_command(source: str, file: str | None, lines: bool) -> None:
    """Print the decision on a claim as JSON; "-" reads the claim from standard input.

    Without --policy the claim names a built-in policy.
    """
    try:
        given = load_policy(file) if file is not None else None
        with click.open_file(source, "rb") as claims:
            if lines:
                for line in _decisions(claims, given):
                    click.echo(line)
            else:
                click.echo(json.dumps(_decision(claims.read(), given), indent=2))
    except (ClaimNotValid, PolicyNotValid) as error:
        raise NotJudged(str(error)) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise NotJudged(f"{source}: cannot be read: {error.strerror}") from error


def _decisions(claims: IO[bytes], given: Policy | None) -> Iterator[str]:
    """One JSON line per line of `claims`; a line that is not valid does not stop the others."""
    for line in claims:
        try:
            answer = _decision(line, given)
        except (ClaimNotValid, PolicyNotValid) as error:
            answer = {"error": str(error)}
        yield json.dumps(answer)


def _decision(text: bytes, given: Policy | None) -> dict[str, object]:
    claim = parse_claim_text(text)
    return judge(claim, given or load_built_in(claim.policy)).to_json()
