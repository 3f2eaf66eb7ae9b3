"""The command answers with a report, a verdict in its exit code, and one line for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from refunddesk.cli import main
from refunddesk.compat.lifecycle import parse_lifecycle
from tests.compat.booting import Booth
from tests.compat.synthetic import HEADER, wordpress_files, write_tree, write_zip

OLD = wordpress_files("8.0", {"wp-includes/a.php": "function gone() {} function worn() {}"})
FRESH = wordpress_files("8.1", {"wp-includes/a.php": "/** @deprecated 8.1.0 */ function worn() {}"})


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["compat", *map(str, arguments)])


def plugin(folder: Path, text: str) -> Path:
    source = HEADER.format(name="Mine") + text
    return write_zip(folder / "mine.zip", {"mine/mine.php": source})


@pytest.fixture
def releases(tmp_path: Path) -> tuple[Path, Path]:
    old = write_tree(tmp_path / "old", {**OLD})
    return old, write_zip(tmp_path / "fresh.zip", {**FRESH}, top="wordpress/")


@pytest.mark.parametrize(
    ("text", "code", "verdict"),
    [
        ("gone();", 1, "BROKEN"),
        ("function f() { require 'x.php'; }", 3, "UNVERIFIED"),
        ("worn();", 0, "WARN"),
    ],
    ids=["broken", "nothing found", "deprecated"],
)
def test_the_exit_code_is_the_verdict(
    tmp_path: Path, releases: tuple[Path, Path], text: str, code: int, verdict: str
) -> None:
    old, fresh = releases
    result = run("check", plugin(tmp_path, text), "--target", fresh, "--baseline", old)
    assert (result.exit_code, f"\n{verdict}: " in result.output) == (code, True)
    assert "Mine 1.0 on WordPress 8.1\ncompared with WordPress 8.0 (as asked)" in result.output


def test_it_is_booted_where_all_of_it_is_at_hand(booth: Booth) -> None:
    options = [
        *("--target", booth.target, "--baseline", booth.before),
        *("--sqlite", booth.workshop.drop_in or "", "--cache", booth.workshop.cache),
    ]
    fine = run("check", booth.plugin("function mine() {}"), *options)
    assert (
        fine.exit_code,
        "\nOK: Reading and booting it found nothing new; 16 of" in fine.output,
    ) == (
        0,
        True,
    )
    hidden = booth.plugin("add_action( 'init', function () { $name = 'go' . 'ne'; $name(); } );")
    broken = run("check", hidden, *options, "--json")
    document = json.loads(broken.stdout)
    assert (broken.exit_code, document["verdict"], document["booted"]) == (1, "BROKEN", True)
    [evidence] = document["evidence"]
    assert (evidence["use"]["line"], evidence["confirmed_by"]) == (7, "dynamic")
    assert evidence["message"].startswith("Error: Call to undefined function gone()")
    assert document["boot"]["releases"][0]["activated"] is True
    read = run("check", hidden, *options, "--no-boot")
    assert (read.exit_code, "Not booted: this check reads the code only." in read.output) == (
        3,
        True,
    )


def test_why_it_was_not_booted_is_said(booth: Booth) -> None:
    plugin = booth.plugin()
    sqlite = ["--sqlite", booth.workshop.drop_in or ""]
    by_version = run("check", plugin, "--target", "7.1", *sqlite)
    with_version = run("check", plugin, "--target", booth.target, "--with", "9.0.0", *sqlite)
    bare = run("check", plugin, "--target", booth.target)
    assert [by_version.exit_code, with_version.exit_code, bare.exit_code] == [3, 3, 3]
    assert "Not booted: WordPress 7.1 was given as a version, not as files." in by_version.output
    assert "WooCommerce 9.0.0 was given as a version, not as files." in with_version.output
    assert "with --sqlite, or put its path into REFUNDDESK_SQLITE_DROP_IN." in bare.output


def test_a_file_loaded_later_is_likely_broken(tmp_path: Path, releases: tuple[Path, Path]) -> None:
    old, fresh = releases
    folder = write_tree(
        tmp_path / "mine", {"mine.php": HEADER.format(name="Mine"), "rare.php": "<?php gone();"}
    )
    result = run("check", folder, "--target", fresh, "--baseline", old)
    assert (result.exit_code, "LIKELY_BROKEN" in result.output) == (1, True)


def test_json_holds_the_evidence_with_the_line_itself(
    tmp_path: Path, releases: tuple[Path, Path]
) -> None:
    old, fresh = releases
    result = run(
        "check", plugin(tmp_path, "gone();"), "--target", fresh, "--baseline", old, "--json"
    )
    document = json.loads(result.stdout)
    assert (document["verdict"], document["booted"]) == ("BROKEN", False)
    assert document["evidence"][0]["use"] == {"file": "mine.php", "line": 6, "snippet": "gone();"}


@pytest.mark.parametrize(
    ("text", "target", "code"),
    [
        ("new PHPMailer();", "5.5", 1),
        ("new PHPMailer();", "5.4", 3),
        ("add_filter( 'plugin_locale', 'x' );", "6.7", 0),
        ("add_filter( 'plugin_locale', 'x' );", "6.6", 3),
    ],
    ids=["mailer moved", "mailer still there", "hook gone", "hook still there"],
)
def test_known_versions_need_no_download(tmp_path: Path, text: str, target: str, code: int) -> None:
    assert run("check", plugin(tmp_path, text), "--target", target).exit_code == code


def test_woocommerce_beside_it(tmp_path: Path) -> None:
    uses = plugin(tmp_path, "new WC_Legacy_API();")
    alone = run("check", uses, "--target", "7.1")
    beside = run("check", uses, "--target", "7.1", "--with", "9.0.0")
    assert (alone.exit_code, beside.exit_code) == (3, 1)
    assert "on WordPress 7.1 with WooCommerce 9.0.0" in beside.output
    assert "The class WC_Legacy_API is gone since WooCommerce 9.0.0." in beside.output


def test_what_the_author_tested_is_the_baseline(tmp_path: Path) -> None:
    folder = write_tree(
        tmp_path / "mine",
        {
            "mine.php": HEADER.format(name="Mine") + "add_filter( 'plugin_locale', 'x' );",
            "readme.txt": "Tested up to: 6.5\n",
        },
    )
    result = run("check", folder, "--target", "7.1")
    assert "compared with WordPress 6.5 (tested up to 6.5)" in result.output
    assert "WARN: 1 place needs a look." in result.output
    later = run("check", folder, "--target", "7.1", "--baseline", "7.0", "--all")
    assert "The same on WordPress 7.0\n" in later.output
    assert "[removed-hook]" in later.output


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("99.1", "WordPress 99.1 is not among the known releases"),
        ("nowhere.zip", "nowhere.zip is neither a file, a directory nor a version"),
        ("latest", "latest is neither a file, a directory nor a version"),
    ],
    ids=["unknown version", "no such file", "a word"],
)
def test_a_target_nobody_knows_is_bad_input(tmp_path: Path, target: str, line: str) -> None:
    result = run("check", plugin(tmp_path, ""), "--target", target)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"refunddesk: {line}")
    assert result.stderr.count("\n") == 1


def test_a_plugin_that_is_none_is_bad_input(tmp_path: Path) -> None:
    missing = run("check", tmp_path / "missing.zip", "--target", "7.1")
    theme = write_zip(tmp_path / "theme.zip", {"style.css": ""})
    no_header = run("check", theme, "--target", "7.1")
    assert [missing.exit_code, no_header.exit_code] == [2, 2]


def test_a_release_of_the_wrong_product_is_bad_input(
    tmp_path: Path, releases: tuple[Path, Path]
) -> None:
    result = run("check", plugin(tmp_path, ""), "--target", "7.1", "--with", releases[1])
    assert result.exit_code == 2
    assert "is WordPress 8.1, where a WooCommerce release is wanted" in result.stderr


def test_woocommerce_is_not_checked_beside_itself(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"woocommerce.php": HEADER.format(name="WooCommerce")}
    folder = write_tree(tmp_path / "woocommerce", files)
    result = run("check", folder, "--target", "7.1", "--with", "9.0.0")
    assert (result.exit_code, "is WooCommerce itself" in result.stderr) == (2, True)


def test_a_lifecycle_file_is_made_from_releases(
    tmp_path: Path, releases: tuple[Path, Path]
) -> None:
    result = run("lifecycle", *releases, "--anew", "--out", tmp_path / "made")
    assert result.exit_code == 0
    made = parse_lifecycle((tmp_path / "made" / "wordpress.json.gz").read_bytes())
    assert made.versions == ["8.0", "8.1"]
    assert not (tmp_path / "made" / "woocommerce.json.gz").exists()


def test_a_later_release_is_added_to_those_shipped(
    tmp_path: Path, releases: tuple[Path, Path]
) -> None:
    result = run("lifecycle", releases[1], "--out", tmp_path / "made")
    assert result.exit_code == 0
    made = parse_lifecycle((tmp_path / "made" / "wordpress.json.gz").read_bytes())
    assert made.versions[-2:] == ["7.1", "8.1"]
    life = made.find_life("classes", "phpmailer", "8.1")
    assert life is not None
    assert life.last_seen == "5.4"
