"""`refunddesk compat`: does a plugin work on a release, and which releases are known."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from refunddesk.cli import Commands
from refunddesk.cli.compat_boot import Booting, boot_as_asked, boot_options
from refunddesk.clock import now
from refunddesk.compat.archive import ArchiveRefused, SourceTree, open_tree
from refunddesk.compat.check import Site, StaticPass, check_static
from refunddesk.compat.facts import PluginFacts
from refunddesk.compat.headers import NoPluginHeader
from refunddesk.compat.index import NotARelease
from refunddesk.compat.lifecycle import (
    Lifecycle,
    LifecycleUnreadable,
    ReleaseUnknown,
    build_lifecycle,
    pack_lifecycle,
    read_shipped,
    surfaces_of,
)
from refunddesk.compat.plugin import read_plugin
from refunddesk.compat.releases import (
    WrongProduct,
    choose_baseline,
    find_release,
    read_releases,
)
from refunddesk.compat.report import report_of
from refunddesk.compat.surface import PRODUCT_NAMES, WOOCOMMERCE, WORDPRESS, Surface
from refunddesk.compat.symboltables import NotASymbolTable
from refunddesk.compat.verdict import Check, DynamicPass, Verdict, evidence_of, judge

if TYPE_CHECKING:
    from refunddesk.cli.compat_records import Records

_BAD_INPUT = 2
_EXIT = {
    Verdict.OK: 0,
    Verdict.WARN: 0,
    Verdict.BROKEN: 1,
    Verdict.LIKELY_BROKEN: 1,
    Verdict.UNVERIFIED: 3,
}
_REFUSALS = (
    ArchiveRefused,
    NoPluginHeader,
    NotARelease,
    ReleaseUnknown,
    WrongProduct,
    NotASymbolTable,
    LifecycleUnreadable,
)
_PLACE = click.Path(exists=True, path_type=Path)


#: Commands that need the desk's database, which checking a zip does not.
_WITH_MEMORY = {
    "add-plugin": ("compat_records:add_plugin", "Take in a zip of a plugin of the store's own."),
    "add-release": (
        "compat_records:add_release",
        "Take in a WordPress or WooCommerce release: a zip, or the directory it was unpacked to.",
    ),
    "status": (
        "compat_records:status",
        "Show the plugins, the releases, and the newest verdict of each pair.",
    ),
}


@click.group(cls=Commands, places=_WITH_MEMORY)
def compat() -> None:
    """Check plugins against WordPress and WooCommerce releases."""


@compat.command()
@click.argument("plugin", type=click.Path(path_type=Path))
@click.option("--target", required=True, help="The WordPress release: zip, directory or version.")
@click.option(
    "--baseline", help="The WordPress release it works on; else the one it was tested on."
)
@click.option("--with", "woocommerce", help="The WooCommerce release beside it.")
@boot_options
@click.option("--json", "as_json", is_flag=True, help="Print the evidence as JSON.")
@click.option("--all", "everything", is_flag=True, help="Show what the baseline has as well.")
def check(
    plugin: Path,
    target: str,
    baseline: str | None,
    woocommerce: str | None,
    as_json: bool,
    everything: bool,
    **booting: Any,
) -> None:
    """Check PLUGIN, a zip, a directory or a plugin the desk knows, against a WordPress release.

    A plugin taken in before goes by its slug, or slug@version for another than the newest.

    Exits 0 for OK or WARN, 1 for BROKEN or LIKELY_BROKEN, 2 for bad input, 3 for UNVERIFIED.
    """
    try:
        with (
            _desk_if_needed(plugin, target, baseline, woocommerce) as desk,
            open_tree(_place_of(plugin, desk)) as tree,
        ):
            facts = read_plugin(tree, _progress(f"Reading {plugin.name}"))
            static, reason = _check(facts, target, baseline, woocommerce, desk)
            place = _place_of(plugin, desk)
            dynamic = boot_as_asked(Booting(**booting), place, target, baseline, woocommerce)
            checked = judge(static, dynamic)
            lines = _lines_of(tree)
            if as_json:
                click.echo(json.dumps(_document(checked, reason, lines), indent=2))
            else:
                click.echo(report_of(checked, reason, lines, everything=everything))
    except _REFUSALS as refusal:
        click.echo(f"refunddesk: {refusal}", err=True)
        sys.exit(_BAD_INPUT)
    sys.exit(_EXIT[checked.verdict])


@contextmanager
def _desk_if_needed(*named: Path | str | None) -> Iterator[Records | None]:
    """The desk's memory, opened only if something is named that is no file."""
    if all(Path(one).exists() for one in named if one):
        yield None
        return
    from refunddesk.cli.compat_records import records

    with records() as found:
        yield found


def _place_of(plugin: Path, desk: Records | None) -> Path:
    known = desk.find_zip(str(plugin)) if desk is not None and not plugin.exists() else None
    return known or plugin


