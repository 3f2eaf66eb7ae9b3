"""A release's zip or folder becomes its surface: what it declares, fires, registers, deprecates."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from refunddesk.compat.archive import open_tree
from refunddesk.compat.index import NotARelease, index_release
from refunddesk.compat.lifecycle import read_shipped, surface_at
from refunddesk.compat.rules.signatures import why_refused
from refunddesk.compat.surface import (
    WORDPRESS,
    Deprecation,
    Place,
    Signature,
    pack_signature,
    signature_of,
)
from tests.compat.synthetic import Bench, wordpress_files, write_tree, write_zip


def test_functions_carry_their_tags_and_place(bench: Bench) -> None:
    surface = bench.wordpress(
        "6.4",
        functions="""
/**
 * Shows it.
 *
 * @since 2.1.0
 * @since 3.0.0 Takes $b.
 * @deprecated 6.4.0 Use fresh() instead.
 */
function show( $a, array &$b = array(), \\WP_Post ...$c ): ?string {}

/** @since MU (3.0.0) */
function multi() {}
""",
    )
    show = surface.functions["show"]
    assert show.signature == "($a;array &$b=;WP_Post ...$c):?string"
    assert (show.since, show.place) == ("2.1.0", Place("wp-includes/functions.php", 10))
    assert show.deprecated == Deprecation("6.4.0", "Use fresh() instead")
    assert surface.functions["multi"].since == "3.0.0"


def test_classes_carry_their_methods_parents_and_words(bench: Bench) -> None:
    surface = bench.wordpress(
        "6.4",
        classes="namespace A;\nuse B\\C as D;\ntrait T {}\nabstract class X extends D implements"
        " \\E, F {\nuse T;\nfinal protected static function Go() {}\nprivate function no() {}\n"
        "abstract function must();\n}\ninterface I { function x(); }",
    )
    symbol = surface.classes["a\\x"]
    assert (symbol.name, symbol.kind, symbol.modifiers) == ("A\\X", "class", ("abstract",))
    assert symbol.parents == ("A\\T", "B\\C", "E", "A\\F")
    assert set(symbol.methods["go"].modifiers) == {"final", "protected", "static"}
    assert symbol.methods["no"].visibility == "private"
    assert symbol.methods["must"].abstract
    assert surface.classes["a\\i"].methods["x"].abstract


def test_hooks_with_filled_in_names_are_kept_as_patterns(bench: Bench) -> None:
    surface = bench.wordpress(
        "6.4",
        hooks="do_action( 'plain' ); apply_filters( \"load-{$page}\", 1 );\n"
        "do_action( 'save_' . $type . '_meta' ); do_action( $all );\n"
        "apply_filters_deprecated( 'worn', array( 1 ), '6.4.0', 'fresh' );",
    )
    assert set(surface.hooks) == {"plain", "load-*", "save_*_meta", "worn"}
    assert surface.hooks["worn"].deprecated == Deprecation("6.4.0", "fresh")


def test_a_deprecated_file_names_the_one_to_use(bench: Bench) -> None:
    surface = bench.wordpress(
        "5.5",
        old="_deprecated_file( basename( __FILE__ ), '5.5.0', WPINC . '/New/New.php', 'Moved.' );",
    )
    assert (surface.files or {})["wp-includes/old.php"] == Deprecation(
        "5.5.0", "wp-includes/New/New.php"
    )


def test_scripts_loops_and_libraries(bench: Bench) -> None:
    surface = bench.wordpress_tree(
        "6.4",
        {
            "wp-includes/script-loader.php": (
                "function wp_default_packages_vendor( $scripts ) {\n"
                "$vendor = array( 'react', 'react-dom' => array( 'react' ) );\n"
                "$versions = array( 'react' => '18.2.0' );\n"
                "foreach ( $vendor as $handle ) { $scripts->add( $handle, 'x' ); }\n}\n"
                "function wp_default_scripts( $scripts ) {\n"
                "$scripts->add( 'jquery', false, array( 'jquery-core' ), '3.7.1' );\n}"
            ),
            "wp-includes/assets/script-loader-packages.php": (
                "return array( 'a11y.js' => array( 'dependencies' => array() ) );"
            ),
        },
    )
    handles = surface.handles or {}
    assert handles["script:react"].version == "18.2.0"
    assert handles["script:jquery"].dependencies == ("jquery-core",)
    assert "script:wp-a11y" in handles


def test_a_release_says_what_it_is(bench: Bench) -> None:
    wordpress = bench.wordpress("6.4-RC1", php="7.0", functions="")
    assert (wordpress.title, wordpress.php_floor) == ("WordPress 6.4-RC1", "7.0")
    assert bench.woocommerce("9.1.2").title == "WooCommerce 9.1.2"


def test_bundled_plugins_are_not_wordpress(bench: Bench) -> None:
    surface = bench.wordpress_tree("6.4", {"wp-content/plugins/hello.php": "function hello() {}"})
    assert surface.functions == {}


def test_a_zip_is_read_like_its_folder(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {**wordpress_files("6.4", {"wp-includes/a.php": "f();"})}
    with open_tree(write_zip(tmp_path / "w.zip", files, top="wordpress/")) as tree:
        assert index_release(tree).files == {
            "wp-includes/a.php": None,
            "wp-includes/version.php": None,
        }


def test_what_is_no_release_is_refused(tmp_path: Path) -> None:
    with (
        open_tree(write_tree(tmp_path / "x", {"a.php": "<?php"})) as tree,
        pytest.raises(NotARelease, match="is no WordPress or WooCommerce release"),
    ):
        index_release(tree)


def test_loose_functions_after_an_error_are_not_believed(bench: Bench) -> None:
    surface = bench.wordpress(
        "5.4",
        getid3="class A {\n  function &new( $x ) { $y =& new B( $x ) }\n  }\n"
        "  function get() {}\n}\nfunction real() {}",
    )
    assert "get" not in surface.functions
    assert "real" in surface.functions


REFUSALS = [
    ("function m($x){}", "function m($x,$y){}"),
    ("function m($x){}", "function m(){}"),
    ("function m($x){}", "function m($x,$y=1){}"),
    ("function m($x){}", "function m(...$z){}"),
    ("function m($x,$y=1){}", "function m($x){}"),
    ("function m($x,$y=1){}", "function m($x,...$y){}"),
    ("function m($x,$y=1){}", "function m($x,$y,...$r){}"),
    ("static function m(){}", "function m(){}"),
    ("function m(){}", "static function m(){}"),
    ("protected function m(){}", "private function m(){}"),
    ("protected function m(){}", "function m(){}"),
    ("private function m($a){}", "private function m(){}"),
    ("final function m(){}", "function m(){}"),
    ("function m(int $x){}", "function m($x){}"),
    ("function m(int $x){}", "function m(string $x){}"),
    ("function m(int $x){}", "function m(?int $x){}"),
    ("function m(?int $x){}", "function m(int $x){}"),
    ("function m($x){}", "function m(int $x){}"),
    ("function m($x){}", "function m(mixed $x){}"),
    ("function m(bool $x){}", "function m(int $x){}"),
    ("function m(): int {return 1;}", "function m(){return 1;}"),
    ("function m(){}", "function m(): int {return 1;}"),
    ("function m(&$x){}", "function m($x){}"),
    ("function m($x){}", "function m(&$x){}"),
    ("function m(...$z){}", "function m($z){}"),
    ("function m(...$z){}", "function m(...$y){}"),
    ("function m(...$z){}", "function m(){}"),
    ("function &m(){}", "function m(){}"),
    ("function __construct($q){}", "function __construct(){}"),
]


@pytest.mark.skipif(shutil.which("php") is None, reason="no PHP is installed to compare with")
def test_overrides_are_judged_as_php_judges_them(bench: Bench, tmp_path: Path) -> None:
    source = "\n".join(
        f"class P{n} {{ {parent} }}\nclass C{n} {{ {child} }}"
        for n, (parent, child) in enumerate(REFUSALS)
    )
    surface = bench.wordpress("8.0", classes=source)
    ours, theirs = [], []
    for number, (parent, child) in enumerate(REFUSALS):
        [base] = surface.classes[f"p{number}"].methods.values()
        [own] = surface.classes[f"c{number}"].methods.values()
        ours.append(bool(why_refused(own, base, typed=True)))
        script = tmp_path / "override.php"
        script.write_text(f"<?php class P {{ {parent} }}\nclass C extends P {{ {child} }}")
        run = subprocess.run(["php", str(script)], capture_output=True, text=True, check=False)
        theirs.append("Fatal error" in run.stdout + run.stderr)
    assert ours == theirs


def test_a_signature_survives_packing() -> None:
    for packed in ("()", "&($a)", "(int $a=;&...$b):?A\\B", "(A|B $x;callable &$y=)"):
        signature = signature_of(packed)
        assert isinstance(signature, Signature)
        assert pack_signature(signature) == packed


def test_the_shipped_history_agrees_with_the_reference_tables() -> None:
    folder = (
        Path(os.environ.get("REFUNDDESK_SHARED", Path(__file__).parents[3] / "shared"))
        / "release-symbols"
    )
    if not folder.is_dir():
        pytest.skip(f"the reference symbol tables are not at {folder}")
    lifecycle = read_shipped(WORDPRESS)
    for version in ("5.5", "6.4", "7.1"):
        table = json.loads(
            gzip.decompress((folder / f"wordpress-{version}.0.json.gz").read_bytes())
        )
        surface = surface_at(lifecycle, version)
        functions = {name.lower() for name in table["functions"]}
        assert len(functions ^ surface.functions.keys()) <= 4
        assert {name.lower() for name in table["classes"]} <= surface.classes.keys()
        hooks = {re.sub(r"\{\$[^}]*\}+", "*", name) for name in table["hooks"]}
        assert len(hooks - surface.hooks.keys()) <= 10
        deprecated = {name.lower() for name, row in table["functions"].items() if "dep" in row}
        ours = {key for key, f in surface.functions.items() if f.deprecated is not None}
        assert len(deprecated ^ ours) <= 4
