"""Orders of the sandbox store: made, paid, kept and shown."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from refunddesk.sandbox import catalog, lines
from refunddesk.sandbox.documents import Document

if TYPE_CHECKING:
    from refunddesk.sandbox.store import SandboxStore

_ADDRESS = (
    "first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode",
    "country", "email", "phone",
)  # fmt: skip


def find_order(store: SandboxStore, order_id: int) -> Document | None:
    """The stored order. A subscription answers too, as it does in WooCommerce."""
    documents = store.documents
    return documents.find("order", order_id) or documents.find("subscription", order_id)


def get_order(store: SandboxStore, order_id: int) -> Document:
    """The stored order or subscription; raises LookupError when there is none."""
    order = find_order(store, order_id)
    if order is None:
        raise LookupError(f"there is no order {order_id} in the sandbox")
    return order


def create_order(
    store: SandboxStore, request: Document, *, created_via: str = "rest-api"
) -> Document:
    """An order from a POST body, announced as created and then updated; answers it stored."""
    with store.documents.locked():
        order = new_order(store, request, created_via)
        if request.get("set_paid"):
            pay(store, order, request.get("transaction_id", ""))
        save(store, order)
        store.webhooks.announce("order.created", order["id"])
        store.webhooks.announce("order.updated", order["id"])
    return order


def new_order(store: SandboxStore, request: Document, created_via: str) -> Document:
    currency = request.get("currency") or store.settings.currency
    built = lines.build_lines(store, request, currency)
    number = store.documents.next_number("post")
    status = request.get("status") or "pending"
    gateway = request.get("payment_method", "")
    order: Document = {
        "id": number,
        "parent_id": int(request.get("parent_id", 0)),
        "status": status,
        "currency": currency,
        "version": "10.0.2",
        "prices_include_tax": False,
        **date_pair(store, "date_created"),
        **date_pair(store, "date_modified"),
        **built,
        "customer_id": int(request.get("customer_id", 0)),
        "order_key": "wc_order_" + secrets.token_urlsafe(10)[:13],
        "billing": _address(request.get("billing"), with_email=True),
        "shipping": _address(request.get("shipping"), with_email=False),
        "payment_method": gateway,
        "payment_method_title": request.get("payment_method_title", gateway),
        "transaction_id": request.get("transaction_id", ""),
        "customer_ip_address": "" if created_via == "rest-api" else "127.0.0.1",
        "customer_user_agent": "" if created_via == "rest-api" else "Sandbox shop",
        "created_via": created_via,
        "customer_note": request.get("customer_note", ""),
        "date_completed": None,
        "date_completed_gmt": None,
        "date_paid": None,
        "date_paid_gmt": None,
        "cart_hash": "" if created_via == "rest-api" else secrets.token_hex(16),
        "number": str(number),
        "meta_data": lines.numbered_meta(store, request.get("meta_data", [])),
        "refunds": [],
        "needs_processing": _needs_processing(store, built["line_items"]),
        "currency_symbol": catalog.currency_symbol(currency),
    }
    return order


def _needs_processing(store: SandboxStore, items: list[Document]) -> bool:
    for item in items:
        product = store.documents.find("product", item["product_id"])
        if not product or not (product["virtual"] and product["downloadable"]):
            return True
    return False


def _address(given: Document | None, *, with_email: bool) -> Document:
    keys = [key for key in _ADDRESS if with_email or key != "email"]
    return {key: (given or {}).get(key, "") for key in keys}


def pay(store: SandboxStore, order: Document, transaction_id: str) -> None:
    """The payment is complete: nothing left to send means the order is, too."""
    order["status"] = "processing" if order["needs_processing"] else "completed"
    order["transaction_id"] = transaction_id or order["transaction_id"]
    order.update(date_pair(store, "date_paid"))
    if order["status"] == "completed":
        order.update(date_pair(store, "date_completed"))


def date_pair(store: SandboxStore, key: str) -> dict[str, str]:
    """The present instant as WooCommerce gives it twice: store-local, and UTC without a Z."""
    now = store.now()
    return {key: store.local_time(now), f"{key}_gmt": f"{now:%Y-%m-%dT%H:%M:%S}"}


def save(store: SandboxStore, order: Document) -> None:
    """Write an order or a subscription back, modified now."""
    order.update(date_pair(store, "date_modified"))
    kind = "subscription" if "billing_period" in order else "order"
    store.documents.put(kind, order["id"], order, int(order.get("parent_id") or 0))


def add_note(
    store: SandboxStore, order_id: int, text: str, *, for_customer: bool = False
) -> Document:
    number = store.documents.next_number("note")
    note: Document = {
        "id": number,
        "author": "WooCommerce",
        **date_pair(store, "date_created"),
        "note": text,
        "customer_note": for_customer,
    }
    store.documents.put("note", number, note, order_id)
    return note


def total_of(order: Document) -> Decimal:
    return Decimal(order["total"])


def render(store: SandboxStore, order: Document) -> Document:
    """The order as the REST API and the webhooks show it, without what subscriptions have extra."""
    if is_recorded(order):
        return {key: value for key, value in order.items() if key != "_sandbox"}
    shown = {key: order.get(key, default) for key, default in _SHOWN.items()}
    shown.update({key: order[key] for key in order if key in _ALSO_SHOWN})
    if "billing_period" in order:
        # A subscription's id asked for as an order: WooCommerce finds no payment of its own.
        shown |= {"date_paid": None, "date_paid_gmt": None}
    status = order["status"]
    shown["payment_url"] = order.get("payment_url") or _payment_url(store, order)
    shown["is_editable"] = status in ("pending", "on-hold", "auto-draft", "checkout-draft")
    shown["needs_payment"] = status in ("pending", "failed") and total_of(order) > 0
    shown["_links"] = order.get("_links") or links(store, "orders", order)
    return shown


def is_recorded(document: Document) -> bool:
    """Whether the object was loaded from a recording and is to be shown as it came."""
    return bool(document.get("_sandbox", {}).get("recorded"))


def _payment_url(store: SandboxStore, order: Document) -> str:
    renewal = any(meta["key"] == "_subscription_renewal" for meta in order["meta_data"])
    tail = "&subscription_renewal=true" if renewal else ""
    path = f"checkout/order-pay/{order['id']}/?pay_for_order=true&key={order['order_key']}"
    return f"{store.site_url}/{path}{tail}"


def links(store: SandboxStore, collection: str, order: Document) -> dict[str, Any]:
    base = f"{store.site_url}/wp-json/wc/v3"
    own = f"{base}/{collection}/{order['id']}"
    allow = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    found: dict[str, Any] = {
        "self": [{"href": own, "targetHints": {"allow": allow}}],
        "collection": [{"href": f"{base}/{collection}"}],
        "email_templates": [{"embeddable": True, "href": f"{own}/actions/email_templates"}],
    }
    if order["customer_id"]:
        found["customer"] = [{"href": f"{base}/customers/{order['customer_id']}"}]
    if order.get("parent_id"):
        found["up"] = [{"href": f"{base}/orders/{order['parent_id']}"}]
    return found


# The keys of an order in WooCommerce's sequence, with what an older recorded body may lack.
_SHOWN: Document = {
    "id": 0, "parent_id": 0, "status": "", "currency": "", "version": "", "prices_include_tax":
    False, "date_created": None, "date_modified": None, "discount_total": "0.00",
    "discount_tax": "0.00", "shipping_total": "0.00", "shipping_tax": "0.00", "cart_tax": "0.00",
    "total": "0.00", "total_tax": "0.00", "customer_id": 0, "order_key": "", "billing": {},
    "shipping": {}, "payment_method": "", "payment_method_title": "", "transaction_id": "",
    "customer_ip_address": "", "customer_user_agent": "", "created_via": "", "customer_note": "",
    "date_completed": None, "date_paid": None, "cart_hash": "", "number": "", "meta_data": [],
    "line_items": [], "tax_lines": [], "shipping_lines": [], "fee_lines": [], "coupon_lines": [],
    "refunds": [], "payment_url": "", "is_editable": False, "needs_payment": False,
    "needs_processing": False, "date_created_gmt": None, "date_modified_gmt": None,
    "date_completed_gmt": None, "date_paid_gmt": None, "currency_symbol": "",
}  # fmt: skip
_ALSO_SHOWN = frozenset({"order_type"})
