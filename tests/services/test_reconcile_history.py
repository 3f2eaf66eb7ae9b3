"""Whatever becomes of the deliveries, in the end the desk has what the store has."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from refunddesk.db.sweeps import Kind
from refunddesk.sandbox.refunds import delete_refund
from refunddesk.sandbox.statuses import delete_order, restore_order, trash_order, update_order
from refunddesk.sandbox.webhooks import Delivery
from refunddesk.settings import Settings
from tests.selling import Shop
from tests.services.delivering import Connected, connect


@pytest.fixture
def connected(shop: Shop, settings: Settings) -> Iterator[Connected]:
    with connect(shop, settings) as opened:
        yield opened


class History:
    """Days at a store, drawn by lot, with deliveries that are lost, doubled, late and mixed up."""

    def __init__(self, connected: Connected, seed: int) -> None:
        self._connected = connected
        self._shop = connected.shop
        self._chance = random.Random(seed)
        self._held_back: list[Delivery] = []
        self._seen = 0

    def go_on(self) -> None:
        """One thing happens in the store, and some deliveries arrive, or none."""
        things = (self._sell, self._edit, self._refund, self._take_refund_back, self._hide)
        self._shop.clock.move(seconds=self._chance.randint(1, 400))
        self._chance.choices(things, weights=(3, 3, 3, 1, 1))[0]()
        self._deliver()
        if self._chance.random() < 0.3:
            self._connected.keep_promises()
        if self._chance.random() < 0.2:
            self._connected.poll()

    def _deliver(self) -> None:
        # The store is told that all went well, while the front keeps the deliveries for itself.
        self._connected.front.status = "200 OK"
        self._shop.sandbox.run_queue()
        self._connected.front.status = None
        made = self._shop.sandbox.webhooks.deliveries
        self._held_back += made[self._seen :]
        self._seen = len(made)
        self._chance.shuffle(self._held_back)
        for delivery in list(self._held_back):
            fate = self._chance.random()
            if fate < 0.3:
                self._held_back.remove(delivery)  # lost
            elif fate < 0.6:
                requests.post(delivery.url, delivery.body, headers=delivery.headers, timeout=10)
                if fate < 0.5:
                    self._held_back.remove(delivery)  # else it comes once more, later

    def _some_order(self) -> dict[str, Any] | None:
        orders = self._shop.sandbox.documents.list("order")
        return self._chance.choice(orders) if orders else None

    def _sell(self) -> None:
        self._shop.sell(*self._chance.choice([("LIC-1",), ("DOM-1",), ("LIC-1", "DOM-1")]))

    def _edit(self) -> None:
        order = self._some_order()
        if order:
            status = self._chance.choice(["processing", "completed", "cancelled"])
            update_order(self._shop.sandbox, order["id"], {"status": status})

    def _refund(self) -> None:
        order = self._some_order()
        if order and order["status"] != "trash" and len(order["refunds"]) < 3:
            self._connected.refund_elsewhere(order["id"], "5.00")

    def _take_refund_back(self) -> None:
        order = self._some_order()
        if order and order["refunds"]:
            delete_refund(self._shop.sandbox, order["id"], order["refunds"][0]["id"])

    def _hide(self) -> None:
        order = self._some_order()
        if order is None:
            return
        if order["status"] == "trash":
            restore_order(self._shop.sandbox, order["id"])
        else:
            self._chance.choice([trash_order, delete_order])(self._shop.sandbox, order["id"])


@pytest.mark.parametrize("seed", range(3))
def test_after_any_history_the_desk_has_what_the_store_has(connected: Connected, seed: int) -> None:
    history = History(connected, seed)
    for _ in range(25):
        history.go_on()
    connected.shop.clock.move(minutes=2)
    for kind in (Kind.CHANGES, Kind.REFUNDS, Kind.ORDERS):
        connected.sweep(kind)
    connected.keep_promises()
    connected.shop.clock.at += timedelta(seconds=11)  # two looks at one order lie this far apart
    connected.keep_promises()
    assert connected.differing() == []
    assert connected.gone_as_in_the_store()
    assert connected.books_hold()
