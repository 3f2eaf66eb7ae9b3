"""The plugin that lets WordPress keep its data in SQLite; it is named by the user, not shipped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from refunddesk.compat.archive import SourceTree, open_tree
from refunddesk.compat.smoke.php import CannotBoot

_TEMPLATE = "db.copy"
_VERSION = re.compile(rb"Version:[ \t]*([0-9][\w.-]*)")
HOW_TO_GET_IT = (
    'give the WordPress plugin "SQLite Database Integration" (its zip or folder) with --sqlite,'
    " or put its path into REFUNDDESK_SQLITE_DROP_IN"
)


@dataclass(frozen=True, slots=True)
class DropIn:
    """Where it lies, which version it is, and the hash of its files."""

    place: Path
    version: str
    sha256: str


def find_drop_in(place: Path | None) -> DropIn:
    """The drop-in at `place`. Raises CannotBoot or ArchiveRefused."""
    if place is None:
        raise CannotBoot(f"WordPress needs a database: {HOW_TO_GET_IT}")
    with open_tree(place) as tree:
        if _TEMPLATE not in tree.paths:
            raise CannotBoot(f"{place.name} has no {_TEMPLATE} at its top: {HOW_TO_GET_IT}")
        return DropIn(place, _version_of(tree), tree.sha256)


def _version_of(tree: SourceTree) -> str:
    for name in ("load.php", _TEMPLATE):
        found = _VERSION.search(tree.read(name)) if name in tree.paths else None
        if found is not None:
            return found[1].decode()
    return ""


def install_drop_in(drop_in: DropIn, folder: Path) -> str:
    """Unpacks it into `folder`; the text of the wp-content/db.php that loads it from there."""
    with open_tree(drop_in.place) as tree:
        write_files(tree, folder, "")
        text = tree.read(_TEMPLATE).decode("utf-8", "replace")
    # The two places its own installer fills in.
    return text.replace("{SQLITE_IMPLEMENTATION_FOLDER_PATH}", str(folder)).replace(
        "{SQLITE_PLUGIN}", "sqlite-database-integration/load.php"
    )


def write_files(tree: SourceTree, folder: Path, without: str) -> None:
    """Writes a tree's files below `folder`, except those whose path begins with `without`."""
    made: set[Path] = set()
    for path in tree.paths:
        if without and path.startswith(without):
            continue
        target = folder / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        target.write_bytes(tree.read(path))
