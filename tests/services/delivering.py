"""A shop whose webhooks reach the desk over HTTP, through a front that may swallow them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from werkzeug.serving import make_server

from refunddesk.extension import create_app
from refunddesk.jobs import registry, schedule
from refunddesk.services import webhook_health, webhooks
from refunddesk.services.inbox import drain_journal
from refunddesk.settings import Settings
from tests.selling import Shop
from tests.services.reconciling import Reconciled


@dataclass(slots=True)
class Front:
    """The proxy in front of the desk; with a status of its own it lets nothing through."""

    app: Callable[..., Iterable[bytes]]
    status: str | None = None
    url: str = ""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self.status is None:
            return self.app(environ, start_response)
        start_response(self.status, [("Content-Length", "0")])
        return [b""]


@dataclass(slots=True, kw_only=True)
class Connected(Reconciled):
    """A shop whose webhooks deliver to the desk through the front."""

    front: Front

    def webhook(self, topic: str = "order.updated") -> dict[str, Any]:
        return next(
            one for one in self.shop.sandbox.documents.list("webhook") if one["topic"] == topic
        )

    def set_webhook(self, **changes: Any) -> None:
        webhook = {**self.webhook(), **changes}
        self.shop.sandbox.documents.put("webhook", webhook["id"], webhook)

    def fail(self, times: int) -> None:
        """So many deliveries in a row that the desk does not take."""
        self.front.status = "503 Service Unavailable"
        sold = self.shop.sell("LIC-1")
        self.shop.sandbox.run_queue()
        while self.webhook()["_sandbox"]["failures"] < min(times, 6):
            self.change(sold["id"], customer_note="again")
            self.shop.sandbox.run_queue()
        if times > 6:
            self.change(sold["id"], customer_note="and again")
            self.shop.sandbox.run_queue()
        self.front.status = None

    def check(self) -> None:
        webhook_health.check_webhooks(self.shop.edges, self.shop.store_id)

    def pass_minutes(self, count: int) -> None:
        """The rounds as the dispatcher runs them, a minute apart; the store delivers meanwhile."""
        for _ in range(count):
            self.shop.clock.move(minutes=1)
            self.shop.sandbox.run_queue()
            drain_journal(self.shop.edges)
            schedule.run_rounds(self.shop.edges, registry.ROUNDS)
            self.keep_promises()


@contextmanager
def connect(shop: Shop, settings: Settings) -> Iterator[Connected]:
    """The desk on a port of this machine, with a webhook of the shop for every topic."""
    front = Front(create_app(settings, edges=shop.edges).wsgi_app)
    server = make_server("127.0.0.1", 0, front, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    front.url = f"http://127.0.0.1:{server.server_port}"
    try:
        webhooks.connect_webhooks(shop.edges, shop.store_id, front.url)
        yield Connected(shop, front=front)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
