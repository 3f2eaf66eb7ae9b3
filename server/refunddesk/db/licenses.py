"""Licences and the sites they are in use on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from refunddesk.db.tables import activations, customers, extra_sites, licenses, orders


@dataclass(frozen=True, slots=True)
class License:
    """The right bought by one line item. The key itself is kept nowhere, only its hash.

    `sites_limit` counts the sites bought besides, too. An imported licence of an order that we
    have not heard of has `woo_order_id` (if any) and no `order_id`.
    """

    id: int
    store_id: int
    order_id: int | None
    order_item_id: int | None
    woo_order_id: int | None
    product: str
    key_ends_with: str
    sites_limit: int
    state: str
    state_because: str | None
    ended_as: str | None
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None
    customized: bool = False

    @property
    def is_imported(self) -> bool:
        """Issued by another program, which does not say since when it is used."""
        return self.woo_order_id is not None


@dataclass(frozen=True, slots=True)
class Activation:
    """One licence in use on one site; over once `deactivated_at` is set."""

    id: int
    license_id: int
    site: str
    is_staging: bool
    activated_at: datetime
    seen_at: datetime | None
    lost_at: datetime | None
    lost_by: str | None
    deactivated_at: datetime | None
    deactivated_by: str | None


@dataclass(frozen=True, slots=True)
class NewLicense:
    store_id: int
    order_id: int | None
    order_item_id: int | None
    product: str
    key_hash: bytes
    key_ends_with: str
    sites_limit: int
    expires_at: datetime | None
    woo_order_id: int | None = None


_EXTRA = (
    select(func.coalesce(func.sum(extra_sites.c.sites), 0))
    .where(extra_sites.c.license_id == licenses.c.id)
    .correlate(licenses)
    .scalar_subquery()
)
_LICENSE = [
    *(column for column in licenses.c if column.name not in ("key_hash", "sites_limit")),
    (licenses.c.sites_limit + _EXTRA).label("sites_limit"),
]
# Said once, as in db/orders.py: what an order stands for, and with its whole subscription.
_BY_ORDER = licenses.c.order_id == bindparam("order_id")
_BY_SUBSCRIPTION = or_(
    _BY_ORDER,
    licenses.c.order_id.in_(
        select(orders.c.id).where(orders.c.subscription_id == bindparam("subscription_id"))
    ),
)
_OF_ORDER, _OF_SUBSCRIPTION = (
    select(*_LICENSE).where(belongs).order_by(licenses.c.id)
    for belongs in (_BY_ORDER, _BY_SUBSCRIPTION)
)
_LOCK_OF_ORDER, _LOCK_OF_SUBSCRIPTION = (
    select(licenses.c.id).where(belongs).order_by(licenses.c.id).with_for_update()
    for belongs in (_BY_ORDER, _BY_SUBSCRIPTION)
)
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
            woo_order_id=new.woo_order_id,
        )
        .returning(licenses.c.id)
    ).scalar_one()
    return new_id


def find_license(transaction: Connection, license_id: int) -> License | None:
    return _license(transaction, select(*_LICENSE).where(licenses.c.id == license_id))


def record_customized(transaction: Connection, license_id: int, customized: bool) -> None:
    transaction.execute(
        update(licenses).where(licenses.c.id == license_id).values(customized=customized)
    )


def lock_license(transaction: Connection, license_id: int) -> License | None:
    """The licence, kept from every other writer until this transaction ends."""
    # Locked first and read then: what was waited for must be seen, its extra sites too.
    transaction.execute(select(licenses.c.id).where(licenses.c.id == license_id).with_for_update())
    return find_license(transaction, license_id)


def find_license_by_key(transaction: Connection, key_hash: bytes) -> tuple[License, bool] | None:
    """The licence, and whether its customer stands accused of infringement; one indexed look-up."""
    accused = and_(
        customers.c.infringement_opened_at.is_not(None),
        customers.c.infringement_settled_at.is_(None),
    )
    row = transaction.execute(
        select(*_LICENSE, customers.c.id.label("accused_customer_id"))
        .outerjoin(orders, orders.c.id == licenses.c.order_id)
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
    asked = {"order_id": order_id}
    query, locking = _OF_ORDER, _LOCK_OF_ORDER
    if subscription_id is not None:
        asked["subscription_id"] = subscription_id
        query, locking = _OF_SUBSCRIPTION, _LOCK_OF_SUBSCRIPTION
    if lock:
        transaction.execute(locking, asked)
    return [License(**row._mapping) for row in transaction.execute(query, asked)]


def list_licenses_of_customer(
    transaction: Connection, store_id: int, customer_ids: Sequence[int]
) -> list[License]:
    """The licences that these customers' orders at the store bought, oldest first."""
    rows = transaction.execute(
        select(*_LICENSE)
        .join(orders, orders.c.id == licenses.c.order_id)
        .where(licenses.c.store_id == store_id, orders.c.customer_id.in_(customer_ids))
        .order_by(licenses.c.id)
    )
    return [License(**row._mapping) for row in rows]


