"""Real breakages that only show when the plugin runs, rebuilt small; with those that reading finds
in `test_incidents.py` they are twelve of twelve.

Each runs on the small core, and on real releases where REFUNDDESK_TEST_WORDPRESS names two around
6.7, the release that began to speak of early translations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pytest

from refunddesk.compat.archive import open_tree
from refunddesk.compat.check import Site, check_static
from refunddesk.compat.index import index_release
from refunddesk.compat.plugin import read_plugin
from refunddesk.compat.surface import Surface
from refunddesk.compat.verdict import Check, Verdict, judge
from refunddesk.compat.versions import compare
from tests.compat.booting import Booth


@dataclass(frozen=True)
class Incident:
    """`files` beside the main file, which goes on with `main` from its line 7."""

    main: str
    breaks: tuple[str, int]
    repaired: str
    files: dict[str, str | bytes] = field(default_factory=dict)


EARLY = {
    "a search form's labels were translated when its class was made": Incident(
        main="require __DIR__ . '/includes/form.php';\nnew My_Search_Form();",
        files={
            "includes/form.php": "<?php\nclass My_Search_Form {\n\tpublic $labels;\n"
            "\tpublic function __construct() {\n"
            "\t\t$this->labels = array( __( 'Search', 'my-plugin' ) );\n\t}\n}\n"
        },
        breaks=("includes/form.php", 5),
        repaired="require __DIR__ . '/includes/form.php';\n"
        "add_action( 'init', function () { new My_Search_Form(); } );",
    ),
    "a settings file was a list of translated texts": Incident(
        main="require_once __DIR__ . '/admin/fields.php';",
        files={
            "admin/fields.php": "<?php\n$my_fields = array(\n"
            "\t'one' => __( 'Container', 'my-plugin' ),\n"
            "\t'two' => __( 'Placement', 'my-plugin' ),\n);\n"
        },
        breaks=("admin/fields.php", 3),
        repaired="add_action( 'init', function () {\n"
        "require_once __DIR__ . '/admin/fields.php'; } );",
    ),
    "a heading was translated while the plugin was loaded": Incident(
        main="final class My_Notes {\n\tpublic static function start() {\n"
        "\t\tdefine( 'MY_NOTES_HEADING', __( 'Notes', 'my-plugin' ) );\n\t}\n}\n"
        "My_Notes::start();",
        breaks=("my-plugin.php", 9),
        repaired="final class My_Notes {\n\tpublic static function start() {\n"
        "\t\tdefine( 'MY_NOTES_HEADING', __( 'Notes', 'my-plugin' ) );\n\t}\n}\n"
        "add_action( 'init', array( 'My_Notes', 'start' ) );",
    ),
}
names = pytest.mark.parametrize("name", EARLY, ids=str)


def check(booth: Booth, main: str, files: dict[str, str | bytes]) -> Check:
    """Both halves of a check, as the command line joins them."""
    place = booth.plugin(main, files)
    with open_tree(place) as tree:
        facts = read_plugin(tree)
    sites = [Site((surface_of(release),)) for release in (booth.target, booth.before)]
    return judge(check_static(facts, *sites), booth.boot(place))


@lru_cache(maxsize=4)
def surface_of(release: Path) -> Surface:
    """A real release takes seconds to read."""
    with open_tree(release) as tree:
        return index_release(tree)


@names
def test_the_line_that_broke_is_named(booth: Booth, name: str) -> None:
    expect_broken(booth, EARLY[name])


@names
def test_the_repaired_plugin_is_ok(booth: Booth, name: str) -> None:
    expect_repaired(booth, EARLY[name])


def test_a_function_that_core_now_has_is_read_and_seen_at_its_line(booth: Booth) -> None:
    broken = check(booth, "function arrived() {}", {})
    [finding] = broken.findings
    assert broken.verdict is Verdict.BROKEN
    assert (finding.rule, finding.place.line) == ("redeclare-function", 7)
    assert finding.confirmed_by == "static, dynamic"
    repaired = check(booth, "if ( ! function_exists( 'arrived' ) ) {\nfunction arrived() {}\n}", {})
    assert repaired.verdict is Verdict.OK


def test_a_function_that_is_gone_is_read_and_seen_at_its_line(booth: Booth) -> None:
    broken = check(booth, "add_action( 'init', function () {\ngone(); } );", {})
    [finding] = broken.findings
    assert (broken.verdict, finding.confirmed_by) == (Verdict.BROKEN, "static, dynamic")
    assert (finding.rule, finding.place.line) == ("removed-function", 8)


@pytest.mark.timeout(900)
@names
def test_a_real_wordpress_shows_it_too(real_booth: Booth, name: str) -> None:
    versions = surface_of(real_booth.before).version, surface_of(real_booth.target).version
    if compare(versions[0], "6.7") >= 0 or compare(versions[1], "6.7") < 0:
        pytest.skip(f"WordPress {versions[0]} and {versions[1]} are not around 6.7")
    expect_broken(real_booth, EARLY[name])
    expect_repaired(real_booth, EARLY[name])


def expect_broken(booth: Booth, incident: Incident) -> None:
    broken = check(booth, incident.main, incident.files)
    assert [(f.rule, f.place.file, f.place.line, f.new) for f in broken.findings] == [
        ("early-translation", *incident.breaks, True)
    ]
    assert broken.verdict is Verdict.WARN


def expect_repaired(booth: Booth, incident: Incident) -> None:
    repaired = check(booth, incident.repaired, incident.files)
    assert (repaired.findings, repaired.verdict) == ((), Verdict.OK), repaired.reason
