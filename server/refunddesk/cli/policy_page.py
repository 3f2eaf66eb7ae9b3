"""`refunddesk policy page`: the public page of a policy as one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from refunddesk.cli.policy import NotJudged, answered_in_one_line
from refunddesk.clock import now
from refunddesk.money import NotMoney
from refunddesk.policy.claim import Store
from refunddesk.policy.document import load_policy
from refunddesk.policy.page import Publisher, page_content, page_html
from refunddesk.policy.version import NoSuchVersion, Policy, PolicyVersion
from refunddesk.policy.wording import LANGUAGES, Language
from refunddesk.worktime import NoSuchZone, zone


@click.command("page")
@click.option("--policy", "file", default="crmjetty", metavar="FILE", help="Of this document.")
@click.option("--version", "version", metavar="NAME", help="Of this version, not the one in force.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--store", "name", default="", metavar="NAME", help="The store it is the policy of.")
@click.option("--currency", default="EUR", show_default=True, help="Of the prices in examples.")
@click.option("--timezone", default="UTC", show_default=True, help="The store's time zone.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to this file.")
def page_command(
    file: str,
    version: str | None,
    lang: str,
    name: str,
    currency: str,
    timezone: str,
    output: Path | None,
) -> None:
    """Write the page of a policy: clauses in words, with examples worked out by the judge."""
    with answered_in_one_line(file):
        policy = load_policy(file)
        try:
            zone(timezone)
            terms = _terms(policy, version)
            publisher = Publisher(Store(timezone=timezone), name, currency)
            html = page_html(page_content(policy, terms, publisher, cast(Language, lang)))
        except (NoSuchVersion, NoSuchZone, NotMoney) as error:
            raise NotJudged(str(error)) from error
    if output is None:
        click.echo(html)
        return
    with answered_in_one_line(str(output)):
        output.write_text(html, encoding="utf-8")


def _terms(policy: Policy, version: str | None) -> PolicyVersion:
    return policy.get_version(version) if version else policy.version_for(now())
