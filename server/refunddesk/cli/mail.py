"""`refunddesk mail`: try the mail server, see what was written to whom, send something again."""

from __future__ import annotations

import click

from refunddesk.cli.opening import opened
from refunddesk.db import notices
from refunddesk.mail.letter import AddressNotUsable, Letter, compose
from refunddesk.mail.sending import MailRefused, MailServerUnavailable
from refunddesk.services import mailing
from refunddesk.services.mailing import NoMailServer


@click.group()
def mail() -> None:
    """Try the mail server, and see what became of mails."""


@mail.command()
@click.argument("address")
def test(address: str) -> None:
    """Send a mail to ADDRESS through the mail server of the settings."""
    with opened() as (edges, _):
        if edges.mail is None:
            raise NoMailServer("No mail server is set: see REFUNDDESK_MAIL_SERVER.")
        now = edges.clock()
        said = "This is a test of Refund Desk. Whoever reads it has got it."
        letter = Letter(
            key=f"test.{edges.random_bytes(8).hex()}",
            thread="test",
            to=address,
            language="en",
            subject="A test of Refund Desk",
            text=f"{said}\n",
            html=f"<!doctype html><html lang='en'><title>A test</title><p>{said}</p></html>",
            written_at=now,
        )
        try:
            edges.mail.send(compose(letter, edges.mail.sender))
        except (AddressNotUsable, MailRefused, MailServerUnavailable) as error:
            raise click.ClickException(str(error)) from error
    click.echo("The mail server took it. Look whether it arrives, and whether it counts as spam.")


@mail.command("list")
@click.argument("about")
def list_notices(about: str) -> None:
    """What was written about ABOUT, such as case:3, request:5 or refund:7; one line per reader."""
    with opened() as (edges, _), edges.database.read() as transaction:
        found = notices.list_notices(transaction, about)
    for one in found:
        click.echo(
            f"{one.id}  {one.written_at:%Y-%m-%d %H:%M}  {one.kind}  {one.language}  "
            f"{one.recipient}  {one.standing}" + (f"  {one.because}" if one.because else "")
        )
    if not found:
        click.echo("Nothing was written about it.")


@mail.command()
@click.argument("notice_id", type=int, metavar="ID")
def again(notice_id: int) -> None:
    """Send a notice that was refused, or that there was no mail server for."""
    with opened() as (edges, _):
        mailing.send_again(edges, notice_id, by="command")
    click.echo(f"Notice {notice_id} is on its way.")
