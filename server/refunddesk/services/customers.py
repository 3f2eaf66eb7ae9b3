"""What staff say of a customer and of a bank's dispute; every change is judged at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import customers, disputes, orders, requests
from refunddesk.db.customers import CustomerFacts
from refunddesk.db.disputes import Dispute
from refunddesk.db.history import record_deed
from refunddesk.services.cases import OrderUnknown
from refunddesk.services.edges import Edges
from refunddesk.services.instants import past_instant
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import order_changed, wake


class NoSuchCustomer(Refusal):
    """No customer has this id."""


class InfringementAlreadyOpen(Refusal):
    """A legal procedure against the customer is open already."""


class NoOpenInfringement(Refusal):
    """There is no open legal procedure against the customer to be settled."""


class NoSuchDispute(Refusal):
    """No dispute has this id."""


class DisputeContradiction(Refusal):
    """The dispute would be closed before it was opened."""


def open_infringement(edges: Edges, customer_id: int, evidence: str, *, by: str) -> CustomerFacts:
    """Record a legal procedure: it refuses refunds and new activations until it is settled.

    Raises NoSuchCustomer, InfringementAlreadyOpen.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        customer = _lock(transaction, customer_id)
        if customer.infringement_is_open:
            raise InfringementAlreadyOpen(
                f"A procedure against customer {customer_id} is open already. Nothing was "
                "changed: settle it first."
            )
        customer = replace(
            customer,
            infringement_opened_at=now,
            infringement_opened_by=by,
            infringement_evidence=evidence,
            infringement_settled_at=None,
        )
        _change(transaction, customer, now, by, "infringement_opened")
    return customer


def settle_infringement(edges: Edges, customer_id: int, *, by: str) -> CustomerFacts:
    """End the open procedure. Raises NoSuchCustomer, NoOpenInfringement."""
    now = edges.clock()
    with edges.database.write() as transaction:
        customer = _lock(transaction, customer_id)
        if not customer.infringement_is_open:
            raise NoOpenInfringement(
                f"No procedure against customer {customer_id} is open. Nothing was changed."
            )
        customer = replace(customer, infringement_settled_at=now)
        _change(transaction, customer, now, by, "infringement_settled")
    return customer


def record_consumer(
    edges: Edges, customer_id: int, is_consumer: bool | None, *, by: str
) -> CustomerFacts:
    """Say whether the customer buys as a consumer (None: not known). Raises NoSuchCustomer."""
    now = edges.clock()
    with edges.database.write() as transaction:
        customer = _lock(transaction, customer_id)
        if customer.is_consumer != is_consumer:
            customer = replace(customer, is_consumer=is_consumer)
            _change(transaction, customer, now, by, "consumer_recorded")
    return customer


def open_dispute(
    edges: Edges, order_id: int, *, status: str, opened_at: datetime | None, by: str
) -> Dispute:
    """Record that the bank was asked for the order's money.

    Raises OrderUnknown, InstantInFuture.
    """
    now = edges.clock()
    at = past_instant("opened_at", opened_at, now) if opened_at else now
    with edges.database.write() as transaction:
        try:
            orders.lock_order(transaction, order_id)
        except orders.NoSuchOrder:
            raise OrderUnknown(f"There is no order {order_id}. No dispute was kept.") from None
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


def _lock(transaction: Connection, customer_id: int) -> CustomerFacts:
    customer = customers.lock_customer(transaction, customer_id)
    if customer is None:
        raise NoSuchCustomer(f"There is no customer {customer_id}. Nothing was changed.")
    return customer


def _change(
    transaction: Connection, customer: CustomerFacts, now: datetime, by: str, action: str
) -> None:
    customers.change_customer(transaction, customer)
    record_deed(transaction, at=now, actor=by, action=action, subject=f"customer:{customer.id}")
    person = [row.id for row in customers.list_same_person(transaction, customer.id)]
    wake(transaction, requests.list_open_for_customers(transaction, person), now)


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
    order_changed(transaction, dispute.order_id, now)
