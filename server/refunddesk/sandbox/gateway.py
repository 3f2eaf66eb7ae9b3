"""The sandbox's payment gateway: a ledger of every real movement of money, and its faults."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from refunddesk.clock import Clock
from refunddesk.sandbox.documents import Document, Documents
from refunddesk.sandbox.faults import DEATHS, Fault, Faults, Mode

#: The gateways the store has, and whether they can refund.
GATEWAYS = {
    "sandboxpay": ("Sandbox card", True),
    "sandboxkeys": ("Sandbox card with keys", True),
    "bacs": ("Direct bank transfer", False),
    "cod": ("Cash on delivery", False),
}


#: Gateways that pay once per key, whatever is asked with it.
_HONOUR_KEYS = frozenset({"sandboxkeys"})


class RefundDeclined(Exception):
    """The gateway (or the store before it) refused; its text is what the API shows.

    `thrown`: it threw, rather than answering no. Over REST the two look alike.
    """

    def __init__(self, text: str, *, thrown: bool = False) -> None:
        super().__init__(text)
        self.thrown = thrown


class WorkerDied(Exception):
    """The PHP process ended in the middle: nothing after this point happens."""

    def __init__(self, death: str) -> None:
        super().__init__(f"the worker died ({death})")
        self.death = death


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that really went back to a customer. `amount` is what the gateway was told."""

    movement_id: int
    at: datetime
    order_id: int
    refund_id: int
    amount: Decimal
    currency: str
    reason: str


class Gateway:
    """Pays refunds back: once per call, or with `sandboxkeys` once per key."""

    def __init__(
        self, documents: Documents, faults: Faults, clock: Clock, pause: Callable[[float], None]
    ) -> None:
        self._documents = documents
        self._faults = faults
        self._clock = clock
        self._pause = pause
        #: Told each movement of money once it is made.
        self.on_movement: Callable[[Movement], None] | None = None

    @property
    def movements(self) -> tuple[Movement, ...]:
        """Every movement of money so far, oldest first."""
        return tuple(_movement(row) for row in self._documents.list("movement"))

    def totals(self) -> dict[str, Decimal]:
        """The sum paid back, per currency."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for movement in self.movements:
            sums[movement.currency] += movement.amount
        return dict(sums)

    def honours_keys(self, method: str) -> bool:
        """Whether the gateway answers the same key as the first time instead of paying again."""
        return method in _HONOUR_KEYS

    def pay_back(
        self,
        *,
        method: str,
        order_id: int,
        refund_id: int,
        amount: Decimal,
        currency: str,
        reason: str,
        key: str = "",
    ) -> str:
        """Move `amount` to the customer; answers the gateway's own reference.

        `key` counts where the gateway honours keys. Raises RefundDeclined, or WorkerDied when the
        process is to end before or after the money moved.
        """
        fault = self._faults.take_for_gateway(order_id)
        mode = fault.mode if fault else None
        if fault and mode in (Mode.DECLINE, Mode.THROWS_BEFORE_MONEY):
            raise RefundDeclined(_text(fault), thrown=mode == Mode.THROWS_BEFORE_MONEY)
        if mode == Mode.RETURNS_FALSE:
            raise RefundDeclined(
                "An error occurred while attempting to create the refund using the payment "
                "gateway API."
            )
        if fault and mode == Mode.HANGS_BEFORE_MONEY:
            self._pause(fault.seconds)
        if fault and mode == Mode.DIES_BEFORE_MONEY:
            raise WorkerDied(_death(fault))
        sent = key if self.honours_keys(method) else ""
        reference = self._find_paid(sent) or self._move(
            order_id, refund_id, amount, currency, reason, sent
        )
        if fault and mode == Mode.HANGS_AFTER_MONEY:
            self._pause(fault.seconds)
        if fault and mode == Mode.THROWS_AFTER_MONEY:
            raise RefundDeclined(_text(fault), thrown=True)
        if fault and mode == Mode.DIES_AFTER_MONEY:
            raise WorkerDied(_death(fault))
        return reference

    def die_before_row(self, order_id: int) -> None:
        """End the process before the refund's row is kept, where that is to happen."""
        fault = self._faults.take_for_gateway(order_id, Mode.DIES_BEFORE_ROW)
        if fault:
            raise WorkerDied(_death(fault))

    def _find_paid(self, key: str) -> str | None:
        """The reference of what was paid with this key before."""
        if not key:
            return None
        paid = self._documents.find("paid_key", _number_of(key))
        return str(paid["reference"]) if paid else None

    def _move(
        self,
        order_id: int,
        refund_id: int,
        amount: Decimal,
        currency: str,
        reason: str,
        key: str,
    ) -> str:
        number = self._documents.next_number("movement")
        row: Document = {
            "movement_id": number,
            "at": self._clock().isoformat(),
            "order_id": order_id,
            "refund_id": refund_id,
            "amount": str(amount),
            "currency": currency,
            "reason": reason,
        }
        reference = "re_" + hashlib.sha256(f"{order_id}/{number}".encode()).hexdigest()[:12]
        with self._documents.locked():
            self._documents.put("movement", number, row, order_id)
            if key:
                paid: Document = {"number": _number_of(key), "reference": reference}
                self._documents.put("paid_key", paid["number"], paid)
        if self.on_movement:
            self.on_movement(_movement(row))
        return reference


def _number_of(key: str) -> int:
    """A key as the number that a document needs."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:7], "big")


def _movement(row: Document) -> Movement:
    at, amount = datetime.fromisoformat(row["at"]), Decimal(row["amount"])
    return Movement(**{**row, "at": at, "amount": amount})


def _death(fault: Fault) -> str:
    return fault.message if fault.message in DEATHS else DEATHS[0]


def _text(fault: Fault) -> str:
    return fault.message or "Sandbox card: the gateway declined this refund."
