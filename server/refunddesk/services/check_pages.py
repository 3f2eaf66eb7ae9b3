"""What staff are shown of plugins, releases and the checks between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from refunddesk.db import checks, fix_tasks, outbox, plugins, releases
from refunddesk.db.checks import CheckLine, RecordedCheck
from refunddesk.db.fix_tasks import FixTask
from refunddesk.db.history import Deed, list_deeds
from refunddesk.db.plugins import PluginVersion
from refunddesk.db.releases import FeedState, Release
from refunddesk.jobnames import JobName
from refunddesk.services.checks import NoSuchCheck
from refunddesk.services.edges import Edges
from refunddesk.services.fan_out import belongs, kept_releases, subject_of


@dataclass(frozen=True, slots=True)
class Cell:
    """One pair: its newest check, and whether one is on its way. Neither: they do not meet."""

    check: CheckLine | None
    waits: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A plugin's current version, with a cell for each release of the matrix."""

    version: PluginVersion
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class OpenTask:
    """`version` is the plugin's current one, `check` its newest on the release."""

    task: FixTask
    version: PluginVersion
    release: Release
    check: CheckLine | None


@dataclass(frozen=True, slots=True)
class Matrix:
    """`progress`: release id -> (checks made, checks in all) while some are on their way."""

    feeds: Sequence[FeedState]
    releases: Sequence[Release]
    rows: Sequence[Row]
    tasks: Sequence[OpenTask]
    progress: Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class CheckPage:
    """One check. `others`: the pair's checks, newest first; `tasks`: those it opened or closed."""

    check: RecordedCheck
    version: PluginVersion
    release: Release
    others: Sequence[CheckLine]
    tasks: Sequence[FixTask]
    waits: bool
    deeds: Sequence[Deed]


def show_matrix(edges: Edges) -> Matrix:
    with edges.database.read() as transaction:
        known = kept_releases(transaction)
        current = plugins.list_current(transaction)
        last = checks.list_last(transaction)
        waiting = _waiting(transaction, current, known)
        rows = [_row(version, known, last, waiting) for version in current]
        return Matrix(
            feeds=[feed for feed in releases.list_feeds(transaction) if feed.trouble],
            releases=known,
            rows=rows,
            tasks=list(_open_tasks(transaction, current, last)),
            progress=_progress(known, rows),
        )


def show_check(edges: Edges, check_id: int) -> CheckPage:
    """Raises NoSuchCheck."""
    with edges.database.read() as transaction:
        check = checks.find_check(transaction, check_id)
        if check is None:
            raise NoSuchCheck(f"There is no check {check_id}.")
        version = plugins.find_version(transaction, check.plugin_version_id)
        release = releases.get_release(transaction, check.release_id)
        assert version is not None
        assert release is not None
        tasks = fix_tasks.list_of_pair(transaction, version.plugin_id, release.id)
        return CheckPage(
            check=check,
            version=version,
            release=release,
            others=checks.list_of_pair(transaction, version.id, release.id),
            tasks=[t for t in tasks if check.id in (t.opened_by_check_id, t.closed_by_check_id)],
            waits=bool(_waiting(transaction, [version], [release])),
            deeds=list_deeds(transaction, f"check:{check_id}"),
        )


def _row(
    version: PluginVersion,
    known: Sequence[Release],
    last: Mapping[tuple[int, int], CheckLine],
    waiting: set[str],
) -> Row:
    return Row(
        version,
        tuple(
            Cell(
                last.get((version.id, release.id)),
                subject_of(version.id, release.id) in waiting,
            )
            for release in known
        ),
    )


def _waiting(
    transaction: Connection, versions: Sequence[PluginVersion], known: Sequence[Release]
) -> set[str]:
    subjects = [
        subject_of(version.id, release.id)
        for version in versions
        for release in known
        if belongs(version, release)
    ]
    return outbox.list_open_subjects(transaction, JobName.CHECK_PLUGIN, subjects)


def _progress(known: Sequence[Release], rows: Sequence[Row]) -> dict[int, tuple[int, int]]:
    progress = {}
    for at, release in enumerate(known):
        cells = [row.cells[at] for row in rows if belongs(row.version, release)]
        waits = sum(cell.waits for cell in cells)
        if waits:
            progress[release.id] = (len(cells) - waits, len(cells))
    return progress


def _open_tasks(
    transaction: Connection,
    current: Sequence[PluginVersion],
    last: Mapping[tuple[int, int], CheckLine],
) -> list[OpenTask]:
    by_plugin = {version.plugin_id: version for version in current}
    shown = []
    for task in fix_tasks.list_open(transaction):
        version, release = (
            by_plugin[task.plugin_id],
            releases.get_release(transaction, task.release_id),
        )
        assert release is not None
        shown.append(OpenTask(task, version, release, last.get((version.id, release.id))))
    return shown
