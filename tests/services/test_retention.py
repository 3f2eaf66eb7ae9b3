"""What is over its time goes, not a second before, and never while something needs it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from refunddesk.attachments import files
from refunddesk.db import retention as batches
from refunddesk.db import tables
from refunddesk.db.retention import Kind
from refunddesk.jobs import keeping, registry
from refunddesk.jobs.keeping import NotYet
from refunddesk.jobs.privacy import apply_retention
from refunddesk.services import erasure, retention
from refunddesk.services import licenses as licensing
from refunddesk.services.edges import Edges
from refunddesk.services.persons import Asked
from tests.asking import ask, key_of
from tests.conftest import TestClock
from tests.living import EMAIL, NAME, bodies, deliver, live, places_of

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SECOND = timedelta(seconds=1)
TEXTS = {"cases.details", "turns.words", "attachments.name"}


def at_the_end_of(edges: Edges, clock: TestClock, kind: Kind) -> None:
    """To the last moment at which what was written now is kept."""
    clock.at += getattr(edges.retention, kind.value)


def test_the_body_of_a_delivery_stays_thirty_days_and_not_longer(
    edges: Edges, clock: TestClock
) -> None:
    live(edges)
    at_the_end_of(edges, clock, Kind.DELIVERIES)
    assert retention.apply_retention(edges, Kind.DELIVERIES) is None
    assert all(bodies(edges))
    clock.at += SECOND
    retention.apply_retention(edges, Kind.DELIVERIES)
    # The second one waits for a person, and longer.
    assert [body is None for body in bodies(edges)] == [True, False]


def test_what_waits_in_quarantine_stays_ninety_days_and_not_longer(
    edges: Edges, clock: TestClock
) -> None:
    live(edges)
    at_the_end_of(edges, clock, Kind.QUARANTINED)
    retention.apply_retention(edges, Kind.QUARANTINED)
    assert all(bodies(edges))
    clock.at += SECOND
    retention.apply_retention(edges, Kind.QUARANTINED)
    assert not any(bodies(edges))


def test_deliveries_are_taken_up_where_the_last_run_ended(
    edges: Edges, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = live(edges)
    with edges.database.write() as transaction:
        for _ in range(4):
            deliver(transaction, life.store_id, life.endpoint_id)
    monkeypatch.setattr(batches, "AT_ONCE", 2)
    monkeypatch.setattr(retention, "_MOST_BATCHES", 2)
    clock.move(days=31)
    with pytest.raises(NotYet):
        apply_retention(edges, "deliveries")
    assert [body is None for body in bodies(edges)] == [True, False, True, True, False, False]
    apply_retention(edges, "deliveries")
    assert [body is None for body in bodies(edges)] == [True, False, True, True, True, True]


def test_texts_and_files_of_a_case_stay_three_years_after_its_end(
    edges: Edges, clock: TestClock
) -> None:
    live(edges)
    at_the_end_of(edges, clock, Kind.CASES)
    retention.apply_retention(edges, Kind.CASES)
    assert places_of(edges, NAME) >= TEXTS
    clock.at += SECOND
    retention.apply_retention(edges, Kind.CASES)
    assert not places_of(edges, NAME) & TEXTS
    assert [path for path in (edges.home / "attachments").rglob("*") if path.is_file()] == []


@on_one_database
def test_a_case_stays_while_a_request_about_its_order_runs(edges: Edges, clock: TestClock) -> None:
    life = live(edges)
    ask(edges, life.order)
    clock.move(days=2000)
    retention.apply_retention(edges, Kind.CASES)
    assert places_of(edges, NAME) >= TEXTS


@on_one_database
def test_a_worker_killed_between_a_file_and_its_row_is_followed_by_one_that_ends_it(
    edges: Edges, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(edges)
    clock.move(days=2000)
    destroy = files.destroy

    def die(*where: object) -> None:
        destroy(*where)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as killing:
        killing.setattr(files, "destroy", die)
        with pytest.raises(KeyboardInterrupt):
            retention.apply_retention(edges, Kind.CASES)
    assert places_of(edges, NAME) >= TEXTS
    retention.apply_retention(edges, Kind.CASES)
    assert not places_of(edges, NAME) & TEXTS


def test_of_a_mail_it_stays_that_it_was_sent(edges: Edges, clock: TestClock) -> None:
    live(edges)
    with edges.database.write() as transaction:
        transaction.execute(update(tables.notices).values(state="sent"))
    at_the_end_of(edges, clock, Kind.NOTICES)
    retention.apply_retention(edges, Kind.NOTICES)
    assert "notices.recipient" in places_of(edges, EMAIL.lower())
    clock.at += SECOND
    retention.apply_retention(edges, Kind.NOTICES)
    assert "notices.recipient" not in places_of(edges, EMAIL.lower())
    with edges.database.read() as transaction:
        assert set(transaction.scalars(select(tables.notices.c.state))) == {"sent"}


@on_one_database
def test_a_mail_that_is_still_due_is_left_alone(edges: Edges, clock: TestClock) -> None:
    live(edges)
    clock.move(days=400)
    retention.apply_retention(edges, Kind.NOTICES)
    assert "notices.recipient" in places_of(edges, EMAIL.lower())


def test_visits_and_links_stay_thirty_days_after_they_are_over(
    edges: Edges, clock: TestClock
) -> None:
    live(edges)

    def left() -> list[int]:
        with edges.database.read() as transaction:
            return [
                len(transaction.execute(select(table)).all())
                for table in (tables.customer_links, tables.customer_visits)
            ]

    clock.at += timedelta(hours=72)
    at_the_end_of(edges, clock, Kind.SESSIONS)
    retention.apply_retention(edges, Kind.SESSIONS)
    assert left() == [1, 0]
    clock.at += SECOND
    retention.apply_retention(edges, Kind.SESSIONS)
    assert left() == [0, 0]


def test_a_site_of_somebody_erased_loses_its_name_once_it_is_switched_off(edges: Edges) -> None:
    life = live(edges)
    on = licensing.activate(edges, key_of(edges, life.order), "still.lovelace.example")
    erasure.erase(edges, Asked(EMAIL), by="staff:1")
    retention.apply_retention(edges, Kind.SITES)
    assert places_of(edges, NAME) == {"activations.site"}
    licensing.deactivate(edges, on.token)
    retention.apply_retention(edges, Kind.SITES)
    assert places_of(edges, NAME) == set()


@on_one_database
def test_each_kind_is_looked_through_daily_and_the_doctor_sees_it(
    edges: Edges, clock: TestClock
) -> None:
    (before,) = retention.look_at_retention(edges)
    assert before.grade.value == "warn"
    retention.promise_retention(edges)
    with edges.database.read() as transaction:
        promised = transaction.scalars(
            select(tables.outbox.c.id).where(tables.outbox.c.job == "apply_retention")
        ).all()
    assert len(promised) == len(Kind)
    assert all(keeping.keep(edges, one, registry.JOBS) for one in promised)
    clock.move(days=2)
    (fresh,) = retention.look_at_retention(edges)
    clock.move(seconds=1)
    (late,) = retention.look_at_retention(edges)
    assert (fresh.grade.value, late.grade.value) == ("ok", "warn")
