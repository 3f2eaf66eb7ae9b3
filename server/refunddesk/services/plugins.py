"""The vendor's plugin zips: taken in whole or not at all, and read for their facts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from refunddesk.compat.archive import ArchiveRefused, SourceTree, open_tree
from refunddesk.compat.companions import uses_woocommerce
from refunddesk.compat.facts import Headers, PluginFacts
from refunddesk.compat.facts_document import FORMAT, pack_facts, unpack_facts
from refunddesk.compat.headers import NoPluginHeader, read_headers
from refunddesk.compat.lifecycle import read_shipped, surface_at
from refunddesk.compat.plugin import read_plugin
from refunddesk.compat.surface import WOOCOMMERCE
from refunddesk.db import outbox, plugins
from refunddesk.db.history import record_deed
from refunddesk.db.plugins import NewVersion, PluginVersion
from refunddesk.jobnames import JobName
from refunddesk.services.compat_files import incoming, move_in, plugin_zip
from refunddesk.services.edges import Edges
from refunddesk.services.fan_out import promise_checks_of_version
from refunddesk.services.refusal import Refusal

#: "my-plugin-1.2.3": how a code host names the folder of a download.
_VERSION_AT_END = re.compile(r"[-_.]v?\d+(?:\.\d+)+$")
_SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


class PluginZipRefused(Refusal):
    """The zip is no plugin, or holds what is not read. Nothing of it was kept."""


class NoSuchPluginVersion(Refusal):
    """No uploaded zip has this number."""


class PluginZipGone(Exception):
    """The zip of an uploaded version is not where it was kept; it must be uploaded again."""


def find_sold_version(edges: Edges, products: Sequence[str]) -> str | None:
    """The current version of the first of these products that is a plugin of ours."""
    with edges.database.read() as transaction:
        found = (plugins.find_sold(transaction, product, None) for product in products)
        return next((one.version for one in found if one), None)


def add_plugin(
    edges: Edges, zip_place: Path, file_name: str, *, by: str, products: Sequence[str] = ()
) -> tuple[PluginVersion, bool]:
    """Take in a zip of the vendor's, and promise to read it; False: it was known already.

    `file_name` is what the vendor calls the file, `products` are what the store sells the plugin
    as. Raises PluginZipRefused.
    """
    with incoming(edges) as copy:
        # Read from a copy of our own: the caller's file may change under us.
        shutil.copyfile(zip_place, copy)
        headers, slug, sha256 = _look_at(copy, file_name)
        now = edges.clock()
        with edges.database.write() as transaction:
            plugin = plugins.keep_plugin(transaction, slug, headers.name, products, now)
            known = plugins.find_by_hash(transaction, sha256)
            if known is not None:
                move_in(copy, plugin_zip(edges, sha256))
                return known, False
            new = NewVersion(
                plugin.id, headers.version, sha256, copy.stat().st_size, file_name[:200], by
            )
            version_id = plugins.insert_version(transaction, new, now)
            outbox.promise(transaction, JobName.READ_PLUGIN, version_id, due_at=now)
            record_deed(
                transaction,
                at=now,
                actor=by,
                action="plugin_uploaded",
                subject=f"plugin:{plugin.id}",
                data={"slug": slug, "version": headers.version, "sha256": sha256},
            )
            # Last before the commit: a zip without a row is found by nobody and harms nobody.
            move_in(copy, plugin_zip(edges, sha256))
            return _get(transaction, version_id), True


def read_facts(edges: Edges, version_id: int) -> None:
    """Read what an uploaded plugin declares and uses, and promise its checks.

    Raises NoSuchPluginVersion, and PluginZipGone where the zip is not on this machine.
    """
    version = show_version(edges, version_id)
    try:
        facts = _read_zip(edges, version)
    except (ArchiveRefused, NoPluginHeader) as refusal:
        with edges.database.write() as transaction:
            plugins.record_trouble(transaction, version_id, str(refusal))
        return
    with edges.database.write() as transaction:
        _record(transaction, version_id, facts)
        promise_checks_of_version(transaction, version_id, edges.clock())


def get_facts(edges: Edges, version: PluginVersion) -> PluginFacts:
    """The stored facts; read anew from the zip where they are of an older format.

    Raises PluginZipGone, ArchiveRefused, NoPluginHeader.
    """
    with edges.database.read() as transaction:
        packed = plugins.find_facts(transaction, version.id, FORMAT)
    if packed is not None:
        return unpack_facts(packed)
    facts = _read_zip(edges, version)
    with edges.database.write() as transaction:
        _record(transaction, version.id, facts)
    return facts


def show_version(edges: Edges, version_id: int) -> PluginVersion:
    """Raises NoSuchPluginVersion."""
    with edges.database.read() as transaction:
        return _get(transaction, version_id)


def _get(transaction: Connection, version_id: int) -> PluginVersion:
    version = plugins.find_version(transaction, version_id)
    if version is None:
        raise NoSuchPluginVersion(f"There is no plugin version {version_id}.")
    return version


def _look_at(place: Path, file_name: str) -> tuple[Headers, str, str]:
    """Headers, slug and hash of a zip that can be read from end to end."""
    try:
        with open_tree(place) as tree:
            _, headers = read_headers(tree)
            # What is damaged shows here, not hours later in a job.
            for path in tree.paths:
                tree.read(path)
            return headers, _slug(tree, place, file_name), tree.sha256
    except (ArchiveRefused, NoPluginHeader) as refusal:
        # The copy's own name means nothing to whoever gave the file.
        told = str(refusal).replace(place.name, file_name).replace(place.stem, file_name)
        raise PluginZipRefused(f"{told}. Nothing was kept.") from None


def _slug(tree: SourceTree, place: Path, file_name: str) -> str:
    # A zip without one top folder goes by its file's name.
    name = tree.name if tree.name != place.stem else Path(file_name).stem
    slug = _VERSION_AT_END.sub("", name.lower().replace(" ", "-"))
    if not _SLUG.fullmatch(slug):
        raise PluginZipRefused(
            f"{name[:80]!r} is no name of a plugin's folder: use a-z, 0-9, hyphens and dots. "
            "Nothing was kept."
        )
    return slug


def _read_zip(edges: Edges, version: PluginVersion) -> PluginFacts:
    place = plugin_zip(edges, version.sha256)
    if not place.is_file():
        raise PluginZipGone(
            f"The zip of {version.title} is not in {place.parent}. Upload {version.file_name} "
            "again, and see that all processes share REFUNDDESK_HOME."
        )
    with open_tree(place) as tree:
        return read_plugin(tree)


def _record(transaction: Connection, version_id: int, facts: PluginFacts) -> None:
    lifecycle = read_shipped(WOOCOMMERCE)
    newest = surface_at(lifecycle, lifecycle.versions[-1])
    plugins.record_facts(
        transaction,
        version_id,
        facts=pack_facts(facts),
        facts_format=FORMAT,
        uses_woocommerce=uses_woocommerce(facts, newest),
    )
