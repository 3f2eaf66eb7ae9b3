"""One-time codes by which a store and the desk know each other before they are connected."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from refunddesk.db.tables import connect_codes


@dataclass(frozen=True, slots=True)
class ConnectCode:
    """`key_sealed` is a hash of the code, sealed; the code itself is nowhere.

    It is for the store `store_id` to join again, or for a new one that gets `policy`; only for one
    at `store_url` where that is given. `used_by` names the installation that used it.
    """

    id: int
    name: str
    key_sealed: str = field(repr=False)
    store_id: int | None
    store_url: str | None
    policy: str | None
    expires_at: datetime
    used_by: str | None


def insert_connect_code(
    transaction: Connection,
    *,
    name: str,
    key_sealed: str,
    store_id: int | None,
    store_url: str | None,
    policy: str | None,
    made_by: str,
    now: datetime,
    expires_at: datetime,
) -> int:
    """The id of the new code."""
    new_id: int = transaction.execute(
        insert(connect_codes)
        .values(
            name=name,
            key_sealed=key_sealed,
            store_id=store_id,
            store_url=store_url,
            policy=policy,
            made_by=made_by,
            made_at=now,
            expires_at=expires_at,
        )
        .returning(connect_codes.c.id)
    ).scalar_one()
    return new_id


def find_connect_code(transaction: Connection, name: str) -> ConnectCode | None:
    row = transaction.execute(
        select(connect_codes).where(connect_codes.c.name == name)
    ).one_or_none()
    return _code(row) if row else None


def lock_connect_code(transaction: Connection, code_id: int) -> ConnectCode:
    """The code as it is now; it stays so until the transaction ends."""
    return _code(
        transaction.execute(
            select(connect_codes).where(connect_codes.c.id == code_id).with_for_update()
        ).one()
    )


def record_code_used(
    transaction: Connection, code_id: int, *, used_by: str, store_id: int, at: datetime
) -> None:
    transaction.execute(
        update(connect_codes)
        .where(connect_codes.c.id == code_id)
        .values(used_by=used_by, used_at=at, store_id=store_id)
    )


def _code(row: Row[Any]) -> ConnectCode:
    return ConnectCode(
        row.id,
        row.name,
        row.key_sealed,
        row.store_id,
        row.store_url,
        row.policy,
        row.expires_at,
        row.used_by,
    )
