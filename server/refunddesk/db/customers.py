"""The people and companies who paid: one row per e-mail address and store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, or_, select, update

from refunddesk.db.tables import customers, order_items, orders, refunds
from refunddesk.db.upserts import Upsert


def _sharing(*links: str) -> Select[int]:
    """Rows of the stores that have one of these columns in common with others, each by an index.

    As lists of values: one person may go by more addresses than a statement takes conditions.
    """
    stores = customers.c.store_id.in_(bindparam("stores", expanding=True))
    shared = [customers.c[link].in_(bindparam(link, expanding=True)) for link in links]
    return select(customers.c.id).where(or_(*(and_(stores, one) for one in shared)))


def _completed(insert: Any) -> Any:
    """What the store does not say now leaves in place what it said before."""
    said = ("woo_customer_id", "country", "language")
    return insert.on_conflict_do_update(
        index_elements=[customers.c.store_id, customers.c.email_key],
        set_={name: func.coalesce(insert.excluded[name], customers.c[name]) for name in said},
    ).returning(customers.c.id)


# Said once, as in db/orders.py.
_CUSTOMER = select(customers).where(customers.c.id == bindparam("customer_id"))
_CUSTOMERS = select(customers).where(customers.c.id.in_(bindparam("ids", expanding=True)))
_LINKS = ("mailbox", "woo_customer_id")
_SHARING: dict[tuple[str, ...], Select[int]] = {
    links: _sharing(*links) for links in (_LINKS, _LINKS[:1], _LINKS[1:])
}
_RECORD = Upsert(customers, _completed)


@dataclass(frozen=True, slots=True)
class RefundedProduct:
    """One product that a refund of ours paid back; `marker` names the refund."""

    customer_id: int
    marker: str
    woo_order_id: int
    product: str
    refunded_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """Who paid. Two rows with one `woo_customer_id` are one account with two addresses.

    `breaches` are what staff hold against them: "terms", "abuse".
    """

    id: int
    store_id: int
    email: str = field(repr=False)
    woo_customer_id: int | None
    country: str | None
    language: str | None
    is_consumer: bool | None
    infringement_opened_at: datetime | None
    infringement_opened_by: str | None
    infringement_evidence: str | None = field(repr=False)
    infringement_settled_at: datetime | None
    breaches: tuple[str, ...] = ()
    erased_at: datetime | None = None

    @property
    def infringement_is_open(self) -> bool:
        return self.infringement_opened_at is not None and self.infringement_settled_at is None


def find_customer(transaction: Connection, customer_id: int) -> CustomerFacts | None:
    row = transaction.execute(_CUSTOMER, {"customer_id": customer_id}).one_or_none()
    return _customer(row) if row else None


def lock_customer(transaction: Connection, customer_id: int) -> CustomerFacts | None:
    """The customer, kept from every other writer until this transaction ends."""
    row = transaction.execute(
        select(customers).where(customers.c.id == customer_id).with_for_update()
    ).one_or_none()
    return _customer(row) if row else None


def change_customer(transaction: Connection, facts: CustomerFacts) -> None:
    """Write what staff say of the customer; what the store says is left as it is."""
    transaction.execute(
        update(customers)
        .where(customers.c.id == facts.id)
        .values(
            is_consumer=facts.is_consumer,
            infringement_opened_at=facts.infringement_opened_at,
            infringement_opened_by=facts.infringement_opened_by,
            infringement_evidence=facts.infringement_evidence,
            infringement_settled_at=facts.infringement_settled_at,
            breaches=list(facts.breaches),
        )
    )


def list_same_person(transaction: Connection, customer_id: int) -> list[CustomerFacts]:
    """Every row of the store that is this customer, the row itself included.

    One account, one mailbox ("ada+shop@" reaches "ada@"), or a chain of both: somebody who buys
    as a guest under the address of an account is that account's owner.
    """
    found: dict[int, CustomerFacts] = {}
    newest = {customer_id}
    while newest:
        rows = transaction.execute(_CUSTOMERS, {"ids": sorted(newest)}).all()
        found |= {row.id: _customer(row) for row in rows}
        newest = _list_linked(transaction, rows) - set(found)
    return [found[key] for key in sorted(found)]


def list_persons(transaction: Connection, store_id: int) -> dict[int, int]:
    """For every customer of the store, the lowest id of the person they are: see list_same_person.

    Reads all customers of the store at once, for looking at thousands of orders.
    """
    lowest: dict[int, int] = {}

    def person(customer_id: int) -> int:
        while lowest[customer_id] != customer_id:
            lowest[customer_id] = lowest[lowest[customer_id]]
            customer_id = lowest[customer_id]
        return customer_id

    first_with: dict[object, int] = {}
    columns = (customers.c.id, customers.c.email_key, customers.c.woo_customer_id)
    rows = transaction.execute(
        select(*columns).where(customers.c.store_id == store_id).order_by(customers.c.id)
    )
    for customer_id, email_key, woo_customer_id in rows:
        lowest[customer_id] = customer_id
        shared: list[object] = [one for one in (_mailbox(email_key), woo_customer_id) if one]
        for link in shared:
            one, other = person(first_with.setdefault(link, customer_id)), person(customer_id)
            lowest[max(one, other)] = min(one, other)
    return {customer_id: person(customer_id) for customer_id in lowest}


def list_customers(transaction: Connection, customer_ids: Sequence[int]) -> list[CustomerFacts]:
    rows = transaction.execute(
        select(customers).where(customers.c.id.in_(customer_ids)).order_by(customers.c.id)
    )
    return [_customer(row) for row in rows]


def count_refunds(transaction: Connection, customer_ids: Sequence[int]) -> int:
    """How many refunds these customers were paid under the policy, renewals included."""
    found = transaction.scalar(
        select(func.count())
        .select_from(refunds.join(orders, orders.c.id == refunds.c.order_id))
        .where(
            orders.c.customer_id.in_(customer_ids),
            refunds.c.state == "paid",
            refunds.c.duplicate_id.is_(None),
        )
    )
    return found or 0


def list_refunded_products(
    transaction: Connection, customer_ids: Sequence[int]
) -> list[RefundedProduct]:
    """What these customers were paid back for under the policy.

    Renewals are left out, and so are payments made twice: what was paid too much is no refund.
    """
    rows = transaction.execute(
        select(refunds.c.marker, refunds.c.lines, refunds.c.settled_at, orders)
        .join(orders, orders.c.id == refunds.c.order_id)
        .where(
            orders.c.customer_id.in_(customer_ids),
            orders.c.kind != "renewal",
            refunds.c.state == "paid",
            refunds.c.duplicate_id.is_(None),
        )
        .order_by(refunds.c.id)
    ).all()
    products = transaction.execute(
        select(order_items.c.order_id, order_items.c.woo_item_id, order_items.c.product).where(
            order_items.c.order_id.in_({row.id for row in rows}),
            order_items.c.item_kind == "product",
        )
    )
    bought = {(row.order_id, row.woo_item_id): row.product for row in products}
    return [
        RefundedProduct(
            row.customer_id,
            row.marker,
            row.woo_order_id,
            bought[row.id, line[0]],
            row.settled_at,
        )
        for row in rows
        for line in row.lines
        if (row.id, line[0]) in bought and line[2] > 0
    ]


def record_customer(
    transaction: Connection,
    store_id: int,
    *,
    email: str,
    woo_customer_id: int | None,
    country: str | None,
    language: str | None = None,
) -> int | None:
    """The id of the customer with this address or account; None for a guest without address.

    What the store does not say now leaves in place what it said before.
    """
    if not email and woo_customer_id is None:
        return None
    key = key_of(email, woo_customer_id)
    row = {
        "store_id": store_id,
        "email": email.strip(),
        "email_key": key,
        "mailbox": _mailbox(key),
        "woo_customer_id": woo_customer_id,
        "country": country,
        "language": language,
    }
    return int(transaction.execute(_RECORD.on(transaction), row).scalar_one())


def key_of(email: str, woo_customer_id: int | None) -> str:
    """By what one customer of a store is known: the address, or the account that has none."""
    # "#" begins no address, so the two never meet.
    return email.strip().lower() or f"#{woo_customer_id}"


def list_known_as(
    transaction: Connection, email: str, woo_customer_id: int | None, store_id: int | None
) -> list[CustomerFacts]:
    """The rows with this very address, and the account's where it never gave one.

    In every store where `store_id` is None.
    """
    keys = [key for key in (email.strip().lower(), f"#{woo_customer_id or ''}") if key != "#"]
    query = select(customers).where(
        customers.c.email_key.in_(keys), customers.c.erased_at.is_(None)
    )
    if store_id is not None:
        query = query.where(customers.c.store_id == store_id)
    return [_customer(row) for row in transaction.execute(query.order_by(customers.c.id))]


def list_keys(transaction: Connection, store_id: int) -> list[tuple[int, str, int | None]]:
    """Id, address and account of everybody in the store who was not erased."""
    rows = transaction.execute(
        select(customers.c.id, customers.c.email, customers.c.woo_customer_id)
        .where(customers.c.store_id == store_id, customers.c.erased_at.is_(None))
        .order_by(customers.c.id)
    )
    return [(row.id, row.email, row.woo_customer_id) for row in rows]


def list_of_account(
    transaction: Connection, store_id: int, woo_customer_id: int
) -> list[CustomerFacts]:
    """Every address that the account was last seen with."""
    rows = transaction.execute(
        select(customers)
        .where(customers.c.store_id == store_id, customers.c.woo_customer_id == woo_customer_id)
        .order_by(customers.c.id)
    )
    return [_customer(row) for row in rows]


def _mailbox(email_key: str) -> str | None:
    """The mailbox that an address reaches, without what follows a "+"; None for no address."""
    local, _, domain = email_key.rpartition("@")
    mailbox = local.partition("+")[0]
    return f"{mailbox}@{domain}" if mailbox else None


def _list_linked(transaction: Connection, rows: Sequence[Row[Any]]) -> set[int]:
    """Ids of those that have a mailbox or an account in common with one of these, they included."""
    shared = {
        link: sorted(values)
        for link in _LINKS
        if (values := {row._mapping[link] for row in rows} - {None, 0})
    }
    if not shared:
        return set()
    stores = sorted({row.store_id for row in rows})
    return set(transaction.scalars(_SHARING[tuple(shared)], {"stores": stores, **shared}))


def _customer(row: Row[Any]) -> CustomerFacts:
    return CustomerFacts(
        id=row.id,
        store_id=row.store_id,
        email=row.email,
        woo_customer_id=row.woo_customer_id,
        country=row.country,
        language=row.language,
        is_consumer=row.is_consumer,
        infringement_opened_at=row.infringement_opened_at,
        infringement_opened_by=row.infringement_opened_by,
        infringement_evidence=row.infringement_evidence,
        infringement_settled_at=row.infringement_settled_at,
        breaches=tuple(row.breaches),
        erased_at=row.erased_at,
    )
