"""Suspicions: a licence used after its money went back, or what staff report, until settled."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import suspicions


class SuspicionKind(StrEnum):
    USE_AFTER_REFUND = "use_after_refund"
    UPDATE_AFTER_REFUND = "update_after_refund"
    USE_AFTER_STATEMENT = "use_after_statement"
    REPORTED = "reported"  # by staff, of a customer


@dataclass(frozen=True, slots=True)
class Suspicion:
    """`settled_as` is confirmed or dropped, None while it is open.

    One that staff report is of a customer and no licence, and has its evidence; `raised_by` is
    "licenses" for a use that was seen, or "staff:3".
    """

    id: int
    license_id: int | None
    customer_id: int | None
    kind: str
    raised_at: datetime
    evidence: str | None = field(repr=False)
    raised_by: str
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


def find_open_report(transaction: Connection, customer_id: int, evidence: str) -> Suspicion | None:
    """Just this, reported of the customer before and not settled."""
    row = transaction.execute(
        select(suspicions)
        .where(
            suspicions.c.customer_id == customer_id,
            suspicions.c.evidence == evidence,
            suspicions.c.settled_at.is_(None),
        )
        .limit(1)
    ).one_or_none()
    return Suspicion(**row._mapping) if row else None


def record_report(
    transaction: Connection, customer_id: int, *, evidence: str, by: str, at: datetime
) -> int:
    """The id of what is reported of the customer."""
    new_id: int = transaction.scalars(
        insert(suspicions)
        .values(
            customer_id=customer_id,
            kind=SuspicionKind.REPORTED.value,
            evidence=evidence,
            raised_by=by,
            raised_at=at,
        )
        .returning(suspicions.c.id)
    ).one()
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


def list_of_customers(transaction: Connection, customer_ids: Collection[int]) -> list[Suspicion]:
    """All suspicions about these customers, settled or not, oldest first."""
    rows = transaction.execute(
        select(suspicions)
        .where(suspicions.c.customer_id.in_(customer_ids))
        .order_by(suspicions.c.id)
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
