"""Disputes: the bank has been asked to take an order's money back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from refunddesk.db.tables import disputes as table


@dataclass(frozen=True, slots=True)
class Dispute:
    """`status` is the bank's own word for where it stands; open while `closed_at` is None."""

    id: int
    order_id: int
    status: str
    opened_at: datetime
    closed_at: datetime | None


def record_dispute(
    transaction: Connection, order_id: int, *, status: str, opened_at: datetime
) -> Dispute:
    row = transaction.execute(
        insert(table).values(order_id=order_id, status=status, opened_at=opened_at).returning(table)
    ).one()
    return Dispute(**row._mapping)


def change_dispute(
    transaction: Connection, dispute_id: int, *, status: str, closed_at: datetime | None
) -> None:
    transaction.execute(
        update(table).where(table.c.id == dispute_id).values(status=status, closed_at=closed_at)
    )


def lock_dispute(transaction: Connection, dispute_id: int) -> Dispute | None:
    row = transaction.execute(
        select(table).where(table.c.id == dispute_id).with_for_update()
    ).one_or_none()
    return Dispute(**row._mapping) if row else None


def list_disputes(transaction: Connection, order_id: int) -> list[Dispute]:
    rows = transaction.execute(
        select(table).where(table.c.order_id == order_id).order_by(table.c.opened_at, table.c.id)
    )
    return [Dispute(**row._mapping) for row in rows]


def list_disputes_of_orders(
    transaction: Connection, order_ids: Sequence[int]
) -> dict[int, list[Dispute]]:
    """The disputes on these orders, by order."""
    rows = transaction.execute(
        select(table).where(table.c.order_id.in_(order_ids)).order_by(table.c.opened_at, table.c.id)
    )
    found: dict[int, list[Dispute]] = {}
    for row in rows:
        found.setdefault(row.order_id, []).append(Dispute(**row._mapping))
    return found
