"""Three ways to ask the same question of a store: recordings, the sandbox, a running WooCommerce.

A driver answers for a situation by name; `contract_situations` says how each comes about.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import requests

from refunddesk.sandbox.server import RunningSandbox

DATA = Path(__file__).parent / "data"
API = "/wp-json/wc/v3"


class NotRecorded(Exception):
    """The recordings hold no answer for this situation."""


class CannotBeArranged(Exception):
    """This store cannot be brought into the situation, and why."""


@dataclass(frozen=True)
class Exchange:
    """One answer of a store: `body` is parsed JSON, or text where it was none."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Received:
    """One call a store made to a webhook receiver."""

    topic: str  # "ping" for a ping
    headers: dict[str, str]
    body: bytes
    path: str = "/"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


# -- recordings ------------------------------------------------------------------------------


class Recordings:
    """Folders laid out as the shared captures, `rest/` and `deliveries/`; the first one wins."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders

    def _files(self, pattern: str) -> list[Path]:
        """The matching files, each name once."""
        found = {
            path.name: path for folder in reversed(self._folders) for path in folder.glob(pattern)
        }
        return [found[name] for name in sorted(found)]

    def exchanges(self) -> Iterator[tuple[str, Exchange]]:
        """Every recorded answer with the path that was asked for."""
        for path in self._files("rest/*.json"):
            recorded = json.loads(path.read_text())
            headers = recorded["response_headers"] or {}
            yield recorded["path"], Exchange(recorded["status"], headers, recorded["response"])

    def exchange(self, capture: str) -> Exchange:
        files = self._files(f"rest/hpos-{capture}.json")
        if not files:
            raise NotRecorded(capture)
        recorded = json.loads(files[0].read_text())
        return Exchange(recorded["status"], recorded["response_headers"], recorded["response"])

    def deliveries(self, label: str) -> list[Received]:
        """What came in under this label, in the order it came."""
        found = []
        for path in self._files(f"deliveries/hpos-{label}-*.json"):
            recorded = json.loads(path.read_text())
            if recorded["label"] != label:
                continue
            headers = dict(recorded["headers"])
            topic = headers.get("X-WC-Webhook-Topic", "ping")
            body = path.with_suffix(".body").read_bytes()
            found.append((recorded["n"], Received(topic, headers, body)))
        if not found:
            raise NotRecorded(label)
        return [received for _, received in sorted(found, key=lambda pair: int(pair[0]))]


# -- live stores -----------------------------------------------------------------------------


class Control(Protocol):
    """What a live store can be told beside its API. Amounts are texts as the gateway got them."""

    gateway: str
    gateway_with_keys: str

    def break_gateway(self, how: str, order_id: int, seconds: float = 0) -> None: ...

    def moved(self, order_id: int) -> list[str]: ...

    def run_queue(self) -> None: ...

    def check_out(self) -> int:
        """Buy the yearly subscription in the shop; answers the order's id."""

    def renew(self, subscription_id: int) -> int: ...


class LiveStore:
    """A store that is running now, spoken to over https as Refund Desk does."""

    def __init__(
        self,
        url: str,
        key: str,
        secret: str,
        ca_file: str | bool,
        control: Control,
        read_only_auth: tuple[str, str] | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.key = key
        self._read_only_auth = read_only_auth
        self.control = control
        self._auth = (key, secret)
        self._verify = ca_file
        self._skus: dict[str, int] = {}

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        auth: tuple[str, str] | None = None,
        timeout: float = 60,
        api: str = API,
    ) -> Exchange:
        """One request; `path` is under `api`. Raises requests.Timeout."""
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method,
                self.url + api + path,
                json=body,
                auth=auth or self._auth,
                verify=self._verify,
                timeout=timeout,
                allow_redirects=False,
            )
        try:
            parsed = answer.json()
        except ValueError:
            parsed = answer.text
        return Exchange(answer.status_code, dict(answer.headers), parsed)

    @property
    def read_only_auth(self) -> tuple[str, str]:
        if self._read_only_auth is None:
            raise CannotBeArranged("WOOCOMMERCE_READ_ONLY_KEY and its secret are not set")
        return self._read_only_auth

    def get(self, path: str) -> Exchange:
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, **options: Any) -> Exchange:
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any) -> Exchange:
        return self.call("PUT", path, body)

    def delete(self, path: str) -> Exchange:
        return self.call("DELETE", path)

    def product(self, sku: str) -> int:
        if sku not in self._skus:
            found = self.get(f"/products?sku={sku}").body
            assert found, f"the store sells no {sku}"
            self._skus[sku] = found[0]["id"]
        return self._skus[sku]

    def order(self, **changes: Any) -> dict[str, Any]:
        """An order of 236.13 with three products, a fee and shipping, paid unless told not."""
        return dict(self.post_order(**changes).body)

    def post_order(self, **changes: Any) -> Exchange:
        request = {
            "payment_method": self.control.gateway,
            "payment_method_title": "Card",
            "set_paid": True,
            "billing": {
                "first_name": "Karla",
                "last_name": "Kunde",
                "address_1": "Weg 1",
                "city": "Berlin",
                "postcode": "10115",
                "country": "DE",
                "email": "karla.kunde@example.test",
            },
            "line_items": [
                {"product_id": self.product("LIC-1"), "quantity": 1},
                {"product_id": self.product("DOM-1"), "quantity": 3},
                {"product_id": self.product("SUP-1"), "quantity": 1},
            ],
            "fee_lines": [{"name": "Card fee", "total": "1.50", "tax_status": "taxable"}],
            "shipping_lines": [
                {"method_id": "flat_rate", "method_title": "Flat rate", "total": "4.90"}
            ],
            **changes,
        }
        return self.post("/orders", request)

    def small_order(self, **changes: Any) -> dict[str, Any]:
        """An order of 117.81: one licence and its tax."""
        lines = [{"product_id": self.product("LIC-1"), "quantity": 1}]
        return self.order(line_items=lines, fee_lines=[], shipping_lines=[], **changes)

    def refund(self, order_id: int, body: Any, **options: Any) -> Exchange:
        return self.post(f"/orders/{order_id}/refunds", body, **options)

    def subscription(self) -> dict[str, Any]:
        """A yearly subscription bought in the shop and active."""
        order_id = self.control.check_out()
        return dict(self.get(f"/orders/{order_id}/subscriptions").body[0])


