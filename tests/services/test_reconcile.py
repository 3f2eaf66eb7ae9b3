"""What a store changed is known here within minutes, whatever became of its deliveries."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from refunddesk.db import sweeps
from refunddesk.db.sweeps import Kind
from refunddesk.jobnames import LIMITS, JobName, QueueName
from refunddesk.sandbox.faults import Mode
from refunddesk.sandbox.statuses import delete_order, trash_order
from refunddesk.sandbox.store import StoreSettings
from refunddesk.services import reconcile
from refunddesk.woocommerce.client import PER_PAGE
from tests.selling import Shop
from tests.services.reconciling import Reconciled


@pytest.fixture
def reconciled(shop: Shop) -> Reconciled:
    return Reconciled(shop)


# ---------------------------------------------------------------- what changed lately


def test_an_order_that_no_delivery_told_of_is_found_by_asking(reconciled: Reconciled) -> None:
    sold = reconciled.shop.sell("LIC-1")
    reconciled.poll()
    assert reconciled.differing() == []
    assert reconciled.fetched() == {sold["id"]: 1}


def test_a_refund_that_no_delivery_told_of_is_found_and_booked(reconciled: Reconciled) -> None:
    sold = reconciled.shop.sell("LIC-1")
    reconciled.poll()
    reconciled.refund_elsewhere(sold["id"], "10.00")
    reconciled.poll()
    assert reconciled.differing() == []
    order = reconciled.shop.find(sold["id"])
    assert order is not None
    assert reconciled.shop.books(order)["given_back"] == "10.00"


def test_an_order_that_a_delivery_brought_is_not_asked_for_again(reconciled: Reconciled) -> None:
    sold = reconciled.shop.sell("LIC-1")
    reconciled.shop.record(sold["id"])
    for _ in range(3):
        reconciled.poll()
    assert reconciled.fetched() == {sold["id"]: 1}


def test_what_cannot_be_recorded_is_asked_for_once_and_not_every_two_minutes(
    reconciled: Reconciled,
) -> None:
    (woo_order_id,) = reconciled.stock(1)
    reconciled.edit(woo_order_id, currency="")
    for _ in range(3):
        reconciled.poll()
    assert reconciled.fetched() == {woo_order_id: 1}


def test_a_cart_being_filled_in_is_not_asked_for(reconciled: Reconciled) -> None:
    (woo_order_id,) = reconciled.stock(1)
    reconciled.edit(woo_order_id, status="checkout-draft")
    reconciled.poll()
    assert reconciled.fetched() == {}


def test_an_order_back_from_the_trash_is_looked_at(reconciled: Reconciled) -> None:
    sold = reconciled.shop.sell("LIC-1")
    trash_order(reconciled.shop.sandbox, sold["id"])
    assert reconciled.shop.record(sold["id"]).gone_at is not None
    reconciled.edit(sold["id"], status="completed")
    reconciled.poll()
    order = reconciled.shop.find(sold["id"])
    assert order is not None
    assert order.gone_at is None


# ---------------------------------------------------------------- pages


def test_a_store_with_more_orders_than_a_page_is_read_to_its_end(reconciled: Reconciled) -> None:
    made = reconciled.stock(2 * PER_PAGE + 10)
    reconciled.sweep()
    assert reconciled.promised() == made


def _leave(reconciled: Reconciled, ids: list[int]) -> None:
    for woo_order_id in ids:
        trash_order(reconciled.shop.sandbox, woo_order_id)


@pytest.mark.parametrize("leaving", [1, 3, PER_PAGE], ids=["one", "three", "a page of them"])
def test_orders_that_leave_the_list_while_it_is_read_hide_no_other(
    reconciled: Reconciled, leaving: int
) -> None:
    made = reconciled.stock(2 * PER_PAGE + 10)
    reconciled.faults.meanwhile(
        "orders",
        lambda: None,  # which change is the newest
        lambda: None,  # the first page
        lambda: _leave(reconciled, made[:leaving]),
    )
    reconciled.sweep()
    assert set(made[leaving:]) <= set(reconciled.promised())


def test_an_order_that_changes_while_the_list_is_read_hides_no_other_and_is_read_again(
    reconciled: Reconciled,
) -> None:
    made = reconciled.stock(PER_PAGE + 10)
    begun = reconciled.shop.clock()
    reconciled.faults.meanwhile(
        "orders",
        lambda: None,
        lambda: None,
        lambda: reconciled.change(made[0], customer_note="please hurry"),
    )
    reconciled.sweep()
    assert reconciled.promised() == made
    assert reconciled.state().watermark == begun < reconciled.shop.clock()


def test_two_workers_that_read_the_same_page_promise_each_order_once(
    reconciled: Reconciled,
) -> None:
    made = reconciled.stock(5)
    edges, store_id = reconciled.shop.edges, reconciled.shop.store_id
    reconciled.faults.meanwhile(
        "orders",
        lambda: None,
        lambda: reconcile.sweep_store(edges, Kind.CHANGES, store_id),
    )
    reconcile.sweep_store(edges, Kind.CHANGES, store_id)
    assert reconciled.promised() == made
    assert reconciled.keep_promises(JobName.RECORD_ORDER) == len(made)
    assert set(reconciled.fetched().values()) == {1}


def test_a_worker_that_was_overtaken_moves_no_newer_pass_along(reconciled: Reconciled) -> None:
    (earlier,) = reconciled.stock(1)
    begun = reconciled.shop.clock()
    reconciled.poll(hours=1)
    reconciled.shop.sell("LIC-1")
    reconciled.poll()
    changed_at = begun + timedelta(minutes=5)
    reconciled.edit(earlier, date_modified_gmt=f"{changed_at:%Y-%m-%dT%H:%M:%S}")
    edges, store_id = reconciled.shop.edges, reconciled.shop.store_id

    def overtake() -> None:
        reconcile.sweep_store(edges, Kind.CHANGES, store_id)
        with edges.database.write() as transaction:
            sweeps.begin_pass(
                transaction,
                store_id,
                Kind.CHANGES,
                since=begun,
                next_watermark=reconciled.shop.clock(),
                now=reconciled.shop.clock(),
            )

    reconciled.faults.meanwhile("orders", lambda: None, overtake)
    reconcile.sweep_store(edges, Kind.CHANGES, store_id)
    assert reconciled.promised() == [earlier]


class Killed(BaseException):
    """The process ends here; nothing of its memory is left."""


def _kill_at_commit(reconciled: Reconciled, number: int, monkeypatch: Any) -> Callable[[], bool]:
    """Kill at one moment before or after a commit; tells afterwards whether it was reached."""
    dialect = reconciled.shop.edges.database.engine.dialect
    commit, passed = dialect.do_commit, []

    def pass_by() -> None:
        passed.append(True)
        if len(passed) == number:
            raise Killed

    def killing(connection: Any) -> None:
        pass_by()
        commit(connection)
        pass_by()

    monkeypatch.setattr(dialect, "do_commit", killing)
    return lambda: len(passed) >= number


def test_killed_before_or_after_any_commit_a_pass_goes_on_and_misses_nothing(
    reconciled: Reconciled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass of three pages with everything that it commits, killed at each moment in turn."""
    last, number, was_killed = 5000, 1, True
    while was_killed:
        made = reconciled.stock(30, last + 1)
        last = made[-1]
        with monkeypatch.context() as patch:
            reached = _kill_at_commit(reconciled, number, patch)
            with suppress(Killed):
                reconciled.sweep(Kind.ORDERS)
            was_killed = reached()
        reconciled.shop.clock.move(minutes=2)  # the claim of the killed run has lapsed
        reconciled.sweep(Kind.ORDERS)
        assert set(made) <= set(reconciled.promised()), f"killed at moment {number}"
        for woo_order_id in made:
            reconciled.shop.sandbox.documents.delete("order", woo_order_id)
        number += 1
    assert number > 10


