"""Suspicions: uses of a licence seen after its money went back, until staff settle them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import suspicions


class SuspicionKind(StrEnum):
    USE_AFTER_REFUND = "use_after_refund"
    UPDATE_AFTER_REFUND = "update_after_refund"
    USE_AFTER_STATEMENT = "use_after_statement"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """`settled_as` is confirmed or dropped, None while it is open."""

    id: int
    license_id: int
    customer_id: int | None
    kind: str
    raised_at: datetime
    settled_at: datetime | None
    settled_as: str | None
    settled_by: str | None
    because: str | None


def is_raised(transaction: Connection, license_id: int, kind: SuspicionKind) -> bool:
    """Is it raised, or was it ever?"""
    found = transaction.scalar(
        select(suspicions.c.id).where(
            suspicions.c.license_id == license_id, suspicions.c.kind == kind.value
        )
    )
    return found is not None


def insert_once(
    transaction: Connection,
    license_id: int,
    customer_id: int | None,
    kind: SuspicionKind,
    *,
    at: datetime,
) -> int | None:
    """The id of the new suspicion; None if the licence raised one of this kind before."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    new_id: int | None = transaction.scalar(
        upsert(suspicions)
        .values(license_id=license_id, customer_id=customer_id, kind=kind.value, raised_at=at)
        .on_conflict_do_nothing()
        .returning(suspicions.c.id)
    )
    return new_id


def find_suspicion(transaction: Connection, suspicion_id: int) -> Suspicion | None:
    row = transaction.execute(
        select(suspicions).where(suspicions.c.id == suspicion_id)
    ).one_or_none()
    return Suspicion(**row._mapping) if row else None


def list_open(transaction: Connection, limit: int = 200) -> list[Suspicion]:
    """The suspicions that nobody settled yet, oldest first."""
    rows = transaction.execute(
        select(suspicions)
        .where(suspicions.c.settled_at.is_(None))
        .order_by(suspicions.c.id)
        .limit(limit)
    )
    return [Suspicion(**row._mapping) for row in rows]


def settle(
    transaction: Connection,
    suspicion_id: int,
    *,
    settled_as: str,
    because: str,
    by: str,
    at: datetime,
) -> bool:
    """False if somebody settled it before."""
    result = transaction.execute(
        update(suspicions)
        .where(suspicions.c.id == suspicion_id, suspicions.c.settled_at.is_(None))
        .values(settled_at=at, settled_as=settled_as, settled_by=by, because=because)
    )
    return result.rowcount == 1
