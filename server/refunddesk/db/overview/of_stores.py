"""Stores whose payments wait, and alarms, as the first page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from refunddesk.db.overview.block import Block, counted, read_block
from refunddesk.db.tables import alarms, payment_blocks, stores


@dataclass(frozen=True, slots=True)
class HeldStore:
    id: int
    name: str
    because: str


@dataclass(frozen=True, slots=True)
class BlockedStore:
    """A store whose payments wait, by themselves, until it was looked through again."""

    id: int
    name: str
    because: str
    since: datetime


@dataclass(frozen=True, slots=True)
class AlarmLine:
    id: int
    store: str
    kind: str
    subject: str
    detail: str
    raised_at: datetime


def list_held_stores(transaction: Connection) -> Block[HeldStore]:
    query = (
        select(stores, counted())
        .where(stores.c.payments_held_because.is_not(None))
        .order_by(stores.c.id)
    )
    return read_block(
        transaction, query, lambda row: HeldStore(row.id, row.name, row.payments_held_because)
    )


def list_blocked_stores(transaction: Connection) -> Block[BlockedStore]:
    query = (
        select(stores.c.id, stores.c.name, payment_blocks, counted())
        .join(payment_blocks, payment_blocks.c.store_id == stores.c.id)
        .order_by(stores.c.id)
    )
    return read_block(
        transaction, query, lambda row: BlockedStore(row.id, row.name, row.because, row.since)
    )


def list_alarms(transaction: Connection) -> Block[AlarmLine]:
    """The alarms that are not over, oldest first."""
    query = (
        select(alarms, stores.c.name.label("store"), counted())
        .join(stores, stores.c.id == alarms.c.store_id)
        .where(alarms.c.cleared_at.is_(None))
        .order_by(alarms.c.id)
    )
    return read_block(
        transaction,
        query,
        lambda row: AlarmLine(row.id, row.store, row.kind, row.subject, row.detail, row.raised_at),
    )
