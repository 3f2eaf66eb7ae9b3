"""The lines of an order (products, fees, shipping) with their taxes exact to the minor unit."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from refunddesk.money import Money
from refunddesk.woocommerce.fields import (
    Body,
    Notes,
    Scale,
    decimal_of,
    exact_minor,
    id_of,
    meta_of,
    money_of,
    objects_of,
    rounded,
    text_of,
)

LineType = Literal["line_item", "fee", "shipping"]
LINE_LISTS: tuple[tuple[str, LineType], ...] = (
    ("line_items", "line_item"),
    ("fee_lines", "fee"),
    ("shipping_lines", "shipping"),
)


@dataclass(frozen=True, slots=True)
class LineBody:
    """One line of an order. `net` is after discount and without tax, as WooCommerce means it.

    `taxes` holds (tax rate id, amount) with nothing of zero; the amounts add up to `tax`
    whenever the store named a rate at all. `bundled_by` is the line that holds this one.
    """

    woo_item_id: int
    line_type: LineType
    product_id: int | None
    variation_id: int | None
    sku: str
    name: str
    quantity: Decimal
    net: Money
    tax: Money
    taxes: tuple[tuple[int, Money], ...]
    bundled_by: int | None = None
    meta: Mapping[str, object] = field(default_factory=dict, repr=False, hash=False)


def read_lines(body: Body, scale: Scale, notes: Notes) -> tuple[LineBody, ...]:
    """Every line that has an id; one without cannot be refunded and leaves a remark."""
    lines = []
    for name, line_type in LINE_LISTS:
        for entry in objects_of(body, name, notes):
            woo_item_id = id_of(entry.get("id"))
            if woo_item_id is None:
                notes.add_inexact(f"an entry of {name} has no id and was left out")
                continue
            lines.append(_read_line(entry, woo_item_id, line_type, scale, notes))
    return tuple(lines)


def _read_line(
    entry: Body, woo_item_id: int, line_type: LineType, scale: Scale, notes: Notes
) -> LineBody:
    where = f" of line {woo_item_id}"
    tax = money_of(entry, "total_tax", scale, notes, where)
    title = entry.get("name") or entry.get("method_title")
    return LineBody(
        woo_item_id=woo_item_id,
        line_type=line_type,
        product_id=id_of(entry.get("product_id")),
        variation_id=id_of(entry.get("variation_id")),
        sku=text_of(entry.get("sku")),
        name=html.unescape(text_of(title)),
        quantity=read_quantity(entry, notes, where),
        # Never from `price`: it is a float such as 33.51833333333334.
        net=money_of(entry, "total", scale, notes, where),
        tax=tax,
        taxes=read_taxes(entry, tax, scale, notes, where),
        bundled_by=id_of(entry.get("bundled_by")) or id_of(entry.get("composite_parent")),
        meta=meta_of(entry, notes),
    )


def read_quantity(entry: Body, notes: Notes, where: str) -> Decimal:
    """How many were bought; fees and shipping have none and count as one."""
    if "quantity" not in entry:
        return Decimal(1)
    quantity = decimal_of(entry["quantity"])
    if quantity is None:
        notes.add(f"quantity{where} is not a number")
        return Decimal(1)
    return quantity


def read_taxes(
    entry: Body, tax: Money, scale: Scale, notes: Notes, where: str
) -> tuple[tuple[int, Money], ...]:
    """The line's tax split over its rates, in whole minor units that add up to `tax`.

    WooCommerce keeps up to six decimals per rate ("4.5455") and rounds only their sum.
    """
    exact: dict[int, Decimal] = {}
    for share in objects_of(entry, "taxes", notes):
        rate_id, amount = id_of(share.get("id")), share.get("total")
        value = Decimal(0) if amount in ("", None) else decimal_of(amount)
        if rate_id is None or value is None:
            notes.add(f"a tax{where} has no usable rate id or amount")
            continue
        exact[rate_id] = exact.get(rate_id, Decimal(0)) + exact_minor(value, scale)
    exact = {rate_id: minor for rate_id, minor in exact.items() if minor}
    if not exact:
        if tax:
            notes.add(f"the tax{where} names no tax rate")
        return ()
    if any(minor != minor.to_integral_value() for minor in exact.values()):
        notes.add(f"taxes{where} have more than {scale.decimals} decimals and were rounded")
    parts = _settle(list(exact.values()), tax.minor)
    if parts is None:
        notes.add_inexact(f"taxes{where} do not add up to its total_tax; the largest was adjusted")
        parts = _adjust_largest(list(exact.values()), tax.minor)
    return tuple(
        (rate_id, scale.money(minor)) for rate_id, minor in zip(exact, parts, strict=True) if minor
    )


def _settle(exact: Sequence[Decimal], whole: int) -> list[int] | None:
    """Round each part so that they add up to `whole`; None when rounding alone cannot."""
    parts = [rounded(minor) for minor in exact]
    missing = whole - sum(parts)
    if abs(missing) > len(parts):
        return None
    step = 1 if missing > 0 else -1
    # Those that rounding moved furthest the other way give or take the odd unit, earlier ones
    # first among equals; each by one only, or it would no longer be a rounding.
    order = sorted(range(len(parts)), key=lambda i: (-step * (exact[i] - parts[i]), i))
    for index in order[: abs(missing)]:
        parts[index] += step
    if any(abs(minor - part) >= 1 for minor, part in zip(exact, parts, strict=True)):
        return None
    return parts


def _adjust_largest(exact: Sequence[Decimal], whole: int) -> list[int]:
    parts = [rounded(minor) for minor in exact]
    largest = max(range(len(parts)), key=lambda i: abs(parts[i]))
    parts[largest] += whole - sum(parts)
    return parts
