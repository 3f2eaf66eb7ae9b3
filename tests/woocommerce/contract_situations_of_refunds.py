"""Refunds that a store makes: the recording of each, and how to bring it about."""

from __future__ import annotations

from tests.woocommerce.contract_drivers import Exchange, LiveStore
from tests.woocommerce.contract_situations import refunded, situation

# -- refunds that go through -----------------------------------------------------------------


@situation("a line is refunded with its tax", "12-refund-line-api_refund-true")
def _(store: LiveStore) -> Exchange:
    order = store.order()
    tax = {"id": order["line_items"][1]["taxes"][0]["id"], "refund_total": 3.78}
    line = {
        "id": order["line_items"][1]["id"],
        "quantity": 1,
        "refund_total": 19.9,
        "refund_tax": [tax],
    }
    body = {
        "amount": "23.68",
        "api_refund": True,
        "api_restock": False,
        "reason": "extra domain not wanted",
        "line_items": [line],
    }
    return store.refund(order["id"], body)


@situation("fee and shipping are refunded", "13-refund-fee-and-shipping-lines")
def _(store: LiveStore) -> Exchange:
    order = store.order()
    rate = order["line_items"][0]["taxes"][0]["id"]
    lines = [
        {
            "id": order[kind][0]["id"],
            "quantity": 1,
            "refund_total": net,
            "refund_tax": [{"id": rate, "refund_total": tax}],
        }
        for kind, net, tax in (("fee_lines", 1.5, 0.29), ("shipping_lines", 4.9, 0.93))
    ]
    return store.refund(order["id"], {"amount": "7.62", "line_items": lines})


refunded(
    "an amount is only booked",
    "11-refund-partial-amount-api_refund-false",
    {
        "amount": "10.00",
        "reason": "goodwill",
        "api_refund": False,
        "meta_data": [{"key": "_our_key", "value": "abc-1"}],
    },
)
refunded("nothing at all is asked back", "14i-no-amount-no-lines", {"api_refund": True})
refunded("zero is asked back", "14c-zero", {"amount": "0", "api_refund": True})
refunded(
    "a line nobody knows is asked back",
    "14j-unknown-line",
    {"amount": "1.00", "line_items": [{"id": 999999, "quantity": 1, "refund_total": 1.0}]},
)
refunded(
    "api_refund is the word false",
    "14n-api_refund-as-string-false",
    {"amount": "0.50", "api_refund": "false"},
)
refunded("api_refund is left out", "14o-api_refund-missing", {"amount": "0.50"})
refunded(
    "a reason with markup",
    "h2-html-reason",
    {
        "amount": "1.00",
        "reason": '<b>bold</b> <script>alert(1)</script> & "q" \U0001f600 [ref:5f3c]',
    },
)


@situation("more than the line's total is asked back", "14k-line-more-than-line-total")
def _(store: LiveStore) -> Exchange:
    order = store.order()
    line = {"id": order["line_items"][2]["id"], "quantity": 1, "refund_total": 60.0}
    return store.refund(order["id"], {"api_refund": True, "line_items": [line]})


@situation("the amount differs from its lines", "14m-amount-differs-from-lines")
def _(store: LiveStore) -> Exchange:
    order = store.order()
    rate = order["line_items"][0]["taxes"][0]["id"]
    line = {
        "id": order["line_items"][0]["id"],
        "quantity": 1,
        "refund_total": 99.0,
        "refund_tax": [{"id": rate, "refund_total": 18.81}],
    }
    return store.refund(order["id"], {"amount": "5.00", "line_items": [line]})


@situation("the rest is refunded: the order after", "15b-order-after")
def _(store: LiveStore) -> Exchange:
    order = store.order()
    store.refund(order["id"], {"amount": "10.00"})
    store.refund(order["id"], {"amount": "226.13", "reason": "rest"})
    return store.get(f"/orders/{order['id']}")


@situation("zero on a fully refunded order", "16b-refund-zero-after-full")
def _(store: LiveStore) -> Exchange:
    order = store.small_order()
    store.refund(order["id"], {"amount": "117.81"})
    return store.refund(order["id"], {"amount": "0.00", "api_refund": False})


@situation("a refund on an unpaid order", "23a-refund-unpaid-pending")
def _(store: LiveStore) -> Exchange:
    order = store.small_order(set_paid=False)
    return store.refund(order["id"], {"amount": "10.00", "api_refund": True})


@situation("a refund on a cancelled order", "24a-refund-cancelled")
def _(store: LiveStore) -> Exchange:
    order = store.small_order(set_paid=False, status="cancelled")
    return store.refund(order["id"], {"amount": "10.00", "api_refund": False})


@situation("a refund on a trashed order", "52c-refund-trashed")
def _(store: LiveStore) -> Exchange:
    order = store.small_order()
    store.delete(f"/orders/{order['id']}")
    return store.refund(order["id"], {"amount": "5.00", "api_refund": True})


@situation("a bank transfer is only booked back", "20b-bacs-api_refund-false")
def _(store: LiveStore) -> Exchange:
    order = store.small_order(payment_method="bacs")
    return store.refund(order["id"], {"amount": "10.00", "api_refund": False})


@situation("a free order is refunded: the order after", "b6-after")
def _(store: LiveStore) -> Exchange:
    line = {"product_id": store.product("LIC-1"), "quantity": 1, "total": "0", "subtotal": "0"}
    order = store.order(line_items=[line], fee_lines=[], shipping_lines=[])
    store.refund(order["id"], {"amount": "0.00", "api_refund": True})
    return store.get(f"/orders/{order['id']}")


@situation("refunds are listed", "14y-list-refunds")
def _(store: LiveStore) -> Exchange:
    order = store.order()
    line = {"id": order["line_items"][0]["id"], "quantity": 1, "refund_total": 9.0}
    store.refund(order["id"], {"amount": "9.00", "line_items": [line]})
    store.refund(order["id"], {"amount": "1.00"})
    return store.get(f"/orders/{order['id']}/refunds?per_page=100")


@situation("the refunds of all orders are listed", "a6-refunds-index")
def _(store: LiveStore) -> Exchange:
    order = store.order()
    for _ in range(4):
        store.refund(order["id"], {"amount": "1.00"})
    return store.get("/refunds?per_page=3")


@situation("the refunds of an unknown order are listed", "a8-refund-list-of-nonexistent")
def _(store: LiveStore) -> Exchange:
    return store.get("/orders/99999999/refunds")


@situation("a refund is deleted: the order after", "51c")
def _(store: LiveStore) -> Exchange:
    order = store.small_order()
    row = store.refund(order["id"], {"amount": "117.81"}).body
    store.delete(f"/orders/{order['id']}/refunds/{row['id']}")
    return store.get(f"/orders/{order['id']}")


@situation("a deleted refund is made again", "51d-refund-again-on-refunded-status")
def _(store: LiveStore) -> Exchange:
    order = store.small_order()
    row = store.refund(order["id"], {"amount": "117.81"}).body
    store.delete(f"/orders/{order['id']}/refunds/{row['id']}?force=true")
    return store.refund(order["id"], {"amount": "5.00", "api_refund": True})
