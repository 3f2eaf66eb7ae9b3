"""A claim holds what really left an order, and knows a customer under all their addresses."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from refunddesk.db import decisions, refunds, requests, store_refunds
from refunddesk.db.orders import Order
from refunddesk.db.refunds import Refund, RefundLine, State
from refunddesk.db.store_refunds import StoreRefundFacts, StoreRefundLine
from refunddesk.policy.decision import instant_text
from refunddesk.services import licenses as licensing
from refunddesk.services.claims import returned
from refunddesk.services.edges import Edges
from tests.asking import EXTRA_DOMAIN, PORTAL, ask, buy, key_of, report, work
from tests.building import add_store, eur
from tests.conftest import TestClock


def judged(edges: Edges, order: Order, request_key: str) -> tuple[str, dict[str, Any], Any]:
    """The request's state, its claim and its decision, after asking and judging."""
    request_id = ask(edges, order, request_key)
    work(edges)
    with edges.database.read() as transaction:
        state = requests.get_request(transaction, request_id).state
        row = decisions.find_latest(transaction, request_id)
    assert row
    return state, json.loads(row.claim), json.loads(row.decision)


def pay(edges: Edges, order: Order) -> Refund:
    """Settle the order's granted refund as paid."""
    with edges.database.write() as transaction:
        refund = refunds.list_for_order(transaction, order.id)[-1]
        for state in (State.SENDING, State.PAID):
            moved = refunds.move(transaction, refund, state, now=edges.clock())
            assert moved
            refund = moved
    return refund


def see_store_refund(edges: Edges, order: Order, amount: str, *lines: tuple[int, str, str]) -> None:
    """A refund that somebody made in the store without us."""
    parts = tuple(StoreRefundLine(item, eur(net), eur(tax)) for item, net, tax in lines)
    facts = StoreRefundFacts(900, eur(amount), None, True, parts, edges.clock())
    with edges.database.write() as transaction:
        store_refunds.record_store_refund(
            transaction,
            store_id=order.store_id,
            order_id=order.id,
            facts=facts,
            now=edges.clock(),
        )


FREE = replace(PORTAL, sites=0)

SAME_PERSON = [
    pytest.param({"email": "ada@example.com"}, id="the same address"),
    pytest.param({"email": "Ada@Example.COM"}, id="the same address in capitals"),
    pytest.param({"email": "ada+second@example.com"}, id="an alias of the mailbox"),
    pytest.param({"email": "new@example.org", "account": 7}, id="the same account"),
]
ANOTHER_PERSON = [
    pytest.param({"email": "eve@example.com"}, id="another mailbox"),
    pytest.param({"email": "ada@example.org"}, id="the same name elsewhere"),
    pytest.param({"email": "adam+second@example.com"}, id="a mailbox that begins alike"),
    pytest.param({"email": "a_a@example.com"}, id="a wildcard in the address"),
]


def refund_first_purchase(edges: Edges, clock: TestClock, **facts: Any) -> int:
    """Ada buys the portal and gets it back; the store's id."""
    store_id = add_store(edges)
    order = buy(edges, store_id, FREE, account=7, **facts)
    report(edges, order)
    assert judged(edges, order, "first")[0] == "granted"
    clock.move(hours=1)
    pay(edges, order)
    clock.move(hours=1)
    return store_id


@pytest.mark.parametrize("buyer", SAME_PERSON)
def test_who_got_a_product_back_once_is_refused_when_buying_it_again(
    edges: Edges, clock: TestClock, buyer: dict[str, Any]
) -> None:
    store_id = refund_first_purchase(edges, clock)
    again = buy(edges, store_id, FREE, woo_order_id=1002, **buyer)
    report(edges, again)
    state, claim, decision = judged(edges, again, "second")
    assert (state, decision["settled_by"]) == ("refused", "R-1D")
    (earlier,) = claim["customer"]["earlier_refunds"]
    assert earlier["id"].startswith("RD-")
    assert (earlier["order_id"], earlier["product"]) == ("1001", "crm-portal")


@pytest.mark.parametrize("buyer", ANOTHER_PERSON)
def test_another_customer_is_not_held_to_it(
    edges: Edges, clock: TestClock, buyer: dict[str, Any]
) -> None:
    store_id = refund_first_purchase(edges, clock)
    other = buy(edges, store_id, FREE, woo_order_id=1002, **buyer)
    report(edges, other)
    assert judged(edges, other, "second")[0] == "granted"


def test_guests_without_an_address_are_not_taken_for_one_another(
    edges: Edges, clock: TestClock
) -> None:
    store_id = add_store(edges)
    first = buy(edges, store_id, FREE, email="")
    report(edges, first)
    assert judged(edges, first, "first")[0] == "granted"
    clock.move(hours=1)
    pay(edges, first)
    clock.move(hours=1)
    other = buy(edges, store_id, FREE, woo_order_id=1002, email="")
    report(edges, other)
    assert judged(edges, other, "second")[0] == "granted"


def test_the_same_number_and_address_in_another_store_is_another_order_of_another_customer(
    edges: Edges, clock: TestClock
) -> None:
    refund_first_purchase(edges, clock)
    elsewhere = add_store(edges, url="https://other.test")
    other = buy(edges, elsewhere, FREE, account=7)
    report(edges, other)
    state, claim, _ = judged(edges, other, "first")
    assert (state, claim["order"]["refunded"]) == ("granted", "0.00")


