"""A refund is asked for once, judged whenever a fact changes, and released by the last site."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from refunddesk.db import decisions, outbox, refunds, requests
from refunddesk.db import licenses as license_rows
from refunddesk.db import orders as order_rows
from refunddesk.db.decisions import RecordedDecision
from refunddesk.db.history import list_deeds
from refunddesk.db.orders import Order
from refunddesk.db.refunds import Refund, State
from refunddesk.db.requests import RefundRequest
from refunddesk.money import Money
from refunddesk.policy.document import load_policy
from refunddesk.policy.interchange import parse_claim_text
from refunddesk.policy.judge import judge as judge_claim
from refunddesk.services import customers, licenses
from refunddesk.services import requests as asking
from refunddesk.services.edges import Edges
from refunddesk.services.instants import InstantInFuture
from refunddesk.services.order_facts import CHANGED_SINCE, NOT_EXACT
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import Asking
from tests.asking import (
    EXTRA_DOMAIN,
    PORTAL,
    STAFF,
    Bought,
    ask,
    at_once,
    buy,
    days,
    judge,
    key_of,
    report,
    work,
)
from tests.building import add_store, eur
from tests.conftest import TestClock


def request_of(edges: Edges, request_id: int) -> RefundRequest:
    with edges.database.read() as transaction:
        return requests.get_request(transaction, request_id)


def decisions_of(edges: Edges, request_id: int) -> list[RecordedDecision]:
    with edges.database.read() as transaction:
        return decisions.list_decisions(transaction, request_id)


def awaited(edges: Edges, request_id: int) -> list[str]:
    said = json.loads(decisions_of(edges, request_id)[-1].decision)
    return [one["what"] for one in said["awaits"]]


def refunds_of(edges: Edges, order: Order) -> list[Refund]:
    with edges.database.read() as transaction:
        return refunds.list_for_order(transaction, order.id)


def change_order(edges: Edges, order: Order, **facts: object) -> None:
    """What recording the order anew leaves behind, the waking included."""
    names = order_rows.OrderFacts.__dataclass_fields__
    with edges.database.write() as transaction:
        told = {name: getattr(order, name) for name in names} | facts
        order_rows.update_order(
            transaction, order.id, order_rows.OrderFacts(**told), read_at=edges.clock()
        )
        asking.order_changed(transaction, order.id, edges.clock())


def settle(edges: Edges, order: Order, *states: State) -> None:
    """Move the order's last refund through these states."""
    for state in states:
        with edges.database.write() as transaction:
            refund = refunds.list_for_order(transaction, order.id)[-1]
            assert refunds.move(transaction, refund, state, now=edges.clock())


def told(edges: Edges, request_id: int) -> str:
    """Why the request was last left to a person, as staff read it."""
    with edges.database.read() as transaction:
        return str(list_deeds(transaction, f"request:{request_id}")[-1].data["because"])


def keep_policy(home: Path, name: str, *, tax: str = "kept") -> Path:
    """The built-in policy under another name, in the folder where an owner keeps policies."""
    text = (resources.files("refunddesk") / "policies" / "crmjetty.toml").read_text("utf-8")
    text = text.replace('id = "crmjetty"', f'id = "{name}"')
    document = home / "policies" / f"{name}.toml"
    document.parent.mkdir(exist_ok=True)
    document.write_text(text.replace('tax]\nchosen = "kept"', f'tax]\nchosen = "{tax}"'), "utf-8")
    return document


# ---------------------------------------------------------------- the story


def test_the_last_site_switched_off_releases_the_money_by_itself(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), PORTAL, EXTRA_DOMAIN)
    site = licenses.activate(edges, key_of(edges, order), "https://www.ada.example/shop")
    clock.move(days=8)
    report(edges, order)
    request_id = ask(edges, order)

    work(edges)
    assert request_of(edges, request_id).state == "awaiting"
    assert any("ada.example" in what for what in awaited(edges, request_id))

    asking.confirm_destruction(edges, request_id, by=STAFF)
    work(edges)
    assert request_of(edges, request_id).state == "awaiting"
    assert refunds_of(edges, order) == []

    licenses.deactivate(edges, site.token)
    work(edges)
    assert request_of(edges, request_id).state == "granted"
    (refund,) = refunds_of(edges, order)
    assert (refund.state, refund.amount) == (State.DUE, eur("199.00"))
    assert [(line.woo_item_id, line.net) for line in refund.lines] == [(11, eur("199.00"))]


