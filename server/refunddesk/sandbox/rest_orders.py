"""The REST routes of orders, their refunds and their notes."""

from __future__ import annotations

from decimal import InvalidOperation
from typing import Any

from flask import Flask, Response, g, request

from refunddesk.sandbox import lines, orders, refund_rows, refunds, statuses
from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.gateway import WorkerDied
from refunddesk.sandbox.rest import (
    API,
    RestError,
    answer,
    body_flag,
    body_text,
    created,
    critical_error,
    invalid_id,
    matching,
    not_one_of,
    only_fields,
    page_of,
)
from refunddesk.sandbox.store import SandboxStore

BAD_GATEWAY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n"
    "</body>\r\n</html>\r\n"
)


def install(app: Flask, store: SandboxStore) -> None:
    _install_orders(app, store)
    _install_refunds(app, store)
    _install_notes(app, store)


def _install_orders(app: Flask, store: SandboxStore) -> None:
    @app.get(f"{API}/orders")
    def list_orders() -> Response:
        rows = matching(store, _in_wanted_status(store.documents.list("order")))
        return page_of(store, rows, lambda row: orders.render(store, row))

    @app.post(f"{API}/orders")
    def create_order() -> Response:
        _check_status()
        try:
            order = orders.create_order(store, g.body)
        except lines.BadLine as bad:
            raise RestError(400, bad.code, str(bad)) from bad
        return created(store, orders.render(store, order), f"{API}/orders/{order['id']}")

    @app.get(f"{API}/orders/<int:order_id>")
    def get_order(order_id: int) -> Response:
        return answer(store, only_fields(orders.render(store, _order(store, order_id))))

    @app.route(f"{API}/orders/<int:order_id>", methods=["POST", "PUT", "PATCH"])
    def update_order(order_id: int) -> Response:
        _order(store, order_id)
        _check_status()
        statuses.update_order(store, order_id, g.body)
        return answer(store, orders.render(store, _order(store, order_id)))

    @app.delete(f"{API}/orders/<int:order_id>")
    def delete_order(order_id: int) -> Response:
        shown = orders.render(store, _order(store, order_id))
        if request.args.get("force") == "true":
            statuses.delete_order(store, order_id)
        else:
            statuses.trash_order(store, order_id)
        return answer(store, shown)


def _order(store: SandboxStore, order_id: int, message: str = "Invalid ID.") -> Document:
    order = orders.find_order(store, order_id)
    if order is None:
        raise RestError(404, "woocommerce_rest_shop_order_invalid_id", message)
    return order


def _check_status() -> None:
    status = body_text("status")
    allowed = ("auto-draft", *statuses.STATUSES)
    if status is not None and status not in allowed:
        raise not_one_of("status", allowed)


def _in_wanted_status(rows: list[Document]) -> list[Document]:
    wanted = {part for text in request.args.getlist("status") for part in text.split(",")}
    allowed = ("any", "trash", "auto-draft", *statuses.STATUSES)
    if not wanted <= set(allowed):
        raise not_one_of("status", allowed, "[0]")
    if not wanted or "any" in wanted:
        return [row for row in rows if row["status"] != "trash"]
    return [row for row in rows if row["status"] in wanted]


def _install_refunds(app: Flask, store: SandboxStore) -> None:
    @app.get(f"{API}/orders/<int:order_id>/refunds")
    def list_refunds(order_id: int) -> Response:
        rows = matching(store, store.documents.list("refund", order_id))
        return page_of(store, rows, lambda row: refund_rows.render(store, row))

    @app.post(f"{API}/orders/<int:order_id>/refunds")
    def create_refund(order_id: int) -> Response:
        if not store.bridge.installed:
            return make_refund(store, order_id)
        with store.bridge.locked(order_id):
            return make_refund(store, order_id)

    @app.get(f"{API}/orders/<int:order_id>/refunds/<int:refund_id>")
    def get_refund(order_id: int, refund_id: int) -> Response:
        row = store.documents.find("refund", refund_id)
        if row is None or row["parent_id"] != order_id:
            raise invalid_id("shop_order_refund")
        return answer(store, refund_rows.render(store, row))

    @app.delete(f"{API}/orders/<int:order_id>/refunds/<int:refund_id>")
    def delete_refund(order_id: int, refund_id: int) -> Response:
        row = refunds.delete_refund(store, order_id, refund_id)
        if row is None:
            raise invalid_id("shop_order_refund")
        return answer(store, refund_rows.render(store, row))

    @app.get(f"{API}/refunds")
    def list_all_refunds() -> Response:
        rows = matching(store, store.documents.list("refund"))
        return page_of(store, rows, lambda row: refund_rows.render(store, row, with_parent=True))


