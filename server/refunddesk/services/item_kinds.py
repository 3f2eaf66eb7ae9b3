"""What each line of an order is, by the store owner's rules: pure, over what the store said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from refunddesk.db.orders import ItemFacts
from refunddesk.db.stores import ItemRule, Product
from refunddesk.woocommerce.payloads import LineBody

_BY_LINE_TYPE = {"line_item": "product", "shipping": "shipping", "fee": "fee"}


@dataclass(frozen=True, slots=True)
class Items:
    """The lines of an order as items. `lifetime`: one of them is sold for a lifetime."""

    items: tuple[ItemFacts, ...]
    lifetime: bool
    remarks: tuple[str, ...]


def classify(
    lines: Sequence[LineBody], rules: Sequence[ItemRule], products: Mapping[int, Product]
) -> Items:
    """Give each line the kind of the first rule that fits it.

    Without a rule shipping is shipping, a fee is a fee, and anything else a product that needs
    no licence: a licence nobody planned would hold back a refund for ever.
    """
    items, remarks, lifetime = [], [], False
    for line in lines:
        rule = next((rule for rule in rules if _fits(rule, line, products)), None)
        if rule is None and line.line_type == "line_item":
            remarks.append(f"no item rule fits line {line.woo_item_id}: a product without licence")
        lifetime = lifetime or (rule is not None and rule.lifetime)
        items.append(_item(line, rule))
    return Items(tuple(items), lifetime, tuple(remarks))


def needs_categories(rules: Sequence[ItemRule]) -> bool:
    return any(rule.field == "category" for rule in rules)


def _fits(rule: ItemRule, line: LineBody, products: Mapping[int, Product]) -> bool:
    if rule.field == "product_id":
        return int(rule.value) in (line.product_id, line.variation_id)
    if rule.field == "sku":
        return _matches(rule.value, line.sku)
    if rule.field == "category":
        product = products.get(line.product_id or 0)
        return any(_matches(rule.value, slug) for slug in product.categories) if product else False
    key, _, wanted = rule.value.partition("=")
    return key in line.meta and _matches(wanted, str(line.meta[key]))


def _matches(pattern: str, text: str) -> bool:
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern


def _item(line: LineBody, rule: ItemRule | None) -> ItemFacts:
    return ItemFacts(
        woo_item_id=line.woo_item_id,
        line_type=line.line_type,
        woo_product_id=line.product_id,
        woo_variation_id=line.variation_id,
        sku=line.sku,
        name=line.name,
        product=(rule.product if rule else None) or _name(line),
        item_kind=rule.item_kind if rule else _BY_LINE_TYPE[line.line_type],
        in_programme=rule.in_programme if rule else True,
        # Three licences bought on one line are one licence for three times the sites.
        sites_limit=rule.sites_limit * max(1, int(line.quantity)) if rule else 0,
        quantity=line.quantity,
        paid=line.net,
        tax=line.tax,
        taxes=line.taxes,
    )


def _name(line: LineBody) -> str:
    if line.line_type != "line_item":
        return line.line_type
    return line.sku or f"product-{line.product_id or 0}"
