"""Staff report what they suspect a customer of; approvers confirm or drop it, and proceed."""

from __future__ import annotations

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from refunddesk.db import suspicions as rows
from refunddesk.db.history import list_deeds
from refunddesk.db.orders import Order
from refunddesk.db.staff import Role
from refunddesk.db.suspicions import Suspicion
from refunddesk.extension import create_app
from refunddesk.services import customers, infringements, licenses, suspicions
from refunddesk.services.customers import CustomerChange
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.asking import buy, key_of
from tests.building import add_store
from tests.people import browser_of, hire
from tests.web.test_desk import Browser

MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def order(edges: Edges) -> Order:
    return buy(edges, add_store(edges))


def arrive(app: Flask, edges: Edges, role: Role) -> Browser:
    return Browser(browser_of(app, edges, hire(edges, role)))


def post(browser: Browser, path: str, words: str = "") -> TestResponse:
    token = browser.form_token("/desk/suspicions")
    return browser.client.post(f"/desk/{path}", data={"csrf_token": token, "words": words})


def all_of(edges: Edges, order: Order) -> list[Suspicion]:
    with edges.database.read() as transaction:
        return rows.list_of_customers(transaction, [order.customer_id or 0])


def is_accused(edges: Edges, order: Order) -> bool:
    with edges.database.read() as transaction:
        return infringements.is_accused(transaction, order.customer_id or 0)


def test_what_support_reports_waits_for_an_approver_and_does_nothing_yet(
    app: Flask, edges: Edges, order: Order
) -> None:
    support = arrive(app, edges, Role.SUPPORT)
    page = f"customers/{order.customer_id}"
    assert post(support, f"{page}/suspect", f"Offered on a forum. {MARKUP}").status_code == 303
    assert post(support, f"{page}/suspect", f"Offered on a forum. {MARKUP}").status_code == 303
    (raised,) = all_of(edges, order)
    assert (raised.kind, raised.license_id, raised.raised_by) == ("reported", None, "staff:1")
    assert not is_accused(edges, order)
    licenses.activate(edges, key_of(edges, order), "ada.example")
    for path in ("/desk/suspicions", f"/desk/{page}"):
        shown = support.see(path).text
        assert "Offered on a forum." in shown
        assert MARKUP not in shown
    assert "Suspicion 1" in support.see("/desk/").text
    with edges.database.read() as transaction:
        deeds = list_deeds(transaction, f"customer:{order.customer_id}")
    assert [deed.action for deed in deeds] == ["suspicion_raised"]
    assert "forum" not in str([deed.data for deed in deeds])


def test_an_approver_confirms_with_evidence_and_the_procedure_stops_activations(
    app: Flask, edges: Edges, order: Order
) -> None:
    assert order.customer_id
    suspicions.report(edges, order.customer_id, evidence="On a forum.", by="staff:9")
    approver = arrive(app, edges, Role.APPROVER)
    assert "On a forum.</textarea>" in approver.see("/desk/suspicions").text
    assert post(approver, "suspicions/1/confirm", " ").status_code == 422
    assert not is_accused(edges, order)
    assert post(approver, "suspicions/1/confirm", "Bought it there.").status_code == 303
    assert is_accused(edges, order)
    with pytest.raises(licenses.LicenseNotKnown):
        licenses.activate(edges, key_of(edges, order), "ada.example")
    again = post(approver, "suspicions/1/confirm", "Bought it there.")
    assert (again.status_code, "was confirmed already" in again.text) == (409, True)
    assert "Bought it there." in approver.see(f"/desk/orders/{order.id}").text


def test_a_dropped_suspicion_is_over_and_its_reason_stays(
    app: Flask, edges: Edges, order: Order
) -> None:
    assert order.customer_id
    suspicions.report(edges, order.customer_id, evidence="On a forum.", by="staff:9")
    owner = arrive(app, edges, Role.OWNER)
    assert post(owner, "suspicions/1/drop", "").status_code == 422
    assert post(owner, "suspicions/1/drop", "Another plugin.").status_code == 303
    assert "Another plugin." in owner.see(f"/desk/customers/{order.customer_id}").text
    assert "None is open." in owner.see("/desk/suspicions").text
    assert not is_accused(edges, order)


def test_a_procedure_is_opened_once_and_settled_once(
    app: Flask, edges: Edges, order: Order
) -> None:
    owner = arrive(app, edges, Role.OWNER)
    page = f"customers/{order.customer_id}"
    assert post(owner, f"{page}/clear").status_code == 409
    assert post(owner, f"{page}/accuse", "A letter of 3 March.").status_code == 303
    assert post(owner, f"{page}/accuse", "Another letter.").status_code == 409
    assert "A letter of 3 March." in owner.see("/desk/suspicions").text
    assert post(owner, f"{page}/clear").status_code == 303
    assert not is_accused(edges, order)
    assert "A letter of 3 March." in owner.see(f"/desk/{page}").text


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR])
def test_whoever_may_not_decide_sees_no_such_form(
    app: Flask, edges: Edges, order: Order, role: Role
) -> None:
    assert order.customer_id
    suspicions.report(edges, order.customer_id, evidence="On a forum.", by="staff:9")
    browser = arrive(app, edges, role)
    assert "Drop</button>" not in browser.see("/desk/suspicions").text
    shown = browser.see(f"/desk/customers/{order.customer_id}").text
    assert "Open a procedure</button>" not in shown
    assert ("Report it</button>" in shown) is (role is Role.SUPPORT)
    for path in (
        "suspicions/1/confirm",
        "suspicions/1/drop",
        f"customers/{order.customer_id}/accuse",
    ):
        assert post(browser, path, "x").status_code == 403
    assert not is_accused(edges, order)


def test_a_guest_under_the_accused_address_is_shown_as_the_same_person(
    app: Flask, edges: Edges, order: Order
) -> None:
    guest = buy(edges, order.store_id, woo_order_id=1002, email="ada+shop@example.com")
    assert order.customer_id
    change = CustomerChange(infringement="open", evidence="A letter.")
    customers.change_customer(edges, order.customer_id, change, by="staff:1")
    owner = arrive(app, edges, Role.OWNER)
    shown = owner.see(f"/desk/customers/{guest.customer_id}").text
    assert "A procedure for infringement is open" in shown
    assert f'href="/desk/customers/{order.customer_id}"' in shown
    assert "A letter." in owner.see(f"/desk/orders/{guest.id}").text
