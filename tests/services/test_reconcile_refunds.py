"""Every refund of a store is a refund of ours or one made elsewhere, and the other way round."""

from __future__ import annotations

import pytest

from refunddesk.db import requests, store_refunds
from refunddesk.db.refunds import State
from refunddesk.db.staff import Role
from refunddesk.db.store_refunds import StoreRefund
from refunddesk.db.sweeps import Kind
from refunddesk.jobnames import JobName
from refunddesk.sandbox.faults import Mode
from refunddesk.sandbox.refund_rows import new_row, save_row
from refunddesk.services import alarms, payments, watch
from refunddesk.services.settling import NotAnApprover
from tests import asking, building
from tests.selling import Shop
from tests.services.paying import Till
from tests.services.reconciling import Reconciled


@pytest.fixture
def reconciled(shop: Shop) -> Reconciled:
    return Reconciled(shop)


def rows_of(shop: Shop, woo_order_id: int) -> list[StoreRefund]:
    order = shop.find(woo_order_id)
    assert order is not None
    with shop.edges.database.read() as transaction:
        return store_refunds.list_store_refunds(transaction, order.id)


def refund_behind_its_order(reconciled: Reconciled, woo_order_id: int, reason: str = "") -> int:
    """A refund row that never moved the date of its order: older versions made such. Its id."""
    sandbox = reconciled.shop.sandbox
    before = sandbox.documents.find("order", woo_order_id)
    assert before is not None
    row = new_row(sandbox, woo_order_id, "10.00", reason=reason)
    save_row(sandbox, {**row, "refunded_payment": True})
    after = sandbox.documents.find("order", woo_order_id)
    dates = {key: before[key] for key in before if key.startswith("date_modified")}
    sandbox.documents.put("order", woo_order_id, {**(after or {}), **dates})
    return int(row["id"])


def look_through(reconciled: Reconciled) -> None:
    """Half an hour later: what the rounds of an hour do."""
    reconciled.shop.clock.move(minutes=30)
    reconciled.sweep(Kind.REFUNDS)
    reconciled.sweep(Kind.CHANGES)
    reconciled.keep_promises()
    watch.keep_watch(reconciled.shop.edges)


def test_a_refund_that_moved_no_date_is_found_within_the_hour(reconciled: Reconciled) -> None:
    sold = reconciled.shop.sell("LIC-1")
    reconciled.poll()
    refund_behind_its_order(reconciled, sold["id"])
    reconciled.poll()
    assert rows_of(reconciled.shop, sold["id"]) == []
    look_through(reconciled)
    assert [str(row.amount) for row in rows_of(reconciled.shop, sold["id"])] == ["10.00"]
    assert reconciled.books_hold()
    assert reconciled.raised() == []


def test_a_refund_that_is_known_is_not_asked_for_again(reconciled: Reconciled) -> None:
    sold = reconciled.shop.sell("LIC-1")
    reconciled.refund_elsewhere(sold["id"], "10.00")
    reconciled.poll()
    reconciled.forget_calls()
    look_through(reconciled)
    assert reconciled.fetched() == {}


def test_a_store_older_than_the_list_of_refunds_is_asked_order_by_order(
    reconciled: Reconciled,
) -> None:
    asked_about, other = (reconciled.shop.sell("LIC-1") for _ in range(2))
    reconciled.poll()
    order = reconciled.shop.find(asked_about["id"])
    assert order is not None
    asking.ask(reconciled.shop.edges, order)
    reconciled.faults.missing_routes.add("refunds")
    refund_behind_its_order(reconciled, asked_about["id"])
    reconciled.forget_calls()
    look_through(reconciled)
    assert len(rows_of(reconciled.shop, asked_about["id"])) == 1
    assert set(reconciled.fetched()) == {asked_about["id"]}
    assert other["id"] not in reconciled.fetched()


def test_a_refund_made_elsewhere_has_the_open_request_judged_again(reconciled: Reconciled) -> None:
    sold = reconciled.shop.sell("LIC-1")
    reconciled.poll()
    order = reconciled.shop.find(sold["id"])
    assert order is not None
    request_id = asking.ask(reconciled.shop.edges, order)
    reconciled.keep_promises()
    with reconciled.shop.edges.database.write() as transaction:
        waiting = requests.get_request(transaction, request_id)
        requests.change_state(transaction, waiting, "in_review")
    refund_behind_its_order(reconciled, sold["id"])
    reconciled.shop.clock.move(minutes=30)
    reconciled.sweep(Kind.REFUNDS)
    reconciled.keep_promises(JobName.RECORD_ORDER)
    assert reconciled.promised(JobName.JUDGE_REQUEST) == [request_id]


def test_a_row_deleted_after_it_was_paid_is_told_until_a_person_settles_it(till: Till) -> None:
    reconciled = Reconciled(till.shop)
    payments.pay_refund(till.edges, till.refund.id)
    look_through(reconciled)
    (row,) = rows_of(till.shop, till.order.woo_order_id)
    assert reconciled.raised() == []
    till.shop.sandbox.documents.delete("refund", row.woo_refund_id)
    look_through(reconciled)
    about = f"store_refund:{row.woo_refund_id}"
    assert reconciled.raised() == [("refund_row_gone", about)]
    assert till.state() == State.PAID
    (alarm,) = alarms.list_raised(till.edges)
    people = (("olga@store.test", Role.APPROVER), ("sam@store.test", Role.SUPPORT))
    building.add_staff(till.edges, *people)
    with pytest.raises(NotAnApprover):
        alarms.settle(till.edges, alarm.id, because="it is fine", by="sam@store.test")
    alarms.settle(till.edges, alarm.id, because="asked the gateway", by="olga@store.test")
    look_through(reconciled)
    assert reconciled.raised() == []


def test_a_marker_that_no_refund_here_bears_is_told_and_counts_as_given_back(
    reconciled: Reconciled,
) -> None:
    sold = reconciled.shop.sell("LIC-1")
    reconciled.poll()
    woo_refund_id = refund_behind_its_order(reconciled, sold["id"], "RD-7F3K2QXM refund")
    look_through(reconciled)
    assert reconciled.raised() == [("refund_not_ours", f"store_refund:{woo_refund_id}")]
    order = reconciled.shop.find(sold["id"])
    assert order is not None
    assert reconciled.shop.books(order)["given_back"] == "10.00"


def test_two_rows_of_one_refund_are_told(till: Till) -> None:
    reconciled = Reconciled(till.shop)
    payments.pay_refund(till.edges, till.refund.id)
    refund_behind_its_order(reconciled, till.order.woo_order_id, f"{till.refund.marker} refund")
    look_through(reconciled)
    kinds = [kind for kind, _ in reconciled.raised()]
    assert kinds == ["refund_twice_in_store"] * 2


def test_a_row_that_comes_after_weeks_settles_the_refund_that_waits_for_a_person(
    till: Till,
) -> None:
    reconciled = Reconciled(till.shop)
    till.shop.sandbox.faults.arm(Mode.BAD_GATEWAY, method="POST")
    payments.pay_refund(till.edges, till.refund.id)
    for _ in range(40):  # every look of a week, and then some
        till.shop.clock.move(hours=12)
        reconciled.keep_promises()
    assert till.state() == State.NEEDS_REVIEW
    assert JobName.RESOLVE_REFUND not in till.promised()
    sandbox = till.shop.sandbox
    row = new_row(sandbox, till.order.woo_order_id, "99.00", reason=f"{till.refund.marker} refund")
    save_row(sandbox, {**row, "refunded_payment": True})
    look_through(reconciled)
    assert till.state() == State.PAID
    assert reconciled.raised() == []
