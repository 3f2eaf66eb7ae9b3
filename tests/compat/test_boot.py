"""A plugin is booted on two releases: what only the newer one shows is found, with its line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from refunddesk.compat.finding import Finding
from refunddesk.compat.smoke.both import Stage, Workshop, boot_both
from tests.compat.booting import SHORT, Booth
from tests.compat.synthetic import write_tree

#: A plugin that breaks wherever it is asked for something, and starts well.
EVERYWHERE = {
    "main": """
add_shortcode( 'mine', function () { gone(); } );
add_action( 'wp_ajax_mine', function () { check_ajax_referer( 'x' ); gone(); } );
add_action( 'my_event', function () { new Gone_Class(); } );
add_action( 'admin_menu', function () {
	add_menu_page( 'Mine', 'Mine', 'read', 'mine', function () { gone(); } );
} );
add_action( 'login_init', function () { worn(); } );
add_filter( 'the_content', function ( $text ) {
	picky();
	return $text;
} );
add_filter( 'old_filter', function ( $value ) { return $value; } );
register_activation_hook( __FILE__, 'on_activation' );
register_deactivation_hook( __FILE__, function () { worn(); } );
add_action( 'load-post-new.php', function () { require __DIR__ . '/thing.php'; } );
function on_activation() {
	wp_schedule_event( 4102444800, 'daily', 'my_event' );
}
""",
    "thing.php": "<?php\n\nclass My_Thing extends Base_Thing {\n"
    "\tpublic function show( $text ) {}\n}\n",
    "uninstall.php": "<?php\ngone();\n",
}
FOUND = {
    ("fatal-error", "gone", "my-plugin.php", 8),
    ("fatal-error", "gone", "my-plugin.php", 9),
    ("fatal-error", "Gone_Class", "my-plugin.php", 10),
    ("fatal-error", "gone", "my-plugin.php", 12),
    ("deprecated-function", "worn", "my-plugin.php", 14),
    ("doing-it-wrong", "picky", "my-plugin.php", 16),
    ("deprecated-hook", "old_filter", "my-plugin.php", 19),
    ("deprecated-function", "worn", "my-plugin.php", 21),
    ("fatal-error", "My_Thing::show", "thing.php", 4),
    ("fatal-error", "gone", "uninstall.php", 2),
}


def spots(findings: tuple[Finding, ...]) -> set[tuple[str, str, str, int]]:
    return {(f.rule, f.symbol, f.place.file, f.place.line) for f in findings if f.new}


def test_what_breaks_anywhere_is_found_with_its_line(booth: Booth) -> None:
    files: dict[str, str | bytes] = {k: v for k, v in EVERYWHERE.items() if k != "main"}
    seen = booth.boot(booth.plugin(EVERYWHERE["main"], files))
    assert seen.ran, seen.reason
    assert spots(seen.findings) == FOUND


def test_what_keeps_to_the_new_release_is_ok_and_says_how_much_was_run(booth: Booth) -> None:
    seen = booth.boot(
        booth.plugin(
            "add_shortcode( 'mine', function () { return 'x'; } );\n"
            "add_action( 'init', function () { register_post_type( 'thing' ); } );\n"
            "if ( function_exists( 'gone' ) ) { gone(); }\n"
            "add_action( 'wp_ajax_mine', function () { wp_die( 'done' ); } );\n"
            "add_action( 'wp_ajax_nopriv_mine', function () { exit; } );\n"
            "add_action( 'wp_ajax_other', function () { echo 'not the last'; } );"
        )
    )
    assert (seen.findings, seen.incomplete, seen.notes) == ((), (), ())
    # Twelve pages, two of the type, two abroad, deactivation and removal.
    assert (seen.pages_visited, seen.pages_known) == (18, 18)
    assert (seen.entry_points_run, seen.entry_points_known) == (4, 4)
    assert seen.files_loaded == {"my-plugin.php"}


def test_what_the_release_before_shows_as_well_is_not_new(booth: Booth) -> None:
    seen = booth.boot(
        booth.plugin(
            "add_shortcode( 'mine', function () { never_was(); } );\n"
            "add_shortcode( 'other', function () { return $undefined; } );"
        )
    )
    assert [(f.rule, f.place.line, f.new) for f in seen.findings] == [
        ("fatal-error", 7, False),
        ("php-warning", 8, False),
    ]


def test_a_line_that_breaks_for_another_reason_was_broken_before(booth: Booth) -> None:
    seen = booth.boot(
        booth.plugin("add_shortcode( 'mine', function () { gone(); never_was(); } );")
    )
    assert [(f.place.line, f.new) for f in seen.findings] == [(7, False)]


def test_words_that_name_the_release_do_not_make_a_warning_new(booth: Booth) -> None:
    seen = booth.boot(booth.plugin("trigger_error( 'On ' . $wp_version, E_USER_WARNING );"))
    assert [(f.rule, f.place.line, f.new) for f in seen.findings] == [("php-warning", 7, False)]


def test_without_a_release_before_an_error_is_no_more_than_likely(booth: Booth) -> None:
    seen = booth.boot(booth.plugin("gone();"), alone=True)
    assert [(f.place.line, f.new) for f in seen.findings] == [(7, True)]
    assert "nothing shows that it worked before" in seen.findings[0].remark
    assert "Booted on the target alone: no files of the baseline were given." in seen.notes


def test_a_plugin_that_starts_nowhere_proves_nothing(booth: Booth) -> None:
    seen = booth.boot(booth.plugin("never_was();"))
    assert [f.new for f in seen.findings] == [False]
    assert seen.incomplete[0].startswith(
        "It could not be activated on WordPress 6.7 nor on WordPress 6.6: "
        "Error: Call to undefined function never_was()"
    )
    assert seen.pages_visited == 0


def test_a_release_that_refuses_the_plugin_is_new(booth: Booth) -> None:
    plugin = booth.plugin("return;")
    main = plugin / "my-plugin.php"
    main.write_text(main.read_text().replace("Version: 1.0", "Requires at least: 6.7"))
    forward = booth.boot(plugin)
    back = boot_both(plugin, Stage(booth.before), Stage(booth.target), booth.workshop)
    assert forward.findings == ()
    assert "On WordPress 6.6 it could not be activated" in forward.notes[0]
    assert [f.rule for f in back.findings] == ["activation-refused"]


def test_output_during_activation_does_not_keep_it_from_running(booth: Booth) -> None:
    seen = booth.boot(booth.plugin("echo 'hello';"), alone=True)
    assert (seen.incomplete, seen.pages_visited) == ((), 16)


def test_a_page_that_is_refused_now_is_lost(booth: Booth) -> None:
    seen = booth.boot(
        booth.plugin(
            "add_action( 'load-edit.php', function () {\n"
            "if ( ! class_exists( 'Gone_Class' ) ) wp_die( 'No more lists.' ); } );"
        )
    )
    [lost] = seen.findings
    assert (lost.rule, lost.symbol, lost.remark != "") == ("page-lost", "the list of posts", True)
    assert "it answered 500 and said: No more lists." in lost.sentence


def test_a_plugin_is_booted_beside_the_one_it_needs(booth: Booth) -> None:
    needed = write_tree(
        booth.folder / "needed",
        {"needed.php": "<?php\n/* Plugin Name: Needed */\nfunction needed() { gone(); }\n"},
    )
    plugin = booth.plugin("add_shortcode( 'mine', function () {\nneeded(); } );")
    seen = booth.boot(plugin, needed=needed)
    # The line of the plugin that led there, not the one of its neighbour.
    assert spots(seen.findings) == {("fatal-error", "gone", "my-plugin.php", 8)}
    assert json.loads(seen.record)["releases"][0]["beside"][0]["name"] == "Needed"


def test_a_new_woocommerce_on_the_same_wordpress_is_what_breaks_it(booth: Booth) -> None:
    stages = []
    for version, code in (
        ("9.0", "function wc_worn() { _deprecated_function( __FUNCTION__, '9.0' ); }"),
        ("8.9", "function wc_worn() {} function wc_gone() {}"),
    ):
        head = f"<?php\n/*\nPlugin Name: WooCommerce\nVersion: {version}\n*/\n"
        files: dict[str, str | bytes] = {"woocommerce.php": head + code}
        place = write_tree(booth.folder / version / "woocommerce", files)
        stages.append(Stage(booth.target, (place,)))
    plugin = booth.plugin(
        "add_shortcode( 'a', function () { wc_gone(); } );\n"
        "add_shortcode( 'b', function () { wc_worn(); } );"
    )
    seen = boot_both(plugin, *stages, booth.workshop)
    assert [(f.product, f.symbol, f.place.line) for f in seen.findings] == [
        ("woocommerce", "wc_gone", 7),
        ("woocommerce", "wc_worn", 8),
    ]
    assert seen.findings[1].sentence == (
        "WordPress 6.7 with WooCommerce 9.0 says that the function wc_worn is deprecated since 9.0."
    )


def test_a_neighbour_that_does_not_start_keeps_it_from_being_booted(booth: Booth) -> None:
    needed = write_tree(
        booth.folder / "needed", {"needed.php": "<?php\n/* Plugin Name: Needed */\nnever_was();\n"}
    )
    seen = booth.boot(booth.plugin(), needed=needed)
    assert not seen.ran
    assert seen.reason.startswith("needed does not start on WordPress 6.")


def test_the_record_holds_what_ran_and_how(booth: Booth) -> None:
    seen = booth.boot(booth.plugin("add_shortcode( 'mine', function () { worn(); } );"))
    record = json.loads(seen.record)
    target, before = record["releases"]
    assert [target["version"], before["version"]] == ["6.7", "6.6"]
    assert target["entry_points_run"] == ["shortcode [mine]"]
    assert "the dashboard" in target["pages_visited"]
    assert len(target["sha256"]) == len(record["plugin_sha256"]) == 64
    [message] = target["messages"]
    assert message["request"] == "shortcode [mine]"
    assert "wp-content/plugins/my-plugin/my-plugin.php:7 worn" in message["trace"]
    assert not any("inside" in step for step in message["trace"])
    assert before["messages"] == []
    assert record["php"] == seen.php


def test_what_is_missing_is_said_in_one_line(booth: Booth, tmp_path: Path) -> None:
    plugin, stage = booth.plugin(), Stage(booth.target)
    workshop = booth.workshop

    def reason(**other: object) -> str:
        return boot_both(plugin, stage, None, replace(workshop, **other)).reason  # type: ignore[arg-type]

    assert reason(php=str(tmp_path / "php")) == f"there is no PHP at {tmp_path / 'php'}."
    assert reason(php="/bin/true") == "/bin/true does not answer as PHP does."
    assert reason(drop_in=None).startswith("WordPress needs a database: give the WordPress plugin")
    assert "has no db.copy at its top" in reason(drop_in=booth.target)


def test_a_release_that_does_not_start_alone_tells_nothing_of_plugins(
    booth: Booth, tmp_path: Path
) -> None:
    empty = write_tree(tmp_path / "empty", {"wp-includes/version.php": "<?php $wp_version = '7';"})
    broken = tmp_path / "broken"
    small = booth.target
    write_tree(
        broken,
        {p.relative_to(small).as_posix(): p.read_bytes() for p in small.rglob("*") if p.is_file()},
    )
    (broken / "wp-includes" / "release.php").write_text("<?php\nnever_was();\n")
    ancient = tmp_path / "future"
    write_tree(
        ancient,
        {p.relative_to(small).as_posix(): p.read_bytes() for p in small.rglob("*") if p.is_file()},
    )
    (ancient / "wp-includes" / "version.php").write_text(
        "<?php\n$wp_version = '9.9';\n$required_php_version = '99.0';\n"
    )
    reasons = [
        boot_both(booth.plugin(), Stage(place), None, booth.workshop).reason
        for place in (empty, broken, ancient)
    ]
    assert reasons[0] == "empty cannot be started: it has no wp-settings.php."
    assert reasons[1].startswith("WordPress 6.7 does not run here without the plugin: Error: Call")
    assert reasons[2].startswith("WordPress 9.9 needs PHP 99.0, here is ")


def test_nothing_is_left_of_a_site(booth: Booth) -> None:
    booth.boot(booth.plugin("file_put_contents( WP_CONTENT_DIR . '/left', 'x' );"), SHORT)
    assert list((booth.workshop.cache / "sites").iterdir()) == []
    compiled = [
        path for path in booth.workshop.cache.glob("*/compiled/*/**/*") if "sites" in path.parts
    ]
    assert [path for path in compiled if path.is_file()] == []


def test_prepared_releases_are_used_again(booth: Booth) -> None:
    prepared = {path: path.stat().st_mtime_ns for path in booth.workshop.cache.glob("*/ready.json")}
    booth.boot(booth.plugin("never_was();"))
    booth.boot(booth.plugin("never_was();"))
    after = {path: path.stat().st_mtime_ns for path in booth.workshop.cache.glob("*/ready.json")}
    assert {path: after[path] for path in prepared} == prepared
    assert Workshop(booth.workshop.cache).limits.page_cpu == 20