class SandboxControl:
    """Tells the sandbox in this process."""

    gateway = "sandboxpay"
    gateway_with_keys = "sandboxkeys"
    _MODES: ClassVar = {
        "decline": "decline",
        "false": "returns_false",
        "throw": "throws_before_money",
        "ok_then_throw": "throws_after_money",
        "ok_then_die": "dies_after_money",
        "ok_then_kill": "dies_after_money",
        "kill_before": "dies_before_money",
        "kill_early": "dies_before_row",
        "hang": "hangs_before_money",
        "ok_then_hang": "hangs_after_money",
    }

    def __init__(self, running: RunningSandbox) -> None:
        self._store = running.store

    def break_gateway(self, how: str, order_id: int, seconds: float = 0) -> None:
        if how == "ok":
            return
        death = "json_500" if how == "ok_then_die" else "html_502" if "kill" in how else ""
        times = None if "hang" in how else 1
        self._store.faults.arm(
            self._MODES[how], order_id=order_id, seconds=seconds, message=death, times=times
        )

    def moved(self, order_id: int) -> list[str]:
        return [
            str(one.amount) for one in self._store.gateway.movements if one.order_id == order_id
        ]

    def run_queue(self) -> None:
        self._store.run_queue()

    def check_out(self) -> int:
        return int(self._store.add_order([{"sku": "SUB-Y"}], at_checkout=True)["id"])

    def renew(self, subscription_id: int) -> int:
        return int(self._store.add_renewal(subscription_id)["id"])


class PluginControl:
    """Tells a WooCommerce that has wp-bridge/tests/store: routes under /wp-json/rig/v1.

    A store without that plugin answers 404 there, and what needs it is skipped.
    """

    gateway = "rigpay"
    gateway_with_keys = "rigkeys"
    _MODES: ClassVar = {
        "throw": "throw_before",
        "ok_then_die": "ok_then_fatal",
        "hang": "hang_before",
        "ok_then_hang": "hang_after",
    }

    def __init__(self, url: str, key: str, secret: str, ca_file: str | bool) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = (key, secret)
        self._session.verify = ca_file

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(
            method, f"{self._url}/wp-json/rig/v1{path}", json=body, timeout=120
        )
        if answer.status_code == 404:
            raise CannotBeArranged("the store has no gateway that can be told to fail")
        answer.raise_for_status()
        return answer.json()

    def break_gateway(self, how: str, order_id: int, seconds: float = 0) -> None:
        # The plugin counts whole seconds.
        whole = max(1, round(seconds)) if seconds else 0
        times = 0 if "hang" in how else 1
        mode = {
            "mode": self._MODES.get(how, how),
            "order": order_id,
            "seconds": whole,
            "times": times,
        }
        self._call("POST", "/mode", mode)

    def moved(self, order_id: int) -> list[str]:
        rows = self._call("GET", f"/movements?order={order_id}")
        return [row["amount"] for row in rows if row["kind"] == "refund"]

    def run_queue(self) -> None:
        self._call("POST", "/run")

    def check_out(self) -> int:
        self._call("GET", "/mode")
        shop = f"{self._url}/wp-json/wc/store/v1"
        with requests.Session() as buyer:
            buyer.trust_env = False
            buyer.verify = self._session.verify
            cart = buyer.get(f"{shop}/cart", timeout=60)
            names = ("Nonce", "Cart-Token")
            headers = {name: cart.headers[name] for name in names}
            sub = {"id": self._subscription_product(), "quantity": 1}
            buyer.post(f"{shop}/cart/add-item", json=sub, headers=headers, timeout=60)
            address = {
                "first_name": "Karla", "last_name": "Kunde", "address_1": "Weg 1",
                "city": "Berlin", "postcode": "10115", "country": "DE",
                "email": f"karla.{time.monotonic_ns()}@example.test",
            }  # fmt: skip
            order = {
                "billing_address": address,
                "create_account": True,
                "payment_method": self.gateway,
                "payment_data": [],
            }
            bought = buyer.post(f"{shop}/checkout", json=order, headers=headers, timeout=60)
        bought.raise_for_status()
        return int(bought.json()["order_id"])

    def _subscription_product(self) -> int:
        found = self._session.get(f"{self._url}{API}/products?sku=SUB-Y", timeout=60).json()
        return int(found[0]["id"])

    def renew(self, subscription_id: int) -> int:
        return int(self._call("POST", "/renew", {"subscription": subscription_id})["order_id"])


def real_store() -> LiveStore | None:
    """The running WooCommerce the environment names, if any."""
    url = os.environ.get("WOOCOMMERCE_URL")
    if not url:
        return None
    key, secret = os.environ["WOOCOMMERCE_KEY"], os.environ["WOOCOMMERCE_SECRET"]
    ca_file: str | bool = os.environ.get("WOOCOMMERCE_CA_FILE") or True
    reading = os.environ.get("WOOCOMMERCE_READ_ONLY_KEY")
    read_only = (reading, os.environ["WOOCOMMERCE_READ_ONLY_SECRET"]) if reading else None
    control = PluginControl(url, key, secret, ca_file)
    return LiveStore(url, key, secret, ca_file, control, read_only)
