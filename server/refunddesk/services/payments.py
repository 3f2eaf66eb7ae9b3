"""Paying a granted refund: look, commit to sending, send once, and keep what is known."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk.db import orders, refunds
from refunddesk.db.history import record_deed
from refunddesk.db.refunds import IN_FLIGHT, Refund, State
from refunddesk.jobnames import LIMITS, JobName
from refunddesk.services import preflight
from refunddesk.services.attempts import announce, is_forgotten
from refunddesk.services.edges import Edges
from refunddesk.services.objections import stop_at_objection
from refunddesk.services.orders import record_order
from refunddesk.services.payment import Payment, load_payment
from refunddesk.services.payment_blocks import why_held
from refunddesk.services.preflight import AlreadyThere, Differs, Finding
from refunddesk.services.refund_outcomes import (
    change_state,
    give_up,
    record_due_again,
    record_failed,
    record_paid,
    record_unsettled,
)
from refunddesk.services.refunds import NothingLeftToRefund, check_left, what_is_left
from refunddesk.services.stores import check_connected, open_client
from refunddesk.woocommerce.client import StoreCallFailed, StoreClient
from refunddesk.woocommerce.payloads import UnusableBody
from refunddesk.woocommerce.refunds import (
    Outcome,
    RefundAnswer,
    post_refund,
)

#: How long a sender may be silent before its refund counts as unknown. Longer than the 160 s its
#: call may take and the 200 s its job may run: a lapsed lease means that nobody is sending.
LEASE = timedelta(seconds=300)
#: What must be left of the lease when the call begins.
_LONGEST_CALL = LIMITS[JobName.PAY_REFUND].timeout
_WHILE_HELD = timedelta(minutes=5)
_BEHIND_ANOTHER = timedelta(minutes=1)
_ACTOR = "payments"
_ALREADY_THERE = "the store has a refund with our marker already; nothing was sent"
_NO_BRIDGE = (
    "The store's Refund Desk Bridge is not there, or older than 0.2.0: switch it on, or update it. "
    "The refund is still due and tried again."
)
_BRIDGE_LOST = "the bridge that remembers its earlier call is not there; nothing was sent"


class RefundNotSent(Exception):
    """The store provably did not carry out the call. The refund is still due and tried again."""


def pay_refund(edges: Edges, refund_id: int) -> datetime | None:
    """Pay the refund if it is due; when to come back, or None if there is nothing to come for.

    The refund is committed as SENDING before a byte of the call leaves, and the call is made
    once. Raises StoreCallFailed when the store cannot be looked at and RefundNotSent when it
    did nothing: the refund is still due then. Raises StoreDisconnected, too.
    """
    now = edges.clock()
    with edges.database.read() as transaction:
        refund = refunds.get_refund(transaction, refund_id)
        if refund.state != State.DUE:
            return None
        payment = load_payment(transaction, refund)
        check_connected(payment.store)
        wait_until = _must_wait(transaction, refund, now)
    if wait_until:
        return wait_until
    if payment.has_lost_its_bridge:
        _leave_to_looking(edges, payment, {}, _BRIDGE_LOST)
        return None
    with open_client(edges, payment.store.id) as client:
        finding = _look(client, payment)
        if isinstance(finding, AlreadyThere):
            _leave_to_looking(
                edges, payment, {"store_refunds": list(finding.woo_refund_ids)}, _ALREADY_THERE
            )
            return None
        if not isinstance(finding, Differs) and not _announce(edges, client, payment):
            return None
        begun = finding if isinstance(finding, Differs) else _begin(edges, payment)
        if isinstance(begun, Differs):
            _drop(edges, payment, begun)
            return None
        if not isinstance(begun, Refund):
            return begun
        answer = _call(edges, client, payment, begun)
        _record_answer(edges, client, payment, begun, answer)
    return None


def _must_wait(transaction: Connection, refund: Refund, now: datetime) -> datetime | None:
    """Until when: payments of the store are held, or money may be moving on the same order."""
    if why_held(transaction, refund.store_id, now):
        return now + _WHILE_HELD
    others = refunds.list_for_order(transaction, refund.order_id)
    if any(other.state in IN_FLIGHT for other in others):
        return now + _BEHIND_ANOTHER
    return None


def _look(client: StoreClient, payment: Payment) -> Finding:
    try:
        seen = preflight.look(client, payment.order.woo_order_id, payment.store.timezone)
    except UnusableBody as fault:
        return Differs(f"the store's order cannot be read: {fault.reason}", judge_anew=False)
    if isinstance(seen, Differs):
        return seen
    return preflight.examine(payment.refund, payment.judged_sha, seen)


def _announce(edges: Edges, client: StoreClient, payment: Payment) -> bool:
    """Tell the store's bridge of the call, before it is committed; False where it must not be made.

    Raises RefundNotSent.
    """
    if not payment.call.by_bridge:
        return True
    before = announce(client, payment.refund, payment.order.woo_order_id)
    if before is None:
        raise RefundNotSent(_NO_BRIDGE)
    if is_forgotten(payment.refund, before):
        _leave_to_looking(edges, payment, {}, _BRIDGE_LOST)
        return False
    return True


def _begin(edges: Edges, payment: Payment) -> Refund | Differs | datetime | None:
    """The refund as SENDING, committed; else why not, when to come back, or None if it moved on.

    Everything our own rows say is checked again under the order's lock: while the store was
    looked at, another worker may have begun this refund or another one on the order.
    """
    now = edges.clock()  # anew: the look at the store may have taken a minute of the lease
    refund = payment.refund
    with edges.database.write() as transaction:
        order = orders.lock_order(transaction, payment.order.id)
        wait_until = _must_wait(transaction, refund, now)
        if wait_until:
            return wait_until
        if stop_at_objection(transaction, refund, now=now, actor=_ACTOR):
            return None
        try:
            left = what_is_left(transaction, order, besides=refund)
            check_left(left, refund.lines, refund.amount)
        except NothingLeftToRefund as short:
            return Differs(str(short), judge_anew=False)
        return change_state(
            transaction,
            refund,
            State.SENDING,
            now=now,
            actor=_ACTOR,
            evidence={"amount": str(refund.amount), "marker": refund.marker},
            attempt=refund.attempt + 1,
            bridge_record=payment.store.bridge_record,
            lease_until=now + LEASE,
            sent_at=now,
        )


def _call(edges: Edges, client: StoreClient, payment: Payment, begun: Refund) -> RefundAnswer:
    """Make the call, unless its turn is over: not sent then.

    A worker can be stopped between its commit and its call, with its machine for instance. Until
    it wakes the refund may have been read back, and a person may have had it paid again.
    """
    with edges.database.read() as transaction:
        current = refunds.get_refund(transaction, begun.id)
    now = edges.clock()  # after the reading, which may be where the time went
    assert begun.lease_until, "a refund that is being sent has a lease"
    if current.token != begun.token or now + _LONGEST_CALL > begun.lease_until:
        trouble = "the worker came to the call too late to make it"
        return RefundAnswer(Outcome.NOT_SENT, None, {"trouble": trouble})
    return post_refund(client, payment.call)


def _drop(edges: Edges, payment: Payment, difference: Differs) -> None:
    """Give the refund up unsent, and have the request judged anew or seen by a person."""
    judge_anew = difference.judge_anew and _has_changed(edges, payment)
    now = edges.clock()
    with edges.database.write() as transaction:
        give_up(
            transaction,
            payment.refund,
            now=now,
            actor=_ACTOR,
            because=difference.because,
            judge_anew=judge_anew,
        )


def _has_changed(edges: Edges, payment: Payment) -> bool:
    """Whether our copy, brought up to date, differs from what was judged.

    Judged anew by an unchanged copy the refund would be granted again, and dropped again.
    """
    record_order(edges, payment.store.id, payment.order.woo_order_id)
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, payment.order.id)
    return order.snapshot_sha != payment.judged_sha or order.gone_at is not None


def _leave_to_looking(
    edges: Edges, payment: Payment, evidence: dict[str, object], because: str
) -> None:
    with edges.database.write() as transaction:
        record_unsettled(
            transaction,
            payment.refund,
            State.UNKNOWN,
            now=edges.clock(),
            actor=_ACTOR,
            evidence=evidence,
            because=because,
        )


def _record_answer(
    edges: Edges, client: StoreClient, payment: Payment, sending: Refund, answer: RefundAnswer
) -> None:
    """Write down what the call came to. Raises RefundNotSent once that is committed."""
    outcome, judge_anew = answer.outcome, False
    if outcome is Outcome.TOO_MUCH:
        if _may_be_ours(client, payment):
            outcome = Outcome.UNKNOWN
        else:
            judge_anew = _can_be_judged_anew(edges, payment)
    if outcome in _REFUSED and payment.refund.may_have_paid:
        outcome = Outcome.UNKNOWN  # this call was refused, an earlier one may not have been
    now = edges.clock()
    with edges.database.write() as transaction:
        if outcome in _REFUSED:
            recorded = _refused(transaction, sending, answer, now, judge_anew=judge_anew)
        else:
            recorded = _RECORD[outcome](transaction, sending, answer, now)
        if recorded is None:
            _record_late(transaction, sending, answer, now)
    if recorded is not None and recorded.state == State.DUE:
        raise RefundNotSent(f"{recorded.last_error}. The refund is still due and tried again.")


def _may_be_ours(client: StoreClient, payment: Payment) -> bool:
    """After "too much": may it be our own earlier row that takes up the amount?"""
    try:
        rows = preflight.list_rows(
            client,
            payment.order.woo_order_id,
            payment.refund.amount.currency,
            payment.refund.amount.decimals,
            payment.store.timezone,
        )
    except (StoreCallFailed, UnusableBody):
        return True
    return bool(preflight.with_marker(rows, payment.refund.marker))


def _can_be_judged_anew(edges: Edges, payment: Payment) -> bool:
    try:
        return _has_changed(edges, payment)
    except StoreCallFailed:
        return False


def _paid(
    transaction: Connection, sending: Refund, answer: RefundAnswer, now: datetime
) -> Refund | None:
    return record_paid(
        transaction,
        sending,
        now=now,
        actor=_ACTOR,
        evidence=dict(answer.evidence),
        woo_refund_id=answer.woo_refund_id,
    )


def _not_executed(
    transaction: Connection, sending: Refund, answer: RefundAnswer, now: datetime
) -> Refund | None:
    return record_due_again(
        transaction,
        sending,
        now=now,
        actor=_ACTOR,
        evidence=dict(answer.evidence),
        because=answer.in_words,
    )


def _refused(
    transaction: Connection,
    sending: Refund,
    answer: RefundAnswer,
    now: datetime,
    *,
    judge_anew: bool,
) -> Refund | None:
    return record_failed(
        transaction,
        sending,
        now=now,
        actor=_ACTOR,
        evidence=dict(answer.evidence),
        because=answer.in_words,
        judge_anew=judge_anew,
    )


def _unknown(
    transaction: Connection, sending: Refund, answer: RefundAnswer, now: datetime
) -> Refund | None:
    return record_unsettled(
        transaction,
        sending,
        State.UNKNOWN,
        now=now,
        actor=_ACTOR,
        evidence=dict(answer.evidence),
        because=answer.in_words,
    )


def _odd(
    transaction: Connection, sending: Refund, answer: RefundAnswer, now: datetime
) -> Refund | None:
    return record_unsettled(
        transaction,
        sending,
        State.NEEDS_REVIEW,
        now=now,
        actor=_ACTOR,
        evidence={**answer.evidence, "store_refunds": [answer.woo_refund_id]},
        because=answer.in_words,
    )


#: Proof that nothing was executed and, as things are, nothing will be.
_REFUSED = frozenset({Outcome.REJECTED, Outcome.TOO_MUCH, Outcome.NO_GATEWAY})
#: What every other answer of the store is written down as.
_RECORD = {
    Outcome.NOT_SENT: _not_executed,
    Outcome.PAID: _paid,
    Outcome.ODD: _odd,
    Outcome.NOT_EXECUTED: _not_executed,
    Outcome.UNKNOWN: _unknown,
}


def _record_late(
    transaction: Connection, sending: Refund, answer: RefundAnswer, now: datetime
) -> None:
    """The answer of a call whose lease had lapsed: it is kept, but decides only for "paid"."""
    orders.lock_order(transaction, sending.order_id)
    refund = refunds.get_refund(transaction, sending.id)
    record_deed(
        transaction,
        at=now,
        actor=_ACTOR,
        action="refund_answered_late",
        subject=f"refund:{refund.id}",
        data={**answer.evidence, "outcome": answer.outcome.value, "state": refund.state.value},
    )
    if answer.outcome is not Outcome.PAID:
        return
    if refund.state in (State.UNKNOWN, State.NEEDS_REVIEW, State.FAILED):
        _paid(transaction, refund, answer, now)
    elif refund.state == State.DUE:
        # A person had it paid again meanwhile: it must not be sent now.
        _unknown(transaction, refund, answer, now)
