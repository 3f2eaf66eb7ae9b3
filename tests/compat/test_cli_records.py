"""On a desk, the command remembers releases and plugins, and checks by their names."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from refunddesk.cli import main
from refunddesk.clock import now
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.compat.synthetic import write_zip
from tests.conftest import TestClock
from tests.services.checking import BREAKS, WORKS, plugin_zip, wordpress_zip, work


@pytest.fixture
def desk(
    settings: Settings, edges: Edges, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> Edges:
    """The desk that the commands find by the environment; they read the clock on the wall."""
    clock.at = now() + timedelta(days=1)
    for name, value in (
        ("REFUNDDESK_HOME", str(settings.home)),
        ("REFUNDDESK_SECRET_KEY", settings.secret_key),
        ("REFUNDDESK_SEALING_KEYS", settings.sealing_keys[0]),
        ("DATABASE_URL", settings.database_url),
    ):
        monkeypatch.setenv(name, value)
    return edges


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["compat", *map(str, arguments)])


def test_what_was_taken_in_is_checked_and_shown(desk: Edges, tmp_path: Path) -> None:
    added = run("add-plugin", plugin_zip(tmp_path, BREAKS), "--product", "crm-portal")
    assert added.output.startswith("Mine 1.0 (mine) was taken in and is read now: sha256 ")
    for version in ("8.0", "8.1"):
        said = run("add-release", wordpress_zip(tmp_path, version)).output
        assert said == f"WordPress {version} was read; the plugins are checked on it now.\n"
    work(desk)
    assert run("status").output.splitlines() == [
        "WordPress 8.1 (stable): read",
        "WordPress 8.0 (stable): read",
        "Mine 1.0 (mine)",
        "  BROKEN        WordPress 8.1, check 2",
        "  UNVERIFIED    WordPress 8.0, check 1",
    ]


def test_taking_in_the_same_again_changes_nothing(desk: Edges, tmp_path: Path) -> None:
    plugin, release = plugin_zip(tmp_path, WORKS), wordpress_zip(tmp_path, "8.0")
    for _ in range(2):
        taken, read = run("add-plugin", plugin), run("add-release", release)
    assert "was known already" in taken.output
    assert read.output == "WordPress 8.0 was known already; nothing was changed.\n"


def test_recorded_plugins_and_releases_are_checked_by_name(desk: Edges, tmp_path: Path) -> None:
    run("add-plugin", plugin_zip(tmp_path, WORKS, version="1.1"))
    run("add-plugin", plugin_zip(tmp_path, BREAKS, version="1.0"))
    for version in ("8.0", "8.1", "8.2-RC1"):
        run("add-release", wordpress_zip(tmp_path, version))
    newest = run("check", "mine", "--target", "8.1")
    assert newest.output.splitlines()[:2] == [
        "Mine 1.1 on WordPress 8.1",
        "compared with WordPress 8.0 (the release before)",
    ]
    older = run("check", "mine@1.0", "--target", "8.2-RC1", "--baseline", "8.0")
    assert "Mine 1.0 on WordPress 8.2-RC1\ncompared with WordPress 8.0 (as asked)" in older.output
    unknown = run("check", "mine@3.0", "--target", "8.1")
    assert [newest.exit_code, older.exit_code, unknown.exit_code] == [3, 1, 2]
    assert unknown.stderr == "refunddesk: mine@3.0 is neither a zip nor a directory\n"


def test_bad_input_is_one_line_and_changes_nothing(desk: Edges, tmp_path: Path) -> None:
    theme = write_zip(tmp_path / "theme.zip", {"style.css": ""})
    for command, line in (
        ("add-plugin", 'theme.zip is no plugin: no PHP file at its top says "Plugin Name:" in its'),
        ("add-release", "is no WordPress or WooCommerce release"),
    ):
        result = run(command, theme)
        assert result.exit_code == 1
        assert line in result.stderr
        assert result.stderr.count("\n") == 1
    assert run("status").output == ""


def test_checking_by_version_makes_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("REFUNDDESK_HOME", str(tmp_path / "nowhere"))
    monkeypatch.setenv("REFUNDDESK_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("REFUNDDESK_SEALING_KEYS", settings.sealing_keys[0])
    assert run("check", plugin_zip(tmp_path, WORKS), "--target", "7.1").exit_code == 3
    assert not (tmp_path / "nowhere").exists()
