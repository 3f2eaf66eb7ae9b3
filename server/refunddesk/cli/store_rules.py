"""`refunddesk store remind`, `refunddesk store duplicates`: what owners set besides the policy."""

from __future__ import annotations

import click

from refunddesk.cli.opening import opened
from refunddesk.db.duplicates import DuplicateRule
from refunddesk.money import Money
from refunddesk.services import store_rules

_BY = "command line"


@click.command()
@click.argument("store_id", type=int, metavar="STORE")
@click.option("--billing", type=click.Choice(["monthly", "yearly"]), help="Of which plans.")
@click.option("--days", type=int, help="How many days before a renewal it is announced.")
@click.option("--by-the-table", is_flag=True, help="As the table of lead times says, again.")
def remind(store_id: int, billing: str | None, days: int | None, by_the_table: bool) -> None:
    """Say how early renewals of a STORE are announced; without options, show it."""
    with opened() as (edges, _):
        if billing and (days is not None) != by_the_table:
            store_rules.set_lead(edges, store_id, billing, days, by=_BY)
        elif billing or days is not None or by_the_table:
            raise click.UsageError("Name --billing, and either --days or --by-the-table.")
        for plan, lead in store_rules.show_leads(edges, store_id).items():
            click.echo(f"{plan}: {lead.days} days ({lead.row or 'by the owner'})")


@click.command()
@click.argument("store_id", type=int, metavar="STORE")
@click.option("--hours", type=int, help="Two payments further apart are two purchases.")
@click.option("--return-up-to", metavar="AMOUNT", help='Such as "50.00"; what goes back by itself.')
@click.option("--currency", metavar="CODE", help="Of the amount, such as EUR.")
@click.option("--return-nothing", is_flag=True, help="Leave every returned payment to a person.")
def duplicates(
    store_id: int,
    hours: int | None,
    return_up_to: str | None,
    currency: str | None,
    return_nothing: bool,
) -> None:
    """Say when two payments of a STORE are one too many; without options, show it.

    What is not named stays as it is.
    """
    if (return_up_to is None) != (currency is None):
        raise click.UsageError("An amount needs its --currency, and a currency its amount.")
    if return_nothing and return_up_to is not None:
        raise click.UsageError("Name an amount, or --return-nothing.")
    with opened() as (edges, _):
        rule = store_rules.show_duplicate_rule(edges, store_id)
        within = rule.within_seconds if hours is None else hours * 3600
        limit = _amount(return_up_to, currency)
        if limit is None and not return_nothing:
            limit = rule.return_up_to
        if hours is not None or return_up_to is not None or return_nothing:
            store_rules.set_duplicate_rule(edges, store_id, within, limit, by=_BY)
        _show(store_rules.show_duplicate_rule(edges, store_id))


def _show(rule: DuplicateRule) -> None:
    click.echo(f"looked for within {rule.within_seconds // 3600} hours")
    limit = rule.return_up_to
    click.echo(f"returned by itself: {f'up to {limit} {limit.currency}' if limit else 'nothing'}")


def _amount(text: str | None, currency: str | None) -> Money | None:
    if text is None or currency is None:
        return None
    try:
        return Money.parse(text, currency)
    except ValueError as error:
        raise click.UsageError(f"{error}. Nothing was changed.") from None
