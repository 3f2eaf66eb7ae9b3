"""A day without a word from the store: ours down, theirs down, the webhook disabled."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from refunddesk.db import stores as table
from refunddesk.sandbox.server import RunningSandbox, serve
from refunddesk.sandbox.store import SandboxStore
from refunddesk.services import stores, watch, webhook_health
from refunddesk.services.edges import Edges
from tests.conftest import TestClock
from tests.selling import Shop
from tests.services.reconciling import Reconciled

#: REFUNDDESK_TEST_OUTAGE=10000 plays a large store's day, which takes many minutes.
CHANGED = int(os.environ.get("REFUNDDESK_TEST_OUTAGE", "80"))
#: Some of them were known before the outage, enough to fail a webhook; the others are new.
KNOWN = max(10, CHANGED // 10)
DAY = timedelta(hours=24)
TOPIC = "order.updated"


@contextmanager
def running(
    path: Path, clock: TestClock, make_edges: Callable[..., Edges], port: int = 0
) -> Iterator[Shop]:
    """One life of both sides on what they find on their disks."""
    sandbox = SandboxStore(str(path / "sandbox.db"), clock=clock)
    try:
        with serve(sandbox, path, port) as store:
            edges = make_edges(str(store.ca_file))
            with edges.database.read() as transaction:
                known = table.find_store_at(transaction, store.url)
            store_id = known.id if known else join(edges, store)
            yield Shop(edges, clock, sandbox, store, store_id)
    finally:
        sandbox.close()


def join(edges: Edges, store: RunningSandbox) -> int:
    return stores.add_store(
        edges,
        stores.NewStore("Sandbox", store.url, "DE", "crmjetty", "Europe/Berlin"),
        consumer_key=store.consumer_key,
        consumer_secret=store.consumer_secret,
        probe=False,
    )


@pytest.mark.timeout(3600)
def test_after_a_day_of_outage_every_order_is_equal_again_and_was_fetched_once(
    make_edges: Callable[..., Edges], clock: TestClock, tmp_path: Path
) -> None:
    with running(tmp_path, clock, make_edges) as shop:
        before = Reconciled(shop)
        known = before.stock(KNOWN, 10_001)
        watch.keep_watch(shop.edges)
        before.poll()
        assert before.differing() == []
        endpoint_id, secret = stores.add_endpoint(shop.edges, shop.store_id, TOPIC)
        shop.sandbox.webhooks.create(
            {
                "topic": TOPIC,
                "delivery_url": f"http://127.0.0.1:9/hooks/{endpoint_id}",  # nobody is there
                "secret": secret,
            }
        )
        port = int(shop.running.url.rpartition(":")[2])
        for woo_order_id in known:
            clock.move(seconds=1)
            before.change(woo_order_id, status="processing")
        new = before.stock(CHANGED - KNOWN, 20_001, apart=DAY / CHANGED)
        shop.sandbox.run_queue()
    clock.move(minutes=20)
    with running(tmp_path, clock, make_edges, port) as shop:
        after = Reconciled(shop)
        assert len(after.differing()) == CHANGED
        (webhook,) = shop.sandbox.documents.list("webhook")
        assert webhook["status"] == "disabled"
        watch.keep_watch(shop.edges)
        assert after.blocked_because() is not None
        webhook_health.check_webhooks(shop.edges, shop.store_id)
        assert after.raised() == [("webhook_off", TOPIC)]
        for _ in range(2):
            after.poll()
        assert after.differing() == []
        assert after.blocked_because() is None
        assert after.fetched() == dict.fromkeys([*known, *new], 1)
