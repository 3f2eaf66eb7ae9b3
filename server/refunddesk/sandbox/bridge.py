"""The sandbox store's copy of Refund Desk Bridge: one refund of an order at a time, remembered."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from refunddesk.sandbox import refund_rows
from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.gateway import RefundDeclined

if TYPE_CHECKING:
    from refunddesk.sandbox.store import SandboxStore

VERSION = "0.1.0"
BEGUN, CALLED, DECLINED, PAID = "begun", "gateway_called", "declined", "paid"


class Bridge:
    """The plugin inside the sandbox store; `installed` False: its routes are not there."""

    def __init__(self, store: SandboxStore) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._locks: dict[int, threading.Lock] = {}
        self.installed = False
        #: Until the desk takes its leave.
        self.is_connected = True

    @property
    def record(self) -> str:
        """The name of the record, made with it."""
        kept = self._store.documents.find("bridge", 1)
        if kept is None:
            kept = {"record": secrets.token_hex(16)}
            self._store.documents.put("bridge", 1, kept)
        return str(kept["record"])

    def forget(self) -> None:
        """Uninstall and install anew: the record starts from nothing."""
        for attempt in self._store.documents.list("attempt"):
            self._store.documents.delete("attempt", attempt["number"])
        self._store.documents.delete("bridge", 1)

    @contextmanager
    def locked(self, order_id: int) -> Iterator[None]:
        """The order's lock. The real one is waited for 30 seconds, this one as long as needed."""
        with self._guard:
            lock = self._locks.setdefault(order_id, threading.Lock())
        with lock:
            yield

    def is_busy(self, order_id: int) -> bool:
        """Whether a process is at work on a refund of the order."""
        with self._guard:
            lock = self._locks.get(order_id)
        return lock is not None and lock.locked()

    def find(self, key: str) -> Document | None:
        attempts = self._store.documents.list("attempt")
        return next((one for one in attempts if one["key"] == key), None)

    def begin(self, key: str, order_id: int, amount: str) -> Document:
        """Note that a refund is begun, or begun once more."""
        attempt = self.find(key) or {
            "number": self._store.documents.next_number("attempt"),
            "key": key,
            "order_id": order_id,
            "amount": amount,
            "tries": 0,
            "gateway": "",
        }
        attempt |= {"state": BEGUN, "tries": attempt["tries"] + 1, "refund_id": 0}
        attempt |= {"gateway_said": "", "answer": None}
        self._keep(attempt)
        return attempt

    def keep_answer(self, key: str, answer: Document) -> None:
        attempt = self.find(key)
        assert attempt is not None, "an answer comes after a beginning"
        self._keep({**attempt, "answer": answer})

    def watching(self, key: str) -> Callable[[Document, Document, Callable[[], str]], str]:
        """What calls the gateway for a refund: `(order, row, call)`, noting before and after."""

        def watched(order: Document, row: Document, call: Callable[[], str]) -> str:
            attempt = self.find(key)
            assert attempt is not None, "the gateway is called after a beginning"
            attempt |= {"gateway": order["payment_method"], "refund_id": row["id"], "state": CALLED}
            self._keep(attempt)
            try:
                reference = call()
            except RefundDeclined as said:
                state = CALLED if said.thrown else DECLINED
                self._keep({**attempt, "state": state, "gateway_said": str(said)})
                raise
            self._keep({**attempt, "state": PAID})
            return reference

        return watched

    def may_be_sent_again(self, attempt: Document) -> bool:
        if attempt["state"] == BEGUN:
            return True
        return attempt["state"] != PAID and self._store.gateway.honours_keys(attempt["gateway"])

    def delete_orphans(self, attempt: Document) -> None:
        """Remove unpaid rows of the attempt: WooCommerce counts their amount as given back."""
        for row in self._store.documents.list("refund", attempt["order_id"]):
            if not row["refunded_payment"] and row["reason"].startswith(attempt["key"]):
                refund_rows.remove_row(self._store, row)

    def _keep(self, attempt: Document) -> None:
        self._store.documents.put("attempt", attempt["number"], attempt)
