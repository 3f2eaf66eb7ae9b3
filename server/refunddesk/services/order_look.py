"""Asks a store for everything that one order is recorded from. Reads only, in no transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from refunddesk.db import stores, subscriptions
from refunddesk.db.store_refunds import StoreRefundFacts
from refunddesk.db.stores import ItemRule, Product, Store
from refunddesk.services.edges import Edges
from refunddesk.services.item_kinds import needs_categories
from refunddesk.services.order_facts import related_subscription, store_refund_facts, stub_facts
from refunddesk.woocommerce.client import StoreClient, StoreRefused
from refunddesk.woocommerce.payloads import (
    OrderBody,
    SubscriptionBody,
    UnusableBody,
    read_order,
    read_refund,
    read_subscription,
)
from refunddesk.worktime import zone

_PRODUCT_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """An order as the store told it at `read_at`.

    `subscriptions` are those asked for now; known ones are in the database. `related_id` is the
    store's id of the subscription that the order began, renews or switches.
    """

    body: OrderBody
    refunds: tuple[StoreRefundFacts, ...]
    subscription: SubscriptionBody | None
    related_id: int | None
    products: dict[int, Product]
    remarks: tuple[str, ...]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class NotThere:
    """The store has no order of this id."""


@dataclass(frozen=True, slots=True)
class NoOrder:
    """There is something under this id that is not to be recorded as an order."""

    because: str
    is_subscription: bool = False


def look(
    edges: Edges,
    client: StoreClient,
    store: Store,
    rules: Sequence[ItemRule],
    woo_order_id: int,
    read_at: datetime,
) -> Seen | NotThere | NoOrder:
    """Raises what the client raises, and UnusableBody if nothing can be recorded of the order."""
    answer = client.find_order(woo_order_id)
    if answer is None:
        return NotThere()
    body = read_order(answer, timezone=zone(store.timezone))
    if body.woo_order_id != woo_order_id:
        raise UnusableBody("other_id", f"Asked for order {woo_order_id}, the store told another.")
    if body.looks_like_subscription and client.find_subscription(woo_order_id) is not None:
        return NoOrder("subscription", is_subscription=True)
    if body.is_draft:
        return NoOrder(f"draft ({body.status})")
    refunds, remarks = _read_refunds(client, store, body)
    related_id, subscription = _find_subscription(edges, client, store, body)
    return Seen(
        body=body,
        refunds=refunds,
        subscription=subscription,
        related_id=related_id,
        products=_find_products(edges, client, store, rules, body, read_at),
        remarks=remarks,
        read_at=read_at,
    )


def _read_refunds(
    client: StoreClient, store: Store, body: OrderBody
) -> tuple[tuple[StoreRefundFacts, ...], tuple[str, ...]]:
    """The refund rows, which say whether money moved; the order's own list does not."""
    stubs = {stub.woo_refund_id: stub for stub in body.refunds}
    found, remarks = [], []
    for row in client.list_order_refunds(body.woo_order_id):
        try:
            refund = read_refund(
                row,
                currency=body.currency,
                decimals=body.decimals,
                timezone=zone(store.timezone),
            )
        except UnusableBody as fault:
            stub = stubs.get(row.get("id", 0))
            remarks.append(f"a refund row could not be read ({fault.reason})")
            if stub:
                found.append(stub_facts(stub))
            continue
        remarks += [f"refund {refund.woo_refund_id}: {remark}" for remark in refund.remarks]
        found.append(store_refund_facts(refund))
    return tuple(found), tuple(remarks)


def _find_subscription(
    edges: Edges, client: StoreClient, store: Store, body: OrderBody
) -> tuple[int | None, SubscriptionBody | None]:
    """The id of the order's subscription, and its body if we do not know it yet."""
    related_id = related_subscription(body)
    with edges.database.read() as transaction:
        if related_id is None:
            known = subscriptions.find_subscription_begun_by(
                transaction, store.id, body.woo_order_id
            )
        else:
            known = subscriptions.find_subscription(transaction, store.id, related_id)
    if known:
        return known.woo_subscription_id, None
    answers: list[dict[str, Any] | None]
    if related_id is None:
        answers = [*client.list_order_subscriptions(body.woo_order_id)]
    else:
        answers = [client.find_subscription(related_id)]
    for answer in answers:
        if answer is not None:
            read = read_subscription(answer, timezone=zone(store.timezone))
            return read.woo_subscription_id, read
    return None, None


def _find_products(
    edges: Edges,
    client: StoreClient,
    store: Store,
    rules: Sequence[ItemRule],
    body: OrderBody,
    read_at: datetime,
) -> dict[int, Product]:
    """The products whose categories a rule asks for; the store is asked once a day for each."""
    if not needs_categories(rules):
        return {}
    wanted = {line.product_id for line in body.lines if line.product_id is not None}
    with edges.database.read() as transaction:
        known = stores.list_products(transaction, store.id, wanted)
    fresh = {
        woo_id: product
        for woo_id, product in known.items()
        if read_at - product.recorded_at < _PRODUCT_KEPT
    }
    for woo_product_id in sorted(wanted - set(fresh)):
        fresh[woo_product_id] = _ask_product(client, woo_product_id, read_at)
    return fresh


def _ask_product(client: StoreClient, woo_product_id: int, read_at: datetime) -> Product:
    try:
        body = client.get_product(woo_product_id)
    except StoreRefused as refused:
        if refused.status != 404:
            raise
        body = {}  # deleted since it was sold
    sku, categories = body.get("sku"), body.get("categories")
    slugs = [entry.get("slug") for entry in categories] if isinstance(categories, list) else []
    return Product(
        woo_product_id,
        sku if isinstance(sku, str) else "",
        tuple(slug for slug in slugs if isinstance(slug, str)),
        read_at,
    )
