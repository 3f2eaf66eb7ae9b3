"""Each rule fires on the line that breaks and stays silent beside it."""

from __future__ import annotations

import pytest

from refunddesk.compat.finding import Level
from refunddesk.compat.surface import Surface
from tests.compat.synthetic import Bench, rows

MAIN = "my-plugin.php"
Rows = list[tuple[str, str]]


def found(bench: Bench, plugin: str, target: Surface, baseline: Surface | None) -> Rows:
    return [(r, s) for r, s, _, _ in rows(bench.check(bench.plugin(plugin), target, baseline).new)]


def test_what_the_baseline_has_too_is_not_new(bench: Bench) -> None:
    before = bench.wordpress("6.9", functions="/** @deprecated 6.8.0 */ function old() {}")
    target = bench.wordpress("7.0", functions="/** @deprecated 6.8.0 */ function old() {}")
    checked = bench.check(bench.plugin("old();"), target, before)
    assert rows(checked.new) == []
    assert rows(checked.standing) == [("deprecated-function", "old", MAIN, 6)]


def test_a_deprecation_says_since_when_and_what_to_use(bench: Bench) -> None:
    before = bench.wordpress("6.9", functions="function old() {}")
    target = bench.wordpress(
        "7.0",
        functions="\n/** @since 2.1.0 */\nfunction old() { _deprecated_function( __FUNCTION__,"
        " '7.0.0', 'fresh()' ); }",
    )
    [finding] = bench.check(bench.plugin("old();"), target, before).new
    assert (finding.level, finding.deprecated_in, finding.instead) == (
        Level.WARNING,
        "7.0.0",
        "fresh()",
    )
    assert finding.since == "2.1.0"
    assert finding.sentence == "The function old() is deprecated since WordPress 7.0.0."


def test_a_conditional_deprecation_notice_does_not_deprecate_the_function(bench: Bench) -> None:
    target = bench.wordpress(
        "7.0",
        functions="function f( $x ) { if ( is_int( $x ) ) {"
        " _deprecated_function( __FUNCTION__, '7.0.0' ); } }",
    )
    assert found(bench, "f( 1 );", target, None) == []


@pytest.mark.parametrize(
    ("use", "level"),
    [
        ("new Old();", Level.ERROR),
        ("Old::make();", Level.ERROR),
        ("echo Old::NAME;", Level.ERROR),
        ("echo Old::$name;", Level.ERROR),
        ("class A extends Old {}", Level.ERROR),
        ("class A implements Old {}", Level.ERROR),
        ("class A { use Old; }", Level.ERROR),
        ("function a( Old $x ) {}", Level.ERROR),
        ("function a( ?Old $x ) {}", Level.ERROR),
        ("function a( int|Old $x ) {}", Level.ERROR),
        ("function a(): Old {}", Level.ERROR),
        ("class A { private Old $x; }", Level.ERROR),
        ("add_action( 'init', array( 'Old', 'run' ) );", Level.ERROR),
        ("add_action( 'init', [ Old::class, 'run' ] );", Level.ERROR),
        ("add_action( 'init', 'Old::run' );", Level.ERROR),
        ("if ( $x instanceof Old ) {}", Level.WARNING),
        ("try {} catch ( Old $x ) {}", Level.WARNING),
    ],
    ids=lambda value: str(value),
)
def test_every_use_of_a_removed_class_is_found(bench: Bench, use: str, level: Level) -> None:
    before = bench.wordpress("6.9", classes="class Old {}")
    target = bench.wordpress("7.0", classes="class Fresh {}")
    checked = bench.check(bench.plugin(use), target, before).new
    assert {(f.rule, f.symbol, f.place.line, f.level) for f in checked} == {
        ("removed-class", "Old", 6, level)
    }


@pytest.mark.parametrize(
    "plugin",
    [
        "echo Old::class;",
        "namespace Mine; new Old();",
        "use Mine\\Old; new Old();",
        "// new Old();",
        "echo 'new Old()';",
        "if ( class_exists( 'Old' ) ) { new Old(); }",
        "if ( ! class_exists( 'Old' ) ) { class Old {} } new Old();",
    ],
    ids=["name only", "own namespace", "imported", "comment", "text", "guarded", "own copy"],
)
def test_what_is_not_the_removed_class_is_left_alone(bench: Bench, plugin: str) -> None:
    before = bench.wordpress("6.9", classes="class Old {}")
    target = bench.wordpress("7.0", classes="class Fresh {}")
    assert found(bench, plugin, target, before) == []


