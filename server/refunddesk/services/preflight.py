"""The look at the store before money is sent: is the order still the one that was judged?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from refunddesk.db.refunds import Refund
from refunddesk.money import Money, total
from refunddesk.woocommerce.client import StoreClient, StoreRefused
from refunddesk.woocommerce.payloads import (
    OrderBody,
    RefundBody,
    read_order,
    read_refund,
    snapshot_sha,
)
from refunddesk.woocommerce.refunds import marker_in
from refunddesk.worktime import zone


@dataclass(frozen=True, slots=True)
class Clear:
    """Nothing stands against sending."""


@dataclass(frozen=True, slots=True)
class AlreadyThere:
    """The store shows our marker: this refund was sent before, whatever our row says."""

    woo_refund_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Differs:
    """Do not send. `judge_anew`: the order changed, so the policy may now say something else."""

    because: str
    judge_anew: bool


Finding = Clear | AlreadyThere | Differs


@dataclass(frozen=True, slots=True)
class Seen:
    """What the store shows. `gateway_refunds` None: it does not know the order's gateway."""

    order: OrderBody
    rows: tuple[RefundBody, ...]
    gateway_refunds: bool | None
    is_subscription: bool


def look(client: StoreClient, woo_order_id: int, timezone: str) -> Seen | Differs:
    """Read the order, its refunds and its gateway. Raises what the client raises."""
    body = client.find_order(woo_order_id)
    if body is None:
        return Differs("the order is gone from the store", judge_anew=True)
    order = read_order(body, timezone=zone(timezone))
    rows = list_rows(client, order.woo_order_id, order.currency, order.decimals, timezone)
    return Seen(
        order=order,
        rows=rows,
        gateway_refunds=_can_refund(client, order.payment_method),
        # A subscription's id takes a refund and moves money like an order's does.
        is_subscription=order.looks_like_subscription
        and client.find_subscription(woo_order_id) is not None,
    )


def list_rows(
    client: StoreClient, woo_order_id: int, currency: str, decimals: int, timezone: str
) -> tuple[RefundBody, ...]:
    """The order's refund rows as the store has them now."""
    return tuple(
        read_refund(row, currency=currency, decimals=decimals, timezone=zone(timezone))
        for row in client.list_order_refunds(woo_order_id)
    )


def with_marker(rows: Iterable[RefundBody], marker: str) -> tuple[RefundBody, ...]:
    """Every row that carries `marker`: more than one means that more than one call came through."""
    return tuple(row for row in rows if marker_in(row.reason) == marker)


def examine(refund: Refund, judged_sha: bytes, seen: Seen) -> Finding:
    """May `refund` be sent now? `judged_sha` is the snapshot its decision was made on."""
    marked = with_marker(seen.rows, refund.marker)
    if marked:
        return AlreadyThere(tuple(row.woo_refund_id for row in marked))
    order = seen.order
    if order.currency != refund.amount.currency or order.decimals != refund.amount.decimals:
        return Differs("the order's currency changed", judge_anew=True)
    if order.paid_at is None:
        return Differs("the order is not paid any more", judge_anew=True)
    if seen.is_subscription:
        return Differs("the store has a subscription under the order's id", judge_anew=False)
    if snapshot_sha(order) != judged_sha:
        return Differs("the order changed after it was judged", judge_anew=True)
    short = _short_of(refund, order, seen.rows)
    if short:
        return Differs(short, judge_anew=False)
    if not seen.gateway_refunds:
        trouble = "is gone" if seen.gateway_refunds is None else "cannot refund"
        return Differs(
            f"the order's payment gateway {trouble}: pay it back by hand", judge_anew=False
        )
    return Clear()


def _short_of(refund: Refund, order: OrderBody, rows: Sequence[RefundBody]) -> str | None:
    """Why the store has less left than the refund wants, in whole or on a line; None if it has.

    The store itself checks the whole only, and not even that safely.
    """
    gone = total((row.amount for row in rows), order.currency, order.decimals)
    if refund.amount > order.total - gone:
        return "less is left on the order than the refund wants"
    zero = Money.zero(order.currency, order.decimals)
    in_store = {line.woo_item_id: line for line in order.lines}
    for line in refund.lines:
        bought = in_store.get(line.woo_item_id)
        given = [part for row in rows for part in row.lines if part.woo_item_id == line.woo_item_id]
        net = sum((part.net for part in given), zero)
        tax = sum((part.tax for part in given), zero)
        if bought is None or line.net > bought.net - net or line.tax > bought.tax - tax:
            return f"less is left on line {line.woo_item_id} than the refund wants"
    return None


def _can_refund(client: StoreClient, gateway: str) -> bool | None:
    if not gateway:
        return None
    try:
        found = client.get_payment_gateway(gateway)
    except StoreRefused as refused:
        # Without WooCommerce the whole route is missing, which says nothing about the gateway.
        if refused.status == 404 and refused.code != "rest_no_route":
            return None
        raise
    supports = found.get("method_supports")
    return isinstance(supports, list) and "refunds" in supports
