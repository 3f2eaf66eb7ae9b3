"""Sweeps over a store's orders and refunds, so that our copy is the store's whatever was lost.

A pass of a sweep reads one list of the store, sorted by id, in pages; how far it came is in the
database, so it can be cut off anywhere. A pass changes nothing itself: it promises to look at
what differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from refunddesk.db import outbox, payment_blocks, stores, sweeps
from refunddesk.db.sweeps import Kind, Sweep
from refunddesk.jobnames import JobName
from refunddesk.services import differences
from refunddesk.services.differences import Listed, Listing
from refunddesk.services.edges import Edges
from refunddesk.services.payment_blocks import lift_if_reconciled, sweep_subject
from refunddesk.services.stores import open_client
from refunddesk.woocommerce import listings
from refunddesk.woocommerce.client import PER_PAGE, StoreClient, StoreRefused

log = structlog.get_logger(__name__)

#: The oldest orders that reconciliation keeps equal: a yearly renewal's, with a month to spare.
REFUND_WINDOW = timedelta(days=400)
#: A change may be saved seconds after the instant it bears, and a later one be seen before it.
OVERLAP = timedelta(minutes=10)
#: Longer than any error of a clock or a time zone.
DAY_AND_MORE = timedelta(hours=26)
_REFUNDS_READ = timedelta(days=7)
#: A slow store answers five of them within a job's time; a job cut off goes on where it was.
_PAGES_A_JOB = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """How one kind of sweep reads its list, and how its pages are compared."""

    list_next: Callable[[StoreClient, datetime, int], Sequence[Any]]
    compare: Callable[[Connection, Listing[Any]], None]
    per_page: int


_CHANGES = Reading(listings.list_changes, differences.compare_changes, PER_PAGE)
READINGS: Mapping[Kind, Reading] = {
    Kind.CHANGES: _CHANGES,
    Kind.LATE_CHANGES: _CHANGES,
    Kind.ORDERS: Reading(
        listings.list_orders_made, differences.compare_orders, listings.BODIES_PER_PAGE
    ),
    Kind.REFUNDS: Reading(listings.list_refunds_made, differences.compare_refunds, PER_PAGE),
}


def promise_sweeps(edges: Edges, kind: Kind) -> None:
    """Have every store swept; a pass under way goes on."""
    now = edges.clock()
    with edges.database.write() as transaction:
        for store in stores.list_connected_stores(transaction):
            subject = sweep_subject(kind, store.id)
            outbox.promise(transaction, JobName.SWEEP_STORE, subject, due_at=now)


def sweep_store(edges: Edges, kind: Kind, store_id: int) -> None:
    """Begin a pass or go on with the one under way, and promise the rest if it is not complete.

    Raises what the store's client raises; the position stays where it was then.
    """
    with open_client(edges, store_id) as client:
        for _ in range(_PAGES_A_JOB):
            if _read_page(edges, client, kind, store_id):
                return
    with edges.database.write() as transaction:
        outbox.promise(
            transaction,
            JobName.SWEEP_STORE,
            sweep_subject(kind, store_id),
            due_at=edges.clock(),
        )


def _read_page(edges: Edges, client: StoreClient, kind: Kind, store_id: int) -> bool:
    """Read and compare one page; True if the pass is complete."""
    now = edges.clock()
    with edges.database.read() as transaction:
        store = stores.get_store(transaction, store_id)
        sweep = sweeps.find_sweep(transaction, store_id, kind)
    if sweep is None or sweep.since is None:
        sweep = _begin(edges, client, kind, store_id, now)
    assert sweep.since is not None
    try:
        listed = READINGS[kind].list_next(client, sweep.since, sweep.position)
    except StoreRefused as refused:
        if kind is not Kind.REFUNDS or refused.code != "rest_no_route":
            raise
        listed = None
    with edges.database.write() as transaction:
        if sweeps.lock_sweep(transaction, store_id, kind) != sweep:
            return False  # another worker went on meanwhile
        if listed is None:
            # Before WooCommerce 9.0 there is no list of all refunds.
            differences.look_at_orders_with_money_about(transaction, sweep, now)
            _complete(transaction, sweep, now)
            return True
        return _take_in(transaction, sweep, store.timezone, listed, now)


def _begin(edges: Edges, client: StoreClient, kind: Kind, store_id: int, now: datetime) -> Sweep:
    newest = listings.find_newest_change(client) if kind is Kind.CHANGES else None
    with edges.database.write() as transaction:
        before = sweeps.find_sweep(transaction, store_id, kind)
        watermark = before.watermark if before else None
        blocked = payment_blocks.find_block(transaction, store_id) is not None
        return sweeps.begin_pass(
            transaction,
            store_id,
            kind,
            since=_since(kind, watermark, blocked, now),
            # An order dated in the future, by a wrong clock, would hide all changes until then.
            # To go less far only means to read more again.
            next_watermark=min(newest, now) if newest else watermark,
            now=now,
        )


def _since(kind: Kind, watermark: datetime | None, blocked: bool, now: datetime) -> datetime:
    """From when on the pass lists. Our clock serves only where an hour does not matter."""
    if kind is Kind.CHANGES and watermark is not None:
        return watermark - OVERLAP
    if kind is Kind.LATE_CHANGES:
        return now - DAY_AND_MORE
    if kind is Kind.REFUNDS and not blocked:
        return now - _REFUNDS_READ
    return now - REFUND_WINDOW


def _take_in(
    transaction: Connection,
    sweep: Sweep,
    timezone: str,
    listed: Sequence[Listed],
    now: datetime,
) -> bool:
    """Compare what is new on the page and move on; True if the page brought nothing."""
    if sweep.position and (not listed or listed[0].woo_id > sweep.last_woo_id):
        # Objects before this page have left the list, and others moved up unseen: a page back.
        back = max(sweep.position - READINGS[sweep.kind].per_page, 0)
        sweeps.record_page(
            transaction, sweep, position=back, last_woo_id=sweep.last_woo_id, now=now
        )
        return False
    fresh = [one for one in listed if one.woo_id > sweep.last_woo_id]
    position = max(sweep.position - 1, 0) + len(listed)
    # A page can be short before the end: WooCommerce leaves out what the key may not read.
    complete = not fresh and position <= sweep.position
    up_to = None if complete else max((one.woo_id for one in fresh), default=sweep.last_woo_id)
    page = Listing(sweep, timezone, fresh, up_to, now)
    READINGS[sweep.kind].compare(transaction, page)
    if up_to is not None:
        sweeps.record_page(transaction, sweep, position=position, last_woo_id=up_to, now=now)
        return False
    _complete(transaction, sweep, now)
    return True


def _complete(transaction: Connection, sweep: Sweep, now: datetime) -> None:
    sweeps.record_complete(transaction, sweep, now=now)
    lift_if_reconciled(transaction, sweep.store_id, now)
    if sweep.kind is Kind.CHANGES and not differences.was_regular(sweep):
        # The store, or we, were away: what failed meanwhile need not wait out its pause.
        for job in (JobName.RECORD_ORDER, JobName.RECORD_SUBSCRIPTION, JobName.RECORD_REFUND):
            outbox.hasten(transaction, job, f"{sweep.store_id}:", now)
    log.info("sweep complete", store=sweep.store_id, sweep=sweep.kind.value)
