"""Payments wait, after anything may have been missed, until a store was looked through once."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from refunddesk.db import leases, outbox, payment_blocks, refunds, stores, sweeps
from refunddesk.db.history import record_deed
from refunddesk.db.sweeps import Kind
from refunddesk.jobnames import JobName
from refunddesk.services.edges import Edges

log = structlog.get_logger(__name__)

#: The dispatcher leaves a mark under this name every minute (watch.keep_watch).
WATCH = "watch"
#: How long the dispatcher may be away before something may have been missed.
LONGEST_GAP = timedelta(minutes=10)
#: What must have been read completely before payments run again.
_NEEDED = (Kind.CHANGES, Kind.REFUNDS)
_ACTOR = "reconciliation"


def sweep_subject(kind: Kind, store_id: int) -> str:
    """What SWEEP_STORE is promised for: "changes:1"."""
    return f"{kind.value}:{store_id}"


def block_payments(transaction: Connection, store_id: int, because: str, now: datetime) -> None:
    """Let no money leave for the store until sweeps that begin from now on are complete.

    It ends by itself. `because` is told to staff: "the server was restored from a backup".
    """
    payment_blocks.record_block(transaction, store_id, because, since=now)
    for kind in _NEEDED:
        outbox.promise(transaction, JobName.SWEEP_STORE, sweep_subject(kind, store_id), due_at=now)
    record_deed(
        transaction,
        at=now,
        actor=_ACTOR,
        action="payments_blocked",
        subject=f"store:{store_id}",
        data={"because": because},
    )
    log.warning("payments blocked", store=store_id, because=because)


def block_all_payments(edges: Edges, because: str) -> None:
    """The same for every store there is: after a gap, or a restore from a backup."""
    now = edges.clock()
    with edges.database.write() as transaction:
        for store in stores.list_connected_stores(transaction):
            block_payments(transaction, store.id, because, now)


def why_held(transaction: Connection, store_id: int, now: datetime) -> str | None:
    """Why no money may leave for the store just now; None if it may.

    A worker may be awake before the dispatcher has come back and seen the gap: so the gap itself
    holds payments, not only the block that it leads to.
    """
    store = stores.get_store(transaction, store_id)
    if store.payments_held_because:
        return store.payments_held_because
    if store.disconnected_at is not None:
        return "the store is disconnected"
    block = payment_blocks.find_block(transaction, store_id)
    if block:
        return block.because
    watched_at = leases.find_begun(transaction, WATCH)
    if watched_at is not None and now - watched_at > LONGEST_GAP:
        return "the dispatcher is away"
    return None


def lift_if_reconciled(transaction: Connection, store_id: int, now: datetime) -> None:
    """Let payments run again if every sweep they wait for is complete; else see to the rest."""
    block = payment_blocks.find_block(transaction, store_id)
    if block is None:
        return
    missing = []
    for kind in _NEEDED:
        sweep = sweeps.find_sweep(transaction, store_id, kind)
        if sweep is None or sweep.complete_since is None or sweep.complete_since < block.since:
            missing.append(kind)
    for kind in missing:
        outbox.promise(transaction, JobName.SWEEP_STORE, sweep_subject(kind, store_id), due_at=now)
    if missing or not payment_blocks.remove_block(transaction, block):
        return
    record_deed(
        transaction,
        at=now,
        actor=_ACTOR,
        action="payments_unblocked",
        subject=f"store:{store_id}",
        data={"because": block.because},
    )
    log.info("payments unblocked", store=store_id)
    for refund_id in refunds.list_due_ids(transaction, store_id):
        outbox.promise(transaction, JobName.PAY_REFUND, refund_id, due_at=now)
