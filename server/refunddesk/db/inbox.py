"""Deliveries as they came in, signed by their store; and those that wait for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, func, literal_column, select, update

from refunddesk.db.many_rows import ManyRows
from refunddesk.db.session import Transaction
from refunddesk.db.tables import inbox


class NoSuchDelivery(LookupError):
    """No delivery has this id."""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One delivery to keep. `body` None: of what was said only the fact is kept.

    `delivery_id` is a hint of the store, shared by all its deliveries of one second.
    """

    store_id: int
    endpoint_id: str
    topic: str
    object_type: str | None
    woo_object_id: int | None
    body: bytes | None = field(repr=False)
    body_sha: bytes
    delivery_id: str | None
    received_at: datetime
    quarantined_because: str | None = None
    quarantine_detail: str | None = None


# Only the bridge's events have ids that are theirs alone: one that comes again is known already.
_INSERT = ManyRows(
    inbox, tuple(column.name for column in fields(NewDelivery)), "ON CONFLICT DO NOTHING"
)
_values_of = attrgetter(*_INSERT.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(NewDelivery):
    """One kept delivery; quarantined while it has a reason and no `released_at`."""

    id: int
    released_at: datetime | None


def insert_deliveries(transaction: Transaction, deliveries: Sequence[NewDelivery]) -> None:
    _INSERT.insert(transaction, [_values_of(delivery) for delivery in deliveries])


def lock_delivery(transaction: Connection, delivery_id: int) -> Delivery:
    row = transaction.execute(
        select(inbox).where(inbox.c.id == delivery_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise NoSuchDelivery(f"there is no delivery {delivery_id}")
    return _delivery(row)


def find_newest_id(transaction: Connection) -> int:
    """The id of the delivery kept last; 0 before the first."""
    return transaction.scalar(select(func.max(inbox.c.id))) or 0


def find_since(
    transaction: Connection, endpoint_id: str, body_sha: bytes, *, above: int
) -> Delivery | None:
    """The first delivery with this body at the endpoint whose id is greater than `above`."""
    row = transaction.execute(
        select(inbox)
        .where(
            inbox.c.id > above,
            inbox.c.endpoint_id == endpoint_id,
            inbox.c.body_sha == body_sha,
        )
        .order_by(inbox.c.id)
        .limit(1)
    ).one_or_none()
    return _delivery(row) if row else None


def has_event(transaction: Connection, endpoint_id: str, event_id: str) -> bool:
    """Whether the bridge's event of this id was kept."""
    found = select(inbox.c.id).where(
        inbox.c.endpoint_id == endpoint_id,
        inbox.c.delivery_id == event_id,
        inbox.c.topic == literal_column("'bridge.events'"),  # in the very words of the index
    )
    return transaction.scalar(found.limit(1)) is not None


def list_quarantined(transaction: Connection, limit: int = 100) -> list[Delivery]:
    """Deliveries that wait for a person, newest first."""
    rows = transaction.execute(
        select(inbox)
        .where(inbox.c.quarantined_because.is_not(None), inbox.c.released_at.is_(None))
        .order_by(inbox.c.received_at.desc(), inbox.c.id.desc())
        .limit(limit)
    )
    return [_delivery(row) for row in rows]


def list_about(
    transaction: Connection,
    store_id: int,
    object_type: str,
    woo_object_id: int,
    *,
    since: datetime,
    limit: int,
) -> list[Delivery]:
    """The newest deliveries about the object that came at `since` or later, newest first."""
    rows = transaction.execute(
        select(inbox)
        .where(
            inbox.c.store_id == store_id,
            inbox.c.object_type == object_type,
            inbox.c.woo_object_id == woo_object_id,
            inbox.c.received_at >= since,
        )
        .order_by(inbox.c.id.desc())
        .limit(limit)
    )
    return [_delivery(row) for row in rows]


def find_last_received_at(transaction: Connection, store_id: int) -> datetime | None:
    """When the store last delivered anything."""
    return transaction.scalar(
        select(inbox.c.received_at)
        .where(inbox.c.store_id == store_id)
        .order_by(inbox.c.id.desc())
        .limit(1)
    )


def record_released(
    transaction: Connection,
    delivery_id: int,
    *,
    object_type: str | None,
    woo_object_id: int | None,
    at: datetime,
) -> None:
    """The delivery no longer waits for a person; it is about this object."""
    transaction.execute(
        update(inbox)
        .where(inbox.c.id == delivery_id)
        .values(released_at=at, object_type=object_type, woo_object_id=woo_object_id)
    )


def quarantine_delivery(
    transaction: Connection, delivery_id: int, *, because: str, detail: str
) -> None:
    """Let the delivery wait for a person: it names no object after all."""
    transaction.execute(
        update(inbox)
        .where(inbox.c.id == delivery_id)
        .values(
            object_type=None,
            woo_object_id=None,
            quarantined_because=because,
            quarantine_detail=detail,
        )
    )


def quarantine_object(
    transaction: Connection,
    store_id: int,
    object_type: str,
    woo_object_id: int,
    *,
    because: str,
    detail: str,
) -> bool:
    """Let the newest delivery about the object wait for a person; False if there is none."""
    newest = (
        select(func.max(inbox.c.id))
        .where(
            inbox.c.store_id == store_id,
            inbox.c.object_type == object_type,
            inbox.c.woo_object_id == woo_object_id,
        )
        .scalar_subquery()
    )
    result = transaction.execute(
        update(inbox)
        .where(inbox.c.id == newest)
        .values(quarantined_because=because, quarantine_detail=detail, released_at=None)
    )
    return result.rowcount == 1


def release_object(
    transaction: Connection, store_id: int, object_type: str, woo_object_id: int, *, at: datetime
) -> None:
    """The object could be recorded now: its quarantined deliveries wait no longer."""
    transaction.execute(
        update(inbox)
        .where(
            inbox.c.store_id == store_id,
            inbox.c.object_type == object_type,
            inbox.c.woo_object_id == woo_object_id,
            inbox.c.quarantined_because.is_not(None),
            inbox.c.released_at.is_(None),
        )
        .values(released_at=at)
    )


def drop_bodies(
    transaction: Connection, store_id: int, object_type: str, woo_object_id: int
) -> None:
    """Keep of the deliveries about the object only that they came."""
    transaction.execute(
        update(inbox)
        .where(
            inbox.c.store_id == store_id,
            inbox.c.object_type == object_type,
            inbox.c.woo_object_id == woo_object_id,
            inbox.c.body.is_not(None),
        )
        .values(body=None)
    )


def list_without_object(
    transaction: Connection, store_id: int, limit: int = 1_000
) -> list[Delivery]:
    """The newest deliveries that wait for a person because nobody knows what they are about."""
    rows = transaction.execute(
        select(inbox)
        .where(
            inbox.c.quarantined_because.is_not(None),
            inbox.c.released_at.is_(None),
            inbox.c.store_id == store_id,
            inbox.c.woo_object_id.is_(None),
            inbox.c.body.is_not(None),
        )
        .order_by(inbox.c.received_at.desc())
        .limit(limit)
    )
    return [_delivery(row) for row in rows]


def drop_body(transaction: Connection, delivery_id: int) -> None:
    transaction.execute(
        update(inbox).where(inbox.c.id == delivery_id).values(body=None, quarantine_detail=None)
    )


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        store_id=row.store_id,
        endpoint_id=row.endpoint_id,
        topic=row.topic,
        object_type=row.object_type,
        woo_object_id=row.woo_object_id,
        body=row.body,
        body_sha=row.body_sha,
        delivery_id=row.delivery_id,
        received_at=row.received_at,
        quarantined_because=row.quarantined_because,
        quarantine_detail=row.quarantine_detail,
        released_at=row.released_at,
    )
