"""Wishes that a subscription takes no more money, or that a stuck payment is closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import cancellations


class CancellationKind(StrEnum):
    SUBSCRIPTION = "subscription"
    PAYMENT = "payment"


class CancellationState(StrEnum):
    DUE = "due"
    DONE = "done"
    NOT_NEEDED = "not_needed"  # it had ended already, or the payment had arrived
    FAILED = "failed"  # the store will not do it: a person must


@dataclass(frozen=True, slots=True)
class Cancellation:
    """One wish. `order_id` is the order it was asked on, or the payment to be closed itself."""

    id: int
    store_id: int
    kind: CancellationKind
    order_id: int
    subscription_id: int | None
    asked_by: str
    asked_at: datetime
    state: CancellationState
    because: str | None
    settled_at: datetime | None


def insert_cancellation_once(
    transaction: Connection,
    *,
    store_id: int,
    kind: CancellationKind,
    order_id: int,
    subscription_id: int | None,
    asked_by: str,
    now: datetime,
) -> int | None:
    """The id of the new wish; None while an earlier one of this kind is still due."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    new_id: int | None = transaction.scalar(
        upsert(cancellations)
        .values(
            store_id=store_id,
            kind=kind.value,
            order_id=order_id,
            subscription_id=subscription_id,
            asked_by=asked_by,
            asked_at=now,
            state=CancellationState.DUE.value,
        )
        .on_conflict_do_nothing(
            index_elements=[cancellations.c.kind, cancellations.c.order_id],
            index_where=text("state = 'due'"),
        )
        .returning(cancellations.c.id)
    )
    return new_id


def get_cancellation(transaction: Connection, cancellation_id: int) -> Cancellation:
    """Raises NoResultFound where there is none."""
    return _cancellation(
        transaction.execute(
            select(cancellations).where(cancellations.c.id == cancellation_id)
        ).one()
    )


def find_latest(
    transaction: Connection, kind: CancellationKind, order_id: int
) -> Cancellation | None:
    row = transaction.execute(
        select(cancellations)
        .where(cancellations.c.kind == kind.value, cancellations.c.order_id == order_id)
        .order_by(cancellations.c.id.desc())
        .limit(1)
    ).one_or_none()
    return _cancellation(row) if row else None


def settle_cancellation(
    transaction: Connection,
    wish: Cancellation,
    state: CancellationState,
    *,
    now: datetime,
    because: str,
) -> bool:
    """End the wish; False if it had ended before."""
    result = transaction.execute(
        update(cancellations)
        .where(cancellations.c.id == wish.id, cancellations.c.state == CancellationState.DUE.value)
        .values(state=state.value, because=because, settled_at=now)
    )
    return result.rowcount == 1


def _cancellation(row: Row[Any]) -> Cancellation:
    return Cancellation(
        id=row.id,
        store_id=row.store_id,
        kind=CancellationKind(row.kind),
        order_id=row.order_id,
        subscription_id=row.subscription_id,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        state=CancellationState(row.state),
        because=row.because,
        settled_at=row.settled_at,
    )
