"""The watch the dispatcher keeps every minute, from the database alone, over what may be missed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from refunddesk.db import (
    inbox,
    leases,
    payment_blocks,
    reconciliation,
    sightings,
    stores,
    sweeps,
)
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.reconciliation import Discrepancy
from refunddesk.db.sweeps import Kind
from refunddesk.services.alarms import keep_alarm
from refunddesk.services.edges import Edges
from refunddesk.services.payment_blocks import LONGEST_GAP, WATCH, block_payments

log = structlog.get_logger(__name__)

#: A store that could not be read for so long is told of.
_LONGEST_UNREAD = timedelta(minutes=15)
#: A change is found within two minutes and told of within fifteen.
_SILENT_AFTER = timedelta(minutes=10)
_DELIVERED_BEFORE = timedelta(minutes=15)
_SIGHTINGS_KEPT = timedelta(days=2)


def keep_watch(edges: Edges) -> None:
    """Block payments after a gap, raise the alarms that are due, clear those that are over."""
    now = edges.clock()
    with edges.database.write() as transaction:
        watched_at = leases.find_begun(transaction, WATCH)
        known = stores.list_connected_stores(transaction)
        if watched_at is not None and now - watched_at > LONGEST_GAP:
            because = f"nobody led the work from {watched_at:%Y-%m-%d %H:%M} UTC on"
            for store in known:
                block_payments(transaction, store.id, because, now)
        leases.record_begun(transaction, WATCH, now)
        for store in known:
            _watch_store(transaction, store.id, now)
        sightings.forget_before(transaction, now - _SIGHTINGS_KEPT)


def _watch_store(transaction: Connection, store_id: int, now: datetime) -> None:
    keep_alarm(
        transaction,
        store_id,
        AlarmKind.STORE_NOT_READ,
        trouble=_not_read(transaction, store_id, now),
        now=now,
    )
    keep_alarm(
        transaction,
        store_id,
        AlarmKind.DELIVERIES_SILENT,
        trouble=_silent(transaction, store_id, now),
        now=now,
    )
    for kind, find, words in _DISCREPANCIES:
        for one in find(transaction, store_id):
            told = words.format(row=one.woo_refund_id, order=one.woo_order_id, refund=one.refund_id)
            subject = f"store_refund:{one.woo_refund_id}"
            keep_alarm(transaction, store_id, kind, subject, trouble=told, now=now)


def _not_read(transaction: Connection, store_id: int, now: datetime) -> str | None:
    sweep = sweeps.find_sweep(transaction, store_id, Kind.CHANGES)
    if sweep is None:
        return None  # it has only just joined
    block = payment_blocks.find_block(transaction, store_id)
    # After a gap of ours the store has as long again before it is blamed.
    since = max(sweep.progressed_at, block.since) if block else sweep.progressed_at
    if now - since <= _LONGEST_UNREAD:
        return None
    return (
        f"The store's changes could not be read since {sweep.progressed_at:%Y-%m-%d %H:%M} UTC. "
        "It is asked every two minutes. See that it is up and that its keys are valid."
    )


def _silent(transaction: Connection, store_id: int, now: datetime) -> str | None:
    delivered_at = inbox.find_last_received_at(transaction, store_id)
    woo_order_id = sightings.find_expected(
        transaction,
        store_id,
        seen_before=now - _SILENT_AFTER,
        seen_after=delivered_at + _DELIVERED_BEFORE if delivered_at else None,
    )
    if woo_order_id is None:
        return None
    return (
        f"Order {woo_order_id} and perhaps others changed in the store, and no delivery came. "
        "Changes are found by asking, minutes later. See that the delivery address answers "
        "without a redirect."
    )


_Find = Callable[[Connection, int], Sequence[Discrepancy]]
_DISCREPANCIES: Sequence[tuple[AlarmKind, _Find, str]] = (
    (
        AlarmKind.REFUND_NOT_OURS,
        reconciliation.list_not_ours,
        "The store has refund {row} on order {order} with a marker of this program, but no "
        "refund here bears it: it was made from another database. It counts as given back.",
    ),
    (
        AlarmKind.REFUND_ROW_GONE,
        reconciliation.list_row_gone,
        "Refund {refund} was paid, and the store has deleted its row {row} on order {order}. The "
        "money did not come back, but the store would give it once more.",
    ),
    (
        AlarmKind.REFUND_PAID_AFTER_ALL,
        reconciliation.list_paid_after_all,
        "Refund {refund} was given up here, and the store says that it paid row {row} on order "
        "{order}. It counts as given back.",
    ),
    (
        AlarmKind.REFUND_TWICE_IN_STORE,
        reconciliation.list_twice,
        "The store has row {row} on order {order} besides another one for refund {refund}. Ask "
        "the gateway how often it paid.",
    ),
)
