"""A sandbox store over https that sells, and what a test reads back of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refunddesk.db import books, orders, outbox
from refunddesk.db.orders import Order, OrderItem
from refunddesk.jobs import keeping, registry
from refunddesk.sandbox.server import RunningSandbox, serve
from refunddesk.sandbox.store import SandboxStore
from refunddesk.services import stores
from refunddesk.services.edges import Edges
from refunddesk.services.orders import record_order
from tests.conftest import TestClock


@dataclass(frozen=True, slots=True)
class Shop:
    """One sandbox store, joined: `sandbox` is what it is, `store_id` what we call it."""

    edges: Edges
    clock: TestClock
    sandbox: SandboxStore
    running: RunningSandbox
    store_id: int

    def sell(self, *skus: str, **request: Any) -> dict[str, Any]:
        """An order paid at the checkout of the store, as the store shows it."""
        self.clock.move(seconds=1)
        lines = [{"sku": sku, "quantity": 1} for sku in skus]
        sold = self.sandbox.add_order(lines, at_checkout=True, **request)
        return self.shown(sold["id"])

    def shown(self, woo_order_id: int) -> dict[str, Any]:
        shown = self.sandbox.order(woo_order_id)
        assert shown is not None
        return shown

    def change(self, body: dict[str, Any], **changes: Any) -> None:
        """Have the store tell the order so from now on, changed a second later."""
        self.clock.move(seconds=1)
        at = f"{self.clock():%Y-%m-%dT%H:%M:%S}"
        self.sandbox.put_object("order", {**body, "date_modified_gmt": at, **changes})

    def record(self, woo_order_id: int) -> Order:
        record_order(self.edges, self.store_id, woo_order_id)
        order = self.find(woo_order_id)
        assert order is not None
        return order

    def find(self, woo_order_id: int) -> Order | None:
        with self.edges.database.read() as transaction:
            return orders.find_order(transaction, self.store_id, woo_order_id)

    def items(self, order: Order) -> list[OrderItem]:
        with self.edges.database.read() as transaction:
            return orders.list_items(transaction, order.id)

    def books(self, order: Order) -> dict[str, str]:
        """Account to balance, with the currency where it is not the euro."""
        with self.edges.database.read() as transaction:
            found = books.balances(transaction, order.id)
        return {
            posting.account
            + ("" if posting.amount.currency == "EUR" else f" {posting.amount.currency}"): str(
                posting.amount
            )
            for posting in found
        }

    def work(self) -> list[str]:
        """Keep every due promise until none is left; what was done, as "job subject"."""
        done = []
        for _ in range(100):
            with self.edges.database.read() as transaction:
                due = outbox.list_due(transaction, self.clock())
                waiting = {row.id: row for row in outbox.list_open(transaction)}
            if not due:
                return done
            for promise_id, job in due:
                if keeping.keep(self.edges, promise_id, registry.JOBS):
                    done.append(f"{job.value} {waiting[promise_id].subject}")
        raise AssertionError("the work never ends")


@contextmanager
def open_shop(
    make_edges: Callable[..., Edges], clock: TestClock, directory: Path
) -> Iterator[Shop]:
    """A sandbox store that keeps the test's clock, joined under its own address."""
    sandbox = SandboxStore(clock=clock)
    try:
        with serve(sandbox, directory) as running:
            edges = make_edges(str(running.ca_file))
            store_id = stores.add_store(
                edges,
                stores.NewStore("Sandbox", running.url, "DE", "crmjetty", "Europe/Berlin"),
                consumer_key=running.consumer_key,
                consumer_secret=running.consumer_secret,
                probe=False,
            )
            yield Shop(edges, clock, sandbox, running, store_id)
    finally:
        sandbox.close()
