"""How far each sweep over a store's objects has come: it can be cut off anywhere and goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import sweeps


class Kind(StrEnum):
    CHANGES = "changes"  # orders changed since the watermark
    LATE_CHANGES = "late_changes"  # orders of the last day: a store's clock may have been set back
    ORDERS = "orders"  # every order of the refund window, compared in content
    REFUNDS = "refunds"  # every refund row made lately


@dataclass(frozen=True, slots=True)
class Sweep:
    """One kind of sweep of one store.

    While a pass is under way `pass_began_at` is set: it lists what is newer than `since`, sorted
    by id, and `position` objects up to the one with `last_woo_id` are behind it. `watermark` and
    `next_watermark` are instants of the store's own clock; all others are of ours.
    `complete_since` is when the last complete pass began.
    """

    store_id: int
    kind: Kind
    pass_began_at: datetime | None
    since: datetime | None
    position: int
    last_woo_id: int
    watermark: datetime | None
    next_watermark: datetime | None
    complete_since: datetime | None
    progressed_at: datetime


def find_sweep(transaction: Connection, store_id: int, kind: Kind) -> Sweep | None:
    row = transaction.execute(
        select(sweeps).where(sweeps.c.store_id == store_id, sweeps.c.kind == kind.value)
    ).one_or_none()
    return _sweep(row) if row else None


def lock_sweep(transaction: Connection, store_id: int, kind: Kind) -> Sweep:
    """The sweep, which has begun before, kept from every other writer."""
    query = select(sweeps).where(sweeps.c.store_id == store_id, sweeps.c.kind == kind.value)
    return _sweep(transaction.execute(query.with_for_update()).one())


def begin_pass(
    transaction: Connection,
    store_id: int,
    kind: Kind,
    *,
    since: datetime,
    next_watermark: datetime | None,
    now: datetime,
) -> Sweep:
    """Begin to read from the first object; what a pass under way had read is read again."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    told = {
        "pass_began_at": now,
        "since": since,
        "position": 0,
        "last_woo_id": 0,
        "next_watermark": next_watermark,
    }
    transaction.execute(
        upsert(sweeps)
        .values(store_id=store_id, kind=kind.value, progressed_at=now, **told)
        .on_conflict_do_update(index_elements=[sweeps.c.store_id, sweeps.c.kind], set_=told)
    )
    return lock_sweep(transaction, store_id, kind)


def record_page(
    transaction: Connection, sweep: Sweep, *, position: int, last_woo_id: int, now: datetime
) -> None:
    _update(transaction, sweep, position=position, last_woo_id=last_woo_id, progressed_at=now)


def record_complete(transaction: Connection, sweep: Sweep, *, now: datetime) -> None:
    """The pass has seen everything: its watermark counts from now on."""
    _update(
        transaction,
        sweep,
        pass_began_at=None,
        since=None,
        watermark=sweep.next_watermark,
        next_watermark=None,
        complete_since=sweep.pass_began_at,
        progressed_at=now,
    )


def _update(transaction: Connection, sweep: Sweep, **values: object) -> None:
    transaction.execute(
        update(sweeps)
        .where(sweeps.c.store_id == sweep.store_id, sweeps.c.kind == sweep.kind.value)
        .values(**values)
    )


def _sweep(row: Row[Any]) -> Sweep:
    return Sweep(
        store_id=row.store_id,
        kind=Kind(row.kind),
        pass_began_at=row.pass_began_at,
        since=row.since,
        position=row.position,
        last_woo_id=row.last_woo_id,
        watermark=row.watermark,
        next_watermark=row.next_watermark,
        complete_since=row.complete_since,
        progressed_at=row.progressed_at,
    )
