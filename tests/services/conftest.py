"""A sandbox store for the use cases that talk to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from refunddesk.services.edges import Edges
from tests.conftest import TestClock
from tests.selling import Shop, open_shop


@pytest.fixture(scope="session")
def shop_certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture
def shop(
    make_edges: Callable[..., Edges], clock: TestClock, shop_certificates: Path
) -> Iterator[Shop]:
    with open_shop(make_edges, clock, shop_certificates) as opened:
        yield opened
