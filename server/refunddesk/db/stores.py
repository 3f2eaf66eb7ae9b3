"""The stores we keep the books of, with the rules of what their line items are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from refunddesk.db.tables import item_rules, products, stores

# Asked before every call of a store; said once, as in db/orders.py.
_STORE = select(stores).where(stores.c.id == bindparam("store_id"))
_KEYS = select(stores.c.consumer_key_sealed, stores.c.consumer_secret_sealed).where(
    stores.c.id == bindparam("store_id")
)


class NoSuchStore(LookupError):
    """No store has this id."""


@dataclass(frozen=True, slots=True)
class Store:
    """One WooCommerce installation. `payments_held_because` None: money may leave.

    `bridge_record` names its bridge's memory, None while no bridge is known to be there;
    `disconnected_at` None: it is asked and paid for.
    """

    id: int
    name: str
    url: str
    timezone: str
    country: str
    policy: str
    language: str
    payments_held_because: str | None
    bridge_record: str | None
    disconnected_at: datetime | None


@dataclass(frozen=True, slots=True)
class SealedKeys:
    """The pair of REST keys of a store as they rest in the database."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ItemRule:
    """What a line item is, as the store owner says: the first rule by position that fits wins.

    `field` is product_id, sku, category or meta; `product` None means the SKU names it.
    """

    position: int
    field: str
    value: str
    item_kind: str
    product: str | None = None
    in_programme: bool = True
    sites_limit: int = 1
    lifetime: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """What the store said of a product when it was last asked."""

    woo_product_id: int
    sku: str
    categories: tuple[str, ...]
    recorded_at: datetime


def insert_store(
    transaction: Connection,
    *,
    name: str,
    url: str,
    timezone: str,
    country: str,
    policy: str,
    keys: SealedKeys,
    now: datetime,
    language: str = "en",
) -> int:
    return int(
        transaction.execute(
            insert(stores)
            .values(
                name=name,
                url=url,
                timezone=timezone,
                country=country,
                policy=policy,
                language=language,
                consumer_key_sealed=keys.consumer_key,
                consumer_secret_sealed=keys.consumer_secret,
                created_at=now,
            )
            .returning(stores.c.id)
        ).scalar_one()
    )


def get_store(transaction: Connection, store_id: int) -> Store:
    row = transaction.execute(_STORE, {"store_id": store_id}).one_or_none()
    if row is None:
        raise NoSuchStore(f"there is no store {store_id}")
    return _store(row)


def lock_store(transaction: Connection, store_id: int) -> Store:
    """The store as it is now; whether it is connected stays so until the transaction ends."""
    return _store(
        transaction.execute(select(stores).where(stores.c.id == store_id).with_for_update()).one()
    )


def find_store_at(transaction: Connection, url: str) -> Store | None:
    row = transaction.execute(select(stores).where(stores.c.url == url)).one_or_none()
    return _store(row) if row else None


def list_stores(transaction: Connection) -> list[Store]:
    return [_store(row) for row in transaction.execute(select(stores).order_by(stores.c.id))]


def list_connected_stores(transaction: Connection) -> list[Store]:
    """Those that are asked for their changes and paid for."""
    return [store for store in list_stores(transaction) if store.disconnected_at is None]


def get_sealed_keys(transaction: Connection, store_id: int) -> SealedKeys:
    row = transaction.execute(_KEYS, {"store_id": store_id}).one_or_none()
    if row is None:
        raise NoSuchStore(f"there is no store {store_id}")
    return SealedKeys(row.consumer_key_sealed, row.consumer_secret_sealed)


def record_connected(transaction: Connection, store_id: int, *, url: str, keys: SealedKeys) -> None:
    """The store is reached here and with these keys from now on."""
    transaction.execute(
        update(stores)
        .where(stores.c.id == store_id)
        .values(
            url=url,
            consumer_key_sealed=keys.consumer_key,
            consumer_secret_sealed=keys.consumer_secret,
            disconnected_at=None,
        )
    )


def record_disconnected(
    transaction: Connection, store_id: int, *, no_keys: SealedKeys, at: datetime
) -> None:
    """The store is not reached any more, and its keys are forgotten."""
    transaction.execute(
        update(stores)
        .where(stores.c.id == store_id)
        .values(
            consumer_key_sealed=no_keys.consumer_key,
            consumer_secret_sealed=no_keys.consumer_secret,
            bridge_record=None,
            disconnected_at=at,
        )
    )


def record_payments_held(transaction: Connection, store_id: int, because: str | None) -> None:
    """Hold every payment of the store for a reason, or let them run again (None)."""
    transaction.execute(
        update(stores).where(stores.c.id == store_id).values(payments_held_because=because)
    )


def record_bridge(transaction: Connection, store_id: int, record: str | None) -> None:
    """Keep which bridge the store has; None: it has none."""
    transaction.execute(update(stores).where(stores.c.id == store_id).values(bridge_record=record))


def add_item_rule(transaction: Connection, store_id: int, rule: ItemRule) -> None:
    transaction.execute(
        insert(item_rules).values(
            store_id=store_id,
            position=rule.position,
            field=rule.field,
            value=rule.value,
            item_kind=rule.item_kind,
            product=rule.product,
            in_programme=rule.in_programme,
            sites_limit=rule.sites_limit,
            lifetime=rule.lifetime,
        )
    )


def next_rule_position(transaction: Connection, store_id: int) -> int:
    """The position after the last rule of the store; the first one is 1."""
    last = transaction.scalar(
        select(func.max(item_rules.c.position)).where(item_rules.c.store_id == store_id)
    )
    return (last or 0) + 1


def list_item_rules(transaction: Connection, store_id: int) -> list[ItemRule]:
    rows = transaction.execute(
        select(item_rules).where(item_rules.c.store_id == store_id).order_by(item_rules.c.position)
    )
    return [
        ItemRule(
            row.position,
            row.field,
            row.value,
            row.item_kind,
            row.product,
            row.in_programme,
            row.sites_limit,
            row.lifetime,
        )
        for row in rows
    ]


def record_product(transaction: Connection, store_id: int, product: Product) -> None:
    upsert = sqlite.insert if transaction.dialect.name == "sqlite" else postgresql.insert
    told = {
        "sku": product.sku,
        "categories": list(product.categories),
        "recorded_at": product.recorded_at,
    }
    transaction.execute(
        upsert(products)
        .values(store_id=store_id, woo_product_id=product.woo_product_id, **told)
        .on_conflict_do_update(
            index_elements=[products.c.store_id, products.c.woo_product_id], set_=told
        )
    )


def list_products(
    transaction: Connection, store_id: int, woo_product_ids: set[int]
) -> dict[int, Product]:
    """What is known of these products, by WooCommerce's id; unknown ones are absent."""
    rows = transaction.execute(
        select(products).where(
            products.c.store_id == store_id, products.c.woo_product_id.in_(woo_product_ids)
        )
    )
    return {
        row.woo_product_id: Product(
            row.woo_product_id, row.sku, tuple(row.categories), row.recorded_at
        )
        for row in rows
    }


def _store(row: Row[Any]) -> Store:
    return Store(
        row.id,
        row.name,
        row.url,
        row.timezone,
        row.country,
        row.policy,
        row.language,
        row.payments_held_because,
        row.bridge_record,
        row.disconnected_at,
    )
