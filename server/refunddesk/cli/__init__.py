"""The command `refunddesk`: one module per group of commands, each read only when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from refunddesk.version import __version__

#: Command -> "module:attribute" inside this package. `policy judge` must start in a blink, so
#: nothing here imports what it does not run.
COMMANDS = {
    "audit": "audit:audit",
    "backup": "backup:backup",
    "books": "books:books",
    "bridge": "bridge:bridge",
    "alarms": "alarms:alarms",
    "compat": "compat:compat",
    "db": "db:db",
    "doctor": "doctor:doctor",
    "guide": "guide:guide",
    "hooks": "hooks:hooks",
    "licenses": "licenses:licenses",
    "mail": "mail:mail",
    "policy": "policy:policy",
    "privacy": "privacy:privacy",
    "queue": "queue:queue",
    "refunds": "refunds:refunds",
    "restore": "backup:restore",
    "run": "run:run",
    "sandbox": "sandbox:sandbox",
    "schedule": "serve:schedule",
    "serve": "serve:serve",
    "settings": "settings:settings",
    "staff": "staff:staff",
    "store": "stores:store",
    "worker": "serve:worker",
}


class Commands(click.Group):
    """A group that imports a command's module when the command is asked for, by its `places`."""

    def __init__(self, *arguments: Any, places: Mapping[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.places, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = self.places.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise  # told already; what follows takes half a second to import
        except Exception as error:
            if _is_told(error):
                raise click.ClickException(str(error)) from error
            raise


def _is_told(error: Exception) -> bool:
    """Is this an answer to the person at the terminal rather than a fault of the program?"""
    from refunddesk.db.schema import SchemaOutdated
    from refunddesk.embedded_queue import NoQueueServer, SocketPathTooLong
    from refunddesk.services.refusal import Refusal
    from refunddesk.settings import SettingsIncomplete

    told = (Refusal, SettingsIncomplete, SchemaOutdated, NoQueueServer, SocketPathTooLong)
    return isinstance(error, told)


@click.group(
    cls=Commands, places=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="refunddesk")
@click.option(
    "--while", "process_id", type=int, hidden=True, help="Stop when that process is gone."
)
def main(process_id: int | None) -> None:
    """Refund Desk keeps a WooCommerce store's refund promises."""
    if process_id:
        from refunddesk.cli.company import keep_company

        keep_company(process_id)
