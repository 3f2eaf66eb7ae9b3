"""Refunds as a store tells them: the short form inside an order, and the rows with their lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal

from refunddesk.money import Money
from refunddesk.woocommerce.fields import (
    Body,
    Notes,
    Scale,
    UnusableBody,
    decimal_of,
    id_of,
    id_or_unusable,
    in_present_names,
    instant_of,
    mapping_of,
    meta_of,
    money_of,
    objects_of,
    scale_of,
    text_of,
)
from refunddesk.woocommerce.order_lines import LINE_LISTS, read_quantity, read_taxes

_ORDER_LINK = re.compile(r"/orders/([1-9][0-9]{0,18})/?$")


@dataclass(frozen=True, slots=True)
class RefundStub:
    """A refund as an order's own `refunds` field shows it; `amount` is zero or more.

    It does not say whether money moved: only `RefundBody.refunded_payment` does.
    """

    woo_refund_id: int
    amount: Money
    reason: str


@dataclass(frozen=True, slots=True)
class RefundedLine:
    """What a refund gave back of one line, as positive amounts.

    `woo_item_id` is the line of the *order*; None when the store did not keep the link.
    """

    woo_item_id: int | None
    quantity: Decimal
    net: Money
    tax: Money
    taxes: tuple[tuple[int, Money], ...]


@dataclass(frozen=True, slots=True)
class RefundBody:
    """One row of GET orders/{id}/refunds or GET refunds; `amount` is positive.

    `refunded_payment` True is the store's word that its gateway paid; False means booked only,
    still under way, or died on the way; None that the store did not say. `woo_order_id` is
    None where the row does not name its order.
    """

    woo_refund_id: int
    woo_order_id: int | None
    amount: Money
    reason: str = field(repr=False)
    refunded_payment: bool | None
    created_at: datetime | None
    lines: tuple[RefundedLine, ...]
    remarks: tuple[str, ...]


def read_refund(
    body: Body, *, currency: str, timezone: tzinfo | None, decimals: int | None = None
) -> RefundBody:
    """Read a refund row; it names no currency, so its order's `currency` and `decimals` count."""
    notes = Notes()
    body = in_present_names(body, "order_refund", notes)
    woo_refund_id = id_or_unusable(body)
    scale = scale_of({"currency": currency, "total": body.get("amount")}, decimals)
    meta = meta_of(body, notes)
    reason = text_of(body.get("reason"))
    amount = decimal_of(body.get("amount"))
    if not amount and decimal_of(meta.get("_refund_amount")):
        # WooCommerce 7.5 and 7.6 with HPOS kept the real values out of sight.
        notes.add("amount and reason were taken from meta_data")
        body = {**body, "amount": meta["_refund_amount"]}
        reason = reason or text_of(meta.get("_refund_reason"))
    elif amount is None:
        if decimal_of(body.get("total")) is None:
            raise UnusableBody("no_amount", f"Refund {woo_refund_id} has no amount.")
        body = {**body, "amount": body["total"]}
    paid = body.get("refunded_payment")
    return RefundBody(
        woo_refund_id=woo_refund_id,
        woo_order_id=id_of(body.get("parent_id")) or _linked_order(body),
        amount=_positive(money_of(body, "amount", scale, notes)),
        reason=reason,
        refunded_payment=paid if isinstance(paid, bool) else None,
        created_at=instant_of(body, "date_created", timezone, notes),
        lines=_read_refunded_lines(body, scale, notes),
        remarks=notes.remarks,
    )


def read_stubs(body: Body, scale: Scale, notes: Notes) -> tuple[RefundStub, ...]:
    stubs = []
    for entry in objects_of(body, "refunds", notes):
        woo_refund_id = id_of(entry.get("id"))
        if woo_refund_id is None:
            notes.add("a deleted refund was left out")
            continue
        amount = money_of(entry, "total", scale, notes, f" of refund {woo_refund_id}")
        # Up to WooCommerce 3.3 the reason stood under "refund".
        reason = text_of(entry.get("reason")) or text_of(entry.get("refund"))
        stubs.append(RefundStub(woo_refund_id, _positive(amount), reason))
    return tuple(stubs)


def _read_refunded_lines(body: Body, scale: Scale, notes: Notes) -> tuple[RefundedLine, ...]:
    lines = []
    for name, _ in LINE_LISTS:
        for entry in objects_of(body, name, notes):
            where = f" of refunded line {id_of(entry.get('id'))}"
            tax = money_of(entry, "total_tax", scale, notes, where)
            taxes = read_taxes(entry, tax, scale, notes, where)
            woo_item_id = id_of(meta_of(entry, notes).get("_refunded_item_id"))
            if woo_item_id is None:
                notes.add(f"the line of the order is not named{where}")
            lines.append(
                RefundedLine(
                    woo_item_id=woo_item_id,
                    quantity=abs(read_quantity(entry, notes, where)),
                    net=_positive(money_of(entry, "total", scale, notes, where)),
                    tax=_positive(tax),
                    taxes=tuple((rate_id, _positive(share)) for rate_id, share in taxes),
                )
            )
    return tuple(lines)


def _linked_order(body: Body) -> int | None:
    """The order a refund's own links point to; the row itself names none under orders/{id}."""
    links = objects_of(mapping_of(body.get("_links")), "up", Notes())
    match = _ORDER_LINK.search(text_of(links[0].get("href"))) if links else None
    return int(match[1]) if match else None


def _positive(amount: Money) -> Money:
    return -amount if amount.minor < 0 else amount