def test_a_granted_request_is_never_judged_again(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    report(edges, order)
    request_id = ask(edges, order)
    judge(edges, request_id)
    judge(edges, request_id)
    assert len(decisions_of(edges, request_id)) == 1
    assert len(refunds_of(edges, order)) == 1


def test_without_a_case_the_customer_is_awaited_and_the_case_is_linked_when_opened(
    edges: Edges,
) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    request_id = ask(edges, order)
    work(edges)
    assert request_of(edges, request_id).state == "awaiting"
    case = report(edges, order)
    work(edges)
    request = request_of(edges, request_id)
    assert (request.case_id, request.state) == (case.id, "granted")


def test_a_customer_who_stays_silent_is_refused_when_patience_ends(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges))
    report(edges, order, site_url=None, finding=None, gives_up=False)
    request_id = ask(edges, order)
    work(edges)
    again_at = request_of(edges, request_id).judge_again_at
    assert again_at is not None
    clock.at = again_at - (again_at - clock()) / 100
    assert work(edges) == 0
    clock.at = again_at
    assert work(edges) == 1
    assert request_of(edges, request_id).state == "refused"


def test_a_request_judged_twice_without_news_keeps_one_decision(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges))
    request_id = ask(edges, order)
    judge(edges, request_id)
    clock.move(hours=1)
    judge(edges, request_id)
    assert len(decisions_of(edges, request_id)) == 1


def test_a_changed_order_is_decided_anew_even_with_the_same_answer(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    request_id = ask(edges, order)
    work(edges)
    change_order(edges, order, snapshot_sha=b"changed")
    work(edges)
    assert [row.snapshot_sha for row in decisions_of(edges, request_id)] == [
        b"as bought",
        b"changed",
    ]


def test_every_decision_replays_to_itself_from_its_own_claim(edges: Edges) -> None:
    order = buy(edges, add_store(edges), PORTAL, EXTRA_DOMAIN)
    licenses.activate(edges, key_of(edges, order), "ada.example")
    request_id = ask(edges, order)
    work(edges)
    report(edges, order)
    work(edges)
    recorded = decisions_of(edges, request_id)
    assert len(recorded) == 2
    for row in recorded:
        replayed = judge_claim(parse_claim_text(row.claim), load_policy(row.policy))
        assert replayed.to_json() == json.loads(row.decision)


# ---------------------------------------------------------------- asking


def test_the_same_key_with_the_same_content_is_the_same_request(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges))
    asked = Asking(order.store_id, order.woo_order_id, "first", "portal", True)
    first, is_new = asking.ask_refund(edges, asked, asked_by=STAFF)
    clock.move(days=1)
    again, is_new_again = asking.ask_refund(edges, asked, asked_by="staff:2")
    assert (is_new, is_new_again) == (True, False)
    assert again == first


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"channel": "email"}, id="another channel"),
        pytest.param({"from_account_address": False}, id="another sender"),
    ],
)
def test_the_same_key_for_another_asking_is_refused(edges: Edges, other: dict[str, object]) -> None:
    order = buy(edges, add_store(edges))
    ask(edges, order)
    with pytest.raises(asking.RequestKeyReused):
        ask(edges, order, **other)


def test_the_same_key_for_another_order_is_refused(edges: Edges) -> None:
    store_id = add_store(edges)
    ask(edges, buy(edges, store_id))
    with pytest.raises(asking.RequestKeyReused):
        ask(edges, buy(edges, store_id, woo_order_id=1002))