def test_a_class_that_lives_on_under_an_alias_is_not_gone(bench: Bench) -> None:
    before = bench.wordpress("6.1", classes="class Requests_Auth {}")
    for alias in (
        "class_alias( 'WpOrg\\Requests\\Auth', 'Requests_Auth' );",
        "$map = array( 'requests_auth' => '\\WpOrg\\Requests\\Auth' );\n"
        "class_alias( $map[ $name ], $name, true );",
    ):
        target = bench.wordpress(
            "6.2", auth="namespace WpOrg\\Requests; class Auth {}", aliases=alias
        )
        assert found(bench, "new Requests_Auth();", target, before) == []


@pytest.mark.parametrize(
    "handed_over",
    [
        "add_action( 'init', 'gone' );",
        "add_filter( 'the_content', 'gone', 10, 2 );",
        "call_user_func( 'gone', 1 );",
        "array_map( '\\gone', $x );",
        "register_activation_hook( __FILE__, 'gone' );",
        "add_submenu_page( 'a', 'b', 'c', 'd', 'e', 'gone' );",
        "register_rest_route( 'a', 'b', array( 'permission_callback' => 'gone' ) );",
    ],
    ids=["action", "filter", "called", "mapped", "activation", "page", "route"],
)
def test_a_removed_function_handed_over_by_name_is_found(bench: Bench, handed_over: str) -> None:
    before = bench.wordpress("6.9", functions="function gone() {}")
    target = bench.wordpress("7.0", functions="function here() {}")
    assert found(bench, handed_over, target, before) == [("removed-function", "gone")]


def test_a_polyfill_that_php_now_has_itself_is_not_gone(bench: Bench) -> None:
    before = bench.wordpress("6.2", compat="function random_int( $a, $b ) {}")
    target = bench.wordpress("6.3")
    assert found(bench, "random_int( 1, 2 );", target, before) == []


DATABASE = "class wpdb {{ public function query( $q ) {{}} {more} }}"


@pytest.mark.parametrize(
    "call",
    [
        "global $wpdb; $wpdb->escape( 1 );",
        "class My_Db extends wpdb { function go() { $this->escape( 1 ); } }",
        "class My_Db extends wpdb { function go() { parent::escape( 1 ); } }",
        "$x = new wpdb(); $x->escape( 1 );",
        "function go( wpdb $x ) { $x->escape( 1 ); }",
        "wpdb::escape( 1 );",
        "add_filter( 'x', array( 'wpdb', 'escape' ) );",
    ],
    ids=["$wpdb", "$this", "parent", "made here", "typed", "static", "callback"],
)
def test_a_removed_method_is_found_where_its_class_is_plain(bench: Bench, call: str) -> None:
    before = bench.wordpress("6.9", wpdb=DATABASE.format(more="public function escape( $d ) {}"))
    target = bench.wordpress("7.0", wpdb=DATABASE.format(more=""))
    assert found(bench, call, target, before) == [("removed-method", "wpdb::escape")]


@pytest.mark.parametrize(
    "call",
    [
        "$other->escape( 1 );",
        "class A extends wpdb { function escape( $d ) {} function b() { $this->escape( 1 ); } }",
        "class A extends wpdb { function __call( $n, $a ) {} function b() { $this->escape(); } }",
        "global $wpdb; if ( method_exists( $wpdb, 'escape' ) ) { $wpdb->escape( 1 ); }",
        "$x = new wpdb(); $x = new Other(); $x->escape( 1 );",
    ],
    ids=["unknown object", "own method", "magic", "guarded", "made twice"],
)
def test_a_method_that_may_be_another_is_left_alone(bench: Bench, call: str) -> None:
    before = bench.wordpress("6.9", wpdb=DATABASE.format(more="public function escape( $d ) {}"))
    target = bench.wordpress("7.0", wpdb=DATABASE.format(more=""))
    assert found(bench, call, target, before) == []


def test_a_call_with_too_few_arguments_is_an_error(bench: Bench) -> None:
    before = bench.wordpress("6.9", functions="function save( $id, $data = array() ) {}")
    target = bench.wordpress("7.0", functions="function save( $id, $data ) {}")
    assert found(bench, "save( 1 );", target, before) == [("too-few-arguments", "save")]
    assert found(bench, "save( 1, 2 );", target, before) == []
    assert found(bench, "save( ...$both );", target, before) == []


