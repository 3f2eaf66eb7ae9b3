"""After anything may have been missed no money leaves until the store was looked through once."""

from __future__ import annotations

import pytest

from refunddesk.db import outbox
from refunddesk.db.refunds import State
from refunddesk.db.sweeps import Kind
from refunddesk.jobnames import JobName
from refunddesk.sandbox.faults import Mode
from refunddesk.services import payments, reconcile, stores, watch
from refunddesk.services.payment_blocks import block_all_payments
from tests.services.paying import Till
from tests.services.reconciling import Reconciled


@pytest.fixture
def reconciled(till: Till) -> Reconciled:
    """A shop with a refund that is due, watched from now on."""
    watch.keep_watch(till.edges)
    return Reconciled(till.shop)


def test_the_dispatcher_may_be_away_for_ten_minutes(reconciled: Reconciled, till: Till) -> None:
    reconciled.shop.clock.move(minutes=10)
    watch.keep_watch(till.edges)
    assert reconciled.blocked_because() is None
    payments.pay_refund(till.edges, till.refund.id)
    assert till.state() == State.PAID


def test_a_second_longer_and_payments_wait_for_the_store_to_be_read(
    reconciled: Reconciled, till: Till
) -> None:
    reconciled.shop.clock.move(minutes=10, seconds=1)
    watch.keep_watch(till.edges)
    assert reconciled.blocked_because() == "nobody led the work from 2026-03-02 10:00 UTC on"
    assert payments.pay_refund(till.edges, till.refund.id) is not None
    assert till.state() == State.DUE
    reconciled.keep_promises(JobName.SWEEP_STORE)
    assert reconciled.blocked_because() is None
    reconciled.keep_promises()
    assert till.state() == State.PAID
    assert till.moved() == ["99.00"]


def test_a_worker_awake_before_the_dispatcher_pays_nothing(
    reconciled: Reconciled, till: Till
) -> None:
    reconciled.shop.clock.move(minutes=10, seconds=1)
    assert payments.pay_refund(till.edges, till.refund.id) is not None
    assert till.state() == State.DUE
    assert till.moved() == []


@pytest.mark.parametrize(
    ("first", "second"),
    [(Kind.CHANGES, Kind.REFUNDS), (Kind.REFUNDS, Kind.CHANGES)],
    ids=["orders before refunds", "refunds before orders"],
)
def test_both_the_orders_and_the_refunds_must_have_been_read(
    reconciled: Reconciled, till: Till, first: Kind, second: Kind
) -> None:
    block_all_payments(till.edges, "the server was restored from a backup")
    reconcile.sweep_store(till.edges, first, till.shop.store_id)
    assert reconciled.blocked_because() == "the server was restored from a backup"
    reconcile.sweep_store(till.edges, second, till.shop.store_id)
    assert reconciled.blocked_because() is None


def test_a_pass_that_began_before_the_gap_does_not_count(
    reconciled: Reconciled, till: Till
) -> None:
    def restore() -> None:
        reconciled.shop.clock.move(seconds=1)
        block_all_payments(till.edges, "the server was restored from a backup")

    reconciled.faults.meanwhile("orders", lambda: None, restore)
    reconcile.sweep_store(till.edges, Kind.CHANGES, till.shop.store_id)
    assert reconciled.state().complete_since is not None
    reconcile.sweep_store(till.edges, Kind.REFUNDS, till.shop.store_id)
    assert reconciled.blocked_because() is not None
    reconciled.keep_promises(JobName.SWEEP_STORE)
    assert reconciled.blocked_because() is None


def test_payments_wait_as_long_as_the_store_does_not_answer(
    reconciled: Reconciled, till: Till
) -> None:
    block_all_payments(till.edges, "the server was restored from a backup")
    reconciled.faults.arm(Mode.TOO_MANY, times=None)
    for _ in range(6):
        reconciled.poll()
        watch.keep_watch(till.edges)
    assert till.state() == State.DUE
    reconciled.faults.clear()
    reconciled.poll()
    assert till.state() == State.PAID


def test_after_a_new_secret_payments_wait_until_the_store_was_read(
    reconciled: Reconciled, till: Till
) -> None:
    stores.add_endpoint(till.edges, till.shop.store_id, "order.updated")
    assert reconciled.blocked_because() is None
    stores.rotate_endpoint(till.edges, till.shop.store_id, "order.updated")
    assert reconciled.blocked_because() == "the secret for order.updated was changed"
    reconciled.keep_promises(JobName.SWEEP_STORE)
    assert reconciled.blocked_because() is None


def test_what_the_owner_holds_stays_held_when_the_store_was_read(
    reconciled: Reconciled, till: Till
) -> None:
    stores.hold_payments(till.edges, till.shop.store_id, "the accountant asks")
    block_all_payments(till.edges, "the server was restored from a backup")
    reconciled.keep_promises()
    assert reconciled.blocked_because() is None
    assert till.state() == State.DUE
    stores.release_payments(till.edges, till.shop.store_id, "answered")
    reconciled.shop.clock.move(minutes=5)
    watch.keep_watch(till.edges)
    reconciled.keep_promises()
    assert till.state() == State.PAID


def test_a_refund_paid_before_the_restored_backup_is_found_and_not_paid_again(
    reconciled: Reconciled, till: Till
) -> None:
    """The backup knows the refund as due; the store shows that it was sent since."""
    with till.shop.edges.database.read() as transaction:
        due = [row.id for row in outbox.list_open(transaction) if row.job is JobName.PAY_REFUND]
    assert len(due) == 1
    call = payments.Payment(
        till.refund,
        till.order,
        stores.get_store(till.edges, till.shop.store_id),
        till.order.snapshot_sha,
    ).call
    with stores.open_client(till.edges, till.shop.store_id) as client:
        payments.post_refund(client, call)
    block_all_payments(till.edges, "the server was restored from a backup")
    for _ in range(4):
        reconciled.poll(minutes=5)
        watch.keep_watch(till.edges)
    assert till.state() == State.PAID
    assert till.moved() == ["99.00"]
