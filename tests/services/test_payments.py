"""Paying exactly once: the look before, the one call, and every answer the store can give."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from refunddesk.db import outbox, refunds, tables
from refunddesk.db.refunds import State
from refunddesk.jobnames import JobName
from refunddesk.sandbox.faults import Mode
from refunddesk.services import payments
from refunddesk.services.payments import RefundNotSent, pay_refund
from refunddesk.services.read_back import resolve_refund, sweep_refunds
from refunddesk.woocommerce.client import StoreAccess, StoreCallFailed, StoreClient
from refunddesk.woocommerce.transport import Waits
from tests import building
from tests.services.answering import answering, deaf_after_reading, pay_behind, with_keys
from tests.services.paying import DROPPED, DUE, PAID, Till

REFUNDS = "/refunds"


# ---------------------------------------------------------------- it goes well


def test_a_due_refund_is_paid_once_and_everybody_knows(till: Till) -> None:
    assert pay_refund(till.edges, till.refund.id) is None
    paid = till.now()
    assert (paid.state, paid.attempt, paid.settled_at) == (State.PAID, 1, till.edges.clock())
    assert till.moved() == ["99.00"]
    assert till.balances() == PAID
    assert till.deeds() == ["refund_granted", "refund_sending", "refund_paid"]
    assert JobName.RECORD_ORDER in till.promised()


def test_the_store_is_told_the_exact_amount_line_and_marker(till: Till) -> None:
    pay_refund(till.edges, till.refund.id)
    (row,) = till.shop.sandbox.documents.list("refund")
    assert row["id"] == till.now().woo_refund_id
    assert row["amount"] == "99.00"
    assert row["reason"].startswith(till.refund.marker)
    assert [line["total"] for line in row["line_items"]] == ["-99.00"]
    (movement,) = till.shop.sandbox.gateway.movements
    assert movement.reason.startswith(till.refund.marker)


def test_paying_again_what_is_paid_does_nothing(till: Till) -> None:
    pay_refund(till.edges, till.refund.id)
    assert pay_refund(till.edges, till.refund.id) is None
    assert till.moved() == ["99.00"]
    assert till.deeds().count("refund_sending") == 1


def test_nothing_is_sent_before_the_intent_is_committed(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[State, int, bool]] = []
    real = payments.post_refund

    def watched(client: StoreClient, call: Any) -> Any:
        now = till.now()
        seen.append((now.state, now.attempt, now.lease_until is not None))
        return real(client, call)

    monkeypatch.setattr(payments, "post_refund", watched)
    pay_refund(till.edges, till.refund.id)
    assert seen == [(State.SENDING, 1, True)]


# ---------------------------------------------------------------- the look before


def test_held_payments_wait_and_are_looked_at_again(till: Till) -> None:
    till.hold("the books are being checked")
    again_at = pay_refund(till.edges, till.refund.id)
    assert again_at is not None
    assert again_at > till.edges.clock()
    assert (till.state(), till.moved()) == (State.DUE, [])
    till.hold(None)
    pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.moved()) == (State.PAID, ["99.00"])


def test_another_refund_in_flight_on_the_order_goes_first(till: Till) -> None:
    other = building.grant(
        till.edges, till.order, {till.shop.items(till.order)[1].woo_item_id: ("1.00", "0.00")}
    )
    with till.edges.database.write() as transaction:
        sending = refunds.move(transaction, other, State.SENDING, now=till.edges.clock())
        assert sending
    assert pay_refund(till.edges, till.refund.id) == till.edges.clock() + timedelta(minutes=1)
    assert (till.state(), till.moved()) == (State.DUE, [])


def test_an_order_that_changed_since_it_was_judged_is_judged_anew(till: Till) -> None:
    shown = till.shop.shown(till.order.woo_order_id)
    till.shop.change(shown, total="500.00")
    pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.request_state(), till.moved()) == (State.FAILED, "asked", [])
    assert till.balances() == DROPPED
    assert JobName.JUDGE_REQUEST in till.promised()
    # The new judgement is made on the order as it is now, not on what was known before.
    assert str(till.shop.find(till.order.woo_order_id).total) == "500.00"  # type: ignore[union-attr]


def test_a_refund_made_by_hand_meanwhile_has_the_order_judged_anew(till: Till) -> None:
    client = till.shop.edges.connect(
        StoreAccess(
            till.shop.running.url,
            till.shop.running.consumer_key,
            till.shop.running.consumer_secret,
        )
    )
    body = {"amount": "5.00", "reason": "by hand", "api_refund": True, "api_restock": False}
    path = f"orders/{till.order.woo_order_id}/refunds"
    with client:
        client.post_once(path, body, waits=Waits(), key="by hand")
    pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.request_state()) == (State.FAILED, "asked")
    assert till.moved() == ["5.00"]


def test_an_order_gone_from_the_store_is_not_paid(till: Till) -> None:
    till.shop.sandbox.documents.delete("order", till.order.woo_order_id)
    pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.request_state(), till.moved()) == (State.FAILED, "asked", [])


@pytest.mark.parametrize("gateway", ["bacs", "a-plugin-that-is-gone"])
def test_a_gateway_that_cannot_refund_leaves_it_to_a_person(till: Till, gateway: str) -> None:
    shown = till.shop.shown(till.order.woo_order_id)
    till.shop.change(shown, payment_method=gateway)
    pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.request_state(), till.moved()) == (State.FAILED, "in_review", [])
    assert "gateway" in (till.now().last_error or "")


def test_a_marker_in_the_store_means_that_it_was_sent_before(till: Till) -> None:
    pay_refund(till.edges, till.refund.id)
    with till.edges.database.write() as transaction:  # as after restoring an older backup
        transaction.execute(
            update(tables.refunds)
            .where(tables.refunds.c.id == till.refund.id)
            .values(state="due", settled_at=None, woo_refund_id=None)
        )
    pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.moved()) == (State.UNKNOWN, ["99.00"])
    till.shop.clock.move(seconds=10)
    assert resolve_refund(till.edges, till.refund.id) is None
    assert (till.state(), till.moved()) == (State.PAID, ["99.00"])


@pytest.mark.parametrize("mode", [Mode.MAINTENANCE, Mode.BAD_GATEWAY, Mode.CLOSES_BEFORE])
def test_a_store_that_cannot_be_looked_at_is_sent_nothing(till: Till, mode: Mode) -> None:
    till.shop.sandbox.faults.arm(mode, times=None, method="GET")
    with pytest.raises(StoreCallFailed):
        pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.now().attempt, till.moved()) == (State.DUE, 0, [])


# ---------------------------------------------------------------- the answers, cell by cell


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        pytest.param(Mode.TOO_MANY, "", id="429 from the proxy"),
        pytest.param(None, "read only key", id="401 for a key that may not write"),
    ],
)
def test_what_was_not_executed_is_due_again_and_seen(
    till: Till, mode: Mode | None, message: str
) -> None:
    edges = till.edges
    if mode:
        till.shop.sandbox.faults.arm(mode, method="POST", path_part=REFUNDS)
    else:
        edges = with_keys(till, till.shop.running.read_only_key, till.shop.running.read_only_secret)
    with pytest.raises(RefundNotSent):
        pay_refund(edges, till.refund.id)
    now = till.now()
    assert (now.state, now.attempt, now.lease_until) == (State.DUE, 1, None)
    assert now.last_error
    assert (till.moved(), till.balances()) == ([], DUE)
    pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.now().attempt, till.moved()) == (State.PAID, 2, ["99.00"])


def test_a_call_that_could_not_leave_is_due_again(till: Till) -> None:
    with deaf_after_reading(till) as edges, pytest.raises(RefundNotSent):
        pay_refund(edges, till.refund.id)
    assert (till.state(), till.now().attempt, till.moved()) == (State.DUE, 1, [])


def test_an_odd_201_waits_for_a_person(till: Till) -> None:
    with answering(till, 201, {"id": 77, "amount": "99.00", "refunded_payment": False}) as edges:
        pay_refund(edges, till.refund.id)
    assert till.state() == State.NEEDS_REVIEW
    assert till.evidence("refund_needs_review")["store_refunds"] == [77]
    assert till.balances() == DUE
    assert JobName.RESOLVE_REFUND in till.promised()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "rest_invalid_param"),
        (400, "rest_invalid_json"),
        (500, "woocommerce_rest_invalid_order_id"),
    ],
)
def test_a_call_the_store_calls_wrong_failed_and_a_person_sees_it(
    till: Till, status: int, code: str
) -> None:
    with answering(till, status, {"code": code, "message": "No.", "data": status}) as edges:
        pay_refund(edges, till.refund.id)
    assert (till.state(), till.request_state()) == (State.FAILED, "in_review")
    assert (till.balances(), till.moved()) == (DROPPED, [])
    assert code in (till.now().last_error or "")


@pytest.mark.parametrize(
    "message",
    [
        "The payment gateway for this order does not exist.",
        "The payment gateway for this order does not support automatic refunds.",
    ],
)
def test_without_a_gateway_no_money_moved_and_a_person_sees_it(till: Till, message: str) -> None:
    body = {"code": "woocommerce_rest_cannot_create_order_refund", "message": message, "data": 500}
    with answering(till, 500, body) as edges:
        pay_refund(edges, till.refund.id)
    assert (till.state(), till.request_state()) == (State.FAILED, "in_review")


TOO_MUCH = {
    "code": "woocommerce_rest_cannot_create_order_refund",
    "message": "Invalid refund amount.",
    "data": 500,
}


def test_too_much_without_a_row_of_ours_is_left_to_a_person(till: Till) -> None:
    # The order is as it was judged: judged anew it would be granted and refused for ever.
    with answering(till, 500, TOO_MUCH) as edges:
        pay_refund(edges, till.refund.id)
    assert (till.state(), till.request_state()) == (State.FAILED, "in_review")
    assert (till.balances(), till.moved()) == (DROPPED, [])


def test_too_much_because_the_order_changed_just_then_is_judged_anew(till: Till) -> None:
    def change(answer: bytes) -> bytes:
        till.shop.change(till.shop.shown(till.order.woo_order_id), total="50.00")
        return answer

    with answering(till, 500, TOO_MUCH, before=change) as edges:
        pay_refund(edges, till.refund.id)
    assert (till.state(), till.request_state()) == (State.FAILED, "asked")
    assert till.moved() == []


def test_too_much_because_of_our_own_row_is_unknown(till: Till) -> None:
    def die_first(answer: bytes) -> bytes:
        # A second sender of the same call came first, and its process died after the money.
        till.shop.sandbox.faults.arm(Mode.DIES_AFTER_MONEY)
        pay_behind(till)
        return answer

    with answering(till, 500, TOO_MUCH, before=die_first) as edges:
        pay_refund(edges, till.refund.id)
    assert (till.state(), till.moved()) == (State.UNKNOWN, ["99.00"])


def test_too_much_while_the_rows_cannot_be_read_is_unknown(till: Till) -> None:
    def break_reading(answer: bytes) -> bytes:
        till.shop.sandbox.faults.arm(Mode.MAINTENANCE, times=None, method="GET")
        return answer

    with answering(till, 500, TOO_MUCH, before=break_reading) as edges:
        pay_refund(edges, till.refund.id)
    assert till.state() == State.UNKNOWN


@pytest.mark.parametrize(
    ("mode", "moved"),
    [
        pytest.param(Mode.DECLINE, [], id="the gateway declines"),
        pytest.param(Mode.RETURNS_FALSE, [], id="the gateway gives no reason"),
        pytest.param(Mode.THROWS_BEFORE_MONEY, [], id="the gateway throws before the money"),
        pytest.param(Mode.THROWS_AFTER_MONEY, ["99.00"], id="it throws after the money"),
        pytest.param(Mode.DIES_AFTER_MONEY, ["99.00"], id="PHP dies after the money"),
        pytest.param(Mode.MAINTENANCE, [], id="503 maintenance"),
        pytest.param(Mode.BAD_GATEWAY, [], id="502"),
        pytest.param(Mode.REDIRECT, [], id="a redirect"),
        pytest.param(Mode.CLOSES_BEFORE, [], id="the connection closes before"),
        pytest.param(Mode.CLOSES_AFTER, ["99.00"], id="the connection closes after"),
        pytest.param(Mode.CLOSES_MID_BODY, ["99.00"], id="half an answer"),
        pytest.param(Mode.TRAILING_GARBAGE, ["99.00"], id="a PHP notice behind the JSON"),
    ],
)
def test_any_other_answer_is_unknown_and_never_sent_again(
    till: Till, mode: Mode, moved: list[str]
) -> None:
    till.shop.sandbox.faults.arm(
        mode, method="POST" if mode not in _IN_GATEWAY else "", path_part=REFUNDS
    )
    pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.moved(), till.balances()) == (State.UNKNOWN, moved, DUE)
    assert till.now().unknown_since == till.edges.clock()
    assert JobName.RESOLVE_REFUND in till.promised()
    pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.moved()) == (State.UNKNOWN, moved)


_IN_GATEWAY = {
    Mode.DECLINE,
    Mode.RETURNS_FALSE,
    Mode.THROWS_BEFORE_MONEY,
    Mode.THROWS_AFTER_MONEY,
    Mode.DIES_AFTER_MONEY,
}


def test_a_refusal_in_another_language_proves_nothing(till: Till) -> None:
    body = {**TOO_MUCH, "message": "Ungültiger Erstattungsbetrag."}
    with answering(till, 500, body) as edges:
        pay_refund(edges, till.refund.id)
    assert till.state() == State.UNKNOWN


# ---------------------------------------------------------------- two at once, and late ones


def test_of_two_payers_at_once_one_sends(till: Till) -> None:
    till.shop.sandbox.faults.arm(Mode.HANGS_BEFORE_MONEY, seconds=0.2)
    start = threading.Barrier(2)

    def run() -> None:
        start.wait()
        pay_refund(till.edges, till.refund.id)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (till.state(), till.moved(), till.now().attempt) == (State.PAID, ["99.00"], 1)


def test_a_payer_whose_lease_lapsed_settles_only_what_it_proves(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = payments.post_refund

    def stall(client: StoreClient, call: Any) -> Any:
        till.shop.clock.move(seconds=301)
        sweep_refunds(till.edges)
        assert till.state() == State.UNKNOWN
        return real(client, call)

    monkeypatch.setattr(payments, "post_refund", stall)
    pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.moved(), till.balances()) == (State.PAID, ["99.00"], PAID)
    assert "refund_answered_late" in till.deeds()


def test_a_late_no_changes_nothing_but_is_kept(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    till.shop.sandbox.faults.arm(Mode.TOO_MANY, method="POST", path_part=REFUNDS)
    real = payments.post_refund

    def stall(client: StoreClient, call: Any) -> Any:
        answer = real(client, call)
        till.shop.clock.move(seconds=301)
        sweep_refunds(till.edges)
        return answer

    monkeypatch.setattr(payments, "post_refund", stall)
    pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.moved()) == (State.UNKNOWN, [])
    assert till.evidence("refund_answered_late")["outcome"] == "not_executed"


# ---------------------------------------------------------------- the sweep


def test_a_payer_that_was_killed_leaves_an_unknown_refund_when_its_lease_ends(till: Till) -> None:
    with till.edges.database.write() as transaction:
        refunds.move(
            transaction,
            till.refund,
            State.SENDING,
            now=till.edges.clock(),
            lease_until=till.edges.clock() + payments.LEASE,
        )
    till.shop.clock.move(seconds=299)
    sweep_refunds(till.edges)
    assert till.state() == State.SENDING
    till.shop.clock.move(seconds=1)
    sweep_refunds(till.edges)
    assert till.state() == State.UNKNOWN
    assert JobName.RESOLVE_REFUND in till.promised()


@pytest.mark.parametrize(
    ("state", "job"),
    [(State.DUE, JobName.PAY_REFUND), (State.UNKNOWN, JobName.RESOLVE_REFUND)],
)
def test_what_waits_without_a_promise_gets_one(till: Till, state: State, job: JobName) -> None:
    with till.edges.database.write() as transaction:
        if state == State.UNKNOWN:
            refunds.move(
                transaction,
                till.refund,
                State.UNKNOWN,
                now=till.edges.clock(),
                unknown_since=till.edges.clock(),
            )
        transaction.execute(tables.outbox.delete())
    sweep_refunds(till.edges)
    assert job in till.promised()


def test_a_second_sweep_does_not_hurry_a_promise_that_waits(till: Till) -> None:
    def due_at() -> Any:
        with till.edges.database.read() as transaction:
            return [promise.due_at for promise in outbox.list_open(transaction)]

    till.shop.clock.move(minutes=3)
    before = due_at()
    sweep_refunds(till.edges)
    assert due_at() == before
