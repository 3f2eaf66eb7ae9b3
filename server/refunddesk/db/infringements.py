"""Legal procedures for infringement: opened with evidence, settled, and never forgotten."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from refunddesk.db.tables import customers, infringements, stores


@dataclass(frozen=True, slots=True)
class Infringement:
    """One procedure; it is open while it is not settled."""

    id: int
    customer_id: int
    evidence: str = field(repr=False)
    opened_at: datetime
    opened_by: str
    settled_at: datetime | None
    settled_by: str | None


def record_opened(
    transaction: Connection, customer_id: int, *, evidence: str, by: str, now: datetime
) -> None:
    transaction.execute(
        insert(infringements).values(
            customer_id=customer_id, evidence=evidence, opened_at=now, opened_by=by
        )
    )


def record_settled(transaction: Connection, customer_id: int, *, by: str, now: datetime) -> None:
    """End the customer's open procedure."""
    transaction.execute(
        update(infringements)
        .where(infringements.c.customer_id == customer_id, infringements.c.settled_at.is_(None))
        .values(settled_at=now, settled_by=by)
    )


@dataclass(frozen=True, slots=True)
class OpenInfringement:
    """An open procedure, with whose it is."""

    infringement: Infringement
    store: str
    email: str = field(repr=False)


def list_open(transaction: Connection, limit: int = 100) -> list[OpenInfringement]:
    """The procedures that are not settled, oldest first."""
    rows = transaction.execute(
        select(infringements, stores.c.name.label("store"), customers.c.email)
        .join(customers, customers.c.id == infringements.c.customer_id)
        .join(stores, stores.c.id == customers.c.store_id)
        .where(infringements.c.settled_at.is_(None))
        .order_by(infringements.c.id)
        .limit(limit)
    )
    names = [column.name for column in infringements.c]
    return [
        OpenInfringement(
            Infringement(**{name: row._mapping[name] for name in names}), row.store, row.email
        )
        for row in rows
    ]


def list_infringements(
    transaction: Connection, customer_ids: Collection[int]
) -> list[Infringement]:
    rows = transaction.execute(
        select(infringements)
        .where(infringements.c.customer_id.in_(customer_ids))
        .order_by(infringements.c.id)
    )
    return [Infringement(**row._mapping) for row in rows]
