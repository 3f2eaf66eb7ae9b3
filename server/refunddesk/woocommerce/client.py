"""A store's REST API: reads that are retried, writes that are sent once, answers that are JSON.

The pinned `woocommerce` package spells and signs the requests; `transport` sends them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import woocommerce

from refunddesk import clock
from refunddesk.version import __version__
from refunddesk.woocommerce.access import (
    StoreAccess,
    StoreAccessUnusable,
    redact,
    usable_address,
)
from refunddesk.woocommerce.errors import (
    StoreCallFailed,
    StoreGarbled,
    StoreRefused,
    StoreUnreachable,
    error_of,
)
from refunddesk.woocommerce.fields import id_of
from refunddesk.woocommerce.strictjson import IllJson, read_json
from refunddesk.woocommerce.transport import (
    Answer,
    AnswerTooLong,
    Monotonic,
    NoAnswer,
    Waits,
    open_session,
    send,
)

USER_AGENT = f"RefundDesk/{__version__}"
PER_PAGE = 100
# The gateway may answer after 70 s and twice; the web server in front allows 150 s at most.
REFUND_WAITS = Waits(connect=5.0, read=160.0)
_PAUSES = (0.5, 1.5)
_PASSING = frozenset({502, 503, 504})
_MOST_PAGES = 100
_GATEWAY_ID = re.compile(r"[A-Za-z0-9_\-]{1,100}")  # what the route takes
_NOT_A_SUBSCRIPTION = frozenset(
    {"woocommerce_rest_shop_subscription_invalid_id", "rest_no_route"}  # or no such plugin
)

Json = dict[str, Any]

__all__ = [
    "StoreAccess",
    "StoreAccessUnusable",
    "StoreCallFailed",
    "StoreClient",
    "StoreGarbled",
    "StoreRefused",
    "StoreUnreachable",
]


class StoreClient:
    """The calls Refund Desk makes to one store. May be shared by threads; close it when done.

    Every call raises StoreUnreachable, StoreRefused or StoreGarbled. Reads are tried up to
    three times; writes are sent once, over a connection of their own.
    """

    def __init__(
        self,
        access: StoreAccess,
        *,
        waits: Waits | None = None,
        refund_waits: Waits = REFUND_WAITS,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Monotonic = clock.monotonic,
    ) -> None:
        self._url = usable_address(access)
        self._access = access
        self._waits = waits or Waits()
        self.refund_waits = refund_waits
        self._sleep = sleep
        self.monotonic = monotonic
        self._session = open_session(allow_private=access.allow_private)
        self._api = self._routes("wc/v3")
        self._bridge_api = self._routes("wc-refund-desk/v1")

    def _routes(self, version: str) -> woocommerce.API:
        return woocommerce.API(
            self._url,
            self._access.consumer_key,
            self._access.consumer_secret,
            version=version,
            verify_ssl=self._access.ca_file or True,
            user_agent=USER_AGENT,
        )

    def __repr__(self) -> str:
        return f"StoreClient({self._url!r})"

    def __enter__(self) -> StoreClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that were kept for further reads."""
        self._session.close()

    # -- orders and refunds

    def get_order(self, woo_order_id: int) -> Json:
        return self._get_object(f"orders/{_id(woo_order_id)}")

    def find_order(self, woo_order_id: int) -> Json | None:
        """The order, or None when the store says that it has none of this id."""
        try:
            return self.get_order(woo_order_id)
        except StoreRefused as refusal:
            if refusal.code == "woocommerce_rest_shop_order_invalid_id":
                return None
            raise

    def list_orders(self, modified_after: datetime, page: int = 1) -> list[Json]:
        """One page of up to 100 orders changed after an instant, the longest unchanged first."""
        params = {
            "modified_after": _gmt(modified_after),
            "dates_are_gmt": "true",  # else the store's local time, with holes at DST
            "orderby": "modified",
            "order": "asc",
            "page": str(page),
            "per_page": str(PER_PAGE),
        }
        return self._get_list("orders", params)

    def touch_order(self, woo_order_id: int) -> None:
        """Save an order as it is: the store then delivers order.updated for it."""
        self._write_object("PUT", f"orders/{_id(woo_order_id)}", {})

    def list_order_refunds(self, woo_order_id: int) -> list[Json]:
        """All refund rows of an order; also empty for an order the store does not have."""
        return self._get_all(f"orders/{_id(woo_order_id)}/refunds")

    def get_order_refund(self, woo_order_id: int, woo_refund_id: int) -> Json:
        return self._get_object(f"orders/{_id(woo_order_id)}/refunds/{_id(woo_refund_id)}")

    def list_refunds(self, after: datetime) -> list[Json]:
        """All refund rows of the store made after an instant (WooCommerce 9.0 and later)."""
        return self._get_all("refunds", {"after": _gmt(after), "dates_are_gmt": "true"})

    def list_order_notes(self, woo_order_id: int) -> list[Json]:
        return self._get_list(f"orders/{_id(woo_order_id)}/notes")

    # -- subscriptions

    def get_subscription(self, woo_subscription_id: int) -> Json:
        return self._get_object(f"subscriptions/{_id(woo_subscription_id)}")

    def find_subscription(self, woo_subscription_id: int) -> Json | None:
        """The subscription, or None when the id is not one, as for the id of an order."""
        try:
            return self.get_subscription(woo_subscription_id)
        except StoreRefused as refusal:
            if refusal.code in _NOT_A_SUBSCRIPTION:
                return None
            raise

    def list_order_subscriptions(self, woo_order_id: int) -> list[Json]:
        """The subscriptions begun by an order; none where the plugin is not installed."""
        try:
            return self._get_list(f"orders/{_id(woo_order_id)}/subscriptions")
        except StoreRefused as refusal:
            if refusal.code == "rest_no_route":
                return []
            raise

    def list_subscription_orders(self, woo_subscription_id: int) -> list[Json]:
        """Its orders, each with `order_type` parent_order or renewal_order."""
        return self._get_list(f"subscriptions/{_id(woo_subscription_id)}/orders")

    # -- the store itself

    def get_product(self, woo_product_id: int) -> Json:
        return self._get_object(f"products/{_id(woo_product_id)}")

    def get_payment_gateway(self, gateway_id: str) -> Json:
        """The gateway; `method_supports` lists "refunds" when it can send money back."""
        if not _GATEWAY_ID.fullmatch(gateway_id):
            raise ValueError(f"{gateway_id!r} is not the id of a payment gateway")
        return self._get_object(f"payment_gateways/{gateway_id}")

    def find_payment_gateway(self, gateway_id: str) -> Json | None:
        """The gateway, or None: an order's payment_method may be empty or name one long gone."""
        if not _GATEWAY_ID.fullmatch(gateway_id):
            return None
        try:
            return self.get_payment_gateway(gateway_id)
        except StoreRefused as refusal:
            if refusal.code == "woocommerce_rest_payment_gateway_invalid":
                return None
            raise

    def get_store_index(self) -> Json:
        """WordPress' own description of the site: `name`, `timezone_string`, `gmt_offset`."""
        return self._object("GET index", self.ask_index())

    def ask_index(self) -> Answer:
        """The answer of the page anyone may read, whatever its status."""

        def ask(_: str, **options: Any) -> Answer:
            return send("GET", f"{self._url}/wp-json/", headers=headers, **options)

        headers = {"user-agent": USER_AGENT, "accept": "application/json"}
        options = {"verify": self._access.ca_file or True}
        return self._read("GET index", ask, "", **options)

    # -- webhooks

    def list_webhooks(self) -> list[Json]:
        return self._get_all("webhooks")

    def get_webhook(self, woo_webhook_id: int) -> Json:
        return self._get_object(f"webhooks/{_id(woo_webhook_id)}")

    def create_webhook(self, *, name: str, topic: str, delivery_url: str, secret: str) -> Json:
        """Make a webhook. The store pings `delivery_url` at once and never shows the secret."""
        body = {"name": name, "topic": topic, "delivery_url": delivery_url, "secret": secret}
        return self._write_object("POST", "webhooks", body)

    def update_webhook(self, woo_webhook_id: int, changes: Mapping[str, str]) -> Json:
        return self._write_object("PUT", f"webhooks/{_id(woo_webhook_id)}", dict(changes))

    # -- one call

    def post_once(
        self, path: str, body: Json, *, waits: Waits, key: str, to_bridge: bool = False
    ) -> Answer:
        """POST and hand over the answer whatever its status; raises NoAnswer, AnswerTooLong.

        `to_bridge` calls the route of this path that the store's bridge has, or none.
        """
        api = self._bridge_api if to_bridge else self._api
        return self._write("POST", path, body, waits=waits, key=key, api=api)

    def ask_bridge(self, path: str) -> Json:
        """What the store's bridge says. Without a bridge StoreRefused is raised (rest_no_route)."""
        call = f"GET bridge {path}"
        return self._object(call, self._read(call, self._bridge_api.get, path))

    def tell_bridge(self, path: str, body: Json | None = None) -> Json:
        """POST to the store's bridge what may safely be said twice."""
        return self._write_object("POST", path, body or {}, api=self._bridge_api)

    def change(self, path: str, changes: Json) -> Json:
        """PUT once; the object afterwards. What ends things for good is in `endings`."""
        return self._write_object("PUT", path, changes)

    def list_page(self, path: str, params: Mapping[str, str]) -> list[Json]:
        """One page of any list, by WooCommerce's own parameters; see `listings` for who asks."""
        return self._get_list(path, params)

    def redact(self, text: str) -> str:
        """`text` without this store's keys, on one line, cut to 300 characters."""
        return redact(text, self._access)

    def _get_object(self, path: str) -> Json:
        call = f"GET {path}"
        return self._object(call, self._read(call, self._api.get, path))

    def _get_list(self, path: str, params: Mapping[str, str] | None = None) -> list[Json]:
        call = f"GET {path}"
        answer = self._read(call, self._api.get, path, params=dict(params or {}))
        value = self._json(call, answer)
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise StoreGarbled(call, answer.status, "a list of objects was expected")
        return value

    def _get_all(self, path: str, params: Mapping[str, str] | None = None) -> list[Json]:
        """Every page of a list, each entry once: pages shift while new rows come in."""
        found: dict[object, Json] = {}
        for page in range(1, _MOST_PAGES + 1):
            paging = {"page": str(page), "per_page": str(PER_PAGE)}
            entries = self._get_list(path, {**(params or {}), **paging})
            for entry in entries:
                found[id_of(entry.get("id")) or len(found)] = entry
            if len(entries) < PER_PAGE:
                return list(found.values())
        raise StoreGarbled(f"GET {path}", 200, f"more than {_MOST_PAGES} pages")

    def _read(self, call: str, ask: Callable[..., Answer], path: str, **options: Any) -> Answer:
        """Ask up to three times while the trouble may pass. Time-outs are not tried again: the
        job that reads has to end within a minute.
        """
        options |= {"session": self._session, "waits": self._waits, "monotonic": self.monotonic}
        for pause in (*_PAUSES, None):
            try:
                answer = ask(path, **options)
            except NoAnswer as trouble:
                if pause is None or trouble.too_slow:
                    raise StoreUnreachable(call, str(trouble), not_sent=trouble.not_sent) from None
            except AnswerTooLong as fault:
                raise StoreGarbled(call, fault.status, str(fault)) from None
            else:
                if pause is None or answer.status not in _PASSING:
                    return answer
            self._sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _write_object(
        self, method: str, path: str, body: Json, api: woocommerce.API | None = None
    ) -> Json:
        call = f"{method} {path}"
        try:
            answer = self._write(method, path, body, waits=self._waits, api=api)
        except NoAnswer as trouble:
            raise StoreUnreachable(call, str(trouble), not_sent=trouble.not_sent) from None
        except AnswerTooLong as fault:
            raise StoreGarbled(call, fault.status, str(fault)) from None
        return self._object(call, answer)

    def _write(
        self,
        method: str,
        path: str,
        body: Json,
        *,
        waits: Waits,
        key: str | None = None,
        api: woocommerce.API | None = None,
    ) -> Answer:
        # A kept connection may have been closed by the store just now: the write would fail
        # after its first byte, and nobody could say whether it was carried out.
        with open_session(allow_private=self._access.allow_private) as session:
            routes = api or self._api
            ask = routes.post if method == "POST" else routes.put
            options = {"session": session, "waits": waits, "monotonic": self.monotonic, "key": key}
            answer: Answer = ask(path, body, **options)
            return answer

    def _object(self, call: str, answer: Answer) -> Json:
        value = self._json(call, answer)
        if not isinstance(value, dict):
            raise StoreGarbled(call, answer.status, "an object was expected")
        return value

    def _json(self, call: str, answer: Answer) -> Any:
        if not 200 <= answer.status < 300:
            raise self.refusal(call, answer)
        try:
            return read_json(answer.body)
        except IllJson as fault:
            raise StoreGarbled(call, answer.status, str(fault)) from None

    def refusal(self, call: str, answer: Answer) -> StoreRefused:
        """The error an answer outside 2xx stands for."""
        code, message = error_of(answer.body)
        points_to = urlsplit(answer.location).path or "/" if answer.location else None
        if not 300 <= answer.status < 400:
            points_to = None
        return StoreRefused(
            call,
            answer.status,
            code,
            self.redact(message),
            self.redact(points_to) if points_to else None,
        )


def _id(woo_id: int) -> int:
    if id_of(woo_id) is None:
        raise ValueError(f"{woo_id!r} is not an id of a store's object")
    return woo_id


def _gmt(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("an instant needs its timezone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
