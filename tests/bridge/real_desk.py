"""A desk that answers on the loopback network by the clock on the wall, for stores to call."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Thread

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from refunddesk import clock as wall
from refunddesk.extension import create_app
from refunddesk.services.connect_codes import make_code
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings


@dataclass(slots=True)
class RealDesk:
    """A desk at `address`."""

    address: str
    edges: Edges
    app: Flask
    _running: tuple[BaseWSGIServer, Thread] | None = field(default=None, init=False)

    def code(self) -> str:
        """A code by which one store connects."""
        return make_code(self.edges, by="staff:1", policy="crmjetty").text

    def start(self) -> None:
        port = int(self.address.rpartition(":")[2])
        server = make_server("127.0.0.1", port, self.app, threaded=True)
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        assert self._running
        server, thread = self._running
        server.shutdown()
        thread.join()
        server.server_close()
        self._running = None

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody answers at its address meanwhile."""
        self.stop()
        yield
        self.start()


@contextmanager
def open_desk(
    settings: Settings, make_edges: Callable[..., Edges], ca_file: str | None = None
) -> Iterator[RealDesk]:
    """A desk that trusts stores with a certificate of `ca_file`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    edges = replace(make_edges(ca_file), clock=wall.now)
    app = create_app(replace(settings, public_url=address), edges=edges)
    desk = RealDesk(address, edges, app)
    desk.start()
    try:
        yield desk
    finally:
        if desk._running:
            desk.stop()
