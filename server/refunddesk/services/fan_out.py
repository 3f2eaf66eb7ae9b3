"""Promises one check for each plugin version and release that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from refunddesk.compat.surface import WORDPRESS
from refunddesk.db import fix_tasks, outbox, plugins, releases
from refunddesk.db.plugins import PluginVersion
from refunddesk.db.releases import Release
from refunddesk.jobnames import JobName

#: Of each product, so many of the newest releases are kept checked.
RELEASES_KEPT = 12


def subject_of(version_id: int, release_id: int) -> str:
    """How the outbox names a check that is to be made."""
    return f"{version_id}:{release_id}"


def belongs(version: PluginVersion, release: Release) -> bool:
    """Whether the release can matter to the plugin, and both were read."""
    if not version.is_read or release.read_at is None:
        return False
    return release.product == WORDPRESS or version.uses_woocommerce is True


def kept_releases(transaction: Connection) -> list[Release]:
    """The releases whose checks are kept up to date: the newest of each product."""
    by_product: dict[str, list[Release]] = {}
    for release in releases.list_releases(transaction):
        by_product.setdefault(release.product, []).append(release)
    return [one for found in by_product.values() for one in found[:RELEASES_KEPT]]


def promise_checks_of_version(transaction: Connection, version_id: int, now: datetime) -> int:
    """Have an uploaded version checked on every release that is kept, and on those its plugin has
    an open task for. How many."""
    version = plugins.find_version(transaction, version_id)
    if version is None:
        return 0
    wanted = {release.id: release for release in kept_releases(transaction)}
    for task in fix_tasks.list_open(transaction, version.plugin_id):
        release = releases.get_release(transaction, task.release_id)
        if release is not None:
            wanted[release.id] = release
    return _promise(transaction, [(version, release) for release in wanted.values()], now)


def promise_checks_of_release(transaction: Connection, release_id: int, now: datetime) -> int:
    """Have the current version of every plugin checked on a release. How many."""
    release = releases.get_release(transaction, release_id)
    if release is None:
        return 0
    current = plugins.list_current(transaction)
    return _promise(transaction, [(version, release) for version in current], now)


def _promise(
    transaction: Connection, pairs: Sequence[tuple[PluginVersion, Release]], now: datetime
) -> int:
    asked = [
        (JobName.CHECK_PLUGIN, subject_of(version.id, release.id), now)
        for version, release in pairs
        if belongs(version, release)
    ]
    outbox.promise_all(transaction, asked)
    return len(asked)
