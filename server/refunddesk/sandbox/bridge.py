"""The sandbox store's copy of Refund Desk Bridge: one refund of an order at a time, remembered."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from refunddesk.sandbox import refund_rows
from refunddesk.sandbox.documents import Document
from refunddesk.sandbox.gateway import RefundDeclined

if TYPE_CHECKING:
    from refunddesk.sandbox.store import SandboxStore

VERSION = "0.2.0"
ANNOUNCED, BEGUN, CALLED = "announced", "begun", "gateway_called"
DECLINED, PAID = "declined", "paid"
#: How long a gateway surely remembers a key.
KEYS_HONOURED = timedelta(hours=20)


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

    def announce(self, key: str, order_id: int, amount: str, number: int) -> None:
        """Note that the desk is about to ask for the refund for the `number`-th time."""
        attempt = self.find(key) or self._new(key, order_id, amount)
        self._keep({**attempt, "announced": max(attempt["announced"], number)})

    def begin(self, key: str, order_id: int, amount: str) -> Document:
        """Note that a refund is begun, or begun once more."""
        attempt = self.find(key) or self._new(key, order_id, amount)
        attempt |= {"state": BEGUN, "tries": attempt["tries"] + 1, "refund_id": 0}
        self._keep({**attempt, "answer": None})
        return attempt

    def settle_calls(self, attempt: Document) -> None:
        """Forget when the gateway was called: a person looked in its own records."""
        self._keep({**attempt, "called_at": ""})

    def keep_answer(self, key: str, answer: Document) -> None:
        attempt = self.find(key)
        assert attempt is not None, "an answer comes after a beginning"
        self._keep({**attempt, "answer": answer})

    def watching(self, key: str) -> Callable[[Document, Document, Callable[[], str]], str]:
        """What calls the gateway for a refund: `(order, row, call)`, noting before and after."""

        def watched(order: Document, row: Document, call: Callable[[], str]) -> str:
            self._note_call(key, order["payment_method"], row["id"])
            try:
                reference = call()
            except RefundDeclined as said:
                self._note_answer(key, CALLED if said.thrown else DECLINED, str(said))
                raise
            self._note_answer(key, PAID, "")
            return reference

        return watched

    def _note_call(self, key: str, gateway: str, refund_id: int) -> None:
        attempt = self.find(key)
        # Each beginning allows for one call, also if two processes lost the order's lock.
        if attempt is None or attempt["state"] != BEGUN:
            raise RefundDeclined("The record of refund attempts was overtaken.", thrown=True)
        attempt |= {"gateway": gateway, "refund_id": refund_id, "state": CALLED, "gateway_said": ""}
        # A later call of the same key keeps the first time: the gateway counts from there.
        attempt["called_at"] = attempt["called_at"] or self._store.now().isoformat()
        self._keep(attempt)

    def _note_answer(self, key: str, state: str, said: str) -> None:
        attempt = self.find(key)
        # A yes stays, whatever another process is told after it.
        if attempt is not None and attempt["state"] != PAID:
            self._keep({**attempt, "state": state, "gateway_said": said})

    def may_be_sent_again(self, attempt: Document) -> bool:
        called_at = attempt["called_at"]
        if not called_at:
            return attempt["state"] in (ANNOUNCED, BEGUN)
        if attempt["state"] == PAID or not self._store.gateway.honours_keys(attempt["gateway"]):
            return False
        return self._store.now() - datetime.fromisoformat(called_at) < KEYS_HONOURED

    def delete_orphan(self, attempt: Document) -> None:
        """Remove the unpaid row that the attempt names: its amount counts as given back."""
        for row in self._store.documents.list("refund", attempt["order_id"]):
            if row["id"] == attempt["refund_id"] and not row["refunded_payment"]:
                refund_rows.remove_row(self._store, row)

    def _new(self, key: str, order_id: int, amount: str) -> Document:
        return {
            "number": self._store.documents.next_number("attempt"),
            "key": key,
            "order_id": order_id,
            "amount": amount,
            "state": ANNOUNCED,
            "tries": 0,
            "announced": 0,
            "refund_id": 0,
            "gateway": "",
            "gateway_said": "",
            "called_at": "",
            "answer": None,
        }

    def restore(self, attempts: Sequence[Document]) -> None:
        """As out of a backup of the store: the record keeps its name, and knows these attempts."""
        for attempt in self._store.documents.list("attempt"):
            self._store.documents.delete("attempt", attempt["number"])
        for attempt in attempts:
            self._keep(attempt)

    def _keep(self, attempt: Document) -> None:
        self._store.documents.put("attempt", attempt["number"], attempt)
