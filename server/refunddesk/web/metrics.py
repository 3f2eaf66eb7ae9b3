"""`/metrics` for Prometheus: read from the database and the queue at each scrape.

Counters in this process would know nothing of the workers, which fork for every job.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from refunddesk import queue
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.figures import Figures
from refunddesk.db.refunds import State
from refunddesk.db.retention import Kind
from refunddesk.services import figures
from refunddesk.services.figures import Measured
from refunddesk.version import __version__
from refunddesk.web.auth import By, guard
from refunddesk.web.current import desk
from refunddesk.web.errors import answer_in_json

blueprint = Blueprint("metrics", __name__)
answer_in_json(blueprint)


@blueprint.get("/metrics")
@guard(By.MONITOR)
def metrics() -> Response:
    """The figures of this moment in Prometheus' text form; 200 also while parts are down."""
    mounted = desk()
    measured = figures.measure(mounted.edges, lambda: queue.measure(mounted.settings.redis_url))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(in_families(measured)))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Once(Collector):
    """Hands over what was measured for one answer."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families

    def describe(self) -> Iterable[Metric]:
        return []


def in_families(measured: Measured) -> Iterator[Metric]:
    """The figures under their names; those of a part that is down are left out, not made up."""
    yield _gauge("info", "Which program answers.", "version", {__version__: 1})
    yield _one("database_up", "Does the database answer?", measured.desk is not None)
    yield _one("queue_up", "Does the queue answer?", measured.queues is not None)
    if measured.desk is not None:
        yield from _of_desk(measured.desk, measured.at)
        until = measured.dispatcher_leads_until
        yield _one(
            "dispatcher_lease_seconds",
            "For how long the dispatcher still leads; below zero: nobody wakes the workers.",
            (until - measured.at).total_seconds() if until else -1,
        )
    if measured.queues is not None:
        loads = {name.value: load for name, load in measured.queues.items()}
        waiting = {name: load.waiting for name, load in loads.items()}
        workers = {name: load.workers for name, load in loads.items()}
        yield _gauge("queue_length", "Rings that wait for a worker.", "queue", waiting)
        yield _gauge("workers", "Workers that listen to the queue.", "queue", workers)
    journal = measured.journal
    yield _one("journal_deliveries", "Deliveries not in the database yet.", journal.to_store)
    yield _one(
        "journal_oldest_seconds",
        "The age of the oldest of them. More than some seconds: they are not stored.",
        journal.oldest.total_seconds() if journal.oldest else 0,
    )
    yield _one("journal_aside", "Files that wait for a person: not to be stored.", journal.aside)


def _of_desk(found: Figures, now: datetime) -> Iterator[Metric]:
    yield from _of_deliveries(found, now)
    yield from _of_work(found, now)
    yield from _of_refunds(found, now)
    yield _gauge("licenses", "Licences by state.", "state", found.licenses)
    yield _one("activations", "Licences switched on, on one site each.", found.activations)
    kinds = {kind.value: found.alarms.get(kind.value, 0) for kind in AlarmKind}
    yield _gauge("alarms", "Alarms that are raised.", "kind", kinds)
    yield _one(
        "books_unbalanced_entries",
        "Entries among the newest thousand that do not sum to zero. Must be 0.",
        found.unbalanced_entries,
    )
    yield _one("audit_lines", "Lines of the audit log.", found.audit_lines)
    done = found.retention_done
    removed = {
        kind.value: _seconds(done[kind.value], now) if kind.value in done else -1 for kind in Kind
    }
    says = "Time since what is old was removed; below zero: it never was."
    yield _gauge("retention_done_seconds", says, "kind", removed)
    yield _one("erasures_begun", "People whose erasure has not ended yet.", found.erasures_begun)
    came = CounterMetricFamily("refunddesk_mails", "Mails that came in and were kept.")
    came.add_metric([], found.mails)
    yield came
    yield _one("mails_waiting", "Mails that came in and wait for a person.", found.mails_waiting)


def _of_deliveries(found: Figures, now: datetime) -> Iterator[Metric]:
    received = CounterMetricFamily("refunddesk_deliveries", "Deliveries received and kept.")
    received.add_metric([], found.deliveries)
    yield received
    ages = {
        str(store_id): _seconds(at, now)
        for store_id, at in found.last_delivery_at.items()
        if at is not None
    }
    yield _gauge("last_delivery_seconds", "Time since the last delivery.", "store", ages)
    yield _one("deliveries_quarantined", "Deliveries that wait for a person.", found.quarantined)


def _of_work(found: Figures, now: datetime) -> Iterator[Metric]:
    promises = found.promises
    numbers = {"open": promises.open, "due": promises.due, "stuck": promises.stuck}
    yield _gauge(
        "promises",
        "Work to be done: all that is open, what of it is due, what of it keeps failing.",
        "which",
        numbers,
    )
    oldest = promises.oldest_due_at
    yield _one(
        "promise_oldest_due_seconds",
        "How long the work that is due longest has been waiting.",
        _seconds(oldest, now) if oldest else 0,
    )
    begun = {name: _seconds(at, now) for name, at in found.rounds.items()}
    yield _gauge("round_begun_seconds", "Time since periodic work last began.", "round", begun)


def _of_refunds(found: Figures, now: datetime) -> Iterator[Metric]:
    numbers = {
        state.value: found.refunds[state.value].number if state.value in found.refunds else 0
        for state in State
    }
    yield _gauge("refunds", "Refunds by state.", "state", numbers)
    ages = {
        state.value: _seconds(found.refunds[state.value].oldest_at, now)
        for state in (State.DUE, State.SENDING, State.UNKNOWN, State.NEEDS_REVIEW)
        if state.value in found.refunds
    }
    yield _gauge(
        "refund_oldest_seconds", "Time since the oldest in the state was granted.", "state", ages
    )
    yield _one(
        "refund_steps_failed", "Steps after a refund that a person must see to.", found.failed_steps
    )
    yield _gauge("requests", "Refund requests by state.", "state", found.requests)
    held = {"a person": found.stores_held, "the program": found.stores_blocked}
    yield _gauge("stores_payments_held", "Stores whose payments are held.", "by", held)


def _gauge(name: str, says: str, label: str, samples: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"refunddesk_{name}", says, labels=[label])
    for value, figure in samples.items():
        family.add_metric([value], figure)
    return family


def _one(name: str, says: str, figure: float) -> Metric:
    return GaugeMetricFamily(f"refunddesk_{name}", says, value=float(figure))


def _seconds(at: datetime, now: datetime) -> float:
    return (now - at).total_seconds()
