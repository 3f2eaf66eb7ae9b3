"""`refunddesk privacy`: what is held about a person, handed out or erased."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from refunddesk.cli.opening import opened
from refunddesk.services import (
    erased_again,
    erasure,
    personal_export,
    personal_page,
    personal_words,
)
from refunddesk.services.erasure import Prospect
from refunddesk.services.persons import Asked

_ACTOR = "command"
_email = click.option("--email", default="", metavar="ADDRESS", help="Whom it is about.")
_store = click.option("--store", "store_id", type=int, metavar="ID", help="Only in this store.")
_account = click.option(
    "--woo-customer", "woo_customer_id", type=int, metavar="ID", help="The store's number of them."
)


@click.group()
def privacy() -> None:
    """Answer a person who asks for their data, or wants it gone."""


@privacy.command()
@_email
@_store
@_account
@click.option("--files", "with_files", is_flag=True, help="A zip, with the files of their cases.")
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where it is written, for you alone to read. Never overwritten.",
)
def export(
    email: str, store_id: int | None, woo_customer_id: int | None, with_files: bool, target: Path
) -> None:
    """Write all that is held about a person into one file."""
    with opened() as (edges, _):
        asked = Asked(email, store_id, woo_customer_id)
        if target.exists():
            raise click.ClickException(f"{target} is there already. Nothing was written.")
        made = personal_export.export_person(edges, asked, by=_ACTOR)
        if with_files:
            data = personal_export.zip_with_files(edges, made)
        else:
            data = json.dumps(made.document(), ensure_ascii=False, indent=2).encode() + b"\n"
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    rows = sum(len(held.rows) for one in made.stores for held in one.held)
    click.echo(f"{target}: {rows} rows about {len(made.stores)} customer(s).")
    _tell_related(made.related)


@privacy.command()
@_email
@_store
@_account
@click.option("--confirm", metavar="TEXT", help="What is asked for otherwise: the address again.")
def erase(
    email: str, store_id: int | None, woo_customer_id: int | None, confirm: str | None
) -> None:
    """Erase who a person is. What was paid and decided stays, about nobody. Not to be undone."""
    with opened() as (edges, _):
        asked = Asked(email, store_id, woo_customer_id)
        prospect = erasure.look_ahead(edges, asked)
        if prospect.matters:
            raise erasure.StillOpen(list(prospect.matters))
        _show(prospect)
        wanted = email or f"{store_id}:{woo_customer_id}"
        if confirm is None:
            confirm = click.prompt(f"Type {wanted} to erase", default="", show_default=False)
        if confirm != wanted:
            raise click.ClickException("That is something else. Nothing was erased.")
        erased = erasure.erase(edges, asked, by=_ACTOR)
    for one in erased.erasures:
        click.echo(f"Customer {one.customer_id} of store {one.store_id} is erased.")


@privacy.command()
def again() -> None:
    """Erase whom a restored backup brought back; `restore` does so by itself."""
    with opened() as (edges, _):
        done = erased_again.erase_again(edges)
    click.echo(f"{done.done} erased again.")
    if done.no_store:
        click.echo(
            f"{done.no_store} of stores that are not joined: join them, then run this again."
        )


@privacy.command()
def table() -> None:
    """Print what is held of people, table by table, as docs/privacy.md has it."""
    click.echo(personal_page.held_in_words(), nl=False)


def _show(prospect: Prospect) -> None:
    for person in prospect.known.persons:
        name = prospect.known.stores[person.store_id].name
        click.echo(f"Customer {person.customer_id} of store {person.store_id} ({name}).")
    if prospect.sites_in_use:
        click.echo(personal_words.answer("sites_in_use", "en", count=prospect.sites_in_use))
    _tell_related(len(prospect.known.related))


def _tell_related(related: int) -> None:
    if related:
        click.echo(personal_words.answer("other_addresses", "en", count=related))
