"""How a store is brought to tell something by webhook, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.woocommerce.contract_answers import Answers, needed
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


def topics_of(received: list[Received]) -> list[str]:
    return [one.topic.removeprefix("action.woocommerce_") for one in received]
