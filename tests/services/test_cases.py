"""Staff say what they found, and every word of theirs is judged at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from refunddesk.db import requests
from refunddesk.db.cases import CaseFacts
from refunddesk.db.history import list_deeds
from refunddesk.services import cases, customers
from refunddesk.services.cases import CaseContradiction
from refunddesk.services.customers import CustomerChange
from refunddesk.services.edges import Edges
from refunddesk.services.instants import InstantInFuture
from refunddesk.services.refusal import Refusal
from refunddesk.services.requests import NoSuchOrder
from tests.asking import PORTAL, STAFF, ask, at_once, buy, days, report, work
from tests.building import add_store
from tests.conftest import TestClock

FREE = replace(PORTAL, sites=0)
OPENED = datetime.fromisoformat("2026-03-02T10:00:00+00:00")
HOUR = timedelta(hours=1)


def state_of(edges: Edges, request_id: int) -> str:
    with edges.database.read() as transaction:
        return requests.get_request(transaction, request_id).state


def test_a_report_that_misses_nothing_is_complete_from_its_opening(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    assert report(edges, order).facts.complete_at == edges.clock()


def test_what_is_missing_takes_completion_back_and_what_arrives_completes_the_report_now(
    edges: Edges, clock: TestClock
) -> None:
    case = report(edges, buy(edges, add_store(edges)))
    clock.move(hours=1)
    waiting = cases.change_case(edges, case.id, {"missing": ("site_url",)}, by=STAFF)
    assert waiting.facts.complete_at is None
    clock.move(hours=1)
    complete = cases.change_case(edges, case.id, {"missing": ()}, by=STAFF)
    assert complete.facts.complete_at == clock()
    assert cases.show_case(edges, case.id) == complete


def test_a_finding_wakes_the_request_that_waits_for_it(edges: Edges, clock: TestClock) -> None:
    order = buy(edges, add_store(edges), FREE)
    case = report(edges, order, finding=None, gave_up_at=None)
    request_id = ask(edges, order)
    work(edges)
    assert state_of(edges, request_id) == "awaiting"
    found = {"finding": "malfunction", "gave_up_at": clock()}
    cases.change_case(edges, case.id, found, by=STAFF)
    work(edges)
    assert state_of(edges, request_id) == "granted"


def test_saying_what_is_known_already_changes_nothing(edges: Edges) -> None:
    case = report(edges, buy(edges, add_store(edges)))
    cases.change_case(edges, case.id, {"reason": "malfunction"}, by=STAFF)
    with edges.database.read() as transaction:
        deeds = list_deeds(transaction, f"case:{case.id}")
    assert [deed.action for deed in deeds] == ["case_opened"]


def test_two_people_who_change_different_facts_at_once_both_succeed(edges: Edges) -> None:
    case = report(edges, buy(edges, add_store(edges)))
    facts = [{"resolved": True}, {"materials_offered": True}]
    at_once(2, lambda number: cases.change_case(edges, case.id, facts[number], by=STAFF))
    said = cases.show_case(edges, case.id).facts
    assert (said.resolved, said.materials_offered) == (True, True)


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(
            {"missing": ("details",), "complete_at": OPENED}, id="complete with something missing"
        ),
        pytest.param({"complete_at": OPENED - HOUR}, id="complete before it was opened"),
        pytest.param({"gave_up_at": OPENED - HOUR}, id="given up before it was opened"),
        pytest.param({"last_customer_reply_at": OPENED - HOUR}, id="answered before the question"),
        pytest.param(
            {"missing": ("details",), "pauses": ((OPENED, OPENED),)},
            id="a pause of a clock that never ran",
        ),
        pytest.param({"pauses": ((OPENED - HOUR, OPENED),)}, id="a pause before the clock ran"),
        pytest.param({"pauses": ((OPENED + HOUR, OPENED),)}, id="a pause that ends first"),
        pytest.param(
            {"pauses": ((OPENED, OPENED + HOUR), (OPENED, OPENED + HOUR))},
            id="two pauses at the same time",
        ),
    ],
)
def test_facts_that_cannot_all_be_true_are_refused(
    edges: Edges, clock: TestClock, facts: dict[str, Any]
) -> None:
    order = buy(edges, add_store(edges))
    clock.move(days=1)
    said = CaseFacts(**{"reason": "other", "opened_at": OPENED, "complete_at": None} | facts)
    with pytest.raises(CaseContradiction):
        cases.open_case(edges, order.id, said, by=STAFF)


@pytest.mark.parametrize(
    "name", ["opened_at", "complete_at", "gave_up_at", "last_customer_reply_at"]
)
def test_nothing_is_dated_later_than_now(edges: Edges, clock: TestClock, name: str) -> None:
    order = buy(edges, add_store(edges))
    with pytest.raises(InstantInFuture, match=name):
        report(edges, order, **{name: clock() + days(1)})


def test_a_clock_that_runs_four_minutes_ahead_is_forgiven_and_six_are_not(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges))
    ahead = report(edges, order, opened_at=clock() + timedelta(minutes=4))
    assert ahead.facts.opened_at == clock()
    with pytest.raises(InstantInFuture):
        report(edges, order, opened_at=clock() + timedelta(minutes=6))


def test_an_order_that_is_not_there_has_no_case(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    with pytest.raises(NoSuchOrder):
        report(edges, replace(order, id=order.id + 1))
    with pytest.raises(cases.NoSuchCase):
        cases.change_case(edges, 1, {"resolved": True}, by=STAFF)


# ---------------------------------------------------------------- customers and disputes


def test_an_open_infringement_refuses_and_a_settled_one_does_not(edges: Edges) -> None:
    order = buy(edges, add_store(edges), FREE)
    report(edges, order)
    assert order.customer_id
    accusation = CustomerChange(infringement="open", evidence="copies on three servers")
    customers.change_customer(edges, order.customer_id, accusation, by=STAFF)
    refused = ask(edges, order)
    work(edges)
    assert state_of(edges, refused) == "refused"
    settled = CustomerChange(infringement="settled")
    customers.change_customer(edges, order.customer_id, settled, by=STAFF)
    granted = ask(edges, order, "second")
    work(edges)
    assert state_of(edges, granted) == "granted"


def test_an_infringement_under_one_address_holds_for_the_person(edges: Edges) -> None:
    store_id = add_store(edges)
    accused = buy(edges, store_id, FREE, email="ada@example.com", account=7)
    order = buy(edges, store_id, FREE, woo_order_id=1002, email="ada@example.org", account=7)
    request_id = ask(edges, order)
    work(edges)
    assert state_of(edges, request_id) == "awaiting"
    assert accused.customer_id
    accusation = CustomerChange(infringement="open", evidence="copies on three servers")
    customers.change_customer(edges, accused.customer_id, accusation, by=STAFF)
    work(edges)
    assert state_of(edges, request_id) == "refused"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        pytest.param(
            [CustomerChange(infringement="open")],
            customers.ChangeIncomplete,
            id="an accusation without evidence",
        ),
        pytest.param(
            [CustomerChange(evidence="a copy")],
            customers.ChangeIncomplete,
            id="evidence of nothing",
        ),
        pytest.param(
            [CustomerChange(infringement="open", evidence="a copy")] * 2,
            customers.InfringementAlreadyOpen,
            id="a second procedure beside the first",
        ),
        pytest.param(
            [CustomerChange(infringement="settled")],
            customers.NoOpenInfringement,
            id="the end of no procedure",
        ),
    ],
)
def test_about_a_customer_staff_cannot_say(
    edges: Edges, changes: list[CustomerChange], refusal: type[Refusal]
) -> None:
    customer_id = buy(edges, add_store(edges)).customer_id
    assert customer_id
    *before, last = changes
    for change in before:
        customers.change_customer(edges, customer_id, change, by=STAFF)
    with pytest.raises(refusal):
        customers.change_customer(edges, customer_id, last, by=STAFF)


def test_the_evidence_stays_out_of_the_trail(edges: Edges) -> None:
    customer_id = buy(edges, add_store(edges)).customer_id
    assert customer_id
    accusation = CustomerChange(infringement="open", evidence="Ada's copies")
    customers.change_customer(edges, customer_id, accusation, by=STAFF)
    with edges.database.read() as transaction:
        (deed,) = list_deeds(transaction, f"customer:{customer_id}")
    assert "Ada" not in str(deed)


def test_a_dispute_at_the_bank_brings_the_request_before_a_person_until_it_is_closed(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), FREE)
    dispute = customers.open_dispute(
        edges, order.id, status="under_review", opened_at=None, by=STAFF
    )
    report(edges, order)
    request_id = ask(edges, order)
    work(edges)
    assert state_of(edges, request_id) == "in_review"
    customers.change_dispute(edges, dispute.id, status="won", closed_at=clock(), by=STAFF)
    work(edges)
    assert state_of(edges, request_id) == "granted"


def test_a_dispute_is_not_closed_before_it_was_opened(edges: Edges, clock: TestClock) -> None:
    order = buy(edges, add_store(edges))
    dispute = customers.open_dispute(edges, order.id, status="open", opened_at=None, by=STAFF)
    with pytest.raises(customers.DisputeContradiction):
        customers.change_dispute(
            edges, dispute.id, status="won", closed_at=clock() - HOUR, by=STAFF
        )
    with pytest.raises(customers.NoSuchDispute):
        customers.change_dispute(edges, dispute.id + 1, status="won", closed_at=None, by=STAFF)
