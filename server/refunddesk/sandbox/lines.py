"""The lines of an order: products, shipping, fees and taxes, reckoned as WooCommerce does."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from refunddesk.money import Money, total
from refunddesk.sandbox import catalog
from refunddesk.sandbox.documents import Document

if TYPE_CHECKING:
    from refunddesk.sandbox.store import SandboxStore

#: The id of the store's only tax rate.
TAX_RATE_ID = 1
LINE_KINDS = ("line_items", "shipping_lines", "fee_lines")


class BadLine(ValueError):
    """A line that cannot be sold; `code` is WooCommerce's name for the trouble."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def build_lines(store: SandboxStore, request: Document, currency: str) -> Document:
    """The line lists and totals of an order made from a request body.

    Answers the order's keys `line_items`, `shipping_lines`, `fee_lines`, `tax_lines` and every
    total. Raises BadLine for a line that names no product.
    """
    billing = request.get("billing") or {}
    percent = catalog.tax_rate(store, billing.get("country", ""))
    items = [
        _product_line(store, line, percent, currency) for line in request.get("line_items", [])
    ]
    shipping = [
        _shipping_line(store, line, percent, currency) for line in request.get("shipping_lines", [])
    ]
    fees = [_fee_line(store, line, percent, currency) for line in request.get("fee_lines", [])]
    lines: Document = {"line_items": items, "shipping_lines": shipping, "fee_lines": fees}
    lines["tax_lines"] = tax_lines_of(store, lines, currency, percent)
    lines["coupon_lines"] = []
    return {**lines, **_totals(store, lines, currency)}


def _product_line(
    store: SandboxStore, line: Document, percent: Decimal | None, currency: str
) -> Document:
    if not line.get("product_id") and not line.get("sku"):
        raise BadLine(
            "woocommerce_rest_required_product_reference", "Product ID or SKU is required."
        )
    product = catalog.find_product(store, line)
    if product is None:
        # WooCommerce takes the line all the same, with nothing in it.
        product = {"id": 0, "name": "", "sku": None, "price": "0"}
    quantity = int(line.get("quantity", 1))
    net = store.money(line.get("total", Decimal(product["price"]) * quantity), currency)
    tax = tax_on(store, net, percent)
    return {
        "id": store.documents.next_number("item"),
        "name": line.get("name", product["name"]),
        "product_id": product["id"],
        "variation_id": 0,
        "quantity": quantity,
        "tax_class": "",
        "subtotal": str(net),
        "subtotal_tax": str(tax),
        "total": str(net),
        "total_tax": str(tax),
        "taxes": _taxes(tax, str(tax), percent),
        "meta_data": numbered_meta(store, line.get("meta_data", []), shown=True),
        "sku": product["sku"],
        "price": unit_price(net, quantity),
        "image": {"id": "", "src": ""},
        "parent_name": None,
    }


def _shipping_line(
    store: SandboxStore, line: Document, percent: Decimal | None, currency: str
) -> Document:
    net = store.money(line.get("total", "0"), currency)
    tax = tax_on(store, net, percent)
    return {
        "id": store.documents.next_number("item"),
        "method_title": line.get("method_title", ""),
        "method_id": line.get("method_id", ""),
        "instance_id": "",
        "total": str(net),
        "total_tax": str(tax),
        "taxes": _taxes(tax, "", percent),
        "tax_status": "taxable",
        "meta_data": [],
    }


def _fee_line(
    store: SandboxStore, line: Document, percent: Decimal | None, currency: str
) -> Document:
    taxable = line.get("tax_status", "taxable") == "taxable"
    rate = percent if taxable else None
    net = store.money(line.get("total", "0"), currency)
    tax = tax_on(store, net, rate)
    return {
        "id": store.documents.next_number("item"),
        "name": line.get("name", ""),
        "tax_class": "",
        "tax_status": "taxable" if taxable else "none",
        "amount": "",
        "total": str(net),
        "total_tax": str(tax),
        "taxes": _taxes(tax, "", rate),
        "meta_data": [],
    }


