"""The situations of subscriptions: each recording, and how to bring it about."""

from __future__ import annotations

from tests.woocommerce.contract_drivers import Exchange, LiveStore
from tests.woocommerce.contract_situations import SITUATIONS, Situation, situation


@situation("a subscription is read", "60b-sub")
def _(store: LiveStore) -> Exchange:
    return store.get(f"/subscriptions/{store.subscription()['id']}")


@situation("the subscriptions of an order", "60c-list-subs-of-order")
def _(store: LiveStore) -> Exchange:
    return store.get(f"/orders/{store.control.check_out()}/subscriptions")


@situation("subscriptions by their first order", "60d-list-subs-parent-filter")
def _(store: LiveStore) -> Exchange:
    return store.get(f"/subscriptions?parent={store.control.check_out()}")


@situation("the order a subscription came from", "60a-order")
def _(store: LiveStore) -> Exchange:
    return store.get(f"/orders/{store.control.check_out()}")


@situation("the orders of a subscription", "60e-subs-orders")
def _(store: LiveStore) -> Exchange:
    return store.get(f"/subscriptions/{store.subscription()['id']}/orders")


@situation("the names of a subscription's statuses", "60f-sub-statuses")
def _(store: LiveStore) -> Exchange:
    return store.get("/subscriptions/statuses")


@situation("the notes of a subscription", "60g-sub-notes")
def _(store: LiveStore) -> Exchange:
    return store.get(f"/subscriptions/{store.subscription()['id']}/notes")


@situation("a renewal order", "61b-renewal-order")
def _(store: LiveStore) -> Exchange:
    renewal = store.control.renew(store.subscription()["id"])
    return store.get(f"/orders/{renewal}")


@situation("a subscription whose order was refunded", "65b-after")
def _(store: LiveStore) -> Exchange:
    subscription = store.subscription()
    store.refund(subscription["parent_id"], {"amount": subscription["total"]})
    return store.get(f"/subscriptions/{subscription['id']}")


@situation("a subscription whose order was put to refunded", "72b")
def _(store: LiveStore) -> Exchange:
    subscription = store.subscription()
    store.put(f"/orders/{subscription['parent_id']}", {"status": "refunded"})
    return store.get(f"/subscriptions/{subscription['id']}")


@situation("a subscription whose order was cancelled", "73b")
def _(store: LiveStore) -> Exchange:
    subscription = store.subscription()
    store.put(f"/orders/{subscription['parent_id']}", {"status": "cancelled"})
    return store.get(f"/subscriptions/{subscription['id']}")


def _written(name: str, capture: str, *writes: dict[str, str]) -> None:
    """Status writes on a fresh subscription; the last answer counts."""

    def script(store: LiveStore) -> Exchange:
        subscription_id = store.subscription()["id"]
        for write in writes:
            last = store.put(f"/subscriptions/{subscription_id}", write)
        return last

    SITUATIONS[name] = Situation(capture, script)


_CANCEL = {"transition_status": "cancelled"}
_END_LATER = {"transition_status": "pending-cancel"}
_written("the status is written raw", "66c-put-cancelled", {"status": "cancelled"})
_written(
    "a raw cancellation is taken back",
    "66f-put-active-after-cancelled",
    {"status": "cancelled"},
    {"status": "active"},
)
_written("an unknown status is written", "66g-put-bad-status", {"status": "stopped"})
_written("a subscription is cancelled properly", "80a-transition-cancelled", _CANCEL)
_written("it is cancelled twice", "80c-transition-cancelled-again", _CANCEL, _CANCEL)
_written(
    "a cancelled one is to be active",
    "80d-transition-active-after-cancelled",
    _CANCEL,
    {"transition_status": "active"},
)
_written(
    "a cancelled one is to end later",
    "80e-transition-pending-cancel-after-cancelled",
    _CANCEL,
    _END_LATER,
)
_written("a subscription is to end with its term", "81a-transition-pending-cancel", _END_LATER)
_written(
    "one that ends with its term is cancelled",
    "82d-transition-cancelled",
    _END_LATER,
    _CANCEL,
)


@situation("its last payment is refunded while it runs out", "81d-after")
def _(store: LiveStore) -> Exchange:
    subscription = store.subscription()
    store.put(f"/subscriptions/{subscription['id']}", _END_LATER)
    store.refund(subscription["parent_id"], {"amount": subscription["total"]})
    return store.get(f"/subscriptions/{subscription['id']}")


@situation("an unknown subscription is written", "66h-sub-404")
def _(store: LiveStore) -> Exchange:
    return store.put("/subscriptions/99999999", {"status": "cancelled"})


@situation("an order is written as a subscription", "66i-order-id-as-sub")
def _(store: LiveStore) -> Exchange:
    return store.put(f"/subscriptions/{store.small_order()['id']}", {"status": "cancelled"})


@situation("a subscription is read as an order", "66j-sub-id-as-order")
def _(store: LiveStore) -> Exchange:
    return store.get(f"/orders/{store.subscription()['id']}")


@situation("a refund on a subscription's id", "66k-refund-on-sub-id")
def _(store: LiveStore) -> Exchange:
    return store.refund(store.subscription()["id"], {"amount": "1.00"})


@situation("the subscriptions of an order made over the API", "70a-subs-of-rest-order")
def _(store: LiveStore) -> Exchange:
    lines = [{"product_id": store.product("SUB-Y"), "quantity": 1}]
    order = store.order(line_items=lines, fee_lines=[], shipping_lines=[])
    return store.get(f"/orders/{order['id']}/subscriptions")
