"""The part of `refunddesk compat check` that boots the plugin: its options, and what they mean."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from refunddesk.compat.smoke.both import Stage, Workshop, boot_both
from refunddesk.compat.surface import PRODUCT_NAMES, WOOCOMMERCE, WORDPRESS
from refunddesk.compat.verdict import DynamicPass
from refunddesk.settings import home_folder, read_setting

_Command = TypeVar("_Command", bound=Callable[..., object])
_PLACE = click.Path(exists=True, path_type=Path)
_OPTIONS = (
    click.option("--boot/--no-boot", default=True, help="Boot it too, where releases are files."),
    click.option("--beside", multiple=True, type=_PLACE, help="Another plugin that it needs."),
    click.option("--sqlite", type=_PLACE, help="The SQLite drop-in, to boot it without MySQL."),
    click.option("--php", help="The PHP that boots it; else the one on the PATH."),
    click.option("--cache", type=click.Path(path_type=Path), help="Keep prepared releases here."),
)


@dataclass(frozen=True, slots=True)
class Booting:
    """The options as they were given."""

    boot: bool
    beside: tuple[Path, ...]
    sqlite: Path | None
    php: str | None
    cache: Path | None


def boot_options(command: _Command) -> _Command:
    """Gives a command the options of booting, as keywords for `Booting`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def boot_as_asked(
    booting: Booting, plugin: Path, target: str, baseline: str | None, woocommerce: str | None
) -> DynamicPass | None:
    """Boots on what was given as files; None where it was not to be booted.

    The same WooCommerce stands on both releases. Raises ArchiveRefused.
    """
    if not booting.boot:
        return None
    for named, product in ((target, WORDPRESS), (woocommerce, WOOCOMMERCE)):
        if named and not Path(named).exists():
            release = f"{PRODUCT_NAMES[product]} {named}"
            return DynamicPass(ran=False, reason=f"{release} was given as a version, not as files.")
    needed = (*((Path(woocommerce),) if woocommerce else ()), *booting.beside)
    before = Path(baseline) if baseline else None
    return boot_both(
        plugin,
        Stage(Path(target), needed),
        Stage(before, needed) if before is not None and before.exists() else None,
        Workshop(
            cache=booting.cache or home_folder() / "booted",
            drop_in=booting.sqlite or read_setting("sqlite_drop_in"),
            php=booting.php or read_setting("php"),
        ),
        _told(),
    )


def _told() -> Callable[[str, str], None]:
    """Shows on a terminal's stderr what is being looked at."""
    if not sys.stderr.isatty():
        return lambda release, label: None
    return lambda release, label: click.echo(f"{release}: {label}", err=True)
