"""The REST routes of webhooks."""

from __future__ import annotations

from flask import Flask, Response, g, request

from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.rest import (
    API,
    RestError,
    answer,
    body_text,
    created,
    matching,
    not_one_of,
    page_of,
)
from refunddesk.sandbox.store import SandboxStore
from refunddesk.sandbox.webhooks import NotATopic

_STATUSES = ("active", "paused", "disabled")


def install(app: Flask, store: SandboxStore) -> None:
    @app.get(f"{API}/webhooks")
    def list_webhooks() -> Response:
        wanted = request.args.get("status", "all")
        rows = [
            row
            for row in matching(store, store.documents.list("webhook"))
            if wanted in ("all", row["status"])
        ]
        return page_of(store, rows, lambda row: _show(store, row))

    @app.post(f"{API}/webhooks")
    def create_webhook() -> Response:
        _check(is_new=True)
        try:
            webhook = store.webhooks.create(g.body)
        except NotATopic as unknown:
            raise _bad_topic() from unknown
        return created(store, _show(store, webhook), f"{API}/webhooks/{webhook['id']}")

    @app.get(f"{API}/webhooks/<int:webhook_id>")
    def get_webhook(webhook_id: int) -> Response:
        return answer(store, _show(store, _webhook(store, webhook_id)))

    @app.route(f"{API}/webhooks/<int:webhook_id>", methods=["POST", "PUT", "PATCH"])
    def update_webhook(webhook_id: int) -> Response:
        _webhook(store, webhook_id)
        _check(is_new=False)
        try:
            webhook = store.webhooks.update(webhook_id, g.body)
        except NotATopic as unknown:
            raise _bad_topic() from unknown
        return answer(store, _show(store, webhook))

    @app.delete(f"{API}/webhooks/<int:webhook_id>")
    def delete_webhook(webhook_id: int) -> Response:
        if request.args.get("force") != "true":
            message = "Webhooks do not support trashing."
            raise RestError(501, "woocommerce_rest_trash_not_supported", message)
        webhook = _webhook(store, webhook_id)
        store.documents.delete("webhook", webhook_id)
        return answer(store, _show(store, webhook))


def _webhook(store: SandboxStore, webhook_id: int) -> Document:
    found = store.documents.find("webhook", webhook_id)
    if found is None:
        raise RestError(404, "woocommerce_rest_shop_webhook_invalid_id", "ID is invalid.")
    return found


def _bad_topic() -> RestError:
    return RestError(
        400,
        "woocommerce_rest_shop_webhook_invalid_topic",
        "Webhook topic is required and must be valid.",
    )


def _check(*, is_new: bool) -> None:
    for name in ("name", "topic", "secret", "delivery_url"):
        body_text(name)
    status = body_text("status")
    if status is not None and status not in _STATUSES:
        raise not_one_of("status", _STATUSES)
    if is_new and not g.body.get("topic"):
        raise _bad_topic()
    if is_new and g.body.get("delivery_url") is None:
        data = {"status": 400, "params": ["delivery_url"]}
        message = "Missing parameter(s): delivery_url"
        raise RestError(400, "rest_missing_callback_param", message, data)
    url = g.body.get("delivery_url", "" if is_new else "https://")
    if not url.startswith(("http://", "https://")):
        raise RestError(
            400,
            "woocommerce_rest_shop_webhook_invalid_delivery_url",
            "Webhook delivery URL must be a valid URL starting with http:// or https://.",
        )


def _show(store: SandboxStore, webhook: Document) -> Document:
    """The webhook without its secret and its failure count, which no route shows (B2, B8)."""
    base = f"{store.site_url}{API}/webhooks"
    allow = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    links = {
        "self": [{"href": f"{base}/{webhook['id']}", "targetHints": {"allow": allow}}],
        "collection": [{"href": base}],
    }
    return {**{key: webhook[key] for key in webhook if key != "_sandbox"}, "_links": links}
