"""Mails that wait for a person, as the first page shows them."""

from __future__ import annotations

from sqlalchemy import Connection, Row, select

from refunddesk.db.arrivals import COLUMNS, IS_WAITING, Arrival, read_row
from refunddesk.db.overview.block import Block, counted, read_block
from refunddesk.db.tables import arrivals


def list_waiting_mails(transaction: Connection) -> Block[Arrival]:
    """Oldest first."""
    query = select(*COLUMNS, counted()).where(IS_WAITING).order_by(arrivals.c.id)
    return read_block(transaction, query, _line)


def _line(row: Row[tuple[object, ...]]) -> Arrival:
    return read_row({name: value for name, value in row._asdict().items() if name != "total"})
