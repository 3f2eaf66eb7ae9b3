"""The web application as a store sees it: one delivery address, and what is kept of it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select

from refunddesk.db import inbox, outbox, tables
from refunddesk.db.inbox import Delivery
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import drain_journal
from refunddesk.services.stores import NewEndpoint
from refunddesk.woocommerce.signature import sign

ORDER = b'{"id":35,"status":"processing"}'


@dataclass(frozen=True, slots=True)
class Receiver:
    """The web application with one store and one endpoint for order.updated."""

    app: Flask
    edges: Edges
    store_id: int
    endpoint: NewEndpoint

    @property
    def path(self) -> str:
        return f"/hooks/{self.endpoint.endpoint_id}"

    def headers(self, body: bytes, **changes: str | None) -> dict[str, str]:
        """The headers WooCommerce sends; a change of None leaves one out."""
        sent: dict[str, str | None] = {
            "Content-Type": "application/json",
            "X-WC-Webhook-Topic": "order.updated",
            "X-WC-Webhook-Signature": sign(self.endpoint.secret, body),
            "X-WC-Webhook-Delivery-ID": "32e02c667e35d68d3df3c728d633d3ad",
        }
        sent.update({name.replace("_", "-"): value for name, value in changes.items()})
        return {name: value for name, value in sent.items() if value is not None}

    def post(self, body: bytes = ORDER, **changes: str | None) -> int:
        """The status that a delivery of `body` is answered with."""
        headers = self.headers(body, **changes)
        return self.app.test_client().post(self.path, data=body, headers=headers).status_code

    def kept(self) -> list[Delivery]:
        """All deliveries, once what is in the journal was stored."""
        drain_journal(self.edges)
        with self.edges.database.write() as transaction:
            ids = transaction.scalars(select(tables.inbox.c.id).order_by(tables.inbox.c.id)).all()
            return [inbox.lock_delivery(transaction, delivery_id) for delivery_id in ids]

    def promised(self) -> list[tuple[str, str]]:
        drain_journal(self.edges)
        with self.edges.database.read() as transaction:
            return [(row.job.value, row.subject) for row in outbox.list_open(transaction)]
