"""Whether two paid orders are one purchase paid twice, and what speaks against that. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from refunddesk.db.orders import Order, OrderItem
from refunddesk.money import total
from refunddesk.services.order_facts import why_a_person

_STANDING = frozenset({"processing", "completed"})
#: A renewal this soon after another one may be the next one of a subscription billed so often.
_SHORT_PERIOD = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Half:
    """One of two orders with its lines. `is_used`: its licence was switched on somewhere, ever."""

    order: Order
    items: Sequence[OrderItem]
    is_used: bool
    is_disputed: bool
    is_asked_for: bool  # a refund request about it is open

    @property
    def products(self) -> list[int | str]:
        """What was bought, each thing once whatever its quantity and variation."""
        things = [one for one in self.items if one.line_type == "line_item"]
        return sorted({one.woo_product_id or one.product for one in things}, key=str)


def can_be_half(order: Order) -> bool:
    """Whether the order is a payment that stands, of more than nothing."""
    stands = order.status in _STANDING and order.gone_at is None
    return stands and order.paid_at is not None and order.total.minor > 0


def is_same_purchase(kept: Half, extra: Half) -> bool:
    """The same products, bought anew; or the same subscription renewed."""
    one, other = kept.order, extra.order
    if one.kind != other.kind or one.kind == "upgrade" or not kept.products:
        return False
    if one.kind == "renewal" and one.subscription_id != other.subscription_id:
        return False
    return kept.products == extra.products and one.currency == other.currency


def reasons_for(kept: Half, extra: Half) -> tuple[str, ...]:
    """Why it is taken for one payment too many, in codes."""
    reasons = ["same_products"]
    if kept.order.total == extra.order.total:
        reasons.append("same_amount")
    same_row = kept.order.customer_id == extra.order.customer_id
    reasons.append("same_address" if same_row else "same_person")
    if kept.order.kind == "renewal":
        reasons.append("same_renewal")
    return tuple(reasons)


def doubts_about(kept: Half, extra: Half) -> tuple[str, ...]:
    """Why it may have been meant, in codes: with one of them a person decides."""
    found = {
        "other_amount": kept.order.total != extra.order.total,
        "quantity": _quantities(kept) != _quantities(extra) or _has_many(kept) or _has_many(extra),
        "variation": _variations(kept) != _variations(extra),
        "used": extra.is_used or kept.is_used,
        "disputed": extra.is_disputed or kept.is_disputed,
        "asked_for": extra.is_asked_for or kept.is_asked_for,
        "often": _is_billed_often(kept.order),
        "not_plain": any(why_a_person(half.order) for half in (kept, extra)) or not _adds_up(extra),
    }
    return tuple(code for code, is_so in found.items() if is_so)


def _quantities(half: Half) -> list[tuple[str, str]]:
    return sorted((one.product, str(one.quantity.normalize())) for one in half.items)


def _has_many(half: Half) -> bool:
    """Whoever buys three at once may well want three more."""
    return any(one.line_type == "line_item" and one.quantity != 1 for one in half.items)


def _variations(half: Half) -> list[str]:
    return sorted(f"{one.woo_product_id}:{one.woo_variation_id}" for one in half.items)


def _is_billed_often(order: Order) -> bool:
    if order.kind != "renewal":
        return False
    if order.period_start_at is None or order.period_end_at is None:
        return True  # nobody knows of which subscription it is, nor how often that takes money
    return order.period_end_at - order.period_start_at < _SHORT_PERIOD


def _adds_up(half: Half) -> bool:
    order = half.order
    parts = [part for one in half.items for part in (one.paid, one.tax)]
    return total(parts, order.currency, order.decimals) == order.total
