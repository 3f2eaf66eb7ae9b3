"""The command `refunddesk`: one module per group of commands, each read only when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from refunddesk.version import __version__

#: Command -> "module:attribute" inside this package. `policy judge` must start in a blink, so
#: nothing here imports what it does not run.
COMMANDS = {
    "db": "db:db",
    "queue": "queue:queue",
    "run": "run:run",
    "schedule": "serve:schedule",
    "serve": "serve:serve",
    "settings": "settings:settings",
    "staff": "staff:staff",
    "worker": "serve:worker",
}


class Commands(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), attribute)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="refunddesk")
def main() -> None:
    """Refund Desk keeps a WooCommerce store's refund promises."""