# ---------------------------------------------------------------- clocks


@pytest.mark.parametrize("ahead", [-1, 1], ids=["an hour behind", "an hour ahead"])
def test_a_store_whose_clock_is_wrong_hides_nothing(reconciled: Reconciled, ahead: int) -> None:
    reconciled.set_store_clock(hours=ahead)
    for _ in range(3):
        reconciled.shop.sell("LIC-1")
        reconciled.poll()
        assert reconciled.differing() == []
    assert set(reconciled.fetched().values()) == {1}


def test_a_store_whose_clock_was_ahead_and_is_right_again_hides_nothing(
    reconciled: Reconciled,
) -> None:
    reconciled.set_store_clock(hours=1)
    reconciled.shop.sell("LIC-1")
    reconciled.poll()
    reconciled.set_store_clock(hours=0)
    reconciled.shop.sell("LIC-1")
    reconciled.poll()
    assert reconciled.differing() == []


def test_an_order_dated_next_year_hides_nothing(reconciled: Reconciled) -> None:
    (woo_order_id,) = reconciled.stock(1)
    reconciled.edit(woo_order_id, date_modified_gmt="2027-01-01T00:00:00")
    reconciled.poll()
    reconciled.shop.sell("LIC-1")
    reconciled.poll()
    assert reconciled.differing() == []


def test_what_a_clock_set_back_has_hidden_is_found_within_the_hour(reconciled: Reconciled) -> None:
    reconciled.shop.sell("LIC-1")
    reconciled.poll()
    reconciled.set_store_clock(hours=-1)
    hidden = reconciled.shop.sell("LIC-1")
    reconciled.poll()
    assert reconciled.differing() == [hidden["id"]]
    reconciled.sweep(Kind.LATE_CHANGES)
    reconciled.keep_promises()
    assert reconciled.differing() == []


