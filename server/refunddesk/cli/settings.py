"""`refunddesk settings`: shows what can be set, checks what is set, makes keys."""

from __future__ import annotations

import click

from refunddesk.sealing import new_key
from refunddesk.settings import example, read_settings


@click.group()
def settings() -> None:
    """Show, check and make settings."""


@settings.command("example")
def show_example() -> None:
    """Print every setting with its default, ready to be filled in."""
    click.echo(example(), nl=False)


@settings.command()
def check() -> None:
    """Say whether the settings are complete; name every gap if not."""
    found = read_settings()
    click.echo(f"The settings are complete. Home: {found.home}. Address: {found.public_url}.")


@settings.command("new-key")
def print_new_key() -> None:
    """Print a fresh key, for REFUNDDESK_SEALING_KEYS or REFUNDDESK_SECRET_KEY."""
    click.echo(new_key())
