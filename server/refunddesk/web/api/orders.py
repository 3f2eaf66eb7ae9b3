"""Routes of orders: read only, the store is where they are changed; and links to their pages."""

from __future__ import annotations

from refunddesk.db.customer_links import Purpose
from refunddesk.services import customer_links, order_pages, quotes
from refunddesk.web.api import ID, READERS, WRITERS, answers, api
from refunddesk.web.api.answers import Answer
from refunddesk.web.api.schemas import LinkBody
from refunddesk.web.auth import By, current_caller, guard
from refunddesk.web.bodies import read_body, read_query
from refunddesk.web.current import desk


@api.get("/orders")
@guard(By.BEARER, *READERS)
def find_order() -> Answer:
    store_id, woo_order_id = read_query("store", "woo_order_id")
    return answers.order_page(order_pages.show_store_order(desk().edges, store_id, woo_order_id))


@api.get("/orders/" + ID("order_id"))
@guard(By.BEARER, *READERS)
def show_order(order_id: int) -> Answer:
    return answers.order_page(order_pages.show_order(desk().edges, order_id))


@api.get("/orders/" + ID("order_id") + "/quote")
@guard(By.BEARER, *READERS)
def quote_order(order_id: int) -> Answer:
    return answers.order_quote(quotes.quote_order(desk().edges, order_id))


@api.post("/orders/" + ID("order_id") + "/links")
@guard(By.BEARER, *WRITERS)
def make_link(order_id: int) -> Answer:
    body, by = read_body(LinkBody()), current_caller().actor
    edges, settings, purpose = desk().edges, desk().settings, Purpose(body["purpose"])
    if body["mail"]:
        return {"mailed": customer_links.mail_link(edges, order_id, purpose, by=by)}
    token = customer_links.make_link(edges, order_id, purpose, by=by)
    address = f"{settings.public_url}{settings.url_prefix}/my/enter/{token}"
    return {"mailed": False, "address": address}
