"""Orders found by what people can name: a number, an address, a site, the end of a licence key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select, union

from refunddesk.db.tables import (
    activations,
    cases,
    customers,
    licenses,
    orders,
    refund_requests,
    stores,
)

MOST_FOUND = 25


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """`email` is None where the store knows of no customer."""

    id: int
    store: str
    number: str
    status: str
    email: str | None


def find_orders(
    transaction: Connection, *, number: str, email_key: str, site: str, key_ends: Sequence[str]
) -> list[FoundOrder]:
    """Up to MOST_FOUND orders of which one of these is true, newest first; each by an index."""
    by_mail = (
        select(orders.c.id)
        .join(customers, customers.c.id == orders.c.customer_id)
        .where(customers.c.store_id.in_(select(stores.c.id)), customers.c.email_key == email_key)
    )
    by_site = (
        select(licenses.c.order_id)
        .join(activations, activations.c.license_id == licenses.c.id)
        .where(activations.c.site == site, licenses.c.order_id.is_not(None))
    )
    by_key = select(licenses.c.order_id).where(
        licenses.c.key_ends_with.in_(key_ends), licenses.c.order_id.is_not(None)
    )
    by_number = select(orders.c.id).where(orders.c.number == number)
    named = union(by_number, by_mail, by_site, by_key).subquery()
    rows = transaction.execute(
        select(orders.c.id, stores.c.name, orders.c.number, orders.c.status, customers.c.email)
        .join(named, named.c.id == orders.c.id)
        .join(stores, stores.c.id == orders.c.store_id)
        .outerjoin(customers, customers.c.id == orders.c.customer_id)
        .order_by(orders.c.id.desc())
        .limit(MOST_FOUND)
    )
    return [FoundOrder(*row) for row in rows]


def list_cases_of(transaction: Connection, order_ids: Sequence[int]) -> dict[int, list[int]]:
    """The cases about each of the orders."""
    return _by_order(
        transaction,
        select(cases.c.order_id, cases.c.id)
        .where(cases.c.order_id.in_(order_ids))
        .order_by(cases.c.id),
    )


def list_requests_of(transaction: Connection, order_ids: Sequence[int]) -> dict[int, list[int]]:
    """The refund requests for each of the orders."""
    return _by_order(
        transaction,
        select(refund_requests.c.order_id, refund_requests.c.id)
        .where(refund_requests.c.order_id.in_(order_ids))
        .order_by(refund_requests.c.id),
    )


def _by_order(transaction: Connection, query: Select[Any]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row in transaction.execute(query):
        found.setdefault(row.order_id, []).append(row.id)
    return found
