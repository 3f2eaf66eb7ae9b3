"""What staff say of a customer and of a bank's dispute; every change is judged at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from types import EllipsisType

from sqlalchemy import Connection

from refunddesk.db import customers, disputes, infringements, orders, requests
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.customers import CustomerFacts
from refunddesk.db.disputes import Dispute
from refunddesk.db.history import record_deed
from refunddesk.services.alarms import keep_alarm
from refunddesk.services.edges import Edges
from refunddesk.services.instants import past_instant
from refunddesk.services.refund_outcomes import drop_due
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import NoSuchOrder, order_changed, wake


class NoSuchCustomer(Refusal):
    """No customer has this id."""


class InfringementAlreadyOpen(Refusal):
    """A legal procedure against the customer is open already."""


class NoOpenInfringement(Refusal):
    """There is no open legal procedure against the customer to be settled."""


class ChangeIncomplete(Refusal):
    """An infringement without evidence, or evidence without an infringement."""


class NoSuchDispute(Refusal):
    """No dispute has this id."""


class DisputeContradiction(Refusal):
    """The dispute would be closed before it was opened."""


@dataclass(frozen=True, slots=True)
class CustomerChange:
    """What staff say anew. `infringement` is "open", with its evidence, or "settled".

    `breaches` are all that are held against the customer: "terms", "abuse", or none.
    """

    infringement: str | None = None
    evidence: str | None = None
    is_consumer: bool | EllipsisType | None = ...
    breaches: tuple[str, ...] | None = None


def change_customer(
    edges: Edges, customer_id: int, change: CustomerChange, *, by: str
) -> CustomerFacts:
    """Write what staff say of the customer.

    An open infringement refuses refunds and new activations until it is settled. Raises
    NoSuchCustomer, ChangeIncomplete, InfringementAlreadyOpen, NoOpenInfringement.
    """
    if (change.infringement == "open") != (change.evidence is not None):
        raise ChangeIncomplete(
            "A procedure is opened with its evidence, and evidence is only taken with one. "
            "Nothing was changed."
        )
    with edges.database.write() as transaction:
        return change_within(transaction, customer_id, change, by=by, now=edges.clock())


def change_within(
    transaction: Connection, customer_id: int, change: CustomerChange, *, by: str, now: datetime
) -> CustomerFacts:
    """`change_customer` as a part of another deed. What it refuses, it refuses before it writes."""
    customer = customers.lock_customer(transaction, customer_id)
    if customer is None:
        raise NoSuchCustomer(f"There is no customer {customer_id}. Nothing was changed.")
    changed = customer
    if not isinstance(change.is_consumer, EllipsisType):
        changed = replace(changed, is_consumer=change.is_consumer)
    if change.breaches is not None:
        changed = replace(changed, breaches=tuple(sorted(set(change.breaches))))
    if change.infringement == "open":
        changed = _accused(changed, change.evidence, now, by)
    elif change.infringement == "settled":
        changed = _cleared(changed, now)
    if changed != customer:
        customers.change_customer(transaction, changed)
        _record_procedure(transaction, changed.id, change, now, by)
        _tell_customer(transaction, changed, change, now, by)
    return changed


def open_dispute(
    edges: Edges, order_id: int, *, status: str, opened_at: datetime | None, by: str
) -> Dispute:
    """Record that the bank was asked for the order's money.

    Raises NoSuchOrder, InstantInFuture.
    """
    now = edges.clock()
    at = past_instant("opened_at", opened_at, now) if opened_at else now
    with edges.database.write() as transaction:
        try:
            orders.lock_order(transaction, order_id)
        except orders.NoSuchOrder:
            raise NoSuchOrder(f"There is no order {order_id}. No dispute was kept.") from None
        dispute = disputes.record_dispute(transaction, order_id, status=status, opened_at=at)
        _tell_dispute(transaction, dispute, now, by, "dispute_opened")
    return dispute


def change_dispute(
    edges: Edges, dispute_id: int, *, status: str, closed_at: datetime | None, by: str
) -> Dispute:
    """Write where the dispute stands; `closed_at` None reopens it.

    Raises NoSuchDispute, DisputeContradiction, InstantInFuture.
    """
    now = edges.clock()
    closed_at = past_instant("closed_at", closed_at, now) if closed_at else None
    with edges.database.write() as transaction:
        dispute = disputes.lock_dispute(transaction, dispute_id)
        if dispute is None:
            raise NoSuchDispute(f"There is no dispute {dispute_id}. Nothing was changed.")
        if closed_at and closed_at < dispute.opened_at:
            raise DisputeContradiction(
                f"Dispute {dispute_id} was opened at {dispute.opened_at.isoformat()}, after "
                "closed_at. Nothing was changed."
            )
        changed = replace(dispute, status=status, closed_at=closed_at)
        if changed != dispute:
            disputes.change_dispute(transaction, dispute_id, status=status, closed_at=closed_at)
            _tell_dispute(transaction, changed, now, by, "dispute_changed")
    return changed


def _record_procedure(
    transaction: Connection, customer_id: int, change: CustomerChange, now: datetime, by: str
) -> None:
    if change.infringement == "settled":
        infringements.record_settled(transaction, customer_id, by=by, now=now)
    elif change.infringement == "open":
        infringements.record_opened(
            transaction, customer_id, evidence=change.evidence or "", by=by, now=now
        )


def _accused(
    customer: CustomerFacts, evidence: str | None, now: datetime, by: str
) -> CustomerFacts:
    if customer.infringement_is_open:
        raise InfringementAlreadyOpen(
            f"A procedure against customer {customer.id} is open already. Nothing was changed: "
            "settle it first."
        )
    return replace(
        customer,
        infringement_opened_at=now,
        infringement_opened_by=by,
        infringement_evidence=evidence,
        infringement_settled_at=None,
    )


def _cleared(customer: CustomerFacts, now: datetime) -> CustomerFacts:
    if not customer.infringement_is_open:
        raise NoOpenInfringement(
            f"No procedure against customer {customer.id} is open. Nothing was changed."
        )
    return replace(customer, infringement_settled_at=now)


def _tell_customer(
    transaction: Connection, customer: CustomerFacts, change: CustomerChange, now: datetime, by: str
) -> None:
    # The evidence itself is about a person and stays out of the trail.
    record_deed(
        transaction,
        at=now,
        actor=by,
        action="customer_changed",
        subject=f"customer:{customer.id}",
        data={
            "infringement": change.infringement,
            "is_consumer": customer.is_consumer,
            "breaches": list(customer.breaches),
        },
    )
    person = [row.id for row in customers.list_same_person(transaction, customer.id)]
    if change.infringement == "open":
        for order in orders.list_orders_of_customer(transaction, person):
            drop_due(transaction, order.id, now=now, actor=by, because="an infringement was opened")
    elif change.infringement == "settled":
        _end_alarms(transaction, person, now)
    wake(transaction, requests.list_open_for_customers(transaction, person), now)


def _end_alarms(transaction: Connection, person: list[int], now: datetime) -> None:
    """What the person bought meanwhile needs nobody's look any more."""
    for order in orders.list_orders_of_customer(transaction, person):
        kind, subject = AlarmKind.ORDER_OF_INFRINGER, f"order:{order.id}"
        keep_alarm(transaction, order.store_id, kind, subject, trouble=None, now=now)


def _tell_dispute(
    transaction: Connection, dispute: Dispute, now: datetime, by: str, action: str
) -> None:
    record_deed(
        transaction,
        at=now,
        actor=by,
        action=action,
        subject=f"dispute:{dispute.id}",
        data={"order": dispute.order_id, "status": dispute.status},
    )
    if dispute.closed_at is None:
        # Money must not go back while the bank may take it back as well.
        drop_due(transaction, dispute.order_id, now=now, actor=by, because="a dispute was opened")
    order_changed(transaction, dispute.order_id, now)
