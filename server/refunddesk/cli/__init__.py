"""The command `refunddesk`: one module per group of commands, each read only when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from refunddesk.version import __version__

#: Command -> "module:attribute" inside this package, and its first sentence, which the list of
#: commands shows. `policy judge` must start in a blink, so nothing here imports what it does not
#: run, and the list imports none of them.
COMMANDS = {
    "audit": ("audit:audit", "Verify the audit log."),
    "backup": (
        "backup:backup",
        "Copy the SQLite database into the new FILE while the desk works, and prove the copy.",
    ),
    "books": ("books:books", "Read and check the books."),
    "bridge": ("bridge:bridge", "The plugin in a store."),
    "alarms": ("alarms:alarms", "Look at alarms, and settle those of single refunds."),
    "compat": ("compat:compat", "Check plugins against WordPress and WooCommerce releases."),
    "db": ("db:db", "Prepare and check the database."),
    "doctor": (
        "doctor:doctor",
        "Look over settings, database, queue, processes, books and every store, in both "
        "directions.",
    ),
    "guide": ("guide:guide", ""),
    "hooks": ("hooks:hooks", "Look after the deliveries of the stores."),
    "licenses": ("licenses:licenses", "Licences and the sites they are in use on."),
    "mail": ("mail:mail", "Try the mail server, and see what became of mails."),
    "policy": (
        "policy:policy",
        "Judge claims by a refund policy, say it in words, and see what a change would do.",
    ),
    "privacy": ("privacy:privacy", "Answer a person who asks for their data, or wants it gone."),
    "queue": (
        "queue:queue",
        "Run the queue server of REFUNDDESK_HOME; while one is running already, stand by it.",
    ),
    "refunds": ("refunds:refunds", "Look at refunds and settle those that wait for a person."),
    "restore": (
        "backup:restore",
        "Put the backup FILE in the place of the database, which is kept beside it.",
    ),
    "run": ("run:run", "Start everything, with a sandbox store to try it on; Ctrl-C stops it."),
    "sandbox": (
        "sandbox:sandbox",
        "Serve a sandbox store over https until SIGTERM or Ctrl-C; a later start finds its data.",
    ),
    "schedule": ("serve:schedule", "Wake the workers for what is due, until told to stop."),
    "serve": ("serve:serve", "Answer stores, people and programs until told to stop."),
    "settings": ("settings:settings", "Show, check and make settings."),
    "staff": ("staff:staff", "Add people to the desk, and let programs act for them."),
    "store": ("stores:store", "Join stores and say what they sell."),
    "worker": ("serve:worker", "Do the work of one queue until told to stop."),
}


class Commands(click.Group):
    """A group that imports a command's module when the command is asked for.

    `places` says by name where a command is and what it does, as COMMANDS; without words it is not
    listed.
    """

    def __init__(
        self, *arguments: Any, places: Mapping[str, tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.places, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.places:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.places[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click writes it, but by the words of `places`: it would import every command."""
        listed = click.Group()
        for name in super().list_commands(ctx):
            listed.add_command(self.commands[name], name)
        for name, (_, does) in self.places.items():
            listed.add_command(click.Command(name, help=does, hidden=not does))
        listed.format_commands(ctx, formatter)

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
