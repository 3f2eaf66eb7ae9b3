"""Changed orders that a sweep found in a store's list, so that each change is asked for once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import sightings


def list_seen(
    transaction: Connection, store_id: int, woo_order_ids: Collection[int]
) -> dict[int, datetime | None]:
    """When the store said that these orders were modified, as last sighted."""
    rows = transaction.execute(
        select(sightings.c.woo_order_id, sightings.c.modified_at).where(
            sightings.c.store_id == store_id, sightings.c.woo_order_id.in_(woo_order_ids)
        )
    )
    return {row.woo_order_id: row.modified_at for row in rows}


def record_sighting(
    transaction: Connection,
    store_id: int,
    woo_order_id: int,
    *,
    modified_at: datetime | None,
    seen_at: datetime,
    delivery_expected: bool,
) -> None:
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    told = {
        "modified_at": modified_at,
        "seen_at": seen_at,
        "delivery_expected": delivery_expected,
    }
    transaction.execute(
        upsert(sightings)
        .values(store_id=store_id, woo_order_id=woo_order_id, **told)
        .on_conflict_do_update(
            index_elements=[sightings.c.store_id, sightings.c.woo_order_id], set_=told
        )
    )


def find_expected(
    transaction: Connection,
    store_id: int,
    *,
    seen_before: datetime,
    seen_after: datetime | None,
) -> int | None:
    """The first order sighted in that time of which a webhook should have told."""
    query = select(sightings.c.woo_order_id).where(
        sightings.c.store_id == store_id,
        sightings.c.delivery_expected,
        sightings.c.seen_at <= seen_before,
    )
    if seen_after is not None:
        query = query.where(sightings.c.seen_at > seen_after)
    return transaction.scalar(query.order_by(sightings.c.seen_at).limit(1))


def forget_before(transaction: Connection, before: datetime) -> None:
    """Forget what was sighted before: an order that still differs is asked for once more."""
    transaction.execute(delete(sightings).where(sightings.c.seen_at < before))
