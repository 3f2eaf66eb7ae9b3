"""What each end of a payment attempt brings with it: the state, the books, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Unpack

from sqlalchemy import Connection

from refunddesk import ledger
from refunddesk.db import books, orders, outbox, refunds
from refunddesk.db.history import record_deed
from refunddesk.db.refunds import Changes, Refund, State
from refunddesk.jobnames import JobName
from refunddesk.ledger import Entry
from refunddesk.services import duplicate_outcomes, refund_news, requests, steps
from refunddesk.services.bookkeeping import book_order

#: How soon the store is read back for the first time after an unknown outcome.
FIRST_LOOK = timedelta(seconds=10)

Evidence = Mapping[str, Any]


def change_state(
    transaction: Connection,
    refund: Refund,
    to: State,
    *,
    now: datetime,
    actor: str,
    evidence: Evidence,
    **also: Unpack[Changes],
) -> Refund | None:
    """Move the refund and write the line of history that tells of it; None if it moved on.

    `evidence` holds no personal data: it stays in the history for ever. The order is locked
    first, as everywhere: whoever reckons what it has left waits for the change.
    """
    orders.lock_order(transaction, refund.order_id)
    moved = refunds.move(transaction, refund, to, now=now, **also)
    if moved is None:
        return None
    record_deed(
        transaction,
        at=now,
        actor=actor,
        action=f"refund_{to.value}",
        subject=f"refund:{refund.id}",
        data={**evidence, "from": refund.state.value, "attempt": moved.attempt},
    )
    return moved


def record_paid(
    transaction: Connection,
    refund: Refund,
    *,
    now: datetime,
    actor: str,
    evidence: Evidence,
    woo_refund_id: int | None,
) -> Refund | None:
    """The customer has the money: book it, and promise what follows a paid refund."""
    paid = change_state(
        transaction,
        refund,
        State.PAID,
        now=now,
        actor=actor,
        evidence=evidence,
        woo_refund_id=woo_refund_id,
        last_error=None,
    )
    if paid is None:
        return None
    booked = ledger.refund_found if refund.state == State.FAILED else ledger.refund_paid
    _book(transaction, paid, booked(paid.id, paid.amount), now)
    steps.plan(transaction, paid, now)
    duplicate_outcomes.record_returned(transaction, paid, now)
    refund_news.tell_paid(transaction, paid, now)
    _promise_to_record(transaction, paid, now)
    return paid


def record_unsettled(
    transaction: Connection,
    refund: Refund,
    to: State,
    *,
    now: datetime,
    actor: str,
    evidence: Evidence,
    because: str,
) -> Refund | None:
    """Money may have moved: `to` is UNKNOWN or NEEDS_REVIEW. Nothing is sent, the store is read
    back; a late row settles the refund even while it waits for a person.
    """
    moved = change_state(
        transaction,
        refund,
        to,
        now=now,
        actor=actor,
        evidence={**evidence, "because": because},
        last_error=because,
        unknown_since=refund.unknown_since or now,
    )
    if moved is not None:
        outbox.promise(transaction, JobName.RESOLVE_REFUND, refund.id, due_at=now + FIRST_LOOK)
        if to is State.NEEDS_REVIEW:
            refund_news.tell_needs_review(transaction, moved, now)
    return moved


def record_due_again(
    transaction: Connection,
    refund: Refund,
    *,
    now: datetime,
    actor: str,
    evidence: Evidence,
    because: str,
    settled_tries: int | None = None,
    nothing_moved: bool = False,
) -> Refund | None:
    """The refund may be sent again. By a person's word: `settled_tries` calls in the bridge's
    record were looked up elsewhere.

    `nothing_moved` says so of all its calls: no record binds it any more.
    """
    return change_state(
        transaction,
        refund,
        State.DUE,
        now=now,
        actor=actor,
        evidence=evidence,
        last_error=because,
        unknown_since=None,
        settled_tries=refund.settled_tries if settled_tries is None else settled_tries,
        bridge_record=None if nothing_moved else refund.bridge_record,
    )


def record_failed(
    transaction: Connection,
    refund: Refund,
    *,
    now: datetime,
    actor: str,
    evidence: Evidence,
    because: str,
    judge_anew: bool,
) -> Refund | None:
    """No money left and none will by this refund: take it out of the books, reopen the request.

    With `judge_anew` the order is no longer the one that was judged and the policy decides
    again; otherwise it would only grant the same again, so a person looks.
    """
    failed = _fail(transaction, refund, now=now, actor=actor, evidence=evidence, because=because)
    if failed is None:
        return None
    if failed.request_id is None:
        duplicate_outcomes.record_not_returned(transaction, failed, now, because)
    elif judge_anew:
        requests.judge_anew(transaction, failed.request_id, now, because)
    elif in_review := requests.put_in_review(transaction, failed.request_id, now, because):
        refund_news.tell_in_review(transaction, in_review, now)
    return failed


def take_back(
    transaction: Connection, refund: Refund, *, now: datetime, actor: str, because: str
) -> Refund | None:
    """Give up a refund that is due and was never sent; the caller says what becomes of its request.

    None if it moved on.
    """
    if refund.state != State.DUE or refund.may_have_paid:
        return None
    return _fail(transaction, refund, now=now, actor=actor, evidence={}, because=because)


def _fail(
    transaction: Connection,
    refund: Refund,
    *,
    now: datetime,
    actor: str,
    evidence: Evidence,
    because: str,
) -> Refund | None:
    failed = change_state(
        transaction,
        refund,
        State.FAILED,
        now=now,
        actor=actor,
        evidence={**evidence, "because": because},
        last_error=because,
    )
    if failed is not None:
        _book(transaction, failed, ledger.refund_dropped(failed.id, failed.amount), now)
        _promise_to_record(transaction, failed, now)
    return failed


def give_up(
    transaction: Connection,
    refund: Refund,
    *,
    now: datetime,
    actor: str,
    because: str,
    judge_anew: bool,
) -> None:
    """Give up a refund that is due: failed, unless an earlier call may have paid it."""
    if refund.may_have_paid:
        record_unsettled(
            transaction,
            refund,
            State.NEEDS_REVIEW,
            now=now,
            actor=actor,
            evidence={},
            because=f"{because}; an earlier call may have paid it",
        )
    else:
        record_failed(
            transaction,
            refund,
            now=now,
            actor=actor,
            evidence={},
            because=because,
            judge_anew=judge_anew,
        )


def drop_due(
    transaction: Connection, order_id: int, *, now: datetime, actor: str, because: str
) -> None:
    """Give up what is granted on the order and not sent yet: the policy may now say no."""
    orders.lock_order(transaction, order_id)
    for refund in refunds.list_for_order(transaction, order_id):
        if refund.state == State.DUE:
            give_up(transaction, refund, now=now, actor=actor, because=because, judge_anew=True)


def _book(transaction: Connection, refund: Refund, entry: Entry, now: datetime) -> None:
    books.post(transaction, refund.store_id, refund.order_id, entry, now)
    # While a refund of ours is given up, a row that the store shows of it counts as made elsewhere.
    book_order(transaction, orders.get_order(transaction, refund.order_id), now)


def _promise_to_record(transaction: Connection, refund: Refund, now: datetime) -> None:
    """Have the order looked at: a webhook may say the same later, or be lost."""
    order = orders.get_order(transaction, refund.order_id)
    subject = f"{order.store_id}:{order.woo_order_id}"
    outbox.promise(transaction, JobName.RECORD_ORDER, subject, due_at=now)
