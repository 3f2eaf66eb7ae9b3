"""Staff settle suspicions (R-1A): confirmed they open a procedure, dropped they are over."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import customers, overview, suspicions
from refunddesk.db.history import record_deed
from refunddesk.db.overview import Block, SuspicionLine
from refunddesk.db.suspicions import Suspicion
from refunddesk.services.customers import (
    CustomerChange,
    InfringementAlreadyOpen,
    NoSuchCustomer,
    change_within,
)
from refunddesk.services.edges import Edges
from refunddesk.services.notices import DECIDERS, tell_staff
from refunddesk.services.reasons import written_reason
from refunddesk.services.refusal import Refusal

#: On the page of all suspicions.
MOST_LISTED = 100


class NoSuchSuspicion(Refusal):
    """No suspicion has this id."""


class SuspicionSettled(Refusal):
    """The suspicion was confirmed or dropped before."""


def list_open(edges: Edges) -> list[Suspicion]:
    with edges.database.read() as transaction:
        return suspicions.list_open(transaction)


def list_told(edges: Edges) -> Block[SuspicionLine]:
    """The oldest MOST_LISTED that are open, each with what it is about."""
    with edges.database.read() as transaction:
        return overview.list_suspicions(transaction, MOST_LISTED)


def report(edges: Edges, customer_id: int, *, evidence: str, by: str) -> Suspicion:
    """Write down what staff suspect a customer of; the same again is the same suspicion.

    Nothing follows from it until an approver confirms it. Raises NoSuchCustomer, ReasonMissing,
    ReasonTooLong.
    """
    evidence = written_reason(evidence, "No suspicion was kept.")
    now = edges.clock()
    with edges.database.write() as transaction:
        customer = customers.lock_customer(transaction, customer_id)
        if customer is None:
            raise NoSuchCustomer(f"There is no customer {customer_id}. No suspicion was kept.")
        if known := suspicions.find_open_report(transaction, customer_id, evidence):
            return known
        raised = suspicions.record_report(
            transaction, customer_id, evidence=evidence, by=by, at=now
        )
        suspicion = suspicions.find_suspicion(transaction, raised)
        assert suspicion is not None
        # The evidence itself is about a person and stays out of the trail.
        _record(transaction, suspicion, now, by, "suspicion_raised", kind=suspicion.kind)
        tell_staff(
            transaction,
            "suspicion_reported",
            customer.store_id,
            about=f"customer:{customer_id}",
            reference=f"suspicion:{raised}",
            path=f"/desk/customers/{customer_id}",
            to=DECIDERS,
            now=now,
        )
        return suspicion


def confirm(edges: Edges, suspicion_id: int, *, evidence: str, by: str) -> Suspicion:
    """Open the legal procedure against the customer, with its evidence, and settle the suspicion.

    Where a procedure is open already, only the suspicion is settled. Raises NoSuchSuspicion,
    SuspicionSettled, and NoSuchCustomer where nobody is known to have bought the licence.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        suspicion = _open_one(transaction, suspicion_id)
        if suspicion.customer_id is None:
            raise NoSuchCustomer(
                f"Nobody is known to have bought licence {suspicion.license_id}. Nothing was "
                "changed: drop the suspicion with that reason."
            )
        accusation = CustomerChange(infringement="open", evidence=evidence)
        # An open procedure is what was wanted; it refuses before it has written anything.
        with suppress(InfringementAlreadyOpen):
            change_within(transaction, suspicion.customer_id, accusation, by=by, now=now)
        return _settle(
            transaction, suspicion_id, "confirmed", "an infringement was opened", by, now
        )


def drop(edges: Edges, suspicion_id: int, *, because: str, by: str) -> Suspicion:
    """Nothing is in it; `because` is kept. Raises NoSuchSuspicion, SuspicionSettled."""
    now = edges.clock()
    with edges.database.write() as transaction:
        _open_one(transaction, suspicion_id)
        return _settle(transaction, suspicion_id, "dropped", because, by, now)


def _open_one(transaction: Connection, suspicion_id: int) -> Suspicion:
    suspicion = suspicions.find_suspicion(transaction, suspicion_id)
    if suspicion is None:
        raise NoSuchSuspicion(f"There is no suspicion {suspicion_id}.")
    if suspicion.settled_at is not None:
        raise SuspicionSettled(
            f"Suspicion {suspicion_id} was {suspicion.settled_as} already. Nothing was changed."
        )
    return suspicion


def _settle(
    transaction: Connection,
    suspicion_id: int,
    settled_as: str,
    because: str,
    by: str,
    now: datetime,
) -> Suspicion:
    if not suspicions.settle(
        transaction, suspicion_id, settled_as=settled_as, because=because, by=by, at=now
    ):
        return _open_one(transaction, suspicion_id)  # somebody was quicker: it says so
    suspicion = suspicions.find_suspicion(transaction, suspicion_id)
    assert suspicion is not None
    _record(transaction, suspicion, now, by, f"suspicion_{settled_as}", because=because)
    return suspicion


def _record(
    transaction: Connection,
    suspicion: Suspicion,
    now: datetime,
    by: str,
    action: str,
    **data: str,
) -> None:
    subject = f"license:{suspicion.license_id}"
    if suspicion.license_id is None:
        subject = f"customer:{suspicion.customer_id}"
    record_deed(
        transaction,
        at=now,
        actor=by,
        action=action,
        subject=subject,
        data={"suspicion": suspicion.id, **data},
    )
