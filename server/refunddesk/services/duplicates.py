"""Finds payments made twice for the same thing, and gives the later one back: never both."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk.db import customers, disputes, duplicates, licenses, orders, outbox, requests
from refunddesk.db.duplicates import Duplicate, DuplicateKind, DuplicateState, NewDuplicate
from refunddesk.db.history import record_deed
from refunddesk.db.orders import Order
from refunddesk.db.refunds import State, list_for_order
from refunddesk.jobnames import JobName
from refunddesk.services import refunds
from refunddesk.services.approval_limits import needs_second_person, still_decides
from refunddesk.services.duplicate_outcomes import is_refunded, move, tell_waits
from refunddesk.services.edges import Edges
from refunddesk.services.reasons import written_reason
from refunddesk.services.refund_outcomes import give_up
from refunddesk.services.refunds import NothingLeftToRefund, TaxWithoutRate
from refunddesk.services.refusal import Refusal
from refunddesk.services.same_purchase import (
    Half,
    can_be_half,
    doubts_about,
    is_same_purchase,
    reasons_for,
)
from refunddesk.services.store_rules import get_duplicate_rule

_ACTOR = "double payments"
_REFUNDED = "one of the two was refunded"


class NoSuchDuplicate(Refusal):
    """No pair of payments has this number."""


class DuplicateSettled(Refusal):
    """The pair is on its way back, returned, or dropped."""


class ReturnedAtGateway(Refusal):
    """One order took two payments: only its gateway's own page can return one of them."""


class ExtraChanged(Refusal):
    """The later payment is of another amount than the one that was shown to who decides."""


def promise_look(transaction: Connection, order: Order, now: datetime) -> None:
    """Have a changed order looked at, in a transaction that locks no other order."""
    if order.paid_at is not None:
        outbox.promise(transaction, JobName.FIND_DUPLICATES, order.id, due_at=now)


def record_two_captures(
    transaction: Connection, before: Order, order: Order, now: datetime
) -> None:
    """Keep that a paid order names another transaction than before: two payments may have come.

    WooCommerce keeps one transaction per order and takes a second payment without a word.
    """
    if not (before.paid_at and order.paid_at and before.transaction_id and order.transaction_id):
        return
    if before.transaction_id == order.transaction_id or not can_be_half(order):
        return
    new = NewDuplicate(
        order.store_id,
        DuplicateKind.TWO_CAPTURES,
        order.id,
        order.id,
        order.total,
        reasons=("other_transaction",),
        doubts=("one_order",),
    )
    _record(transaction, new, now)


def look(edges: Edges, order_id: int) -> None:
    """Find the payments of one customer that this order repeats or that repeat it, and end pairs of
    which one was refunded. All orders concerned are locked, in the sequence of their ids.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        order = orders.get_order(transaction, order_id)
        near = _list_near(transaction, order)
        known = duplicates.list_of_order(transaction, order_id)
        halves = {half for pair in known for half in (pair.kept_order_id, pair.extra_order_id)}
        locked = {
            one: orders.lock_order(transaction, one) for one in sorted({order_id, *near, *halves})
        }
        for pair in known:
            _end_if_refunded(transaction, pair, now)
        for found in _find(transaction, [locked[one] for one in {order_id, *near}]):
            if recorded := _record(transaction, found, now):
                _return_by_itself(transaction, edges, recorded, now)


def return_extra(edges: Edges, duplicate_id: int, *, by: str) -> Duplicate:
    """Give the later payment back on a person's word; the pair after it.

    Above the store's limit for staff the first person's word is kept, and a second person's gives
    it back. Raises NoSuchDuplicate, DuplicateSettled, ReturnedAtGateway, ExtraChanged,
    NothingLeftToRefund, TaxWithoutRate.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        pair = _lock_open(transaction, duplicate_id)
        if pair.kind is DuplicateKind.TWO_CAPTURES:
            raise ReturnedAtGateway(
                "Which of the two payments a refund would return the store does not say. Nothing "
                "was sent: return one on the gateway's own page, then drop this with that reason."
            )
        if _end_if_refunded(transaction, pair, now):
            return _get(transaction, duplicate_id)
        extra = orders.get_order(transaction, pair.extra_order_id)
        _check_unchanged(pair, extra)
        is_first = _is_first(transaction, pair, by)
        if is_first and needs_second_person(transaction, extra, pair.amount, granted_by=by):
            because = "above the limit of the store: a second person has to say so too"
            move(transaction, pair, DuplicateState.OPEN, now=now, by=by, because=because)
        else:
            _grant(transaction, edges, pair, now, by)
        return _get(transaction, duplicate_id)


