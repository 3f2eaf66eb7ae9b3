"""What a plugin says of itself, declares and uses is read from its files and can be stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from refunddesk.compat.archive import open_tree
from refunddesk.compat.facts import Headers, PluginFacts
from refunddesk.compat.facts_document import FactsOutdated, from_document, to_document
from refunddesk.compat.plugin import read_plugin
from tests.compat.synthetic import HEADER, Bench, write_tree, write_zip

EVERYTHING = """
namespace Vendor\\Plugin;
use WP_Query;
require_once __DIR__ . '/inc/more.php';
require_once ABSPATH . WPINC . '/class-phpmailer.php';
interface Shape {}
final class Circle extends \\WP_Widget implements Shape {
    protected static function area( ?int $r = 1, &...$rest ): float { return parent::area(); }
}
if ( version_compare( $wp_version, '5.5', '<' ) || ! function_exists( 'wp_x' ) ) { old( 1, '' ); }
add_action( 'init', 'Vendor\\Plugin\\start' );
do_action( "vendor_{$x}" );
wp_register_script( 'mine', 'm.js', array( 'jquery' ) );
$wpdb = new Database();
named( blog: 1 );
"""


def read(folder: Path, files: dict[str, str | bytes]) -> PluginFacts:
    with open_tree(write_tree(folder, files)) as tree:
        return read_plugin(tree)


def test_the_header_and_the_readme_are_read_as_wordpress_does(tmp_path: Path) -> None:
    facts = read(
        tmp_path / "shop-helper",
        {
            "another.php": HEADER.format(name="An add-on"),
            "shop-helper.php": "<?php\r\n/*\r\n * Plugin Name:  Shop Helper\r\n"
            " * Version: 2.3.1\r\n"
            " * Requires at least: 6.2\r\n * Requires PHP: 7.4\r\n * Text Domain: shop\r\n"
            " * Requires Plugins: woocommerce, akismet\r\n * WC requires at least: 8.0\r\n"
            " * WC tested up to: 9.1 */\r\n",
            "readme.txt": "=== Shop Helper ===\nRequires at least: 5.0\nTested up to: 6.8\n",
        },
    )
    assert facts.main_file == "shop-helper.php"
    assert facts.headers == Headers(
        name="Shop Helper",
        version="2.3.1",
        text_domain="shop",
        requires_wordpress="6.2",
        tested_wordpress="6.8",
        requires_php="7.4",
        requires_plugins=("woocommerce", "akismet"),
        requires_woocommerce="8.0",
        tested_woocommerce="9.1",
    )


def test_facts_come_back_from_storage_unchanged(bench: Bench) -> None:
    facts = bench.plugin_tree(
        EVERYTHING,
        {
            "inc/more.php": "<?php\nfunction mine() {}\n",
            "m.js": "jQuery('a').live('click', f);\n",
            "block/block.json": '{"name": "a/b", "apiVersion": 2}',
            "broken.php": "<?php\nfunction ( {\n",
        },
    )
    assert from_document(json.loads(json.dumps(to_document(facts)))) == facts
    some = (facts.drop_ins, facts.includes, facts.blocks, facts.script_uses, facts.unread)
    assert all(some)


def test_facts_of_another_format_are_not_guessed_at(bench: Bench) -> None:
    document = to_document(bench.plugin())
    with pytest.raises(FactsOutdated, match="read the zip again"):
        from_document({**document, "format": 0})


def test_a_zip_and_its_folder_say_the_same(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "small.php": HEADER.format(name="Small") + EVERYTHING,
        "inc/more.php": "<?php\n",
    }
    with open_tree(write_zip(tmp_path / "small.zip", files, top="small/")) as tree:
        zipped = to_document(read_plugin(tree))
    unzipped = to_document(read(tmp_path / "small", files))
    assert {**zipped, "sha256": ""} == {**unzipped, "sha256": ""}


def test_broken_php_is_named_with_its_line_and_the_rest_is_read(bench: Bench) -> None:
    facts = bench.plugin_tree("used();", {"broken.php": "<?php\n\nclass {{ function ;\n"})
    assert facts.unread == ("broken.php:3: not valid PHP from here",)
    assert "used" in facts.function_uses


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ("<?php\nused();".encode("utf-16"), False),
        (b"<?php\n\x00\x00used();", False),
        ("<?php\n// Größe\nused();".encode("latin-1"), True),
        (b"\xef\xbb\xbf<?php\nused();", True),
    ],
    ids=["UTF-16", "zero bytes", "Latin-1", "UTF-8 with a mark"],
)
def test_other_encodings(bench: Bench, content: bytes, read: bool) -> None:
    facts = bench.plugin_tree("", {"odd.php": content})
    assert ("used" in facts.function_uses) is read
    assert bool(facts.unread) is not read


def test_a_file_nested_without_end_is_named_and_the_rest_is_read(bench: Bench) -> None:
    text = "<?php\ndo_action( " + " . ".join(["'x'"] * 20_000) + ", 'f' );\n"
    facts = bench.plugin_tree("used();", {"deep.php": text})
    assert facts.unread == ("deep.php: nested too deeply to be read",)
    assert "used" in facts.function_uses


def test_minified_scripts_are_left_out_and_counted(bench: Bench) -> None:
    facts = bench.plugin_tree("", {"a.min.js": "jQuery('a').live('click', f);"})
    assert facts.script_uses == {}
    assert facts.left_out == ("1 minified or very large scripts",)


def test_tests_and_build_tools_are_left_out_and_counted(bench: Bench) -> None:
    facts = bench.plugin_tree(
        "",
        {"tests/a.php": "<?php used();", "node_modules/x/y.js": "", "inc/a.php": "<?php kept();"},
    )
    assert list(facts.function_uses) == ["kept"]
    assert facts.left_out[-1].endswith("in folders of tests and build tools")


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("jQuery('a').live('click', f);", [".live"]),
        ("$('a').find('b').die();", [".die"]),
        ("$list.andSelf();", [".andSelf"]),
        ("if (jQuery.browser.msie) {}", ["$.browser"]),
        ("$('a').size();", [".size"]),
        ("$(window).load(function () {});", [".load"]),
        ("$('a').toggle(function () {}, function () {});", [".toggle"]),
        ("ReactDOM.render(a, b);", ["ReactDOM.render"]),
        ("if ($.browser && $.browser.msie) {}", []),
        ("jQuery.browser = {}; if (jQuery.browser.msie) {}", []),
        ("jQuery.fn.live = on; jQuery('a').live('click', f);", []),
        ("/*! jQuery JavaScript Library v1.2.6 */ $.browser.msie;", []),
        ("// $('a').live('click', f);", []),
        ("x = \"$('a').live('click')\";", []),
        ("$('#box').load('page.html');", []),
        ("$('a').toggle();", []),
        ("console.error(function () {});", []),
        ("map.size();", []),
        ("stream.live('click');", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_javascript_that_a_library_dropped(bench: Bench, script: str, found: list[str]) -> None:
    facts = bench.plugin_tree("", {"a.js": f"\n{script}\n"})
    assert list(facts.script_uses) == found
    assert all(use.line == 2 for uses in facts.script_uses.values() for use in uses)


def test_a_script_inside_a_php_comment_is_no_use(bench: Bench) -> None:
    facts = bench.plugin("/* <script>jQuery('a').live('click', f);</script> */")
    assert facts.script_uses == {}
    printed = bench.plugin("echo '<script>jQuery(\\'a\\').live(\\'click\\', f);</script>';")
    assert list(printed.script_uses) == [".live"]


def test_includes_are_followed_to_files_of_the_plugin(bench: Bench) -> None:
    facts = bench.plugin_tree(
        "require_once plugin_dir_path( __FILE__ ) . 'inc/a.php';\n"
        "if ( is_admin() ) { include MY_DIR . '/inc/b.php'; }\nrequire $unknown;",
        {
            "inc/a.php": "<?php require dirname( __FILE__ ) . '/../lib/c.php';",
            "inc/b.php": "<?php",
            "lib/c.php": "<?php",
        },
    )
    assert {(i.by, i.file, i.unconditional) for i in facts.includes} == {
        ("my-plugin.php", "inc/a.php", True),
        ("my-plugin.php", "inc/b.php", False),
        ("inc/a.php", "lib/c.php", True),
    }
