"""Who is asked about when somebody wants to see their data, or wants it gone: an address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from refunddesk.db import customers, stores
from refunddesk.db.customers import CustomerFacts
from refunddesk.db.personal_rows import Person
from refunddesk.db.stores import Store
from refunddesk.services.refusal import Refusal
from refunddesk.services.stores import NoSuchStore


class PersonNotNamed(Refusal):
    """Neither an address is given, nor a store and its number of an account."""


class NobodyKnown(Refusal):
    """No customer is known by this."""


class SeveralAddresses(Refusal):
    """The account bought under several addresses, and which of them is asked about is not said."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked about: an address, an account of a store, or both. No store: in all of them."""

    email: str = field(default="", repr=False)
    store_id: int | None = None
    woo_customer_id: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Who was found. `related`: rows of the same account under addresses nobody asked about."""

    persons: tuple[Person, ...]
    stores: dict[int, Store]
    related: tuple[int, ...]


def find_persons(transaction: Connection, asked: Asked) -> Known:
    """The rows that are this person's, and nobody else's.

    An address that was not named is not answered for: anybody may order under somebody else's, so
    what an account bought under another one may belong to that one's owner. Raises PersonNotNamed,
    NoSuchStore, SeveralAddresses, NobodyKnown.
    """
    email = asked.email.strip()
    by_account = asked.store_id is not None and bool(asked.woo_customer_id)
    if not email and not by_account:
        raise PersonNotNamed(
            "Name an e-mail address, or a store and its number of the account. Nothing was done."
        )
    if asked.store_id is not None:
        _check_store(transaction, asked.store_id)
    account = asked.woo_customer_id if by_account else None
    found = customers.list_known_as(transaction, email, account, asked.store_id)
    of_account: list[CustomerFacts] = []
    if asked.store_id is not None and account:
        of_account = customers.list_of_account(transaction, asked.store_id, account)
    if not email:
        found = _only_one(of_account) if of_account else found
    if not found:
        raise NobodyKnown("Nobody is known by this. Nothing was done.")
    mine = {row.id for row in found}
    return Known(
        tuple(Person(row.id, row.store_id, row.email.strip()) for row in found),
        {row.store_id: stores.get_store(transaction, row.store_id) for row in found},
        tuple(row.id for row in of_account if row.id not in mine),
    )


def _only_one(of_account: Sequence[CustomerFacts]) -> list[CustomerFacts]:
    addresses = {row.email.strip().lower() for row in of_account} - {""}
    if len(addresses) > 1:
        raise SeveralAddresses(
            f"This account bought under {len(addresses)} addresses (customers "
            f"{', '.join(str(row.id) for row in of_account)}). Nothing was done: ask about each "
            "address once it is proven to be theirs."
        )
    return list(of_account)


def _check_store(transaction: Connection, store_id: int) -> None:
    if store_id not in {store.id for store in stores.list_stores(transaction)}:
        raise NoSuchStore(f"There is no store {store_id}. Nothing was done.")