def tax_on(store: SandboxStore, net: Money, percent: Decimal | None) -> Money:
    """The tax of one line, rounded half up by itself as WooCommerce rounds by default."""
    return store.money(net.decimal * (percent or 0) / 100, net.currency)


def _taxes(tax: Money, subtotal: str, percent: Decimal | None) -> list[Document]:
    if percent is None:
        return []
    return [{"id": TAX_RATE_ID, "total": str(tax), "subtotal": subtotal}]


def tax_lines_of(
    store: SandboxStore, lines: Document, currency: str, percent: Decimal | None
) -> list[Document]:
    """The order's tax line: the rate once, with what it came to on goods and on shipping."""
    if percent is None or not any(lines[kind] for kind in LINE_KINDS):
        return []
    settings = store.settings
    return [
        {
            "id": store.documents.next_number("item"),
            "rate_code": f"{settings.tax_country}-{settings.tax_label.upper()}-1",
            "rate_id": TAX_RATE_ID,
            "label": settings.tax_label,
            "compound": False,
            "tax_total": str(
                _sum(store, [*lines["line_items"], *lines["fee_lines"]], "total_tax", currency)
            ),
            "shipping_tax_total": str(_sum(store, lines["shipping_lines"], "total_tax", currency)),
            "rate_percent": _plain_number(percent),
            "meta_data": [],
        }
    ]


def _totals(store: SandboxStore, lines: Document, currency: str) -> dict[str, str]:
    goods = [*lines["line_items"], *lines["fee_lines"]]
    shipping = _sum(store, lines["shipping_lines"], "total", currency)
    shipping_tax = _sum(store, lines["shipping_lines"], "total_tax", currency)
    cart_tax = _sum(store, goods, "total_tax", currency)
    nothing = str(store.money(0, currency))
    return {
        "discount_total": nothing,
        "discount_tax": nothing,
        "shipping_total": str(shipping),
        "shipping_tax": str(shipping_tax),
        "cart_tax": str(cart_tax),
        "total": str(_sum(store, goods, "total", currency) + shipping + shipping_tax + cart_tax),
        "total_tax": str(cart_tax + shipping_tax),
    }


def _sum(store: SandboxStore, lines: list[Document], key: str, currency: str) -> Money:
    amounts = (store.money(line[key], currency) for line in lines)
    return total(amounts, currency, store.settings.decimals)


def unit_price(net: Money, quantity: int) -> object:
    """`price` as WooCommerce shows it: a JSON number out of a float division, never to be used."""
    if not quantity:
        return 0
    return _plain_number(net.decimal / quantity)


def _plain_number(value: Decimal) -> object:
    # PHP writes a whole float without decimals: 99, not 99.0.
    return int(value) if value == int(value) else float(value)


def numbered_meta(
    store: SandboxStore, entries: list[Document], *, shown: bool = False
) -> list[Document]:
    """Meta entries with ids of their own; those of lines repeat themselves for display."""
    numbered = []
    for entry in entries:
        key, value = entry["key"], entry.get("value")
        meta: Document = {"id": store.documents.next_number("meta"), "key": key, "value": value}
        if shown:
            meta |= {"display_key": key, "display_value": value}
        numbered.append(meta)
    return numbered


def copy_lines(store: SandboxStore, order: Document, product_ids: set[int]) -> Document:
    """Only the lines of these products, as new lines with totals of their own."""
    wanted = [line for line in order["line_items"] if line["product_id"] in product_ids]
    request = {
        "billing": order["billing"],
        "line_items": [
            {
                "product_id": line["product_id"],
                "quantity": line["quantity"],
                "total": line["total"],
                "name": line["name"],
            }
            for line in wanted
        ],
    }
    return build_lines(store, request, order["currency"])
