"""On two real releases of WordPress: what it deprecates is seen at its line, and nothing else is.

Runs where REFUNDDESK_TEST_WORDPRESS and REFUNDDESK_TEST_SQLITE name them (see booting.py);
REFUNDDESK_TEST_PLUGINS names a folder of plugins that are known to work on both.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from refunddesk.compat.versions import compare
from tests.compat.booting import SHORT, Booth, version_of
from tests.compat.test_boot import spots

pytestmark = pytest.mark.timeout(900)

#: The release that began to call each of them old.
DEPRECATED = [
    ("6.2.0", "get_page_by_title"),
    ("6.3.0", "wp_get_loading_attr_default"),
    ("6.4.0", "the_block_template_skip_link"),
    ("6.9.0", "seems_utf8"),
]
#: A plugin that offers something of every kind, written for releases from 6.0 on.
WHOLE = """
add_shortcode( 'mine', function () { return esc_html__( 'Mine', 'my-plugin' ); } );
add_action( 'init', function () {
	register_post_type( 'mine', array( 'show_ui' => true, 'public' => true, 'label' => 'Mine' ) );
	register_taxonomy( 'sort', 'mine', array( 'show_ui' => true, 'label' => 'Sort' ) );
	register_block_type( 'my/block', array( 'render_callback' => function () { return ''; } ) );
} );
add_action( 'rest_api_init', function () {
	register_rest_route( 'my/v1', '/things/(?P<id>\\\\d+)', array(
		'methods' => 'GET',
		'permission_callback' => '__return_true',
		'callback' => function ( $request ) { return array( 'id' => $request['id'] ); },
	) );
	register_rest_route( 'my/v1', '/things', array(
		'methods' => 'POST',
		'permission_callback' => '__return_true',
		'callback' => function () { never_was(); },
	) );
} );
class My_Widget extends WP_Widget {
	public function __construct() { parent::__construct( 'my_widget', 'Mine' ); }
	public function widget( $arguments, $instance ) { echo 'mine'; }
}
add_action( 'widgets_init', function () { register_widget( 'My_Widget' ); } );
add_action( 'admin_menu', function () {
	add_menu_page( 'Mine', 'Mine', 'manage_options', 'mine', function () { echo 'mine'; } );
	add_options_page( 'More', 'More', 'manage_options', 'mine-more', function () { echo 'more'; } );
} );
add_action( 'wp_ajax_mine', function () {
	check_ajax_referer( 'mine' );
	wp_send_json_success( get_option( 'mine' ) );
} );
add_action( 'admin_post_mine', function () { wp_safe_redirect( admin_url() ); exit; } );
add_action( 'my_event', function () { update_option( 'mine', 1 ); } );
register_activation_hook( __FILE__, function () {
	global $wpdb;
	wp_schedule_event( time() + 86400, 'daily', 'my_event' );
	require_once ABSPATH . 'wp-admin/includes/upgrade.php';
	dbDelta( "CREATE TABLE {$wpdb->prefix}mine (id bigint(20) NOT NULL AUTO_INCREMENT,\\n"
		. "name varchar(190) NOT NULL,\\nPRIMARY KEY  (id)) {$wpdb->get_charset_collate()};" );
	$wpdb->insert( $wpdb->prefix . 'mine', array( 'name' => 'one' ) );
} );
register_deactivation_hook( __FILE__, function () { wp_clear_scheduled_hook( 'my_event' ); } );
"""


def test_a_plugin_of_every_kind_is_visited_called_and_clean(real_booth: Booth) -> None:
    seen = real_booth.boot(
        real_booth.plugin(WHOLE, {"uninstall.php": "<?php delete_option( 'mine' );\n"})
    )
    assert seen.ran, seen.reason
    assert (seen.findings, seen.incomplete, seen.notes) == ((), (), ())
    # The fixed pages, abroad and leaving (16), two menu pages, the lists and editor of the types.
    assert (seen.pages_visited, seen.pages_known) == (21, 21)
    # All but the route that writes.
    assert (seen.entry_points_run, seen.entry_points_known) == (9, 10)
    assert seen.files_loaded == {"my-plugin.php", "uninstall.php"}


def test_what_the_newer_release_calls_old_is_seen_at_its_line(real_booth: Booth) -> None:
    versions = version_of(real_booth.before), version_of(real_booth.target)
    code = "add_action( 'wp_footer', function () {\nob_start();\n"
    expected = set()
    for line, (since, name) in enumerate(DEPRECATED, 9):
        code += f"if ( function_exists( '{name}' ) ) {{ {name}( 'x' ); }}\n"
        if compare(versions[0], since) < 0 <= compare(versions[1], since):
            expected.add(("deprecated-function", name, "my-plugin.php", line))
    if not expected:
        pytest.skip(f"nothing on the list changed from {versions[0]} to {versions[1]}")
    seen = real_booth.boot(real_booth.plugin(code + "ob_end_clean(); } );"))
    assert spots(seen.findings) == expected


def test_a_mistake_of_its_own_is_found_on_both_and_is_not_new(real_booth: Booth) -> None:
    code = (
        "add_action( 'admin_menu', function () {\nadd_menu_page( 'M', 'M', 'read', 'm', 'x' ); } );"
    )
    code += "\nfunction x() { never_was(); }\nadd_shortcode( 'x', 'x' );"
    seen = real_booth.boot(real_booth.plugin(code))
    assert spots(seen.findings) == set()
    assert [(f.place.line, f.symbol) for f in seen.findings] == [(9, "never_was")]


def healthy() -> list[Path]:
    """The plugins in the folder that REFUNDDESK_TEST_PLUGINS names: known to work on both."""
    named = os.environ.get("REFUNDDESK_TEST_PLUGINS", "")
    return sorted(place for place in Path(named).glob("*") if place.is_dir()) if named else []


def test_healthy_plugins_show_no_error(real_booth: Booth) -> None:
    places = healthy()
    if not places:
        pytest.skip("REFUNDDESK_TEST_PLUGINS names no folder with plugins in it")
    errors = {}
    for place in places:
        seen = real_booth.boot(place)
        assert seen.ran, seen.reason
        assert seen.pages_visited, seen.incomplete
        print(f"{place.name}: {seen.coverage}")
        errors[place.name] = [f.sentence for f in seen.findings if f.new and f.level == "error"]
    assert errors == {place.name: [] for place in places}


def test_a_loop_is_stopped_in_a_real_wordpress_too(real_booth: Booth) -> None:
    seen = real_booth.boot(
        real_booth.plugin("add_action( 'wp_loaded', function () {\nwhile ( true ); } );"),
        SHORT,
        alone=True,
    )
    # Stopped at once: it would do the same on every page.
    assert seen.pages_visited <= 1
    assert seen.incomplete[0].endswith("used up its CPU time; no more was tried.")
