"""`refunddesk bridge`: make the plugin's zip that a store owner installs."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import click
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

NAME = "refund-desk-bridge"
#: Not for a store: what tries the plugin, and what vendors put into their own plugins.
_LEFT_OUT = ("tests", "client")
#: Where the version stands in the plugin's file and in its readme.
_VERSION_IN_HEADER = re.compile(r"^ \* Version: +(\S+)$", re.MULTILINE)
_VERSION_IN_README = re.compile(r"^Stable tag: (\S+)$", re.MULTILINE)
# The first moment that a zip can name: the same sources always make the same bytes.
_AT = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16


@click.group()
def bridge() -> None:
    """The plugin in a store."""


@bridge.command("zip")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option(
    "--sources",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="wp-bridge",
    show_default=True,
    help="The folder of the plugin's sources.",
)
def make_zip(out: Path | None, sources: Path) -> None:
    """Make the zip that WordPress installs; by default dist/refund-desk-bridge-VERSION.zip."""
    version = read_version(sources)
    out = out or Path("dist") / f"{NAME}-{version}.zip"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(zip_of(sources))
    click.echo(f"{out} ({out.stat().st_size} bytes)")


def read_version(sources: Path) -> str:
    """The plugin's version, which its file and its readme must agree on."""
    in_header = _VERSION_IN_HEADER.search((sources / f"{NAME}.php").read_text("utf-8"))
    in_readme = _VERSION_IN_README.search((sources / "readme.txt").read_text("utf-8"))
    if in_header is None or in_readme is None or in_header[1] != in_readme[1]:
        raise click.ClickException(
            f"{NAME}.php and readme.txt in {sources} do not name the same version. No zip was made."
        )
    return in_header[1]


def zip_of(sources: Path) -> bytes:
    """The zip's bytes; each language's sentences are put as WordPress reads them (.mo)."""
    files = {
        f"{NAME}/{place.relative_to(sources).as_posix()}": place.read_bytes()
        for place in sources.rglob("*")
        if place.is_file() and place.relative_to(sources).parts[0] not in _LEFT_OUT
    }
    for name in [name for name in files if name.endswith(".po")]:
        files[f"{name.removesuffix('.po')}.mo"] = compiled(files[name])
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _AT)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _MODE
            packed.writestr(entry, files[name])
    return made.getvalue()


def compiled(sentences: bytes) -> bytes:
    """A .po file as a .mo file."""
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(sentences)))
    return compiled.getvalue()
