"""A line is only counted where the conditions around it let the release reach it."""

from __future__ import annotations

import pytest

from refunddesk.compat.conditions import (
    UNKNOWN,
    Condition,
    Either,
    Every,
    Exists,
    Not,
    VersionIs,
    from_document,
    to_document,
    truth_of,
)
from refunddesk.compat.surface import Surface
from tests.compat.synthetic import Bench, rows

YES, NO = Exists("function", "yes"), Exists("function", "no")
ANSWERS = {YES: True, NO: False}


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        (YES, True),
        (Not(YES), False),
        (Not(UNKNOWN), None),
        (Every((YES, UNKNOWN)), None),
        (Every((NO, UNKNOWN)), False),
        (Every((YES, YES)), True),
        (Either((YES, UNKNOWN)), True),
        (Either((NO, UNKNOWN)), None),
        (Either((NO, NO)), False),
    ],
    ids=str,
)
def test_what_is_not_known_decides_only_where_nothing_else_does(
    condition: Condition, truth: bool | None
) -> None:
    assert truth_of(condition, lambda asked: ANSWERS.get(asked)) is truth  # type: ignore[arg-type]
    assert from_document(to_document(condition)) == condition


def test_a_version_condition_comes_back_from_storage() -> None:
    condition = Not(VersionIs("wordpress", "<", "5.5"))
    assert from_document(to_document(condition)) == condition


REACHED = {
    "the branch for new versions": "if ( version_compare( $wp_version, '7.0', '>=' ) ) { gone(); }",
    "mirrored": "if ( version_compare( '7.0', $wp_version, '<=' ) ) { gone(); }",
    "compared with zero": "if ( version_compare( $wp_version, '7.0' ) >= 0 ) { gone(); }",
    "the branch without the old function": (
        "if ( function_exists( 'long_gone' ) ) { fine(); } else { gone(); }"
    ),
    "a guard that ended": "if ( function_exists( 'gone' ) ) { fine(); }\ngone();",
    "an early return that may not happen": "if ( is_admin() ) { return; }\ngone();",
    "either of two": "if ( function_exists( 'gone' ) || $x ) { gone(); }",
    "another plugin's function": "if ( function_exists( 'wpcf7' ) ) { gone(); }",
}
NOT_REACHED = {
    "the branch for old versions": "if ( version_compare( $wp_version, '7.0', '<' ) ) { gone(); }",
    "through get_bloginfo()": (
        "if ( version_compare( get_bloginfo( 'version' ), '7.0', 'lt' ) ) { gone(); }"
    ),
    "the fallback": "if ( function_exists( 'fresh' ) ) { fresh(); } else { gone(); }",
    "the fallback of an elseif": (
        "if ( $x ) { a(); } elseif ( function_exists( 'fresh' ) ) { b(); } else { gone(); }"
    ),
    "after an early return": (
        "function a() { if ( function_exists( 'fresh' ) ) { return; } gone(); }"
    ),
    "after or exit": "function a() { function_exists( 'gone' ) or exit; gone(); }",
    "after or die()": "function a() { function_exists( 'gone' ) || die( 'x' ); gone(); }",
    "after a throw": (
        "function a() { if ( function_exists( 'fresh' ) ) { throw new E(); } gone(); }"
    ),
    "the plugin's own question": (
        "function is_old() { return ! function_exists( 'fresh' ); }\nif ( is_old() ) { gone(); }"
    ),
    "the class's own question": (
        "class A { static function old() { return version_compare( $GLOBALS['wp_version'], '6.9.9',"
        " '<' ); }\nfunction go() { if ( self::old() ) { gone(); } } }"
    ),
    "is_wp_version_compatible()": ("if ( ! is_wp_version_compatible( '7.0' ) ) { gone(); }"),
}


@pytest.mark.parametrize("name", REACHED, ids=str)
def test_a_line_the_release_reaches_is_counted(bench: Bench, name: str) -> None:
    assert [(r, s) for r, s, _, _ in _check(bench, REACHED[name])] == [("removed-function", "gone")]


@pytest.mark.parametrize("name", NOT_REACHED, ids=str)
def test_a_line_the_release_never_reaches_is_not(bench: Bench, name: str) -> None:
    assert _check(bench, NOT_REACHED[name]) == []


def test_a_file_included_only_on_old_releases_is_not_counted(bench: Bench) -> None:
    before, target = _releases(bench)
    for sign, expected in (("<", []), (">=", [("removed-function", "gone", "old.php", 2)])):
        plugin = bench.plugin(
            f"if ( version_compare( $wp_version, '7.0', '{sign}' ) ) {{\n"
            "require __DIR__ . '/old.php';\n}",
            old="gone();",
        )
        assert rows(bench.check(plugin, target, before).new) == expected


def _releases(bench: Bench) -> tuple[Surface, Surface]:
    before = bench.wordpress("6.9", functions="function gone() {} function long_gone() {}")
    target = bench.wordpress("7.0", functions="function fresh() {} function fine() {}")
    return before, target


def _check(bench: Bench, plugin: str) -> list[tuple[str, str, str, int]]:
    before, target = _releases(bench)
    return rows(bench.check(bench.plugin(plugin), target, before).new)
