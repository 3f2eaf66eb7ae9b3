"""The REST routes of the bridge inside the sandbox store, as the real plugin answers them."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, Response, g

from refunddesk.sandbox import rest_orders
from refunddesk.sandbox.bridge import ANNOUNCED, PAID, VERSION
from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.rest import BRIDGE_API, RestError, answer, invalid_param
from refunddesk.sandbox.store import SandboxStore

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,63}")
#: What of an attempt the desk is told.
_TOLD = (
    *("key", "order_id", "amount", "state", "tries", "announced"),
    *("refund_id", "gateway", "gateway_said"),
)
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


def install(app: Flask, store: SandboxStore) -> None:
    bridge = store.bridge

    @app.after_request
    def say_how_far_it_came(response: Response) -> Response:
        """Also beside a refusal: one before the gateway proves that nothing was paid."""
        attempt = bridge.find(g.bridge_key) if "bridge_key" in g else None
        return _with_state(response, attempt["state"]) if attempt else response

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
            return _told(store, key, None)
        if bridge.is_busy(attempt["order_id"]):
            raise busy()
        with bridge.locked(attempt["order_id"]):
            attempt = bridge.find(key) or attempt
            if release and bridge.may_be_sent_again(attempt):
                bridge.delete_orphan(attempt)
        return _told(store, key, attempt)

    @app.post(f"{BRIDGE_API}/attempts/<key>/announce")
    def announce_attempt(key: str) -> Response:
        order_id, amount, number = _announced()
        before = bridge.find(key)
        if before and (before["order_id"], before["amount"]) != (order_id, amount):
            raise _key_reused()
        bridge.announce(key, order_id, amount, number)
        return _told(store, key, before)

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


def _announced() -> tuple[int, str, int]:
    """Order, amount and number of the call in the body, of a caller that keeps to the pattern."""
    order_id, amount, number = (g.body.get(name) for name in ("order_id", "amount", "number"))
    if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
        raise invalid_param("amount", "amount does not match pattern.", "rest_invalid_pattern")
    for name, value in (("order_id", order_id), ("number", number)):
        if not isinstance(value, int) or value < 1:
            raise invalid_param(name, f"{name} must be greater than or equal to 1")
    return order_id, amount, number


def _key_reused() -> RestError:
    return RestError(
        422,
        "refund_desk_key_reused",
        "This key belongs to another refund. Nothing was paid back.",
    )


def _said_before(
    store: SandboxStore, earlier: Document, order_id: int, amount: str
) -> Response | None:
    """What an earlier call of the same key answers; None when the refund may be made again."""
    bridge = store.bridge
    if (earlier["order_id"], earlier["amount"]) != (order_id, amount):
        raise _key_reused()
    kept: dict[str, Any] | None = earlier["answer"]
    if earlier["state"] == PAID and kept:
        return _with_state(answer(store, kept["body"], kept["status"]), PAID)
    settled = earlier["state"] != PAID and (
        g.body.get("refund_desk_settled_tries", 0) == earlier["tries"]
    )
    if settled or bridge.may_be_sent_again(earlier):
        if settled:
            bridge.settle_calls(earlier)
        bridge.delete_orphan(earlier)
        return None
    g.bridge_key = earlier["key"]
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
        g.bridge_key = key
        raise
    if made.status_code == 201:
        g.bridge_key = key
        bridge.keep_answer(key, {"status": 201, "body": made.get_json()})
    return made


def _with_state(response: Response, state: str) -> Response:
    response.headers["X-Refund-Desk-Attempt"] = state
    return response


def _told(store: SandboxStore, key: str, attempt: Document | None) -> Response:
    bridge = store.bridge
    said: Document = {"key": key, "state": "none", "announced": 0, "may_be_sent_again": True}
    if attempt is not None:
        said = {**_shown(store, attempt), "may_be_sent_again": bridge.may_be_sent_again(attempt)}
    return answer(store, {**said, "record": bridge.record})


def _shown(store: SandboxStore, attempt: Document) -> Document:
    shown = {name: attempt[name] for name in _TOLD}
    if attempt["state"] == ANNOUNCED:
        shown["state"] = "none"
    return {**shown, "honours_keys": store.gateway.honours_keys(attempt["gateway"])}


def busy() -> RestError:
    return RestError(
        409,
        "refund_desk_order_busy",
        "Another refund of this order is under way. Nothing was paid back by this request; look at "
        "the order and try again.",
    )
