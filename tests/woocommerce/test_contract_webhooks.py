"""What a WooCommerce store tells by webhook: recordings, sandbox and real store, one set of facts.

The codes in brackets are the facts' names.
"""

from __future__ import annotations

import re

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
from tests.woocommerce.contract_webhooks import SECRET, told, topics_of

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
    assert topics_of(told(answers, happening)) == topics


@every_store
def test_a_cancelled_order_takes_its_subscription_along(answers: Answers) -> None:
    """[C4] The recording goes on from the purchase, so only its end is compared."""
    assert topics_of(told(answers, "its first order is cancelled"))[-3:] == [
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
