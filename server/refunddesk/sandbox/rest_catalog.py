"""The REST routes of products, gateways and settings, and the index anyone may read."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, Response, request

from refunddesk.sandbox import catalog
from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.gateway import GATEWAYS
from refunddesk.sandbox.rest import API, RestError, answer, invalid_id, matching, page_of
from refunddesk.sandbox.store import SandboxStore


def install(app: Flask, store: SandboxStore) -> None:
    @app.get("/wp-json/")
    def index() -> Response:
        hours = store.offset() / timedelta(hours=1)
        body: Document = {
            "name": store.settings.name,
            "description": "",
            "url": store.site_url,
            "home": store.site_url,
            "gmt_offset": int(hours) if hours == int(hours) else hours,
            "timezone_string": store.settings.timezone,
            "page_for_posts": 0,
            "page_on_front": 0,
            "show_on_front": "posts",
            "namespaces": ["wc/v3", "wp/v2"],
            "authentication": {},
            "routes": {},
            "site_logo": 0,
            "site_icon": 0,
            "site_icon_url": "",
            "_links": {"help": [{"href": "https://developer.wordpress.org/rest-api/"}]},
        }
        return answer(store, body)

    @app.get(f"{API}/products")
    def list_products() -> Response:
        rows = matching(store, store.documents.list("product"))
        if sku := request.args.get("sku"):
            rows = [row for row in rows if row["sku"] in sku.split(",")]
        if category := request.args.get("category"):
            rows = [
                row for row in rows if category in {str(one["id"]) for one in row["categories"]}
            ]
        return page_of(store, rows, lambda row: catalog.render_product(store, row))

    @app.get(f"{API}/products/<int:product_id>")
    def get_product(product_id: int) -> Response:
        product = store.documents.find("product", product_id)
        if product is None:
            raise invalid_id("product")
        return answer(store, catalog.render_product(store, product))

    _install_settings(app, store)


def _install_settings(app: Flask, store: SandboxStore) -> None:
    @app.get(f"{API}/payment_gateways")
    def list_gateways() -> Response:
        return answer(store, [catalog.render_gateway(store, name) for name in GATEWAYS])

    @app.get(f"{API}/payment_gateways/<gateway_id>")
    def get_gateway(gateway_id: str) -> Response:
        if gateway_id not in GATEWAYS:
            message = "Resource does not exist."
            raise RestError(404, "woocommerce_rest_payment_gateway_invalid", message)
        return answer(store, catalog.render_gateway(store, gateway_id))

    @app.get(f"{API}/settings/general")
    def list_settings() -> Response:
        return answer(store, list(catalog.general_settings(store).values()))

    @app.get(f"{API}/settings/general/<setting_id>")
    def get_setting(setting_id: str) -> Response:
        found = catalog.general_settings(store).get(setting_id)
        if found is None:
            raise RestError(404, "rest_setting_setting_invalid", "Invalid setting.")
        return answer(store, found)

    @app.get(f"{API}/data/currencies/current")
    def current_currency() -> Response:
        code = store.settings.currency
        name, symbol = catalog.CURRENCIES.get(code, (code, code))
        base = f"{store.site_url}{API}/data/currencies"
        links = {"self": [{"href": f"{base}/{code}"}], "collection": [{"href": base}]}
        return answer(store, {"code": code, "name": name, "symbol": symbol, "_links": links})
