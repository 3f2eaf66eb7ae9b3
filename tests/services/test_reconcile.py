"""What a store changed is known here within minutes, whatever became of its deliveries."""

from __future__ import annotations

import pytest

from tests.selling import Shop
from tests.services.reconciling import Reconciled


@pytest.fixture
def reconciled(shop: Shop) -> Reconciled:
    return Reconciled(shop)


def test_an_order_that_no_delivery_told_of_is_found_by_asking(reconciled: Reconciled) -> None:
    sold = reconciled.shop.sell("LIC-1")
    reconciled.poll()
    assert reconciled.differing() == []
    assert reconciled.fetched() == {sold["id"]: 1}
