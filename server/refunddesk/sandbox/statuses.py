"""Orders moved from status to status, trashed and taken back, with all that goes along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refunddesk.sandbox import lines, orders, refund_rows, subscriptions
from refunddesk.sandbox.documents import Document

if TYPE_CHECKING:
    from refunddesk.sandbox.store import SandboxStore

STATUSES = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "checkout-draft": "Draft",
}


def update_order(store: SandboxStore, order_id: int, request: Document) -> None:
    """What PUT /orders/<id> may change: status, payment, meta, notes and addresses."""
    with store.documents.locked():
        order = orders.get_order(store, order_id)
        order["meta_data"] = _merged_meta(store, order["meta_data"], request.get("meta_data", []))
        for key in ("customer_note", "transaction_id", "payment_method", "payment_method_title"):
            order[key] = request.get(key, order[key])
        for key in ("billing", "shipping"):
            order[key] = {**order[key], **(request.get(key) or {})}
        orders.save(store, order)
        status = str(request.get("status", order["status"]))
        if request.get("set_paid") and not order["date_paid"]:
            status = "processing" if order["needs_processing"] else "completed"
        if status == order["status"]:
            store.webhooks.announce("order.updated", order_id)
        else:
            set_status(store, order_id, status)


def _merged_meta(store: SandboxStore, old: list[Document], given: list[Document]) -> list[Document]:
    merged = list(old)
    for entry in given:
        for index, meta in enumerate(merged):
            same_id = "id" in entry and meta.get("id") == entry["id"]
            if same_id or meta["key"] == entry.get("key"):
                merged[index] = {**meta, "value": entry.get("value")}
                break
        else:
            merged += lines.numbered_meta(store, [entry])
    return [meta for meta in merged if meta["value"] is not None]


def set_status(store: SandboxStore, order_id: int, status: str) -> None:
    """Move an order to another status, with all that WooCommerce does along with it.

    "refunded" books what is left as refunded without moving money (A9).
    """
    with store.documents.locked():
        order = orders.get_order(store, order_id)
        before, order["status"] = order["status"], status
        if status in ("processing", "completed") and not order["date_paid"]:
            order.update(orders.date_pair(store, "date_paid"))
        if status == "completed" and before != "completed":
            order.update(orders.date_pair(store, "date_completed"))
        orders.save(store, order)
        labels = [STATUSES.get(name, name.capitalize()) for name in (before, status)]
        orders.add_note(store, order_id, f"Order status changed from {labels[0]} to {labels[1]}.")
        store.webhooks.announce("order.updated", order_id)
        if status == "refunded":
            _book_remainder(store, order_id)
        store.webhooks.announce_action(f"woocommerce_order_status_{status}", order_id)
        if status == "cancelled":
            subscriptions.end_with_order(store, order_id)


def trash_order(store: SandboxStore, order_id: int) -> None:
    """Put an order in the trash; it can still be read and, in WooCommerce, even refunded."""
    with store.documents.locked():
        order = orders.get_order(store, order_id)
        kept = [{"key": "_wp_trash_meta_status", "value": f"wc-{order['status']}"}]
        order["meta_data"] += lines.numbered_meta(store, kept)
        order["status"] = "trash"
        store.documents.put("order", order_id, order, int(order["parent_id"]))
        store.webhooks.announce("order.deleted", order_id)


def restore_order(store: SandboxStore, order_id: int) -> None:
    """Take an order out of the trash. A refunded one gets its remainder booked again (A9)."""
    with store.documents.locked():
        order = orders.get_order(store, order_id)
        kept = [meta for meta in order["meta_data"] if meta["key"] == "_wp_trash_meta_status"]
        order["meta_data"] = [meta for meta in order["meta_data"] if meta not in kept]
        order["status"] = str(kept[0]["value"]).removeprefix("wc-") if kept else "pending"
        orders.save(store, order)
        store.webhooks.announce("order.updated", order_id)
        store.webhooks.announce("order.restored", order_id)
        if order["status"] == "refunded":
            _book_remainder(store, order_id)


def delete_order(store: SandboxStore, order_id: int) -> None:
    """Delete for good. WooCommerce tells nobody (B12)."""
    with store.documents.locked():
        for refund in store.documents.list("refund", order_id):
            store.documents.delete("refund", refund["id"])
        store.documents.delete("order", order_id)


def _book_remainder(store: SandboxStore, order_id: int) -> None:
    """Book what is left of an order as refunded. No money moves, which the row says (A9)."""
    left = refund_rows.remaining(store, order_id)
    if left <= 0:
        return
    row = refund_rows.new_row(store, order_id, str(left), reason="Order fully refunded.")
    refund_rows.save_row(store, row)
    store.webhooks.announce_action("woocommerce_order_fully_refunded", order_id)
    store.webhooks.announce_action("woocommerce_refund_created", row["id"])
    store.webhooks.announce_action("woocommerce_order_refunded", order_id)
