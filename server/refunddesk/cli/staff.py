"""`refunddesk staff`: who may sign in at the desk, and the tokens of their programs."""

from __future__ import annotations

import sys

import click

from refunddesk.cli.opening import opened
from refunddesk.db import staff as people
from refunddesk.db.staff import Role
from refunddesk.services import staff as desk_staff
from refunddesk.services import tokens
from refunddesk.services.edges import Edges

_PASSWORD_HELP = "Ask for the password instead of making one up."  # noqa: S105


@click.group()
def staff() -> None:
    """Add people to the desk, and let programs act for them."""


@staff.command()
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--ask-password", is_flag=True, help=_PASSWORD_HELP)
def add(email: str, name: str, role: str, ask_password: bool) -> None:
    """Let a person sign in."""
    with opened() as (edges, _):
        password, is_new = _password(edges, ask_password)
        desk_staff.add_staff(edges, email=email, name=name, role=Role(role), password=password)
    click.echo(f"{name} may sign in as {email}, {role}.")
    _tell(password, is_new)


@staff.command("list")
def list_people() -> None:
    """Show everybody who may sign in, or once might."""
    with opened() as (edges, _), edges.database.read() as transaction:
        everybody = people.list_staff(transaction)
    for person in everybody:
        until = "" if person.disabled_at is None else f", left {person.disabled_at:%Y-%m-%d}"
        click.echo(f"{person.id}  {person.email}  {person.role}  {person.name}{until}")


@staff.command()
@click.argument("email")
def disable(email: str) -> None:
    """Let a person sign in no more, and end their sessions and tokens at once."""
    with opened() as (edges, _):
        desk_staff.disable_staff(edges, email)
    click.echo(f"{email} can no longer sign in.")


@staff.command()
@click.argument("email")
@click.option("--ask-password", is_flag=True, help=_PASSWORD_HELP)
def password(email: str, ask_password: bool) -> None:
    """Give a person a new password, and end their sessions."""
    with opened() as (edges, _):
        chosen, is_new = _password(edges, ask_password)
        desk_staff.set_password(edges, email, chosen)
    click.echo(f"{email} has a new password.")
    _tell(chosen, is_new)


@staff.command()
@click.argument("email")
@click.argument("name")
def token(email: str, name: str) -> None:
    """Make an API token for a person's program; NAME says what it is for."""
    with opened() as (edges, _):
        with edges.database.read() as transaction:
            person = desk_staff.get_staff(transaction, email)
        made = tokens.make_token(edges, person.id, name, by="command")
    click.echo("The token, shown this once:", err=True)
    click.echo(made)


def _password(edges: Edges, ask: bool) -> tuple[str, bool]:
    """The password, and whether it was made up here and has to be told."""
    if not ask:
        return desk_staff.new_password(edges), True
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n"), False
    return click.prompt("Password", hide_input=True, confirmation_prompt=True), False


def _tell(password: str, is_new: bool) -> None:
    if is_new:
        click.echo(f"The password, shown this once: {password}")
