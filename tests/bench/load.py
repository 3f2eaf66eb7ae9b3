"""The load: signed deliveries over kept-alive connections, and clients that never finish."""

from __future__ import annotations

import json
import re
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from refunddesk.woocommerce.signature import sign
from tests.serving import Address

#: Requests that are sent before the clock starts.
_WARM_UP_SECONDS = 0.3
_LONGEST_ANSWER_SECONDS = 30.0
_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)", re.IGNORECASE)


class NotAcknowledged(Exception):
    """The server answered something else than 200, so there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run saw: how long each answer took, in seconds, and over how many they came.

    `answered` also counts the answers from before the clock was started.
    """

    seconds: float
    waits: tuple[float, ...]
    answered: int

    @property
    def per_second(self) -> float:
        return len(self.waits) / self.seconds

    def wait(self, share: float) -> float:
        """The seconds within which this share of the answers came: 0.99 is the p99."""
        ordered = sorted(self.waits)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


@dataclass(frozen=True, slots=True)
class Target:
    """Where the deliveries go, and the secret that signs them."""

    address: Address
    path: str
    secret: str

    def requests(self, orders: int, body_bytes: int) -> list[bytes]:
        """One delivery for each of `orders` orders, as WooCommerce would send it."""
        return [self._request(_order(1000 + number, body_bytes)) for number in range(orders)]

    def _request(self, body: bytes) -> bytes:
        head = (
            f"POST {self.path} HTTP/1.1",
            "Host: desk.test",
            "User-Agent: WooCommerce/10.3.4 Hookshot (WordPress/6.8.3)",
            "Accept: */*",
            "Content-Type: application/json",
            "X-WC-Webhook-Source: https://store.test/",
            "X-WC-Webhook-Topic: order.updated",
            "X-WC-Webhook-Resource: order",
            "X-WC-Webhook-Event: updated",
            f"X-WC-Webhook-Signature: {sign(self.secret, body)}",
            "X-WC-Webhook-ID: 3",
            "X-WC-Webhook-Delivery-ID: 32e02c667e35d68d3df3c728d633d3ad",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def drive(address: Address, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Keep `connections` requests under way for `seconds`; each answer brings on the next.

    Raises NotAcknowledged at the first answer that is not 200.
    """
    waits: list[float] = []
    begun: dict[socket.socket, float] = {}
    answered = 0
    with ExitStack() as opened:
        selector = opened.enter_context(selectors.DefaultSelector())
        now = time.perf_counter()
        measured_from = now + _WARM_UP_SECONDS
        for number in range(connections):
            connection = opened.enter_context(socket.create_connection(address))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ, connection)
            begun[connection] = time.perf_counter()
            connection.sendall(requests[number % len(requests)])
        while now < measured_from + seconds:
            for key, _ in _ready(selector):
                connection = key.data
                _check(_receive(connection))
                now = time.perf_counter()
                if now >= measured_from:
                    waits.append(now - begun[connection])
                begun[connection] = now
                answered += 1
                connection.sendall(requests[(connections + answered) % len(requests)])
    return Load(now - measured_from, tuple(waits), answered)


def _ready(selector: selectors.BaseSelector) -> list[tuple[selectors.SelectorKey, int]]:
    ready = selector.select(_LONGEST_ANSWER_SECONDS)
    if not ready:
        raise NotAcknowledged(f"no answer within {_LONGEST_ANSWER_SECONDS} seconds")
    return ready


@contextmanager
def slow_clients(target: Target, number: int, *, pause: float = 0.2) -> Iterator[None]:
    """Clients that send one byte every `pause` seconds: half never end their headers, half their
    body.
    """
    head, body = target.requests(1, 6000)[0].split(b"\r\n\r\n", 1)
    connections = []
    for place in range(number):
        connection = socket.create_connection(target.address)
        if place % 2:
            connection.sendall(head + b"\r\n\r\n")
        connections.append((connection, iter(body if place % 2 else head)))
    stopping = threading.Event()

    def trickle() -> None:
        while not stopping.wait(pause):
            for connection, rest in connections:
                connection.sendall(bytes([next(rest)]))

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        for connection, _ in connections:
            connection.close()


def _receive(connection: socket.socket) -> bytes:
    """One whole answer. The receiver's has no body, so that one packet holds all of it."""
    answer = connection.recv(4096)
    while answer and not _is_whole(answer):
        part = connection.recv(4096)
        if not part:
            break
        answer += part
    return answer


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return bool(end) and len(body) >= (int(length[1]) if length else 0)


def _check(answer: bytes) -> None:
    if not answer.startswith(b"HTTP/1.1 200 ") or not _is_whole(answer):
        raise NotAcknowledged(f"the server said {answer[:60]!r}")


def _order(woo_order_id: int, length: int) -> bytes:
    """An order's JSON of exactly `length` bytes, with as many parts as a real one has."""
    lines = [
        {
            "id": number,
            "name": "Licence for one site",
            "product_id": 10 + number,
            "quantity": 1,
            "tax_class": "",
            "subtotal": "99.00",
            "subtotal_tax": "18.81",
            "total": "99.00",
            "total_tax": "18.81",
            "taxes": [{"id": 1, "total": "18.81", "subtotal": "18.81"}],
            "meta_data": [{"id": 100 + number, "key": "_sites", "value": "1"}],
            "sku": "licence-1",
            "price": 99,
        }
        for number in range(1, 13)
    ]
    address = {"first_name": "Ada", "last_name": "Byron", "city": "Berlin", "country": "DE"}
    order = {
        "id": woo_order_id,
        "status": "processing",
        "currency": "EUR",
        "total": "1413.72",
        "billing": address,
        "shipping": address,
        "line_items": lines,
        "customer_note": "",
    }
    text = json.dumps(order, separators=(",", ":"))
    note = "x" * (length - len(text))
    return json.dumps({**order, "customer_note": note}, separators=(",", ":")).encode()