def list_licenses_without_item(
    transaction: Connection, store_id: int, woo_order_id: int
) -> list[License]:
    """Imported licences that say they belong to this order, and to none of its lines yet."""
    rows = transaction.execute(
        select(*_LICENSE)
        .where(
            licenses.c.store_id == store_id,
            licenses.c.woo_order_id == woo_order_id,
            licenses.c.order_item_id.is_(None),
        )
        .order_by(licenses.c.id)
    )
    return [License(**row._mapping) for row in rows]


def find_license_of_item(transaction: Connection, order_item_id: int) -> License | None:
    return _license(transaction, select(*_LICENSE).where(licenses.c.order_item_id == order_item_id))


def link_license(
    transaction: Connection, license_id: int, *, order_id: int, order_item_id: int
) -> None:
    """Say which line of which order bought the licence."""
    transaction.execute(
        update(licenses)
        .where(licenses.c.id == license_id)
        .values(order_id=order_id, order_item_id=order_item_id)
    )


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


def end_license(
    transaction: Connection, license_id: int, *, because: str, ended_as: str, at: datetime
) -> bool:
    """False if it had ended before."""
    result = transaction.execute(
        update(licenses)
        .where(licenses.c.id == license_id, licenses.c.state == "active")
        .values(state="ended", state_because=because, ended_as=ended_as, ended_at=at)
    )
    return result.rowcount == 1


def record_import(
    transaction: Connection,
    license_id: int,
    *,
    woo_order_id: int,
    sites_limit: int,
    expires_at: datetime | None,
) -> None:
    """Write what another program said of a licence that we had issued too."""
    transaction.execute(
        update(licenses)
        .where(licenses.c.id == license_id)
        .values(woo_order_id=woo_order_id, sites_limit=sites_limit, expires_at=expires_at)
    )


def record_activation(
    transaction: Connection,
    license_id: int,
    site: str,
    *,
    token_hash: bytes | None,
    at: datetime,
    is_staging: bool = False,
) -> int:
    """The id of the new activation; an imported one has no token."""
    new_id: int = transaction.execute(
        insert(activations)
        .values(
            license_id=license_id,
            site=site,
            is_staging=is_staging,
            token_hash=token_hash,
            activated_at=at,
        )
        .returning(activations.c.id)
    ).scalar_one()
    return new_id


def renew_activation(
    transaction: Connection, activation_id: int, *, token_hash: bytes, is_staging: bool
) -> None:
    """The site switched itself on once more: a new token, and nobody calls it lost any longer."""
    transaction.execute(
        update(activations)
        .where(activations.c.id == activation_id)
        .values(token_hash=token_hash, is_staging=is_staging, lost_at=None, lost_by=None)
    )


def record_seen(transaction: Connection, activation_id: int, *, at: datetime) -> None:
    """The site asked about its licence."""
    transaction.execute(
        update(activations).where(activations.c.id == activation_id).values(seen_at=at)
    )


def find_latest_activation(
    transaction: Connection, license_id: int, site: str
) -> Activation | None:
    """The site's activation, or its last one where the licence is off there."""
    row = transaction.execute(
        select(*_ACTIVATION)
        .where(activations.c.license_id == license_id, activations.c.site == site)
        .order_by(activations.c.id.desc())
        .limit(1)
    ).one_or_none()
    return Activation(**row._mapping) if row else None


def list_sites_ever_on(transaction: Connection, license_id: int) -> set[str]:
    """Every site the licence is or was in use on."""
    rows = transaction.scalars(
        select(activations.c.site).where(activations.c.license_id == license_id)
    )
    return set(rows)


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
