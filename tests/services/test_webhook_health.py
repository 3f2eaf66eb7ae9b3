"""A webhook that has stopped is told of within fifteen minutes, and switched on again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from refunddesk.services import watch, webhook_health, webhooks
from refunddesk.settings import Settings
from refunddesk.woocommerce.client import StoreAccess, StoreClient
from tests.selling import Shop
from tests.services.delivering import Connected, connect
from tests.services.reconciling import Reconciled


@pytest.fixture
def connected(shop: Shop, settings: Settings) -> Iterator[Connected]:
    with connect(shop, settings) as opened:
        yield opened


def test_a_store_that_delivers_raises_no_alarm(connected: Connected) -> None:
    for _ in range(3):
        connected.shop.sell("LIC-1")
        connected.pass_minutes(6)
    assert connected.raised() == []
    assert connected.differing() == []
    assert set(connected.fetched().values()) == {1}


def test_six_failures_leave_the_webhook_on_and_the_seventh_is_told(connected: Connected) -> None:
    connected.fail(6)
    connected.check()
    assert ("webhook_off", "order.updated") not in connected.raised()
    connected.set_webhook(_sandbox={**connected.webhook()["_sandbox"], "failures": 0})
    connected.fail(7)
    assert connected.webhook()["status"] == "disabled"
    connected.check()
    assert ("webhook_off", "order.updated") in connected.raised()


def test_a_webhook_disabled_by_failures_is_switched_on_and_its_count_reset(
    connected: Connected,
) -> None:
    connected.fail(7)
    connected.poll()
    connected.check()
    webhook = connected.webhook()
    assert (webhook["status"], webhook["_sandbox"]["failures"]) == ("active", 6)
    connected.shop.sandbox.run_queue()  # the delivery that was forced
    assert connected.webhook()["_sandbox"]["failures"] == 0
    connected.shop.clock.move(minutes=5)
    connected.check()
    assert connected.raised() == []
    connected.fail(1)
    assert connected.webhook()["status"] == "active"


def test_a_webhook_that_fails_again_and_again_is_switched_on_once_an_hour(
    connected: Connected,
) -> None:
    connected.fail(7)
    connected.check()
    connected.set_webhook(status="disabled")
    connected.shop.clock.move(minutes=59, seconds=59)
    connected.check()
    assert connected.webhook()["status"] == "disabled"
    assert ("webhook_off", "order.updated") in connected.raised()
    connected.shop.clock.move(seconds=1)
    connected.check()
    assert connected.webhook()["status"] == "active"


def test_a_webhook_that_a_person_paused_is_told_and_left_alone(connected: Connected) -> None:
    connected.set_webhook(status="paused")
    connected.check()
    assert connected.raised() == [("webhook_off", "order.updated")]
    assert connected.webhook()["status"] == "paused"


def test_a_webhook_that_was_deleted_is_told(connected: Connected) -> None:
    connected.shop.sandbox.documents.delete("webhook", connected.webhook()["id"])
    connected.check()
    assert connected.raised() == [("webhook_missing", "order.updated")]
    webhooks.connect_webhooks(connected.shop.edges, connected.shop.store_id, connected.front.url)
    connected.check()
    assert connected.raised() == []


def test_topics_that_the_store_never_offered_are_not_missed(connected: Connected) -> None:
    webhook = connected.webhook("subscription.switched")
    connected.shop.sandbox.documents.delete("webhook", webhook["id"])
    connected.check()
    assert connected.raised() == []


def test_a_key_that_may_not_write_leaves_the_switch_to_a_person(connected: Connected) -> None:
    running = connected.shop.running

    def read_only(access: StoreAccess) -> StoreClient:
        keys = {
            "consumer_key": running.read_only_key,
            "consumer_secret": running.read_only_secret,
        }
        return connected.shop.edges.connect(replace(access, **keys))

    connected.fail(7)
    edges = replace(connected.shop.edges, connect=read_only)
    webhook_health.check_webhooks(edges, connected.shop.store_id)
    assert connected.webhook()["status"] == "disabled"
    assert ("webhook_off", "order.updated") in connected.raised()


@pytest.mark.parametrize(
    "status",
    ["301 Moved Permanently", "503 Service Unavailable"],
    ids=["a redirect, which the store takes for success", "an error"],
)
def test_silence_while_orders_change_is_told_within_fifteen_minutes(
    connected: Connected, status: str
) -> None:
    connected.pass_minutes(5)
    connected.front.status = status
    connected.shop.sell("LIC-1")
    connected.pass_minutes(15)
    assert connected.differing() == []
    assert connected.raised() == [("deliveries_silent", "")]
    connected.front.status = None
    connected.shop.sell("LIC-1")
    connected.pass_minutes(1)
    assert connected.raised() == []


def test_what_changed_while_we_were_away_makes_no_store_silent(connected: Connected) -> None:
    connected.pass_minutes(5)
    connected.front.status = "503 Service Unavailable"
    connected.shop.sell("LIC-1")
    connected.shop.sandbox.run_queue()
    connected.shop.clock.move(hours=3)
    connected.front.status = None
    connected.pass_minutes(20)
    assert connected.differing() == []
    assert connected.raised() == []


def test_a_store_that_cannot_be_read_is_told_after_a_quarter_of_an_hour(shop: Shop) -> None:
    reconciled = Reconciled(shop)
    reconciled.poll()
    read_at = shop.clock()
    shop.clock.at = read_at + timedelta(minutes=15)
    watch.keep_watch(shop.edges)
    assert reconciled.raised() == []
    shop.clock.move(seconds=1)
    watch.keep_watch(shop.edges)
    assert reconciled.raised() == [("store_not_read", "")]
    reconciled.poll()
    watch.keep_watch(shop.edges)
    assert reconciled.raised() == []
