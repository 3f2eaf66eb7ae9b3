"""Give money back through the store once, and say exactly what is known afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from refunddesk.money import Money


class Outcome(Enum):
    """What a refund call came to. Only NOT_SENT may be called again without a new look."""

    NOT_SENT = "not_sent"  # no byte of the request can have left: try later
    PAID = "paid"  # the store's row says its gateway paid this amount for this marker
    ODD = "odd"  # a row was made, but not the one asked for: a person looks
    NOT_EXECUTED = "not_executed"  # refused before the refund code ran: keys, route, throttle
    REJECTED = "rejected"  # the call itself or its order id is wrong
    TOO_MUCH = "too_much"  # more than what the store has left on the order
    NO_GATEWAY = "no_gateway"  # the order's gateway is gone or cannot refund
    UNKNOWN = "unknown"  # money may have moved: read back, never send again


@dataclass(frozen=True, slots=True)
class RefundLine:
    """What to give back of one order line: its net amount and the tax per tax rate id."""

    woo_item_id: int
    quantity: Decimal
    net: Money
    taxes: tuple[tuple[int, Money], ...] = ()


@dataclass(frozen=True, slots=True)
class RefundCall:
    """One refund as it will be asked of the store; the lines must add up to `amount`.

    `marker` comes first in the refund's reason, which the customer can see; `note` follows it.
    `key` is our refund's id, sent along for gateways and bridges that honour one.
    """

    woo_order_id: int
    amount: Money
    marker: str
    note: str
    lines: tuple[RefundLine, ...]
    key: str
    restock: bool = False


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What one call came to; `evidence` holds status, code, message, seconds, never a secret."""

    outcome: Outcome
    woo_refund_id: int | None
    evidence: Mapping[str, object]
