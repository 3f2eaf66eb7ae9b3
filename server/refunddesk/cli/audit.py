"""`refunddesk audit`: proves that the record of who did what is as it was written."""

from __future__ import annotations

import click

from refunddesk.cli.opening import opened
from refunddesk.db.history import HistoryBroken
from refunddesk.services import audit as audit_log


@click.group()
def audit() -> None:
    """Verify the audit log."""


@audit.command()
def verify() -> None:
    """Check every line against the chain and the heads kept outside the database.

    Exits 1 and names the first bad line if anything was changed, inserted or removed.
    """
    with opened() as (edges, _):
        try:
            lines = audit_log.verify(edges)
        except HistoryBroken as broken:
            raise click.ClickException(str(broken)) from broken
    click.echo(f"The audit log is whole: {lines} lines.")


@audit.command("keep-head")
def keep_head() -> None:
    """Write the log's present head to the anchor file now, as the schedule does every hour."""
    with opened() as (edges, _):
        kept = audit_log.keep_head(edges)
        place = audit_log.anchor_file(edges)
    click.echo(f"Kept in {place}." if kept else f"Nothing new since the last head in {place}.")