def test_an_argument_by_a_name_that_is_gone_is_an_error(bench: Bench) -> None:
    before = bench.wordpress("6.9", functions="function save( $id, $blog = 0 ) {}")
    target = bench.wordpress("7.0", functions="function save( $id, $site = 0 ) {}")
    assert found(bench, "save( 1, blog: 2 );", target, before) == [
        ("unknown-named-argument", "save")
    ]
    assert found(bench, "save( id: 1 );", target, before) == []


def test_a_deprecated_argument_counts_only_when_something_is_passed(bench: Bench) -> None:
    body = "if ( ! empty( $old ) ) { _deprecated_argument( __FUNCTION__, '7.0.0' ); }"
    before = bench.wordpress("6.9", functions="function show( $id, $old = '' ) {}")
    target = bench.wordpress("7.0", functions=f"function show( $id, $old = '' ) {{ {body} }}")
    assert found(bench, "show( 1, 'x' );", target, before) == [("deprecated-argument", "show")]
    assert found(bench, "show( 1, '' );", target, before) == []
    assert found(bench, "show( 1 );", target, before) == []


@pytest.mark.parametrize(
    ("plugin", "expected"),
    [
        ("function fresh() {}", [("redeclare-function", "fresh")]),
        ("function FRESH() {}", [("redeclare-function", "fresh")]),
        ("if ( ! function_exists( 'fresh' ) ) { function fresh() {} }", []),
        ("if ( ! function_exists( 'fresh' ) ) : function fresh() {} endif;", []),
        # PHP declares a function at the top of a file before it runs the first line.
        (
            "if ( function_exists( 'fresh' ) ) { return; }\nfunction fresh() {}",
            [("redeclare-function", "fresh")],
        ),
        ("namespace Mine; function fresh() {}", []),
        ("class A { function fresh() {} }", []),
    ],
    ids=["plain", "capitals", "asked first", "other syntax", "early return", "namespace", "method"],
)
def test_a_function_that_core_now_has_too(bench: Bench, plugin: str, expected: Rows) -> None:
    before = bench.wordpress("6.9")
    target = bench.wordpress("7.0", functions="function fresh() {}")
    assert found(bench, plugin, target, before) == expected


@pytest.mark.parametrize(
    ("plugin", "expected"),
    [
        ("class Fresh {}", [("redeclare-class", "Fresh")]),
        ("interface Fresh {}", [("redeclare-class", "Fresh")]),
        ("if ( ! class_exists( 'Fresh' ) ) { class Fresh {} }", []),
        ("if ( class_exists( 'Fresh' ) ) { return; }\nclass Fresh {}", []),
        ("namespace Mine; class Fresh {}", []),
    ],
    ids=["plain", "interface", "asked first", "early return", "namespace"],
)
def test_a_class_that_core_now_has_too(bench: Bench, plugin: str, expected: Rows) -> None:
    before = bench.wordpress("6.9")
    target = bench.wordpress("7.0", classes="class Fresh {}")
    assert found(bench, plugin, target, before) == expected


def test_a_pluggable_function_stands_back(bench: Bench) -> None:
    target = bench.wordpress(
        "7.0", pluggable="if ( ! function_exists( 'wp_mail' ) ) : function wp_mail() {} endif;"
    )
    assert found(bench, "function wp_mail() {}", target, bench.wordpress("6.9")) == []


def test_a_library_included_only_where_core_lacks_it_is_no_clash(bench: Bench) -> None:
    before = bench.wordpress("6.8")
    target = bench.wordpress("6.9", abilities="function wp_register_ability() {}")
    plugin = bench.plugin_tree(
        "if ( ! function_exists( 'wp_register_ability' ) ) {\n"
        "require_once __DIR__ . '/vendor/abilities/load.php';\n}",
        {
            "vendor/abilities/load.php": "<?php\nrequire_once __DIR__ . '/api.php';\n",
            "vendor/abilities/api.php": "<?php\nfunction wp_register_ability() {}\n",
        },
    )
    assert rows(bench.check(plugin, target, before).new) == []


