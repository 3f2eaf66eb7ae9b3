"""From findings to a verdict, and to the records that prove it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from refunddesk.compat.check import StaticPass
from refunddesk.compat.finding import Finding, Level
from refunddesk.compat.surface import Surface

#: Raised with every change of a rule: a stored verdict says which rules it came from.
CHECKER_VERSION = 1


class Verdict(StrEnum):
    """BROKEN: it stops, on every request or seen to. LIKELY_BROKEN: it stops where a line is
    reached. WARN: it works, less or not for long. OK: booted and clean. UNVERIFIED: not known."""

    BROKEN = "BROKEN"
    LIKELY_BROKEN = "LIKELY_BROKEN"
    WARN = "WARN"
    OK = "OK"
    UNVERIFIED = "UNVERIFIED"


@dataclass(frozen=True, slots=True)
class DynamicPass:
    """What booting the plugin found, on the target and not on the baseline.

    `ran` is False where it could not start; `reason` then says why. `findings` are of level ERROR
    for a fatal error. Of `entry_points_known`, `entry_points_run` were called. `files_loaded` are
    the plugin's files that were loaded without an error.
    """

    ran: bool
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    entry_points_run: int = 0
    entry_points_known: int = 0
    files_loaded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Check:
    """One plugin version against one release. `reason` is the sentence behind the verdict."""

    static: StaticPass
    dynamic: DynamicPass | None
    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...]


def judge(static: StaticPass, dynamic: DynamicPass | None = None) -> Check:
    """The verdict on both halves; without the dynamic one nothing is ever OK."""
    findings = _merged(static, dynamic)
    new = [finding for finding in findings if finding.new]
    errors = [finding for finding in new if finding.level is Level.ERROR]
    sure = [f for f in errors if not f.remark and (f.on_load or "dynamic" in f.confirmed_by)]
    if sure:
        verdict, reason = Verdict.BROKEN, _counted(sure, "stops the plugin", "stop the plugin")
    elif errors:
        verdict = Verdict.LIKELY_BROKEN
        reason = _counted(errors, "stops it once it is reached", "stop it once they are reached")
    elif any(finding.level is Level.WARNING for finding in new):
        warnings = [finding for finding in new if finding.level is Level.WARNING]
        verdict, reason = Verdict.WARN, _counted(warnings, "needs a look", "need a look")
    else:
        verdict, reason = _without_findings(static, dynamic)
    return Check(static, dynamic, verdict, reason, findings)


def _without_findings(static: StaticPass, dynamic: DynamicPass | None) -> tuple[Verdict, str]:
    if dynamic is None:
        return (
            Verdict.UNVERIFIED,
            "Reading its code found nothing new; it was not booted, so nothing is promised.",
        )
    if not dynamic.ran:
        return Verdict.UNVERIFIED, f"It could not be booted: {dynamic.reason}"
    return (
        Verdict.OK,
        f"Reading and booting it found nothing new; {dynamic.entry_points_run} of"
        f" {dynamic.entry_points_known} known entry points were run.",
    )


def _counted(findings: list[Finding], one: str, many: str) -> str:
    return f"1 place {one}." if len(findings) == 1 else f"{len(findings)} places {many}."


def _merged(static: StaticPass, dynamic: DynamicPass | None) -> tuple[Finding, ...]:
    """Both passes' findings; a static error in a file that loaded well counts one level less."""
    if dynamic is None or not dynamic.ran:
        return static.findings
    seen = {(f.place.file, f.place.line): f for f in dynamic.findings}
    merged = []
    for finding in static.findings:
        spot = (finding.place.file, finding.place.line)
        if finding.level is Level.ERROR and spot in seen:
            finding = replace(finding, confirmed_by="static, dynamic")
            seen.pop(spot)
        elif finding.level is Level.ERROR and finding.place.file in dynamic.files_loaded:
            finding = _contradicted(finding)
        merged.append(finding)
    return (*(replace(f, confirmed_by="dynamic") for f in seen.values()), *merged)


def _contradicted(finding: Finding) -> Finding:
    remark = "The file was loaded on this release without an error, so this counts one level less."
    # On load it would have stopped; anywhere else the line may not have been reached.
    level = Level.ERROR if finding.on_load else Level.WARNING
    return replace(finding, level=level, on_load=False, remark=remark)


def evidence_of(
    check: Check,
    first_seen_at: datetime | None = None,
    line_of: Callable[[str, int], str] | None = None,
    php: str | None = None,
) -> list[dict[str, object]]:
    """One record per new finding, JSON-ready: to be stored once and never changed.

    `line_of` reads a line of the plugin for the record's snippet; `php` is the version booted.
    """
    return [
        _record(check, finding, first_seen_at, line_of, php)
        for finding in check.findings
        if finding.new
    ]


def _record(
    check: Check,
    finding: Finding,
    first_seen_at: datetime | None,
    line_of: Callable[[str, int], str] | None,
    php: str | None,
) -> dict[str, object]:
    headers = check.static.facts.headers
    target = _of_product(check.static.target.surfaces, finding.product)
    baseline = check.static.baseline
    before = _of_product(baseline.surfaces, finding.product) if baseline else None
    place, core = finding.place, finding.core
    return {
        "plugin": headers.name,
        "version": headers.version,
        "zip_sha256": check.static.facts.sha256,
        "product": finding.product,
        "release": target.version if target else "",
        "release_sha256": target.sha256 if target else "",
        "baseline": before.version if before else None,
        "php": php,
        "checker_version": CHECKER_VERSION,
        "rule": finding.rule,
        "severity": finding.level.value,
        "symbol": finding.symbol,
        "form": finding.form,
        "sentence": finding.sentence,
        "use": {
            "file": place.file,
            "line": place.line,
            "snippet": line_of(place.file, place.line) if line_of else None,
        },
        "core": {"file": core.file, "line": core.line} if core else None,
        "since": finding.since or None,
        "deprecated_in": finding.deprecated_in or None,
        "removed_in": finding.removed_in or None,
        "last_seen": finding.last_seen or None,
        "replacement": finding.instead or None,
        "guarded": False,
        "on_load": finding.on_load,
        "confirmed_by": finding.confirmed_by,
        "remark": finding.remark or None,
        "first_seen_at": first_seen_at.isoformat() if first_seen_at else None,
    }


def _of_product(surfaces: tuple[Surface, ...], product: str) -> Surface | None:
    return next((surface for surface in surfaces if surface.product == product), None)
