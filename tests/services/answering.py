"""A store that can be read as ever, while what is posted to it meets what a test wants."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from refunddesk.services import payments
from refunddesk.services.edges import Edges
from refunddesk.services.payment import load_payment
from refunddesk.woocommerce.client import StoreAccess, StoreClient
from tests.services.paying import Till


@contextmanager
def answer_once(
    status: int, body: dict[str, Any], before: Callable[[bytes], bytes] | None = None
) -> Iterator[str]:
    """The address of a server that answers POSTs so; `before` may act first, and on the answer."""
    answer = json.dumps(body).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            said = before(answer) if before else answer
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def with_keys(till: Till, key: str, secret: str) -> Edges:
    def connect(access: StoreAccess) -> StoreClient:
        return till.edges.connect(replace(access, consumer_key=key, consumer_secret=secret))

    return replace(till.edges, connect=connect)


def pay_behind(till: Till) -> None:
    """Send the very call of the refund past our rows."""
    with till.edges.database.read() as transaction:
        payment = load_payment(transaction, till.refund)
    access = StoreAccess(
        till.shop.running.url, till.shop.running.consumer_key, till.shop.running.consumer_secret
    )
    with till.edges.connect(access) as client:
        payments.post_refund(client, payment.call)


@contextmanager
def deaf_after_reading(till: Till) -> Iterator[Edges]:
    """Edges whose store can be read, while nobody listens where the refund is posted."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    yield posting_to(till, f"http://127.0.0.1:{port}")


@contextmanager
def answering(
    till: Till, status: int, body: dict[str, Any], before: Callable[[bytes], bytes] | None = None
) -> Iterator[Edges]:
    """Edges whose store can be read, while refunds get this one answer and nothing is done."""
    with answer_once(status, body, before) as url:
        yield posting_to(till, url)


def posting_to(till: Till, url: str) -> Edges:
    """Edges whose client reads from the shop and posts refunds to `url`."""

    def connect(access: StoreAccess) -> StoreClient:
        client = till.edges.connect(access)
        other = StoreClient(replace(access, url=url, allow_private=True))
        client.post_once = other.post_once  # type: ignore[method-assign]
        return client

    return replace(till.edges, connect=connect)