@pytest.mark.parametrize(
    ("zone", "begins_at"),
    [
        pytest.param(
            "America/New_York",
            datetime(2026, 3, 8, 6, 58, tzinfo=UTC),
            id="when New York's clocks go forward",
        ),
        pytest.param(
            "America/New_York",
            datetime(2026, 11, 1, 5, 58, tzinfo=UTC),
            id="when New York's clocks go back",
        ),
        pytest.param(
            "Europe/Berlin",
            datetime(2026, 10, 25, 0, 58, tzinfo=UTC),
            id="when Berlin's clocks go back",
        ),
        pytest.param(
            "Pacific/Auckland",
            datetime(2026, 12, 31, 10, 58, tzinfo=UTC),
            id="when the year ends in Auckland",
        ),
    ],
)
def test_a_store_in_another_zone_hides_nothing(
    reconciled: Reconciled, zone: str, begins_at: datetime
) -> None:
    reconciled.shop.clock.at = begins_at
    reconciled.shop.sandbox.settings = StoreSettings(timezone=zone)
    for _ in range(3):
        reconciled.shop.sell("LIC-1")
        reconciled.poll()
        assert reconciled.differing() == []


# ---------------------------------------------------------------- everything, once a night


def test_a_change_that_moved_no_date_is_found_in_the_night(reconciled: Reconciled) -> None:
    made = reconciled.stock(30)
    reconciled.poll()
    reconciled.edit(made[20], total="77.00")
    reconciled.poll()
    assert reconciled.differing() == [made[20]]
    reconciled.forget_calls()
    reconciled.sweep(Kind.ORDERS)
    reconciled.keep_promises()
    assert reconciled.differing() == []
    assert reconciled.fetched() == {made[20]: 1}


@pytest.mark.parametrize("take_away", [delete_order, trash_order], ids=["deleted", "in the trash"])
def test_an_order_that_nobody_says_is_gone_is_found_gone_in_the_night(
    reconciled: Reconciled, take_away: Callable[[Any, int], None]
) -> None:
    gone, stays = reconciled.stock(2)
    reconciled.poll()
    take_away(reconciled.shop.sandbox, gone)
    reconciled.poll(hours=20)
    reconciled.sweep(Kind.ORDERS)
    reconciled.keep_promises()
    orders = [reconciled.shop.find(woo_order_id) for woo_order_id in (gone, stays)]
    assert [order is not None and order.gone_at is not None for order in orders] == [True, False]
    reconciled.forget_calls()
    reconciled.sweep(Kind.ORDERS)
    assert reconciled.promised() == []


def test_an_order_older_than_any_refund_is_not_asked_for(reconciled: Reconciled) -> None:
    (old,) = reconciled.stock(1)
    reconciled.shop.clock.move(days=401)
    new = reconciled.shop.sell("LIC-1")
    reconciled.sweep(Kind.ORDERS)
    assert reconciled.promised() == [new["id"]]
    assert old not in reconciled.promised()


# ---------------------------------------------------------------- after an outage


def test_what_failed_while_the_store_was_down_is_tried_as_soon_as_it_is_back(
    reconciled: Reconciled,
) -> None:
    shop = reconciled.shop
    reconciled.poll()
    sold = shop.sell("LIC-1")
    reconciled.sweep()
    reconciled.faults.arm(Mode.TOO_MANY, times=None)
    begun = shop.clock()
    while shop.clock() < begun + timedelta(hours=5):
        reconciled.poll(minutes=10)  # each look at the order fails, with ever longer pauses
    reconciled.faults.clear()
    reconciled.poll()
    assert reconciled.differing() == []
    assert reconciled.fetched()[sold["id"]] < 20


def test_a_pass_that_the_store_cuts_off_stays_where_it_was(reconciled: Reconciled) -> None:
    made = reconciled.stock(PER_PAGE + 10)
    reconciled.faults.meanwhile(
        "orders",
        lambda: None,
        lambda: None,
        lambda: reconciled.faults.arm(Mode.TOO_MANY, times=None),
    )
    reconciled.sweep()
    assert reconciled.state().position == PER_PAGE
    reconciled.faults.clear()
    reconciled.shop.clock.move(minutes=2)
    reconciled.sweep()
    assert reconciled.promised() == made


def test_the_sweeps_go_with_the_money_and_not_behind_the_orders_they_find() -> None:
    assert LIMITS[JobName.SWEEP_STORE].queue is QueueName.MONEY
    assert LIMITS[JobName.RECORD_ORDER].queue is QueueName.DESK
