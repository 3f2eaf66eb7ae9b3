"""Cases and suspicions, as the first page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from refunddesk.db.overview.block import MOST_ROWS, Block, counted, read_block
from refunddesk.db.tables import cases, customers, licenses, orders, stores, suspicions


@dataclass(frozen=True, slots=True)
class CaseLine:
    """An open case; `due_at` is the last second of what the side that is asked about owes next."""

    id: int
    store: str
    order_number: str
    product: str | None
    category: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class SuspicionLine:
    """An open suspicion; product and key are None where it is of no licence."""

    id: int
    store: str | None
    kind: str
    product: str | None
    key_ends_with: str | None
    customer_id: int | None
    email: str | None
    evidence: str | None
    raised_at: datetime


def list_cases(
    transaction: Connection, side: str, now: datetime, *, overdue: bool | None = None
) -> Block[CaseLine]:
    """Open cases in which `side` ("support" or "customer") owes something, most urgent first.

    `overdue` picks those whose time is over at `now`, or those that have time; None: both.
    """
    due = cases.c.support_due_at if side == "support" else cases.c.customer_due_at
    query = (
        select(cases, due.label("due_at"), stores.c.name.label("store"), orders.c.number)
        .add_columns(counted())
        .join(stores, stores.c.id == cases.c.store_id)
        .join(orders, orders.c.id == cases.c.order_id)
        .where(cases.c.ended_at.is_(None), due.is_not(None))
        .order_by(due, cases.c.id)
    )
    if overdue is not None:
        over = due < now.replace(microsecond=0)  # the last second itself is in time
        query = query.where(over if overdue else ~over)
    return read_block(
        transaction,
        query,
        lambda row: CaseLine(row.id, row.store, row.number, row.product, row.category, row.due_at),
    )


def list_suspicions(transaction: Connection, most: int = MOST_ROWS) -> Block[SuspicionLine]:
    """The suspicions that nobody settled yet, oldest first."""
    query = (
        select(
            suspicions,
            licenses.c.product,
            licenses.c.key_ends_with,
            customers.c.email,
            stores.c.name.label("store"),
            counted(),
        )
        .outerjoin(licenses, licenses.c.id == suspicions.c.license_id)
        .outerjoin(customers, customers.c.id == suspicions.c.customer_id)
        .outerjoin(stores, stores.c.id == func.coalesce(licenses.c.store_id, customers.c.store_id))
        .where(suspicions.c.settled_at.is_(None))
        .order_by(suspicions.c.id)
    )
    return read_block(
        transaction,
        query,
        lambda row: SuspicionLine(
            row.id,
            row.store,
            row.kind,
            row.product,
            row.key_ends_with,
            row.customer_id,
            row.email,
            row.evidence,
            row.raised_at,
        ),
        most,
    )
