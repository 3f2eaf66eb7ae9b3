"""`refunddesk licenses`: take them over, check receipts, say which sites are for trying out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

import click

from refunddesk.cli.opening import opened
from refunddesk.services import license_import, receipts, staging


@click.group()
def licenses() -> None:
    """Licences and the sites they are in use on."""


@licenses.command("import")
@click.argument("store_id", type=int, metavar="STORE")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
def import_file(store_id: int, file: Path, dry_run: bool) -> None:
    """Take over the licences that the CSV FILE lists: all of them, or none.

    Columns: key, product, sites_limit; and, where there are any: order (the store's number),
    expires_at, sites (those in use, with spaces between). Of keys only hashes are kept.
    """
    with opened() as (edges, _):
        done = license_import.import_licenses(edges, store_id, file.read_bytes(), dry_run=dry_run)
    would = "Would import" if dry_run else "Imported"
    click.echo(
        f"{would} {done.issued} licences, gave {done.taken_up} that we had issued their keys, "
        f"switched on {done.sites} sites; {done.known} licences were known already."
    )


@licenses.command()
@click.argument("activation_id", type=int, metavar="ACTIVATION")
def receipt(activation_id: int) -> None:
    """Show the signed receipt for a site switched off."""
    with opened() as (edges, _):
        click.echo(json.dumps(receipts.show_receipt(edges, activation_id), indent=2))


@licenses.command()
@click.argument("file", type=click.File("rb"), required=False)
def verify(file: IO[bytes] | None) -> None:
    """Check the receipt in FILE, or all of the audit log's; exits 1 at the first bad one."""
    with opened() as (edges, _):
        if file is None:
            click.echo(f"{receipts.verify_receipts(edges)} receipts, every one as it was signed.")
            return
        try:
            shown = json.load(file)
        except ValueError:
            raise click.ClickException("This is no receipt: it is not JSON.") from None
        receipts.check_receipt(edges, shown)
    click.echo("The receipt is as this desk signed it.")


@licenses.command("openapi")
def show_openapi() -> None:
    """The licence API as an OpenAPI document, as docs/licenses.openapi.json holds it."""
    from refunddesk.web.licenses.openapi import describe

    click.echo(json.dumps(describe(), indent=2, ensure_ascii=False))


@licenses.group()
def staging_sites() -> None:
    """The store's own patterns of sites that take no place of a licence."""


@staging_sites.command("add")
@click.argument("store_id", type=int, metavar="STORE")
@click.argument("pattern")
def add_pattern(store_id: int, pattern: str) -> None:
    """Add PATTERN: a name, "*.name" or "word.*"; it holds for sites switched on from now on."""
    with opened() as (edges, _):
        kept = staging.add_pattern(edges, store_id, pattern)
    click.echo(f"Sites like {kept} take no place of a licence from now on.")


@staging_sites.command("remove")
@click.argument("store_id", type=int, metavar="STORE")
@click.argument("pattern")
def remove_pattern(store_id: int, pattern: str) -> None:
    """Take PATTERN off the store's list; the shipped list stays."""
    with opened() as (edges, _):
        staging.drop_pattern(edges, store_id, pattern)
    click.echo(f"{pattern} is off the list.")


@staging_sites.command("list")
@click.argument("store_id", type=int, metavar="STORE")
def list_patterns(store_id: int) -> None:
    """One line per pattern of the store's own."""
    with opened() as (edges, _):
        for pattern in staging.list_patterns(edges, store_id):
            click.echo(pattern)
