"""What people say of an order that neither the store nor the desk can know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import recorded_facts as table


@dataclass(frozen=True, slots=True)
class RecordedFact:
    """One fact by its name; `value` as in JSON. `woo_item_id` is 0 for one of the whole order."""

    name: str
    woo_item_id: int
    value: Any
    recorded_at: datetime
    recorded_by: str


def list_of_order(transaction: Connection, order_id: int) -> list[RecordedFact]:
    rows = transaction.execute(
        select(table).where(table.c.order_id == order_id).order_by(table.c.name, table.c.id)
    )
    return [
        RecordedFact(row.name, row.woo_item_id, row.value, row.recorded_at, row.recorded_by)
        for row in rows
    ]


def put_fact(transaction: Connection, order_id: int, fact: RecordedFact) -> None:
    """Write the fact in place of what was said before."""
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    told = {
        "value": fact.value,
        "recorded_at": fact.recorded_at,
        "recorded_by": fact.recorded_by,
    }
    transaction.execute(
        upsert(table)
        .values(order_id=order_id, name=fact.name, woo_item_id=fact.woo_item_id, **told)
        .on_conflict_do_update(
            index_elements=[table.c.order_id, table.c.name, table.c.woo_item_id], set_=told
        )
    )


def drop_fact(transaction: Connection, order_id: int, name: str, woo_item_id: int) -> None:
    transaction.execute(
        delete(table).where(
            table.c.order_id == order_id,
            table.c.name == name,
            table.c.woo_item_id == woo_item_id,
        )
    )
