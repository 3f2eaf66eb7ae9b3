"""The trail: who did what to which thing, written in the transaction that did it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from refunddesk.db.tables import history


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the trail."""

    happened_at: datetime
    actor: str
    action: str
    subject: str
    data: dict[str, Any]


def record_deed(
    transaction: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    data: dict[str, Any] | None = None,
) -> None:
    """`actor` is "staff:3", "store:1", "policy", "customer:4"; `subject` is "refund:7".

    `data` holds no personal data: ids, states and amounts only.
    """
    transaction.execute(
        insert(history).values(
            happened_at=at, actor=actor, action=action, subject=subject, data=data or {}
        )
    )


def list_deeds(transaction: Connection, subject: str) -> list[Deed]:
    """All lines about `subject`, oldest first."""
    rows = transaction.execute(
        select(history).where(history.c.subject == subject).order_by(history.c.id)
    )
    return [Deed(row.happened_at, row.actor, row.action, row.subject, row.data) for row in rows]
