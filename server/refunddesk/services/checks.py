"""Checks a plugin version on a release, keeps the record, and draws the consequences."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from refunddesk.compat.archive import ArchiveRefused, open_tree
from refunddesk.compat.check import Site, check_static
from refunddesk.compat.verdict import (
    CHECKER_VERSION,
    Check,
    DynamicPass,
    Verdict,
    evidence_of,
    judge,
)
from refunddesk.db import checks, fix_tasks, outbox, plugins, releases
from refunddesk.db.checks import RecordedCheck
from refunddesk.db.history import record_deed
from refunddesk.db.plugins import PluginVersion
from refunddesk.db.releases import Release
from refunddesk.jobnames import JobName
from refunddesk.services import booting, check_notices
from refunddesk.services.comparisons import Comparison, choose_comparison
from refunddesk.services.compat_files import plugin_zip
from refunddesk.services.edges import Edges
from refunddesk.services.fan_out import belongs, subject_of
from refunddesk.services.plugins import get_facts
from refunddesk.services.refusal import Refusal

_ACTOR = "checks"
#: Verdicts that the vendor has to do something about.
CALLS_FOR_WORK = (Verdict.BROKEN, Verdict.LIKELY_BROKEN, Verdict.WARN)
#: Lines shown before and after the one that a finding is about, and the most of each.
_AROUND, _LINE_LENGTH = 2, 200


class NoSuchCheck(Refusal):
    """No check has this number."""


def check_plugin(edges: Edges, version_id: int, release_id: int) -> RecordedCheck | None:
    """Check the pair and record it; None where the two have nothing to do with each other.

    Raises PluginZipGone where facts of an older format cannot be read anew.
    """
    with edges.database.read() as transaction:
        version = plugins.find_version(transaction, version_id)
        release = releases.get_release(transaction, release_id)
    if version is None or release is None or not belongs(version, release):
        return None
    facts = get_facts(edges, version)
    with edges.database.read() as transaction:
        compared = choose_comparison(transaction, facts, version, release)
    static = check_static(facts, compared.target, compared.baseline, compared.lifecycles)
    check = judge(static, booting.boot(edges, version, compared))
    now = edges.clock()
    record = _record_of(edges, version, compared, check, now)
    with edges.database.write() as transaction:
        return _keep(transaction, version, release, check, record, now)


def check_again(edges: Edges, check_id: int, *, by: str) -> RecordedCheck:
    """Have the pair of a check checked once more. Raises NoSuchCheck."""
    now = edges.clock()
    with edges.database.write() as transaction:
        check = checks.find_check(transaction, check_id)
        if check is None:
            raise NoSuchCheck(f"There is no check {check_id}. Nothing was done.")
        subject = subject_of(check.plugin_version_id, check.release_id)
        outbox.promise(transaction, JobName.CHECK_PLUGIN, subject, due_at=now)
        record_deed(
            transaction, at=now, actor=by, action="check_asked_again", subject=f"check:{check_id}"
        )
    return check


def _keep(
    transaction: Connection,
    version: PluginVersion,
    release: Release,
    check: Check,
    record: dict[str, Any],
    now: datetime,
) -> RecordedCheck:
    before = checks.find_last(transaction, version.id, release.id)
    kept = checks.insert_check(
        transaction,
        plugin_version_id=version.id,
        release_id=release.id,
        checker_version=CHECKER_VERSION,
        verdict=check.verdict,
        record=record,
        now=now,
    )
    # The hash in the chained history proves the record as it was on this day.
    record_deed(
        transaction,
        at=now,
        actor=_ACTOR,
        action="plugin_checked",
        subject=f"check:{kept.id}",
        data={
            "plugin": version.title,
            "release": release.title,
            "verdict": kept.verdict.value,
            "record_sha256": kept.record_sha256,
        },
    )
    current = {one.id for one in plugins.list_current(transaction)}
    if version.id in current:
        _draw_consequences(transaction, version, release, before, kept, now)
    return kept


def _draw_consequences(
    transaction: Connection,
    version: PluginVersion,
    release: Release,
    before: RecordedCheck | None,
    kept: RecordedCheck,
    now: datetime,
) -> None:
    """Open or close the plugin's task for the release, and tell the vendor what is new."""
    if kept.verdict in CALLS_FOR_WORK:
        if fix_tasks.open_once(transaction, version.plugin_id, release.id, kept.id, now):
            _tell_task(transaction, version, release, kept, "fix_task_opened", now)
        if before is None or _what(before) != _what(kept):
            check_notices.tell_vendor(transaction, version, release, kept, now)
        return
    task = fix_tasks.find_open(transaction, version.plugin_id, release.id)
    opened_by = checks.find_check(transaction, task.opened_by_check_id) if task else None
    if task is None or opened_by is None or not proves_repair(opened_by, kept):
        return
    if fix_tasks.close(transaction, task.id, kept.id, now):
        _tell_task(transaction, version, release, kept, "fix_task_closed", now)


