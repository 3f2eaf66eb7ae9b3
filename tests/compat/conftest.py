"""Fixtures of the compatibility tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from refunddesk.compat.smoke.both import Workshop
from refunddesk.compat.smoke.php import CannotBoot, find_php
from tests.compat.booting import (
    RELEASE_66,
    RELEASE_67,
    Booth,
    open_folder,
    real_releases,
    small_drop_in,
    small_release,
)
from tests.compat.synthetic import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def small_booth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booth]:
    """Two small releases, prepared once for all tests of a process."""
    _need_php()
    made = tmp_path_factory.mktemp("small")
    with open_folder() as cache:
        yield Booth(
            before=small_release(made / "6.6", "6.6", RELEASE_66),
            target=small_release(made / "6.7", "6.7", RELEASE_67),
            workshop=Workshop(cache, small_drop_in(made / "drop-in")),
            folder=made,
        )


@pytest.fixture
def booth(small_booth: Booth, tmp_path: Path) -> Booth:
    return Booth(small_booth.before, small_booth.target, small_booth.workshop, tmp_path)


@pytest.fixture(scope="session")
def real_cache() -> Iterator[Path]:
    with open_folder() as cache:
        yield cache


@pytest.fixture
def real_booth(real_cache: Path, tmp_path: Path) -> Booth:
    """Two real releases; skips where none are given."""
    _need_php()
    given = real_releases()
    if given is None:
        pytest.skip("REFUNDDESK_TEST_WORDPRESS and REFUNDDESK_TEST_SQLITE name no real WordPress")
    before, target, drop_in = given
    return Booth(before, target, Workshop(real_cache, drop_in), tmp_path)


def _need_php() -> None:
    try:
        find_php()
    except CannotBoot as missing:
        pytest.skip(str(missing))
