"""A person settles what reading back could not: was the customer paid, and shall they be?"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from refunddesk.db import orders, outbox, refunds, staff, stores
from refunddesk.db.refunds import Refund, State
from refunddesk.db.staff import Role, Staff
from refunddesk.jobnames import JobName
from refunddesk.services import read_back
from refunddesk.services.attempts import SETTLE
from refunddesk.services.edges import Edges
from refunddesk.services.read_back import Sighting
from refunddesk.services.reasons import written_reason
from refunddesk.services.refund_outcomes import record_due_again, record_failed, record_paid
from refunddesk.services.refusal import Refusal
from refunddesk.services.stores import open_client
from refunddesk.woocommerce.client import StoreCallFailed

#: Who may decide about money.
MAY_SETTLE = frozenset({Role.OWNER, Role.APPROVER})


class Verdict(StrEnum):
    PAID = "paid"  # the customer has the money
    PAY_AGAIN = "pay_again"  # the customer has not got it, and shall
    NOT_PAID = "not_paid"  # the customer has not got it, and shall not by this refund


class NoSuchRefund(Refusal):
    """There is no refund with this id."""


class RefundNotInReview(Refusal):
    """Only a refund that waits for a person can be settled by one."""


class RefundChangedSince(Refusal):
    """The refund went on after its evidence was looked at: another payment may have left since."""


class NotAnApprover(Refusal):
    """This person may not decide about money here."""


class SecondPersonNeeded(Refusal):
    """Paying again needs the word of two different people."""


class RefundStillInStore(Refusal):
    """The store shows a refund with our marker: paying again would pay twice."""


class TooSoonToPayAgain(Refusal):
    """The first payment may still arrive."""


def settle_refund(
    edges: Edges,
    refund_id: int,
    verdict: Verdict,
    *,
    token: int,
    by: str,
    because: str,
    second: str | None = None,
) -> Refund:
    """Settle a refund in review by the word of staff (e-mail addresses); the refund after it.

    `token` is the refund's when they looked at its evidence: what was true of one payment says
    nothing of the next.

    PAY_AGAIN needs a second person wherever there is one, and a store that answers: it is read
    back once more. Raises the refusals above, those of written_reason, and then StoreCallFailed.
    """
    because = written_reason(because, "The refund was left as it is.")
    now = edges.clock()
    with edges.database.read() as transaction:
        refund = _in_review(transaction, refund_id, token)
        _approvers(transaction, verdict, by, second)
    evidence: dict[str, object] = {"verdict": verdict.value, "reason": because}
    try:
        seen = look(edges, refund)
    except StoreCallFailed as failure:
        if verdict == Verdict.PAY_AGAIN:
            raise
        # What became of the first call can be known from the gateway or the bank as well.
        seen, evidence["store"] = Sighting((), ()), str(failure)
    else:
        evidence |= seen.evidence()
    if verdict == Verdict.PAY_AGAIN:
        _check_absent(refund, seen, now)
    with edges.database.write() as transaction:
        people = _approvers(transaction, verdict, by, second)
        evidence["by"] = [person.id for person in people]
        settled = _record(transaction, refund, verdict, seen, people[0], because, evidence, now)
        if settled is None:
            raise _gone_on(refunds.get_refund(transaction, refund_id))
        return settled


def look(edges: Edges, refund: Refund) -> Sighting:
    """What the store shows of the refund just now."""
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, refund.order_id)
        store = stores.get_store(transaction, refund.store_id)
    with open_client(edges, store.id) as client:
        return read_back.look(client, refund, order.woo_order_id, store.timezone)


def _record(
    transaction: Connection,
    refund: Refund,
    verdict: Verdict,
    seen: Sighting,
    person: Staff,
    because: str,
    evidence: dict[str, object],
    now: datetime,
) -> Refund | None:
    actor = f"staff:{person.id}"
    if verdict == Verdict.PAID:
        return record_paid(
            transaction,
            refund,
            now=now,
            actor=actor,
            evidence=evidence,
            woo_refund_id=seen.rows[0].woo_refund_id if len(seen.rows) == 1 else None,
        )
    if verdict == Verdict.NOT_PAID:
        return record_failed(
            transaction,
            refund,
            now=now,
            actor=actor,
            evidence=evidence,
            because=because,
            judge_anew=False,
        )
    # The marker stays: should the first call come through late after all, the look before the
    # second one finds it by this very marker (docs/decisions/0006-one-marker-per-refund.md).
    due = record_due_again(
        transaction,
        refund,
        now=now,
        actor=actor,
        evidence=evidence,
        because=because,
        settled_tries=seen.attempt.tries if seen.attempt else None,
        nothing_moved=True,
    )
    if due is not None:
        outbox.promise(transaction, JobName.PAY_REFUND, refund.id, due_at=now)
    return due


def _in_review(transaction: Connection, refund_id: int, token: int) -> Refund:
    try:
        refund = refunds.get_refund(transaction, refund_id)
    except refunds.RefundNotFound:
        raise NoSuchRefund(f"There is no refund {refund_id}. Nothing was changed.") from None
    if refund.state != State.NEEDS_REVIEW or refund.token != token:
        raise _gone_on(refund)
    return refund


def _gone_on(refund: Refund) -> RefundNotInReview | RefundChangedSince:
    if refund.state == State.NEEDS_REVIEW:
        return RefundChangedSince(
            f"Refund {refund.id} went on after its evidence was looked at, and was left as it is. "
            f"Look at it again: it is at {refund.token} now."
        )
    return RefundNotInReview(
        f"Refund {refund.id} is {refund.state} and was left as it is. Only one that waits for a "
        "person (needs_review) can be settled by hand."
    )


def _approvers(
    transaction: Connection, verdict: Verdict, by: str, second: str | None
) -> list[Staff]:
    """The people who decide, one or two. Raises NotAnApprover or SecondPersonNeeded."""
    able = {
        person.email: person
        for person in staff.list_staff(transaction)
        if person.role in MAY_SETTLE and person.disabled_at is None
    }
    people = []
    for email in (by, second):
        if email is None:
            continue
        person = able.get(staff.email_key(email))
        if person is None:
            raise NotAnApprover(
                f"{email} is not an owner or approver of this desk. The refund was left as it is."
            )
        people.append(person)
    if verdict == Verdict.PAY_AGAIN and len(able) > 1 and len({one.id for one in people}) < 2:
        raise SecondPersonNeeded(
            "Paying again needs a second owner or approver, another one than the first. The "
            "refund was left as it is."
        )
    return people


def _check_absent(refund: Refund, seen: Sighting, now: datetime) -> None:
    if seen.is_seen_paid:
        raise RefundStillInStore(
            "The store's bridge saw the gateway pay this refund back. Nothing was sent: if the "
            "gateway's own records say otherwise, pay it back there by hand."
        )
    if seen.rows:
        ids = ", ".join(str(row.woo_refund_id) for row in seen.rows)
        raise RefundStillInStore(
            f"The store shows refund {ids} with the marker {refund.marker}. Nothing was sent: if "
            "the gateway did not pay, delete that refund in the store first, then pay again."
        )
    if seen.unreadable:
        raise RefundStillInStore(
            f"{seen.unreadable} of the order's refunds in the store cannot be read, and may be "
            "this one. Nothing was sent: look at the order there, and pay the rest back by hand."
        )
    if refund.sent_at is not None and now - refund.sent_at < SETTLE:
        raise TooSoonToPayAgain(
            f"The payment was sent at {refund.sent_at:%H:%M:%S} UTC and may still arrive. Nothing "
            f"was sent: try again {SETTLE.seconds // 60} minutes after that."
        )
