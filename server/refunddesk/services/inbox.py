"""Takes deliveries in: proven to come from the store, durable before they are acknowledged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from refunddesk.db import endpoints, inbox, outbox
from refunddesk.db.history import record_deed
from refunddesk.db.inbox import Delivery, NewDelivery
from refunddesk.db.session import Transaction
from refunddesk.jobnames import LIMITS, JobName
from refunddesk.journal.writer import JournalWriter
from refunddesk.services import journal
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal
from refunddesk.woocommerce import events
from refunddesk.woocommerce.hooks import (
    NotKept,
    ObjectChanged,
    Ping,
    Reading,
    Unusable,
    glance,
    read_delivery,
    read_ping,
)
from refunddesk.woocommerce.signature import is_signed

log = structlog.get_logger(__name__)

#: An order of 40 lines has 60 KB; nothing that WooCommerce sends comes near this.
LONGEST_BODY = 4 * 1024 * 1024
_SECRETS_KEPT = timedelta(seconds=5)
#: A store's renewals wait while a delivery of it does, so it is answered within a second.
_LONGEST_WAIT_SECONDS = 0.9
_LONGEST_HINT = 100
#: Of one order between two looks at it; they are at least ten seconds apart.
_READ_AT_ONCE = 50
_EVER = datetime(1, 1, 1, tzinfo=UTC)

JOBS: Mapping[str, JobName] = {
    "order": JobName.RECORD_ORDER,
    "refund": JobName.RECORD_REFUND,
    "subscription": JobName.RECORD_SUBSCRIPTION,
}


class NoSuchEndpoint(Refusal):
    """No store delivers to this address."""


class BodyEncoded(Refusal):
    """The body came compressed; WooCommerce never sends one so, and nothing unpacks it here."""


class SignatureMissing(Refusal):
    """The delivery bears no signature. Nothing of it was kept."""


class SignatureMismatch(Refusal):
    """The signature is not the store's. Nothing of the delivery was kept."""


class InboxUnreachable(Refusal):
    """The delivery could not be made durable in time, so it is not acknowledged."""


class DeliveryNotQuarantined(Refusal):
    """The delivery does not wait for a person: there is nothing to release."""


class DeliveryStillUnusable(Refusal):
    """Nothing can be made of the delivery's body, now as before."""


class NoSuchDelivery(Refusal):
    """No delivery has this id."""


@dataclass(frozen=True, slots=True)
class OpenEndpoint:
    """An endpoint with its secrets opened, the current one first."""

    id: str
    store_id: int
    topic: str
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """What came in at an endpoint. All headers are unsigned: hints, but for the signature."""

    body: bytes = field(repr=False)
    content_type: str | None
    content_encoding: str | None
    signature: str | None
    topic: str | None
    delivery_id: str | None


class KnownEndpoints:
    """The endpoints of all stores, remembered for five seconds.

    A burst of deliveries would otherwise ask the database and open the seal for each. Addresses
    that nobody has are not remembered, or anyone could fill the memory with them.

    While the database does not answer, what was known before stays known: a secret is changed in
    that database, and deliveries can still be proven and kept. Those of an endpoint that this
    process has not met yet cannot be proven, so nothing of them is kept.
    """

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self._known: dict[str, tuple[OpenEndpoint, datetime]] = {}

    def get_endpoint(self, endpoint_id: str, *, fresh: bool = False) -> OpenEndpoint:
        """With `fresh` what is remembered counts only while the database does not answer.

        Raises NoSuchEndpoint or InboxUnreachable.
        """
        now = self._edges.clock()
        known = self._known.get(endpoint_id)
        # A clock set back must not keep an old secret valid until it has caught up.
        if known and not fresh and abs(now - known[1]) < _SECRETS_KEPT:
            return known[0]
        try:
            with self._edges.database.read() as transaction:
                found = endpoints.find_endpoint(transaction, endpoint_id)
        except SQLAlchemyError as error:
            if known is None:
                raise _unreachable(endpoint_id, error) from error
            self._known[endpoint_id] = known[0], now
            return known[0]
        if found is None:
            self._known.pop(endpoint_id, None)
            raise NoSuchEndpoint("No store delivers to this address.")
        sealed = [found.secret_sealed]
        if found.previous_secret_sealed:
            sealed.append(found.previous_secret_sealed)
        secrets = tuple(self._edges.sealer.open(secret) for secret in sealed)
        opened = OpenEndpoint(found.id, found.store_id, found.topic, secrets)
        self._known[endpoint_id] = opened, now
        return opened


