"""`refunddesk db`: brings the database to the schema this program needs, or checks it."""

from __future__ import annotations

import click

from refunddesk.cli.opening import opened_database
from refunddesk.db import schema
from refunddesk.settings import read_settings


@click.group()
def db() -> None:
    """Prepare and check the database."""


@db.command()
def upgrade() -> None:
    """Run the migrations that are missing; does nothing when there are none."""
    with opened_database(read_settings()) as database:
        schema.upgrade(database)
    click.echo("The database is at the newest schema.")


@db.command()
def check() -> None:
    """Say whether the database is at the newest schema."""
    with opened_database(read_settings()) as database:
        schema.check_current(database)
    click.echo("The database is at the newest schema.")
