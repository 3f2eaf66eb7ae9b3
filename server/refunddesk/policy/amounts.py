"""What can still be paid back on an order, and the tax that goes with it."""

from __future__ import annotations

from collections.abc import Sequence

from refunddesk.money import Money
from refunddesk.policy.claim import Order


def cap_by_what_is_left(order: Order, offers: Sequence[Money]) -> tuple[Money, ...]:
    """The offers, line by line, lowered to what earlier refunds have left.

    A line's own `refunded` counts for that line. The rest of the order's `refunded` lowers the
    lines something is offered for, in line order. In sum never more than the order has left.
    """
    # Reckoned in minor units: a claim holds amounts of one currency only, and checked it.
    own = sum([item.refunded.minor for item in order.items if item.refunded is not None])
    if not own and not order.refunded.minor:
        pairs = zip(order.items, offers, strict=True)
        return tuple([offer if offer.minor <= i.paid.minor else i.paid for i, offer in pairs])
    rest = max(0, order.refunded.minor - own)
    order_left = sum([item.paid.minor for item in order.items]) - order.refunded.minor
    given: list[Money] = []
    for item, offer in zip(order.items, offers, strict=True):
        left = item.paid.minor
        if item.refunded is not None:
            left -= item.refunded.minor
        elif offer.minor:
            taken = min(rest, left)
            left, rest = left - taken, rest - taken
        share = max(0, min(offer.minor, left, order_left))
        given.append(offer if share == offer.minor else offer.like(share))
        order_left -= share
    return tuple(given)


def tax_on(order: Order, shares: Sequence[Money]) -> tuple[Money, ...]:
    """The tax of each line in proportion to the share of its price, rounded down."""
    return tuple(
        [
            item.tax.share(share.minor, item.paid.minor) if share.minor else share
            for item, share in zip(order.items, shares, strict=True)
        ]
    )


def sum_of(lines: Sequence[Money]) -> Money:
    """The sum of the lines of one order; there is at least one."""
    return lines[0].like(sum(line.minor for line in lines))


def spread(amount: Money, lines: Sequence[Money]) -> list[Money]:
    """`amount` in parts that go with the lines and add up to it exactly.

    The largest remainders get the odd units, and among equal ones the earlier line.
    """
    return amount.allocate([line.minor for line in lines])
