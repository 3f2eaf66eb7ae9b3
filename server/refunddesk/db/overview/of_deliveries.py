"""Deliveries and promises, as the first page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from refunddesk.db.overview.block import MOST_RECENT, Block, counted, read_block
from refunddesk.db.tables import inbox, outbox, stores


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    id: int
    store: str
    topic: str
    woo_object_id: int | None
    received_at: datetime
    quarantined_because: str | None
    quarantine_detail: str | None


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """Work that failed so often that a person should look; it is still tried."""

    id: int
    job: str
    subject: str
    tries: int
    last_error: str | None
    stuck_at: datetime


def list_stuck(transaction: Connection) -> Block[PromiseLine]:
    query = (
        select(outbox, counted())
        .where(outbox.c.asked > outbox.c.done, outbox.c.stuck_at.is_not(None))
        .order_by(outbox.c.stuck_at)
    )
    return read_block(
        transaction,
        query,
        lambda row: PromiseLine(
            row.id, row.job, row.subject, row.tries, row.last_error, row.stuck_at
        ),
    )


def list_quarantined(transaction: Connection) -> Block[DeliveryLine]:
    query = (
        select(inbox, stores.c.name.label("store"), counted())
        .join(stores, stores.c.id == inbox.c.store_id)
        .where(inbox.c.quarantined_because.is_not(None), inbox.c.released_at.is_(None))
        .order_by(inbox.c.received_at)
    )
    return read_block(transaction, query, _delivery)


def list_last_deliveries(transaction: Connection) -> tuple[DeliveryLine, ...]:
    """The newest deliveries, newest first."""
    rows = transaction.execute(
        select(inbox, stores.c.name.label("store"))
        .join(stores, stores.c.id == inbox.c.store_id)
        .order_by(inbox.c.id.desc())
        .limit(MOST_RECENT)
    )
    return tuple(_delivery(row) for row in rows)


def _delivery(row: Row[Any]) -> DeliveryLine:
    return DeliveryLine(
        row.id,
        row.store,
        row.topic,
        row.woo_object_id,
        row.received_at,
        row.quarantined_because,
        row.quarantine_detail,
    )
