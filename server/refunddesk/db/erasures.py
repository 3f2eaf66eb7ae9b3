"""Who was erased, known by a keyed hash alone, so that what comes late does not bring them back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from refunddesk.db.personal_rows import RENAMED
from refunddesk.db.tables import customers, erasures, orders


@dataclass(frozen=True, slots=True)
class Erasure:
    """One row of customers, emptied. `address_sealed` is there until all of it is done."""

    id: int
    reference: str
    store_id: int
    customer_id: int
    person_hash: bytes = field(repr=False)
    address_sealed: str | None = field(repr=False)
    asked_by: str
    state: str
    begun_at: datetime
    done_at: datetime | None

    @property
    def is_done(self) -> bool:
        return self.state == "done"


def record_begun(
    transaction: Connection,
    *,
    reference: str,
    store_id: int,
    customer_id: int,
    person_hash: bytes,
    address_sealed: str,
    asked_by: str,
    begun_at: datetime,
) -> int:
    """The id of the new row."""
    new_id: int = transaction.execute(
        insert(erasures)
        .values(
            reference=reference,
            store_id=store_id,
            customer_id=customer_id,
            person_hash=person_hash,
            address_sealed=address_sealed,
            asked_by=asked_by,
            state="begun",
            begun_at=begun_at,
        )
        .returning(erasures.c.id)
    ).scalar_one()
    return new_id


def record_done(transaction: Connection, erasure_id: int, *, at: datetime) -> bool:
    """Forget the address too; False if another worker was done before."""
    result = transaction.execute(
        update(erasures)
        .where(erasures.c.id == erasure_id, erasures.c.state == "begun")
        .values(state="done", done_at=at, address_sealed=None)
    )
    return result.rowcount == 1


def insert_nobody(transaction: Connection, store_id: int, reference: str, at: datetime) -> int:
    """A customer of whom nothing is known but that they were erased; the row's id."""
    new_id: int = transaction.execute(
        insert(customers)
        .values(
            store_id=store_id,
            email="",
            email_key=f"{RENAMED}{reference}",
            erased_at=at,
            breaches=[],
        )
        .returning(customers.c.id)
    ).scalar_one()
    return new_id


def find_erasure(transaction: Connection, erasure_id: int) -> Erasure | None:
    row = transaction.execute(select(erasures).where(erasures.c.id == erasure_id)).one_or_none()
    return _erasure(row) if row else None


def find_by_reference(transaction: Connection, reference: str) -> Erasure | None:
    row = transaction.execute(
        select(erasures).where(erasures.c.reference == reference)
    ).one_or_none()
    return _erasure(row) if row else None


def find_tombstone(
    transaction: Connection, store_id: int, hashes: Collection[bytes], ordered_at: datetime
) -> int | None:
    """The erased customer whom an order of that time belongs to: erased then or later."""
    return transaction.scalar(
        select(erasures.c.customer_id)
        .where(
            erasures.c.store_id == store_id,
            erasures.c.person_hash.in_(hashes),
            erasures.c.begun_at >= ordered_at,
        )
        .order_by(erasures.c.begun_at)
        .limit(1)
    )


def list_begun(transaction: Connection, limit: int = 200) -> list[Erasure]:
    """Those that are not done, oldest first."""
    rows = transaction.execute(
        select(erasures).where(erasures.c.state == "begun").order_by(erasures.c.id).limit(limit)
    )
    return [_erasure(row) for row in rows]


def count_all(transaction: Connection) -> int:
    return transaction.scalar(select(func.count()).select_from(erasures)) or 0


def is_subscription_of_erased(transaction: Connection, subscription_id: int) -> bool:
    found = transaction.scalar(
        select(orders.c.id)
        .join(customers, customers.c.id == orders.c.customer_id)
        .where(orders.c.subscription_id == subscription_id, customers.c.erased_at.is_not(None))
        .limit(1)
    )
    return found is not None


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(**row._mapping)
