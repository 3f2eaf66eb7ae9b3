"""A sandbox store for the use cases that talk to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from refunddesk.services.edges import Edges
from tests import building
from tests.conftest import TestClock
from tests.selling import Shop, open_shop
from tests.services.paying import Till, impatient


@pytest.fixture(scope="session")
def shop_certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture
def shop(
    make_edges: Callable[..., Edges], clock: TestClock, shop_certificates: Path
) -> Iterator[Shop]:
    with open_shop(make_edges, clock, shop_certificates) as opened:
        yield opened


@pytest.fixture
def till(shop: Shop) -> Till:
    """A shop with one paid order, and a refund of its first line granted: 99.00."""
    sold = shop.sell("LIC-1", "DOM-1")
    order = shop.record(sold["id"])
    item = shop.items(order)[0]
    edges = impatient(shop.edges, shop)
    refund = building.grant(edges, order, {item.woo_item_id: (str(item.paid), "0.00")})
    assert str(refund.amount) == "99.00"
    return Till(shop, edges, order, refund)
