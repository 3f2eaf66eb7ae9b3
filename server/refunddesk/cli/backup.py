"""`refunddesk backup` and `refunddesk restore`: a safe copy of all there is, and its return."""

from __future__ import annotations

from pathlib import Path

import click

from refunddesk.cli.opening import opened
from refunddesk.db.history import HistoryBroken
from refunddesk.services import backup as backups
from refunddesk.services.backup import Marked


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the SQLite database into the new FILE while the desk works, and prove the copy.

    Beside it FILE.files.tar holds attachments and plugins, where there are any, and FILE.json
    notes the checksums and the head of the audit log.
    """
    with opened() as (edges, _):
        made = backups.back_up(edges, file)
    click.echo(f"{made.file}: {made.size} bytes, whole, {made.audit_lines} lines of audit log.")
    if made.files:
        click.echo(f"{backups.files_of(made.file)}: {made.files.count} attachments and plugins.")
        if made.files.missing:
            click.echo(f"{made.files.missing} more that the database names were not there.")
    click.echo("Keep it where no one else can read it: it holds customers' data.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--mark", is_flag=True, help="PostgreSQL's own tools restored it: do the rest.")
@click.option(
    "--all-stopped",
    is_flag=True,
    help="Every process is stopped, though the present database is too broken to tell.",
)
def restore(file: Path | None, mark: bool, all_stopped: bool) -> None:
    """Put the backup FILE in the place of the database, which is kept beside it.

    Stop all processes first. Afterwards payments wait by themselves until each store was read
    again: what was paid since the backup is found there and not paid again.
    """
    if mark == (file is not None):
        raise click.UsageError("Name the backup's FILE, or say --mark; not both.")
    with opened() as (edges, _):
        try:
            if file is None:
                _tell(backups.mark(edges))
                return
            restored = backups.restore(edges, file, all_stopped=all_stopped)
        except HistoryBroken as broken:
            raise click.ClickException(f"{broken} Nothing was changed.") from broken
    click.echo(f"{file} is the database now.")
    if restored.aside:
        click.echo(f"The one before it is kept as {restored.aside}.")
    if restored.files:
        click.echo(f"{restored.files} attachments and plugins were put back.")
    _tell(restored.marked)


def _tell(marked: Marked) -> None:
    click.echo(
        f"Payments of {marked.stores} stores wait until each was read again. Everybody is signed "
        "out."
    )
    if marked.lost:
        click.echo(
            f"Of the audit log, lines {marked.audit_lines + 1} to {marked.lost.seq} and perhaps "
            "later ones are not in it any more; the log says so."
        )
    if marked.erased.done:
        click.echo(f"{marked.erased.done} people who were erased since are erased again.")
    if marked.erased.no_store:
        click.echo(
            f"{marked.erased.no_store} erasures are of stores that the backup does not know: once "
            "they have joined again, run `refunddesk privacy again`."
        )
    click.echo(
        "What people did since the backup is not in it: people who left and tokens revoked since "
        "then, and settings of stores, have to be done again."
    )