def test_a_library_that_core_now_carries_too_is_told_once(bench: Bench) -> None:
    before = bench.wordpress("6.9")
    target = bench.wordpress("7.0", log="namespace Psr\\Log; class Logger {} interface Level {}")
    plugin = bench.plugin_tree(
        "require __DIR__ . '/vendor/autoload.php';",
        {
            "vendor/autoload.php": "<?php\nspl_autoload_register( 'my_autoload' );\n",
            "vendor/psr/Logger.php": "<?php\nnamespace Psr\\Log;\nclass Logger {}\n",
            "vendor/psr/Level.php": "<?php\nnamespace Psr\\Log;\ninterface Level {}\n",
        },
    )
    assert rows(bench.check(plugin, target, before).new) == [
        ("shared-namespace", "Psr\\Log", "vendor/psr/Level.php", 3)
    ]


PARENT = "abstract class Walker {{ {} }}"
OVERRIDES = {
    "takes one more": ("function go( $a ) {}", "function go( $a, $b = 1 ) {}", "go( $a ) {}"),
    "became static": ("function go() {}", "static function go() {}", "go() {}"),
    "became final": ("function go() {}", "final function go() {}", "go() {}"),
    "takes a reference": ("function go( $a ) {}", "function go( &$a ) {}", "go( $a ) {}"),
    "declares its result": ("function go() {}", "function go(): int {}", "go() {}"),
    "became wider": ("protected function go() {}", "function go() {}", "go() {}"),
    "widened a type": ("function go( int $a ) {}", "function go( ?int $a ) {}", "go( int $a ) {}"),
    "takes any number": ("function go() {}", "function go( ...$all ) {}", "go() {}"),
}


@pytest.mark.parametrize("change", OVERRIDES, ids=str)
def test_an_override_that_php_refuses_since_the_release(bench: Bench, change: str) -> None:
    old, fresh, own = OVERRIDES[change]
    visibility = "protected" if change == "became wider" else "public"
    plugin = f"class Mine extends Walker {{\n{visibility} function {own}\n}}"
    before = bench.wordpress("6.9", walker=PARENT.format(old))
    target = bench.wordpress("7.0", walker=PARENT.format(fresh))
    checked = bench.check(bench.plugin(plugin), target, before)
    assert rows(checked.new) == [("override-signature", "Walker::go", MAIN, 7)]


@pytest.mark.parametrize(
    ("parent", "own"),
    [
        ("function go( $a ) {}", "function go( $a, $b = 1 ) {}"),
        ("function go( $a, $b = 1 ) {}", "function go( $a, ...$rest ) {}"),
        ("function go( int $a ) {}", "function go( $a ) {}"),
        ("function go( int $a ) {}", "function go( int|string $a ) {}"),
        ("function go() {}", "function go(): int {}"),
        ("function __construct( $a ) {}", "function __construct() {}"),
        ("private function go( $a ) {}", "function go() {}"),
        ("protected function go() {}", "public function go() {}"),
        ("function go( WP_Post $a ) {}", "function go( Other $a ) {}"),
    ],
    ids=[
        "one more, optional",
        "the rest in one",
        "no type",
        "wider type",
        "a result more",
        "constructor",
        "private parent",
        "wider visibility",
        "class types nobody can order",
    ],
)
def test_an_override_that_php_accepts(bench: Bench, parent: str, own: str) -> None:
    target = bench.wordpress("7.0", walker=PARENT.format(parent))
    assert found(bench, f"class Mine extends Walker {{ {own} }}", target, None) == []


def test_an_override_is_followed_through_the_plugins_own_classes(bench: Bench) -> None:
    before = bench.wordpress("6.9", walker="class Walker { function go( $a ) {} }")
    target = bench.wordpress("7.0", walker="class Walker { function go( $a, $b ) {} }")
    plugin = "class Base extends Walker {}\nclass Mine extends Base {\nfunction go( $a ) {}\n}"
    assert rows(bench.check(bench.plugin(plugin), target, before).new) == [
        ("override-signature", "Walker::go", MAIN, 8)
    ]


def test_a_new_abstract_method_must_be_filled_in(bench: Bench) -> None:
    before = bench.wordpress("6.9", store="interface Store { function get(); }")
    target = bench.wordpress("7.0", store="interface Store { function get(); function purge(); }")
    assert found(bench, "class Mine implements Store { function get() {} }", target, before) == [
        ("new-abstract-method", "Store::purge")
    ]
    complete = "class Mine implements Store { function get() {} function purge() {} }"
    assert found(bench, complete, target, before) == []
    assert found(bench, "abstract class Mine implements Store {}", target, before) == []


