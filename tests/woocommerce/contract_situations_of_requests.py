"""The situations of webhooks and of requests that ask for nothing there is."""

from __future__ import annotations

from typing import Any

from tests.woocommerce.contract_drivers import Exchange, LiveStore
from tests.woocommerce.contract_situations import SITUATIONS, Situation, situation


def _new_webhook(name: str, topic: str) -> None:
    def script(store: LiveStore) -> Exchange:
        made = store.post(
            "/webhooks",
            {"name": topic, "topic": topic, "delivery_url": "http://127.0.0.1:9/", "secret": "s"},
        )
        if made.status == 201:
            store.delete(f"/webhooks/{made.body['id']}?force=true")
        return made

    SITUATIONS[name] = Situation(f"webhook-create-{topic}", script)


_new_webhook("a webhook for new orders", "order.created")
_new_webhook("a webhook for changed orders", "order.updated")
_new_webhook("a webhook for changed subscriptions", "subscription.updated")
_new_webhook("a webhook for a WordPress hook", "action.woocommerce_order_refunded")
_new_webhook("a webhook for refunds", "order.refunded")
_new_webhook("a webhook for new refunds", "refund.created")
_new_webhook("a webhook for cancelled subscriptions", "subscription.cancelled")


def _asked(name: str, capture: str, method: str, path: str, body: Any = None) -> None:
    """One request that needs nothing prepared."""

    def script(store: LiveStore) -> Exchange:
        return store.call(method, path, body)

    SITUATIONS[name] = Situation(capture, script)


_asked("an unknown product is read", "r-product-404", "GET", "/products/99999999")
_asked("an unknown gateway is read", "r-gateway-404", "GET", "/payment_gateways/gonepay")
_asked("the gateway for bank transfers is read", "r-gateway", "GET", "/payment_gateways/bacs")
_asked("the store's currency", "r-currency", "GET", "/data/currencies/current")
_asked("the notes of an unknown order", "r-notes-404", "GET", "/orders/99999999/notes")
_asked(
    "the subscriptions of an unknown order",
    "r-subscriptions-404",
    "GET",
    "/orders/99999999/subscriptions",
)
_asked(
    "the orders of an unknown subscription",
    "r-subscription-orders-404",
    "GET",
    "/subscriptions/99999999/orders",
)
_asked("a page of no rows", "r-per-page-0", "GET", "/orders?per_page=0")
_asked("a page of a word", "r-per-page-word", "GET", "/orders?per_page=x")
_asked("a page past the last", "r-page-past-last", "GET", "/orders?page=99999")
_asked("orders changed after a word", "r-bad-date", "GET", "/orders?modified_after=x")
_asked("orders of an unknown status", "r-unknown-status", "GET", "/orders?status=foo")
_asked("an unknown webhook is read", "r-webhook-404", "GET", "/webhooks/99999999")
_asked(
    "a webhook without an address",
    "r-webhook-no-address",
    "POST",
    "/webhooks",
    {"topic": "order.updated"},
)
_asked(
    "a webhook with an address of another kind",
    "r-webhook-ftp",
    "POST",
    "/webhooks",
    {"topic": "order.updated", "delivery_url": "ftp://127.0.0.1/"},
)
_asked("a webhook to be trashed", "r-webhook-trash", "DELETE", "/webhooks/99999999")
_asked(
    "an order of a line that names no product",
    "r-order-no-product",
    "POST",
    "/orders",
    {"line_items": [{"quantity": 1}]},
)


@situation("an order of an unknown product", "r-order-unknown-product")
def _(store: LiveStore) -> Exchange:
    lines = [{"product_id": 99999999, "quantity": 1}]
    return store.post_order(line_items=lines, fee_lines=[], shipping_lines=[], set_paid=False)


@situation("an order is put to an unknown status", "r-order-unknown-status")
def _(store: LiveStore) -> Exchange:
    return store.put(f"/orders/{store.small_order()['id']}", {"status": "foo"})


@situation("a subscription product is read", "r-product")
def _(store: LiveStore) -> Exchange:
    return store.get(f"/products/{store.product('SUB-Y')}")


@situation("a line's amounts are strings", "r-refund-line-strings")
def _(store: LiveStore) -> Exchange:
    order = store.order()
    tax = {"id": order["line_items"][1]["taxes"][0]["id"], "refund_total": "3.78"}
    line = {
        "id": order["line_items"][1]["id"],
        "quantity": 1,
        "refund_total": "19.90",
        "refund_tax": [tax],
    }
    return store.refund(order["id"], {"amount": "23.68", "line_items": [line]})


@situation("a line's total is a word", "r-refund-line-word")
def _(store: LiveStore) -> Exchange:
    order = store.order()
    line = {"id": order["line_items"][1]["id"], "quantity": 1, "refund_total": "abc"}
    return store.refund(order["id"], {"amount": "1.00", "line_items": [line]})


@situation("the lines are no list", "r-refund-lines-word")
def _(store: LiveStore) -> Exchange:
    return store.refund(store.order()["id"], {"amount": "1.00", "line_items": "x"})
