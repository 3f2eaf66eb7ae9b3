"""Orders of every WooCommerce version since 2.5, as real stores told them, can be recorded."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from refunddesk.db.subscriptions import find_subscription
from refunddesk.services import bookkeeping
from refunddesk.services.orders import record_order
from refunddesk.services.subscriptions import record_subscription
from tests.selling import Shop

# The bodies are the same on both databases; one is enough for their variety.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def bodies(folder: Path) -> list[dict[str, Any]]:
    found = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    return [body for body in found if isinstance(body, dict)]


def put(shop: Shop, kind: str, number: int, body: dict[str, Any]) -> None:
    """Have the sandbox tell the body as it is, whatever it is."""
    shop.sandbox.documents.put(kind, number, {**body, "_sandbox": {"recorded": True}})


def renumbered(body: dict[str, Any], wrapper: str, number: int) -> dict[str, Any]:
    """The body under an id of its own: files of several sources share ids."""
    inner = body.get(wrapper)
    if isinstance(inner, dict):
        return {**body, wrapper: renumbered(inner, "", number)}
    return {**body, "id": number} if body.get("id") else body


def test_every_order_is_recorded_unless_it_is_a_draft_or_has_no_id_or_currency(
    shop: Shop, shared: Path
) -> None:
    told: Counter[str] = Counter()
    for number, body in enumerate(bodies(shared / "payloads" / "orders"), start=5000):
        put(shop, "order", number, renumbered(body, "order", number))
        record_order(shop.edges, shop.store_id, number)
        status = "draft" if "draft" in str(body.get("status")) else "placed"
        told[f"{status}, {'recorded' if shop.find(number) else 'not recorded'}"] += 1
    assert told == {"placed, recorded": 156, "draft, not recorded": 11, "placed, not recorded": 4}
    assert bookkeeping.find_wrong_books(shop.edges) is None


def test_every_subscription_is_recorded(shop: Shop, shared: Path) -> None:
    for number, body in enumerate(bodies(shared / "payloads" / "subscriptions"), start=5000):
        put(shop, "subscription", number, renumbered(body, "subscription", number))
        record_subscription(shop.edges, shop.store_id, number)
        with shop.edges.database.read() as transaction:
            assert find_subscription(transaction, shop.store_id, number)
