"""Compares what a store lists with our copies, and promises a look at what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from sqlalchemy import Connection

from refunddesk.db import outbox, reconciliation, sightings
from refunddesk.db.reconciliation import OrderCopy, RefundCopy
from refunddesk.db.sweeps import Kind, Sweep
from refunddesk.jobnames import JobName
from refunddesk.services.inbox import subject_of
from refunddesk.services.payment_blocks import LONGEST_GAP
from refunddesk.woocommerce.listings import Change, OrderListed, RefundListed
from refunddesk.woocommerce.payloads import UnusableBody, read_order, snapshot_sha
from refunddesk.worktime import zone

#: What was made so shortly after the list's beginning may lie before it by the store's clock.
_EDGE_OF_LIST = timedelta(days=1)


class Listed(Protocol):
    """Any object of a store's list."""

    @property
    def woo_id(self) -> int: ...


Object = TypeVar("Object", bound=Listed)


@dataclass(frozen=True, slots=True)
class Listing(Generic[Object]):
    """What is new on one page: everything the list holds above `sweep.last_woo_id` and up to
    `up_to`; None: to its end."""

    sweep: Sweep
    timezone: str
    fresh: Sequence[Object]
    up_to: int | None
    now: datetime

    @property
    def store_id(self) -> int:
        return self.sweep.store_id

    @property
    def ids(self) -> list[int]:
        return [one.woo_id for one in self.fresh]

    @property
    def since(self) -> datetime:
        """From when on our copies are held against the list."""
        assert self.sweep.since is not None, "set as long as the pass is under way"
        return self.sweep.since + _EDGE_OF_LIST


def compare_changes(transaction: Connection, page: Listing[Change]) -> None:
    """Have each changed order looked at, once for each change, and not if a delivery brought it."""
    ours = reconciliation.list_order_copies(transaction, page.store_id, page.ids)
    seen = sightings.list_seen(transaction, page.store_id, page.ids)
    promised = outbox.list_open_subjects(
        transaction,
        JobName.RECORD_ORDER,
        [subject_of(page.store_id, woo_order_id) for woo_order_id in page.ids],
    )
    for change in page.fresh:
        copy = ours.get(change.woo_id)
        if change.is_draft or (copy is not None and copy.modified_at == change.modified_at):
            continue
        # What cannot be recorded stays different: it is not asked for every two minutes.
        if change.woo_id in seen and seen[change.woo_id] == change.modified_at:
            continue
        told = subject_of(page.store_id, change.woo_id) in promised
        sightings.record_sighting(
            transaction,
            page.store_id,
            change.woo_id,
            modified_at=change.modified_at,
            seen_at=page.now,
            delivery_expected=not told and was_regular(page.sweep),
        )
        _look_at(transaction, page.store_id, change.woo_id, page.now)


def was_regular(sweep: Sweep) -> bool:
    """Did this pass follow soon enough on the one before for changes to be told by webhooks?"""
    if sweep.kind is not Kind.CHANGES or sweep.complete_since is None:
        return False
    assert sweep.pass_began_at is not None, "set as long as the pass is under way"
    return sweep.pass_began_at - sweep.complete_since <= LONGEST_GAP


def compare_orders(transaction: Connection, page: Listing[OrderListed]) -> None:
    """Hold every order against our copy in content: some changes never move the date."""
    ours = reconciliation.list_order_copies(transaction, page.store_id, page.ids)
    known = reconciliation.list_orders_between(
        transaction,
        page.store_id,
        above=page.sweep.last_woo_id,
        up_to=page.up_to,
        since=page.since,
    )
    differing = {
        one.woo_id for one in page.fresh if _differs(one, ours.get(one.woo_id), page.timezone)
    }
    for woo_order_id in sorted(differing | (set(known) - set(page.ids))):
        _look_at(transaction, page.store_id, woo_order_id, page.now)


def compare_refunds(transaction: Connection, page: Listing[RefundListed]) -> None:
    """Hold every refund row against our copy, and read back what a new row may settle."""
    ours = reconciliation.list_refund_copies(transaction, page.store_id, page.ids)
    known = reconciliation.list_refunds_between(
        transaction,
        page.store_id,
        above=page.sweep.last_woo_id,
        up_to=page.up_to,
        since=page.since,
    )
    changed = [
        row
        for row in page.fresh
        if ours.get(row.woo_id) != RefundCopy(row.marker, row.refunded_payment)
    ]
    gone = {known[woo_refund_id] for woo_refund_id in known.keys() - set(page.ids)}
    on_orders = {row.woo_order_id for row in changed if row.woo_order_id is not None}
    for woo_order_id in sorted(on_orders | gone):
        _look_at(transaction, page.store_id, woo_order_id, page.now)
    markers = [row.marker for row in changed if row.marker]
    for refund_id in reconciliation.list_read_back(transaction, page.store_id, markers):
        outbox.promise(transaction, JobName.RESOLVE_REFUND, refund_id, due_at=page.now)


def look_at_orders_with_money_about(transaction: Connection, sweep: Sweep, now: datetime) -> None:
    """In place of the list of all refunds: the refunds of each order that may have some."""
    assert sweep.since is not None, "set as long as the pass is under way"
    for woo_order_id in reconciliation.list_orders_with_money_about(
        transaction, sweep.store_id, sweep.since
    ):
        _look_at(transaction, sweep.store_id, woo_order_id, now)


def _differs(listed: OrderListed, copy: OrderCopy | None, timezone: str) -> bool:
    try:
        body = read_order(listed.body, timezone=zone(timezone))
    except UnusableBody:
        return True  # looking at it puts it before a person
    if body.is_draft:
        return False
    return copy != OrderCopy(body.status, body.modified_at, snapshot_sha(body))


def _look_at(transaction: Connection, store_id: int, woo_order_id: int, now: datetime) -> None:
    subject = subject_of(store_id, woo_order_id)
    outbox.promise(transaction, JobName.RECORD_ORDER, subject, due_at=now)
