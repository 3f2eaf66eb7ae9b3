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


def refunded(name: str, capture: str, body: Any) -> None:
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
