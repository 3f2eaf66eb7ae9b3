"""Deliveries in the journal: safe in files before they are acknowledged, stored right after."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from struct import Struct
from struct import error as StructError

import structlog
from sqlalchemy.exc import DataError, IntegrityError

from refunddesk.db.inbox import NewDelivery
from refunddesk.db.session import DriverConnection, DriverTransaction
from refunddesk.journal.reader import JournalReader
from refunddesk.journal.writer import JournalWriter
from refunddesk.services.edges import Edges

log = structlog.get_logger(__name__)

_LENGTH = Struct(">I")
#: The dispatcher does this between other things: after a day's outage the rest has to wait.
_MOST_AT_ONCE = 10_000


class NotUnderstood(Exception):
    """A record is not a delivery as this version keeps them."""


# What says that a record cannot be stored, however often it is tried.
_UNFIT = (IntegrityError, DataError, NotUnderstood)

#: Inserts deliveries in a transaction.
Store = Callable[[DriverTransaction, Sequence[NewDelivery]], None]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many deliveries are to be stored, since when, and how many files wait for a person."""

    to_store: int
    aside: int
    oldest: timedelta | None = None


def open_writer(edges: Edges) -> JournalWriter:
    """What this process keeps deliveries with."""
    return JournalWriter(edges.home / "journal", edges.sealer, lambda: _new_name(edges))


def keep(writer: JournalWriter, delivery: NewDelivery, timeout: float) -> None:
    """The delivery is on the disk when this returns. Raises OSError, TimeoutError."""
    writer.keep(_to_record(delivery), timeout)


def count(edges: Edges) -> Waiting:
    reader = _open_reader(edges)
    to_store = reader.count()
    first = reader.first() if to_store else None
    try:
        oldest = edges.clock() - _from_record(first).received_at if first else None
    except NotUnderstood:
        oldest = None
    return Waiting(to_store, reader.count_aside(), oldest)


def drain(edges: Edges, store: Store, *, wait: bool = False) -> int:
    """Store what is in the journal, oldest first; the number stored. Only one process does so: the
    others go on, or with `wait` have their turn after it, and store all there is.

    Killed between a commit and its mark, what was committed is stored once more by the next run,
    which does no harm: it makes us look at the same objects again. Raises SQLAlchemyError while the
    database takes nothing; then all of it stays.
    """
    reader = _open_reader(edges)
    stored = 0
    with reader.alone(wait=wait) as alone:
        if not alone:
            return 0
        with edges.database.driver() as connection:
            for batch in reader.batches():
                stored += _store(edges, reader, connection, store, batch.records)
                reader.mark(batch)
                if stored >= _MOST_AT_ONCE and not wait:
                    break
    return stored


def _store(
    edges: Edges,
    reader: JournalReader,
    connection: DriverConnection,
    store: Store,
    records: Sequence[bytes],
) -> int:
    """Store these in one transaction; where one of them cannot be, each in its own."""
    try:
        _store_together(connection, store, records)
    except _UNFIT:
        return _store_each(edges, reader, connection, store, records)
    return len(records)


def _store_each(
    edges: Edges,
    reader: JournalReader,
    connection: DriverConnection,
    store: Store,
    records: Sequence[bytes],
) -> int:
    stored = 0
    name = _new_name(edges)
    # Room is taken before: the rest would be stored again and again while the disk is full.
    with reader.aside(records, name) as aside:
        for record in records:
            try:
                _store_together(connection, store, [record])
                stored += 1
            except _UNFIT as error:
                aside.append([record])
                log.error("delivery put aside", file=name, because=type(error).__name__)
    return stored


def _store_together(connection: DriverConnection, store: Store, records: Sequence[bytes]) -> None:
    with connection.write() as transaction:
        store(transaction, [_from_record(record) for record in records])


def _open_reader(edges: Edges) -> JournalReader:
    return JournalReader(edges.home / "journal", edges.sealer)


def _new_name(edges: Edges) -> str:
    # In the order of their beginning, and never two of one name: each has a key of its own by it.
    return f"{edges.clock():%Y%m%dT%H%M%S%f}-{edges.random_bytes(16).hex()}"


def _to_record(delivery: NewDelivery) -> bytes:
    body = delivery.body
    said = {
        "store_id": delivery.store_id,
        "endpoint_id": delivery.endpoint_id,
        "topic": delivery.topic,
        "object_type": delivery.object_type,
        "woo_object_id": delivery.woo_object_id,
        "has_body": body is not None,
        "body_sha": delivery.body_sha.hex(),
        "delivery_id": delivery.delivery_id,
        "received_at": delivery.received_at.isoformat(),
        "quarantined_because": delivery.quarantined_because,
        "quarantine_detail": delivery.quarantine_detail,
    }
    text = json.dumps(said).encode("ascii")
    return b"".join((_LENGTH.pack(len(text)), text, body or b""))


def _from_record(record: bytes) -> NewDelivery:
    """Raises NotUnderstood."""
    try:
        (length,) = _LENGTH.unpack_from(record)
        begin = _LENGTH.size + length
        said = json.loads(record[_LENGTH.size : begin])
        body = record[begin:] if said.pop("has_body") else None
        said["body_sha"] = bytes.fromhex(said["body_sha"])
        said["received_at"] = datetime.fromisoformat(said["received_at"])
        return NewDelivery(body=body, **said)
    except (StructError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise NotUnderstood(f"a record of another version: {error!r}") from error
