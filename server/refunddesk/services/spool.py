"""Deliveries that the database did not take: safe in files, and stored at the next chance."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from refunddesk.db.inbox import NewDelivery
from refunddesk.sealing import SealBroken
from refunddesk.services.edges import Edges
from refunddesk.spool import RecordTorn, Spool

log = structlog.get_logger(__name__)

#: The dispatcher does this between other things.
_MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many deliveries are kept in files: to be stored, and put aside for a person."""

    to_store: int
    aside: int


def keep(edges: Edges, delivery: NewDelivery) -> None:
    """The delivery is on the disk when this returns. Raises OSError."""
    # In the order of their arrival, and never two of one name.
    name = f"{delivery.received_at:%Y%m%dT%H%M%S.%f}-{edges.random_bytes(8).hex()}"
    _spool(edges).keep(name, _to_text(delivery))


def count(edges: Edges) -> Waiting:
    spool = _spool(edges)
    return Waiting(len(spool.names()), len(spool.names_aside()))


def drain(edges: Edges, store: Callable[[Connection, NewDelivery], None]) -> int:
    """Store what is kept in files, oldest first; the number stored. Only one process does so.

    A file goes when its delivery is committed. Killed in between, it is stored once more by the
    next run, which does no harm: it makes us look at the same object again. Raises SQLAlchemyError
    while the database takes nothing; the files stay.
    """
    spool = _spool(edges)
    stored = 0
    with spool.alone() as alone:
        for name in spool.names()[:_MOST_AT_ONCE] if alone else ():
            try:
                delivery = _from_text(spool.read(name))
                with edges.database.write() as transaction:
                    store(transaction, delivery)
            except (RecordTorn, IntegrityError, DataError) as error:
                log.error("delivery put aside", record=name, because=type(error).__name__)
                spool.put_aside(name)
                continue
            except SealBroken as error:
                # The right key may come back to the settings: nothing is wrong with the record.
                log.error("delivery stays sealed", record=name, because=str(error))
                continue
            spool.remove(name)
            stored += 1
    if stored:
        log.info("deliveries stored from the spool", stored=stored)
    return stored


def _spool(edges: Edges) -> Spool:
    return Spool(edges.home / "spool", edges.sealer)


def _to_text(delivery: NewDelivery) -> str:
    body = delivery.body
    return json.dumps(
        {
            **asdict(delivery),
            "body": None if body is None else base64.b64encode(body).decode("ascii"),
            "body_sha": delivery.body_sha.hex(),
            "received_at": delivery.received_at.isoformat(),
        }
    )


def _from_text(text: str) -> NewDelivery:
    fields = json.loads(text)
    body = fields["body"]
    return NewDelivery(
        **{
            **fields,
            "body": None if body is None else base64.b64decode(body),
            "body_sha": bytes.fromhex(fields["body_sha"]),
            "received_at": datetime.fromisoformat(fields["received_at"]),
        }
    )
