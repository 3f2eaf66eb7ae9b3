"""The REST routes of the bridge inside the sandbox store, as the real plugin answers them."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, Response, g

from refunddesk.sandbox import rest_orders
from refunddesk.sandbox.bridge import PAID, VERSION
from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.rest import BRIDGE_API, RestError, answer, invalid_param
from refunddesk.sandbox.store import SandboxStore

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,63}")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


def install(app: Flask, store: SandboxStore) -> None:
    bridge = store.bridge

    @app.get(f"{BRIDGE_API}/status")
    def bridge_status() -> Response:
        versions = {"woocommerce": "10.0.2", "wordpress": "6.8.8", "php": "8.2.36"}
        return answer(store, {"bridge": VERSION, "record": bridge.record, **versions})

    @app.post(f"{BRIDGE_API}/disconnect")
    def disconnect() -> Response:
        bridge.is_connected = False
        return answer(store, {"disconnected": True})

    @app.get(f"{BRIDGE_API}/attempts/<key>")
    def show_attempt(key: str) -> Response:
        return _tell(key, release=False)

    @app.post(f"{BRIDGE_API}/attempts/<key>/release")
    def release_attempt(key: str) -> Response:
        return _tell(key, release=True)

    def _tell(key: str, *, release: bool) -> Response:
        attempt = bridge.find(key)
        if attempt is None:
            nothing = {"key": key, "state": "none", "may_be_sent_again": True}
            return answer(store, {**nothing, "record": bridge.record})
        if bridge.is_busy(attempt["order_id"]):
            raise _busy()
        with bridge.locked(attempt["order_id"]):
            attempt = bridge.find(key) or attempt
            if release and bridge.may_be_sent_again(attempt):
                bridge.delete_orphans(attempt)
        again = bridge.may_be_sent_again(attempt)
        return answer(
            store,
            {**_shown(store, attempt), "may_be_sent_again": again, "record": bridge.record},
        )

    @app.post(f"{BRIDGE_API}/orders/<int:order_id>/refunds")
    def refund_by_bridge(order_id: int) -> Response:
        key, amount = _checked()
        with bridge.locked(order_id):
            earlier = bridge.find(key)
            said = _said_before(store, earlier, order_id, amount) if earlier else None
            return said or _attempt(store, order_id, key, amount)


def _checked() -> tuple[str, str]:
    """Key and amount of the body, refused as WordPress refuses what does not fit a pattern."""
    for name, pattern in (("refund_desk_key", _KEY), ("amount", _AMOUNT)):
        value = g.body.get(name)
        if value is None:
            data = {"status": 400, "params": [name]}
            raise RestError(
                400, "rest_missing_callback_param", f"Missing parameter(s): {name}", data
            )
        if not isinstance(value, str):
            raise invalid_param(name, f"{name} is not of type string.")
        if not pattern.fullmatch(value):
            raise invalid_param(name, f"{name} does not match pattern.", "rest_invalid_pattern")
    return g.body["refund_desk_key"], g.body["amount"]


def _said_before(
    store: SandboxStore, earlier: Document, order_id: int, amount: str
) -> Response | None:
    """What an earlier call of the same key answers; None when the refund may be made again."""
    bridge = store.bridge
    if (earlier["order_id"], earlier["amount"]) != (order_id, amount):
        raise RestError(
            422,
            "refund_desk_key_reused",
            "This key belongs to another refund. Nothing was paid back.",
        )
    kept: dict[str, Any] | None = earlier["answer"]
    if earlier["state"] == PAID and kept:
        return answer(store, kept["body"], kept["status"])
    settled = g.body.get("refund_desk_settled_tries") == earlier["tries"]
    if bridge.may_be_sent_again(earlier) or (settled and earlier["state"] != PAID):
        bridge.delete_orphans(earlier)
        return None
    data = {"status": 409, "attempt": _shown(store, earlier)}
    raise RestError(
        409,
        "refund_desk_outcome_unknown",
        "The gateway was called for this refund before. It was not called again.",
        data,
    )


def _attempt(store: SandboxStore, order_id: int, key: str, amount: str) -> Response:
    bridge = store.bridge
    bridge.begin(key, order_id, amount)
    try:
        made = rest_orders.make_refund(store, order_id, key=key, calling=bridge.watching(key))
    except RestError as refused:
        body = {"code": refused.code, "message": refused.message, "data": refused.data}
        bridge.keep_answer(key, {"status": refused.status, "body": body})
        raise
    if made.status_code == 201:
        bridge.keep_answer(key, {"status": 201, "body": made.get_json()})
    return made


def _shown(store: SandboxStore, attempt: Document) -> Document:
    names = ("key", "order_id", "amount", "state", "tries", "refund_id", "gateway", "gateway_said")
    shown = {name: attempt[name] for name in names}
    return {**shown, "honours_keys": store.gateway.honours_keys(attempt["gateway"])}


def _busy() -> RestError:
    return RestError(
        409,
        "refund_desk_order_busy",
        "Another refund of this order is under way. Nothing was paid back by this request; look at "
        "the order and try again.",
    )
