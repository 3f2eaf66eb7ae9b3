"""A shop with a refund to be paid, and what a test reads back of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from refunddesk.db import history, outbox, refunds, requests, steps, stores
from refunddesk.db.orders import Order
from refunddesk.db.refunds import Refund, State
from refunddesk.db.steps import Step
from refunddesk.jobnames import JobName
from refunddesk.services.edges import Edges
from refunddesk.woocommerce.client import StoreAccess, StoreClient
from refunddesk.woocommerce.transport import Waits
from tests import building
from tests.selling import Shop

DUE = {"given_back": "99.00", "refunds_due": "-99.00"}
PAID = {"given_back": "99.00", "paid_out": "-99.00"}
DROPPED: dict[str, str] = {}


@dataclass(slots=True)
class Till:
    """A shop with one paid order, and a refund of its first line granted."""

    shop: Shop
    edges: Edges
    order: Order
    refund: Refund

    def state(self) -> State:
        return self.now().state

    def token(self) -> int:
        return self.now().token

    def now(self) -> Refund:
        with self.edges.database.read() as transaction:
            return refunds.get_refund(transaction, self.refund.id)

    def moved(self) -> list[str]:
        """The amounts that really went back to the customer."""
        return [str(movement.amount) for movement in self.shop.sandbox.gateway.movements]

    def deeds(self) -> list[str]:
        with self.edges.database.read() as transaction:
            found = history.list_deeds(transaction, f"refund:{self.refund.id}")
        return [deed.action for deed in found]

    def evidence(self, action: str) -> dict[str, Any]:
        with self.edges.database.read() as transaction:
            found = history.list_deeds(transaction, f"refund:{self.refund.id}")
        return [deed for deed in found if deed.action == action][-1].data

    def request_state(self) -> str:
        with self.edges.database.read() as transaction:
            return requests.get_request(transaction, self.refund.request_id).state

    def steps(self) -> list[Step]:
        with self.edges.database.read() as transaction:
            return steps.list_steps(transaction, self.refund.id)

    def promised(self) -> set[JobName]:
        with self.edges.database.read() as transaction:
            return {promise.job for promise in outbox.list_open(transaction)}

    def balances(self) -> dict[str, str]:
        return building.balances(self.edges, ("given_back", "refunds_due", "paid_out"))

    def hold(self, because: str | None) -> None:
        with self.edges.database.write() as transaction:
            stores.record_payments_held(transaction, self.shop.store_id, because)


def impatient(edges: Edges, shop: Shop) -> Edges:
    """The same edges, with a client that gives up on a refund after half a second."""

    def connect(access: StoreAccess) -> StoreClient:
        trusting = replace(access, ca_file=str(shop.running.ca_file), allow_private=True)
        return StoreClient(
            trusting, refund_waits=Waits(connect=2.0, read=0.5), sleep=lambda _seconds: None
        )

    return replace(edges, connect=connect)
