"""Licences and the sites they are in use on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, insert, or_, select, update

from refunddesk.db.tables import activations, customers, licenses, orders


@dataclass(frozen=True, slots=True)
class License:
    """The right bought by one line item. The key itself is kept nowhere, only its hash."""

    id: int
    store_id: int
    order_id: int
    order_item_id: int
    product: str
    key_ends_with: str
    sites_limit: int
    state: str
    state_because: str | None
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Activation:
    """One licence in use on one site; over once `deactivated_at` is set."""

    id: int
    license_id: int
    site: str
    activated_at: datetime
    deactivated_at: datetime | None
    deactivated_by: str | None


@dataclass(frozen=True, slots=True)
class NewLicense:
    store_id: int
    order_id: int
    order_item_id: int
    product: str
    key_hash: bytes
    key_ends_with: str
    sites_limit: int
    expires_at: datetime | None


_LICENSE = [column for column in licenses.c if column.name != "key_hash"]
_ACTIVATION = [column for column in activations.c if column.name != "token_hash"]


def record_license(transaction: Connection, new: NewLicense, *, at: datetime) -> int:
    """The id of the new licence."""
    new_id: int = transaction.execute(
        insert(licenses)
        .values(
            store_id=new.store_id,
            order_id=new.order_id,
            order_item_id=new.order_item_id,
            product=new.product,
            key_hash=new.key_hash,
            key_ends_with=new.key_ends_with,
            sites_limit=new.sites_limit,
            state="active",
            created_at=at,
            expires_at=new.expires_at,
        )
        .returning(licenses.c.id)
    ).scalar_one()
    return new_id


def find_license(transaction: Connection, license_id: int) -> License | None:
    return _license(transaction, select(*_LICENSE).where(licenses.c.id == license_id))


def lock_license(transaction: Connection, license_id: int) -> License | None:
    query = select(*_LICENSE).where(licenses.c.id == license_id)
    return _license(transaction, query.with_for_update())


def find_license_by_key(transaction: Connection, key_hash: bytes) -> tuple[License, bool] | None:
    """The licence, and whether its customer stands accused of infringement; one indexed look-up."""
    accused = and_(
        customers.c.infringement_opened_at.is_not(None),
        customers.c.infringement_settled_at.is_(None),
    )
    row = transaction.execute(
        select(*_LICENSE, customers.c.id.label("accused_customer_id"))
        .join(orders, orders.c.id == licenses.c.order_id)
        .outerjoin(customers, and_(customers.c.id == orders.c.customer_id, accused))
        .where(licenses.c.key_hash == key_hash)
    ).one_or_none()
    if row is None:
        return None
    fields = dict(row._mapping)
    accused_customer_id = fields.pop("accused_customer_id")
    return License(**fields), accused_customer_id is not None


def list_licenses(
    transaction: Connection, order_id: int, subscription_id: int | None, *, lock: bool = False
) -> list[License]:
    """The licences an order stands for: its own, and those of its whole subscription.

    A renewal keeps alive the licence that the subscription's first order bought. With `lock`
    nobody begins to use one of them before the transaction ends.
    """
    belongs = licenses.c.order_id == order_id
    if subscription_id is not None:
        siblings = select(orders.c.id).where(orders.c.subscription_id == subscription_id)
        belongs = or_(belongs, licenses.c.order_id.in_(siblings))
    query = select(*_LICENSE).where(belongs).order_by(licenses.c.id)
    rows = transaction.execute(query.with_for_update() if lock else query)
    return [License(**row._mapping) for row in rows]


def change_key(
    transaction: Connection, license_id: int, *, key_hash: bytes, key_ends_with: str
) -> None:
    transaction.execute(
        update(licenses)
        .where(licenses.c.id == license_id)
        .values(key_hash=key_hash, key_ends_with=key_ends_with)
    )


def change_expiry(transaction: Connection, license_id: int, expires_at: datetime | None) -> None:
    transaction.execute(
        update(licenses).where(licenses.c.id == license_id).values(expires_at=expires_at)
    )


def end_license(transaction: Connection, license_id: int, *, because: str, at: datetime) -> bool:
    """False if it had ended before."""
    result = transaction.execute(
        update(licenses)
        .where(licenses.c.id == license_id, licenses.c.state == "active")
        .values(state="ended", state_because=because, ended_at=at)
    )
    return result.rowcount == 1


def record_activation(
    transaction: Connection, license_id: int, site: str, *, token_hash: bytes, at: datetime
) -> int:
    """The id of the new activation."""
    new_id: int = transaction.execute(
        insert(activations)
        .values(license_id=license_id, site=site, token_hash=token_hash, activated_at=at)
        .returning(activations.c.id)
    ).scalar_one()
    return new_id


def change_token(transaction: Connection, activation_id: int, token_hash: bytes) -> None:
    transaction.execute(
        update(activations).where(activations.c.id == activation_id).values(token_hash=token_hash)
    )


def find_activation(transaction: Connection, activation_id: int) -> Activation | None:
    return _activation(transaction, activations.c.id == activation_id)


def find_activation_by_token(transaction: Connection, token_hash: bytes) -> Activation | None:
    return _activation(transaction, activations.c.token_hash == token_hash)


def list_activations(transaction: Connection, license_ids: Sequence[int]) -> list[Activation]:
    """All activations of these licences, past ones too, oldest first."""
    rows = transaction.execute(
        select(*_ACTIVATION)
        .where(activations.c.license_id.in_(license_ids))
        .order_by(activations.c.id)
    )
    return [Activation(**row._mapping) for row in rows]


def list_active(transaction: Connection, license_ids: Sequence[int]) -> list[Activation]:
    """The activations that are in use now, oldest first."""
    rows = transaction.execute(
        select(*_ACTIVATION)
        .where(activations.c.license_id.in_(license_ids), activations.c.deactivated_at.is_(None))
        .order_by(activations.c.id)
    )
    return [Activation(**row._mapping) for row in rows]


def end_activation(
    transaction: Connection, activation_id: int, *, deactivated_by: str, at: datetime
) -> bool:
    """False if it was over before."""
    result = transaction.execute(
        update(activations)
        .where(activations.c.id == activation_id, activations.c.deactivated_at.is_(None))
        .values(deactivated_at=at, deactivated_by=deactivated_by)
    )
    return result.rowcount == 1


def _license(transaction: Connection, query: Select[Any]) -> License | None:
    row: Row[Any] | None = transaction.execute(query).one_or_none()
    return License(**row._mapping) if row else None


def _activation(transaction: Connection, condition: Any) -> Activation | None:
    row = transaction.execute(select(*_ACTIVATION).where(condition)).one_or_none()
    return Activation(**row._mapping) if row else None
