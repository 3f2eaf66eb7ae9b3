"""`refunddesk refunds`: what became of each refund, and settling those that wait for a person."""

from __future__ import annotations

import json

import click

from refunddesk.cli.opening import opened
from refunddesk.db import history
from refunddesk.db import refunds as table
from refunddesk.db.refunds import Refund, State
from refunddesk.db.steps import list_steps
from refunddesk.services import settling
from refunddesk.services.settling import NoSuchRefund, Verdict
from refunddesk.woocommerce.client import StoreCallFailed

_MOST = 200


@click.group()
def refunds() -> None:
    """Look at refunds and settle those that wait for a person."""


@refunds.command("list")
@click.option(
    "--state", type=click.Choice([state.value for state in State]), help="Only this state."
)
def list_refunds(state: str | None) -> None:
    """One line per refund, oldest first."""
    wanted = [State(state)] if state else list(State)
    with opened() as (edges, _), edges.database.read() as transaction:
        found = table.list_in_state(transaction, wanted, _MOST)
    for refund in found:
        click.echo(_line(refund))
    if not found:
        click.echo("No refunds.")
    if len(found) == _MOST:
        click.echo(f"Only the first {_MOST} are shown.")


@refunds.command()
@click.argument("refund_id", type=int, metavar="ID")
def show(refund_id: int) -> None:
    """All that is known of one refund: its lines, steps and every deed with its evidence."""
    with opened() as (edges, _), edges.database.read() as transaction:
        try:
            refund = table.get_refund(transaction, refund_id)
        except table.RefundNotFound:
            raise NoSuchRefund(f"There is no refund {refund_id}.") from None
        deeds = history.list_deeds(transaction, f"refund:{refund_id}")
        steps = list_steps(transaction, refund_id)
    click.echo(_line(refund))
    for line in refund.lines:
        click.echo(f"  line {line.woo_item_id}: {line.net} and {line.tax} of tax")
    for step in steps:
        click.echo(f"  step {step.kind} {step.target}: {step.state} {step.because or ''}".rstrip())
    for deed in deeds:
        click.echo(f"  {deed.happened_at:%Y-%m-%d %H:%M:%S} {deed.actor}: {deed.action}")
        for name, value in sorted(deed.data.items()):
            click.echo(f"      {name}: {json.dumps(value, ensure_ascii=False)}")


@refunds.command()
@click.argument("refund_id", type=int, metavar="ID")
@click.option("--paid", "verdict", flag_value=Verdict.PAID.value, help="The customer was paid.")
@click.option(
    "--pay-again", "verdict", flag_value=Verdict.PAY_AGAIN.value, help="They were not: pay now."
)
@click.option(
    "--not-paid",
    "verdict",
    flag_value=Verdict.NOT_PAID.value,
    help="They were not, and shall not be by this refund.",
)
@click.option(
    "--seen",
    "token",
    type=int,
    required=True,
    metavar="N",
    help="What the refund was at when you looked, as its page and `refunds show` say.",
)
@click.option("--by", required=True, metavar="EMAIL", help="Who decides.")
@click.option("--with", "second", metavar="EMAIL", help="The second person, for --pay-again.")
@click.option("--because", required=True, metavar="TEXT", help="Why; kept in the history.")
def settle(
    refund_id: int, verdict: str | None, token: int, by: str, second: str | None, because: str
) -> None:
    """Settle a refund that needs review, after looking at its evidence."""
    if verdict is None:
        raise click.UsageError("Say one of --paid, --pay-again and --not-paid.")
    with opened() as (edges, _):
        try:
            settled = settling.settle_refund(
                edges,
                refund_id,
                Verdict(verdict),
                token=token,
                by=by,
                because=because,
                second=second,
            )
        except StoreCallFailed as failure:
            raise click.ClickException(
                f"{failure} The refund was left as it is: try again when the store answers."
            ) from failure
    click.echo(_line(settled))


def _line(refund: Refund) -> str:
    parts = [
        f"refund {refund.id}",
        refund.state.value,
        f"{refund.amount} {refund.amount.currency}",
        refund.marker,
        f"order {refund.order_id}",
        f"request {refund.request_id}" if refund.request_id else "paid twice",
        f"since {refund.created_at:%Y-%m-%d %H:%M}",
        f"at {refund.token}",
    ]
    return "  ".join(parts) + (f"  ({refund.last_error})" if refund.last_error else "")
