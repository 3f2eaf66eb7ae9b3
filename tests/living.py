"""One customer with all that a desk can come to hold of a person, everything of it over."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from refunddesk.casework import TurnKind
from refunddesk.db import inbox, tables
from refunddesk.db.customer_links import Purpose
from refunddesk.db.inbox import NewDelivery
from refunddesk.db.orders import Order
from refunddesk.db.personal_rows import Person
from refunddesk.services import attachments, case_turns, customer_links, stores
from refunddesk.services import licenses as licensing
from refunddesk.services.case_turns import Saying
from refunddesk.services.edges import Edges
from tests import building
from tests.asking import STAFF, buy, key_of, report

EMAIL = "Ada@Example.com"
#: Stands in every text, address and file of hers, and nowhere else.
NAME = "lovelace"
SITE = "lovelace-was-here.example"
BODY = b'{"id":1001,"billing":{"email":"Ada@Example.com","last_name":"lovelace"}}'


@dataclass(frozen=True, slots=True)
class Life:
    """What was recorded of her in one store."""

    store_id: int
    order: Order
    person: Person
    endpoint_id: str
    case_id: int


def live(edges: Edges, *, store_id: int | None = None, email: str = EMAIL) -> Life:
    """Ada bought, used, complained, was answered and refunded; all of that has ended."""
    store_id = store_id or building.add_store(edges)
    order = buy(edges, store_id, email=email, account=7)
    endpoint_id = stores.add_endpoint(edges, store_id, "order.updated")[0]
    site = licensing.activate(edges, key_of(edges, order), SITE)
    licensing.deactivate(edges, site.token)
    case_id = _complain(edges, order)
    link = customer_links.make_link(edges, order.id, Purpose.REFUND, by=STAFF)
    customer_links.enter(edges, link)
    refund = building.grant(edges, order, claim='{"order":{"id":"1001"}}')
    assert order.customer_id
    now = edges.clock()
    with edges.database.write() as transaction:
        transaction.execute(
            update(tables.refunds)
            .where(tables.refunds.c.id == refund.id)
            .values(state="paid", settled_at=now, last_error=f"card of {NAME}")
        )
        transaction.execute(
            insert(tables.suspicions).values(
                customer_id=order.customer_id,
                kind="reported",
                raised_at=now,
                evidence=f"{NAME} sells it",
                settled_at=now,
                settled_as="dropped",
                settled_by=STAFF,
                because=f"{NAME} does not",
            )
        )
        write_in(transaction, now)
        deliver(transaction, store_id, endpoint_id)
        deliver(transaction, store_id, endpoint_id, object_type=None, woo_object_id=None)
    return Life(store_id, order, Person(order.customer_id, store_id, email), endpoint_id, case_id)


def write_in(transaction: Any, now: datetime, **changes: Any) -> None:
    """She wrote a mail, which somebody worked off."""
    said = {
        "sha": secrets.token_bytes(32),
        "came_by": "http",
        "size": 20,
        "raw": f"Subject: {NAME}".encode(),
        "kept_at": now,
        "state": "handled",
        "message_id": f"<1@{SITE}>",
        "sender": EMAIL.lower(),
        "subject": f"From {NAME}",
        "words": f"I am {NAME}",
        "files": [[f"{NAME}.exe", "not_taken"]],
        "settled_at": now,
        "settled_by": STAFF,
        **changes,
    }
    transaction.execute(insert(tables.arrivals).values(**said))


def deliver(transaction: Any, store_id: int, endpoint_id: str, **changes: Any) -> int:
    """Keep what the store says of her order; without an object it waits in quarantine."""
    said: dict[str, Any] = {
        "store_id": store_id,
        "endpoint_id": endpoint_id,
        "topic": "order.updated",
        "object_type": "order",
        "woo_object_id": 1001,
        "body": BODY,
        "body_sha": hashlib.sha256(BODY).digest(),
        "delivery_id": None,
        "received_at": transaction.scalar(select(tables.orders.c.recorded_at).limit(1)),
    }
    said |= changes
    if said["object_type"] is None:
        said |= {"quarantined_because": "unreadable", "quarantine_detail": f"not {NAME}"}
    return building.add_delivery(transaction, NewDelivery(**said))


def _complain(edges: Edges, order: Order) -> int:
    case = report(
        edges,
        order,
        finding=None,
        gives_up=False,
        site_url=f"https://{SITE}",
        details=f"I am {NAME}.",
        other_extensions=(f"{NAME}-tools",),
        environment={"theme": NAME},
    )
    reply = Saying(TurnKind.REPLY, f"Yours, {NAME}")
    case_turns.say(edges, case.id, Saying(TurnKind.QUESTION, f"Dear {NAME}?"), by=STAFF)
    case_turns.say(edges, case.id, reply, by="customer")
    attachments.attach(edges, case.id, f"{NAME}.txt", f"{NAME} wrote this".encode(), by="customer")
    case_turns.end(edges, case.id, TurnKind.RESOLVED, f"Solved for {NAME}.", by=STAFF)
    return case.id


def places_of(edges: Edges, *words: str) -> set[str]:
    """In which columns of the database one of the words stands, in whatever letters."""
    return {place for place, text in _texts(edges) if any(word in text for word in words)}


def _texts(edges: Edges) -> Iterator[tuple[str, str]]:
    with edges.database.read() as transaction:
        for table in tables.metadata.sorted_tables:
            for row in transaction.execute(select(table)):
                for name, value in row._mapping.items():
                    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    yield f"{table.name}.{name}", text.lower()


def bodies(edges: Edges) -> list[bytes | None]:
    with edges.database.read() as transaction:
        ids = transaction.scalars(select(tables.inbox.c.id).order_by(tables.inbox.c.id)).all()
    with edges.database.write() as transaction:
        return [inbox.lock_delivery(transaction, one).body for one in ids]
