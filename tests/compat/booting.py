"""Boots small plugins in small releases of our own, and in real ones where they are given.

REFUNDDESK_TEST_WORDPRESS names two releases, the one before and the one after, as zips or folders
with ":" between them; REFUNDDESK_TEST_SQLITE names the SQLite drop-in they run on.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from refunddesk.compat.archive import open_tree
from refunddesk.compat.smoke.both import Stage, Workshop, boot_both
from refunddesk.compat.smoke.limits import Limits
from refunddesk.compat.verdict import DynamicPass
from tests.compat.synthetic import HEADER, write_tree

SMALL_CORE = Path(__file__).with_name("smallcore")
#: What the small release 6.6 has, and 6.7 has no more, or otherwise.
RELEASE_66 = """
function gone() {}
function worn() {}
function picky() {}
class Gone_Class {}
class Base_Thing { public function show( $text ) {} }
apply_filters( 'old_filter', 1 );
"""
RELEASE_67 = """
function worn() { _deprecated_function( __FUNCTION__, '6.7.0', 'fresh()' ); }
function picky() { _doing_it_wrong( __FUNCTION__, 'Only after <b>init</b>.', '6.7.0' ); }
function arrived() {}
class Base_Thing { public function show( $text, $more ) {} }
add_action( 'init', function () {
	apply_filters_deprecated( 'old_filter', array( 1 ), '6.7.0', 'new_filter' );
} );
"""
#: Small limits: a plugin that does not end is stopped after a second of CPU time.
SHORT = Limits(
    page_cpu=1,
    page_wall=20,
    entries_cpu=3,
    entries_wall=30,
    entry_cpu=1,
    file_bytes=4 << 20,
    folder_bytes=8 << 20,
    folder_files=2000,
    output_bytes=4 << 20,
    stalls=1,
)


def small_release(folder: Path, version: str, differs: str) -> Path:
    """A release with the small core's files and `differs` as its own."""
    shutil.copytree(SMALL_CORE, folder)
    includes = folder / "wp-includes"
    (includes / "version.php").write_text(
        f"<?php\n$wp_version = '{version}';\n$required_php_version = '7.4';\n"
    )
    (includes / "release.php").write_text(f"<?php\n{differs}\n")
    return folder


def small_drop_in(folder: Path) -> Path:
    """The small core keeps its options in a file: its drop-in has nothing to do."""
    return write_tree(
        folder,
        {
            "db.copy": "<?php\n// {SQLITE_IMPLEMENTATION_FOLDER_PATH} {SQLITE_PLUGIN}\n",
            "load.php": "<?php\n/**\n * Plugin Name: None\n * Version: 1.0\n */\n",
        },
    )


@dataclass(slots=True)
class Booth:
    """Two releases and what they are booted with; plugins are made below `folder`."""

    before: Path
    target: Path
    workshop: Workshop
    folder: Path
    made: int = field(default=0)

    def plugin(self, main: str = "", files: dict[str, str | bytes] | None = None) -> Path:
        """A plugin whose main file goes on with `main`, from its line 7."""
        self.made += 1
        header = HEADER.format(name="My Plugin").replace(" */", " * Text Domain: my-plugin\n */")
        whole = {"my-plugin.php": header + main + "\n", **(files or {})}
        return write_tree(self.folder / str(self.made) / "my-plugin", {**whole})

    def boot(
        self, plugin: Path, limits: Limits | None = None, *, alone: bool = False, **beside: Path
    ) -> DynamicPass:
        """On both releases, or on the target `alone`."""
        others = tuple(beside.values())
        workshop = self.workshop
        if limits is not None:
            workshop = Workshop(workshop.cache, workshop.drop_in, workshop.php, limits)
        return boot_both(
            plugin,
            Stage(self.target, others),
            None if alone else Stage(self.before, others),
            workshop,
        )


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter: as root, plugins run as one of them."""
    folder = Path(tempfile.mkdtemp(prefix="booting"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def version_of(release: Path) -> str:
    with open_tree(release) as tree:
        text = tree.read("wp-includes/version.php").decode()
    found = re.search(r"wp_version = '([^']+)'", text)
    assert found is not None
    return found[1]


def real_releases() -> tuple[Path, Path, Path] | None:
    """Before, after, drop-in; None where they are not given."""
    releases = os.environ.get("REFUNDDESK_TEST_WORDPRESS", "").split(":")
    drop_in = os.environ.get("REFUNDDESK_TEST_SQLITE", "")
    if len(releases) != 2 or not drop_in:
        return None
    return Path(releases[0]), Path(releases[1]), Path(drop_in)
