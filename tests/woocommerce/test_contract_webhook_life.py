"""How a webhook lives: made, pinged, failing, switched off, paused, taken up again."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.woocommerce.contract_answers import (  # noqa: F401
    Answers,
    answers_fixture,
    every_store,
    live_stores,
    needed,
    sandbox_fixture,
)
from tests.woocommerce.contract_webhooks import listening, run_queue


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
