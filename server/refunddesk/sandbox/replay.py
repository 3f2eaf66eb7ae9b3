"""Recorded objects loaded into the sandbox, so that it answers for them as the real store did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refunddesk.sandbox.documents import Document

if TYPE_CHECKING:
    from refunddesk.sandbox.store import SandboxStore

KINDS = ("order", "subscription", "refund", "product")


class NotAnObject(ValueError):
    """The body cannot be loaded: no known kind, or no id to load it under."""


def put_object(store: SandboxStore, kind: str, body: Document) -> None:
    """Keep `body` under its own id and show it unchanged until something changes it.

    The refunds an order lists become rows too, as payments made, unless they are there already.
    """
    number = body.get("id")
    if kind not in KINDS or type(number) is not int or number < 1:
        raise NotAnObject(f"a recorded {kind} needs a whole id and a kind out of {KINDS}")
    kept = {**body, "_sandbox": {"recorded": True}}
    parent_id = int(body.get("parent_id") or 0)
    if kind == "refund":
        kept["_sandbox"] |= {"counted": body["amount"], "sent": body["amount"]}
    with store.documents.locked():
        store.documents.reserve_number("post", number)
        store.documents.put(kind, number, kept, parent_id)
        if kind == "order":
            for entry in body.get("refunds") or []:
                _put_listed_refund(store, body, entry)


def _put_listed_refund(store: SandboxStore, order: Document, entry: Document) -> None:
    if store.documents.find("refund", entry["id"]):
        return
    amount = str(entry["total"]).removeprefix("-")
    row: Document = {
        "id": entry["id"],
        "parent_id": order["id"],
        "date_created": order["date_modified"],
        "date_created_gmt": order.get("date_modified_gmt"),
        "amount": amount,
        "reason": entry.get("reason", ""),
        "refunded_by": 1,
        "refunded_payment": True,
        "meta_data": [],
        "line_items": [],
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "_sandbox": {"counted": amount, "sent": amount},
    }
    store.documents.reserve_number("post", row["id"])
    store.documents.put("refund", row["id"], row, order["id"])
