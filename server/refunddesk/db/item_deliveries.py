"""When customization work was handed over, and until when it is supported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import item_deliveries, order_items


@dataclass(frozen=True, slots=True)
class ItemDelivery:
    """`supported_until` is the last second of support for the work on that order line."""

    order_item_id: int
    woo_item_id: int
    delivered_at: datetime
    supported_until: datetime
    recorded_by: str


def insert_delivery_once(
    transaction: Connection,
    order_item_id: int,
    *,
    delivered_at: datetime,
    supported_until: datetime,
    by: str,
) -> bool:
    """False if the line was delivered before."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    inserted = transaction.scalar(
        upsert(item_deliveries)
        .values(
            order_item_id=order_item_id,
            delivered_at=delivered_at,
            supported_until=supported_until,
            recorded_by=by,
        )
        .on_conflict_do_nothing(index_elements=[item_deliveries.c.order_item_id])
        .returning(item_deliveries.c.id)
    )
    return inserted is not None


def list_of_order(transaction: Connection, order_id: int) -> list[ItemDelivery]:
    rows = transaction.execute(
        select(item_deliveries, order_items.c.woo_item_id)
        .join(order_items, order_items.c.id == item_deliveries.c.order_item_id)
        .where(order_items.c.order_id == order_id)
        .order_by(item_deliveries.c.id)
    )
    return [_delivery(row) for row in rows]


def _delivery(row: Row[Any]) -> ItemDelivery:
    return ItemDelivery(
        row.order_item_id,
        row.woo_item_id,
        row.delivered_at,
        row.supported_until,
        row.recorded_by,
    )