def drop(edges: Edges, duplicate_id: int, because: str, *, by: str) -> Duplicate:
    """Leave both payments as they are, for a reason; the pair after it.

    Raises NoSuchDuplicate, DuplicateSettled, ReasonMissing, ReasonTooLong.
    """
    reason = written_reason(because, "Both payments were left as they are.")
    now = edges.clock()
    with edges.database.write() as transaction:
        pair = _lock_open(transaction, duplicate_id)
        move(transaction, pair, DuplicateState.DROPPED, now=now, by=by, because=reason)
        return _get(transaction, duplicate_id)


def _is_first(transaction: Connection, pair: Duplicate, by: str) -> bool:
    """Whether nobody else who still decides has said yet that the payment goes back."""
    said = pair.settled_by
    return said in (None, by, _ACTOR) or not still_decides(transaction, said)


def _check_unchanged(pair: Duplicate, extra: Order) -> None:
    """The whole order goes back: what people say, they say of the amount they were shown."""
    if extra.total != pair.amount:
        raise ExtraChanged(
            f"Order {extra.number} was {pair.amount} {pair.amount.currency} when it was taken for "
            f"a double payment, and is {extra.total} {extra.currency} now. Nothing was sent: give "
            "it back in the store by hand, or drop this with that reason."
        )


def _list_near(transaction: Connection, order: Order) -> list[int]:
    """This customer's other orders paid so close that one of them may be one too many."""
    if order.customer_id is None or order.paid_at is None:
        return []
    within = timedelta(seconds=get_duplicate_rule(transaction, order.store_id).within_seconds)
    person = [one.id for one in customers.list_same_person(transaction, order.customer_id)]
    since, until = order.paid_at - within, order.paid_at + within
    return duplicates.list_paid_near(transaction, person, since, until, besides=order.id)


def _find(transaction: Connection, members: list[Order]) -> list[NewDuplicate]:
    """Each payment that repeats an earlier one, with the earliest that it repeats."""
    standing = [
        _half(transaction, order)
        for order in members
        if can_be_half(order) and not is_refunded(transaction, order.id)
    ]
    standing.sort(key=lambda half: (half.order.paid_at, half.order.woo_order_id))
    found = []
    for number, extra in enumerate(standing):
        for kept in standing[:number]:
            if _is_close(transaction, kept.order, extra.order) and is_same_purchase(kept, extra):
                found.append(
                    NewDuplicate(
                        extra.order.store_id,
                        DuplicateKind.TWO_ORDERS,
                        kept.order.id,
                        extra.order.id,
                        extra.order.total,
                        reasons_for(kept, extra),
                        doubts_about(kept, extra),
                    )
                )
                break
    return found


def _is_close(transaction: Connection, kept: Order, extra: Order) -> bool:
    assert kept.paid_at
    assert extra.paid_at
    within = get_duplicate_rule(transaction, extra.store_id).within_seconds
    return extra.paid_at - kept.paid_at <= timedelta(seconds=within)


def _half(transaction: Connection, order: Order) -> Half:
    bought = licenses.list_licenses(transaction, order.id, None)
    used = licenses.list_activations(transaction, [one.id for one in bought])
    return Half(
        order,
        orders.list_items(transaction, order.id),
        is_used=bool(used),
        is_disputed=bool(disputes.list_disputes(transaction, order.id)),
        is_asked_for=requests.find_open(transaction, order.id) is not None,
    )


