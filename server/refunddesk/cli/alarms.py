"""`refunddesk alarms`: what may keep the desk from seeing a store as it is."""

from __future__ import annotations

import click

from refunddesk.cli.opening import opened
from refunddesk.services import alarms as service


@click.group()
def alarms() -> None:
    """Look at alarms, and settle those of single refunds."""


@alarms.command("list")
def list_alarms() -> None:
    """One line per alarm that is not over, oldest first."""
    with opened() as (edges, _):
        raised = service.list_raised(edges)
    for one in raised:
        about = f"store {one.store_id}" + (f", {one.subject}" if one.subject else "")
        click.echo(f"{one.id}  {one.raised_at:%Y-%m-%d %H:%M}  {one.kind}  {about}  {one.detail}")
    if not raised:
        click.echo("No alarms.")


@alarms.command()
@click.argument("alarm_id", type=int, metavar="ALARM")
@click.option("--by", required=True, metavar="EMAIL", help="Who has seen to it.")
@click.option("--because", required=True, metavar="TEXT", help="What was found; kept for ever.")
def settle(alarm_id: int, by: str, because: str) -> None:
    """Settle the alarm of a refund after looking at it in the store and at the gateway."""
    with opened() as (edges, _):
        service.settle(edges, alarm_id, because=because, by=by)
    click.echo(f"Alarm {alarm_id} is settled.")
