"""The page of double and stuck payments shows why, and lets the right people decide."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from refunddesk.db import duplicates, orders
from refunddesk.db.duplicates import DuplicateState
from refunddesk.db.orders import Order
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.services import duplicates as pairing
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from refunddesk.web.auth import SESSION_COOKIE
from tests.asking import PORTAL, buy
from tests.building import add_store
from tests.conftest import TestClock
from tests.people import hire, session_of


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def twice(edges: Edges, clock: TestClock) -> tuple[Order, Order]:
    store_id = add_store(edges)
    first = buy(edges, store_id, PORTAL, woo_order_id=1001)
    clock.move(minutes=3)
    second = buy(edges, store_id, PORTAL, woo_order_id=1002)
    pairing.look(edges, second.id)
    return first, second


def browser(app: Flask, edges: Edges, role: Role) -> FlaskClient:
    client = app.test_client()
    client.set_cookie(SESSION_COOKIE, session_of(edges, hire(edges, role)))
    return client


def token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def state(edges: Edges) -> DuplicateState:
    with edges.database.read() as transaction:
        pair = duplicates.find_duplicate(transaction, 1)
    assert pair
    return pair.state


def test_a_pair_is_shown_with_its_reasons_and_linked_from_today(
    app: Flask, edges: Edges, twice: tuple[Order, Order]
) -> None:
    client = browser(app, edges, Role.APPROVER)
    page = client.get("/desk/payments").text
    assert "order 1002" in page
    assert "the same products; the same amount; the same customer" in page
    assert "Return 236.81 EUR of order 1002" in page
    assert 'href="/desk/payments#duplicate-1"' in client.get("/desk/").text


def test_an_approver_returns_it_and_a_second_click_says_so(
    app: Flask, edges: Edges, twice: tuple[Order, Order]
) -> None:
    client = browser(app, edges, Role.APPROVER)
    form = {"csrf_token": token(client.get("/desk/payments").text)}
    assert client.post("/desk/duplicates/1/return", data=form).status_code == 303
    assert state(edges) is DuplicateState.RETURNING
    again = client.post("/desk/duplicates/1/return", data=form)
    assert again.status_code == 409
    assert "is returning already. Nothing was changed" in again.text
    refund = client.get("/desk/refunds/1").text
    assert "a payment made twice" in refund


def test_leaving_both_needs_a_reason(app: Flask, edges: Edges, twice: tuple[Order, Order]) -> None:
    client = browser(app, edges, Role.OWNER)
    form = {"csrf_token": token(client.get("/desk/payments").text)}
    assert client.post("/desk/duplicates/1/drop", data=form).status_code == 422
    assert state(edges) is DuplicateState.OPEN
    reason = "<b>A second site</b>"
    client.post("/desk/duplicates/1/drop", data={**form, "because": reason})
    assert state(edges) is DuplicateState.DROPPED
    page = client.get("/desk/payments").text
    assert "&lt;b&gt;A second site&lt;/b&gt;" in page
    assert reason not in page


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR])
def test_who_does_not_decide_about_money_sees_no_button(
    app: Flask, edges: Edges, twice: tuple[Order, Order], role: Role
) -> None:
    page = browser(app, edges, role).get("/desk/payments").text
    assert "order 1002" in page
    assert "/desk/duplicates/1/return" not in page


def test_a_stuck_payment_is_closed_by_support_and_explained_to_its_buyer(
    app: Flask, edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), PORTAL, status="pending")
    with edges.database.write() as transaction:
        facts = orders.get_order(transaction, order.id)
        transaction.exec_driver_sql("UPDATE orders SET paid_at = NULL")
        assert facts
    clock.move(hours=2)
    client = browser(app, edges, Role.SUPPORT)
    page = client.get("/desk/payments").text
    assert "2 h ago" in page
    form = {"csrf_token": token(page)}
    assert client.post(f"/desk/orders/{order.id}/close", data=form).status_code == 303
    assert "being closed" in client.get("/desk/payments").text
