"""Refund rows of the sandbox store: what is left of an order, a row made, kept and shown."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from refunddesk.sandbox import lines, orders
from refunddesk.sandbox.amounts import counted, rounded, sent_to_gateway
from refunddesk.sandbox.documents import Document

if TYPE_CHECKING:
    from refunddesk.sandbox.store import SandboxStore


def remaining(store: SandboxStore, order_id: int) -> Decimal:
    """What WooCommerce believes can still be refunded of the order, in the store's decimals."""
    order = orders.get_order(store, order_id)
    gone = sum(
        (Decimal(row["_sandbox"]["counted"]) for row in store.documents.list("refund", order_id)),
        Decimal(0),
    )
    return Decimal(rounded(orders.total_of(order) - gone, store.settings.decimals))


def new_row(
    store: SandboxStore,
    order_id: int,
    amount: str,
    *,
    reason: str = "",
    refunded_lines: Sequence[Document] = (),
) -> Document:
    """A refund row, not yet kept: unpaid and without meta, as it is while the gateway works.

    `amount` is the request's own text; the row shows one reading of it and counts another (A5).
    """
    order = orders.get_order(store, order_id)
    row: Document = {
        "id": store.documents.next_number("post"),
        "parent_id": order_id,
        **orders.date_pair(store, "date_created"),
        "amount": rounded(sent_to_gateway(amount), store.settings.decimals),
        "reason": reason,
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [],
        "line_items": [],
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "_sandbox": {"counted": str(counted(amount)), "sent": str(sent_to_gateway(amount))},
    }
    asked = {int(line["id"]): line for line in refunded_lines if "id" in line}
    for kind in lines.LINE_KINDS:
        for line in order[kind]:
            if refunded := _refunded_line(store, line, asked.get(line["id"]), order["currency"]):
                row[kind].append(refunded)
    row["tax_lines"] = _refunded_taxes(store, order, row)
    return row


def _refunded_line(
    store: SandboxStore, line: Document, asked: Document | None, currency: str
) -> Document | None:
    """The line given back in part, in negative numbers. An unknown line id is passed over (A6)."""
    if not asked or not (asked.get("quantity") or asked.get("refund_total") or _taxes_of(asked)):
        return None
    quantity = int(float(asked.get("quantity") or 0))
    net = store.money(asked.get("refund_total") or 0, currency)
    taxes = {int(tax["id"]): store.money(tax["refund_total"], currency) for tax in _taxes_of(asked)}
    tax = sum((amount.decimal for amount in taxes.values()), Decimal(0))
    link = {"key": "_refunded_item_id", "value": str(line["id"])}
    refunded: Document = {
        **line,
        "id": store.documents.next_number("item"),
        "total": str(-net),
        "total_tax": str(-store.money(tax, currency)),
        "taxes": [
            {"id": rate, "total": str(-amount), "subtotal": str(-amount)}
            for rate, amount in taxes.items()
        ],
        "meta_data": lines.numbered_meta(store, [link], shown=True),
    }
    if "quantity" in line:
        refunded["quantity"] = -quantity
        refunded["subtotal"], refunded["subtotal_tax"] = refunded["total"], refunded["total_tax"]
        refunded["price"] = lines.unit_price(net, quantity)
    return refunded


def _taxes_of(asked: Document) -> list[Document]:
    return [tax for tax in asked.get("refund_tax") or [] if tax.get("refund_total")]


def _refunded_taxes(store: SandboxStore, order: Document, row: Document) -> list[Document]:
    rates = {tax["id"] for kind in lines.LINE_KINDS for line in row[kind] for tax in line["taxes"]}
    found = []
    for tax_line in order["tax_lines"]:
        if tax_line["rate_id"] not in rates:
            continue
        rate = tax_line["rate_id"]
        goods = _tax_sum(store, [*row["line_items"], *row["fee_lines"]], rate, order["currency"])
        shipping = _tax_sum(store, row["shipping_lines"], rate, order["currency"])
        found.append(
            {
                **tax_line,
                "id": store.documents.next_number("item"),
                "tax_total": goods,
                "shipping_tax_total": shipping,
            }
        )
    return found


def _tax_sum(store: SandboxStore, refunded: list[Document], rate: int, currency: str) -> str:
    amounts = (
        Decimal(tax["total"]) for line in refunded for tax in line["taxes"] if tax["id"] == rate
    )
    return str(store.money(sum(amounts, Decimal(0)), currency))


def save_row(store: SandboxStore, row: Document) -> None:
    """Keep the row and list it in its order, newest first."""
    with store.documents.locked():
        store.documents.put("refund", row["id"], row, row["parent_id"])
        order = orders.find_order(store, row["parent_id"])
        if order is None:
            return
        entry = {"id": row["id"], "reason": row["reason"], "total": f"-{row['amount']}"}
        others = [one for one in order["refunds"] if one["id"] != row["id"]]
        order["refunds"] = [entry, *others]
        orders.save(store, order)


def remove_row(store: SandboxStore, row: Document) -> None:
    """Take the row away for good; its amount can be refunded again (A10)."""
    with store.documents.locked():
        store.documents.delete("refund", row["id"])
        order = orders.find_order(store, row["parent_id"])
        if order is None:
            return
        order["refunds"] = [one for one in order["refunds"] if one["id"] != row["id"]]
        orders.save(store, order)


def render(store: SandboxStore, row: Document, *, with_parent: bool = False) -> Document:
    """The row as the API shows it; only the store-wide list names the order."""
    hidden = {"_sandbox"} if with_parent else {"_sandbox", "parent_id"}
    base = f"{store.site_url}/wp-json/wc/v3/orders/{row['parent_id']}"
    shown: dict[str, Any] = {key: value for key, value in row.items() if key not in hidden}
    shown["_links"] = {
        "self": [
            {
                "href": f"{base}/refunds/{row['id']}",
                "targetHints": {"allow": ["GET", "DELETE"]},
            }
        ],
        "collection": [{"href": f"{base}/refunds"}],
        "up": [{"href": base}],
    }
    return shown
