"""Recordings of a real store, and bodies of many versions, for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def recordings(shared: Path) -> Path:
    """The folder with `deliveries/` and `rest/`, recorded from WooCommerce 10.0.2."""
    return shared / "captures"


@pytest.fixture(scope="session")
def payloads(shared: Path) -> Path:
    """The folder of masked real bodies, WooCommerce 2.5 to 9.8."""
    if not (shared / "payloads").is_dir():
        pytest.skip(f"the collected bodies are not at {shared}")
    return shared / "payloads"
