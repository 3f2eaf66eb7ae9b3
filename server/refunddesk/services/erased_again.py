"""Erases again whom a restored backup brought back, by the file that no backup holds."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from refunddesk.db import customers, erasures, stores
from refunddesk.db.personal_rows import Person
from refunddesk.db.stores import Store
from refunddesk.services import tombstones
from refunddesk.services.edges import Edges
from refunddesk.services.erasure import begin_again, carry_out
from refunddesk.services.tombstones import Tombstone


@dataclass(frozen=True, slots=True)
class Again:
    """How many erasures this database knew nothing of, and of how many it knows no store."""

    done: int
    no_store: int


def erase_again(edges: Edges) -> Again:
    """Carry out every kept erasure that the database does not know. May run twice.

    A row that fits is the one from before the erasure: a later one of the same person lies in a
    database that knows the erasure. Where none fits, what comes late is known to be theirs.
    """
    missing = list_missing(edges)
    if not missing:
        return Again(0, 0)
    with edges.database.read() as transaction:
        known = {store.url: store for store in stores.list_stores(transaction)}
    done = 0
    for one in missing:
        if store := known.get(one.store_url):
            with edges.database.write() as transaction:
                erasure_id = _begin(transaction, edges, store, one)
            carry_out(edges, erasure_id)
            done += 1
    return Again(done, len(missing) - done)


def list_missing(edges: Edges) -> list[Tombstone]:
    """The kept erasures that the database does not know."""
    with edges.database.read() as transaction:
        return [
            one
            for one in tombstones.list_kept(edges)
            if erasures.find_by_reference(transaction, one.reference) is None
        ]


def _begin(transaction: Connection, edges: Edges, store: Store, one: Tombstone) -> int:
    for customer_id, email, woo_customer_id in customers.list_keys(transaction, store.id):
        key = customers.key_of(email, woo_customer_id)
        if one.person_hash in edges.sealer.hashes(key):
            person = Person(customer_id, store.id, email.strip())
            return begin_again(transaction, edges, person, one)
    nobody = erasures.insert_nobody(transaction, store.id, one.reference, one.erased_at)
    return begin_again(transaction, edges, Person(nobody, store.id, ""), one)
