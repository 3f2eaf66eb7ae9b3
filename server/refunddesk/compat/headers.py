"""Reads a plugin's header and readme the way WordPress reads them."""

from __future__ import annotations

import re

from refunddesk.compat.archive import SourceTree
from refunddesk.compat.facts import Headers

#: WordPress looks for headers in the first 8 KB of a file and nowhere else.
_HEAD = 8192
_LINE = r"(?im)^(?:[ \t]*<\?php)?[ \t/*#@]*{name}:(.*)$"
_README_NAMES = ("readme.txt", "README.txt", "readme.md", "README.md", "Readme.txt")


class NoPluginHeader(ValueError):
    """A tree in which no file says `Plugin Name:`."""


def read_headers(tree: SourceTree) -> tuple[str, Headers]:
    """The main file's path and what it and the readme say. Raises NoPluginHeader."""
    main = _main_file(tree)
    head = _head(tree, main)
    readme = _readme(tree)
    required = _field(head, "Requires Plugins")
    return main, Headers(
        name=_field(head, "Plugin Name"),
        version=_field(head, "Version"),
        text_domain=_field(head, "Text Domain"),
        requires_wordpress=_field(head, "Requires at least") or _field(readme, "Requires at least"),
        # WordPress reads "Tested up to" from the readme alone; some write it into the header.
        tested_wordpress=_field(readme, "Tested up to") or _field(head, "Tested up to"),
        requires_php=_field(head, "Requires PHP") or _field(readme, "Requires PHP"),
        requires_plugins=tuple(slug.strip() for slug in required.split(",") if slug.strip()),
        requires_woocommerce=_field(head, "WC requires at least"),
        tested_woocommerce=_field(head, "WC tested up to"),
    )


def _main_file(tree: SourceTree) -> str:
    candidates = [path for path in tree.paths if "/" not in path and path.endswith(".php")]
    # The folder's own name comes first, as a plugin may carry a second header for an add-on.
    candidates.sort(key=lambda path: (path.removesuffix(".php") != tree.name, path))
    for path in candidates:
        if _field(_head(tree, path), "Plugin Name"):
            return path
    inner = [path for path in tree.paths if path.lower().endswith(".zip")]
    if inner:
        raise NoPluginHeader(
            f"{tree.name} holds another zip ({inner[0]}) and no plugin of its own:"
            " give the inner zip"
        )
    raise NoPluginHeader(
        f'{tree.name} is no plugin: no PHP file at its top says "Plugin Name:" in its first 8 KB'
    )


def _head(tree: SourceTree, path: str) -> str:
    return tree.read(path)[:_HEAD].decode("utf-8", "replace").replace("\r", "\n")


def _readme(tree: SourceTree) -> str:
    found = next((name for name in _README_NAMES if name in tree.paths), None)
    return _head(tree, found) if found else ""


def _field(text: str, name: str) -> str:
    match = re.search(_LINE.format(name=re.escape(name)), text)
    if match is None:
        return ""
    return re.sub(r"\s*(?:\*/|\?>).*", "", match[1]).strip()[:200]