def proves_repair(opened_by: RecordedCheck, later: RecordedCheck) -> bool:
    """Whether what `opened_by` found is shown to be gone by `later`.

    What was seen when the plugin ran must be run again. What was found by reading may be gone by
    reading, if all of the plugin could be read.
    """
    if later.verdict is Verdict.OK:
        return True
    was_seen = any("dynamic" in one["confirmed_by"] for one in opened_by.record["evidence"])
    return later.verdict is Verdict.UNVERIFIED and not was_seen and not later.record["unread"]


def _what(check: RecordedCheck) -> tuple[str, list[tuple[str, str, str, int]]]:
    """What a check says, without when: the same again is no news."""
    return check.verdict.value, [
        (one["rule"], one["symbol"], one["use"]["file"], one["use"]["line"])
        for one in check.record["evidence"]
    ]


def _tell_task(
    transaction: Connection,
    version: PluginVersion,
    release: Release,
    check: RecordedCheck,
    action: str,
    now: datetime,
) -> None:
    record_deed(
        transaction,
        at=now,
        actor=_ACTOR,
        action=action,
        subject=f"plugin:{version.plugin_id}",
        data={"plugin": version.title, "release": release.title, "check": check.id},
    )


def _record_of(
    edges: Edges, version: PluginVersion, compared: Comparison, check: Check, now: datetime
) -> dict[str, Any]:
    """All that was compared and found, JSON-ready."""
    static = check.static
    with _lines(edges, version) as lines_of:
        evidence: list[dict[str, Any]] = evidence_of(
            check, now, lambda file, line: _line(lines_of(file), line)
        )
        for one in evidence:
            use = one["use"]
            use["excerpt"] = _excerpt(lines_of(use["file"]), use["line"])
    return {
        "plugin": version.name,
        "slug": version.slug,
        "version": version.version,
        "zip_sha256": version.sha256,
        "target": _named(compared.target),
        "baseline": _named(compared.baseline) if compared.baseline else None,
        "baseline_reason": compared.reason,
        "checker_version": CHECKER_VERSION,
        "verdict": check.verdict.value,
        "reason": check.reason,
        "evidence": evidence,
        "same_on_baseline": len(static.standing),
        "files_read": static.facts.files_read,
        "unread": list(static.facts.unread),
        "left_out": list(static.facts.left_out),
        "booted": check.dynamic is not None and check.dynamic.ran,
        "boot": _boot_record(check.dynamic),
    }


def _boot_record(dynamic: DynamicPass | None) -> dict[str, Any] | None:
    """How much was run and all that was seen, or why nothing was; None: it was not tried."""
    if dynamic is None:
        return None
    if not dynamic.ran:
        return {"reason": dynamic.reason}
    return {
        "coverage": dynamic.coverage,
        "php": dynamic.php,
        "notes": list(dynamic.notes),
        "incomplete": list(dynamic.incomplete),
        "seen": json.loads(dynamic.record),
    }


def _named(site: Site) -> list[dict[str, str]]:
    return [
        {"product": surface.product, "release": surface.title, "sha256": surface.sha256}
        for surface in site.surfaces
    ]


@contextmanager
def _lines(edges: Edges, version: PluginVersion) -> Iterator[Callable[[str], list[str]]]:
    """The lines of a file of the plugin; none where its zip is not on this machine."""
    place = plugin_zip(edges, version.sha256)
    kept: dict[str, list[str]] = {}
    if not place.is_file():
        yield lambda file: []
        return
    with open_tree(place) as tree:

        def lines_of(file: str) -> list[str]:
            if file not in kept:
                try:
                    kept[file] = tree.read(file).decode("utf-8", "replace").splitlines()
                except (ArchiveRefused, KeyError):
                    kept[file] = []
            return kept[file]

        yield lines_of


def _line(lines: list[str], number: int) -> str:
    return lines[number - 1].strip()[:_LINE_LENGTH] if 0 < number <= len(lines) else ""


def _excerpt(lines: list[str], number: int) -> list[list[Any]]:
    """[[number, text], ...] around a line."""
    first, last = max(1, number - _AROUND), min(len(lines), number + _AROUND)
    return [
        [at, lines[at - 1].rstrip().replace("\0", "")[:_LINE_LENGTH]]
        for at in range(first, last + 1)
    ]
