"""The REST routes WooCommerce Subscriptions adds."""

from __future__ import annotations

from flask import Flask, Response, g, request

from refunddesk.sandbox import orders, subscriptions
from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.rest import (
    API,
    RestError,
    answer,
    body_text,
    critical_error,
    invalid_id,
    matching,
    not_one_of,
    page_of,
)
from refunddesk.sandbox.store import SandboxStore

_LABELS = {
    "wc-pending": "Pending",
    "wc-active": "Active",
    "wc-on-hold": "On hold",
    "wc-cancelled": "Cancelled",
    "wc-switched": "Switched",
    "wc-expired": "Expired",
    "wc-pending-cancel": "Pending Cancellation",
}


def install(app: Flask, store: SandboxStore) -> None:
    _install_subscriptions(app, store)
    _install_by_order(app, store)


def _install_subscriptions(app: Flask, store: SandboxStore) -> None:
    @app.get(f"{API}/subscriptions")
    def list_subscriptions() -> Response:
        rows = matching(store, store.documents.list("subscription"))
        wanted = request.args.get("status", "any")
        rows = [row for row in rows if wanted in ("any", row["status"])]
        return page_of(store, rows, lambda row: subscriptions.render(store, row))

    @app.post(f"{API}/subscriptions")
    def create_subscription() -> Response:
        message = "The sandbox starts subscriptions at its checkout."
        raise RestError(501, "woocommerce_rest_cannot_create", message)

    @app.get(f"{API}/subscriptions/statuses")
    def list_statuses() -> Response:
        return answer(store, _LABELS)

    @app.get(f"{API}/subscriptions/<int:subscription_id>")
    def get_subscription(subscription_id: int) -> Response:
        return answer(store, subscriptions.render(store, _subscription(store, subscription_id)))

    @app.route(
        f"{API}/subscriptions/<int:subscription_id>",
        methods=["POST", "PUT", "PATCH", "DELETE"],
    )
    def update_subscription(subscription_id: int) -> Response:
        _check_statuses()
        _subscription(store, subscription_id)
        if request.method == "DELETE":
            message = "The sandbox deletes no subscriptions."
            raise RestError(501, "woocommerce_rest_cannot_delete", message)
        try:
            _write(store, subscription_id)
        except subscriptions.TransitionImpossible:
            return critical_error(store)
        return answer(store, subscriptions.render(store, _subscription(store, subscription_id)))


def _install_by_order(app: Flask, store: SandboxStore) -> None:
    @app.get(f"{API}/subscriptions/<int:subscription_id>/orders")
    def list_orders_of_subscription(subscription_id: int) -> Response:
        subscription = store.documents.find("subscription", subscription_id)
        if subscription is None:
            code = "woocommerce_rest_invalid_shop_subscription_id"
            raise RestError(404, code, "Invalid subscription ID.")
        found = _orders_of(store, subscription)
        return page_of(store, found, lambda row: _without_refunds(orders.render(store, row)))

    @app.get(f"{API}/orders/<int:order_id>/subscriptions")
    def list_subscriptions_of_order(order_id: int) -> Response:
        if orders.find_order(store, order_id) is None:
            raise _no_order(order_id)
        rows = matching(store, subscriptions.of_order(store, order_id))
        return page_of(store, rows, lambda row: subscriptions.render(store, row))

    @app.post(f"{API}/orders/<int:order_id>/subscriptions")
    def start_subscriptions_of_order(order_id: int) -> Response:
        order = store.documents.find("order", order_id)
        if order is None:
            raise _no_order(order_id)
        started = subscriptions.start_for_order(store, order)
        for one in started:
            # Only the update is announced here, never the creation (B12).
            store.webhooks.announce("subscription.updated", one["id"])
        return answer(store, [subscriptions.render(store, one) for one in started])


def _no_order(order_id: int) -> RestError:
    message = f"Failed to load order object with the ID {order_id}."
    return RestError(404, "woocommerce_rest_invalid_order_id", message)


def _without_refunds(order: Document) -> Document:
    # This list shows orders through an older controller, which knows neither field.
    return {key: order[key] for key in order if key not in ("refunds", "currency_symbol")}


def _subscription(store: SandboxStore, subscription_id: int) -> Document:
    found = store.documents.find("subscription", subscription_id)
    if found is None:
        # 400 where every other object answers 404 (C3); an order's id is unknown here too.
        raise invalid_id("shop_subscription", 400)
    return found


def _check_statuses() -> None:
    for name in ("status", "transition_status"):
        status = body_text(name)
        if status is not None and status not in subscriptions.STATUSES:
            raise not_one_of(name, subscriptions.STATUSES)


def _write(store: SandboxStore, subscription_id: int) -> None:
    if status := g.body.get("status"):
        subscriptions.write_status(store, subscription_id, status)
    if status := g.body.get("transition_status"):
        subscriptions.transition(store, subscription_id, status)


def _orders_of(store: SandboxStore, subscription: Document) -> list[Document]:
    """Renewals newest first, then the order that started it, each with its `order_type`."""
    renewals = subscriptions.renewals_of(store, subscription["id"])
    found = [{**order, "order_type": "renewal_order"} for order in renewals]
    parent = store.documents.find("order", subscription["parent_id"])
    if parent:
        found.append({**parent, "order_type": "parent_order"})
    return found
