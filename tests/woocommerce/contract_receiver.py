"""A webhook receiver on this machine, for the contract tests of running stores."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.woocommerce.contract_drivers import Received


@dataclass
class Receiver:
    """A webhook receiver on this machine; answers `status` and keeps what came."""

    url: str = ""
    status: int = 200
    received: list[Received] = field(default_factory=list)
    while_answering: Any = None

    def of(self, *topics: str) -> list[Received]:
        return [one for one in self.received if one.topic in topics]

    @property
    def without_pings(self) -> list[Received]:
        return [one for one in self.received if one.topic != "ping"]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens until the block ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = dict(self.headers.items())
            topic = headers.get("X-WC-Webhook-Topic", "ping")
            receiver.received.append(Received(topic, headers, body, self.path))
            if receiver.while_answering and topic != "ping":
                receiver.while_answering()
            self.send_response(receiver.status)
            if receiver.status in (301, 302):
                self.send_header("Location", receiver.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
