"""Routes of orders: read only, the store is where they are changed."""

from __future__ import annotations

from refunddesk.services import order_pages, quotes
from refunddesk.web.api import ID, READERS, answers, api
from refunddesk.web.api.answers import Answer
from refunddesk.web.auth import By, guard
from refunddesk.web.bodies import read_query
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