@pytest.mark.parametrize(
    ("listens", "expected"),
    [
        ("add_action( 'old_hook', 'x' );", [("removed-hook", "old_hook")]),
        ("add_filter( 'old_hook', 'x' );", [("removed-hook", "old_hook")]),
        ("do_action( 'old_hook' ); add_action( 'old_hook', 'x' );", []),
        ("add_action( 'load-page', 'x' );", []),
        ("add_action( 'never_of_core', 'x' );", []),
        ("add_filter( 'tired', 'x' );", [("deprecated-hook", "tired")]),
    ],
    ids=["action", "filter", "fired by itself", "filled-in name", "not core's", "deprecated"],
)
def test_hooks(bench: Bench, listens: str, expected: Rows) -> None:
    before = bench.wordpress(
        "6.9",
        plugin="do_action( 'old_hook' ); do_action( 'load-page' ); apply_filters( 'tired', 1 );",
    )
    target = bench.wordpress(
        "7.0",
        plugin='do_action( "load-{$page}" );'
        " apply_filters_deprecated( 'tired', array(), '7.0.0', 'awake' );",
    )
    assert found(bench, listens, target, before) == expected


def test_a_hook_of_many_filled_in_parts_costs_no_time(bench: Bench) -> None:
    before = bench.wordpress("6.9", hooks=f"do_action( '{'a' * 60}' );")
    plugin = bench.plugin(f"do_action( \"{'a{$x}' * 40}b\" ); add_action( '{'a' * 60}', 'f' );")
    target = bench.wordpress("7.0")
    assert [f.rule for f in bench.check(plugin, target, before).new] == ["removed-hook"]


@pytest.mark.parametrize(
    ("needs", "expected"),
    [
        ("wp_enqueue_script( 'swfobject' );", [("removed-handle", "swfobject")]),
        (
            "wp_enqueue_script( 'mine', 'm.js', array( 'jquery', 'swfobject' ) );",
            [("removed-handle", "swfobject")],
        ),
        ("wp_register_script( 'swfobject', 's.js' ); wp_enqueue_script( 'swfobject' );", []),
        ("wp_enqueue_style( 'swfobject' );", []),
    ],
    ids=["by name", "as a dependency", "registered by itself", "a style of that name"],
)
def test_script_handles(bench: Bench, needs: str, expected: Rows) -> None:
    scripts = "function d( $scripts ) { $scripts->add( 'jquery', 'j.js' ); %s }"
    before = bench.wordpress("6.8", script_loader=scripts % "$scripts->add( 'swfobject', 's' );")
    target = bench.wordpress("6.9", script_loader=scripts % "")
    assert found(bench, needs, target, before) == expected


def test_a_removed_core_file_is_an_error_and_a_guarded_one_is_not(bench: Bench) -> None:
    before = bench.wordpress("6.9", old="function f() {}")
    target = bench.wordpress("7.0")
    include = "require ABSPATH . WPINC . '/old.php';"
    assert found(bench, include, target, before) == [("removed-file", "wp-includes/old.php")]
    guarded = f"if ( file_exists( ABSPATH . WPINC . '/old.php' ) ) {{ {include} }}"
    assert found(bench, guarded, target, before) == []


@pytest.mark.parametrize(
    ("version", "target", "expected"),
    [
        ("2", "7.0", [("block-api-version", "block.json")]),
        ("3", "7.0", []),
        ("2", "6.9", []),
    ],
    ids=["two in the iframe", "three in the iframe", "two before the iframe"],
)
def test_blocks(bench: Bench, version: str, target: str, expected: list[tuple[str, str]]) -> None:
    block = f'{{"name": "mine/block", "apiVersion": {version}}}'
    plugin = bench.plugin_tree("", {"block.json": block})
    checked = bench.check(plugin, bench.wordpress(target), bench.wordpress("6.8")).new
    assert [(f.rule, f.place.file) for f in checked] == expected


def test_a_raised_php_floor_is_a_note_where_the_header_promises_less(bench: Bench) -> None:
    before, target = bench.wordpress("6.9", php="7.2.24"), bench.wordpress("7.0", php="7.4")
    for promised, expected in (("7.2.24", ["php-floor"]), ("7.4", [])):
        plugin = bench.plugin_tree("", {"readme.txt": f"=== Mine ===\nRequires PHP: {promised}\n"})
        assert [f.rule for f in bench.check(plugin, target, before).new] == expected
    assert bench.check(plugin, target, before).target.title == "WordPress 7.0"
