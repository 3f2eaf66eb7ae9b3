"""A product's manuals, videos and the like: offered before a case is opened, and on record then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import cases, materials, orders, stores
from refunddesk.db.history import record_deed
from refunddesk.db.materials import Material, ProductPage
from refunddesk.db.orders import Order
from refunddesk.services.edges import Edges
from refunddesk.services.requests import NoSuchOrder, order_changed
from refunddesk.services.stores import NoSuchStore

KINDS = ("manual", "documentation", "video", "faq", "demo")


def describe_product(edges: Edges, store_id: int, page: ProductPage, *, by: str) -> ProductPage:
    """Keep what the owner says of a product, in place of what was said before.

    Raises NoSuchStore.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        _check_store(transaction, store_id)
        materials.record_page(transaction, store_id, page)
        record_deed(
            transaction,
            at=now,
            actor=by,
            action="product_described",
            subject=f"store:{store_id}",
            data={"product": page.product, "materials": len(page.materials)},
        )
    return page


def show_product(edges: Edges, store_id: int, product: str) -> ProductPage:
    """What is said of the product; nothing, where nobody said anything. Raises NoSuchStore."""
    with edges.database.read() as transaction:
        _check_store(transaction, store_id)
        found = materials.find_page(transaction, store_id, product)
    return found or ProductPage(product, (), not_on_wordpress_com=False)


def offer_materials(edges: Edges, order_id: int, *, by: str) -> list[Material]:
    """The manuals of what the order bought, which are on record as offered from now on.

    Raises NoSuchOrder.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        try:
            order = orders.lock_order(transaction, order_id)
        except orders.NoSuchOrder:
            raise NoSuchOrder(f"There is no order {order_id}. Nothing was offered.") from None
        products = dict.fromkeys(
            item.product
            for item in orders.list_items(transaction, order_id)
            if item.item_kind == "product"
        )
        offered = [
            link
            for product in products
            for link in offer_in(transaction, order, product, by=by, now=now)
        ]
        if offered:
            for case in cases.list_cases(transaction, order_id):
                said = replace(case.facts, materials_offered=True)
                cases.change_case(transaction, replace(case, facts=said))
            order_changed(transaction, order_id, now)
    return offered


def offer_in(
    transaction: Connection, order: Order, product: str | None, *, by: str, now: datetime
) -> Sequence[Material]:
    """The product's manuals, on record as offered for this order where there are any."""
    page = materials.find_page(transaction, order.store_id, product) if product else None
    if page is None or not page.materials:
        return []
    materials.record_offer(transaction, order.id, page.product, page.materials, by=by, at=now)
    record_deed(
        transaction,
        at=now,
        actor=by,
        action="materials_offered",
        subject=f"order:{order.id}",
        data={"product": page.product, "materials": len(page.materials)},
    )
    return list(page.materials)


def _check_store(transaction: Connection, store_id: int) -> None:
    try:
        stores.get_store(transaction, store_id)
    except stores.NoSuchStore:
        raise NoSuchStore(f"There is no store {store_id}.") from None
