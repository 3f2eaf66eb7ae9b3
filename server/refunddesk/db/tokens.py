"""Staff tokens: what a program of the staff proves itself with, kept as hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from refunddesk.db.staff import Role
from refunddesk.db.tables import staff, staff_tokens


@dataclass(frozen=True, slots=True)
class TokenBearer:
    """The staff member behind a valid token."""

    token_id: int
    staff_id: int
    role: Role


@dataclass(frozen=True, slots=True)
class StaffToken:
    id: int
    staff_id: int
    name: str
    created_at: datetime
    revoked_at: datetime | None


def record_token(
    transaction: Connection, staff_id: int, name: str, *, token_hash: bytes, at: datetime
) -> int:
    """The id of the new token."""
    new_id: int = transaction.execute(
        insert(staff_tokens)
        .values(staff_id=staff_id, name=name, token_hash=token_hash, created_at=at)
        .returning(staff_tokens.c.id)
    ).scalar_one()
    return new_id


def find_bearer(transaction: Connection, token_hash: bytes) -> TokenBearer | None:
    """None for an unknown or revoked token, and for staff that no longer may sign in."""
    row = transaction.execute(
        select(staff_tokens.c.id, staff.c.id, staff.c.role)
        .join(staff, staff.c.id == staff_tokens.c.staff_id)
        .where(
            staff_tokens.c.token_hash == token_hash,
            staff_tokens.c.revoked_at.is_(None),
            staff.c.disabled_at.is_(None),
        )
    ).one_or_none()
    return TokenBearer(row[0], row[1], Role(row[2])) if row else None


def revoke_token(transaction: Connection, token_id: int, *, at: datetime) -> bool:
    """False if there is no such token, or it was revoked before."""
    result = transaction.execute(
        update(staff_tokens)
        .where(staff_tokens.c.id == token_id, staff_tokens.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    return result.rowcount == 1


def staff_exists(transaction: Connection, staff_id: int) -> bool:
    return transaction.scalar(select(staff.c.id).where(staff.c.id == staff_id)) is not None


def list_tokens(transaction: Connection, staff_id: int) -> list[StaffToken]:
    columns = [column for column in staff_tokens.c if column.name != "token_hash"]
    rows = transaction.execute(
        select(*columns).where(staff_tokens.c.staff_id == staff_id).order_by(staff_tokens.c.id)
    )
    return [StaffToken(**row._mapping) for row in rows]
