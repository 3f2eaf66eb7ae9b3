"""What the bridge inside a store remembers of refunds: was the gateway called, what did it say?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from refunddesk.woocommerce.client import StoreClient, StoreRefused
from refunddesk.woocommerce.errors import StoreGarbled
from refunddesk.woocommerce.fields import id_of, text_of

_NO_ROUTE = "rest_no_route"
_LONGEST_NAME = 64


class Reached(StrEnum):
    """How far a refund came in the store."""

    NONE = "none"  # no call for it ever reached the bridge
    BEGUN = "begun"  # the gateway was certainly not called
    GATEWAY_CALLED = "gateway_called"  # it may have been, and has not answered
    DECLINED = "declined"  # it said no, which gateways also say after a time-out
    PAID = "paid"  # it said yes


@dataclass(frozen=True, slots=True)
class Bridge:
    """The bridge of a store. `record` names its memory: another one after it was made anew."""

    version: str
    record: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the bridge remembers of one refund, found by its marker.

    `may_be_sent_again`: the same call through the bridge, once more, cannot move the money twice.
    `amount` is "" where nothing was announced; `woo_refund_id` None before there was a row. `tries`
    counts the calls that were begun, `announced` is the number of the latest that was announced.
    """

    record: str
    reached: Reached
    may_be_sent_again: bool
    amount: str
    woo_refund_id: int | None
    tries: int
    announced: int

    @property
    def never_reached_gateway(self) -> bool:
        """Certainly. Begun once more it says nothing of the calls before."""
        is_first = self.reached is Reached.BEGUN and self.tries == 1
        return self.reached is Reached.NONE or is_first


def find_bridge(client: StoreClient) -> Bridge | None:
    """The store's bridge, None if it has none. Raises StoreCallFailed."""
    try:
        status = client.ask_bridge("status")
    except StoreRefused as refused:
        if refused.code == _NO_ROUTE:
            return None
        raise
    version, record = (text_of(status.get(name))[:_LONGEST_NAME] for name in ("bridge", "record"))
    return Bridge(version, record) if version and record else None


def ask_attempt(client: StoreClient, marker: str) -> Attempt:
    """What became of a refund. Raises StoreCallFailed: among others while a process of the store is
    still at work on it, and where there is no bridge any more.
    """
    return _read(client.ask_bridge(f"attempts/{marker}"), marker)


def announce_attempt(
    client: StoreClient, marker: str, woo_order_id: int, amount: str, number: int
) -> Attempt | None:
    """Have the bridge note that the refund's `number`-th call is to leave; what it held before.

    A record that has lost the note was itself restored from a backup. None where the store has no
    bridge that takes it. Raises StoreCallFailed.
    """
    body = {"order_id": woo_order_id, "amount": amount, "number": number}
    try:
        return _read(client.tell_bridge(f"attempts/{marker}/announce", body), marker)
    except StoreRefused as refused:
        if refused.code == _NO_ROUTE:
            return None
        raise


def release_attempt(client: StoreClient, marker: str) -> Attempt:
    """Have the bridge remove the unpaid row that a refund left when its process died.

    It does so only where the refund may be sent again. Raises StoreCallFailed.
    """
    return _read(client.tell_bridge(f"attempts/{marker}/release"), marker)


def say_goodbye(client: StoreClient) -> None:
    """Have the bridge remove the user, the key and the webhooks by which we work there.

    Raises StoreCallFailed. Our key is worth nothing afterwards.
    """
    client.tell_bridge("disconnect")


def _read(said: dict[str, object], marker: str) -> Attempt:
    try:
        reached = Reached(text_of(said.get("state")))
    except ValueError:
        reached = None
    if reached is None or said.get("key") != marker:
        raise StoreGarbled(f"bridge attempts/{marker}", 200, "it is no record of an attempt")
    return Attempt(
        record=text_of(said.get("record")),
        reached=reached,
        may_be_sent_again=said.get("may_be_sent_again") is True,
        amount=text_of(said.get("amount")),
        woo_refund_id=id_of(said.get("refund_id")),
        tries=id_of(said.get("tries")) or 0,
        announced=id_of(said.get("announced")) or 0,
    )
