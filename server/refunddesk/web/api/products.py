"""Routes of what the owner says of products, of manuals offered, and of customization work."""

from __future__ import annotations

from refunddesk.db.materials import ProductPage
from refunddesk.services import item_deliveries, materials
from refunddesk.web.api import DECIDERS, ID, READERS, WRITERS, api, case_answers
from refunddesk.web.api.case_answers import Answer
from refunddesk.web.api.case_schemas import DeliveryBody, ProductBody
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body
from refunddesk.web.current import desk

_PRODUCT = "/stores/" + ID("store_id") + "/products/<product>"


@api.put(_PRODUCT)
@guard(By.BEARER, *DECIDERS)
def describe_product(store_id: int, product: str) -> Answer:
    body = read_body(ProductBody())
    page = ProductPage(product, tuple(body["materials"]), body["not_on_wordpress_com"])
    by = current_caller().actor
    return case_answers.product(materials.describe_product(desk().edges, store_id, page, by=by))


@api.get(_PRODUCT)
@guard(By.BEARER, *READERS)
def show_product(store_id: int, product: str) -> Answer:
    return case_answers.product(materials.show_product(desk().edges, store_id, product))


@api.post("/orders/" + ID("order_id") + "/materials")
@guard(By.BEARER, *WRITERS)
def offer_materials(order_id: int) -> Answer:
    offered = materials.offer_materials(desk().edges, order_id, by=current_caller().actor)
    return {"materials": [dict(material) for material in offered]}


@api.post("/orders/" + ID("order_id") + "/items/" + ID("woo_item_id") + "/delivery")
@guard(By.BEARER, *WRITERS)
def record_delivery(order_id: int, woo_item_id: int) -> tuple[Answer, int]:
    body = read_body(DeliveryBody())
    delivered = item_deliveries.record_delivery(
        desk().edges,
        order_id,
        woo_item_id,
        delivered_at=body.get("delivered_at"),
        by=current_caller().actor,
    )
    return case_answers.delivery(delivered), 201
