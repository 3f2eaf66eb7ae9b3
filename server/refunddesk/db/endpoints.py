"""The addresses at which stores deliver: one for each store and topic, with its own secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from refunddesk.db.tables import endpoints


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address. While a secret is being changed in the store the previous one is valid too."""

    id: str
    store_id: int
    topic: str
    secret_sealed: str = field(repr=False)
    previous_secret_sealed: str | None = field(repr=False)


def insert_endpoint(
    transaction: Connection,
    *,
    endpoint_id: str,
    store_id: int,
    topic: str,
    secret_sealed: str,
    now: datetime,
) -> None:
    transaction.execute(
        insert(endpoints).values(
            id=endpoint_id,
            store_id=store_id,
            topic=topic,
            secret_sealed=secret_sealed,
            created_at=now,
        )
    )


def find_endpoint(transaction: Connection, endpoint_id: str) -> Endpoint | None:
    row = transaction.execute(select(endpoints).where(endpoints.c.id == endpoint_id)).one_or_none()
    return _endpoint(row) if row else None


def find_endpoint_for(transaction: Connection, store_id: int, topic: str) -> Endpoint | None:
    row = transaction.execute(
        select(endpoints).where(endpoints.c.store_id == store_id, endpoints.c.topic == topic)
    ).one_or_none()
    return _endpoint(row) if row else None


def list_endpoints(transaction: Connection, store_id: int) -> list[Endpoint]:
    rows = transaction.execute(
        select(endpoints).where(endpoints.c.store_id == store_id).order_by(endpoints.c.topic)
    )
    return [_endpoint(row) for row in rows]


def record_new_secret(transaction: Connection, endpoint: Endpoint, secret_sealed: str) -> None:
    """Make this the endpoint's secret; the one it had stays valid until the next change."""
    transaction.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint.id)
        .values(secret_sealed=secret_sealed, previous_secret_sealed=endpoint.secret_sealed)
    )


def replace_secret(transaction: Connection, endpoint_id: str, secret_sealed: str) -> None:
    """Make this the endpoint's only secret; whatever was signed with another is refused now."""
    transaction.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id)
        .values(secret_sealed=secret_sealed, previous_secret_sealed=None)
    )


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(row.id, row.store_id, row.topic, row.secret_sealed, row.previous_secret_sealed)
