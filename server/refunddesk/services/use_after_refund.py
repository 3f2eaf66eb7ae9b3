"""Notices that a licence is used whose money went back, and raises a suspicion (R-1A).

A suspicion does nothing by itself: staff settle it (services.suspicions).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk.db import orders, requests, suspicions
from refunddesk.db.history import record_deed
from refunddesk.db.licenses import License
from refunddesk.db.suspicions import SuspicionKind
from refunddesk.services.edges import Edges

_TIME_TO_REMOVE = timedelta(days=3)


def note_use(edges: Edges, license: License, *, wants_update: bool, now: datetime) -> None:
    """A licence that ended with a refund was asked about: suspicious, unless its time is not up."""
    kind = SuspicionKind.USE_AFTER_REFUND
    if wants_update:
        kind = SuspicionKind.UPDATE_AFTER_REFUND
    with edges.database.read() as transaction:
        if suspicions.is_raised(transaction, license.id, kind):
            return
        gives_up = license.order_id is not None and requests.was_destruction_stated(
            transaction, license.order_id
        )
    # Whoever said that all copies are destroyed has none that asks. Where the licence was ended
    # without that, a copy learns of it by asking, and its owner has some days to remove it.
    assert license.ended_at is not None
    if gives_up or now >= license.ended_at + _TIME_TO_REMOVE:
        with edges.database.write() as transaction:
            raise_suspicion(transaction, license, kind, now)


def raise_suspicion(
    transaction: Connection, license: License, kind: SuspicionKind, now: datetime
) -> bool:
    """Write down what was seen; False if the licence raised this kind before, settled or not."""
    customer_id = None
    if license.order_id is not None:
        customer_id = orders.get_order(transaction, license.order_id).customer_id
    raised = suspicions.insert_once(transaction, license.id, customer_id, kind, at=now)
    if raised is None:
        return False
    record_deed(
        transaction,
        at=now,
        actor="licenses",
        action="suspicion_raised",
        subject=f"license:{license.id}",
        data={"suspicion": raised, "kind": kind.value, "customer": customer_id},
    )
    return True
