"""The lines of an order (products, fees, shipping) with their taxes exact to the minor unit."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from refunddesk.money import Money

LineType = Literal["line_item", "fee", "shipping"]


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
