"""With a bridge in the store no answer stays lost: the money moves once, mostly by itself."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import timedelta

import pytest

from refunddesk.db import alarms, history, refunds, stores
from refunddesk.db.refunds import State
from refunddesk.db.staff import Role
from refunddesk.sandbox import refund_rows
from refunddesk.sandbox import refunds as store_refunds
from refunddesk.sandbox.faults import Mode
from refunddesk.services import customers
from refunddesk.services.attempts import MOST_ATTEMPTS, SETTLE
from refunddesk.services.bridges import look_for_bridge
from refunddesk.services.customers import CustomerChange
from refunddesk.services.payments import RefundNotSent, pay_refund
from refunddesk.services.read_back import next_look_at, resolve_refund
from refunddesk.services.refund_outcomes import drop_due
from refunddesk.services.settling import RefundStillInStore, Verdict, settle_refund
from refunddesk.woocommerce.client import StoreCallFailed
from tests import building
from tests.services.answering import answering
from tests.services.paying import DUE, PAID, Till

#: Everything that can go wrong in the store once the call has reached it, or before.
FAULTS = [
    pytest.param(Mode.CLOSES_BEFORE, id="the call never arrives"),
    pytest.param(Mode.CLOSES_AFTER, id="the answer is lost"),
    pytest.param(Mode.DIES_BEFORE_ROW, id="PHP dies before the row"),
    pytest.param(Mode.DIES_BEFORE_MONEY, id="PHP dies before the money"),
    pytest.param(Mode.DIES_AFTER_MONEY, id="PHP dies after the money"),
    pytest.param(Mode.THROWS_BEFORE_MONEY, id="the gateway throws before the money"),
    pytest.param(Mode.THROWS_AFTER_MONEY, id="the gateway throws after the money"),
    pytest.param(Mode.DECLINE, id="the gateway says no"),
]
#: Where the gateway was certainly not called, or has said yes: no person is needed.
SETTLE_THEMSELVES = (Mode.CLOSES_BEFORE, Mode.CLOSES_AFTER, Mode.DIES_BEFORE_ROW)
_IN_FRONT = (Mode.CLOSES_BEFORE, Mode.CLOSES_AFTER)


@pytest.fixture
def bridged(till: Till) -> Till:
    """A till whose store has the bridge."""
    till.shop.sandbox.bridge.installed = True
    assert look_for_bridge(till.edges, till.shop.store_id) is not None
    return till


@pytest.fixture
def with_keys(bridged: Till) -> Till:
    """A till whose gateway pays once per key."""
    order = bridged.shop.sandbox.documents.find("order", bridged.order.woo_order_id)
    assert order is not None
    order["payment_method"] = "sandboxkeys"
    bridged.shop.sandbox.documents.put("order", bridged.order.woo_order_id, order)
    return bridged


def _arm(till: Till, mode: Mode, times: int = 1) -> None:
    front = {"method": "POST", "path_part": "/refunds"} if mode in _IN_FRONT else {}
    till.shop.sandbox.faults.arm(mode, times=times, **front)


def _play(till: Till) -> State:
    """Do what the workers would for the next quarter of an hour and more; the state at its end."""
    end = till.edges.clock() + timedelta(minutes=20)
    while till.edges.clock() < end:
        refund = till.now()
        if refund.state == State.DUE:
            with suppress(RefundNotSent, StoreCallFailed):
                pay_refund(till.edges, refund.id)
            till.shop.clock.move(seconds=5)
        elif refund.state == State.UNKNOWN:
            assert refund.unknown_since
            till.shop.clock.at = next_look_at(refund.unknown_since, till.edges.clock()) or end
            with suppress(StoreCallFailed):
                resolve_refund(till.edges, refund.id)
        else:
            return refund.state
    return till.state()


@pytest.mark.parametrize("mode", FAULTS)
def test_a_gateway_without_keys_pays_once_or_leaves_it_to_a_person(
    bridged: Till, mode: Mode
) -> None:
    _arm(bridged, mode)
    state = _play(bridged)
    assert state == (State.PAID if mode in SETTLE_THEMSELVES else State.NEEDS_REVIEW)
    money_went = state == State.PAID or mode in (Mode.DIES_AFTER_MONEY, Mode.THROWS_AFTER_MONEY)
    assert bridged.moved() == (["99.00"] if money_went else [])
    assert bridged.balances() == (PAID if state == State.PAID else DUE)


@pytest.mark.parametrize("mode", FAULTS)
def test_a_gateway_that_honours_keys_pays_once_and_nobody_is_needed(
    with_keys: Till, mode: Mode
) -> None:
    _arm(with_keys, mode)
    assert _play(with_keys) == State.PAID
    assert (with_keys.moved(), with_keys.balances()) == (["99.00"], PAID)


def test_the_row_that_a_dead_process_left_is_gone_after_paying_again(with_keys: Till) -> None:
    _arm(with_keys, Mode.DIES_BEFORE_MONEY)
    assert _play(with_keys) == State.PAID
    (row,) = with_keys.shop.sandbox.documents.list("refund")
    assert (row["refunded_payment"], with_keys.now().woo_refund_id) == (True, row["id"])


def test_a_call_worked_off_late_and_its_repetition_pay_once_between_them(bridged: Till) -> None:
    faults = bridged.shop.sandbox.faults
    faults.arm(Mode.ABANDONED, seconds=0.3, method="POST", path_part="/refunds")
    with suppress(RefundNotSent):
        pay_refund(bridged.edges, bridged.refund.id)
    assert _play(bridged) == State.PAID
    threading.Event().wait(0.5)  # by now the late one has been worked off too
    assert bridged.moved() == ["99.00"]


def test_a_call_that_may_still_come_keeps_its_refund_from_being_given_up(bridged: Till) -> None:
    # Given up, the request could be granted anew under another marker, and both would be paid.
    _arm(bridged, Mode.CLOSES_BEFORE)
    pay_refund(bridged.edges, bridged.refund.id)
    sent_at = bridged.now().sent_at
    assert sent_at is not None
    bridged.shop.clock.at = sent_at + SETTLE - timedelta(seconds=1)
    resolve_refund(bridged.edges, bridged.refund.id)
    _dispute(bridged)
    assert bridged.state() == State.UNKNOWN
    bridged.shop.clock.at = sent_at + SETTLE
    resolve_refund(bridged.edges, bridged.refund.id)
    assert (bridged.state(), bridged.moved()) == (State.DUE, [])
    _dispute(bridged)
    assert bridged.state() == State.FAILED


def _dispute(till: Till) -> None:
    with till.edges.database.write() as transaction:
        now = till.edges.clock()
        drop_due(transaction, till.order.id, now=now, actor="desk", because="a dispute was opened")


def test_a_store_that_refuses_in_unknown_words_is_asked_five_times_and_then_a_person(
    bridged: Till,
) -> None:
    _arm(bridged, Mode.DIES_BEFORE_ROW, times=20)
    assert _play(bridged) == State.NEEDS_REVIEW
    assert (bridged.now().attempt, bridged.moved()) == (MOST_ATTEMPTS, [])


def test_a_record_made_anew_proves_nothing_about_calls_before_it(bridged: Till) -> None:
    _arm(bridged, Mode.THROWS_AFTER_MONEY)
    pay_refund(bridged.edges, bridged.refund.id)
    bridged.shop.sandbox.bridge.forget()
    assert _play(bridged) == State.NEEDS_REVIEW
    assert bridged.moved() == ["99.00"]


@pytest.mark.parametrize("mode", [Mode.THROWS_AFTER_MONEY, Mode.DIES_AFTER_MONEY])
def test_a_record_out_of_a_backup_proves_nothing_about_calls_after_it(
    bridged: Till, mode: Mode
) -> None:
    # It keeps its name, and says of a refund that was paid meanwhile that nothing ever came.
    _arm(bridged, mode)
    pay_refund(bridged.edges, bridged.refund.id)
    bridged.shop.sandbox.bridge.restore([])
    for row in bridged.shop.sandbox.documents.list("refund"):
        refund_rows.remove_row(bridged.shop.sandbox, row)
    assert _play(bridged) == State.NEEDS_REVIEW
    assert bridged.moved() == ["99.00"]


def test_a_record_out_of_a_backup_made_between_two_calls_proves_nothing_of_the_second(
    bridged: Till,
) -> None:
    _lose_a_call(bridged)
    earlier = bridged.shop.sandbox.documents.list("attempt")
    bridged.shop.clock.move(seconds=10)
    resolve_refund(bridged.edges, bridged.refund.id)
    assert bridged.state() == State.DUE
    _arm(bridged, Mode.THROWS_AFTER_MONEY)
    pay_refund(bridged.edges, bridged.refund.id)
    bridged.shop.sandbox.bridge.restore(earlier)
    assert _play(bridged) == State.NEEDS_REVIEW
    assert bridged.moved() == ["99.00"]


def test_what_a_lost_record_was_to_keep_from_being_paid_twice_is_not_sent_again(
    with_keys: Till,
) -> None:
    _arm(with_keys, Mode.DIES_AFTER_MONEY)
    pay_refund(with_keys.edges, with_keys.refund.id)
    with_keys.shop.clock.move(seconds=10)
    resolve_refund(with_keys.edges, with_keys.refund.id)
    assert with_keys.state() == State.DUE
    with_keys.shop.sandbox.bridge.restore([])
    pay_refund(with_keys.edges, with_keys.refund.id)
    assert (with_keys.state(), with_keys.moved()) == (State.UNKNOWN, ["99.00"])


def test_a_gateway_that_may_have_forgotten_its_key_is_not_called_again(with_keys: Till) -> None:
    _arm(with_keys, Mode.DIES_AFTER_MONEY)
    pay_refund(with_keys.edges, with_keys.refund.id)
    with_keys.shop.clock.move(hours=20, seconds=-1)
    attempt = with_keys.shop.sandbox.bridge.find(with_keys.refund.marker)
    assert attempt is not None
    assert with_keys.shop.sandbox.bridge.may_be_sent_again(attempt)
    with_keys.shop.clock.move(seconds=1)
    assert not with_keys.shop.sandbox.bridge.may_be_sent_again(attempt)
    assert _play(with_keys) == State.NEEDS_REVIEW
    assert with_keys.moved() == ["99.00"]


def test_a_refund_by_hand_whose_reason_begins_like_ours_is_never_deleted(with_keys: Till) -> None:
    store, order_id = with_keys.shop.sandbox, with_keys.order.woo_order_id
    _arm(with_keys, Mode.DIES_BEFORE_MONEY)
    pay_refund(with_keys.edges, with_keys.refund.id)
    by_hand = {"amount": "1.00", "reason": f"{with_keys.refund.marker}B in cash"}
    row = store_refunds.create_refund(store, order_id, {**by_hand, "api_refund": False})
    _play(with_keys)  # no more than the rest is left on the order
    assert row["id"] in [one["id"] for one in store.documents.list("refund", order_id)]


def test_a_row_with_our_marker_that_the_record_does_not_name_is_for_a_person(bridged: Till) -> None:
    _lose_a_call(bridged)
    row = {"amount": "99.00", "reason": f"{bridged.refund.marker} refund", "api_refund": False}
    store_refunds.create_refund(bridged.shop.sandbox, bridged.order.woo_order_id, row)
    assert _play(bridged) == State.NEEDS_REVIEW
    assert bridged.moved() == []
    with bridged.edges.database.read() as transaction:
        deeds = history.list_deeds(transaction, f"refund:{bridged.refund.id}")
    assert "refund_due" not in [deed.action for deed in deeds]


def test_a_kept_refusal_of_a_refund_that_was_paid_does_not_have_it_sent_again(
    bridged: Till,
) -> None:
    _arm(bridged, Mode.DIES_AFTER_MONEY)
    pay_refund(bridged.edges, bridged.refund.id)
    documents, bridge = bridged.shop.sandbox.documents, bridged.shop.sandbox.bridge
    attempt = bridge.find(bridged.refund.marker)
    assert attempt is not None
    kept = {"status": 404, "body": {"code": "rest_not_found", "message": "Hidden."}}
    documents.put("attempt", attempt["number"], {**attempt, "state": "paid", "answer": kept})
    with bridged.edges.database.write() as transaction:
        refunds.move(transaction, bridged.now(), State.DUE, now=bridged.edges.clock())
    for row in documents.list("refund"):
        refund_rows.remove_row(bridged.shop.sandbox, row)
    pay_refund(bridged.edges, bridged.refund.id)
    assert bridged.state() == State.UNKNOWN
    assert _play(bridged) == State.PAID
    assert bridged.moved() == ["99.00"]


def test_a_call_that_went_by_the_stores_own_route_is_not_asked_of_the_bridge(till: Till) -> None:
    till.shop.sandbox.faults.arm(Mode.CLOSES_BEFORE, method="POST", path_part="/refunds")
    pay_refund(till.edges, till.refund.id)
    till.shop.sandbox.bridge.installed = True
    look_for_bridge(till.edges, till.shop.store_id)
    assert _play(till) == State.NEEDS_REVIEW
    assert till.moved() == []


def test_a_bridge_switched_off_unnoticed_lets_nothing_through(bridged: Till) -> None:
    bridged.shop.sandbox.bridge.installed = False
    with pytest.raises(RefundNotSent):
        pay_refund(bridged.edges, bridged.refund.id)
    assert (bridged.state(), bridged.moved()) == (State.DUE, [])
    assert look_for_bridge(bridged.edges, bridged.shop.store_id) is None
    assert _play(bridged) == State.PAID
    assert bridged.moved() == ["99.00"]


def test_what_only_the_bridge_may_send_again_is_not_sent_without_it(with_keys: Till) -> None:
    _arm(with_keys, Mode.DIES_AFTER_MONEY)
    pay_refund(with_keys.edges, with_keys.refund.id)
    with_keys.shop.clock.move(seconds=10)
    resolve_refund(with_keys.edges, with_keys.refund.id)
    assert with_keys.state() == State.DUE
    with_keys.shop.sandbox.bridge.installed = False
    look_for_bridge(with_keys.edges, with_keys.shop.store_id)
    assert _play(with_keys) == State.NEEDS_REVIEW
    assert with_keys.moved() == ["99.00"]


def test_what_the_gateway_may_have_paid_is_not_given_up_as_if_it_had_not(with_keys: Till) -> None:
    _arm(with_keys, Mode.DIES_AFTER_MONEY)
    pay_refund(with_keys.edges, with_keys.refund.id)
    with_keys.shop.clock.move(seconds=10)
    resolve_refund(with_keys.edges, with_keys.refund.id)
    assert with_keys.state() == State.DUE
    _dispute(with_keys)
    assert (with_keys.state(), with_keys.balances()) == (State.NEEDS_REVIEW, DUE)


def test_a_repetition_that_is_refused_says_nothing_about_the_call_before(with_keys: Till) -> None:
    _arm(with_keys, Mode.DIES_AFTER_MONEY)
    pay_refund(with_keys.edges, with_keys.refund.id)
    with_keys.shop.clock.move(seconds=10)
    resolve_refund(with_keys.edges, with_keys.refund.id)
    message = "The payment gateway for this order does not exist."
    body = {"code": "woocommerce_rest_cannot_create_order_refund", "message": message}
    with answering(with_keys, 500, body) as edges:
        pay_refund(edges, with_keys.refund.id)
    assert (with_keys.state(), with_keys.moved()) == (State.UNKNOWN, ["99.00"])


def test_what_only_the_bridge_may_send_again_is_sent_once_it_is_back(with_keys: Till) -> None:
    _arm(with_keys, Mode.DIES_BEFORE_MONEY)
    pay_refund(with_keys.edges, with_keys.refund.id)
    with_keys.shop.clock.move(seconds=10)
    resolve_refund(with_keys.edges, with_keys.refund.id)
    with_keys.shop.sandbox.bridge.installed = False
    look_for_bridge(with_keys.edges, with_keys.shop.store_id)
    pay_refund(with_keys.edges, with_keys.refund.id)
    assert (with_keys.state(), with_keys.moved()) == (State.UNKNOWN, [])
    with_keys.shop.sandbox.bridge.installed = True
    look_for_bridge(with_keys.edges, with_keys.shop.store_id)
    assert _play(with_keys) == State.PAID
    assert with_keys.moved() == ["99.00"]


def test_by_the_word_of_two_people_it_is_paid_also_where_the_bridge_is_gone(bridged: Till) -> None:
    _get_stuck(bridged, Mode.DECLINE)
    bridged.shop.sandbox.bridge.installed = False
    look_for_bridge(bridged.edges, bridged.shop.store_id)
    _pay_again(bridged)
    assert _play(bridged) == State.PAID
    assert bridged.moved() == ["99.00"]


def test_a_bridge_that_went_is_an_alarm_until_it_is_back(bridged: Till) -> None:
    def raised() -> list[str]:
        with bridged.edges.database.read() as transaction:
            return [alarm.kind.value for alarm in alarms.list_raised(transaction)]

    assert raised() == []
    bridged.shop.sandbox.bridge.installed = False
    look_for_bridge(bridged.edges, bridged.shop.store_id)
    assert raised() == ["bridge_gone"]
    bridged.shop.sandbox.bridge.installed = True
    look_for_bridge(bridged.edges, bridged.shop.store_id)
    assert raised() == []


def test_a_store_that_never_had_one_raises_no_alarm(till: Till) -> None:
    assert look_for_bridge(till.edges, till.shop.store_id) is None
    with till.edges.database.read() as transaction:
        assert alarms.list_raised(transaction) == []
        assert stores.get_store(transaction, till.shop.store_id).bridge_record is None


def _get_stuck(till: Till, mode: Mode) -> None:
    _arm(till, mode)
    assert _play(till) == State.NEEDS_REVIEW
    people = [(f"approver{number}@desk.test", Role.APPROVER) for number in (1, 2)]
    building.add_staff(till.edges, *people)


def _pay_again(till: Till) -> None:
    settle_refund(
        till.edges,
        till.refund.id,
        Verdict.PAY_AGAIN,
        token=till.token(),
        by="approver1@desk.test",
        second="approver2@desk.test",
        because="the gateway's records show nothing",
    )


def test_by_the_word_of_two_people_the_bridge_calls_the_gateway_again_once(bridged: Till) -> None:
    _get_stuck(bridged, Mode.DECLINE)
    _pay_again(bridged)
    assert _play(bridged) == State.PAID
    assert bridged.moved() == ["99.00"]


def test_their_word_covers_the_calls_they_looked_at_and_no_later_one(bridged: Till) -> None:
    _get_stuck(bridged, Mode.DECLINE)
    _pay_again(bridged)
    _arm(bridged, Mode.THROWS_AFTER_MONEY)
    assert _play(bridged) == State.NEEDS_REVIEW
    assert bridged.moved() == ["99.00"]


def test_what_the_bridge_saw_paid_is_never_paid_again_on_anybodys_word(bridged: Till) -> None:
    _get_stuck(bridged, Mode.DECLINE)
    attempt = bridged.shop.sandbox.bridge.find(bridged.refund.marker)
    assert attempt is not None
    bridged.shop.sandbox.documents.put("attempt", attempt["number"], {**attempt, "state": "paid"})
    with pytest.raises(RefundStillInStore, match="bridge saw the gateway pay"):
        _pay_again(bridged)
    assert bridged.moved() == []


def test_a_yes_of_the_gateway_settles_it_though_the_row_says_unpaid(bridged: Till) -> None:
    _arm(bridged, Mode.DIES_AFTER_MONEY)
    pay_refund(bridged.edges, bridged.refund.id)
    attempt = bridged.shop.sandbox.bridge.find(bridged.refund.marker)
    assert attempt is not None
    # As after a death between the gateway's answer and WooCommerce's second save.
    bridged.shop.sandbox.documents.put("attempt", attempt["number"], {**attempt, "state": "paid"})
    assert _play(bridged) == State.PAID
    assert (bridged.moved(), bridged.balances()) == (["99.00"], PAID)


def _lose_a_call(till: Till) -> None:
    """A call that died before its row: the bridge will have it sent again."""
    _arm(till, Mode.DIES_BEFORE_ROW)
    pay_refund(till.edges, till.refund.id)
    assert till.state() == State.UNKNOWN


def _oppose(till: Till, how: str) -> None:
    if how == "dispute":
        customers.open_dispute(
            till.edges, till.order.id, status="open", opened_at=None, by="staff:1"
        )
    else:
        assert till.order.customer_id
        accusation = CustomerChange(infringement="open", evidence="copies on three servers")
        customers.change_customer(till.edges, till.order.customer_id, accusation, by="staff:1")


@pytest.mark.parametrize("how", ["dispute", "procedure"])
def test_what_is_opened_while_a_call_is_unknown_stops_its_repetition(
    bridged: Till, how: str
) -> None:
    _lose_a_call(bridged)
    _oppose(bridged, how)
    assert _play(bridged) == State.FAILED
    assert (bridged.moved(), bridged.request_state()) == ([], "asked")


def test_a_dispute_that_the_judgement_knew_of_stops_nothing(till: Till) -> None:
    shop = till.shop
    order = shop.record(shop.sell("LIC-1")["id"])
    dispute = customers.open_dispute(
        till.edges, order.id, status="open", opened_at=None, by="staff:1"
    )
    claim = json.dumps({"disputes": [{"id": str(dispute.id)}], "customer": {"infringement": None}})
    item = shop.items(order)[0]
    shares = {item.woo_item_id: (str(item.paid), "0.00")}
    refund = building.grant(till.edges, order, shares, claim=claim)
    pay_refund(till.edges, refund.id)
    assert till.moved() == ["99.00"]
