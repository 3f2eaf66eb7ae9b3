"""The situations a store can be asked about: the recording of each, and how to bring it about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.woocommerce.contract_drivers import Exchange, LiveStore

Script = Callable[[LiveStore], Exchange]


@dataclass(frozen=True)
class Situation:
    """`capture` names the recorded exchange; `script` makes a live store answer the same way."""

    capture: str
    script: Script


SITUATIONS: dict[str, Situation] = {}


def situation(name: str, capture: str) -> Callable[[Script], Script]:
    """Add a situation to the table; the decorated script brings it about in a live store."""

    def keep(script: Script) -> Script:
        assert name not in SITUATIONS, name
        SITUATIONS[name] = Situation(capture, script)
        return script

    return keep


def _refunded(name: str, capture: str, body: Any) -> None:
    """A single refund POST on a fresh order of 236.13."""

    def script(store: LiveStore) -> Exchange:
        return store.refund(store.order()["id"], body)

    SITUATIONS[name] = Situation(capture, script)


# -- orders ----------------------------------------------------------------------------------


@situation("a paid order is made", "10-order-create-paid")
def _(store: LiveStore) -> Exchange:
    return store.post_order()


@situation("an unpaid order is made", "23-order-unpaid")
def _(store: LiveStore) -> Exchange:
    lines = [{"product_id": store.product("LIC-1"), "quantity": 1}]
    return store.post_order(set_paid=False, line_items=lines, fee_lines=[], shipping_lines=[])


@situation("an unknown order is read", "28-order-404")
def _(store: LiveStore) -> Exchange:
    return store.get("/orders/99999999")


@situation("an order is completed by hand", "55-put-completed")
def _(store: LiveStore) -> Exchange:
    return store.put(f"/orders/{store.order()['id']}", {"status": "completed"})


@situation("an order is put to refunded by hand", "57-put-status-refunded")
def _(store: LiveStore) -> Exchange:
    return store.put(f"/orders/{store.small_order()['id']}", {"status": "refunded"})


@situation("the refunds of an order put to refunded by hand", "57c-refunds-after-put-refunded")
def _(store: LiveStore) -> Exchange:
    order = store.small_order()
    store.put(f"/orders/{order['id']}", {"status": "refunded"})
    return store.get(f"/orders/{order['id']}/refunds")


@situation("a trashed order is read", "52b-get-trashed")
def _(store: LiveStore) -> Exchange:
    order = store.small_order()
    store.refund(order["id"], {"amount": "5.00"})
    store.delete(f"/orders/{order['id']}")
    return store.get(f"/orders/{order['id']}")


@situation("a deleted order is read", "54b-get-deleted")
def _(store: LiveStore) -> Exchange:
    order = store.small_order()
    store.delete(f"/orders/{order['id']}?force=true")
    return store.get(f"/orders/{order['id']}")


@situation("changed orders are listed", "a7-orders-modified_after")
def _(store: LiveStore) -> Exchange:
    for _ in range(3):
        store.small_order()
    return store.get(
        "/orders?modified_after=2020-01-01T00:00:00&dates_are_gmt=true&per_page=2"
        "&_fields=id,status,date_modified_gmt"
    )


@situation("the notes of a refunded order", "17-notes")
def _(store: LiveStore) -> Exchange:
    order = store.small_order()
    store.refund(order["id"], {"amount": "117.81"})
    return store.get(f"/orders/{order['id']}/notes")


@situation("a note is written", "56-note-post")
def _(store: LiveStore) -> Exchange:
    order = store.small_order()
    note = {"note": "Refund request received", "customer_note": False}
    return store.post(f"/orders/{order['id']}/notes", note)


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


_refunded(
    "an amount is only booked",
    "11-refund-partial-amount-api_refund-false",
    {
        "amount": "10.00",
        "reason": "goodwill",
        "api_refund": False,
        "meta_data": [{"key": "_our_key", "value": "abc-1"}],
    },
)
_refunded("nothing at all is asked back", "14i-no-amount-no-lines", {"api_refund": True})
_refunded("zero is asked back", "14c-zero", {"amount": "0", "api_refund": True})
_refunded(
    "a line nobody knows is asked back",
    "14j-unknown-line",
    {"amount": "1.00", "line_items": [{"id": 999999, "quantity": 1, "refund_total": 1.0}]},
)
_refunded(
    "api_refund is the word false",
    "14n-api_refund-as-string-false",
    {"amount": "0.50", "api_refund": "false"},
)
_refunded("api_refund is left out", "14o-api_refund-missing", {"amount": "0.50"})
_refunded(
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


# -- amounts as they are read (A5) -----------------------------------------------------------

#: What is sent, the recording, what the API shows, and what the gateway is told.
ODD_AMOUNTS = {
    "a comma": ("1,50", "18a-refund-amount-comma", "150.00", "150"),
    "a space before": (" 1.00", "19-amount-00", "1.00", "1.00"),
    "a space behind": ("1.00 ", "19-amount-01", "1.00", "1.00"),
    "an exponent": ("1e1", "19-amount-02", "11.00", "11"),
    "hexadecimal": ("0x10", "19-amount-03", "10.00", "10"),
    "a plus sign": ("+2.00", "19-amount-04", "2.00", "2.00"),
    "three decimals": ("1.999", "19-amount-05", "2.00", "1.999"),
    "half a cent": ("1.005", "14g-three-decimals", "1.01", "1.005"),
    "no whole part": (".5", "19-amount-06", "0.50", "0.5"),
    "a dot at the end": ("1.", "19-amount-07", "1.00", "1"),
    "dots between thousands": ("1.234.567", "19-amount-09", "1234.57", "1234.567"),
    "a space between thousands": ("1 000.00", "19-amount-10", "1000.00", "1000.00"),
    "an underscore": ("1_0", "19-amount-13", "10.00", "10"),
}


def _odd_amount(name: str, amount: str, capture: str) -> None:
    def script(store: LiveStore) -> Exchange:
        order = store.order()
        if amount == "1_0":
            # Passes only where the remainder begins with a greater digit than 1.
            store.refund(order["id"], {"amount": "140.00", "api_refund": False})
        return store.refund(order["id"], {"amount": amount, "api_refund": True})

    SITUATIONS[f"an amount with {name}"] = Situation(capture, script)


for _name, (_amount, _capture, _, _) in ODD_AMOUNTS.items():
    _odd_amount(_name, _amount, _capture)


# -- refunds that are refused ----------------------------------------------------------------

_refunded("too much is asked back", "14a-over-refund", {"amount": "100000.00"})
_refunded("less than nothing is asked back", "14b-negative", {"amount": "-1.00"})
_refunded("an empty amount", "14d-empty-amount", {"amount": ""})
_refunded("a word as the amount", "14e-word", {"amount": "abc"})
_refunded("a number as the amount", "14f-number-not-string", {"amount": 1.1})
_refunded("an amount with a euro sign", "19-amount-08", {"amount": "€3.00"})
_refunded("NaN as the amount", "19-amount-11", {"amount": "NaN"})
_refunded("infinity as the amount", "19-amount-12", {"amount": "INF"})
_refunded("a full-width digit as the amount", "19-amount-14", {"amount": "\uff11"})


@situation("a line of less than nothing", "14p-negative-line")
def _(store: LiveStore) -> Exchange:
    order = store.order()
    line = {"id": order["line_items"][0]["id"], "quantity": 1, "refund_total": -5.0}
    return store.refund(order["id"], {"api_refund": True, "line_items": [line]})


@situation("one more cent than is left", "16-refund-one-more-cent")
def _(store: LiveStore) -> Exchange:
    order = store.small_order()
    store.refund(order["id"], {"amount": "117.81"})
    return store.refund(order["id"], {"amount": "0.01", "api_refund": True})


@situation("a refund on an unknown order", "25-refund-no-such-order")
def _(store: LiveStore) -> Exchange:
    return store.refund(99999999, {"amount": "1.00"})


@situation("a bank transfer cannot be paid back", "20a-bacs-api_refund-true")
def _(store: LiveStore) -> Exchange:
    order = store.small_order(payment_method="bacs")
    return store.refund(order["id"], {"amount": "10.00", "api_refund": True})


@situation("the order's gateway is gone", "21a-unknown-gateway")
def _(store: LiveStore) -> Exchange:
    order = store.small_order(payment_method="gonepay")
    return store.refund(order["id"], {"amount": "10.00", "api_refund": True})


@situation("the order names no gateway", "22a-no-gateway")
def _(store: LiveStore) -> Exchange:
    order = store.small_order(payment_method="")
    return store.refund(order["id"], {"amount": "10.00", "api_refund": True})


@situation("an unknown refund is read", "28b-refund-404")
def _(store: LiveStore) -> Exchange:
    return store.get(f"/orders/{store.small_order()['id']}/refunds/99999999")


@situation("a wrong secret", "27-bad-secret")
def _(store: LiveStore) -> Exchange:
    return store.call("GET", "/orders", auth=(store.key, "cs_" + "0" * 40))


@situation("an unknown key lists", "27b-bad-key")
def _(store: LiveStore) -> Exchange:
    return store.call("GET", "/orders", auth=("ck_" + "0" * 40, "cs_" + "0" * 40))


@situation("an unknown key refunds", "27c-bad-key-post")
def _(store: LiveStore) -> Exchange:
    nobody = ("ck_" + "0" * 40, "cs_" + "0" * 40)
    return store.refund(store.small_order()["id"], {"amount": "1.00"}, auth=nobody)


@situation("a read-only key refunds", "26-refund-read-only-key")
def _(store: LiveStore) -> Exchange:
    order = store.small_order()
    return store.refund(order["id"], {"amount": "1.00"}, auth=store.read_only_auth)


# -- gateways that fail (A3) -----------------------------------------------------------------


def _broken(name: str, capture: str, how: str) -> None:
    def script(store: LiveStore) -> Exchange:
        order = store.small_order()
        store.control.break_gateway(how, order["id"])
        return store.refund(order["id"], {"amount": "10.00", "reason": f"RD-{how}"})

    SITUATIONS[name] = Situation(capture, script)


_broken("the gateway declines", "31-gw-fail", "decline")
_broken("the gateway gives no reason", "31-gw-false", "false")
_broken("the gateway throws before the money moved", "31-gw-throw", "throw")
_broken("the gateway throws after the money moved", "31-gw-ok_then_throw", "ok_then_throw")
_broken(
    "the worker is killed after the money moved", "c1-worker-killed-after-money", "ok_then_kill"
)


@situation("the worker was killed after the money moved: the order after", "c1b")
def _(store: LiveStore) -> Exchange:
    order = store.small_order()
    store.control.break_gateway("ok_then_kill", order["id"])
    store.refund(order["id"], {"amount": "11.00", "reason": "kill"})
    return store.get(f"/orders/{order['id']}")
