"""What of the sandbox's webhooks no contract test can ask of a real store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from refunddesk.sandbox.store import SandboxStore
from refunddesk.sandbox.subscriptions import transition
from refunddesk.woocommerce.signature import is_signed
from tests.woocommerce.contract_receiver import receiving

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
Soon = Callable[[Callable[[], bool]], None]


def listen(store: SandboxStore, url: str, topic: str = "order.created") -> int:
    webhook = store.webhooks.create({"topic": topic, "delivery_url": url, "secret": "s3cret"})
    return int(webhook["id"])


def test_deliveries_of_one_second_share_their_id(store: SandboxStore) -> None:
    """[B4] Whoever drops "duplicates" by it loses an order."""
    store.clock = lambda: NOON
    with receiving() as receiver:
        listen(store, receiver.url)
        for _ in range(2):
            store.add_order([{"sku": "LIC-1"}])
        store.run_queue()
        store.clock = lambda: NOON + timedelta(seconds=1)
        store.add_order([{"sku": "LIC-1"}])
        store.run_queue()
        deliveries = receiver.without_pings
    ids = [one.headers["X-WC-Webhook-Delivery-ID"] for one in deliveries]
    assert ids[0] == ids[1] != ids[2]
    assert len({one.json["id"] for one in deliveries}) == 3


def test_an_owner_without_rights_sends_signed_errors(store: SandboxStore) -> None:
    """[B11]"""
    with receiving() as receiver:
        store.webhooks.demote_owner(listen(store, receiver.url))
        store.add_order([{"sku": "LIC-1"}])
        store.run_queue()
        (delivery,) = receiver.without_pings
    assert delivery.json == {
        "code": "woocommerce_rest_cannot_view",
        "message": "Sorry, you cannot view this resource.",
        "data": {"status": 401},
    }
    assert is_signed(delivery.body, delivery.headers["X-WC-Webhook-Signature"], ["s3cret"])


def test_a_receiver_that_is_gone_counts_as_a_failure(store: SandboxStore) -> None:
    """[B8]"""
    with receiving() as receiver:
        webhook_id = listen(store, receiver.url)
    store.add_order([{"sku": "LIC-1"}])
    store.run_queue()
    assert store.webhooks.get(webhook_id)["_sandbox"]["failures"] == 1
    assert store.webhooks.deliveries[-1].status is None


def test_the_background_thread_delivers_by_itself(store: SandboxStore, soon: Soon) -> None:
    with receiving() as receiver:
        listen(store, receiver.url)
        store.webhooks.start_delivering()
        store.add_order([{"sku": "LIC-1"}])
        soon(lambda: len(receiver.without_pings) == 1)
        store.webhooks.stop_delivering()


def test_the_first_date_of_cancelling_stays(store: SandboxStore) -> None:
    """[C3] Running out first, cancelled for good an hour later."""
    store.clock = lambda: NOON
    number = store.add_subscription("SUB-Y")["id"]
    transition(store, number, "pending-cancel")
    store.clock = lambda: NOON + timedelta(hours=1)
    transition(store, number, "cancelled")
    ended = store.documents.find("subscription", number)
    assert ended is not None
    assert ended["cancelled_date_gmt"] == "2026-11-23T12:00:00"
    assert ended["end_date_gmt"] == "2026-11-23T13:00:00"