def _find(named: str, product: str, lifecycle: Lifecycle, desk: Records | None) -> Surface:
    if desk is not None and not Path(named).exists():
        recorded = desk.find_surface(product, named)
        if recorded is not None:
            return recorded
    return find_release(named, product, lifecycle, _progress(f"Reading {named}"))


def _check(
    facts: PluginFacts,
    target: str,
    baseline: str | None,
    woocommerce: str | None,
    desk: Records | None,
) -> tuple[StaticPass, str]:
    """What reading finds, and why its baseline is the one it is."""
    wanted = [(WORDPRESS, target, baseline)]
    if woocommerce and facts.main_file == "woocommerce.php":
        raise WrongProduct("the plugin is WooCommerce itself: leave --with away")
    if woocommerce:
        wanted.append((WOOCOMMERCE, woocommerce, None))
    history_of = desk.history_of if desk is not None else read_shipped
    lifecycles = {product: history_of(product) for product, _, _ in wanted}
    surfaces: list[Surface] = []
    before: list[Surface] = []
    reasons: list[str] = []
    for product, named, compared in wanted:
        lifecycle = lifecycles[product]
        surface = _find(named, product, lifecycle, desk)
        surfaces.append(surface)
        chosen: Surface | None
        if compared:
            chosen = _find(compared, product, lifecycle, desk)
            reason = "as asked"
        else:
            chosen, reason = choose_baseline(facts.headers, surface, lifecycle)
        if chosen is not None:
            before.append(chosen)
        reasons.append(reason)
    known = Site(tuple(before)) if len(before) == len(surfaces) else None
    static = check_static(facts, Site(tuple(surfaces)), known, lifecycles)
    return static, ", ".join(dict.fromkeys(reasons))


def _document(checked: Check, reason: str, lines: Callable[[str, int], str]) -> dict[str, object]:
    static = checked.static
    baseline = static.baseline
    return {
        "plugin": static.facts.headers.name,
        "version": static.facts.headers.version,
        "target": static.target.title,
        "baseline": baseline.title if baseline else None,
        "baseline_reason": reason,
        "verdict": checked.verdict.value,
        "reason": checked.reason,
        "evidence": evidence_of(checked, now(), lines),
        "same_on_baseline": len(static.standing),
        "files_read": static.facts.files_read,
        "unread": list(static.facts.unread),
        "left_out": list(static.facts.left_out),
        "booted": checked.dynamic is not None and checked.dynamic.ran,
        "boot": _boot_record(checked.dynamic),
    }


def _boot_record(dynamic: DynamicPass | None) -> object:
    """The whole record of what was run, or why nothing was; None where it was not asked for."""
    if dynamic is None:
        return None
    return json.loads(dynamic.record) if dynamic.ran else {"reason": dynamic.reason}


def _lines_of(tree: SourceTree) -> Callable[[str, int], str]:
    kept: dict[str, list[str]] = {}

    def line_of(file: str, line: int) -> str:
        if file not in kept:
            kept[file] = tree.read(file).decode("utf-8", "replace").splitlines()
        return kept[file][line - 1].strip() if 0 < line <= len(kept[file]) else ""

    return line_of


def _progress(label: str) -> Callable[[int, int], None]:
    """Shows on a terminal's stderr how far a reading is; elsewhere stays silent."""
    if not sys.stderr.isatty():
        return lambda done, total: None

    def show(done: int, total: int) -> None:
        if done == total or done % 50 == 0:
            end = "\n" if done == total else ""
            click.echo(f"\r{label}: {done} of {total} files{end}", err=True, nl=False)

    return show


@compat.command()
@click.argument("sources", nargs=-1, required=True, type=_PLACE)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for wordpress.json.gz and woocommerce.json.gz.",
)
@click.option("--anew", is_flag=True, help="Do not begin with the releases already known.")
def lifecycle(sources: tuple[Path, ...], out: Path, anew: bool) -> None:
    """Make the files that say when each symbol came and went.

    SOURCES are zips and directories of WordPress and WooCommerce releases, and symbol tables named
    like wordpress-7.1.0.json.gz. They are added to the releases already known.
    """
    try:
        surfaces = read_releases(sources, lambda place: click.echo(f"Reading {place}", err=True))
        out.mkdir(parents=True, exist_ok=True)
        for product in PRODUCT_NAMES:
            given = [surface for surface in surfaces if surface.product == product]
            if not given:
                continue
            known: list[Surface] = [] if anew else list(surfaces_of(read_shipped(product)))
            made = build_lifecycle([*known, *given])
            (out / f"{product}.json.gz").write_bytes(pack_lifecycle(made))
            click.echo(_told(made))
    except _REFUSALS as refusal:
        click.echo(f"refunddesk: {refusal}", err=True)
        sys.exit(_BAD_INPUT)


def _told(made: Lifecycle) -> str:
    symbols = sum(len(kept) for kept in made.symbols.values())
    versions = ", ".join(made.versions)
    return f"{PRODUCT_NAMES[made.product]}: {symbols} symbols over {versions}"
