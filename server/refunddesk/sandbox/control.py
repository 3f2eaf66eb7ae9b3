"""The control page under /sandbox/: see the store, buy, renew, arm faults; JSON for programs."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from refunddesk.sandbox import orders, samples, subscriptions
from refunddesk.sandbox.faults import Mode, NoSuchFault
from refunddesk.sandbox.replay import NotAnObject
from refunddesk.sandbox.store import SandboxStore

#: How many rows a page shows at most, the newest.
_SHOWN = 100


def install(app: Flask, store: SandboxStore) -> None:
    _guard(app, store)
    _install_pages(app, store)
    _install_buttons(app, store)
    _install_faults(app, store)
    _install_programs(app, store)


def _guard(app: Flask, store: SandboxStore) -> None:
    @app.before_request
    def refuse_other_sites() -> None:
        # Browsers say where a form comes from; another site must not buy or arm faults here.
        origin = request.headers.get("Sec-Fetch-Site", "none")
        is_control = request.path.startswith("/sandbox")
        if is_control and request.method == "POST" and origin not in ("none", "same-origin"):
            abort(403)

    @app.context_processor
    def everywhere() -> dict[str, Any]:
        return {"settings": store.settings, "armed": store.faults.armed}


def _newest(store: SandboxStore, kind: str) -> list[dict[str, Any]]:
    return store.documents.list(kind)[::-1][:_SHOWN]


def _install_pages(app: Flask, store: SandboxStore) -> None:
    @app.get("/sandbox/")
    def show_store() -> str:
        return render_template(
            "store.html",
            products=store.documents.list("product"),
            baskets=samples.BASKETS,
            keys=store.api_keys,
            site_url=store.site_url,
        )

    @app.get("/sandbox/orders")
    def show_orders() -> str:
        return render_template(
            "orders.html",
            orders=_newest(store, "order"),
            subscriptions=_newest(store, "subscription"),
            baskets=samples.BASKETS,
        )

    @app.get("/sandbox/orders/<int:order_id>")
    def show_order(order_id: int) -> str:
        order = orders.find_order(store, order_id)
        if order is None:
            abort(404)
        return render_template(
            "order.html",
            order=order,
            rows=store.documents.list("refund", order_id)[::-1],
            notes=store.documents.list("note", order_id)[::-1],
            movements=[one for one in store.gateway.movements if one.order_id == order_id],
            subscriptions=subscriptions.of_order(store, order_id),
        )

    @app.get("/sandbox/gateway")
    def show_gateway() -> str:
        return render_template(
            "gateway.html",
            movements=store.gateway.movements[::-1][:_SHOWN],
            totals=store.gateway.totals(),
        )

    @app.get("/sandbox/webhooks")
    def show_webhooks() -> str:
        return render_template(
            "webhooks.html",
            webhooks=store.documents.list("webhook"),
            deliveries=store.webhooks.deliveries[::-1][:_SHOWN],
            waiting=store.webhooks.waiting,
        )


def _install_buttons(app: Flask, store: SandboxStore) -> None:
    @app.post("/sandbox/orders")
    def buy() -> AnyResponse:
        basket = request.form.get("basket", "")
        if basket not in samples.BASKETS:
            abort(400)
        order = samples.buy(store, basket)
        return redirect(url_for("show_order", order_id=order["id"]), 303)

    @app.post("/sandbox/subscriptions/<int:subscription_id>/renewals")
    def renew(subscription_id: int) -> AnyResponse:
        try:
            order = store.add_renewal(subscription_id)
        except LookupError:
            abort(404)
        return redirect(url_for("show_order", order_id=order["id"]), 303)

    @app.post("/sandbox/webhooks/deliveries")
    def deliver() -> AnyResponse:
        store.run_queue()
        return redirect(url_for("show_webhooks"), 303)


def _install_faults(app: Flask, store: SandboxStore) -> None:
    @app.get("/sandbox/faults")
    def show_faults() -> str:
        return render_template("faults.html", modes=list(Mode))

    @app.post("/sandbox/faults")
    def arm_fault() -> AnyResponse:
        """Takes JSON or a form with the arguments of `Faults.arm`; a form is sent back."""
        asked = request.get_json() if request.is_json else request.form.to_dict()
        try:
            fault = store.faults.arm(**_fault_fields(asked))
        except (NoSuchFault, TypeError, ValueError) as error:
            refused = jsonify(error=str(error))
            refused.status_code = 400
            return refused
        if not request.is_json:
            return redirect(url_for("show_faults"), 303)
        armed = jsonify(fault.as_json())
        armed.status_code = 201
        return armed

    @app.post("/sandbox/faults/clear")
    def clear_faults() -> AnyResponse:
        store.faults.clear()
        return redirect(url_for("show_faults"), 303)


def _fault_fields(asked: dict[str, Any]) -> dict[str, Any]:
    """The JSON or form values in their own types; an empty `times` means until cleared."""
    fields = dict(asked)
    if "times" in fields:
        fields["times"] = int(fields["times"]) if fields["times"] else None
    fields["seconds"] = float(fields.get("seconds") or 0)
    fields["order_id"] = int(fields.get("order_id") or 0)
    return fields


def _install_programs(app: Flask, store: SandboxStore) -> None:
    @app.get("/sandbox/faults.json")
    def list_faults() -> Response:
        return jsonify([fault.as_json() for fault in store.faults.armed])

    @app.get("/sandbox/movements.json")
    def list_movements() -> Response:
        rows = [
            {
                "at": one.at.isoformat(),
                "order_id": one.order_id,
                "refund_id": one.refund_id,
                "amount": str(one.amount),
                "currency": one.currency,
                "reason": one.reason,
            }
            for one in store.gateway.movements
        ]
        return jsonify(rows)

    @app.post("/sandbox/objects")
    def load_object() -> tuple[Response, int]:
        asked = request.get_json()
        kind, body = str(asked.get("kind")), asked.get("body")
        try:
            there = store.documents.find(kind, int(body["id"]))
            if there and not orders.is_recorded(there):
                return jsonify(error=f"the sandbox has made {kind} {body['id']} itself"), 409
            store.put_object(kind, body)
        except (KeyError, NotAnObject, TypeError, ValueError) as error:
            return jsonify(error=str(error)), 400
        return jsonify(kind=kind, id=body["id"]), 201

    @app.post("/sandbox/queue")
    def run_queue() -> Response:
        return jsonify(delivered=store.run_queue())
