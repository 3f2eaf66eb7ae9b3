"""The refund POST, in WooCommerce's own order of effects (A2) and without its missing lock (A1)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from refunddesk.sandbox import catalog, lines, orders, refund_rows, statuses, subscriptions
from refunddesk.sandbox.amounts import counted, exceeds, is_below_zero
from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.gateway import GATEWAYS, RefundDeclined

if TYPE_CHECKING:
    from refunddesk.sandbox.store import SandboxStore

# While the gateway is slow, this part of its delay (at most this many seconds) also lies between
# the check of the remainder and the row: the gap through which six concurrent refunds of 50.00
# were all paid on an order of 117.81.
_RACE_PART, _RACE_SECONDS = 0.25, 0.2


class RefundRefused(Exception):
    """The store takes no refund; answered as HTTP 500, whatever it was (A4)."""

    def __init__(self, code: str, message: str, data: int) -> None:
        super().__init__(message)
        self.code, self.data = code, data


#: Calls the gateway for an order's refund row; somebody may watch.
Calling = Callable[[Document, Document, Callable[[], str]], str]


def create_refund(
    store: SandboxStore,
    order_id: int,
    request: Document,
    *,
    key: str = "",
    calling: Calling | None = None,
) -> Document:
    """Refund an order from a POST body; answers the row.

    `key` and `calling` are the bridge's. Raises RefundRefused, and gateway.WorkerDied when the
    process ends on the way.
    """
    order = orders.find_order(store, order_id)
    if order is None:
        raise RefundRefused("woocommerce_rest_invalid_order_id", "Invalid order ID.", 404)
    amount = _asked_amount(store, request)
    if is_below_zero(amount):
        raise RefundRefused(
            "woocommerce_rest_invalid_order_refund",
            "Refund amount must be greater than zero.",
            400,
        )
    left = refund_rows.remaining(store, order_id)
    if exceeds(amount, str(left)):
        raise _not_created("Invalid refund amount.")
    slow = store.faults.slowest_gateway(order_id)
    store.pause(min(slow * _RACE_PART, _RACE_SECONDS))
    store.gateway.die_before_row(order_id)
    row = refund_rows.new_row(
        store,
        order_id,
        amount,
        reason=request.get("reason") or "",
        refunded_lines=request.get("line_items") or (),
    )
    refund_rows.save_row(store, row)
    if request.get("api_refund", True):
        _pay_back(store, order, row, key, calling or _unwatched)
        row["refunded_payment"] = True
        store.documents.put("refund", row["id"], row, order_id)
    if request.get("api_restock", True):
        _restock(store, row)
    _tell(store, order_id, row, is_full=left - counted(amount) <= 0)
    row["meta_data"] = lines.numbered_meta(store, request.get("meta_data") or [])
    store.documents.put("refund", row["id"], row, order_id)
    return row


def _not_created(message: str) -> RefundRefused:
    return RefundRefused("woocommerce_rest_cannot_create_order_refund", message, 500)


def _asked_amount(store: SandboxStore, request: Document) -> str:
    """The amount as sent, or the sum of the lines and their taxes when there is none (A8)."""
    if request.get("amount") is not None:
        return str(request["amount"])
    asked = Decimal(0)
    for line in request.get("line_items") or []:
        asked += Decimal(str(line.get("refund_total") or 0))
        for tax in line.get("refund_tax") or []:
            asked += Decimal(str(tax.get("refund_total") or 0))
    return str(store.money(asked))


def _unwatched(order: Document, row: Document, call: Callable[[], str]) -> str:
    return call()


def _pay_back(
    store: SandboxStore, order: Document, row: Document, key: str, calling: Calling
) -> None:
    method = order["payment_method"]
    try:
        if method not in GATEWAYS:
            raise RefundDeclined("The payment gateway for this order does not exist.")
        title, can_refund = GATEWAYS[method]
        if not can_refund:
            raise RefundDeclined(
                "The payment gateway for this order does not support automatic refunds."
            )

        def call() -> str:
            return store.gateway.pay_back(
                method=method,
                order_id=order["id"],
                refund_id=row["id"],
                amount=Decimal(row["_sandbox"]["sent"]),
                currency=order["currency"],
                reason=row["reason"],
                key=key,
            )

        reference = calling(order, row, call)
    except RefundDeclined as declined:
        refund_rows.remove_row(store, row)
        raise _not_created(str(declined)) from declined
    orders.add_note(store, order["id"], f"{title} refunded {row['_sandbox']['sent']} ({reference})")


def _restock(store: SandboxStore, row: Document) -> None:
    for line in row["line_items"]:
        catalog.take_from_stock(store, line["product_id"], line["quantity"])


def _tell(store: SandboxStore, order_id: int, row: Document, *, is_full: bool) -> None:
    """Status, hooks and webhooks of a refund that went through, in the recorded sequence."""
    webhooks = store.webhooks
    is_order = store.documents.find("order", order_id) is not None
    if is_full:
        subscriptions.end_if_last_payment_refunded(store, order_id)
        webhooks.announce_action("woocommerce_order_fully_refunded", order_id)
    else:
        webhooks.announce_action("woocommerce_order_partially_refunded", order_id)
    if is_order:
        order = orders.get_order(store, order_id)
        if is_full and order["status"] != "refunded":
            statuses.set_status(store, order_id, "refunded")
        else:
            webhooks.announce("order.updated", order_id)
    webhooks.announce_action("woocommerce_refund_created", row["id"])
    webhooks.announce_action("woocommerce_order_refunded", order_id)


def delete_refund(store: SandboxStore, order_id: int, refund_id: int) -> Document | None:
    """Remove a row; None when there is none. Nobody is told, no money comes back (A10)."""
    row = store.documents.find("refund", refund_id)
    if row is None or row["parent_id"] != order_id:
        return None
    refund_rows.remove_row(store, row)
    return row