def make_refund(
    store: SandboxStore,
    order_id: int,
    *,
    key: str = "",
    calling: refunds.Calling | None = None,
) -> Response:
    """WooCommerce's answer to the refund in the request's body. Raises RestError."""
    asked = _read_refund_request()
    try:
        row = refunds.create_refund(store, order_id, asked, key=key, calling=calling)
    except refunds.RefundRefused as refused:
        raise RestError(500, refused.code, str(refused), refused.data) from refused
    except InvalidOperation:
        # A line's total that is no number ends in a PHP TypeError, before any row.
        return critical_error(store)
    except WorkerDied as died:
        return _dead_answer(store, died.death)
    # WooCommerce leaves the pattern of its own route in this header.
    location = f"{API}/orders/(?P<order_id>[\\d]+)/refunds/{row['id']}"
    return created(store, refund_rows.render(store, row), location)


def _read_refund_request() -> Document:
    """The body's parameters, checked for type only: nothing else is (A6)."""
    asked: dict[str, Any] = {
        "amount": body_text("amount"),
        "reason": body_text("reason"),
        "api_refund": body_flag("api_refund", True),
        "api_restock": body_flag("api_restock", True),
    }
    for name in ("line_items", "meta_data"):
        given = g.body.get(name)
        # What is no list, or no object in it, is passed over in silence.
        asked[name] = (
            [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
        )
    return asked


def _dead_answer(store: SandboxStore, death: str) -> Response:
    """What a client sees of a PHP process that ended after the money moved (A3)."""
    if death == "html_502":
        return Response(BAD_GATEWAY_PAGE, 502, content_type="text/html")
    if death == "json_500":
        return critical_error(store)
    return Response("sandbox: died after the money moved", 500, content_type="text/html")


def _install_notes(app: Flask, store: SandboxStore) -> None:
    for collection in ("orders", "subscriptions"):
        _install_notes_of(app, store, collection)


def _install_notes_of(app: Flask, store: SandboxStore, collection: str) -> None:
    path = f"{API}/{collection}/<int:parent_id>/notes"

    def show(note: Document, parent_id: int) -> Document:
        base = f"{store.site_url}{API}/{collection}/{parent_id}"
        own = {"href": f"{base}/notes/{note['id']}", "targetHints": {"allow": ["GET", "DELETE"]}}
        links = {
            "self": [own],
            "collection": [{"href": f"{base}/notes"}],
            "up": [{"href": base}],
        }
        return {**note, "_links": links}

    def list_notes(parent_id: int) -> Response:
        _order(store, parent_id, "Invalid order ID.")
        notes = store.documents.list("note", parent_id)[::-1]
        return answer(store, [show(note, parent_id) for note in notes])

    def create_note(parent_id: int) -> Response:
        _order(store, parent_id, "Invalid order ID.")
        text = body_text("note") or ""
        for_customer = body_flag("customer_note", False)
        note = orders.add_note(store, parent_id, text, for_customer=for_customer)
        location = f"{API}/{collection}/{parent_id}/notes/{note['id']}"
        return created(store, show(note, parent_id), location)

    app.add_url_rule(path, f"list_notes_of_{collection}", list_notes, methods=["GET"])
    app.add_url_rule(path, f"create_note_of_{collection}", create_note, methods=["POST"])
