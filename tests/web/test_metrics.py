"""What a monitor is told: counts and ages from database and queue, and only with its token."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from rq import Worker
from sqlalchemy import text

from refunddesk import queue
from refunddesk.db import alarms, append_only, inbox, leases, outbox, payment_blocks, stores, tables
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.figures import ENTRIES_LOOKED_AT
from refunddesk.db.inbox import NewDelivery
from refunddesk.db.retention import Kind
from refunddesk.extension import create_app
from refunddesk.jobnames import JobName, QueueName
from refunddesk.jobs import keeping, registry
from refunddesk.services.edges import Edges
from refunddesk.services.retention import promise_retention
from refunddesk.services.stores import add_endpoint
from refunddesk.settings import Settings
from tests.building import add_order, add_store, grant
from tests.conftest import REPOSITORY, TestClock
from tests.keeping import keep_in_journal

TOKEN = "m" * 40


@dataclass(frozen=True, slots=True)
class Monitor:
    """A Prometheus server that scrapes the desk."""

    settings: Settings
    edges: Edges

    def status(self, authorization: str | None) -> int:
        headers = {} if authorization is None else {"Authorization": authorization}
        client = create_app(self.settings, edges=self.edges).test_client()
        return client.get("/metrics", headers=headers).status_code

    def scrape(self) -> dict[str, float]:
        """Every figure by its name and labels: `refunds{due}`."""
        client = create_app(self.settings, edges=self.edges).test_client()
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert answer.content_type.startswith("text/plain")
        found = {}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                labels = ",".join(sample.labels.values())
                name = sample.name.removeprefix("refunddesk_")
                found[f"{name}{{{labels}}}" if labels else name] = sample.value
        return found


@pytest.fixture
def monitor(settings: Settings, edges: Edges, queue_url: str) -> Monitor:
    return Monitor(replace(settings, metrics_token=TOKEN, redis_url=queue_url), edges)


@pytest.fixture
def deliver(edges: Edges) -> Callable[..., None]:
    def call(store_id: int, endpoint_id: str, because: str | None = None) -> None:
        with edges.database.write() as transaction:
            inbox.insert_deliveries(transaction, [delivery(edges, store_id, endpoint_id, because)])

    return call


def delivery(
    edges: Edges, store_id: int, endpoint_id: str, because: str | None = None
) -> NewDelivery:
    return NewDelivery(
        store_id=store_id,
        endpoint_id=endpoint_id,
        topic="order.updated",
        object_type=None if because else "order",
        woo_object_id=None if because else 35,
        body=b"{}",
        body_sha=b"",
        delivery_id=None,
        received_at=edges.clock(),
        quarantined_because=because,
        quarantine_detail=because,
    )


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer {TOKEN}", 200),
        (None, 401),
        ("Bearer", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        (f"Bearer {TOKEN}m", 401),
        (f"Basic {TOKEN}", 401),
        ("Bearer ü", 401),
    ],
    ids=[
        "its token",
        "in small letters",
        "nothing",
        "no token",
        "a part of it",
        "more than it",
        "another scheme",
        "letters that are none",
    ],
)
def test_the_figures_are_for_the_monitor_alone(
    monitor: Monitor, authorization: str | None, status: int
) -> None:
    assert monitor.status(authorization) == status


@pytest.mark.parametrize("authorization", [None, "Bearer ", "Bearer"])
def test_without_a_token_in_the_settings_nobody_is_told(
    monitor: Monitor, authorization: str | None
) -> None:
    closed = replace(monitor, settings=replace(monitor.settings, metrics_token=""))
    assert closed.status(authorization) == 401


def test_an_empty_desk_has_figures_too(monitor: Monitor) -> None:
    found = monitor.scrape()
    assert found["database_up"] == 1
    assert found["queue_up"] == 1
    assert found["deliveries_total"] == 0
    assert found["promises{open}"] == 0
    assert found["promise_oldest_due_seconds"] == 0
    assert found["refunds{unknown}"] == 0
    assert found["alarms{webhook_off}"] == 0
    assert found["books_unbalanced_entries"] == 0
    assert found["erasures_begun"] == 0
    assert found["dispatcher_lease_seconds"] == -1
    assert found["queue_length{money}"] == 0
    assert found["workers{money}"] == 0


def test_deliveries_are_counted_and_those_that_wait_for_a_person(
    monitor: Monitor, clock: TestClock, deliver: Callable[..., None]
) -> None:
    store_id = add_store(monitor.edges)
    endpoint_id = add_endpoint(monitor.edges, store_id, "order.updated").endpoint_id
    silent = add_store(monitor.edges, url="https://silent.test")
    deliver(store_id, endpoint_id)
    deliver(store_id, endpoint_id, "topic_mismatch")
    keep_in_journal(monitor.edges, delivery(monitor.edges, store_id, endpoint_id))
    clock.move(minutes=7)
    found = monitor.scrape()
    assert found["deliveries_total"] == 2
    assert found["deliveries_quarantined"] == 1
    assert found[f"last_delivery_seconds{{{store_id}}}"] == 420
    assert f"last_delivery_seconds{{{silent}}}" not in found
    assert found["journal_deliveries"] == 1
    assert found["journal_oldest_seconds"] == 420
    assert found["journal_aside"] == 0


def test_work_that_waits_and_work_that_keeps_failing_show(
    monitor: Monitor, clock: TestClock
) -> None:
    now = clock()
    with monitor.edges.database.write() as transaction:
        for subject, due_at in (("1:1", now), ("1:2", now), ("1:3", now + timedelta(days=1))):
            outbox.promise(transaction, JobName.RECORD_ORDER, subject, due_at=due_at)
        (first, _), *_ = outbox.list_due(transaction, now)
        assert outbox.claim(transaction, first, now=now)
    clock.move(seconds=30)
    found = monitor.scrape()
    assert found["promises{open}"] == 3
    assert found["promises{due}"] == 1  # one is being worked on, one is not due
    assert found["promises{stuck}"] == 0
    assert found["promise_oldest_due_seconds"] == 30
    with monitor.edges.database.write() as transaction:
        transaction.execute(tables.outbox.update().values(stuck_at=now))
    assert monitor.scrape()["promises{stuck}"] == 3


def test_refunds_requests_and_licences_show_by_state(monitor: Monitor, clock: TestClock) -> None:
    order = add_order(monitor.edges, add_store(monitor.edges))
    grant(monitor.edges, order)
    clock.move(hours=2)
    found = monitor.scrape()
    assert found["refunds{due}"] == 1
    assert found["refunds{paid}"] == 0
    assert found["refund_oldest_seconds{due}"] == 7200
    assert "refund_oldest_seconds{unknown}" not in found
    assert found["requests{granted}"] == 1


def test_alarms_and_held_payments_show(monitor: Monitor, clock: TestClock) -> None:
    store_id = add_store(monitor.edges)
    other = add_store(monitor.edges, url="https://other.test")
    with monitor.edges.database.write() as transaction:
        stores.record_payments_held(transaction, store_id, "gateway move")
        payment_blocks.record_block(transaction, other, "a restore", since=clock())
        alarms.insert_alarm_once(
            transaction, store_id, AlarmKind.WEBHOOK_OFF, "order.updated", detail="", at=clock()
        )
    found = monitor.scrape()
    assert found["stores_payments_held{a person}"] == 1
    assert found["stores_payments_held{the program}"] == 1
    assert found["alarms{webhook_off}"] == 1
    assert found["alarms{webhook_missing}"] == 0


@pytest.mark.parametrize(
    ("newer_entries", "told"),
    [(ENTRIES_LOOKED_AT - 1, 1), (ENTRIES_LOOKED_AT, 0)],
    ids=["the last one looked at", "one too far back"],
)
def test_an_entry_that_does_not_balance_shows_among_the_newest(
    monitor: Monitor, newer_entries: int, told: int
) -> None:
    order = add_order(monitor.edges, add_store(monitor.edges))
    with monitor.edges.database.write() as transaction:
        at = monitor.edges.clock()
        row = {
            "store_id": order.store_id,
            "order_id": order.id,
            "kind": "payment",
            "happened_at": at,
            "posted_at": at,
        }
        rows = [{**row, "reference": str(number)} for number in range(newer_entries + 1)]
        transaction.execute(tables.entries.insert(), rows)
        transaction.execute(
            tables.postings.insert(),
            {"entry_id": 1, "account": "cash", "amount_minor": 1, "currency": "EUR", "decimals": 2},
        )
    assert monitor.scrape()["books_unbalanced_entries"] == told


def test_the_dispatcher_shows_until_when_it_leads(monitor: Monitor, clock: TestClock) -> None:
    with monitor.edges.database.write() as transaction:
        until = clock() + timedelta(seconds=30)
        leases.take_lease(transaction, "dispatcher", "here:1", now=clock(), until=until)
        leases.record_begun(transaction, "keep_watch", clock())
    clock.move(seconds=20)
    found = monitor.scrape()
    assert found["dispatcher_lease_seconds"] == 10
    assert found["round_begun_seconds{keep_watch}"] == 20
    clock.move(seconds=20)
    assert monitor.scrape()["dispatcher_lease_seconds"] == -10


def test_the_queues_show_what_waits_and_who_listens(monitor: Monitor) -> None:
    redis = queue.connect(monitor.settings.redis_url)
    queue.ring(redis, 1, JobName.PAY_REFUND)
    Worker([QueueName.DESK.value], connection=redis).register_birth()
    found = monitor.scrape()
    redis.close()
    assert found["queue_length{money}"] == 1
    assert found["queue_length{desk}"] == 0
    assert found["workers{desk}"] == 1
    assert found["workers{money}"] == 0


def test_a_queue_that_is_down_is_a_figure(monitor: Monitor) -> None:
    down = replace(monitor.settings, redis_url=f"unix://{monitor.settings.home}/nobody.sock")
    found = replace(monitor, settings=down).scrape()
    assert found["queue_up"] == 0
    assert not [name for name in found if name.startswith(("queue_length", "workers"))]
    assert found["database_up"] == 1


def test_every_figure_of_the_guide_is_one_that_is_told(monitor: Monitor, clock: TestClock) -> None:
    """An alert on a misspelt figure would never be raised."""
    store_id = add_store(monitor.edges)
    endpoint_id = add_endpoint(monitor.edges, store_id, "order.updated").endpoint_id
    grant(monitor.edges, add_order(monitor.edges, store_id))
    with monitor.edges.database.write() as transaction:
        inbox.insert_deliveries(transaction, [delivery(monitor.edges, store_id, endpoint_id)])
        leases.record_begun(transaction, "keep_audit_head", clock())
    told = {name.partition("{")[0] for name in monitor.scrape()} | {"licenses"}
    guide = (REPOSITORY / "docs" / "running.md").read_text("utf-8")
    named = set(re.findall(r"\brefunddesk_([a-z_]+)", guide))
    assert named - told == set()
    assert told - named == set()
    labels = set(re.findall(r'refunddesk_(\w+)\{(\w+)="(\w+)"\}', guide))
    assert {f"{name}{{{value}}}" for name, _, value in labels} <= set(monitor.scrape())


def test_a_database_that_is_down_is_a_figure(monitor: Monitor) -> None:
    client = create_app(monitor.settings, edges=monitor.edges).test_client()
    with monitor.edges.database.write() as transaction:
        for statement in append_only.allow_changes(transaction.dialect.name, "history"):
            transaction.execute(text(statement))
        transaction.execute(text("DROP TABLE history"))
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert "refunddesk_database_up 0.0" in answer.text
    assert "refunddesk_queue_up 1.0" in answer.text
    assert "refunddesk_refunds" not in answer.text


def test_how_long_ago_old_things_were_removed_is_told_by_kind(
    monitor: Monitor, edges: Edges, clock: TestClock
) -> None:
    promise_retention(edges)
    with edges.database.read() as transaction:
        (promised,) = [
            one.id for one in outbox.list_open(transaction) if one.subject == Kind.NOTICES
        ]
    keeping.keep(edges, promised, registry.JOBS)
    clock.move(hours=2)
    found = monitor.scrape()
    assert found["retention_done_seconds{notices}"] == 7200
    assert found["retention_done_seconds{cases}"] == -1
