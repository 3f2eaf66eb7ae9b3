"""What a WooCommerce store tells by webhook: recordings, sandbox and real store, one set of facts.

The codes in brackets are the facts' names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from refunddesk.woocommerce.signature import is_signed
from tests.woocommerce.contract_answers import (  # noqa: F401
    Answers,
    answers_fixture,
    every_store,
    live_stores,
    needed,
    sandbox_fixture,
)
from tests.woocommerce.contract_drivers import (
    CannotBeArranged,
    LiveStore,
    NotRecorded,
    Received,
)
from tests.woocommerce.contract_receiver import Receiver, receiving

SECRET = "rig-webhook-secret"  # of the recordings, and used with live stores too
TOPICS = (
    "order.created",
    "order.updated",
    "order.deleted",
    "subscription.created",
    "subscription.updated",
    "action.woocommerce_order_refunded",
    "action.woocommerce_refund_created",
    "action.woocommerce_order_fully_refunded",
    "action.woocommerce_order_partially_refunded",
    "action.woocommerce_order_status_refunded",
    "action.woocommerce_subscription_status_cancelled",
    "action.woocommerce_subscription_status_updated",
)


@contextmanager
def listening(live: LiveStore, *topics: str, secret: str = SECRET) -> Iterator[Receiver]:
    """A receiver with a webhook for each topic, taken away again at the end."""
    made: list[int] = []
    with receiving() as receiver:
        try:
            run_queue(live)
            for topic in topics:
                body = {"topic": topic, "delivery_url": receiver.url + "/", "secret": secret}
                answer = live.post("/webhooks", {"name": topic, **body})
                assert answer.status == 201, answer.body
                made.append(answer.body["id"])
            yield receiver
        finally:
            for webhook_id in made:
                live.delete(f"/webhooks/{webhook_id}?force=true")


def run_queue(live: LiveStore) -> None:
    try:
        live.control.run_queue()
    except CannotBeArranged as missing:
        pytest.skip(str(missing))


Happening = Callable[[LiveStore, Callable[[], None]], None]


def _order_made(live: LiveStore, listen: Callable[[], None]) -> None:
    listen()
    live.order()


def _part_refunded(live: LiveStore, listen: Callable[[], None]) -> None:
    order = live.order()
    listen()
    live.refund(order["id"], {"amount": "10.00"})


def _rest_refunded(live: LiveStore, listen: Callable[[], None]) -> None:
    order = live.order()
    live.refund(order["id"], {"amount": "10.00"})
    listen()
    live.refund(order["id"], {"amount": "226.13"})


def _nothing_refunded_twice(live: LiveStore, listen: Callable[[], None]) -> None:
    order = live.order()
    live.refund(order["id"], {"amount": "236.13"})
    listen()
    live.refund(order["id"], {"amount": "0.00", "api_refund": False})


def _put_to_refunded(live: LiveStore, listen: Callable[[], None]) -> None:
    order = live.order()
    listen()
    live.put(f"/orders/{order['id']}", {"status": "refunded"})


def _bought_in_the_shop(live: LiveStore, listen: Callable[[], None]) -> None:
    listen()
    live.control.check_out()


def _cancelled_properly(live: LiveStore, listen: Callable[[], None]) -> None:
    subscription = live.subscription()
    listen()
    live.put(f"/subscriptions/{subscription['id']}", {"transition_status": "cancelled"})


def _refunded_while_running_out(live: LiveStore, listen: Callable[[], None]) -> None:
    subscription = live.subscription()
    live.put(f"/subscriptions/{subscription['id']}", {"transition_status": "pending-cancel"})
    listen()
    live.refund(subscription["parent_id"], {"amount": subscription["total"]})


def _order_cancelled(live: LiveStore, listen: Callable[[], None]) -> None:
    subscription = live.subscription()
    listen()
    live.put(f"/orders/{subscription['parent_id']}", {"status": "cancelled"})


def _five_updates(live: LiveStore, listen: Callable[[], None]) -> None:
    order = live.order()
    listen()
    for number in range(5):
        live.put(f"/orders/{order['id']}", {"customer_note": f"note {number}"})


def _gone_before_delivery(live: LiveStore, listen: Callable[[], None]) -> None:
    listen()
    order = live.order()
    live.delete(f"/orders/{order['id']}?force=true")


#: What happens, and the label it was recorded under.
HAPPENINGS: dict[str, tuple[str, Happening]] = {
    "an order is made over the API": ("10-order-create-paid", _order_made),
    "a part is refunded": ("12-refund-line-gateway", _part_refunded),
    "the rest is refunded": ("15-refund-rest-full", _rest_refunded),
    "nothing is refunded once more": ("16-refund-after-full", _nothing_refunded_twice),
    "an order is put to refunded": ("57-put-status-refunded", _put_to_refunded),
    "a subscription is bought": ("60-sub-checkout", _bought_in_the_shop),
    "a subscription is cancelled": ("80-transition-cancelled", _cancelled_properly),
    "one that runs out is refunded": (
        "81-full-refund-while-pending-cancel",
        _refunded_while_running_out,
    ),
    "its first order is cancelled": ("73-sub-then-order-cancelled", _order_cancelled),
    "five updates before a delivery": ("90-coalesce", _five_updates),
    "the order goes before delivery": ("97-gone-before-delivery", _gone_before_delivery),
}


def told(answers: Answers, happening: str) -> list[Received]:
    """The deliveries a happening brought, pings and topics nobody listens to left out."""
    label, happen = HAPPENINGS[happening]
    if answers.recordings:
        try:
            received = answers.recordings.deliveries(label)
        except NotRecorded as missing:
            pytest.skip(f"no deliveries of {missing} are kept here")
        return [one for one in received if one.topic in TOPICS]
    live = needed(answers.live)
    with listening(live, *TOPICS) as receiver:

        def forget() -> None:
            run_queue(live)
            receiver.received.clear()

        try:
            happen(live, forget)
        except CannotBeArranged as missing:
            pytest.skip(str(missing))
        run_queue(live)
        return receiver.without_pings


def _topics(received: list[Received]) -> list[str]:
    return [one.topic.removeprefix("action.woocommerce_") for one in received]


# -- what comes, in which order --------------------------------------------------------------


@every_store
@pytest.mark.parametrize(
    ("happening", "topics"),
    [
        pytest.param(name, topics, id=name)
        for name, topics in {
            "an order is made over the API": ["order.created", "order.updated"],
            "a part is refunded": [
                "order_partially_refunded",
                "order.updated",
                "refund_created",
                "order_refunded",
            ],
            "the rest is refunded": [
                "order_fully_refunded",
                "order.updated",
                "order_status_refunded",
                "refund_created",
                "order_refunded",
            ],
            "nothing is refunded once more": [
                "order_fully_refunded",
                "order.updated",
                "refund_created",
                "order_refunded",
            ],
            "an order is put to refunded": [
                "order.updated",
                "order_fully_refunded",
                "refund_created",
                "order_refunded",
                "order_status_refunded",
            ],
            "a subscription is bought": [
                "order.updated",
                "order.created",
                "subscription.updated",
                "subscription.created",
                "subscription_status_updated",
            ],
            "a subscription is cancelled": [
                "subscription.updated",
                "subscription_status_cancelled",
                "subscription_status_updated",
            ],
            "one that runs out is refunded": [
                "subscription.updated",
                "subscription_status_cancelled",
                "subscription_status_updated",
                "order_fully_refunded",
                "order.updated",
                "order_status_refunded",
                "refund_created",
                "order_refunded",
            ],
            "five updates before a delivery": ["order.updated"],
            "the order goes before delivery": ["order.created", "order.updated"],
        }.items()
    ],
)
def test_deliveries_come_in_the_recorded_order(
    answers: Answers, happening: str, topics: list[str]
) -> None:
    """[B6, B7, B13] In the shop the update of an order comes before its creation."""
    assert _topics(told(answers, happening)) == topics


@every_store
def test_a_cancelled_order_takes_its_subscription_along(answers: Answers) -> None:
    """[C4] The recording goes on from the purchase, so only its end is compared."""
    assert _topics(told(answers, "its first order is cancelled"))[-3:] == [
        "order.updated",
        "subscription.updated",
        "subscription_status_updated",
    ]


# -- how a delivery looks --------------------------------------------------------------------

_EXPECTED_HEADERS = {
    "Host",
    "User-Agent",
    "Accept",
    "Accept-Encoding",
    "Content-Type",
    "X-WC-Webhook-Source",
    "X-WC-Webhook-Topic",
    "X-WC-Webhook-Resource",
    "X-WC-Webhook-Event",
    "X-WC-Webhook-Signature",
    "X-WC-Webhook-ID",
    "X-WC-Webhook-Delivery-ID",
    "Connection",
    "Content-Length",
}


@every_store
def test_a_delivery_is_signed_over_its_raw_bytes(answers: Answers) -> None:
    """[B1] ASCII with escaped slashes: writing the JSON anew breaks the signature."""
    for one in told(answers, "an order is made over the API"):
        assert is_signed(one.body, one.headers["X-WC-Webhook-Signature"], [SECRET])
        assert not is_signed(one.body + b" ", one.headers["X-WC-Webhook-Signature"], [SECRET])
        assert one.body.isascii()
        assert b'":"\\u20ac"' in one.body
        assert b"https:\\/\\/" in one.body or b"http:\\/\\/" in one.body


@every_store
def test_a_delivery_names_its_topic_in_three_headers(answers: Answers) -> None:
    """[B1]"""
    created, _ = told(answers, "an order is made over the API")
    assert set(created.headers) == _EXPECTED_HEADERS
    headers = created.headers
    assert headers["X-WC-Webhook-Resource"] + "." + headers["X-WC-Webhook-Event"] == created.topic
    assert headers["Content-Type"] == "application/json"
    assert headers["Connection"].lower() == "close"
    assert headers["User-Agent"].startswith("WooCommerce/10.0.2 Hookshot (WordPress/6.8.")
    assert headers["X-WC-Webhook-Source"].endswith("/")
    assert re.fullmatch("[0-9a-f]{32}", headers["X-WC-Webhook-Delivery-ID"])


@every_store
def test_a_hook_passes_the_orders_or_the_refunds_number(answers: Answers) -> None:
    """[B13]"""
    partial, updated, refund, order = told(answers, "a part is refunded")
    assert partial.json["arg"] == order.json["arg"] == updated.json["id"]
    assert order.json == {"action": "woocommerce_order_refunded", "arg": updated.json["id"]}
    assert refund.json["arg"] == updated.json["refunds"][0]["id"]


@every_store
def test_a_hook_that_passes_an_object_says_nothing_of_use(answers: Answers) -> None:
    """[B13]"""
    junk = told(answers, "a subscription is cancelled")[-1]
    assert junk.json["arg"] == {"refunds": [], "order_type": "shop_subscription"}


@every_store
def test_an_order_gone_before_delivery_is_a_signed_error(answers: Answers) -> None:
    """[B11]"""
    error = {
        "code": "woocommerce_rest_shop_order_invalid_id",
        "message": "Invalid ID.",
        "data": {"status": 404},
    }
    for one in told(answers, "the order goes before delivery"):
        assert one.json == error
        assert is_signed(one.body, one.headers["X-WC-Webhook-Signature"], [SECRET])


# -- webhooks themselves ---------------------------------------------------------------------


@every_store
@pytest.mark.parametrize(
    "situation",
    [
        "a webhook for refunds",
        "a webhook for new refunds",
        "a webhook for cancelled subscriptions",
    ],
)
def test_there_is_no_topic_for_refunds(answers: Answers, situation: str) -> None:
    """[B13]"""
    refused = answers.ask(situation)
    assert refused.status == 400
    assert refused.body["code"] == "woocommerce_rest_shop_webhook_invalid_topic"


@every_store
@pytest.mark.parametrize(
    ("situation", "hooks"),
    [
        pytest.param(name, hooks, id=name)
        for name, hooks in {
            "a webhook for new orders": ["woocommerce_new_order", "wcs_webhook_order_created"],
            "a webhook for changed orders": [
                "woocommerce_update_order",
                "woocommerce_order_refunded",
            ],
            "a webhook for a WordPress hook": ["woocommerce_order_refunded"],
        }.items()
    ],
)
def test_a_webhook_never_shows_its_secret(
    answers: Answers, situation: str, hooks: list[str]
) -> None:
    """[B2]"""
    webhook = answers.ask(situation).body
    assert (webhook["status"], webhook["hooks"]) == ("active", hooks)
    assert not {"secret", "failure_count"} & set(webhook)


@live_stores
def test_a_new_webhook_is_pinged_unsigned(answers: Answers) -> None:
    """[B3]"""
    live = needed(answers.live)
    with listening(live, "order.deleted") as receiver:
        (ping,) = receiver.received
    assert re.fullmatch(rb"webhook_id=\d+", ping.body)
    assert ping.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert not [name for name in ping.headers if name.startswith("X-WC-")]


@live_stores
def test_the_secret_signs_with_its_entities_decoded(answers: Answers) -> None:
    """[B2]"""
    live = needed(answers.live)
    with listening(live, "order.created", secret="a&amp;b") as receiver:
        live.small_order()
        run_queue(live)
        (delivery,) = receiver.without_pings
    from base64 import b64encode
    from hmac import digest

    expected = b64encode(digest(b"a&b", delivery.body, "sha256")).decode()
    assert delivery.headers["X-WC-Webhook-Signature"] == expected


@live_stores
def test_a_delivery_shows_the_order_as_it_is_by_then(answers: Answers) -> None:
    """[B5]"""
    live = needed(answers.live)
    with listening(live, "order.created") as receiver:
        order = live.small_order()
        live.refund(order["id"], {"amount": "117.81"})
        run_queue(live)
        (created,) = receiver.without_pings
    assert created.json["status"] == "refunded"


@live_stores
def test_an_update_during_a_delivery_brings_another_one(answers: Answers) -> None:
    """[B6]"""
    live = needed(answers.live)
    with listening(live, "order.updated") as receiver:
        order = live.small_order()
        updates = iter([{"customer_note": "while you read this"}])

        def update_once() -> None:
            for change in updates:
                live.put(f"/orders/{order['id']}", change)

        receiver.while_answering = update_once
        run_queue(live)
        run_queue(live)
        notes = [one.json["customer_note"] for one in receiver.without_pings]
    assert notes == ["", "while you read this"]


@live_stores
def test_a_refused_refund_is_told_to_nobody(answers: Answers) -> None:
    """[B12]"""
    live = needed(answers.live)
    order = live.small_order()
    with listening(live, "order.updated", "action.woocommerce_refund_created") as receiver:
        assert live.refund(order["id"], {"amount": "999.00"}).status == 500
        run_queue(live)
        assert receiver.without_pings == []


@live_stores
@pytest.mark.parametrize(
    ("status", "counts"),
    [
        pytest.param(200, True, id="200 is a success"),
        pytest.param(204, True, id="204 is a success"),
        pytest.param(302, True, id="302 is a success and not followed"),
        pytest.param(404, False, id="404 is a failure"),
        pytest.param(503, False, id="503 is a failure"),
    ],
)
def test_six_failures_are_forgiven_by_a_success_only(
    answers: Answers, status: int, counts: bool
) -> None:
    """[B8] And no failed delivery is ever tried again."""
    live = needed(answers.live)
    order = live.small_order()
    with listening(live, "order.updated") as receiver:
        webhook_id = int(receiver.received[0].body.removeprefix(b"webhook_id="))
        for answered in [500] * 6 + [status] + [500]:
            receiver.status = answered
            live.put(f"/orders/{order['id']}", {"customer_note": str(answered)})
            run_queue(live)
        active = live.get(f"/webhooks/{webhook_id}").body["status"] == "active"
        assert active == counts
        # The seventh failure in a row is the last delivery that was made.
        assert len(receiver.without_pings) == (8 if counts else 7)
        assert {one.path for one in receiver.received} == {"/"}


@live_stores
def test_a_webhook_made_active_again_falls_at_its_next_failure(answers: Answers) -> None:
    """[B8]"""
    live = needed(answers.live)
    order = live.small_order()
    with listening(live, "order.updated") as receiver:
        receiver.status = 500
        webhook_id = int(receiver.received[0].body.removeprefix(b"webhook_id="))
        path = f"/webhooks/{webhook_id}"

        def fail_once() -> Any:
            live.put(f"/orders/{order['id']}", {"customer_note": "again"})
            run_queue(live)
            return live.get(path).body["status"]

        assert [fail_once() for _ in range(7)] == ["active"] * 6 + ["disabled"]
        assert live.put(path, {"status": "active"}).body["status"] == "active"
        assert fail_once() == "disabled"


@live_stores
def test_what_was_queued_before_pausing_is_still_delivered(answers: Answers) -> None:
    """[B10]"""
    live = needed(answers.live)
    order = live.small_order()
    with listening(live, "order.updated") as receiver:
        webhook_id = int(receiver.received[0].body.removeprefix(b"webhook_id="))
        live.put(f"/orders/{order['id']}", {"customer_note": "queued"})
        live.put(f"/webhooks/{webhook_id}", {"status": "paused"})
        run_queue(live)
        assert len(receiver.without_pings) == 1
        live.put(f"/orders/{order['id']}", {"customer_note": "never told"})
        run_queue(live)
        assert len(receiver.without_pings) == 1
