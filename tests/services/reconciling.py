"""A shop whose changes are found by asking, and what the store was asked for meanwhile."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any

from sqlalchemy import select

from refunddesk.db import alarms, outbox, payment_blocks, store_refunds, sweeps
from refunddesk.db.orders import Order
from refunddesk.db.sweeps import Kind
from refunddesk.db.tables import orders
from refunddesk.jobnames import JobName
from refunddesk.jobs import keeping, registry
from refunddesk.sandbox.faults import Fault, Faults
from refunddesk.sandbox.rest import RestError
from refunddesk.services import bookkeeping, reconcile
from refunddesk.services.stores import open_client
from refunddesk.woocommerce.payloads import read_order, snapshot_sha
from tests.selling import Shop

_AT_ONCE = timedelta(0)
_SINGLE_ORDER = re.compile(r"GET orders/(\d+)")


class WatchedFaults(Faults):
    """The sandbox's faults, which every request to its API passes: so it is counted here.

    `before` may act as the store's own people do, just before a request is answered.
    """

    def __init__(self) -> None:
        super().__init__()
        self._counting = threading.Lock()
        self.calls: Counter[str] = Counter()
        #: Routes that the store's version does not have yet.
        self.missing_routes: set[str] = set()
        self._meanwhile: dict[str, list[Callable[[], object]]] = {}

    def meanwhile(self, path: str, *acts: Callable[[], object]) -> None:
        """Just before the first answer from `path` do the first act, and so on."""
        self._meanwhile[path] = list(acts)

    def take_for_request(self, method: str, path: str) -> Fault | None:
        route = path.removeprefix("/wp-json/wc/v3/")
        with self._counting:
            self.calls[f"{method} {route}"] += 1
            acts = self._meanwhile.get(route)
            act = acts.pop(0) if acts else None
        if act:
            act()
        if route in self.missing_routes:
            raise RestError(404, "rest_no_route", "No route was found matching the URL.")
        return super().take_for_request(method, path)


@dataclass(slots=True)
class Reconciled:
    """A shop with its rounds driven by hand."""

    shop: Shop
    faults: WatchedFaults = field(default_factory=WatchedFaults)

    def __post_init__(self) -> None:
        self.shop.sandbox.faults = self.faults
        self.shop.sandbox.gateway._faults = self.faults

    # -- our side

    def sweep(self, kind: Kind = Kind.CHANGES) -> None:
        """One complete pass, without the looks it promises."""
        reconcile.promise_sweeps(self.shop.edges, kind)
        self.keep_promises(JobName.SWEEP_STORE)

    def poll(self, **later: float) -> None:
        """Two minutes later, or as said: the changes are read and looked at."""
        self.shop.clock.move(**(later or {"minutes": 2}))
        self.sweep()
        self.keep_promises()

    def keep_promises(self, *jobs: JobName) -> int:
        """Do what is due of these jobs, or of all, until nothing is; how many were done."""
        done = 0
        edges = self.shop.edges
        while True:
            with edges.database.read() as transaction:
                due = outbox.list_due(transaction, edges.clock())
            kept = [
                keeping.keep(edges, promise_id, registry.JOBS)
                for promise_id, job in due
                if not jobs or job in jobs
            ]
            done += sum(kept)
            if not any(kept):
                return done

    def promised(self, job: JobName = JobName.RECORD_ORDER) -> list[int]:
        """What the job is promised for: the store's ids, or ours."""
        with self.shop.edges.database.read() as transaction:
            waiting = outbox.list_open(transaction, limit=20_000)
        return sorted(int(one.subject.rpartition(":")[2]) for one in waiting if one.job is job)

    def raised(self) -> list[tuple[str, str]]:
        with self.shop.edges.database.read() as transaction:
            return [(one.kind.value, one.subject) for one in alarms.list_raised(transaction)]

    def blocked_because(self) -> str | None:
        with self.shop.edges.database.read() as transaction:
            block = payment_blocks.find_block(transaction, self.shop.store_id)
        return block.because if block else None

    def state(self, kind: Kind = Kind.CHANGES) -> sweeps.Sweep:
        with self.shop.edges.database.read() as transaction:
            found = sweeps.find_sweep(transaction, self.shop.store_id, kind)
        assert found is not None
        return found

    # -- the store's side

    def fetched(self) -> Counter[int]:
        """How often each order was asked for by itself."""
        found: Counter[int] = Counter()
        for call, times in self.faults.calls.items():
            single = _SINGLE_ORDER.fullmatch(call)
            if single:
                found[int(single[1])] += times
        return found

    def forget_calls(self) -> None:
        self.faults.calls.clear()

    def refund_elsewhere(self, woo_order_id: int, amount: str, **more: Any) -> dict[str, Any]:
        """A refund that somebody makes in the store's own pages."""
        body = {"amount": amount, "api_refund": True, "reason": "sorry", **more}
        return self._write("POST", f"orders/{woo_order_id}/refunds", body)

    def change(self, woo_order_id: int, **changes: Any) -> None:
        """Save an order in the store, a second later."""
        self.shop.clock.move(seconds=1)
        self._write("PUT", f"orders/{woo_order_id}", changes)

    def stock(self, count: int, first_id: int = 5001, *, apart: timedelta = _AT_ONCE) -> list[int]:
        """Orders that are in the store already, each like one just sold, but to a customer of its
        own: those of one are compared with each other. Their ids.
        """
        sold = self.shop.sell("LIC-1")
        self.shop.sandbox.documents.delete("order", sold["id"])
        ids = list(range(first_id, first_id + count))
        for woo_order_id in ids:
            self.shop.clock.at += apart
            made = {"date_modified_gmt": f"{self.shop.clock():%Y-%m-%dT%H:%M:%S}"}
            mailbox = f"customer-{woo_order_id}@example.test"
            buyer = {"customer_id": 0, "billing": {**sold["billing"], "email": mailbox}}
            body = {**sold, "id": woo_order_id, "number": str(woo_order_id), **made, **buyer}
            self.shop.sandbox.put_object("order", body)
        return ids

    def edit(self, woo_order_id: int, **changes: Any) -> None:
        """Change an order past WooCommerce, as an import does: its date stays where it was."""
        body = self.shop.sandbox.documents.find("order", woo_order_id)
        assert body is not None
        self.shop.sandbox.documents.put("order", woo_order_id, {**body, **changes})

    def set_store_clock(self, **ahead: float) -> None:
        """How far the store's clock is ahead of ours."""
        self.shop.sandbox.clock = lambda: self.shop.clock() + timedelta(**ahead)

    def _write(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        with open_client(self.shop.edges, self.shop.store_id) as client:
            return client._write_object(method, path, body)

    # -- both

    def differing(self) -> list[int]:
        """The store's ids of the orders that are not here as the store has them."""
        return [
            body["id"]
            for body in self.shop.sandbox.documents.list("order")
            if body["status"] != "trash" and not self._is_equal(body["id"])
        ]

    def gone_as_in_the_store(self) -> bool:
        """Do the desk and the store agree on which orders are no longer there?"""
        with self.shop.edges.database.read() as transaction:
            rows = transaction.execute(select(orders.c.woo_order_id, orders.c.gone_at)).all()
        theirs = {
            body["id"]
            for body in self.shop.sandbox.documents.list("order")
            if body["status"] != "trash"
        }
        return {row.woo_order_id for row in rows if row.gone_at is None} == theirs

    def _is_equal(self, woo_order_id: int) -> bool:
        ours = self.shop.find(woo_order_id)
        shown = self.shop.sandbox.order(woo_order_id)
        assert shown is not None
        theirs = read_order(shown, timezone=UTC)
        return (
            ours is not None
            and (ours.status, ours.modified_at) == (theirs.status, theirs.modified_at)
            and ours.snapshot_sha == snapshot_sha(theirs)
            and self._refunds(ours) == {stub.woo_refund_id: stub.amount for stub in theirs.refunds}
        )

    def _refunds(self, order: Order) -> dict[int, Any]:
        with self.shop.edges.database.read() as transaction:
            rows = store_refunds.list_store_refunds(transaction, order.id)
        return {row.woo_refund_id: row.amount for row in rows if row.gone_at is None}

    def books_hold(self) -> bool:
        return bookkeeping.find_wrong_books(self.shop.edges) is None
