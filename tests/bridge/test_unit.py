"""The plugin's own tests, in PHP."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.client.sites import find_php
from tests.conftest import REPOSITORY

UNIT = REPOSITORY / "wp-bridge" / "tests" / "unit"


def test_the_plugins_own_tests_pass() -> None:
    find_php()
    phpunit = shutil.which("phpunit")
    if phpunit is None:
        pytest.skip("there is no phpunit here to run the plugin's own tests with")
    run = subprocess.run(
        [phpunit, "--configuration", UNIT / "phpunit.xml"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stdout
    assert "OK (" in run.stdout
