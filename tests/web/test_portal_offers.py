"""A customer accepts or declines charged work on the page of their order."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from refunddesk.db import turns
from refunddesk.db.orders import Order
from refunddesk.db.turns import WorkQuote
from refunddesk.extension import create_app
from refunddesk.services import cases, work_quotes
from refunddesk.services.cases import Intake
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests import asking, building
from tests.conftest import TestClock
from tests.visiting import Customer

WORK = "Another colour <b>everywhere</b>"
WEEK = timedelta(days=7)


@pytest.fixture
def order(edges: Edges) -> Order:
    return asking.buy(edges, building.add_store(edges))


@pytest.fixture
def customer(settings: Settings, edges: Edges, order: Order) -> Customer:
    app: Flask = create_app(settings, edges=edges)
    customer = Customer(app.test_client(), edges, order)
    customer.enter()
    return customer


def offer(edges: Edges, order: Order) -> WorkQuote:
    case = cases.open_case(
        edges, Intake(order.id, "malfunction", category="customization"), by="staff:1"
    )
    return work_quotes.offer_quote(
        edges,
        case.id,
        work=WORK,
        amount="120.00",
        currency="EUR",
        valid_until=edges.clock() + WEEK,
        by="staff:1",
    )


def standing(edges: Edges, quote: WorkQuote) -> tuple[str, str | None]:
    with edges.database.read() as transaction:
        found = turns.find_quote(transaction, quote.id)
    assert found
    return found.standing, found.answered_by


@pytest.mark.parametrize(("answer", "becomes"), [("accept", "accepted"), ("decline", "declined")])
def test_what_is_offered_is_read_and_answered_once(
    customer: Customer, edges: Edges, order: Order, answer: str, becomes: str
) -> None:
    assert "/my/quotes/" not in customer.see()
    quote = offer(edges, order)
    page = customer.see()
    assert "Another colour &lt;b&gt;everywhere&lt;/b&gt;" in page
    assert "Accept, for €120.00" in page.replace("\u00a0", "")
    for _ in range(2):
        answered = customer.post(f"/my/quotes/{quote.id}", answer=answer)
        assert (answered.status_code, answered.headers["Location"]) == (303, "/my/#messages")
    assert standing(edges, quote) == (becomes, f"order:{order.id}")
    assert "/my/quotes/" not in customer.see()
    assert f"You {becomes} this on " in customer.see()
    other = "decline" if answer == "accept" else "accept"
    refused = customer.post(f"/my/quotes/{quote.id}", answer=other)
    assert (refused.status_code, "answered already" in refused.text) == (409, True)
    assert standing(edges, quote)[0] == becomes


@pytest.mark.parametrize(
    ("after", "status"),
    [
        pytest.param(WEEK, 303, id="in its last second"),
        pytest.param(WEEK + timedelta(seconds=1), 409, id="a second later"),
    ],
)
def test_an_offer_is_accepted_until_its_end(
    customer: Customer, edges: Edges, order: Order, clock: TestClock, after: timedelta, status: int
) -> None:
    quote = offer(edges, order)
    clock.move(seconds=after.total_seconds())
    customer.enter()
    assert ("/my/quotes/" in customer.see()) == (status == 303)
    answered = customer.post(f"/my/quotes/{quote.id}", answer="accept")
    assert answered.status_code == status
    assert standing(edges, quote)[0] == ("accepted" if status == 303 else "offered")


def test_a_foreign_offer_is_answered_like_one_that_is_not_there(
    customer: Customer, edges: Edges, order: Order
) -> None:
    other = asking.buy(edges, order.store_id, woo_order_id=2002, email="eve@example.com")
    quote = offer(edges, other)
    foreign = customer.post(f"/my/quotes/{quote.id}", answer="accept")
    missing = customer.post("/my/quotes/9999", answer="accept")
    pages = [re.sub(r'value="[^"]+"', "", one.text) for one in (foreign, missing)]
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert pages[0] == pages[1]
    assert standing(edges, quote) == ("offered", None)


@pytest.mark.parametrize("answer", ["", "yes", "ACCEPT"])
def test_neither_yes_nor_no_is_no_answer(
    customer: Customer, edges: Edges, order: Order, answer: str
) -> None:
    quote = offer(edges, order)
    assert customer.post(f"/my/quotes/{quote.id}", answer=answer).status_code == 422
    assert standing(edges, quote) == ("offered", None)
