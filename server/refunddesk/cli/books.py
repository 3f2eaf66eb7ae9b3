"""`refunddesk books`: what stands in the books, and whether they tell the truth."""

from __future__ import annotations

import click

from refunddesk.cli.opening import opened
from refunddesk.db import books as table
from refunddesk.services.bookkeeping import find_wrong_books


@click.group()
def books() -> None:
    """Read and check the books."""


@books.command()
def check() -> None:
    """Check that every entry balances and that the books say what orders and refunds say.

    Exits 1 and names the first order where they do not.
    """
    with opened() as (edges, _):
        wrong = find_wrong_books(edges)
        with edges.database.read() as transaction:
            found = table.balances(transaction)
    if wrong:
        raise click.ClickException(f"The books of order {wrong.order_id}: {wrong.because}.")
    for posting in found:
        click.echo(f"{posting.amount!s:>16} {posting.amount.currency}  {posting.account}")
    click.echo("The books balance and agree with the orders and refunds.")
