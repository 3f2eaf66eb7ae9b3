"""`refunddesk policy explain` and `quote`: what the judge says of a claim, for people."""

from __future__ import annotations

import json
from typing import cast

import click

from refunddesk.cli.policy import answered_in_one_line, each_line, read_one
from refunddesk.policy.claim import Claim
from refunddesk.policy.document import load_policy
from refunddesk.policy.judge import judge
from refunddesk.policy.quote import make_quote
from refunddesk.policy.version import Policy
from refunddesk.policy.wording import LANGUAGES, Audience, Explanation, Language, explain
from refunddesk.policy.wording.catalogue import AUDIENCES
from refunddesk.policy.wording.plain import plain_text


@click.command("explain")
@click.argument("source", metavar="CLAIM.json")
@click.option("--policy", "file", metavar="FILE", help="Judge by this document or folder.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option(
    "--for", "audience", type=click.Choice(AUDIENCES), default="customer", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="The explanation as JSON.")
@click.option("--lines", is_flag=True, help="One claim per line in, one JSON line per line out.")
def explain_command(
    source: str, file: str | None, lang: str, audience: str, as_json: bool, lines: bool
) -> None:
    """Say in words what a claim gets and why; "-" reads the claim from standard input.

    Without --policy the claim names a built-in policy.
    """

    def told(claim: Claim, by: Policy) -> Explanation:
        decision = judge(claim, by)
        return explain(
            decision,
            claim,
            language=cast(Language, lang),
            audience=cast(Audience, audience),
            policy=by,
        )

    def in_json(claim: Claim, by: Policy) -> dict[str, object]:
        return told(claim, by).to_json()

    def in_text(claim: Claim, by: Policy) -> dict[str, object]:
        return {"text": plain_text(told(claim, by))}

    with answered_in_one_line(source):
        given = load_policy(file) if file is not None else None
        with click.open_file(source, "rb") as claims:
            if lines:
                for line in each_line(claims, given, in_json):
                    click.echo(line)
            elif as_json:
                answer = read_one(claims, given, in_json)
                click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
            else:
                click.echo(read_one(claims, given, in_text)["text"])


@click.command("quote")
@click.argument("source", metavar="CLAIM.json")
@click.option("--policy", "file", metavar="FILE", help="Quote by this document or folder.")
@click.option("--lines", is_flag=True, help="One claim per line in, one quote per line out.")
def quote_command(source: str, file: str | None, lines: bool) -> None:
    """Print as JSON what a claim gets now and at every step to come; "-" reads standard input.

    `as_it_is` lets only time pass; `conditions_met` supposes at each instant that the case is
    open, a fault found, the refund asked for, and the licence off.
    """
    with answered_in_one_line(source):
        given = load_policy(file) if file is not None else None
        with click.open_file(source, "rb") as claims:
            if lines:
                for line in each_line(claims, given, _quotes):
                    click.echo(line)
            else:
                click.echo(json.dumps(read_one(claims, given, _quotes), indent=2))


def _quotes(claim: Claim, by: Policy) -> dict[str, object]:
    return {
        "as_it_is": make_quote(claim, by, "as_it_is").to_json(),
        "conditions_met": make_quote(claim, by, "conditions_met").to_json(),
    }
