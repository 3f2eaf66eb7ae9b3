"""Small releases and plugins of our own, written file by file for one test."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from refunddesk.compat.archive import open_tree
from refunddesk.compat.check import Site, StaticPass, check_static
from refunddesk.compat.facts import PluginFacts
from refunddesk.compat.finding import Finding
from refunddesk.compat.index import index_release
from refunddesk.compat.lifecycle import build_lifecycle
from refunddesk.compat.plugin import read_plugin
from refunddesk.compat.surface import Surface

HEADER = """<?php
/**
 * Plugin Name: {name}
 * Version: 1.0
 */
"""


def write_tree(folder: Path, files: dict[str, str | bytes]) -> Path:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def write_zip(place: Path, files: dict[str, str | bytes], top: str = "") -> Path:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(f"{top}{path}", content)
    return place


def wordpress_files(version: str, files: dict[str, str], php: str = "7.4") -> dict[str, str]:
    """A release with nothing in it but `files`; PHP files need no opening tag."""
    return {
        "wp-includes/version.php": (
            f"<?php\n$wp_version = '{version}';\n$required_php_version = '{php}';\n"
        ),
        **{
            path: text if text.startswith("<?php") else f"<?php\n{text}\n"
            for path, text in files.items()
        },
    }


@dataclass(slots=True)
class Bench:
    """Makes releases and plugins below one folder and checks them against each other."""

    folder: Path
    made: int = 0

    def _next(self, name: str) -> Path:
        self.made += 1
        place = self.folder / f"{self.made}" / name
        place.mkdir(parents=True)
        return place

    def wordpress(self, version: str, php: str = "7.4", **files: str) -> Surface:
        """`functions="..."` is wp-includes/functions.php."""
        paths = {f"wp-includes/{name.replace('_', '-')}.php": text for name, text in files.items()}
        return self.wordpress_tree(version, paths, php)

    def wordpress_tree(self, version: str, files: dict[str, str], php: str = "7.4") -> Surface:
        place = write_tree(self._next("wordpress"), {**wordpress_files(version, files, php)})
        with open_tree(place) as tree:
            return index_release(tree)

    def woocommerce(self, version: str, **files: str) -> Surface:
        header = HEADER.format(name="WooCommerce").replace("1.0", version)
        paths: dict[str, str | bytes] = {"woocommerce.php": header}
        for name, text in files.items():
            paths[f"includes/{name.replace('_', '-')}.php"] = f"<?php\n{text}\n"
        with open_tree(write_tree(self._next("woocommerce"), paths)) as tree:
            return index_release(tree)

    def plugin(self, main: str = "", **files: str) -> PluginFacts:
        """A plugin whose main file goes on with `main`, from its line 6."""
        return self.plugin_tree(main, {f"{n}.php": f"<?php\n{t}\n" for n, t in files.items()})

    def plugin_tree(self, main: str, files: dict[str, str | bytes]) -> PluginFacts:
        name = "my-plugin"
        whole = {f"{name}.php": HEADER.format(name="My Plugin") + main + "\n", **files}
        with open_tree(write_tree(self._next(name), {**whole})) as tree:
            return read_plugin(tree)

    def check(self, plugin: PluginFacts, target: Surface, baseline: Surface | None) -> StaticPass:
        known = [target] if baseline is None else [baseline, target]
        return check_static(
            plugin,
            Site((target,)),
            Site((baseline,)) if baseline else None,
            {target.product: build_lifecycle(known)},
        )


def rows(findings: tuple[Finding, ...]) -> list[tuple[str, str, str, int]]:
    """(rule, symbol, file, line) of each finding, in the order of a report."""
    return [(f.rule, f.symbol, f.place.file, f.place.line) for f in findings]
