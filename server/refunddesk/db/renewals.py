"""Renewals of subscriptions: what was foreseen, which order paid, and how early each is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import renewal_leads, renewals, subscriptions
from refunddesk.money import Money


@dataclass(frozen=True, slots=True)
class Renewal:
    """One renewal, known by its day in the store's zone.

    `amount` is what it was last announced with, None where nobody foresaw it; `order_id` the order
    that paid for it.
    """

    id: int
    store_id: int
    subscription_id: int
    due_on: date
    due_at: datetime
    amount: Money | None
    order_id: int | None


def insert_renewal_once(
    transaction: Connection,
    *,
    store_id: int,
    subscription_id: int,
    due_on: date,
    due_at: datetime,
    amount: Money | None,
    now: datetime,
) -> Renewal | None:
    """The new renewal; None if that day's renewal of the subscription is known already."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    row = transaction.execute(
        upsert(renewals)
        .values(
            store_id=store_id,
            subscription_id=subscription_id,
            due_on=due_on,
            due_at=due_at,
            **_amount(amount),
            recorded_at=now,
        )
        .on_conflict_do_nothing(index_elements=[renewals.c.subscription_id, renewals.c.due_on])
        .returning(renewals)
    ).one_or_none()
    return _renewal(row) if row else None


def find_renewal(transaction: Connection, subscription_id: int, due_on: date) -> Renewal | None:
    row = transaction.execute(
        select(renewals).where(
            renewals.c.subscription_id == subscription_id, renewals.c.due_on == due_on
        )
    ).one_or_none()
    return _renewal(row) if row else None


def find_renewal_of_order(transaction: Connection, order_id: int) -> Renewal | None:
    row = transaction.execute(select(renewals).where(renewals.c.order_id == order_id)).one_or_none()
    return _renewal(row) if row else None


def find_last_unpaid(transaction: Connection, subscription_id: int, until: date) -> Renewal | None:
    """The latest renewal due by that day that no order has paid for, nor for a later one."""
    paid = renewals.alias()
    last_paid = (
        select(func.max(paid.c.due_on))
        .where(paid.c.subscription_id == subscription_id, paid.c.order_id.is_not(None))
        .scalar_subquery()
    )
    row = transaction.execute(
        select(renewals)
        .where(
            renewals.c.subscription_id == subscription_id,
            renewals.c.due_on <= until,
            renewals.c.order_id.is_(None),
            or_(last_paid.is_(None), renewals.c.due_on > last_paid),
        )
        .order_by(renewals.c.due_on.desc())
        .limit(1)
    ).one_or_none()
    return _renewal(row) if row else None


def list_renewals(transaction: Connection, subscription_id: int) -> list[Renewal]:
    """All renewals known of the subscription, oldest first."""
    rows = transaction.execute(
        select(renewals)
        .where(renewals.c.subscription_id == subscription_id)
        .order_by(renewals.c.due_on)
    )
    return [_renewal(row) for row in rows]


def update_renewal(
    transaction: Connection, renewal_id: int, *, due_at: datetime, amount: Money | None
) -> None:
    """Write what the store says of it now."""
    transaction.execute(
        update(renewals).where(renewals.c.id == renewal_id).values(due_at=due_at, **_amount(amount))
    )


def record_payer(transaction: Connection, renewal_id: int, order_id: int) -> None:
    """Say which order paid for the renewal, unless another one did."""
    transaction.execute(
        update(renewals)
        .where(renewals.c.id == renewal_id, renewals.c.order_id.is_(None))
        .values(order_id=order_id)
    )


def list_coming(
    transaction: Connection,
    now: datetime,
    until: Mapping[str, datetime],
    *,
    above: int = 0,
    limit: int = 500,
) -> list[int]:
    """Ids of subscriptions whose next payment nobody has looked at as it stands now.

    `until` says by billing up to which moment payments are looked at, "" for those whose billing
    has no name. In pages: pass the last id of a page as `above`.
    """
    looked_at = and_(
        renewals.c.subscription_id == subscriptions.c.id,
        renewals.c.due_at == subscriptions.c.next_payment_at,
        or_(
            renewals.c.amount_minor == subscriptions.c.total_minor,
            subscriptions.c.total_minor.is_(None),
        ),
    )
    named = [
        and_(subscriptions.c.billing == billing, subscriptions.c.next_payment_at <= moment)
        for billing, moment in until.items()
        if billing
    ]
    unnamed = and_(subscriptions.c.billing.is_(None), subscriptions.c.next_payment_at <= until[""])
    rows = transaction.scalars(
        select(subscriptions.c.id)
        .where(
            subscriptions.c.id > above,
            subscriptions.c.status == "active",
            subscriptions.c.gone_at.is_(None),
            subscriptions.c.next_payment_at > now,
            or_(*named, unnamed),
            ~select(renewals.c.id).where(looked_at).exists(),
        )
        .order_by(subscriptions.c.id)
        .limit(limit)
    )
    return list(rows)


def list_leads(transaction: Connection, store_id: int) -> dict[str, int]:
    """The store owner's own lead times in days, by billing."""
    rows = transaction.execute(
        select(renewal_leads.c.billing, renewal_leads.c.days).where(
            renewal_leads.c.store_id == store_id
        )
    )
    return {row.billing: row.days for row in rows}


def list_longest_leads(transaction: Connection) -> dict[str, int]:
    """The longest lead time that any store's owner has set, by billing."""
    longest: dict[str, int] = {}
    for billing, days in transaction.execute(select(renewal_leads.c.billing, renewal_leads.c.days)):
        longest[billing] = max(days, longest.get(billing, 0))
    return longest


def record_lead(transaction: Connection, store_id: int, billing: str, days: int | None) -> None:
    """Set the owner's lead time, or go back to the table's (None)."""
    if days is None:
        transaction.execute(
            delete(renewal_leads).where(
                renewal_leads.c.store_id == store_id, renewal_leads.c.billing == billing
            )
        )
        return
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    transaction.execute(
        upsert(renewal_leads)
        .values(store_id=store_id, billing=billing, days=days)
        .on_conflict_do_update(
            index_elements=[renewal_leads.c.store_id, renewal_leads.c.billing],
            set_={"days": days},
        )
    )


def _amount(amount: Money | None) -> dict[str, Any]:
    if amount is None:
        return {"amount_minor": None, "currency": None, "decimals": None}
    return {
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "decimals": amount.decimals,
    }


def _renewal(row: Row[Any]) -> Renewal:
    known = row.amount_minor is not None
    return Renewal(
        id=row.id,
        store_id=row.store_id,
        subscription_id=row.subscription_id,
        due_on=row.due_on,
        due_at=row.due_at,
        amount=Money(row.amount_minor, row.currency, row.decimals) if known else None,
        order_id=row.order_id,
    )