def _record(transaction: Connection, new: NewDuplicate, now: datetime) -> Duplicate | None:
    pair = duplicates.insert_duplicate_once(transaction, new, now=now)
    if pair is None:
        return None
    record_deed(
        transaction,
        at=now,
        actor=_ACTOR,
        action="duplicate_found",
        subject=f"duplicate:{pair.id}",
        data={
            "order": pair.extra_order_id,
            "kept": pair.kept_order_id,
            "reasons": list(pair.reasons),
            "doubts": list(pair.doubts),
        },
    )
    if pair.kind is DuplicateKind.TWO_CAPTURES:
        tell_waits(transaction, pair, now)
    return pair


def _return_by_itself(
    transaction: Connection, edges: Edges, pair: Duplicate, now: datetime
) -> None:
    """Give the extra payment back where nothing speaks against it and the owner said up to how
    much; else a person is told.
    """
    limit = get_duplicate_rule(transaction, pair.store_id).return_up_to
    extra = orders.get_order(transaction, pair.extra_order_id)
    is_small = (
        limit is not None
        and (limit.currency, limit.decimals) == (pair.amount.currency, pair.amount.decimals)
        and pair.amount <= limit
    )
    if is_small and not pair.doubts and not _waits_for_second(transaction, extra, pair):
        try:
            _grant(transaction, edges, pair, now, "policy")
        except (NothingLeftToRefund, TaxWithoutRate):
            pass
        else:
            return
    tell_waits(transaction, pair, now)


def _waits_for_second(transaction: Connection, extra: Order, pair: Duplicate) -> bool:
    return needs_second_person(transaction, extra, pair.amount, granted_by="policy")


def _grant(transaction: Connection, edges: Edges, pair: Duplicate, now: datetime, by: str) -> None:
    """Grant the whole extra order, tax included; both orders are locked and neither was refunded.

    Raises NothingLeftToRefund, TaxWithoutRate.
    """
    extra = orders.get_order(transaction, pair.extra_order_id)
    if is_refunded(transaction, pair.kept_order_id) or is_refunded(transaction, extra.id):
        raise NothingLeftToRefund(f"Nothing was granted: {_REFUNDED}.")
    refunds.grant_return(
        transaction,
        now=now,
        duplicate_id=pair.id,
        order=extra,
        approved_by=by,
        random_bytes=edges.random_bytes,
    )
    move(
        transaction,
        pair,
        DuplicateState.RETURNING,
        now=now,
        by=by,
        snapshot_sha=extra.snapshot_sha,
    )


def _end_if_refunded(transaction: Connection, pair: Duplicate, now: datetime) -> bool:
    """End a pair of which one was refunded another way; what is due and not sent is taken back."""
    if pair.state not in (DuplicateState.OPEN, DuplicateState.RETURNING):
        return False
    halves = (pair.kept_order_id, pair.extra_order_id)
    if not any(is_refunded(transaction, half, besides=pair.id) for half in halves):
        return False
    if pair.state is DuplicateState.OPEN:
        move(transaction, pair, DuplicateState.DROPPED, now=now, by=_ACTOR, because=_REFUNDED)
        return True
    for refund in list_for_order(transaction, pair.extra_order_id):
        if refund.duplicate_id == pair.id and refund.state == State.DUE:
            give_up(transaction, refund, now=now, actor=_ACTOR, because=_REFUNDED, judge_anew=False)
    return True


def _lock_open(transaction: Connection, duplicate_id: int) -> Duplicate:
    pair = _get(transaction, duplicate_id)
    for half in sorted({pair.kept_order_id, pair.extra_order_id}):
        orders.lock_order(transaction, half)
    pair = _get(transaction, duplicate_id)
    if pair.state is not DuplicateState.OPEN:
        raise DuplicateSettled(
            f"Double payment {duplicate_id} is {pair.state} already. Nothing was changed."
        )
    return pair


def _get(transaction: Connection, duplicate_id: int) -> Duplicate:
    pair = duplicates.find_duplicate(transaction, duplicate_id)
    if pair is None:
        raise NoSuchDuplicate(f"There is no double payment {duplicate_id}. Nothing was changed.")
    return pair
