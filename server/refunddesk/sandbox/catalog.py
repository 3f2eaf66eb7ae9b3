"""What the sandbox sells, and the things a store has set up: taxes, gateways, currency."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.gateway import GATEWAYS

if TYPE_CHECKING:
    from refunddesk.sandbox.store import SandboxStore

#: Symbols of the currencies the sandbox is likely to be asked for.
CURRENCIES = {
    "EUR": ("Euro", "€"),
    "USD": ("United States (US) dollar", "$"),
    "GBP": ("Pound sterling", "£"),
    "CHF": ("Swiss franc", "CHF"),
    "JPY": ("Japanese yen", "¥"),
    "KWD": ("Kuwaiti dinar", "د.ك"),
}

_CATEGORIES = {
    "licenses": (16, "Licences"),
    "domains": (17, "Additional domains"),
    "support": (18, "Support"),
    "customization": (19, "Customization"),
    "boxes": (20, "Boxed goods"),
}

_SAMPLES: tuple[dict[str, Any], ...] = (
    {"sku": "LIC-1", "name": "Pro licence (one site)", "price": "99.00", "category": "licenses",
     "downloadable": True},
    {"sku": "DOM-1", "name": "Extra domain", "price": "19.90", "category": "domains"},
    {"sku": "SUP-1", "name": "Priority support, 12 months", "price": "33.33",
     "category": "support"},
    {"sku": "SUB-Y", "name": "Pro licence, yearly", "price": "79.99", "category": "licenses",
     "period": "year"},
    {"sku": "SUB-M", "name": "Pro licence, monthly", "price": "9.99", "category": "licenses",
     "period": "month"},
    {"sku": "CUS-1", "name": "Customization, one day", "price": "480.00",
     "category": "customization"},
    {"sku": "BOX-1", "name": "Printed manual", "price": "10.00", "category": "boxes",
     "virtual": False},
)  # fmt: skip


def stock_shelves(store: SandboxStore) -> None:
    """The sample catalogue of a fresh store."""
    for sample in _SAMPLES:
        add_product(store, **sample)


def add_product(
    store: SandboxStore,
    *,
    sku: str,
    name: str,
    price: str,
    category: str = "licenses",
    period: str = "",
    virtual: bool = True,
    downloadable: bool = False,
) -> Document:
    """A new product; with a `period` ("day", "week", "month", "year") it is a subscription."""
    number = store.documents.next_number("post")
    now = store.now()
    slug = name.lower().replace(" ", "-")
    category_id, category_name = _CATEGORIES[category]
    product: Document = {
        "id": number,
        "name": name,
        "slug": slug,
        "permalink": f"{store.site_url}/product/{slug}/",
        "date_created": store.local_time(now),
        "date_created_gmt": f"{now:%Y-%m-%dT%H:%M:%S}",
        "date_modified": store.local_time(now),
        "date_modified_gmt": f"{now:%Y-%m-%dT%H:%M:%S}",
        "type": "subscription" if period else "simple",
        "sku": sku,
        "price": price,
        "regular_price": price,
        "virtual": virtual,
        "downloadable": downloadable,
        "categories": [{"id": category_id, "name": category_name, "slug": category}],
        "price_html": f'<span class="woocommerce-Price-amount amount">&euro;{price}</span>',
        "meta_data": _period_meta(store, price, period),
        **_UNUSED_PRODUCT_FIELDS,
        "shipping_required": not virtual,
        "manage_stock": not virtual,
        "stock_quantity": None if virtual else 50,
    }
    store.documents.put("product", number, product)
    return product


def _period_meta(store: SandboxStore, price: str, period: str) -> list[Document]:
    if not period:
        return []
    values = {
        "_subscription_price": price,
        "_subscription_period": period,
        "_subscription_period_interval": "1",
        "_subscription_length": "0",
    }
    return [
        {"id": store.documents.next_number("meta"), "key": key, "value": value}
        for key, value in values.items()
    ]


def subscription_period(product: Document) -> str:
    """ "year", "month", ... of a subscription product, "" for any other."""
    for meta in product.get("meta_data", []):
        if meta["key"] == "_subscription_period":
            return str(meta["value"])
    return ""


def find_product(store: SandboxStore, reference: Document) -> Document | None:
    """The product a line item names by `product_id` or `sku`."""
    if number := int(reference.get("product_id") or 0):
        return store.documents.find("product", number)
    sku = reference.get("sku")
    return next((one for one in store.documents.list("product") if one["sku"] == sku), None)


def take_from_stock(store: SandboxStore, product_id: int, quantity: int) -> None:
    """Count sold pieces down, or returned ones up with a negative quantity."""
    with store.documents.locked():
        product = store.documents.find("product", product_id)
        if product and product.get("manage_stock"):
            product["stock_quantity"] -= quantity
            store.documents.put("product", product_id, product)


def render_product(store: SandboxStore, product: Document) -> Document:
    base = f"{store.site_url}/wp-json/wc/v3/products"
    allow = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    links = {
        "self": [{"href": f"{base}/{product['id']}", "targetHints": {"allow": allow}}],
        "collection": [{"href": base}],
    }
    return {**product, "_links": product.get("_links", links)}


def render_gateway(store: SandboxStore, gateway_id: str) -> Document:
    title, refunds = GATEWAYS[gateway_id]
    base = f"{store.site_url}/wp-json/wc/v3/payment_gateways"
    return {
        "id": gateway_id,
        "title": title,
        "description": None,
        "order": "",
        "enabled": True,
        "method_title": title,
        "method_description": "",
        "method_supports": ["products", "refunds"] if refunds else ["products"],
        "settings": {
            "title": _gateway_setting("title", "Title", title),
            "instructions": _gateway_setting("instructions", "Instructions", ""),
        },
        "needs_setup": False,
        "post_install_scripts": [],
        "settings_url": f"{store.site_url}/wp-admin/admin.php?page=wc-settings&tab=checkout",
        "connection_url": None,
        "setup_help_text": None,
        "required_settings_keys": [],
        "_links": {
            "self": [{"href": f"{base}/{gateway_id}"}],
            "collection": [{"href": base}],
        },
    }


def _gateway_setting(name: str, label: str, value: str) -> Document:
    return {
        "id": name,
        "label": label,
        "description": "",
        "type": "safe_text",
        "value": value,
        "default": value,
        "tip": "",
        "placeholder": "",
    }


def general_settings(store: SandboxStore) -> dict[str, Document]:
    """The settings of the group "general" that matter to money, by id."""
    values = {
        "woocommerce_currency": ("Currency", "select", store.settings.currency, "USD"),
        "woocommerce_price_num_decimals": (
            "Number of decimals", "number", str(store.settings.decimals), "2",
        ),
        "woocommerce_price_decimal_sep": ("Decimal separator", "text", ".", "."),
        "woocommerce_price_thousand_sep": ("Thousand separator", "text", ",", ","),
        "woocommerce_default_country": (
            "Country / State", "select", store.settings.tax_country, "US:CA",
        ),
        "woocommerce_calc_taxes": ("Enable taxes", "checkbox", "yes", "no"),
    }  # fmt: skip
    base = f"{store.site_url}/wp-json/wc/v3/settings/general"
    return {
        key: {
            "id": key,
            "label": label,
            "description": "",
            "type": kind,
            "default": default,
            "tip": "",
            "value": value,
            "group_id": "general",
            "_links": {"self": [{"href": f"{base}/{key}"}], "collection": [{"href": base}]},
        }
        for key, (label, kind, value, default) in values.items()
    }


def currency_symbol(currency: str) -> str:
    return CURRENCIES.get(currency, ("", currency))[1]


def tax_rate(store: SandboxStore, country: str) -> Decimal | None:
    """The percentage for a customer of this country; no address counts as the store's own."""
    settings = store.settings
    return settings.tax_percent if country in ("", settings.tax_country) else None


