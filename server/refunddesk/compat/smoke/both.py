"""Boots a plugin on the target and on the baseline, and says what only the target shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from refunddesk.compat.archive import SourceTree, open_tree
from refunddesk.compat.finding import Finding
from refunddesk.compat.headers import read_headers
from refunddesk.compat.smoke.boot import ABROAD, Boot, boot
from refunddesk.compat.smoke.dropin import DropIn, find_drop_in
from refunddesk.compat.smoke.findings import findings_of
from refunddesk.compat.smoke.keeping import isolation
from refunddesk.compat.smoke.limits import Limits
from refunddesk.compat.smoke.php import CannotBoot, Php, find_php
from refunddesk.compat.smoke.site import PAGES
from refunddesk.compat.smoke.template import prepare
from refunddesk.compat.verdict import CHECKER_VERSION, DynamicPass

_MESSAGES_KEPT = 300
#: The site's own address, which plugins ask for as well.
_OWN_HOST = "smoke.test"
#: Hears the release and what is looked at there.
Told = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Workshop:
    """What booting takes besides the plugin: a PHP by name or path ("" the one on the PATH), the
    SQLite drop-in, and a folder for prepared releases, which is kept."""

    cache: Path
    drop_in: Path | None = None
    php: str = ""
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Stage:
    """A release as files, and the plugins that stand beside the one under test there."""

    wordpress: Path
    beside: tuple[Path, ...] = ()


def boot_both(
    plugin: Path,
    target: Stage,
    baseline: Stage | None,
    workshop: Workshop,
    told: Told = lambda release, label: None,
) -> DynamicPass:
    """The dynamic half of a check. What keeps it from starting is an answer, not an error.

    Raises ArchiveRefused and NoPluginHeader for bad input.
    """
    try:
        php = find_php(workshop.php)
        drop_in = find_drop_in(workshop.drop_in)
        with ThreadPoolExecutor(2) as pool:
            stages = [target] if baseline is None else [target, baseline]
            boots = list(
                pool.map(lambda stage: _boot(plugin, stage, drop_in, php, workshop, told), stages)
            )
    except CannotBoot as missing:
        return DynamicPass(ran=False, reason=f"{missing}.")
    before = boots[1] if baseline is not None else None
    with open_tree(plugin) as tree:
        main, _ = read_headers(tree)
        record = _record(tree, boots, [target, baseline], drop_in, php, workshop.limits)
    return _pass(boots[0], before, main, php, record)


def _boot(
    plugin: Path, stage: Stage, drop_in: DropIn, php: Php, workshop: Workshop, told: Told
) -> Boot:
    title = stage.wordpress.name
    told(title, "preparing WordPress")
    template = prepare(stage.wordpress, drop_in, php, workshop.cache, workshop.limits)
    with ExitStack() as opened:
        tree = opened.enter_context(open_tree(plugin))
        beside = [opened.enter_context(open_tree(place)) for place in stage.beside]
        return boot(tree, template, beside, workshop.limits, lambda label: told(title, label))


def _pass(
    target: Boot, baseline: Boot | None, main: str, php: Php, record: dict[str, object]
) -> DynamicPass:
    findings = findings_of(target, baseline, main)
    failed_files = {event.file for event in target.events if event.kind == "fatal"}
    return DynamicPass(
        ran=True,
        findings=findings,
        incomplete=tuple(_incomplete(target, baseline, findings)),
        pages_visited=len(target.visited),
        pages_known=target.pages_known,
        entry_points_run=len(target.run & target.known),
        entry_points_known=len(target.known),
        files_loaded=frozenset(target.loaded - failed_files),
        notes=tuple(_notes(target, baseline)),
        php=php.version,
        record=json.dumps(record, sort_keys=True, ensure_ascii=False),
    )


def _incomplete(target: Boot, baseline: Boot | None, findings: Iterable[Finding]) -> Iterator[str]:
    """What keeps "nothing new was found" from meaning "it works"."""
    name = target.title
    if not target.activated:
        also = f" nor on {baseline.title}" if baseline and not baseline.activated else ""
        yield f"It could not be activated on {name}{also}: {target.refusal or target.given_up}."
        return
    if target.given_up:
        yield f"On {name}: {target.given_up}."
    explained = {finding.request for finding in findings if finding.new}
    for page in PAGES:
        if page.label in target.failed and page.label not in explained:
            yield f"On {name} {page.label} did not come: {target.failed[page.label]}."
    for label, what in target.stalled.items():
        if label not in explained:
            yield f"On {name} {label} {what}."


def _notes(target: Boot, baseline: Boot | None) -> Iterator[str]:
    if baseline is None:
        yield "Booted on the target alone: no files of the baseline were given."
    elif not baseline.activated:
        yield (
            f"On {baseline.title} it could not be activated"
            f" ({baseline.refusal or baseline.given_up}), so nothing could be compared."
        )
    asked = {event.symbol for event in target.events if event.kind == "outward"}
    hosts = sorted(asked - {"", _OWN_HOST})
    if hosts:
        yield f"It tried to reach {', '.join(hosts[:5])}: nothing was let out."
    refused = sorted({event.message for event in target.events if event.kind == "database"})
    if refused:
        yield (
            f"SQLite refused {len(refused)} of its queries, which MySQL may take;"
            f" the first: {refused[0][:200]}"
        )


def _record(
    tree: SourceTree,
    boots: list[Boot],
    stages: list[Stage | None],
    drop_in: DropIn,
    php: Php,
    limits: Limits,
) -> dict[str, object]:
    """All that was run and seen, for whoever doubts the verdict later."""
    roles = ["target", "baseline"]
    return {
        "checker_version": CHECKER_VERSION,
        "plugin_sha256": tree.sha256,
        "php": php.version,
        "extensions": sorted(php.extensions),
        "sqlite_drop_in": {"version": drop_in.version, "sha256": drop_in.sha256},
        "isolation": isolation().in_words,
        "limits": asdict(limits),
        "second_locale": ABROAD,
        "releases": [
            {"role": role, **_told_of(seen), "beside": _beside(stage)}
            for role, seen, stage in zip(roles, boots, stages, strict=False)
        ],
    }


def _told_of(seen: Boot) -> dict[str, object]:
    return {
        "product": "wordpress",
        "version": seen.version,
        "sha256": seen.sha256,
        "activated": seen.activated,
        "refusal": seen.refusal,
        "pages_visited": seen.visited,
        "pages_failed": seen.failed,
        "entry_points_known": sorted(seen.known),
        "entry_points_run": sorted(seen.run),
        "files_loaded": sorted(seen.loaded),
        "stopped": seen.stalled,
        "given_up": seen.given_up,
        "cpu_milliseconds": round(seen.cpu * 1000),
        "messages": [
            {name: value for name, value in asdict(event).items() if value}
            for event in seen.events[:_MESSAGES_KEPT]
        ],
        "messages_left_out": max(0, len(seen.events) - _MESSAGES_KEPT),
    }


def _beside(stage: Stage | None) -> list[dict[str, str]]:
    told = []
    for place in stage.beside if stage else ():
        with open_tree(place) as tree:
            _, headers = read_headers(tree)
            told.append({"name": headers.name, "version": headers.version, "sha256": tree.sha256})
    return told
