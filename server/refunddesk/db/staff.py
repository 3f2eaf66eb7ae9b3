"""The people who work at the desk, and the sessions in which they are signed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from refunddesk.db.tables import staff, staff_sessions


class Role(StrEnum):
    """What somebody at the desk may do; which route asks for which stands in docs/roles.md."""

    OWNER = "owner"
    APPROVER = "approver"
    SUPPORT = "support"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Staff:
    """One person at the desk. Disabled people are kept: the trail names them by their id."""

    id: int
    email: str
    name: str
    role: Role
    password_hash: str = field(repr=False)
    created_at: datetime
    disabled_at: datetime | None


def email_key(email: str) -> str:
    """The form an address is stored and looked up in."""
    return email.strip().lower()


def add_staff(
    transaction: Connection, *, email: str, name: str, role: Role, password_hash: str, at: datetime
) -> int:
    values = {
        "email": email_key(email),
        "name": name,
        "role": role.value,
        "password_hash": password_hash,
        "created_at": at,
    }
    return int(transaction.execute(insert(staff).values(values).returning(staff.c.id)).scalar_one())


def find_staff(transaction: Connection, email: str) -> Staff | None:
    row = transaction.execute(select(staff).where(staff.c.email == email_key(email))).one_or_none()
    return _read(row) if row else None


def find_by_id(transaction: Connection, staff_id: int) -> Staff | None:
    row = transaction.execute(select(staff).where(staff.c.id == staff_id)).one_or_none()
    return _read(row) if row else None


def list_staff(transaction: Connection) -> list[Staff]:
    """Everybody who ever worked here, by e-mail address."""
    return [_read(row) for row in transaction.execute(select(staff).order_by(staff.c.email))]


def set_password_hash(transaction: Connection, staff_id: int, password_hash: str) -> None:
    transaction.execute(
        update(staff).where(staff.c.id == staff_id).values(password_hash=password_hash)
    )


def disable(transaction: Connection, staff_id: int, at: datetime) -> None:
    transaction.execute(
        update(staff)
        .where(staff.c.id == staff_id)
        .values(disabled_at=func.coalesce(staff.c.disabled_at, at))
    )


def add_session(
    transaction: Connection,
    *,
    token_hash: bytes,
    staff_id: int,
    at: datetime,
    until: datetime,
    login_id: int | None = None,
) -> None:
    """`login_id` is the store login that it was begun by, if one was."""
    transaction.execute(
        insert(staff_sessions).values(
            token_hash=token_hash,
            staff_id=staff_id,
            created_at=at,
            expires_at=until,
            login_id=login_id,
        )
    )


def find_signed_in(transaction: Connection, token_hash: bytes, now: datetime) -> Staff | None:
    """Whose running session this token is; None when it ended or its person was disabled."""
    row = transaction.execute(
        select(staff)
        .join(staff_sessions, staff_sessions.c.staff_id == staff.c.id)
        .where(
            staff_sessions.c.token_hash == token_hash,
            staff_sessions.c.expires_at > now,
            staff.c.disabled_at.is_(None),
        )
    ).one_or_none()
    return _read(row) if row else None


def drop_session(transaction: Connection, token_hash: bytes) -> None:
    transaction.execute(delete(staff_sessions).where(staff_sessions.c.token_hash == token_hash))


def drop_sessions(transaction: Connection, staff_id: int, now: datetime) -> None:
    """End all sessions of one person, and clear away everybody's that ran out."""
    transaction.execute(
        delete(staff_sessions).where(
            or_(staff_sessions.c.staff_id == staff_id, staff_sessions.c.expires_at <= now)
        )
    )


def drop_all_sessions(transaction: Connection) -> None:
    """Sign everybody out."""
    transaction.execute(delete(staff_sessions))


def drop_ended_sessions(transaction: Connection, now: datetime) -> None:
    transaction.execute(delete(staff_sessions).where(staff_sessions.c.expires_at <= now))


def _read(row: Row[tuple[object, ...]]) -> Staff:
    return Staff(
        id=row.id,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        password_hash=row.password_hash,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
    )
