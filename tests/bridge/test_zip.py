"""The zip that a store owner installs: whole, only what is for a store, and always the same."""

from __future__ import annotations

import gettext
import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from refunddesk.cli import main
from refunddesk.cli.bridge import read_version, zip_of
from tests.conftest import REPOSITORY

SOURCES = REPOSITORY / "wp-bridge"


@pytest.fixture
def packed() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(zip_of(SOURCES)))


def test_it_has_what_the_plugin_loads_and_nothing_that_is_not_for_a_store(
    packed: zipfile.ZipFile,
) -> None:
    names = set(packed.namelist())
    assert all(name.startswith("refund-desk-bridge/") for name in names)
    classes = (SOURCES / "includes").rglob("*.php")
    loaded = {f"refund-desk-bridge/{one.relative_to(SOURCES).as_posix()}" for one in classes}
    assert names >= loaded
    for name in ("refund-desk-bridge.php", "uninstall.php", "readme.txt", "assets/connect.js"):
        assert f"refund-desk-bridge/{name}" in names
    assert [name for name in names if "/tests/" in name or "/client/" in name] == []


def test_the_same_sources_make_the_same_bytes_wherever_and_whenever(tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(SOURCES, copy)
    for place in copy.rglob("*"):
        os.utime(place, (1, 1))
        if place.is_file():
            place.chmod(0o600)
    assert zip_of(copy) == zip_of(SOURCES)


@pytest.mark.parametrize(
    ("locale", "said"), [("fr_FR", "Vérifier et réparer"), ("de_DE", "Prüfen und reparieren")]
)
def test_it_speaks_the_languages_that_the_desk_does(
    packed: zipfile.ZipFile, locale: str, said: str
) -> None:
    name = f"refund-desk-bridge/languages/refund-desk-bridge-{locale}.mo"
    spoken = gettext.GNUTranslations(io.BytesIO(packed.read(name)))
    assert spoken.gettext("Check and repair") == said


def test_it_says_of_itself_the_version_that_wordpress_shows() -> None:
    plugin = (SOURCES / "refund-desk-bridge.php").read_text("utf-8")
    assert f"define( 'REFUND_DESK_BRIDGE_VERSION', '{read_version(SOURCES)}' );" in plugin


def test_two_versions_in_one_plugin_make_no_zip(tmp_path: Path) -> None:
    shutil.copytree(SOURCES, tmp_path / "plugin")
    readme = tmp_path / "plugin" / "readme.txt"
    readme.write_text(readme.read_text("utf-8").replace("Stable tag: ", "Stable tag: 9"))
    out = tmp_path / "made" / "plugin.zip"
    made = CliRunner().invoke(
        main, ["bridge", "zip", str(out), "--sources", str(tmp_path / "plugin")]
    )
    assert made.exit_code == 1
    assert "do not name the same version" in made.output
    assert not out.exists()
    made = CliRunner().invoke(main, ["bridge", "zip", str(out), "--sources", str(SOURCES)])
    assert made.exit_code == 0
    assert out.read_bytes() == zip_of(SOURCES)
