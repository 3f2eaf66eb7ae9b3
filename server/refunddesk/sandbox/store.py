"""The sandbox store itself: its settings, its memory, and the way in for tests."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from refunddesk import clock as real_clock
from refunddesk.clock import Clock
from refunddesk.money import Money
from refunddesk.sandbox import catalog, orders, replay, subscriptions
from refunddesk.sandbox.amounts import rounded
from refunddesk.sandbox.bridge import Bridge
from refunddesk.sandbox.documents import Document, Documents
from refunddesk.sandbox.faults import Faults
from refunddesk.sandbox.gateway import Gateway
from refunddesk.sandbox.webhooks import Webhooks

#: Recorded objects come with their own ids; what the sandbox makes is numbered above them.
_RECORDED_UP_TO = 999


class StoreClosed(RuntimeError):
    """The sandbox shut down while a request was still waiting in it; the request is dropped."""


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What a store owner sets once. The tax applies to customers of `tax_country`."""

    name: str = "Sandbox Store"
    currency: str = "EUR"
    decimals: int = 2
    timezone: str = "Europe/Berlin"
    tax_country: str = "DE"
    tax_percent: Decimal = Decimal(19)
    tax_label: str = "MwSt."


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key pair of the REST API; `permissions` is "read" or "read_write"."""

    consumer_key: str
    consumer_secret: str
    permissions: str


class SandboxStore:
    """One store. `path` is a SQLite file that a later start finds again, or ":memory:".

    Every method may be called from any thread, and requests really run at the same time.
    """

    def __init__(
        self,
        path: str = ":memory:",
        *,
        clock: Clock = real_clock.now,
        settings: StoreSettings | None = None,
    ) -> None:
        self.settings = settings or StoreSettings()
        self.clock = clock
        #: Where the store says it lives; `serve` sets it.
        self.site_url = "https://sandbox.localhost"
        self.documents = Documents(path)
        self.faults = Faults()
        self.gateway = Gateway(self.documents, self.faults, clock, self.pause)
        self.webhooks = Webhooks(self)
        self.bridge = Bridge(self)
        self._closed = threading.Event()
        with self.documents.locked():
            self.documents.reserve_number("post", _RECORDED_UP_TO)
            if self.documents.find("api_key", 1) is None:
                for number, permissions in ((1, "read_write"), (2, "read")):
                    self._make_api_key(number, permissions)
            if not self.documents.list("product"):
                catalog.stock_shelves(self)

    # -- time and money ------------------------------------------------------------------

    def now(self) -> datetime:
        return self.clock()

    def local_time(self, at: datetime) -> str:
        """The instant as WooCommerce writes it for the store's zone: no offset."""
        return f"{at.astimezone(ZoneInfo(self.settings.timezone)):%Y-%m-%dT%H:%M:%S}"

    def offset(self) -> timedelta:
        """How far the store's clocks are ahead of UTC now."""
        return self.now().astimezone(ZoneInfo(self.settings.timezone)).utcoffset() or timedelta()

    def pause(self, seconds: float) -> None:
        """Wait, as a slow store does. Raises StoreClosed when the sandbox ends meanwhile."""
        if seconds > 0 and self._closed.wait(seconds):
            raise StoreClosed("the sandbox store was closed")

    def money(self, amount: object, currency: str = "") -> Money:
        """An amount in the store's decimals, half a minor unit rounded up."""
        places = self.settings.decimals
        text = rounded(Decimal(str(amount)), places)
        return Money.parse(text, currency or self.settings.currency, places)

    # -- keys ----------------------------------------------------------------------------

    def _make_api_key(self, number: int, permissions: str) -> None:
        key = {
            "consumer_key": "ck_" + secrets.token_hex(20),
            "consumer_secret": "cs_" + secrets.token_hex(20),
            "permissions": permissions,
        }
        self.documents.put("api_key", number, key)

    @property
    def api_keys(self) -> tuple[ApiKey, ...]:
        """The read/write key first, then the read-only one."""
        return tuple(ApiKey(**row) for row in self.documents.list("api_key"))

    # -- for tests and the control page --------------------------------------------------

    def add_product(self, **fields: Any) -> Document:
        """Put a product on the shelves: sku, name, price, and what `catalog.add_product` takes."""
        return catalog.add_product(self, **fields)

    def add_order(
        self,
        line_items: Sequence[Document],
        *,
        at_checkout: bool = False,
        **request: Any,
    ) -> Document:
        """A new order, paid unless `set_paid=False`, as POST /orders would make it.

        `line_items` are `{"product_id" or "sku", "quantity"}`. With `at_checkout` the order comes
        through the shop: WooCommerce then announces the update before the creation, and
        subscriptions start for the products that are ones.
        """
        request = {"set_paid": True, "payment_method": "sandboxpay", **request}
        request["line_items"] = list(line_items)
        if at_checkout:
            return subscriptions.check_out(self, request)
        return orders.create_order(self, request)

    def add_subscription(self, sku: str = "SUB-Y", **request: Any) -> Document:
        """A subscription bought and paid in the shop; its `parent_id` is the order that paid."""
        order = self.add_order([{"sku": sku, "quantity": 1}], at_checkout=True, **request)
        return subscriptions.of_order(self, order["id"])[0]

    def add_renewal(self, subscription_id: int) -> Document:
        """The next payment of a subscription, taken: the renewal order."""
        return subscriptions.renew(self, subscription_id)

    def put_object(self, kind: str, body: Document) -> None:
        """Load a recorded "order", "subscription", "refund" or "product" as it is, by its id."""
        replay.put_object(self, kind, body)

    def order(self, order_id: int) -> Document | None:
        """The order as GET /orders/<id> shows it."""
        found = orders.find_order(self, order_id)
        return orders.render(self, found) if found else None

    def run_queue(self) -> int:
        """Deliver every waiting webhook now; answers how many went out."""
        return self.webhooks.run_queue()

    def wake(self) -> None:
        """End every request that still waits in the store, unfinished."""
        self._closed.set()

    def close(self) -> None:
        """End waiting requests and the delivery thread, and close the file."""
        self.wake()
        self.webhooks.stop_delivering()
        self.documents.close()
