"""Granting refunds: no order ever gives back more than was paid for it, in whole or per line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from refunddesk import ledger
from refunddesk.db import books, orders, outbox, refunds
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.refunds import OPEN, Refund, RefundLine, State
from refunddesk.db.store_refunds import StoreRefund, StoreRefundLine, list_store_refunds
from refunddesk.jobnames import JobName
from refunddesk.money import Money, total
from refunddesk.services.refusal import Refusal
from refunddesk.woocommerce.refunds import new_marker

_Taken = RefundLine | StoreRefundLine


class NothingLeftToRefund(Refusal):
    """The order, or a line of it, has less left than the refund asks for, or nobody can tell."""


class TaxWithoutRate(Refusal):
    """Tax is to go back, and the store does not say at which rate it was paid."""


class RefundAlreadyGranted(Refusal):
    """The request has a refund already that is under way or paid."""


@dataclass(frozen=True, slots=True)
class LeftOfLine:
    """What one order line can still give back."""

    net: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class Left:
    """What an order can still give back: `whole` with tax, and each line by its woo id."""

    whole: Money
    lines: Mapping[int, LeftOfLine]


def grant(
    transaction: Connection,
    *,
    now: datetime,
    request_id: int,
    decision_id: int,
    order: Order,
    lines: Sequence[RefundLine],
    amount: Money,
    approved_by: str,
    random_bytes: Callable[[int], bytes],
) -> int:
    """Promise `amount` to the customer, in the transaction of the decision; the refund's id.

    `lines` add up to `amount`, tax included; `approved_by` is "policy" or "staff:<id>". Granting
    the same decision again answers the same refund. Raises NothingLeftToRefund or
    RefundAlreadyGranted; nothing is written then.
    """
    order = orders.lock_order(transaction, order.id)
    granted = refunds.find_for_decision(transaction, decision_id)
    if granted:
        return granted.id
    for earlier in refunds.list_for_request(transaction, request_id):
        if earlier.state != State.FAILED:
            raise RefundAlreadyGranted(
                f"Request {request_id} has refund {earlier.id} already ({earlier.state}). "
                "No second one was made; see that refund."
            )
    given_lines = [line for line in lines if line.net or line.tax]
    _check_sum(given_lines, amount)
    check_left(what_is_left(transaction, order), given_lines, amount)
    refund_id = refunds.insert_refund(
        transaction,
        store_id=order.store_id,
        order_id=order.id,
        request_id=request_id,
        decision_id=decision_id,
        amount=amount,
        marker=new_marker(random_bytes),
        lines=given_lines,
        approved_by=approved_by,
        now=now,
    )
    _promise(transaction, order, refund_id, now, {"decision": decision_id})
    return refund_id


def grant_return(
    transaction: Connection,
    *,
    now: datetime,
    duplicate_id: int,
    order: Order,
    approved_by: str,
    random_bytes: Callable[[int], bytes],
) -> int:
    """Promise all that was paid for `order`, tax included: it was paid twice. The refund's id.

    Raises NothingLeftToRefund where anything of it went back already or its lines do not say what
    was paid, TaxWithoutRate; nothing is written then.
    """
    order = orders.lock_order(transaction, order.id)
    items = orders.list_items(transaction, order.id)
    lines = lines_for(items, {item.id: (item.paid, item.tax) for item in items})
    summed = total(
        (part for line in lines for part in (line.net, line.tax)), order.currency, order.decimals
    )
    if summed != order.total:
        raise NothingLeftToRefund(
            f"The lines of the order add up to {summed}, and {order.total} was paid. Nothing was "
            "granted: give it back in the store by hand."
        )
    check_left(what_is_left(transaction, order), lines, order.total)
    refund_id = refunds.insert_refund(
        transaction,
        store_id=order.store_id,
        order_id=order.id,
        request_id=None,
        decision_id=None,
        duplicate_id=duplicate_id,
        amount=order.total,
        marker=new_marker(random_bytes),
        lines=lines,
        approved_by=approved_by,
        now=now,
    )
    _promise(transaction, order, refund_id, now, {"duplicate": duplicate_id})
    return refund_id


def _promise(
    transaction: Connection, order: Order, refund_id: int, now: datetime, ground: dict[str, int]
) -> None:
    """Book the new refund, tell of it, and promise its payment."""
    refund = refunds.get_refund(transaction, refund_id)
    amount = refund.amount
    books.post(transaction, order.store_id, order.id, ledger.refund_granted(refund_id, amount), now)
    record_deed(
        transaction,
        at=now,
        actor=refund.approved_by,
        action="refund_granted",
        subject=f"refund:{refund_id}",
        data={**ground, "order": order.id, **_told(refund)},
    )
    outbox.promise(transaction, JobName.PAY_REFUND, refund_id, due_at=now)


def what_is_left(transaction: Connection, order: Order, *, besides: Refund | None = None) -> Left:
    """What the order can still give, after all refunds of ours and all made in the store.

    `besides` is left out of the reckoning: what is left for it to take. Raises NothingLeftToRefund
    where the order's currency is no longer that of its refunds.
    """
    ours = [
        refund
        for refund in refunds.list_for_order(transaction, order.id)
        if besides is None or refund.id != besides.id
    ]
    in_store = list_store_refunds(transaction, order.id)
    items = orders.list_items(transaction, order.id)
    return reckon(order.total, items, ours, in_store)


def reckon(
    paid: Money,
    items: Sequence[OrderItem],
    ours: Sequence[Refund],
    in_store: Sequence[StoreRefund],
) -> Left:
    """The reckoning behind `what_is_left`: each refund counts once, wherever it is seen.

    Raises NothingLeftToRefund where amounts of two currencies would have to be added up.
    """
    open_ids = {refund.id for refund in ours if refund.state in OPEN}
    counted = [row for row in in_store if row.counts and row.refund_id not in open_ids]
    seen_ids = {row.refund_id for row in counted}
    pending = [
        refund
        for refund in ours
        if refund.id in open_ids or (refund.state == State.PAID and refund.id not in seen_ids)
    ]
    taken: list[_Taken] = [line for refund in pending for line in refund.lines]
    taken += [line for row in counted for line in row.lines]
    amounts = [refund.amount for refund in pending] + [row.amount for row in counted]
    for amount in amounts:
        if (amount.currency, amount.decimals) != (paid.currency, paid.decimals):
            raise NothingLeftToRefund(
                f"{amount} {amount.currency} was given back on an order of {paid} "
                f"{paid.currency}: what is left cannot be told. Nothing was sent: see the order."
            )
    return Left(
        paid - total(amounts, paid.currency, paid.decimals),
        {item.woo_item_id: _left_of(item, taken) for item in items},
    )


def check_left(left: Left, lines: Sequence[RefundLine], amount: Money) -> None:
    """Raises NothingLeftToRefund if the order or one of its lines cannot give that much."""
    if amount > left.whole:
        raise NothingLeftToRefund(
            f"The order has {left.whole} {amount.currency} left, {amount} would be too much. "
            "Nothing was sent: see the refunds already made on it."
        )
    for line in lines:
        of_line = left.lines.get(line.woo_item_id)
        if of_line is None or line.net > of_line.net or line.tax > of_line.tax:
            there = f"{of_line.net} and {of_line.tax} of tax" if of_line else "nothing"
            raise NothingLeftToRefund(
                f"Line {line.woo_item_id} has {there} left, {line.net} and {line.tax} of tax "
                "would be too much. Nothing was sent: see the refunds already made on it."
            )


def lines_for(
    items: Sequence[OrderItem], shares: Mapping[int, tuple[Money, Money]]
) -> tuple[RefundLine, ...]:
    """The lines of a refund that gives each order item (by our id) its share: (net, tax).

    The tax is split over the line's tax rates as the store split it. Quantity goes along only
    with a line given back whole: some licence plugins act on it. Raises TaxWithoutRate.
    """
    lines = []
    for item in items:
        net, tax = shares.get(item.id, (None, None))
        if net is None or tax is None or not (net or tax):
            continue
        weights = [abs(part.minor) for _, part in item.taxes]
        if tax and not weights:
            raise TaxWithoutRate(
                f"{tax} of tax is to go back for line {item.woo_item_id}, and the store names no "
                "tax rate for it. Nothing was granted: give it back in the store by hand."
            )
        parts = tax.allocate(weights) if weights else []
        lines.append(
            RefundLine(
                woo_item_id=item.woo_item_id,
                quantity=item.quantity if net == item.paid else item.quantity * 0,
                net=net,
                taxes=tuple(
                    (rate_id, part)
                    for (rate_id, _), part in zip(item.taxes, parts, strict=False)
                    if part
                ),
            )
        )
    return tuple(lines)


def _left_of(item: OrderItem, taken: Sequence[_Taken]) -> LeftOfLine:
    zero = Money.zero(item.paid.currency, item.paid.decimals)
    given = [line for line in taken if line.woo_item_id == item.woo_item_id]
    net = sum((line.net for line in given), zero)
    tax = sum((line.tax for line in given), zero)
    return LeftOfLine(item.paid - net, item.tax - tax)


def _check_sum(lines: Sequence[RefundLine], amount: Money) -> None:
    summed = total(
        (part for line in lines for part in (line.net, line.tax)), amount.currency, amount.decimals
    )
    if summed != amount:
        raise ValueError(f"the lines of a refund of {amount} add up to {summed}")


def _told(refund: Refund) -> dict[str, str]:
    return {
        "amount": str(refund.amount),
        "currency": refund.amount.currency,
        "marker": refund.marker,
    }
