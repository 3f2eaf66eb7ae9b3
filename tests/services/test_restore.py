"""An old backup restored, with everything run again: no refund is paid a second time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from refunddesk.db import refunds
from refunddesk.db.refunds import State
from refunddesk.jobs import registry, schedule
from refunddesk.sandbox.faults import Mode
from refunddesk.services import audit, backup
from refunddesk.services.edges import Edges
from refunddesk.services.payments import pay_refund
from tests import building
from tests.conftest import copying
from tests.selling import Shop
from tests.services.paying import PAID, Till
from tests.services.reconciling import Reconciled


@dataclass(slots=True)
class Safe:
    """Where a backup is kept: a file of our own, or what PostgreSQL's tools bring back."""

    edges: Edges
    folder: Path
    copies: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "saved.db"

    def save(self) -> None:
        if self.edges.database.is_sqlite:
            backup.back_up(self.edges, self.file)
            return
        name = self.url.database
        self.copies.append(f"{name}_saved")
        self._on_server(copying(f"{name}_saved", name))

    def bring_back(self) -> backup.Marked:
        if self.edges.database.is_sqlite:
            return backup.restore(self.edges, self.file).marked
        name = self.url.database
        self._on_server(f"DROP DATABASE {name}", copying(name, f"{name}_saved"))
        return backup.mark(self.edges)

    def drop(self) -> None:
        self._on_server(*(f"DROP DATABASE {name}" for name in self.copies))

    @property
    def url(self) -> URL:
        return make_url(self.edges.database.engine.url)

    def _on_server(self, *statements: str) -> None:
        """As PostgreSQL asks for it: with nobody else in the database."""
        self.edges.database.close()
        if not statements:
            return
        engine = create_engine(self.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


@pytest.fixture
def safe(edges: Edges, tmp_path: Path) -> Iterator[Safe]:
    safe = Safe(edges, tmp_path)
    yield safe
    safe.drop()


@pytest.fixture
def watched(till: Till) -> Reconciled:
    return Reconciled(till.shop)


def run_everything(till: Till, watched: Reconciled, minutes: int = 40) -> None:
    """What dispatcher and workers do in so many minutes, a few of which we look at."""
    for _ in range(minutes // 5):
        till.shop.clock.move(minutes=5)
        schedule.run_rounds(till.edges, registry.ROUNDS)
        watched.keep_promises()


def pay(till: Till) -> None:
    pay_refund(till.edges, till.refund.id)


def posts(watched: Reconciled) -> int:
    """How often the store was asked to pay back."""
    calls = watched.faults.calls.items()
    return sum(times for call, times in calls if call.startswith("POST ") and "refunds" in call)


def refunds_here(edges: Edges) -> list[State]:
    with edges.database.read() as transaction:
        return [one.state for one in refunds.list_in_state(transaction, State)]


def test_a_refund_paid_since_the_backup_is_found_and_not_paid_again(
    till: Till, safe: Safe, watched: Reconciled
) -> None:
    safe.save()
    pay(till)
    assert till.moved() == ["99.00"]
    till.shop.clock.move(hours=6)
    safe.bring_back()
    assert till.state() == State.DUE
    watched.forget_calls()
    run_everything(till, watched)
    assert till.moved() == ["99.00"]
    assert posts(watched) == 0
    assert till.state() == State.PAID
    assert till.balances() == PAID
    assert watched.books_hold()
    assert audit.verify(till.edges) > 0


def test_payments_wait_until_the_store_was_read_whatever_the_jobs_say(
    till: Till, safe: Safe, watched: Reconciled
) -> None:
    safe.save()
    till.shop.clock.move(hours=6)
    safe.bring_back()
    for _ in range(5):
        pay(till)
        till.shop.clock.move(minutes=5)
    assert till.moved() == []
    assert posts(watched) == 0
    run_everything(till, watched)
    assert till.state() == State.PAID
    assert till.moved() == ["99.00"]


def test_a_refund_whose_outcome_was_open_at_the_backup_is_settled_and_not_paid_again(
    till: Till, safe: Safe, watched: Reconciled
) -> None:
    till.shop.sandbox.faults.arm(Mode.DIES_AFTER_MONEY)
    pay(till)
    assert till.state() == State.UNKNOWN
    safe.save()
    run_everything(till, watched)
    settled = till.state()
    till.shop.clock.move(hours=6)
    safe.bring_back()
    assert till.state() == State.UNKNOWN
    watched.forget_calls()
    run_everything(till, watched)
    assert till.state() == settled
    assert till.moved() == ["99.00"]
    assert posts(watched) == 0


def test_a_refund_granted_and_paid_since_the_backup_counts_as_given_back(
    shop: Shop, safe: Safe
) -> None:
    """The database knows nothing of it any more: the store does."""
    order = shop.record(shop.sell("LIC-1")["id"])
    safe.save()
    till = Till(shop, shop.edges, order, building.grant(shop.edges, order))
    pay(till)
    assert len(till.moved()) == 1
    shop.clock.move(hours=6)
    safe.bring_back()
    assert refunds_here(shop.edges) == []
    watched = Reconciled(shop)
    run_everything(till, watched)
    assert [kind for kind, _ in watched.raised()] == ["refund_not_ours"]
    assert len(till.moved()) == 1
    with pytest.raises(building.granting.NothingLeftToRefund):
        building.grant(shop.edges, shop.record(order.woo_order_id))
    assert watched.books_hold()


def test_a_refund_that_gets_the_number_of_a_lost_one_is_not_taken_for_it(
    shop: Shop, safe: Safe
) -> None:
    """A gateway that honours keys would answer it with the lost one's outcome and pay nothing."""
    first, second = (shop.record(shop.sell("LIC-1")["id"]) for _ in range(2))
    safe.save()
    lost = Till(shop, shop.edges, first, building.grant(shop.edges, first))
    pay(lost)
    safe.bring_back()
    watched = Reconciled(shop)
    run_everything(lost, watched)
    till = Till(shop, shop.edges, second, building.grant(shop.edges, second))
    assert till.refund.id == lost.refund.id
    run_everything(till, watched)
    assert till.state() == State.PAID
    rows = shop.sandbox.documents.list("refund")
    keys = [meta["value"] for row in rows for meta in row["meta_data"]]
    assert len(set(keys)) == len(keys) == 2


def test_what_the_backup_lost_of_the_audit_log_is_said_and_the_log_is_whole(
    till: Till, safe: Safe, watched: Reconciled
) -> None:
    safe.save()
    pay(till)
    audit.keep_head(till.edges)
    lost = list(audit.kept_heads(till.edges))[-1]
    till.shop.clock.move(hours=1)
    assert safe.bring_back().lost == lost
    run_everything(till, watched, minutes=5)
    assert audit.verify(till.edges) > 0


def test_a_restore_can_be_marked_only_while_nobody_leads(edges: Edges) -> None:
    assert schedule.lead(edges, "here")
    with pytest.raises(backup.DeskStillRunning):
        backup.mark(edges)
    schedule.stop_leading(edges, "here")
    assert backup.mark(edges).stores == 0
