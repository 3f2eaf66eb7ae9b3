"""The history of releases knows when each symbol came, changed and went."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from refunddesk.compat.lifecycle import (
    LifecycleUnreadable,
    ReleaseUnknown,
    build_lifecycle,
    pack_lifecycle,
    parse_lifecycle,
    previous_version,
    read_shipped,
    surface_at,
    surfaces_of,
)
from refunddesk.compat.surface import WOOCOMMERCE, WORDPRESS, Surface, signature_of
from refunddesk.compat.symboltables import NotASymbolTable, read_symbol_table
from refunddesk.compat.versions import compare
from tests.compat.synthetic import Bench


def three_releases(bench: Bench) -> list[Surface]:
    return [
        bench.wordpress("6.8", functions="/** @since 2.0.0 */ function a( $x ) {} function b() {}"),
        bench.wordpress("6.9", functions="function a( $x ) {} do_action( 'c' );"),
        bench.wordpress("7.0", functions="function a( $x, $y = 1 ) {} class D { function e() {} }"),
    ]


def test_every_release_comes_back_as_it_was(bench: Bench) -> None:
    surfaces = three_releases(bench)
    lifecycle = parse_lifecycle(pack_lifecycle(build_lifecycle(reversed(surfaces))))
    assert lifecycle.versions == ["6.8", "6.9", "7.0"]
    for surface in surfaces:
        back = surface_at(lifecycle, surface.version)
        assert {k: f.signature for k, f in back.functions.items()} == {
            k: f.signature for k, f in surface.functions.items()
        }
        assert back.classes.keys() == surface.classes.keys()
        assert back.hooks.keys() == surface.hooks.keys()
        assert back.files == surface.files
        assert back.php_floor == surface.php_floor
    assert surface_at(lifecycle, "7.0").classes["d"].methods["e"].name == "e"


def test_a_symbol_knows_its_first_and_last_release(bench: Bench) -> None:
    lifecycle = build_lifecycle(three_releases(bench))
    gone = lifecycle.find_life("functions", "b", "7.0")
    assert gone is not None
    assert (gone.first_seen, gone.last_seen) == ("6.8", "6.8")
    kept = lifecycle.find_life("functions", "a", "6.9")
    assert kept is not None
    assert (kept.first_seen, kept.last_seen, kept.since) == ("6.8", "6.9", "2.0.0")
    assert lifecycle.find_life("classes", "d", "6.9") is None
    assert lifecycle.first_without("6.8") == "6.9"


def test_a_release_added_later_extends_the_history(bench: Bench) -> None:
    first, second, third = three_releases(bench)
    short = build_lifecycle([first, second])
    longer = build_lifecycle([*surfaces_of(short), third])
    assert pack_lifecycle(longer) == pack_lifecycle(build_lifecycle([first, second, third]))


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("6.9", "6.9"), ("6.9.0", "6.9"), ("6.9.4", "6.9"), ("7.0-RC1", None), ("6.7", None)],
    ids=["itself", "with a zero", "a later patch", "before its release", "an unknown branch"],
)
def test_a_version_is_answered_by_its_branch(
    bench: Bench, asked: str, answered: str | None
) -> None:
    lifecycle = build_lifecycle(three_releases(bench))
    if answered is None:
        with pytest.raises(ReleaseUnknown, match="give its zip or directory instead"):
            surface_at(lifecycle, asked)
    else:
        assert surface_at(lifecycle, asked).version == answered


def test_the_nearest_earlier_release_stands_in_only_when_asked(bench: Bench) -> None:
    first, _, third = three_releases(bench)
    lifecycle = build_lifecycle([first, third])
    assert surface_at(lifecycle, "6.9", nearest=True).version == "6.8"
    with pytest.raises(ReleaseUnknown):
        surface_at(lifecycle, "6.7", nearest=True)
    assert previous_version(lifecycle, "7.0.2") == "6.8"
    assert previous_version(lifecycle, "6.8") is None


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"[]"), gzip.compress(b'{"format": 99}')],
    ids=["empty", "not packed", "another shape", "another format"],
)
def test_what_is_no_lifecycle_file_is_refused(content: bytes) -> None:
    with pytest.raises(LifecycleUnreadable):
        parse_lifecycle(content)


@pytest.mark.parametrize(
    ("older", "newer"),
    [("6.9", "6.10"), ("7.0-beta1", "7.0-RC1"), ("7.0-RC1", "7.0"), ("7.0-alpha-1", "7.0-beta1")],
    ids=str,
)
def test_versions_are_ordered_as_releases_are(older: str, newer: str) -> None:
    assert compare(older, newer) == -1
    assert compare(newer, older) == 1
    assert compare(older, older) == 0


def test_a_signature_says_how_many_arguments_it_needs() -> None:
    signature = signature_of("($a;&$b;int|string $c=;...$d):?int")
    assert signature.required == 2
    assert [p.by_reference for p in signature.parameters] == [False, True, False, False]
    assert signature.parameters[2].type == "int|string"
    assert signature.parameters[3].variadic
    assert signature.returns == "?int"


def test_what_is_shipped_knows_what_happened() -> None:
    wordpress, woocommerce = read_shipped(WORDPRESS), read_shipped(WOOCOMMERCE)
    mailer = wordpress.find_life("classes", "phpmailer", "7.1")
    assert mailer is not None
    assert (mailer.name, mailer.last_seen) == ("PHPMailer", "5.4")
    assert wordpress.find_life("hooks", "plugin_locale", "7.1").last_seen == "6.6"  # type: ignore[union-attr]
    assert woocommerce.find_life("classes", "wc_legacy_api", "11.0.1").last_seen == "8.9.3"  # type: ignore[union-attr]
    drop_in = [
        set(surface_at(wordpress, version).database_calls or ()) for version in ("6.0", "6.1")
    ]
    assert drop_in[1] - drop_in[0] >= {"placeholder_escape", "remove_placeholder_escape"}
    assert surface_at(wordpress, "7.0").php_floor == "7.4"


def test_a_symbol_table_is_a_release_without_types(tmp_path: Path) -> None:
    place = tmp_path / "wordpress-6.4.0.json.gz"
    row = {"file": "a.php", "line": 3, "params": ["$x", "&$y=", "...$z"], "since": "2.0.0"}
    table = {
        "functions": {"Show": row, "worn": {**row, "dep": "6.4.0", "repl": "Use fresh()"}},
        "classes": {
            "N\\A": {
                "file": "b.php",
                "line": 1,
                "kind": "class",
                "base": ["B"],
                "impl": [],
                "mods": ["final_modifier"],
            },
            "N\\B": {
                "file": "b.php",
                "line": 9,
                "kind": "inter",
                "base": None,
                "impl": [],
                "mods": [],
            },
        },
        "methods": {"N\\A::go": {**row, "mods": ["public", "static"]}},
        "consts": {},
        "hooks": {"load-{$page}": {"kind": "do_action", "file": "a.php", "line": 7}},
        "dep_calls": [],
        "scripts": {},
    }
    place.write_bytes(gzip.compress(json.dumps(table).encode()))
    surface = read_symbol_table(place)
    assert (surface.product, surface.version, surface.typed) == ("wordpress", "6.4.0", False)
    assert surface.functions["show"].signature == "($x;&$y=;...$z)"
    assert surface.functions["worn"].deprecated.instead == "Use fresh()"  # type: ignore[union-attr]
    assert surface.classes["n\\a"].parents == ("N\\B",)
    assert surface.classes["n\\a"].methods["go"].static
    assert list(surface.hooks) == ["load-*"]
    assert surface.handles is None


@pytest.mark.parametrize("name", ["readme.json.gz", "wordpress-6.4.0.json.gz"])
def test_what_is_no_symbol_table_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(NotASymbolTable):
        read_symbol_table(tmp_path / name)
