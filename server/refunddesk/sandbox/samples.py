"""The orders and subscriptions a sandbox store has at its first start."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from refunddesk.clock import Clock
from refunddesk.sandbox.store import SandboxStore

BASKETS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "license": (
        "A licence with an extra domain and support",
        [
            {"sku": "LIC-1", "quantity": 1},
            {"sku": "DOM-1", "quantity": 1},
            {"sku": "SUP-1", "quantity": 1},
        ],
    ),
    "yearly": ("A yearly subscription", [{"sku": "SUB-Y", "quantity": 1}]),
    "monthly": ("A monthly subscription", [{"sku": "SUB-M", "quantity": 1}]),
    "customization": ("A day of customization", [{"sku": "CUS-1", "quantity": 1}]),
}
_CUSTOMERS = (("Karla", "Kunde"), ("Bela", "Beispiel"), ("Mika", "Muster"))


def buy(store: SandboxStore, basket: str, customer: int = 0) -> dict[str, Any]:
    """One of the baskets, bought and paid in the shop; raises KeyError for an unknown one."""
    first, last = _CUSTOMERS[customer % len(_CUSTOMERS)]
    billing = {
        "first_name": first,
        "last_name": last,
        "address_1": "Weg 1",
        "city": "Berlin",
        "postcode": "10115",
        "country": "DE",
        "email": f"{first}.{last}@example.test".lower(),
    }
    _, line_items = BASKETS[basket]
    return store.add_order(
        line_items,
        at_checkout=True,
        billing=billing,
        customer_id=customer % len(_CUSTOMERS) + 1,
        payment_method_title="Sandbox card",
    )


def place_sample_orders(store: SandboxStore) -> None:
    """Orders of the last weeks, unless the store has orders already."""
    if store.documents.list("order"):
        return
    start, present = store.now(), store.clock
    try:
        for days_ago, basket, customer in (
            (45, "license", 0),
            (35, "monthly", 1),
            (20, "yearly", 2),
            (6, "customization", 1),
            (2, "license", 2),
        ):
            then = start - timedelta(days=days_ago)
            store.clock = _standing_at(then)
            order = buy(store, basket, customer)
            if basket == "monthly":
                store.clock = _standing_at(then + timedelta(days=30))
                (subscription,) = store.documents.list("subscription", order["id"])
                store.add_renewal(subscription["id"])
    finally:
        store.clock = present


def _standing_at(at: datetime) -> Clock:
    return lambda: at
