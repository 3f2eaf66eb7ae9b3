"""One page holds an order and all that hangs on it, for everybody who works at the desk."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from refunddesk.casework import TurnKind
from refunddesk.db import disputes, store_refunds
from refunddesk.db.customer_links import Purpose
from refunddesk.db.orders import Order
from refunddesk.db.staff import Role
from refunddesk.db.store_refunds import StoreRefundFacts
from refunddesk.db.tables import orders
from refunddesk.extension import create_app
from refunddesk.services import case_turns, customer_links, customers
from refunddesk.services import licenses as licensing
from refunddesk.services.case_turns import Saying
from refunddesk.services.customers import CustomerChange
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.asking import PORTAL, STAFF, Bought, ask, buy, judge, key_of, report
from tests.building import add_order, add_store, eur, grant
from tests.conftest import TestClock
from tests.people import browser_of, hire
from tests.web.test_desk import Browser

MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def browser(app: Flask, edges: Edges) -> Browser:
    return Browser(browser_of(app, edges, hire(edges, Role.OWNER)))


@pytest.fixture
def store_id(edges: Edges) -> int:
    return add_store(edges)


def page_of(browser: Browser, order: Order) -> str:
    answer = browser.see(f"/desk/orders/{order.id}")
    assert answer.status_code == 200
    return answer.text


def cells(page: str, label: str) -> list[str]:
    """The texts of one column of the lines, top down."""
    found = re.findall(rf'<td data-label="{label}"[^>]*>(.*?)</td>', page, re.S)
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in found]


def test_each_line_says_what_it_gets_by_itself_and_if_all_is_done(
    browser: Browser, edges: Edges, store_id: int
) -> None:
    order = buy(edges, store_id, PORTAL, Bought("setting-up", "80.00", "0.00", "service", 0))
    page = page_of(browser, order)
    assert cells(page, "Paid") == ["199.00 EUR", "80.00 EUR"]
    assert cells(page, "By itself") == ["–", "–"], "nobody reported anything yet"
    assert cells(page, "If all is done") == ["199.00 EUR", "–"], "work done is not paid back"
    assert (
        "If the case, the finding, the request and the licences are all as the policy asks" in page
    )


def test_after_the_last_day_nothing_comes_back_whatever_is_done(
    browser: Browser, edges: Edges, store_id: int, clock: TestClock
) -> None:
    order = buy(edges, store_id, paid_at=clock() - timedelta(days=400))
    page = page_of(browser, order)
    assert cells(page, "If all is done") == ["–"]
    assert "The policy gives nothing back for this order any more" in page


def test_an_order_left_to_a_person_says_why_and_quotes_nothing(
    browser: Browser, edges: Edges, store_id: int
) -> None:
    order = buy(edges, store_id, status="on-hold")
    page = page_of(browser, order)
    assert cells(page, "If all is done") == ["–"]
    assert "the store has it as on-hold, so its payment may not stand" in page


def test_an_order_that_was_never_paid_says_so(
    browser: Browser, edges: Edges, store_id: int
) -> None:
    order = buy(edges, store_id)
    assert "The order is not paid." not in page_of(browser, order)
    with edges.database.write() as transaction:
        transaction.execute(update(orders).values(paid_at=None))
    assert "The order is not paid." in page_of(browser, order)


def test_requests_cases_licences_and_mails_are_one_click_away(
    browser: Browser, edges: Edges, store_id: int
) -> None:
    order = buy(edges, store_id, Bought(sites=2))
    key = key_of(edges, order)
    for site in ("https://one.example", "https://two.example"):
        licensing.activate(edges, key, site)
    case = report(edges, order)
    request_id = ask(edges, order, case_id=case.id)
    judge(edges, request_id)
    customer_links.mail_link(edges, order.id, Purpose.REFUND, by=STAFF)
    page = page_of(browser, order)
    for said in (
        f'href="/desk/cases/{case.id}"',
        f'href="/desk/requests/{request_id}"',
        "one.example",
        "two.example",
        "For 2 sites",
        f"about order {order.id} to ada@example.com",
        f"about case {case.id} to ada@example.com",
        f"about request {request_id} to ada@example.com",
    ):
        assert said in page


def test_money_is_shown_with_who_moved_it(
    browser: Browser, edges: Edges, store_id: int, clock: TestClock
) -> None:
    order = add_order(edges, store_id)
    refund = grant(edges, order, {11: ("50.00", "0.00")})
    with edges.database.write() as transaction:
        facts = StoreRefundFacts(
            woo_refund_id=77,
            amount=eur("20.00"),
            marker=None,
            refunded_payment=False,
            lines=(),
            made_at=clock(),
        )
        store_refunds.record_store_refund(
            transaction, store_id=store_id, order_id=order.id, facts=facts, now=clock()
        )
        disputes.record_dispute(transaction, order.id, status="needs_response", opened_at=clock())
    page = page_of(browser, order)
    assert f'href="/desk/refunds/{refund.id}"' in page
    assert "Made in the store without us, its refund 77" in page
    assert "booked, no money moved" in page
    assert "Dispute 1 at the bank, needs response" in page


def test_a_customer_with_an_open_procedure_is_marked_on_the_order(
    browser: Browser, edges: Edges, store_id: int
) -> None:
    order = buy(edges, store_id)
    assert order.customer_id
    assert "procedure for infringement" not in page_of(browser, order)
    opened = CustomerChange(infringement="open", evidence="Sold the key on.")
    customers.change_customer(edges, order.customer_id, opened, by=STAFF)
    assert "procedure for infringement is open against this customer: Sold" in page_of(
        browser, order
    )


@pytest.mark.parametrize("role", list(Role))
def test_every_role_reads_it(app: Flask, edges: Edges, store_id: int, role: Role) -> None:
    order = buy(edges, store_id)
    assert page_of(Browser(browser_of(app, edges, hire(edges, role))), order)


def test_search_case_and_request_lead_to_the_order(
    browser: Browser, edges: Edges, store_id: int
) -> None:
    order = buy(edges, store_id)
    case = report(edges, order)
    request_id = ask(edges, order, case_id=case.id)
    for path in ("/desk/search?q=1001", f"/desk/cases/{case.id}", f"/desk/requests/{request_id}"):
        assert f'href="/desk/orders/{order.id}"' in browser.see(path).text


def test_markup_in_an_order_is_shown_as_text(browser: Browser, edges: Edges, store_id: int) -> None:
    order = buy(
        edges,
        store_id,
        Bought(product=MARKUP),
        number=MARKUP,
        email=f"{MARKUP}@example.com",
        payment_method=MARKUP,
        remarks=(MARKUP,),
    )
    case = report(edges, order, finding=None, gives_up=False)
    case_turns.say(edges, case.id, Saying(TurnKind.ANSWER, MARKUP), by=STAFF)
    page = page_of(browser, order)
    assert page.count("&lt;script&gt;") >= 6
    assert "<script" not in page.lower()


def test_an_order_that_is_not_there_is_said_to_be_missing(browser: Browser) -> None:
    answer = browser.see("/desk/orders/4711")
    assert (answer.status_code, "There is no order 4711." in answer.text) == (404, True)
