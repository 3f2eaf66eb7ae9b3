"""Staff find an order, its cases and its requests by what the customer wrote."""

from __future__ import annotations

import pytest
from flask import Flask

from refunddesk.db import licenses
from refunddesk.db.orders import Order
from refunddesk.extension import create_app
from refunddesk.services import licenses as licensing
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.asking import ask, buy, key_of, report
from tests.building import add_store
from tests.web.test_desk import Browser, employ


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def browser(app: Flask, edges: Edges) -> Browser:
    employ(edges)
    browser = Browser(app.test_client())
    browser.sign_in()
    return browser


@pytest.fixture
def order(edges: Edges) -> Order:
    """The order of Ada, with a case and a request, beside one of Bob's."""
    store_id = add_store(edges)
    buy(edges, store_id, woo_order_id=2002, email="bob@example.com")
    order = buy(edges, store_id)
    report(edges, order)
    ask(edges, order)
    return order


def looked_for(browser: Browser, words: str) -> str:
    answer = browser.client.get("/desk/search", query_string={"q": words})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("words", ["1001", "#1001", " ADA@example.com "])
def test_an_order_is_found_by_its_number_and_its_customers_mail(
    browser: Browser, order: Order, words: str
) -> None:
    page = looked_for(browser, words)
    assert (">Case 1</a>" in page, ">Request 1</a>" in page) == (True, True)
    assert "bob@example.com" not in page


def test_an_order_is_found_by_the_end_of_its_licence_key(
    browser: Browser, edges: Edges, order: Order
) -> None:
    key_of(edges, order)
    with edges.database.read() as transaction:
        held = licenses.list_licenses(transaction, order.id, None)[0]
    for written in (held.key_ends_with, held.key_ends_with.lower(), held.key_ends_with.upper()):
        assert ">Case 1</a>" in looked_for(browser, written)


@pytest.mark.parametrize(
    "words", ["shop.example", "https://Shop.example/", "http://www.shop.example:8443/cart?a=1"]
)
def test_an_order_is_found_by_a_site_of_its_licence(
    browser: Browser, edges: Edges, order: Order, words: str
) -> None:
    licensing.activate(edges, key_of(edges, order), "https://shop.example")
    assert ">Case 1</a>" in looked_for(browser, words)


@pytest.mark.parametrize("words", ["100", "%", "example.com", "x" * 5_000, "a\0b", "\N{EYES}"])
def test_what_names_nothing_whole_finds_nothing(browser: Browser, order: Order, words: str) -> None:
    page = looked_for(browser, words)
    assert "Nothing is known by that" in page
    assert ">Case 1</a>" not in page


def test_what_was_looked_for_is_shown_as_text(browser: Browser, order: Order) -> None:
    page = looked_for(browser, '"><script>alert(1)</script>')
    assert "<script" not in page


def test_of_many_orders_the_newest_are_shown(browser: Browser, edges: Edges, order: Order) -> None:
    for number in range(26):
        buy(edges, order.store_id, woo_order_id=3000 + number)
    page = looked_for(browser, "ada@example.com")
    assert page.count('data-label="Order"') == 25
    assert "These are the newest 25" in page
    assert ">3025<" in page


def test_a_stranger_is_led_to_the_sign_in_page(app: Flask) -> None:
    answer = app.test_client().get("/desk/search?q=1001")
    assert (answer.status_code, answer.location) == (303, "/desk/sign-in")
