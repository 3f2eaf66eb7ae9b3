"""`refunddesk store remind`, `refunddesk store duplicates`: what owners set besides the policy."""

from __future__ import annotations

import click

from refunddesk.cli.opening import opened
from refunddesk.db import duplicates as pairs
from refunddesk.db import renewals, stores
from refunddesk.money import Money
from refunddesk.policy.leads import lead_for
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
        with edges.database.read() as transaction:
            country = stores.get_store(transaction, store_id).country
            own = renewals.list_leads(transaction, store_id)
    for plan in ("monthly", "yearly"):
        lead = lead_for(plan, country)
        told = f"{own[plan]} days, by the owner" if plan in own else f"{lead.days} days ({lead.id})"
        click.echo(f"{plan}: {told}")


@click.command()
@click.argument("store_id", type=int, metavar="STORE")
@click.option("--hours", type=int, help="Two payments further apart are two purchases.")
@click.option("--return-up-to", metavar="AMOUNT", help='Such as "50.00"; what goes back by itself.')
@click.option("--currency", metavar="CODE", help="Of the amount, such as EUR.")
def duplicates(
    store_id: int, hours: int | None, return_up_to: str | None, currency: str | None
) -> None:
    """Say when two payments of a STORE are one too many; without options, show it."""
    if (return_up_to is None) != (currency is None):
        raise click.UsageError("An amount needs its --currency, and a currency its amount.")
    with opened() as (edges, _):
        if hours is not None:
            amount = _amount(return_up_to, currency)
            store_rules.set_duplicate_rule(edges, store_id, hours * 3600, amount, by=_BY)
        elif return_up_to is not None:
            raise click.UsageError("Name --hours as well.")
        with edges.database.read() as transaction:
            rule = store_rules.get_duplicate_rule(transaction, store_id)
    _show(rule)


def _show(rule: pairs.DuplicateRule) -> None:
    click.echo(f"looked for within {rule.within_seconds // 3600} hours")
    limit = rule.return_up_to
    click.echo(f"returned by itself: {f'up to {limit} {limit.currency}' if limit else 'nothing'}")


def _amount(text: str | None, currency: str | None) -> Money | None:
    if text is None or currency is None:
        return None
    try:
        return Money.parse(text, currency)
    except ValueError as error:
        raise click.UsageError(f"{error} Nothing was changed.") from None
