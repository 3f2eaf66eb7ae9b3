"""Approvals: grants above a store's limit, until a second person approves or declines them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import approval_limits
from refunddesk.db.tables import approvals as table
from refunddesk.money import Money


@dataclass(frozen=True, slots=True)
class Approval:
    """A grant of `amount`, tax included, by `granted_by`: "policy" or "staff:3".

    `settled_as` is approved, declined or void, None while it is open.
    """

    id: int
    request_id: int
    decision_id: int
    amount: Money
    granted_by: str
    asked_at: datetime
    settled_at: datetime | None
    settled_as: str | None
    settled_by: str | None
    because: str | None = field(repr=False)


def record_approval(
    transaction: Connection,
    request_id: int,
    decision_id: int,
    amount: Money,
    *,
    granted_by: str,
    at: datetime,
) -> int:
    """The id of the new, open one. Raises IntegrityError where the request has an open one."""
    new_id: int = transaction.scalars(
        insert(table)
        .values(
            request_id=request_id,
            decision_id=decision_id,
            amount_minor=amount.minor,
            currency=amount.currency,
            decimals=amount.decimals,
            granted_by=granted_by,
            asked_at=at,
        )
        .returning(table.c.id)
    ).one()
    return new_id


def find_approval(transaction: Connection, approval_id: int) -> Approval | None:
    row = transaction.execute(select(table).where(table.c.id == approval_id)).one_or_none()
    return _approval(row) if row else None


def find_open(transaction: Connection, request_id: int) -> Approval | None:
    row = transaction.execute(
        select(table).where(table.c.request_id == request_id, table.c.settled_at.is_(None))
    ).one_or_none()
    return _approval(row) if row else None


def list_approvals(transaction: Connection, request_id: int) -> list[Approval]:
    """All of the request, oldest first."""
    rows = transaction.execute(
        select(table).where(table.c.request_id == request_id).order_by(table.c.id)
    )
    return [_approval(row) for row in rows]


def list_open_by(transaction: Connection, granted_by: str) -> list[Approval]:
    """What this person granted and nobody settled yet."""
    rows = transaction.execute(
        select(table)
        .where(table.c.granted_by == granted_by, table.c.settled_at.is_(None))
        .order_by(table.c.id)
    )
    return [_approval(row) for row in rows]


def settle(
    transaction: Connection,
    approval_id: int,
    *,
    settled_as: str,
    by: str,
    because: str | None,
    at: datetime,
) -> bool:
    """False if somebody settled it before."""
    result = transaction.execute(
        update(table)
        .where(table.c.id == approval_id, table.c.settled_at.is_(None))
        .values(settled_at=at, settled_as=settled_as, settled_by=by, because=because)
    )
    return result.rowcount == 1


def find_limit(transaction: Connection, store_id: int, granted_by: str) -> Money | None:
    """The store's limit for grants by "staff" or by "policy"; None: there is none."""
    row = transaction.execute(
        select(approval_limits).where(
            approval_limits.c.store_id == store_id, approval_limits.c.granted_by == granted_by
        )
    ).one_or_none()
    return Money(row.amount_minor, row.currency, row.decimals) if row else None


def set_limit(transaction: Connection, store_id: int, granted_by: str, limit: Money | None) -> None:
    """Keep the limit in place of the one before; None: no limit."""
    if limit is None:
        transaction.execute(
            delete(approval_limits).where(
                approval_limits.c.store_id == store_id, approval_limits.c.granted_by == granted_by
            )
        )
        return
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    values = {
        "amount_minor": limit.minor,
        "currency": limit.currency,
        "decimals": limit.decimals,
    }
    transaction.execute(
        upsert(approval_limits)
        .values(store_id=store_id, granted_by=granted_by, **values)
        .on_conflict_do_update(
            index_elements=[approval_limits.c.store_id, approval_limits.c.granted_by],
            set_=values,
        )
    )


def _approval(row: Row[Any]) -> Approval:
    return Approval(
        id=row.id,
        request_id=row.request_id,
        decision_id=row.decision_id,
        amount=Money(row.amount_minor, row.currency, row.decimals),
        granted_by=row.granted_by,
        asked_at=row.asked_at,
        settled_at=row.settled_at,
        settled_as=row.settled_as,
        settled_by=row.settled_by,
        because=row.because,
    )