def receive(edges: Edges, writer: JournalWriter, endpoint: OpenEndpoint, call: Call) -> None:
    """Acknowledge the call by returning: what had to be kept of it is on the disk then.

    The same delivery twice is kept twice: WooCommerce has no id to tell them apart, and looking
    at an object once more does no harm. Raises a Refusal for a call that is not acknowledged.
    """
    if read_ping(call.content_type, call.body):
        return
    prove(endpoint, call)
    reading = _read(endpoint, call)
    keep(edges, writer, as_kept(endpoint, call.body, call.delivery_id, reading, edges.clock()))


def keep(edges: Edges, writer: JournalWriter, delivery: NewDelivery) -> None:
    """The delivery is on the disk when this returns. Raises InboxUnreachable.

    It is in the journal, from where the dispatcher stores it. Where no journal can be written, it
    is stored at once.
    """
    try:
        journal.keep(writer, delivery, _LONGEST_WAIT_SECONDS)
    except (OSError, TimeoutError) as error:
        log.error("journal not usable", because=type(error).__name__)
        _store_at_once(edges, delivery)
    if delivery.quarantined_because:
        log.warning(
            "delivery quarantined",
            endpoint=delivery.endpoint_id,
            because=delivery.quarantined_because,
        )


def prove(endpoint: OpenEndpoint, call: Call) -> None:
    """Raises BodyEncoded, SignatureMissing or SignatureMismatch unless the store sent the call."""
    if (call.content_encoding or "identity").strip().lower() != "identity":
        raise BodyEncoded("Send the body as it is, without Content-Encoding.")
    if not call.signature:
        log.warning("delivery refused", endpoint=endpoint.id, because="signature_missing")
        raise SignatureMissing("The delivery bears no signature. Nothing of it was kept.")
    if not is_signed(call.body, call.signature, endpoint.secrets):
        log.warning("delivery refused", endpoint=endpoint.id, because="signature_mismatch")
        raise SignatureMismatch("The signature is not the store's. Nothing was kept.")


def store(transaction: Transaction, deliveries: Sequence[NewDelivery]) -> None:
    """Insert the deliveries and promise to look at the objects they name."""
    inbox.insert_deliveries(transaction, deliveries)
    named = [
        (JOBS[each.object_type], subject_of(each.store_id, each.woo_object_id), each.received_at)
        for each in deliveries
        if each.object_type is not None and each.woo_object_id is not None
    ]
    outbox.promise_all(transaction, named)


def drain_journal(edges: Edges, *, wait: bool = False) -> None:
    """Store the deliveries that are in the journal. Raises SQLAlchemyError while the database takes
    nothing; they stay where they are.

    Another process may be at it: then nothing is done here, or with `wait` what it left.
    """
    journal.drain(edges, store, wait=wait)


def release(edges: Edges, delivery_id: int, *, by: str) -> None:
    """Have a quarantined delivery worked off after all; `by` is the actor, such as "staff:3".

    Raises DeliveryStillUnusable if its body names no object, now as before.
    """
    now = edges.clock()
    with edges.database.write() as transaction:
        try:
            delivery = inbox.lock_delivery(transaction, delivery_id)
        except inbox.NoSuchDelivery:
            raise NoSuchDelivery(f"There is no delivery {delivery_id}.") from None
        if delivery.quarantined_because is None or delivery.released_at is not None:
            raise DeliveryNotQuarantined(f"Delivery {delivery_id} is not in quarantine.")
        object_type, woo_object_id = _object_of(delivery)
        inbox.record_released(
            transaction,
            delivery_id,
            object_type=object_type,
            woo_object_id=woo_object_id,
            at=now,
        )
        subject = subject_of(delivery.store_id, woo_object_id)
        outbox.promise(transaction, JOBS[object_type], subject, due_at=now)
        record_deed(
            transaction,
            at=now,
            actor=by,
            action="delivery_released",
            subject=f"delivery:{delivery_id}",
            data={"because": delivery.quarantined_because},
        )


def read_closely(edges: Edges, store_id: int, woo_order_id: int) -> None:
    """Read whole what came about the order since it was last looked at, now that no store waits.

    `receive` mostly only glances at a delivery. One that turns out unusable waits for a person from
    here on, as if that had been seen at once; its order is looked at in any case.
    """
    for delivery in _glanced_at(edges, store_id, woo_order_id):
        reading = read_delivery(delivery.topic, "application/json", delivery.body or b"")
        if not isinstance(reading, Unusable):
            continue
        with edges.database.write() as transaction:
            inbox.quarantine_delivery(
                transaction, delivery.id, because=reading.reason, detail=reading.detail
            )
        log.warning("delivery quarantined", endpoint=delivery.endpoint_id, because=reading.reason)


