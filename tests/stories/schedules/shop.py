"""A sandbox store worked on step by step, and a client that reaches it without a network."""

from __future__ import annotations

import sqlite3
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import urlencode

from werkzeug.test import run_wsgi_app

from refunddesk.clock import Clock
from refunddesk.sandbox.app import create_sandbox_app
from refunddesk.sandbox.bridge import Bridge
from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.front import ConnectionCut
from refunddesk.sandbox.rest_bridge import busy
from refunddesk.sandbox.store import SandboxStore
from refunddesk.woocommerce.client import StoreAccess, StoreClient
from refunddesk.woocommerce.transport import Answer, NoAnswer, Waits, encode_exactly

URL = "https://sandbox.localhost"
#: What a PHP process writes one after the other while it works on a refund (A2); the bridge's notes
#: are committed one by one.
_STEPS = frozenset({"refund", "movement", "note", "order", "attempt"})
#: Seconds for which the bridge waits while another refund of the order is under way.
_PATIENCE = 30.0
BRIDGE = "wc-refund-desk/v1"
#: Waits until something is so, not longer than these seconds; whether it is.
Wait = Callable[[Callable[[], bool], float], bool]


class SteppedBridge(Bridge):
    """An order's lock is waited for as a moment of the schedule; a process that dies drops it."""

    wait: Wait = staticmethod(lambda is_free, _seconds: is_free())

    def __init__(self, store: SandboxStore) -> None:
        super().__init__(store)
        self._held: set[int] = set()

    @contextmanager
    def locked(self, order_id: int) -> Iterator[None]:
        if not self.wait(lambda: order_id not in self._held, _PATIENCE):
            raise busy()
        self._held.add(order_id)
        try:
            yield
        finally:
            self._held.discard(order_id)

    def is_busy(self, order_id: int) -> bool:
        return order_id in self._held


class SteppedStore(SandboxStore):
    """`on_step` is told after each thing that a request has written; `nap` lets it wait."""

    on_step: Callable[[str], None] = staticmethod(lambda _name: None)
    nap: Callable[[float], None] = staticmethod(lambda _seconds: None)

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock=clock)
        self.bridge: SteppedBridge = SteppedBridge(self)
        put = self.documents.put

        def put_and_tell(kind: str, number: int, body: Document, parent_id: int = 0) -> None:
            put(kind, number, body, parent_id)
            # Within a transaction of the store's nobody can come between.
            if kind in _STEPS and not self.documents._depth:
                self.on_step(f"{kind} written")

        pay_back = self.gateway.pay_back

        def tell_and_pay_back(**call: Any) -> str:
            self.on_step("row saved")
            return pay_back(**call)

        self.documents.put = put_and_tell  # type: ignore[method-assign]
        self.gateway.pay_back = tell_and_pay_back  # type: ignore[method-assign]
        self._http = create_sandbox_app(self)

    def pause(self, seconds: float) -> None:
        if seconds > 0:
            self.nap(seconds)

    def answer(
        self, method: str, path: str, params: Mapping[str, str] | None, body: object
    ) -> Answer:
        """Work one request off, here and now. Raises NoAnswer where the connection breaks."""
        key = self.api_keys[0]
        authorization = b64encode(f"{key.consumer_key}:{key.consumer_secret}".encode()).decode()
        data = b"" if body is None else encode_exactly(body).encode()
        # By hand: a test client takes as long to describe a request as the store to answer it.
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": f"/wp-json/{'' if path.startswith(BRIDGE) else 'wc/v3/'}{path}",
            "QUERY_STRING": urlencode(params or {}),
            "SERVER_NAME": "sandbox.localhost",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "sandbox.localhost",
            "HTTP_AUTHORIZATION": f"Basic {authorization}",
            "CONTENT_LENGTH": str(len(data)),
            "CONTENT_TYPE": "application/json" if data else "",
            "wsgi.url_scheme": "https",
            "wsgi.input": BytesIO(data),
            "wsgi.errors": sys.stderr,
        }
        try:
            chunks, status, headers = run_wsgi_app(self._http, environ, buffered=True)
        except ConnectionCut:
            raise NoAnswer("the connection was closed", not_sent=False) from None
        return Answer(
            int(status.split()[0]),
            b"".join(chunks),
            headers.get("Location"),
            attempt=headers.get("X-Refund-Desk-Attempt"),
        )

    def image(self) -> sqlite3.Connection:
        """A copy of all that the store remembers."""
        kept = sqlite3.connect(":memory:", check_same_thread=False)
        self.documents._connection.backup(kept)
        return kept

    def remember(self, image: sqlite3.Connection) -> None:
        """Go back to what `image` holds."""
        image.backup(self.documents._connection)
        self.faults.clear()


class Network(Protocol):
    """What lies between the client and the store."""

    def read(self, path: str, params: Mapping[str, str] | None) -> Answer: ...

    def write(self, method: str, path: str, body: object) -> Answer: ...

    def post(self, path: str, body: object, wait: float) -> Answer: ...


class _Api:
    """Stands in for the `woocommerce` package: spells nothing, signs nothing."""

    def __init__(self, network: Network, below: str = "") -> None:
        self._network = network
        self._below = below

    def get(self, path: str, *, params: Mapping[str, str] | None = None, **_: Any) -> Answer:
        return self._network.read(self._below + path, params)

    def put(self, path: str, body: object, **_: Any) -> Answer:
        return self._network.write("PUT", self._below + path, body)

    def post(self, path: str, body: object, *, waits: Waits, **_: Any) -> Answer:
        path = self._below + path
        if not path.endswith("/refunds"):
            return self._network.write("POST", path, body)
        return self._network.post(path, body, waits.connect + waits.read)


def client_over(network: Network, access: StoreAccess) -> StoreClient:
    """The real client, with another people's package and network replaced."""
    client = StoreClient(access, sleep=lambda _seconds: None, monotonic=lambda: 0.0)
    client._api = _Api(network)
    client._bridge_api = _Api(network, f"{BRIDGE}/")
    return client