# Fields every product has and nothing here depends on.
_UNUSED_PRODUCT_FIELDS: Document = {
    "status": "publish", "featured": False, "catalog_visibility": "visible", "description": "",
    "short_description": "", "sale_price": "", "date_on_sale_from": None,
    "date_on_sale_from_gmt": None, "date_on_sale_to": None, "date_on_sale_to_gmt": None,
    "on_sale": False, "purchasable": True, "total_sales": 0, "downloads": [],
    "download_limit": -1, "download_expiry": -1, "external_url": "", "button_text": "",
    "tax_status": "taxable", "tax_class": "", "backorders": "no", "backorders_allowed": False,
    "backordered": False, "low_stock_amount": None, "sold_individually": False, "weight": "",
    "dimensions": {"length": "", "width": "", "height": ""}, "shipping_taxable": True,
    "shipping_class": "", "shipping_class_id": 0, "reviews_allowed": True,
    "average_rating": "0.00", "rating_count": 0, "upsell_ids": [], "cross_sell_ids": [],
    "parent_id": 0, "purchase_note": "", "brands": [], "tags": [], "images": [],
    "attributes": [], "default_attributes": [], "variations": [], "grouped_products": [],
    "menu_order": 0, "related_ids": [], "stock_status": "instock", "has_options": False,
    "post_password": "", "global_unique_id": "",
}  # fmt: skip