def _glanced_at(edges: Edges, store_id: int, woo_order_id: int) -> list[Delivery]:
    job = JobName.RECORD_ORDER
    with edges.database.read() as transaction:
        done_at = outbox.find_done_at(transaction, job, subject_of(store_id, woo_order_id))
        # The last run may have begun so long before it was done.
        since = done_at - LIMITS[job].claim if done_at else _EVER
        found = inbox.list_about(
            transaction, store_id, "order", woo_order_id, since=since, limit=_READ_AT_ONCE
        )
    return [
        delivery
        for delivery in found
        if delivery.quarantined_because is None
        # The others were read whole before they were kept.
        and glance(delivery.topic, "application/json", delivery.body or b"")
    ]


def quarantine(
    edges: Edges, store_id: int, object_type: str, woo_id: int, because: str, detail: str
) -> None:
    """Let the newest delivery about an object that cannot be recorded wait for a person."""
    log.warning("not recorded", store=store_id, object=f"{object_type}:{woo_id}", because=because)
    with edges.database.write() as transaction:
        inbox.quarantine_object(
            transaction, store_id, object_type, woo_id, because=because, detail=detail
        )


def subject_of(store_id: int, woo_object_id: int) -> str:
    """How promises name an object of a store."""
    return f"{store_id}:{woo_object_id}"


def _read(endpoint: OpenEndpoint, call: Call) -> Reading:
    # The secret proves the endpoint, and so its topic; the header proves nothing.
    if call.topic and call.topic != endpoint.topic:
        return Unusable(
            "topic_mismatch", f"This address is for {endpoint.topic}; the header says otherwise."
        )
    # Reading all of an order takes a tenth of the time between two deliveries under load, and says
    # no more than its id: `read_closely` does so later.
    return glance(endpoint.topic, call.content_type, call.body) or read_delivery(
        endpoint.topic, call.content_type, call.body
    )


def as_kept(
    endpoint: OpenEndpoint, body: bytes, delivery_id: str | None, reading: Reading, now: datetime
) -> NewDelivery:
    """What is kept of a proven delivery whose body was read."""
    changed = reading if isinstance(reading, ObjectChanged) else None
    unusable = reading if isinstance(reading, Unusable) else None
    return NewDelivery(
        store_id=endpoint.store_id,
        endpoint_id=endpoint.id,
        topic=endpoint.topic,
        object_type=changed.object_type if changed else None,
        woo_object_id=changed.object_id if changed else None,
        # Customers, products and coupons have no use here, and a body would hold personal data.
        body=None if isinstance(reading, NotKept | Ping) else body,
        body_sha=hashlib.sha256(body).digest(),
        delivery_id=delivery_id[:_LONGEST_HINT] if delivery_id else None,
        received_at=now,
        quarantined_because=unusable.reason if unusable else None,
        quarantine_detail=unusable.detail if unusable else None,
    )


def _store_at_once(edges: Edges, delivery: NewDelivery) -> None:
    try:
        with edges.database.write() as transaction:
            store(transaction, [delivery])
    except SQLAlchemyError as error:
        raise _unreachable(delivery.endpoint_id, error) from error


def _object_of(delivery: Delivery) -> tuple[str, int]:
    if delivery.object_type is not None and delivery.woo_object_id is not None:
        # Quarantined by the job that could not record the object, not for its own body.
        return delivery.object_type, delivery.woo_object_id
    body = delivery.body or b""
    if delivery.topic == events.TOPIC:
        reading = events.read_event(body)
    else:
        reading = read_delivery(delivery.topic, "application/json", body)
    if not isinstance(reading, ObjectChanged):
        detail = reading.detail if isinstance(reading, Unusable) else "It names nothing kept here."
        raise DeliveryStillUnusable(
            f"Delivery {delivery.id} names no object: {detail} It stays in quarantine."
        )
    return reading.object_type, reading.object_id


def _unreachable(endpoint_id: str, error: Exception) -> InboxUnreachable:
    log.error("delivery not kept", endpoint=endpoint_id, because=type(error).__name__)
    return InboxUnreachable("The delivery could not be stored just now. Nothing was kept.")
