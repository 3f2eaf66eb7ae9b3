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
CHECKER_VERSION = 2


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
    for a fatal error. `incomplete` says in sentences what keeps a clean result from being an OK.
    Of `pages_known`, `pages_visited` came; of `entry_points_known`, `entry_points_run` were called.
    `files_loaded` are the plugin's files that were loaded without an error. `notes` are about the
    surroundings, not the plugin. `record` is the whole of it as canonical JSON, for evidence.
    """

    ran: bool
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    incomplete: tuple[str, ...] = ()
    pages_visited: int = 0
    pages_known: int = 0
    entry_points_run: int = 0
    entry_points_known: int = 0
    files_loaded: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    php: str = ""
    record: str = ""

    @property
    def coverage(self) -> str:
        """How much was run, as part of a sentence."""
        pages = f"{self.pages_visited} of {self.pages_known} pages came"
        if not self.entry_points_known:
            return f"{pages}, it offers no entry points"
        return f"{pages}, {self.entry_points_run} of {self.entry_points_known} entry points ran"


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
    if dynamic.incomplete:
        return Verdict.UNVERIFIED, f"Not everything could be run: {dynamic.incomplete[0]}"
    return Verdict.OK, f"Reading and booting it found nothing new; {dynamic.coverage}."


def _counted(findings: list[Finding], one: str, many: str) -> str:
    return f"1 place {one}." if len(findings) == 1 else f"{len(findings)} places {many}."


def _merged(static: StaticPass, dynamic: DynamicPass | None) -> tuple[Finding, ...]:
    """Both passes' findings; a static error in a file that loaded well counts one level less."""
    if dynamic is None or not dynamic.ran:
        return static.findings
    seen = list(dynamic.findings)
    merged = []
    for finding in static.findings:
        same = next((one for one in seen if _confirms(one, finding)), None)
        if same is not None:
            seen.remove(same)
            finding = _confirmed(finding, same)
        elif finding.level is Level.ERROR and finding.place.file in dynamic.files_loaded:
            finding = _contradicted(finding)
        merged.append(finding)
    return (*(replace(one, confirmed_by="dynamic") for one in seen), *merged)


def _confirms(seen: Finding, read: Finding) -> bool:
    """Whether running showed what reading says: an error at the line, or the same rule there."""
    if seen.place != read.place or seen.new != read.new:
        return False
    if read.level is Level.ERROR:
        return seen.level is Level.ERROR
    return seen.rule == read.rule and seen.symbol.lower() == read.symbol.lower()


def _confirmed(read: Finding, seen: Finding) -> Finding:
    return replace(
        read,
        confirmed_by="static, dynamic",
        request=seen.request,
        message=seen.message,
        stack=seen.stack,
        remark=seen.remark,
    )


def _contradicted(finding: Finding) -> Finding:
    remark = "The file was loaded on this release without an error, so this counts one level less."
    # On load it would have stopped; anywhere else the line may not have been reached.
    level = Level.ERROR if finding.on_load else Level.WARNING
    return replace(finding, level=level, on_load=False, remark=remark)


def evidence_of(
    check: Check,
    first_seen_at: datetime | None = None,
    line_of: Callable[[str, int], str] | None = None,
) -> list[dict[str, object]]:
    """One record per new finding, JSON-ready: to be stored once and never changed.

    `line_of` reads a line of the plugin for the record's snippet. What was run as a whole is in
    the dynamic pass's `record`.
    """
    return [
        _record(check, finding, first_seen_at, line_of) for finding in check.findings if finding.new
    ]


def _record(
    check: Check,
    finding: Finding,
    first_seen_at: datetime | None,
    line_of: Callable[[str, int], str] | None,
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
        "php": (check.dynamic.php or None) if check.dynamic else None,
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
        "request": finding.request or None,
        "message": finding.message or None,
        "stack": list(finding.stack),
        "first_seen_at": first_seen_at.isoformat() if first_seen_at else None,
    }


def _of_product(surfaces: tuple[Surface, ...], product: str) -> Surface | None:
    return next((surface for surface in surfaces if surface.product == product), None)
