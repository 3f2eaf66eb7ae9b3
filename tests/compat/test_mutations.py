"""Every symbol the shipped history calls removed or deprecated, in every form a plugin may use it.

One generated plugin per form holds one line per symbol: each line must be found, and no line of a
control form may be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from refunddesk.compat.archive import open_tree
from refunddesk.compat.check import Site, check_static
from refunddesk.compat.lifecycle import Lifecycle, read_shipped, surface_at
from refunddesk.compat.phpuses import php_classes, php_functions
from refunddesk.compat.plugin import read_plugin
from refunddesk.compat.surface import WOOCOMMERCE, WORDPRESS, Surface
from tests.compat.synthetic import HEADER, write_tree

PRODUCTS = (WORDPRESS, WOOCOMMERCE)
#: The lines of HEADER; a form's first symbol is on the one after.
HEAD = HEADER.count("\n")


@dataclass(frozen=True)
class Symbols:
    functions: tuple[str, ...]
    classes: tuple[str, ...]
    methods: tuple[str, ...]
    hooks: tuple[str, ...]


def newest(product: str) -> tuple[Lifecycle, Surface]:
    lifecycle = read_shipped(product)
    return lifecycle, surface_at(lifecycle, lifecycle.versions[-1])


@cache
def symbols_of(product: str) -> Symbols:
    """Names as they were last written, of what is gone from the newest release or deprecated."""
    lifecycle, surface = newest(product)

    def names(shelf: str, present: dict[str, bool]) -> tuple[str, ...]:
        return tuple(
            record[0] or key
            for key, record in sorted(lifecycle.symbols[shelf].items())
            if present.get(key, True)
        )

    functions = {k: f.deprecated is not None for k, f in surface.functions.items()}
    functions |= dict.fromkeys(php_functions(), False)
    classes = {k: c.deprecated is not None for k, c in surface.classes.items()}
    classes |= dict.fromkeys(php_classes(), False)
    hooks = {k: h.deprecated is not None for k, h in surface.hooks.items()}
    methods = [
        f"{symbol.name}::{method.name}"
        for symbol in surface.classes.values()
        for method in symbol.methods.values()
        if method.deprecated is not None and symbol.kind == "class"
    ]
    return Symbols(
        functions=names("functions", functions),
        classes=names("classes", classes),
        methods=tuple(methods),
        hooks=tuple(h for h in names("hooks", hooks) if "*" not in h and "'" not in h),
    )


def found_lines(tmp_path: Path, product: str, lines: list[str], opening: str = "") -> set[int]:
    """The positions in `lines` at which something is found on the newest release."""
    folder = tmp_path / product
    text = HEADER.format(name="Generated").rstrip("\n") + f" {opening}\n" + "\n".join(lines)
    write_tree(folder, {"generated.php": text})
    with open_tree(folder) as tree:
        facts = read_plugin(tree)
    assert facts.unread == ()
    lifecycle, surface = newest(product)
    found = check_static(facts, Site((surface,)), None, {product: lifecycle}).findings
    return {finding.place.line - HEAD - 1 for finding in found if finding.rule != "php-floor"}


Form = Callable[[str], str]
FUNCTION_FORMS: dict[str, Form] = {
    "called": lambda f: f"{f}();",
    "called with the leading backslash": lambda f: f"\\{f}();",
    "called in capitals": lambda f: f"{f.upper()}();",
    "handed to add_action()": lambda f: f"add_action( 'init', '{f}' );",
    "handed to call_user_func()": lambda f: f"call_user_func( '{f}' );",
    "as the callback of a route": lambda f: f"$a = array( 'callback' => '{f}' );",
    "called in a method": lambda f: f"class A_{f} {{ function go() {{ return {f}(); }} }}",
    "called under another function's guard": lambda f: (
        f"if ( function_exists( 'wp_insert_post' ) ) {{ {f}(); }}"
    ),
}
FUNCTION_CONTROLS: dict[str, Form] = {
    "guarded": lambda f: f"if ( function_exists( '{f}' ) ) {{ {f}(); }}",
    "guarded beside something else": lambda f: (
        f"if ( $x && function_exists( '{f}' ) ) {{ {f}(); }}"
    ),
    "guarded by an early return": lambda f: (
        f"function a_{f}() {{ if ( ! function_exists( '{f}' ) ) {{ return; }} {f}(); }}"
    ),
    "guarded in one expression": lambda f: f"function_exists( '{f}' ) && {f}();",
    "guarded by a choice": lambda f: f"$x = function_exists( '{f}' ) ? {f}() : 0;",
    "guarded by is_callable()": lambda f: f"if ( is_callable( '{f}' ) ) {{ {f}(); }}",
    "guarded as a callback": lambda f: (
        f"if ( function_exists( '{f}' ) ) {{ add_action( 'init', '{f}' ); }}"
    ),
    "in a comment": lambda f: f"/* {f}(); */ // {f}();",
    "in a text": lambda f: f"echo '{f}()', \"{f}()\";",
    "as a method": lambda f: f"$x->{f}(); $x::{f}();",
    "as a method of the plugin": lambda f: (
        f"class B_{f} {{ function {f}() {{}} function go() {{ $this->{f}(); }} }}"
    ),
}
CLASS_FORMS: dict[str, Form] = {
    "made": lambda c: f"$x = new \\{c}();",
    "called statically": lambda c: f"\\{c}::go();",
    "as a type": lambda c: f"$x = function ( \\{c} $y ) {{}};",
    "as a result": lambda c: f"$x = function (): ?\\{c} {{}};",
    "asked for with instanceof": lambda c: f"$x = $y instanceof \\{c};",
    "caught": lambda c: f"try {{ go(); }} catch ( \\{c} $e ) {{}}",
    "handed over": lambda c: f"add_action( 'init', array( '{c}', 'go' ) );",
}
CLASS_CONTROLS: dict[str, Form] = {
    "guarded": lambda c: f"if ( class_exists( '{c}' ) ) {{ new \\{c}(); }}",
    "guarded by its name": lambda c: f"if ( class_exists( \\{c}::class ) ) {{ new \\{c}(); }}",
    "in a comment": lambda c: f"// new {c}();",
    "in a text": lambda c: f"echo 'new {c}()';",
    "only named": lambda c: f"$x = \\{c}::class;",
}
#: Hooks whose plain name went when a filled-in one came that still fires them.
LIVING_ON = {
    WORDPRESS: {"theme_page_templates"},
    WOOCOMMERCE: {
        "woocommerce_analytics_customers_select_query",
        "woocommerce_analytics_orders_query_args",
        "woocommerce_analytics_orders_select_query",
        "woocommerce_analytics_orders_stats_query_args",
        "woocommerce_analytics_orders_stats_select_query",
    },
}
products = pytest.mark.parametrize("product", PRODUCTS)


@products
@pytest.mark.parametrize("form", FUNCTION_FORMS, ids=str)
def test_every_removed_or_deprecated_function_is_found(
    tmp_path: Path, product: str, form: str
) -> None:
    names = symbols_of(product).functions
    lines = [FUNCTION_FORMS[form](name) for name in names]
    assert _missed(names, found_lines(tmp_path, product, lines)) == []


@products
@pytest.mark.parametrize("form", FUNCTION_CONTROLS, ids=str)
def test_no_control_of_a_function_is_flagged(tmp_path: Path, product: str, form: str) -> None:
    names = symbols_of(product).functions
    lines = [FUNCTION_CONTROLS[form](name) for name in names]
    assert _flagged(names, found_lines(tmp_path, product, lines)) == []


@products
def test_a_call_in_a_namespace_reaches_the_global_function(tmp_path: Path, product: str) -> None:
    names = symbols_of(product).functions
    lines = [f"{name}();" for name in names]
    found = found_lines(tmp_path, product, lines, "namespace Vendor\\Plugin;")
    assert _missed(names, found) == []


@products
def test_a_function_of_the_namespace_is_the_plugins_own(tmp_path: Path, product: str) -> None:
    names = [name for name in symbols_of(product).functions if "\\" not in name]
    lines = [f"function {name}() {{}} {name}();" for name in names]
    found = found_lines(tmp_path, product, lines, "namespace Vendor\\Plugin;")
    assert _flagged(names, found) == []


@products
@pytest.mark.parametrize("form", CLASS_FORMS, ids=str)
def test_every_removed_or_deprecated_class_is_found(
    tmp_path: Path, product: str, form: str
) -> None:
    names = symbols_of(product).classes
    lines = [CLASS_FORMS[form](name) for name in names]
    assert _missed(names, found_lines(tmp_path, product, lines)) == []


@products
@pytest.mark.parametrize("form", CLASS_CONTROLS, ids=str)
def test_no_control_of_a_class_is_flagged(tmp_path: Path, product: str, form: str) -> None:
    names = symbols_of(product).classes
    lines = [CLASS_CONTROLS[form](name) for name in names]
    assert _flagged(names, found_lines(tmp_path, product, lines)) == []


@products
def test_a_class_of_the_namespace_is_the_plugins_own(tmp_path: Path, product: str) -> None:
    names = [name for name in symbols_of(product).classes if "\\" not in name]
    lines = [f"new {name}();" for name in names]
    found = found_lines(tmp_path, product, lines, "namespace Vendor\\Plugin;")
    assert _flagged(names, found) == []


@products
def test_every_deprecated_method_is_found(tmp_path: Path, product: str) -> None:
    names = symbols_of(product).methods
    lines = [f"\\{name}();" for name in names]
    assert _missed(names, found_lines(tmp_path, product, lines)) == []


@products
def test_every_removed_or_deprecated_hook_is_found(tmp_path: Path, product: str) -> None:
    names = symbols_of(product).hooks
    lines = [f"add_filter( '{name}', 'mine_{n}' );" for n, name in enumerate(names)]
    assert set(_missed(names, found_lines(tmp_path, product, lines))) == LIVING_ON[product]


@products
def test_a_hook_the_plugin_fires_itself_is_its_own(tmp_path: Path, product: str) -> None:
    _, surface = newest(product)
    names = [hook for hook in symbols_of(product).hooks if hook not in surface.hooks]
    lines = [f"do_action( '{name}' ); add_action( '{name}', 'mine' );" for name in names]
    assert _flagged(names, found_lines(tmp_path, product, lines)) == []


@pytest.mark.parametrize(
    ("product", "least"),
    [(WORDPRESS, (400, 50, 100, 60)), (WOOCOMMERCE, (100, 500, 300, 200))],
    ids=PRODUCTS,
)
def test_the_history_holds_enough_to_prove_something(
    product: str, least: tuple[int, int, int, int]
) -> None:
    kinds = symbols_of(product)
    counts = (kinds.functions, kinds.classes, kinds.methods, kinds.hooks)
    assert all(len(kind) >= few for kind, few in zip(counts, least, strict=True))


def _missed(names: tuple[str, ...] | list[str], found: set[int]) -> list[str]:
    assert names
    return [name for position, name in enumerate(names) if position not in found]


def _flagged(names: tuple[str, ...] | list[str], found: set[int]) -> list[str]:
    assert names
    return [name for position, name in enumerate(names) if position in found]
