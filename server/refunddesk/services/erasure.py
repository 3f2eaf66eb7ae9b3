"""Erases what is known of a person: who they are goes, what was paid stays, about nobody.

First, in one transaction, the customer's row is emptied and the rest promised; then it is worked
off in small ones. From the first moment on a late delivery finds nobody to bring back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from refunddesk.attachments import files
from refunddesk.db import customers, erasures, inbox, orders, outbox, stores
from refunddesk.db.erasures import Erasure
from refunddesk.db.history import record_deed
from refunddesk.db.open_matters import Matter, list_open
from refunddesk.db.personal_data import PersonalTable, personal_data
from refunddesk.db.personal_rows import (
    Person,
    are_of,
    count_spared,
    empty,
    empty_next,
    every_row,
    overwrite_freed,
)
from refunddesk.jobnames import JobName
from refunddesk.services import personal_words, tombstones
from refunddesk.services.attachments import folder_of
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import drain_journal
from refunddesk.services.persons import Asked, Known, find_persons
from refunddesk.services.refusal import Refusal

_ACTOR = "privacy"
#: What needs more than emptying, or happens at another moment: the customer at once, the sealed
#: address last, deliveries that name no object by their words.
_BY_ITSELF = frozenset({"customers", "erasures"})


class StillOpen(Refusal):
    """Something is under way with the person for which we must know who they are."""

    def __init__(self, matters: list[Matter]) -> None:
        super().__init__(
            personal_words.answer("still_open", "en", open=personal_words.list_open(matters, "en"))
        )
        self.matters = matters


@dataclass(frozen=True, slots=True)
class Prospect:
    """What an erasure would meet: whom, what is in its way, and on how many sites they are."""

    known: Known
    matters: tuple[Matter, ...]
    sites_in_use: int


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, and on how many sites the name is still needed."""

    erasures: tuple[Erasure, ...]
    sites_in_use: int
    related: int


def look_ahead(edges: Edges, asked: Asked) -> Prospect:
    """What `erase` would do now. Raises what `find_persons` raises."""
    with edges.database.read() as transaction:
        known = find_persons(transaction, asked)
        matters = [one for person in known.persons for one in list_open(transaction, person)]
        return Prospect(known, tuple(matters), _count_sites(transaction, known))


def erase(edges: Edges, asked: Asked, *, by: str) -> Erased:
    """Erase the person now. Killed midway, what is left is done by the promise it left.

    Raises StillOpen with nothing changed, and what `find_persons` raises.
    """
    # What is in the journal would be stored later, with the names in it.
    drain_journal(edges, wait=True)
    now = edges.clock()
    with edges.database.write() as transaction:
        known = find_persons(transaction, asked)
        _lock(transaction, known)
        matters = [one for person in known.persons for one in list_open(transaction, person)]
        if matters:
            raise StillOpen(matters)
        sites = _count_sites(transaction, known)
        begun = [_begin(transaction, edges, person, by=by, now=now) for person in known.persons]
    for erasure_id in begun:
        carry_out(edges, erasure_id)
    with edges.database.read() as transaction:
        done = [erasures.find_erasure(transaction, erasure_id) for erasure_id in begun]
    return Erased(tuple(one for one in done if one), sites, len(known.related))


def carry_out(edges: Edges, erasure_id: int) -> None:
    """Empty all that is about the person, as far as it is not. May run twice, and at once."""
    with edges.database.read() as transaction:
        erasure = erasures.find_erasure(transaction, erasure_id)
        if erasure is None or erasure.is_done or erasure.address_sealed is None:
            return
        store = stores.get_store(transaction, erasure.store_id)
    tombstones.keep(edges, erasure, store)
    address = edges.sealer.open(erasure.address_sealed)
    person = Person(erasure.customer_id, erasure.store_id, address)
    _destroy_files(edges, person)
    _drop_unread(edges, person)
    # What is reached through other tables first: a link would take its visits out of reach.
    for one in reversed(list(personal_data().tables.values())):
        if one.going and one.name not in _BY_ITSELF:
            _empty_all(edges, one, person)
    edges.database.fold_log()
    now = edges.clock()
    with edges.database.write() as transaction:
        overwrite_freed(transaction)
        if erasures.record_done(transaction, erasure.id, at=now):
            _tell(transaction, erasure.customer_id, now, _ACTOR, "person_erased")
    edges.database.fold_log()


