"""The command `refunddesk`: one module per group of commands, gathered here."""

from __future__ import annotations

import click

from refunddesk.version import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="refunddesk")
def main() -> None:
    """Refund Desk keeps a WooCommerce store's refund promises."""
