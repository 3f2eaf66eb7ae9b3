"""Gathers the figures for a monitor; a part that is down is a figure too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from refunddesk.db import figures, leases
from refunddesk.db.figures import Figures
from refunddesk.jobnames import QueueName
from refunddesk.queue import QueueLoad, QueueUnreachable
from refunddesk.services import journal
from refunddesk.services.edges import Edges
from refunddesk.services.health import DISPATCHER


@dataclass(frozen=True, slots=True)
class Measured:
    """All figures of one moment; None stands for a part that did not answer."""

    at: datetime
    desk: Figures | None
    dispatcher_leads_until: datetime | None
    queues: Mapping[QueueName, QueueLoad] | None
    journal: journal.Waiting


def measure(edges: Edges, measure_queues: Callable[[], Mapping[QueueName, QueueLoad]]) -> Measured:
    """Never raises for a database or a queue that is down."""
    now = edges.clock()
    desk, leads_until = _read(edges, now)
    try:
        queues = measure_queues()
    except QueueUnreachable:
        queues = None
    return Measured(now, desk, leads_until, queues, journal.count(edges))


def _read(edges: Edges, now: datetime) -> tuple[Figures | None, datetime | None]:
    try:
        with edges.database.read() as transaction:
            return figures.read_figures(transaction, now), leases.find_end(transaction, DISPATCHER)
    except SQLAlchemyError:
        return None, None
