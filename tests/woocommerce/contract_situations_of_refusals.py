"""Odd amounts, refunds that a store refuses, and gateways that fail."""

from __future__ import annotations

from tests.woocommerce.contract_drivers import Exchange, LiveStore
from tests.woocommerce.contract_situations import SITUATIONS, Situation, refunded, situation

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

refunded("too much is asked back", "14a-over-refund", {"amount": "100000.00"})
refunded("less than nothing is asked back", "14b-negative", {"amount": "-1.00"})
refunded("an empty amount", "14d-empty-amount", {"amount": ""})
refunded("a word as the amount", "14e-word", {"amount": "abc"})
refunded("a number as the amount", "14f-number-not-string", {"amount": 1.1})
refunded("an amount with a euro sign", "19-amount-08", {"amount": "€3.00"})
refunded("NaN as the amount", "19-amount-11", {"amount": "NaN"})
refunded("infinity as the amount", "19-amount-12", {"amount": "INF"})
refunded("a full-width digit as the amount", "19-amount-14", {"amount": "\uff11"})


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
