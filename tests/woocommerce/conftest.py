"""Recordings of a real store, and bodies of many versions, for the tests of this folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


def _shared(name: str) -> Path:
    shared = Path(os.environ.get("REFUNDDESK_SHARED") or PROJECT.parent / "shared")
    if not (shared / name).is_dir():
        pytest.skip(f"no {name} in {shared}: set REFUNDDESK_SHARED to the reference folder")
    return shared / name


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder with `deliveries/` and `rest/`, recorded from WooCommerce 10.0.2."""
    return _shared("captures")


@pytest.fixture(scope="session")
def payloads() -> Path:
    """The folder of masked real bodies, WooCommerce 2.5 to 9.8."""
    return _shared("payloads")
