"""The program's own reasons to let no money leave for a store until it was looked through again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from refunddesk.db.tables import payment_blocks
from refunddesk.db.upserts import insert_or_overwrite

# Said once, as in db/orders.py.
_BLOCK = select(payment_blocks).where(payment_blocks.c.store_id == bindparam("store_id"))


@dataclass(frozen=True, slots=True)
class PaymentBlock:
    """Payments of the store wait for sweeps that began at `since` or later."""

    store_id: int
    because: str
    since: datetime


def record_block(transaction: Connection, store_id: int, because: str, *, since: datetime) -> None:
    """Block the store's payments; one that is blocked already waits for newer sweeps then."""
    told = {"store_id": store_id, "because": because, "since": since}
    insert_or_overwrite(transaction, payment_blocks, ("store_id",), told)


def find_block(transaction: Connection, store_id: int) -> PaymentBlock | None:
    row = transaction.execute(_BLOCK, {"store_id": store_id}).one_or_none()
    return PaymentBlock(row.store_id, row.because, row.since) if row else None


def remove_block(transaction: Connection, block: PaymentBlock) -> bool:
    """Let payments run again; False if the block was renewed meanwhile."""
    result = transaction.execute(
        delete(payment_blocks).where(
            payment_blocks.c.store_id == block.store_id, payment_blocks.c.since == block.since
        )
    )
    return result.rowcount == 1