def test_asked_eight_times_at_once_it_is_one_request(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    answers = at_once(8, lambda _: ask(edges, order))
    assert len(set(answers)) == 1
    assert isinstance(answers[0], int)


def test_one_key_for_eight_orders_at_once_is_taken_by_one(edges: Edges) -> None:
    store_id = add_store(edges)
    bought = [buy(edges, store_id, woo_order_id=2000 + number) for number in range(8)]
    answers = at_once(8, lambda number: ask(edges, bought[number]))
    assert sum(isinstance(answer, int) for answer in answers) == 1
    assert sum(isinstance(answer, asking.RequestKeyReused) for answer in answers) == 7


def test_a_second_request_is_told_the_number_of_the_first(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    request_id = ask(edges, order)
    with pytest.raises(asking.RequestAlreadyOpen, match=f"request {request_id} "):
        ask(edges, order, "second")


def test_while_its_money_is_on_the_way_an_order_takes_no_second_request(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    assert request_of(edges, request_id).state == "granted"
    with pytest.raises(asking.RequestAlreadyOpen):
        ask(edges, order, "second")


def test_after_a_refusal_one_may_ask_again(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    report(edges, order, reason="change_of_mind", finding=None, gives_up=False)
    first = ask(edges, order)
    work(edges)
    assert request_of(edges, first).state == "refused"
    assert ask(edges, order, "second") != first


def test_an_order_nobody_knows_is_named(edges: Edges) -> None:
    store_id = add_store(edges)
    with pytest.raises(asking.NoSuchOrder, match="4711"):
        asking.ask_refund(edges, Asking(store_id, 4711, "first", "portal", True), asked_by=STAFF)


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        pytest.param({"paid_at": None}, asking.OrderNotPaid, id="an unpaid order"),
        pytest.param({"gone_at": True}, asking.OrderGone, id="a deleted order"),
    ],
)
def test_an_order_without_money_to_give_takes_no_request(
    edges: Edges, facts: dict[str, object], refusal: type[Refusal]
) -> None:
    order = buy(edges, add_store(edges))
    if "gone_at" in facts:
        facts = {"gone_at": edges.clock()}
    change_order(edges, order, **facts)
    with pytest.raises(refusal):
        ask(edges, order)


def test_a_request_may_be_dated_back_to_the_payment_but_not_before(
    edges: Edges, clock: TestClock
) -> None:
    paid_at = clock()
    store_id = add_store(edges)
    order = buy(edges, store_id)
    later = buy(edges, store_id, woo_order_id=1002)
    clock.move(days=3)
    request_id = ask(edges, order, asked_at=paid_at)
    assert request_of(edges, request_id).asked_at == paid_at
    with pytest.raises(asking.AskedBeforePayment):
        ask(edges, later, "second", asked_at=paid_at - days(0.00002))


def test_a_request_dated_in_the_future_is_refused(edges: Edges, clock: TestClock) -> None:
    order = buy(edges, add_store(edges))
    with pytest.raises(InstantInFuture):
        ask(edges, order, asked_at=clock() + days(1))


def test_a_case_about_another_order_is_refused(edges: Edges) -> None:
    store_id = add_store(edges)
    order, other = buy(edges, store_id), buy(edges, store_id, woo_order_id=1002)
    case = report(edges, other)
    with pytest.raises(asking.CaseOfAnotherOrder):
        ask(edges, order, case_id=case.id)


# ---------------------------------------------------------------- facts about the order


def test_a_deleted_order_goes_to_a_person(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    request_id = ask(edges, order)
    change_order(edges, order, gone_at=edges.clock())
    work(edges)
    assert request_of(edges, request_id).state == "in_review"
    assert refunds_of(edges, order) == []


def test_facts_that_contradict_each_other_go_to_a_person_with_the_reason(edges: Edges) -> None:
    discount = Bought("discount", "-5.00", "0.00", "fee", 0)
    order = buy(edges, add_store(edges), PORTAL, discount)
    request_id = ask(edges, order)
    work(edges)
    assert request_of(edges, request_id).state == "in_review"
    with edges.database.read() as transaction:
        deed = list_deeds(transaction, f"request:{request_id}")[-1]
    assert "order.items[1].paid" in deed.data["because"]


def test_an_order_paid_by_a_store_whose_clock_runs_ahead_can_be_asked_for_and_judged(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), paid_at=clock() + days(0.002))
    request_id = ask(edges, order)
    work(edges)
    assert request_of(edges, request_id).state == "awaiting"


# ---------------------------------------------------------------- withdrawing, judging anew


def test_a_request_can_be_withdrawn_and_then_asked_again(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    request_id = ask(edges, order)
    assert asking.withdraw(edges, request_id, by=STAFF).state == "withdrawn"
    assert asking.withdraw(edges, request_id, by=STAFF).state == "withdrawn"
    work(edges)
    assert request_of(edges, request_id).state == "withdrawn"
    assert decisions_of(edges, request_id) == []
    assert ask(edges, order, "second") != request_id


def test_a_granted_request_cannot_be_withdrawn(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    with pytest.raises(asking.RequestSettled):
        asking.withdraw(edges, request_id, by=STAFF)


def test_a_refund_dropped_before_payment_is_decided_and_granted_anew(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    (first,) = refunds_of(edges, order)
    with edges.database.write() as transaction:
        refunds.move(transaction, first, State.FAILED, now=clock())
        asking.judge_anew(transaction, request_id, clock(), "the order changed")
    work(edges)
    _, second = refunds_of(edges, order)
    assert second.state == State.DUE
    assert second.decision_id != first.decision_id


def test_a_refund_that_failed_for_good_waits_for_a_person_whatever_the_order_does(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    (first,) = refunds_of(edges, order)
    with edges.database.write() as transaction:
        refunds.move(transaction, first, State.FAILED, now=clock())
        asking.put_in_review(transaction, request_id, clock(), "the store refuses it")
    change_order(edges, order)
    work(edges)
    assert request_of(edges, request_id).state == "in_review"
    assert len(refunds_of(edges, order)) == 1


def test_two_workers_that_judge_at_once_make_one_decision_and_one_refund(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    report(edges, order)
    request_id = ask(edges, order)
    assert at_once(6, lambda _: judge(edges, request_id)) == [None] * 6
    assert len(decisions_of(edges, request_id)) == 1
    assert len(refunds_of(edges, order)) == 1


def test_a_site_switched_on_in_the_very_moment_of_judging_holds_the_money(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    report(edges, order)
    request_id = ask(edges, order)
    asking.confirm_destruction(edges, request_id, by=STAFF)
    with ThreadPoolExecutor(1) as thread, edges.database.write() as transaction:
        # A site that was let in before the statement, and commits after the judging began.
        (license,) = license_rows.list_licenses(transaction, order.id, None, lock=True)
        license_rows.record_activation(
            transaction, license.id, "ada.example", token_hash=b"token", at=edges.clock()
        )
        judging = thread.submit(judge, edges, request_id)
        with pytest.raises(TimeoutError):
            judging.result(timeout=0.5)
    judging.result()
    assert request_of(edges, request_id).state == "awaiting"
    assert refunds_of(edges, order) == []


def test_a_changed_order_without_a_request_asks_for_no_judging(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    change_order(edges, order)
    with edges.database.read() as transaction:
        assert outbox.list_open(transaction) == []


# ---------------------------------------------------------------- left to a person


UNSAFE = [
    pytest.param({"status": "on-hold"}, "on-hold", id="a payment the bank disputes"),
    pytest.param({"status": "failed"}, "failed", id="a payment the bank took back"),
    pytest.param(
        {"remarks": (f"{CHANGED_SINCE}the total was 199.00 EUR and is 900.00 EUR",)},
        "is 900.00 EUR",
        id="a total changed after it was paid",
    ),
    pytest.param({"remarks": (f"{NOT_EXACT}an amount was rounded",)}, "rounded", id="a rounding"),
    pytest.param({"gone_at": datetime(2026, 3, 2, tzinfo=UTC)}, "deleted", id="a deleted order"),
]


@pytest.mark.parametrize(("facts", "because"), UNSAFE)
def test_no_policy_pays_on_an_order_whose_money_is_in_doubt(
    edges: Edges, facts: dict[str, Any], because: str
) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    report(edges, order)
    request_id = ask(edges, order)
    change_order(edges, order, **facts)
    work(edges)
    assert request_of(edges, request_id).state == "in_review"
    assert refunds_of(edges, order) == []
    assert because in told(edges, request_id)


@pytest.mark.parametrize("status", ["processing", "completed", "shipped"])
def test_an_order_whose_payment_stands_is_judged_whatever_the_store_calls_it(
    edges: Edges, status: str
) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0), status=status)
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    assert request_of(edges, request_id).state == "granted"


def test_an_order_whose_currency_changed_under_a_refund_goes_to_a_person(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    report(edges, order)
    ask(edges, order)
    work(edges)
    settle(edges, order, State.SENDING, State.PAID)
    again = ask(edges, order, "second")
    dollars = Money.parse("199.00", "USD")
    change_order(edges, order, total=dollars, tax=dollars - dollars)
    work(edges)
    assert request_of(edges, again).state == "in_review"
    assert "order.currency" in told(edges, again)


def test_a_share_of_the_price_goes_back_once_however_often_it_is_asked_for(
    edges: Edges, clock: TestClock
) -> None:
    paid_at = clock() - days(150)
    period: dict[str, Any] = {"period_start_at": paid_at, "period_end_at": paid_at + days(365)}
    a_year = replace(PORTAL, paid="120.00", tax="0.00", sites=0)
    order = buy(edges, add_store(edges), a_year, paid_at=paid_at, billing="yearly", **period)
    report(edges, order)
    ask(edges, order)
    work(edges)
    (first,) = refunds_of(edges, order)
    assert first.amount < eur("120.00")
    settle(edges, order, State.SENDING, State.PAID)
    again = ask(edges, order, "second")
    work(edges)
    assert request_of(edges, again).state == "in_review"
    assert refunds_of(edges, order)[1:] == []
    assert "went back on this order already" in told(edges, again)


def test_tax_that_names_no_rate_is_left_to_a_person(edges: Edges, tmp_path: Path) -> None:
    keep_policy(tmp_path, "with-tax", tax="in_proportion")
    order = buy(edges, add_store(edges, policy="with-tax"), replace(PORTAL, sites=0))
    with edges.database.write() as transaction:
        (item,) = order_rows.list_items(transaction, order.id)
        names = order_rows.ItemFacts.__dataclass_fields__
        bare = {name: getattr(item, name) for name in names} | {"taxes": ()}
        order_rows.record_items(
            transaction, order.id, [order_rows.ItemFacts(**bare)], at=edges.clock()
        )
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    assert request_of(edges, request_id).state == "in_review"
    assert "no tax rate" in told(edges, request_id)


def test_a_policy_that_cannot_be_read_any_more_leaves_its_requests_to_a_person(
    edges: Edges, tmp_path: Path
) -> None:
    document = keep_policy(tmp_path, "ours")
    order = buy(edges, add_store(edges, policy="ours"), replace(PORTAL, sites=0))
    report(edges, order)
    request_id = ask(edges, order)
    document.unlink()
    work(edges)
    assert request_of(edges, request_id).state == "in_review"
    assert "ours" in told(edges, request_id)
    keep_policy(tmp_path, "ours")
    change_order(edges, order)
    work(edges)
    assert request_of(edges, request_id).state == "granted"


# ---------------------------------------------------------------- news before the money is sent


def test_a_dispute_opened_before_the_money_is_sent_stops_it(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    customers.open_dispute(edges, order.id, status="needs_response", opened_at=None, by=STAFF)
    assert [refund.state for refund in refunds_of(edges, order)] == [State.FAILED]
    work(edges)
    assert request_of(edges, request_id).state == "in_review"


def test_an_infringement_opened_before_the_money_is_sent_stops_it(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    assert order.customer_id
    accusation = customers.CustomerChange(infringement="open", evidence="a copy on sale")
    customers.change_customer(edges, order.customer_id, accusation, by=STAFF)
    work(edges)
    assert request_of(edges, request_id).state == "refused"
    assert [refund.state for refund in refunds_of(edges, order)] == [State.FAILED]


def test_a_dispute_cannot_call_back_what_is_being_sent(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    report(edges, order)
    ask(edges, order)
    work(edges)
    settle(edges, order, State.SENDING)
    customers.open_dispute(edges, order.id, status="needs_response", opened_at=None, by=STAFF)
    assert [refund.state for refund in refunds_of(edges, order)] == [State.SENDING]
