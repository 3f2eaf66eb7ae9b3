"""Staff settle suspicions (R-1A): confirmed they open a procedure, dropped they are over."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection

from refunddesk.db import suspicions
from refunddesk.db.history import record_deed
from refunddesk.db.suspicions import Suspicion
from refunddesk.services.customers import (
    CustomerChange,
    InfringementAlreadyOpen,
    NoSuchCustomer,
    change_within,
)
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal


class NoSuchSuspicion(Refusal):
    """No suspicion has this id."""


class SuspicionSettled(Refusal):
    """The suspicion was confirmed or dropped before."""


def list_open(edges: Edges) -> list[Suspicion]:
    with edges.database.read() as transaction:
        return suspicions.list_open(transaction)


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
    record_deed(
        transaction,
        at=now,
        actor=by,
        action=f"suspicion_{settled_as}",
        subject=f"license:{suspicion.license_id}",
        data={"suspicion": suspicion_id, "because": because},
    )
    return suspicion
