"""The people of stores who may come in at the desk, and the links by which they do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from refunddesk.db.staff import email_key
from refunddesk.db.tables import staff_links, staff_sessions, store_logins

#: A link is over after a minute; it is kept a little for whoever looks why.
_LINKS_KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StoreLogin:
    """A user of a store's WordPress who asked to come in; `staff_id` None: nobody allowed it yet.

    `allowed_by` is the actor who did, such as "staff:1".
    """

    id: int
    store_id: int
    wp_user_id: int
    email: str
    name: str
    staff_id: int | None
    asked_at: datetime
    allowed_by: str | None


@dataclass(frozen=True, slots=True)
class StaffLink:
    """What a link opens: the desk for the person of `login_id`, at an order where one is named."""

    login_id: int
    order_id: int | None


def record_asked(
    transaction: Connection, store_id: int, wp_user_id: int, *, email: str, name: str, at: datetime
) -> StoreLogin:
    """The login of this user, made by the first asking. With another address it is a new asking."""
    known = transaction.execute(
        select(store_logins)
        .where(store_logins.c.store_id == store_id, store_logins.c.wp_user_id == wp_user_id)
        .with_for_update()
    ).one_or_none()
    told: dict[str, Any] = {"email": email_key(email), "name": name, "asked_at": at}
    if known is None:
        new = insert(store_logins).values(store_id=store_id, wp_user_id=wp_user_id, **told)
        return _login(transaction.execute(new.returning(store_logins)).one())
    if known.email != told["email"]:
        told |= {"staff_id": None, "allowed_by": None}
        drop_sessions(transaction, known.id)
    again = update(store_logins).where(store_logins.c.id == known.id).values(told)
    return _login(transaction.execute(again.returning(store_logins)).one())


def count_waiting(transaction: Connection, store_id: int) -> int:
    """How many of the store ask and were not allowed."""
    return int(
        transaction.scalar(
            select(func.count())
            .select_from(store_logins)
            .where(store_logins.c.store_id == store_id, store_logins.c.staff_id.is_(None))
        )
        or 0
    )


def find_login_of(transaction: Connection, store_id: int, wp_user_id: int) -> StoreLogin | None:
    row = transaction.execute(
        select(store_logins).where(
            store_logins.c.store_id == store_id, store_logins.c.wp_user_id == wp_user_id
        )
    ).one_or_none()
    return _login(row) if row else None


def find_login(transaction: Connection, login_id: int) -> StoreLogin | None:
    row = transaction.execute(
        select(store_logins).where(store_logins.c.id == login_id)
    ).one_or_none()
    return _login(row) if row else None


def lock_login(transaction: Connection, login_id: int) -> StoreLogin | None:
    """The login as it is now; it stays so until the transaction ends."""
    row = transaction.execute(
        select(store_logins).where(store_logins.c.id == login_id).with_for_update()
    ).one_or_none()
    return _login(row) if row else None


def list_logins(transaction: Connection) -> list[StoreLogin]:
    """Of all stores; those that wait first."""
    rows = transaction.execute(
        select(store_logins).order_by(
            store_logins.c.staff_id.is_not(None), store_logins.c.store_id, store_logins.c.id
        )
    )
    return [_login(row) for row in rows]


def record_allowed(transaction: Connection, login_id: int, *, staff_id: int, by: str) -> None:
    transaction.execute(
        update(store_logins)
        .where(store_logins.c.id == login_id)
        .values(staff_id=staff_id, allowed_by=by)
    )


def drop_sessions(transaction: Connection, login_id: int) -> None:
    """End what was begun by the login."""
    transaction.execute(delete(staff_sessions).where(staff_sessions.c.login_id == login_id))


def remove_login(transaction: Connection, login_id: int) -> None:
    """Forget the person; what was begun by the login ends."""
    _end(transaction, [login_id])


def remove_logins(transaction: Connection, store_id: int) -> None:
    """The same for everybody of a store."""
    ids = transaction.scalars(select(store_logins.c.id).where(store_logins.c.store_id == store_id))
    _end(transaction, list(ids))


def record_link(
    transaction: Connection,
    login_id: int,
    *,
    token_hash: bytes,
    order_id: int | None,
    at: datetime,
    expires_at: datetime,
) -> None:
    transaction.execute(delete(staff_links).where(staff_links.c.made_at < at - _LINKS_KEPT_FOR))
    transaction.execute(
        insert(staff_links).values(
            token_hash=token_hash,
            login_id=login_id,
            order_id=order_id,
            made_at=at,
            expires_at=expires_at,
        )
    )


def find_link(transaction: Connection, token_hash: bytes, *, at: datetime) -> StaffLink | None:
    """The link while it can be used; None for one unknown, over, or used before."""
    row = transaction.execute(
        select(staff_links.c.login_id, staff_links.c.order_id).where(
            staff_links.c.token_hash == token_hash,
            staff_links.c.used_at.is_(None),
            staff_links.c.expires_at > at,
        )
    ).one_or_none()
    return StaffLink(row.login_id, row.order_id) if row else None


def use_link(transaction: Connection, token_hash: bytes, *, at: datetime) -> StaffLink | None:
    """The same, used up by this."""
    row = transaction.execute(
        update(staff_links)
        .where(
            staff_links.c.token_hash == token_hash,
            staff_links.c.used_at.is_(None),
            staff_links.c.expires_at > at,
        )
        .values(used_at=at)
        .returning(staff_links.c.login_id, staff_links.c.order_id)
    ).one_or_none()
    return StaffLink(row.login_id, row.order_id) if row else None


def _end(transaction: Connection, login_ids: list[int]) -> None:
    transaction.execute(delete(staff_sessions).where(staff_sessions.c.login_id.in_(login_ids)))
    transaction.execute(delete(staff_links).where(staff_links.c.login_id.in_(login_ids)))
    transaction.execute(delete(store_logins).where(store_logins.c.id.in_(login_ids)))


def _login(row: Row[Any]) -> StoreLogin:
    return StoreLogin(
        row.id,
        row.store_id,
        row.wp_user_id,
        row.email,
        row.name,
        row.staff_id,
        row.asked_at,
        row.allowed_by,
    )