def begin_again(
    transaction: Connection, edges: Edges, person: Person, tombstone: tombstones.Tombstone
) -> int:
    """Begin what was done before, in a database that a backup took back; the erasure's id.

    Whatever was open then was over when the person was erased.
    """
    begin = _Begin(tombstone.reference, tombstone.person_hash, tombstone.erased_at)
    return _record(transaction, edges, person, begin, by="backup", now=edges.clock())


@dataclass(frozen=True, slots=True)
class _Begin:
    reference: str
    person_hash: bytes
    at: datetime


def _begin(transaction: Connection, edges: Edges, person: Person, *, by: str, now: datetime) -> int:
    facts = customers.find_customer(transaction, person.customer_id)
    assert facts is not None
    key = customers.key_of(facts.email, facts.woo_customer_id)
    begin = _Begin(_new_reference(edges.random_bytes), edges.sealer.hash(key), now)
    return _record(transaction, edges, person, begin, by=by, now=now)


def _record(
    transaction: Connection, edges: Edges, person: Person, begin: _Begin, *, by: str, now: datetime
) -> int:
    overwrite_freed(transaction)
    table = personal_data().tables["customers"]
    empty(transaction, table, are_of("customers", person), now)
    erasure_id = erasures.record_begun(
        transaction,
        reference=begin.reference,
        store_id=person.store_id,
        customer_id=person.customer_id,
        person_hash=begin.person_hash,
        address_sealed=edges.sealer.seal(person.address),
        asked_by=by,
        begun_at=begin.at,
    )
    outbox.promise(transaction, JobName.ERASE_PERSON, erasure_id, due_at=now)
    _tell(transaction, person.customer_id, now, by, "erasure_begun")
    return erasure_id


def _lock(transaction: Connection, known: Known) -> None:
    """Nobody asks for a refund of these orders until it is known whether anything is open."""
    for person in known.persons:
        customers.lock_customer(transaction, person.customer_id)
    found = orders.list_orders_of_customer(
        transaction, [person.customer_id for person in known.persons]
    )
    for order in sorted(found, key=lambda order: order.id):
        orders.lock_order(transaction, order.id)


def _destroy_files(edges: Edges, person: Person) -> None:
    """Before their rows: whoever is killed in between finds the names of the files again."""
    with edges.database.read() as transaction:
        rows = every_row(transaction, personal_data().tables["attachments"], person)
        names = [row.kept_as for row in rows]
    for name in names:
        files.destroy(folder_of(edges), name)


def _drop_unread(edges: Edges, person: Person) -> None:
    """Drop what came from the store, names no object, and has the address in it."""
    if not person.address:
        return
    with edges.database.write() as transaction:
        overwrite_freed(transaction)
        for delivery in inbox.list_without_object(transaction, person.store_id):
            if person.address.lower().encode() in (delivery.body or b"").lower():
                inbox.drop_body(transaction, delivery.id)


def _empty_all(edges: Edges, one: PersonalTable, person: Person) -> None:
    after = None
    while True:
        with edges.database.write() as transaction:
            overwrite_freed(transaction)
            after = empty_next(transaction, one, person, after, edges.clock())
        if after is None:
            return


def _count_sites(transaction: Connection, known: Known) -> int:
    """On how many sites the person's licences are in use."""
    return sum(count_spared(transaction, "activations", person) for person in known.persons)


def _new_reference(random_bytes: Callable[[int], bytes]) -> str:
    return random_bytes(16).hex()


def _tell(transaction: Connection, customer_id: int, now: datetime, by: str, action: str) -> None:
    record_deed(transaction, at=now, actor=by, action=action, subject=f"customer:{customer_id}")
