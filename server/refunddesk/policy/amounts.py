"""What can still be paid back on an order, and the tax that goes with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from refunddesk.money import Money, total
from refunddesk.policy.claim import Order


def cap_by_what_is_left(order: Order, offers: Sequence[Money]) -> tuple[Money, ...]:
    """The offers, line by line, lowered to what earlier refunds have left.

    A line's own `refunded` counts for that line. The rest of the order's `refunded` lowers the
    lines something is offered for, in line order. In sum never more than the order has left.
    """
    own = _sum(order, (item.refunded for item in order.items if item.refunded is not None))
    nothing = own - own
    rest = max(nothing, order.refunded - own)
    order_left = _sum(order, (item.paid for item in order.items)) - order.refunded
    given: list[Money] = []
    for item, offer in zip(order.items, offers, strict=True):
        left = item.paid
        if item.refunded is not None:
            left -= item.refunded
        elif offer:
            taken = min(rest, item.paid)
            left, rest = left - taken, rest - taken
        share = max(nothing, min(offer, left, order_left))
        given.append(share)
        order_left -= share
    return tuple(given)


def tax_on(order: Order, shares: Sequence[Money]) -> tuple[Money, ...]:
    """The tax of each line in proportion to the share of its price, rounded down."""
    return tuple(
        item.tax.share(share.minor, item.paid.minor) if share else share
        for item, share in zip(order.items, shares, strict=True)
    )


def _sum(order: Order, amounts: Iterable[Money]) -> Money:
    return total(amounts, order.currency, order.refunded.decimals)
