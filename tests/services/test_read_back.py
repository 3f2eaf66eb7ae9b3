"""Reading back: what the store shows settles an unknown refund, and nothing is sent again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from refunddesk.db.refunds import State
from refunddesk.db.staff import Role
from refunddesk.jobnames import JobName
from refunddesk.sandbox.faults import Mode
from refunddesk.services.bookkeeping import find_wrong_books
from refunddesk.services.payments import pay_refund
from refunddesk.services.read_back import LOOKS, next_look_at, resolve_refund
from refunddesk.services.settling import RefundStillInStore, Verdict, settle_refund
from refunddesk.woocommerce.client import StoreCallFailed
from tests import building
from tests.services.paying import DUE, PAID, Till

REFUNDS = "/refunds"
MINUTE = timedelta(minutes=1)


def _lose_answer(till: Till, mode: Mode, *, seconds: float = 0.0) -> None:
    in_front = mode in (Mode.CLOSES_AFTER, Mode.CLOSES_BEFORE)
    till.shop.sandbox.faults.arm(
        mode, seconds=seconds, method="POST" if in_front else "", path_part=REFUNDS
    )
    pay_refund(till.edges, till.refund.id)
    assert till.state() == State.UNKNOWN


def _look_after(till: Till, since_unknown: timedelta) -> None:
    till.shop.clock.at = till.edges.clock() + since_unknown
    resolve_refund(till.edges, till.refund.id)


def test_a_paid_row_settles_it_at_the_first_look(till: Till) -> None:
    _lose_answer(till, Mode.CLOSES_AFTER)
    till.shop.clock.move(seconds=10)
    assert resolve_refund(till.edges, till.refund.id) is None
    assert (till.state(), till.moved(), till.balances()) == (State.PAID, ["99.00"], PAID)
    (row,) = till.shop.sandbox.documents.list("refund")
    assert till.now().woo_refund_id == row["id"]


@pytest.mark.parametrize(
    ("mode", "moved"),
    [
        pytest.param(Mode.CLOSES_BEFORE, [], id="no row"),
        pytest.param(Mode.THROWS_AFTER_MONEY, ["99.00"], id="the row went, the money too"),
        pytest.param(Mode.DIES_AFTER_MONEY, ["99.00"], id="a row that was never paid"),
    ],
)
def test_nothing_is_concluded_in_the_first_quarter_of_an_hour_and_a_person_asked_then(
    till: Till, mode: Mode, moved: list[str]
) -> None:
    _lose_answer(till, mode)
    unknown_since = till.edges.clock()
    till.shop.clock.at = unknown_since + 15 * MINUTE - timedelta(seconds=1)
    resolve_refund(till.edges, till.refund.id)
    assert till.state() == State.UNKNOWN
    till.shop.clock.at = unknown_since + 15 * MINUTE
    resolve_refund(till.edges, till.refund.id)
    assert (till.state(), till.moved(), till.balances()) == (State.NEEDS_REVIEW, moved, DUE)
    evidence = till.evidence("refund_needs_review")
    assert evidence["seconds_unknown"] == 900
    assert evidence["look"] == till.now().looks == 2
    assert len(evidence["store_refunds"]) == (1 if mode == Mode.DIES_AFTER_MONEY else 0)


def test_a_row_that_becomes_paid_late_settles_it_even_while_a_person_is_asked(
    till: Till,
) -> None:
    _lose_answer(till, Mode.DIES_AFTER_MONEY)
    till.shop.clock.move(minutes=15)
    resolve_refund(till.edges, till.refund.id)
    assert till.state() == State.NEEDS_REVIEW
    (row,) = till.shop.sandbox.documents.list("refund")
    row["refunded_payment"] = True
    till.shop.sandbox.documents.put("refund", row["id"], row, till.order.woo_order_id)
    till.shop.clock.move(hours=1)
    assert resolve_refund(till.edges, till.refund.id) is None
    assert (till.state(), till.balances()) == (State.PAID, PAID)


def test_a_row_of_another_amount_is_shown_to_a_person_at_once(till: Till) -> None:
    _lose_answer(till, Mode.CLOSES_AFTER)
    (row,) = till.shop.sandbox.documents.list("refund")
    row["amount"] = row["_sandbox"]["sent"] = "98.00"
    till.shop.sandbox.documents.put("refund", row["id"], row, till.order.woo_order_id)
    till.shop.clock.move(seconds=10)
    resolve_refund(till.edges, till.refund.id)
    assert till.state() == State.NEEDS_REVIEW
    assert "98.00" in (till.now().last_error or "")


def test_two_rows_with_one_marker_are_shown_to_a_person_at_once(till: Till) -> None:
    _lose_answer(till, Mode.CLOSES_AFTER)
    (row,) = till.shop.sandbox.documents.list("refund")
    till.shop.sandbox.documents.put(
        "refund", row["id"] + 1, {**row, "id": row["id"] + 1}, till.order.woo_order_id
    )
    till.shop.clock.move(seconds=10)
    resolve_refund(till.edges, till.refund.id)
    assert till.state() == State.NEEDS_REVIEW
    assert len(till.evidence("refund_needs_review")["store_refunds"]) == 2


def test_a_store_that_does_not_answer_says_nothing_about_the_money(till: Till) -> None:
    _lose_answer(till, Mode.CLOSES_AFTER)
    till.shop.sandbox.faults.arm(Mode.MAINTENANCE, times=None, method="GET")
    till.shop.clock.move(minutes=20)
    with pytest.raises(StoreCallFailed):
        resolve_refund(till.edges, till.refund.id)
    assert till.state() == State.UNKNOWN
    till.shop.sandbox.faults.clear()
    resolve_refund(till.edges, till.refund.id)
    assert till.state() == State.PAID


def test_the_gateways_own_numbers_in_the_notes_are_kept_as_evidence(till: Till) -> None:
    _lose_answer(till, Mode.CLOSES_AFTER)
    till.shop.clock.move(seconds=10)
    resolve_refund(till.edges, till.refund.id)
    (reference,) = till.evidence("refund_paid")["gateway_references"]
    assert reference.startswith("re_")


def test_the_store_is_looked_at_ever_more_rarely_for_a_week(till: Till) -> None:
    since = till.edges.clock()
    looks, at = [], next_look_at(since, since)
    while at:
        looks.append(at - since)
        at = next_look_at(since, at)
    assert tuple(looks) == LOOKS
    assert looks[0] == timedelta(seconds=10)
    assert looks[-1] == timedelta(days=7)


def test_by_itself_an_unknown_refund_is_settled_without_anybody_ringing_twice(till: Till) -> None:
    _lose_answer(till, Mode.CLOSES_AFTER)
    till.shop.work()
    assert till.state() == State.UNKNOWN
    till.shop.clock.move(seconds=10)
    till.shop.work()
    assert (till.state(), till.moved()) == (State.PAID, ["99.00"])
    assert JobName.RESOLVE_REFUND not in till.promised()
    assert find_wrong_books(till.edges) is None


def test_a_refund_given_up_by_a_person_and_paid_after_all_is_found(till: Till) -> None:
    building.add_staff(till.edges, ("ada@example.test", building.Role.OWNER))
    _lose_answer(till, Mode.DIES_AFTER_MONEY)
    till.shop.clock.move(minutes=15)
    resolve_refund(till.edges, till.refund.id)
    settle_refund(
        till.edges,
        till.refund.id,
        Verdict.NOT_PAID,
        token=till.token(),
        by="ada@example.test",
        because="the bank knows nothing of it",
    )
    assert (till.state(), till.balances()) == (State.FAILED, {})
    (row,) = till.shop.sandbox.documents.list("refund")
    row["refunded_payment"] = True
    till.shop.sandbox.documents.put("refund", row["id"], row, till.order.woo_order_id)
    till.shop.clock.move(hours=1)
    till.shop.work()
    assert (till.state(), till.balances()) == (State.PAID, PAID)
    assert find_wrong_books(till.edges) is None


def _make_unreadable(till: Till) -> None:
    (row,) = till.shop.sandbox.documents.list("refund")
    till.shop.sandbox.put_object("refund", {**row, "amount": "1,50", "total": None})


def test_a_row_that_cannot_be_read_is_left_to_a_person_and_never_paid_again(till: Till) -> None:
    building.add_staff(till.edges, ("ada@example.test", Role.OWNER))
    _lose_answer(till, Mode.DIES_AFTER_MONEY)
    _make_unreadable(till)
    _look_after(till, 16 * MINUTE)
    assert till.state() == State.NEEDS_REVIEW
    assert "cannot be read" in till.evidence("refund_needs_review")["because"]
    with pytest.raises(RefundStillInStore, match="cannot be read"):
        settle_refund(
            till.edges,
            till.refund.id,
            Verdict.PAY_AGAIN,
            token=till.token(),
            by="ada@example.test",
            because="no row",
        )
    settle_refund(
        till.edges,
        till.refund.id,
        Verdict.PAID,
        token=till.token(),
        by="ada@example.test",
        because="it was",
    )
    assert (till.state(), till.moved()) == (State.PAID, ["99.00"])
