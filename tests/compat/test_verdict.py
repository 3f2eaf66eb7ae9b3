"""A verdict never promises more than was done, and its evidence can be handed to a customer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from refunddesk.compat.check import StaticPass
from refunddesk.compat.finding import Finding, Level
from refunddesk.compat.report import report_of
from refunddesk.compat.surface import Place
from refunddesk.compat.verdict import DynamicPass, Verdict, evidence_of, judge
from tests.compat.synthetic import Bench

BOOTED = DynamicPass(
    ran=True, pages_visited=16, pages_known=17, entry_points_run=7, entry_points_known=9
)


def checked(bench: Bench, main: str, **files: str) -> StaticPass:
    before = bench.wordpress("6.9", functions="function gone() {} function worn() {}")
    target = bench.wordpress(
        "7.0", functions="/** @deprecated 7.0.0 Use fresh() */ function worn() {}"
    )
    return bench.check(bench.plugin(main, **files), target, before)


def fatal(file: str, line: int) -> Finding:
    place = Place(file, line)
    return Finding("fatal", Level.ERROR, "wordpress", "gone", place, "run", "It stopped.")


@pytest.mark.parametrize(
    ("main", "verdict"),
    [
        ("gone();", Verdict.BROKEN),
        ("function later() { require __DIR__ . '/rare.php'; }", Verdict.LIKELY_BROKEN),
        ("worn();", Verdict.WARN),
        ("", Verdict.UNVERIFIED),
    ],
    ids=["on every request", "in a file loaded later", "deprecated", "nothing found"],
)
def test_reading_alone(bench: Bench, main: str, verdict: Verdict) -> None:
    files = {"rare": "gone();"} if "rare" in main else {}
    assert judge(checked(bench, main, **files)).verdict is verdict


@pytest.mark.parametrize(
    ("dynamic", "verdict"),
    [
        (None, Verdict.UNVERIFIED),
        (DynamicPass(ran=False, reason="no PHP is installed."), Verdict.UNVERIFIED),
        (replace(BOOTED, incomplete=("The editor did not come.",)), Verdict.UNVERIFIED),
        (BOOTED, Verdict.OK),
    ],
    ids=["not tried", "could not start", "not all of it came", "booted"],
)
def test_only_a_booted_plugin_is_ok(
    bench: Bench, dynamic: DynamicPass | None, verdict: Verdict
) -> None:
    check = judge(checked(bench, ""), dynamic)
    assert check.verdict is verdict
    if verdict is Verdict.OK:
        assert check.reason == (
            "Reading and booting it found nothing new;"
            " 16 of 17 pages came, 7 of 9 entry points ran."
        )


def test_a_fatal_error_seen_at_the_line_confirms_it(bench: Bench) -> None:
    static = checked(bench, "function later() { require __DIR__ . '/rare.php'; }", rare="gone();")
    dynamic = DynamicPass(ran=True, findings=(fatal("rare.php", 2),))
    check = judge(static, dynamic)
    assert check.verdict is Verdict.BROKEN
    assert [finding.confirmed_by for finding in check.findings] == ["static, dynamic"]


def test_a_fatal_error_that_reading_missed_breaks_it_too(bench: Bench) -> None:
    dynamic = DynamicPass(ran=True, findings=(fatal("my-plugin.php", 99),))
    check = judge(checked(bench, ""), dynamic)
    assert (check.verdict, check.findings[0].confirmed_by) == (Verdict.BROKEN, "dynamic")


@pytest.mark.parametrize(
    ("main", "rare", "verdict"),
    [
        ("gone();", "", Verdict.LIKELY_BROKEN),
        ("function later() { require __DIR__ . '/rare.php'; }", "gone();", Verdict.WARN),
    ],
    ids=["from broken", "from likely broken"],
)
def test_a_file_that_loaded_well_counts_one_level_less(
    bench: Bench, main: str, rare: str, verdict: Verdict
) -> None:
    static = checked(bench, main, rare=rare)
    dynamic = DynamicPass(ran=True, files_loaded=frozenset({"my-plugin.php", "rare.php"}))
    check = judge(static, dynamic)
    assert check.verdict is verdict
    assert "one level less" in check.findings[0].remark


def test_a_notice_seen_at_the_line_confirms_what_was_read(bench: Bench) -> None:
    static = checked(bench, "worn();")
    seen = replace(
        static.findings[0], confirmed_by="dynamic", request="the feed", stack=("a.php:6 worn",)
    )
    elsewhere = replace(seen, place=Place("my-plugin.php", 60))
    check = judge(static, DynamicPass(ran=True, findings=(seen, elsewhere)))
    assert check.verdict is Verdict.WARN
    assert [(f.place.line, f.confirmed_by) for f in check.findings] == [
        (60, "dynamic"),
        (6, "static, dynamic"),
    ]
    record = evidence_of(check)[1]
    assert (record["request"], record["stack"]) == ("the feed", ["a.php:6 worn"])


def test_a_doubtful_error_is_no_more_than_likely(bench: Bench) -> None:
    doubtful = replace(fatal("my-plugin.php", 99), remark="A limit was hit.")
    check = judge(checked(bench, ""), DynamicPass(ran=True, findings=(doubtful,)))
    assert check.verdict is Verdict.LIKELY_BROKEN


def test_evidence_is_complete_and_plain(bench: Bench) -> None:
    check = judge(checked(bench, "gone();"))
    seen = datetime(2026, 8, 12, 9, 30, tzinfo=UTC)
    [record] = evidence_of(check, seen, lambda file, line: f"{file} line {line}")
    assert json.loads(json.dumps(record)) == {
        "plugin": "My Plugin",
        "version": "1.0",
        "zip_sha256": check.static.facts.sha256,
        "product": "wordpress",
        "release": "7.0",
        "release_sha256": check.static.target.surfaces[0].sha256,
        "baseline": "6.9",
        "php": None,
        "checker_version": 2,
        "rule": "removed-function",
        "severity": "error",
        "symbol": "gone",
        "form": "call",
        "sentence": "The function gone() is gone since WordPress 7.0.",
        "use": {
            "file": "my-plugin.php",
            "line": 6,
            "snippet": "my-plugin.php line 6",
        },
        "core": {"file": "wp-includes/functions.php", "line": 2},
        "since": None,
        "deprecated_in": None,
        "removed_in": "7.0",
        "last_seen": "6.9",
        "replacement": None,
        "guarded": False,
        "on_load": True,
        "confirmed_by": "static",
        "remark": None,
        "request": None,
        "message": None,
        "stack": [],
        "first_seen_at": "2026-08-12T09:30:00+00:00",
    }


def test_the_report_names_the_line_the_reason_and_what_was_not_done(bench: Bench) -> None:
    check = judge(checked(bench, "gone();\nworn();", broken="function ( {"))
    text = report_of(check, "tested up to 6.9", lambda file, line: "gone();")
    assert text.splitlines()[:4] == [
        "My Plugin 1.0 on WordPress 7.0",
        "compared with WordPress 6.9 (tested up to 6.9)",
        "",
        "BROKEN: 1 place stops the plugin.",
    ]
    assert "  my-plugin.php:6  gone  [removed-function]\n      > gone();" in text
    assert "Instead: Use fresh()." in text
    assert "Not read: broken.php:2: not valid PHP from here." in text
    assert text.endswith("Not booted: this check reads the code only.")