def test_a_refunded_renewal_does_not_count_against_a_later_purchase(
    edges: Edges, clock: TestClock
) -> None:
    store_id = refund_first_purchase(edges, clock, kind="renewal", billing="yearly")
    again = buy(edges, store_id, FREE, woo_order_id=1002)
    report(edges, again)
    assert judged(edges, again, "second")[0] == "granted"


def test_what_the_store_gave_back_itself_is_not_given_twice(edges: Edges) -> None:
    order = buy(edges, add_store(edges), FREE, EXTRA_DOMAIN)
    see_store_refund(edges, order, "59.50", (11, "50.00", "9.50"))
    report(edges, order)
    state, claim, decision = judged(edges, order, "first")
    assert claim["order"]["refunded"] == "50.00"
    assert claim["order"]["items"][0]["refunded"] == "50.00"
    assert (state, decision["amount"]) == ("granted", "149.00")


def test_a_line_given_back_elsewhere_does_not_lower_the_others(edges: Edges) -> None:
    order = buy(edges, add_store(edges), FREE, EXTRA_DOMAIN)
    see_store_refund(edges, order, "58.31", (12, "49.00", "9.31"))
    report(edges, order)
    assert judged(edges, order, "first")[2]["amount"] == "199.00"


def test_an_order_given_back_whole_elsewhere_is_refused(edges: Edges) -> None:
    order = buy(edges, add_store(edges), FREE)
    see_store_refund(edges, order, "236.81", (11, "199.00", "37.81"))
    report(edges, order)
    assert judged(edges, order, "first")[0] == "refused"


def test_an_amount_without_lines_includes_tax_in_the_orders_proportion(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(FREE, paid="100.00", tax="19.00"))
    see_store_refund(edges, order, "11.90")
    report(edges, order)
    state, claim, decision = judged(edges, order, "first")
    assert claim["order"]["refunded"] == "10.00"
    assert (state, decision["amount"]) == ("granted", "90.00")


@pytest.mark.parametrize(
    ("state", "net"),
    [
        pytest.param(State.DUE, "60.00", id="granted"),
        pytest.param(State.SENDING, "60.00", id="on its way"),
        pytest.param(State.UNKNOWN, "60.00", id="not known to have arrived"),
        pytest.param(State.NEEDS_REVIEW, "60.00", id="before a person"),
        pytest.param(State.PAID, "60.00", id="paid"),
        pytest.param(State.FAILED, "0.00", id="failed"),
    ],
)
def test_a_refund_of_ours_counts_from_the_grant_until_it_fails(
    edges: Edges, state: State, net: str
) -> None:
    order = buy(edges, add_store(edges), FREE)
    report(edges, order)
    judged(edges, order, "first")
    with edges.database.read() as transaction:
        refund = refunds.list_for_order(transaction, order.id)[-1]
    line = RefundLine(11, Decimal(1), eur("60.00"))
    found = returned(order, [], [replace(refund, state=state, lines=(line,))], [])
    assert found.lines.get(11, eur("0.00")) == eur(net)


def test_the_stores_row_of_our_own_refund_is_not_counted_again(edges: Edges) -> None:
    order = buy(edges, add_store(edges), FREE)
    report(edges, order)
    judged(edges, order, "first")
    refund = pay(edges, order)
    facts = StoreRefundFacts(
        900,
        refund.amount,
        refund.marker,
        True,
        (StoreRefundLine(11, refund.amount, eur("0.00")),),
        edges.clock(),
    )
    with edges.database.write() as transaction:
        store_refunds.record_store_refund(
            transaction,
            store_id=order.store_id,
            order_id=order.id,
            facts=facts,
            now=edges.clock(),
        )
        seen = store_refunds.list_store_refunds(transaction, order.id)
    assert returned(order, [], [refund], seen).lines == {11: eur("199.00")}


def test_a_claim_tells_how_often_a_licence_was_used_also_where_it_is_off_again(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=2))
    clock.move(days=1)
    first = licensing.activate(edges, key_of(edges, order), "https://a.example")
    began_at = instant_text(clock())
    clock.move(days=1)
    licensing.deactivate(edges, first.token)
    licensing.activate(edges, key_of(edges, order), "https://b.example")
    _, claim, _ = judged(edges, order, "first")
    assert claim["license"]["activations"] == 2
    assert len(claim["license"]["active_sites"]) == 1
    assert claim["license"]["last_used_at"] == instant_text(clock())
    assert (claim["order"]["activated_at"], claim["order"]["first_used_at"]) == (began_at, began_at)


def test_a_licence_never_activated_leaves_its_first_use_unknown(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    _, claim, _ = judged(edges, order, "first")
    assert claim["license"]["activations"] == 0
    assert "last_used_at" not in claim["license"]
    assert "first_used_at" not in claim["order"]


def test_a_claim_counts_the_refunds_a_customer_had(edges: Edges, clock: TestClock) -> None:
    store_id = refund_first_purchase(edges, clock)
    order = buy(edges, store_id, FREE, woo_order_id=1002, account=7)
    _, claim, _ = judged(edges, order, "second")
    assert claim["customer"]["refunds_ever"] == 1
