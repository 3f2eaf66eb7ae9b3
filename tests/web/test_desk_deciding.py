"""On the page of a request staff decide in place of the policy, and agree as second persons."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from refunddesk.db import orders
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.services import tokens
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.deciding import left_to_person, limit, overrides_of, refunds_of, request_of, waiting
from tests.people import browser_of, hire
from tests.web.test_desk import Browser
from tests.web.test_desk_cases import MARKUP

#: The deeds behind the forms are tried on both databases where they are at home.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def request_id(edges: Edges) -> int:
    return left_to_person(edges)[1]


def arrive(app: Flask, edges: Edges, role: Role) -> Browser:
    return Browser(browser_of(app, edges, hire(edges, role)))


def fill_in(browser: Browser, request_id: int, **changes: str) -> dict[str, str]:
    """The form as the page gives it, filled in to refund everything."""
    page = browser.see(f"/desk/requests/{request_id}").text
    hidden = {
        name: re.findall(rf'name="{name}" value="([^"]*)"', page)[-1]
        for name in ("csrf_token", "seen")
    }
    return hidden | {"ruling": "refund", "because": "They are right.", "line-11": "199"} | changes


def decide(browser: Browser, request_id: int, form: dict[str, str]) -> TestResponse:
    return browser.client.post(f"/desk/requests/{request_id}/override", data=form)


def answer(browser: Browser, request_id: int, word: str, **form: str) -> TestResponse:
    """Approve or decline what waits, by the form of the page."""
    path = f"/desk/requests/{request_id}/{word}/1"
    token = browser.form_token(f"/desk/requests/{request_id}")
    return browser.client.post(path, data={"csrf_token": token} | form)


def test_an_approver_refunds_in_place_of_the_policy_and_is_named(
    app: Flask, edges: Edges, request_id: int
) -> None:
    browser = arrive(app, edges, Role.APPROVER)
    done = decide(browser, request_id, fill_in(browser, request_id, because=f"Yes. {MARKUP}"))
    assert (done.status_code, done.location) == (303, f"/desk/requests/{request_id}")
    page = browser.see(f"/desk/requests/{request_id}").text
    assert "Decided by people" in page
    assert "by Approver" in page
    assert MARKUP not in page
    assert "&lt;script&gt;" in page
    assert len(refunds_of(edges, request_id)) == 1


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR])
def test_whoever_may_not_decide_sees_no_form_and_is_refused(
    app: Flask, edges: Edges, request_id: int, role: Role
) -> None:
    browser = arrive(app, edges, role)
    page = browser.see(f"/desk/requests/{request_id}").text
    assert "Decide in place of the policy" not in page
    form = {"csrf_token": browser.form_token("/desk/"), "ruling": "refuse", "because": "x"}
    assert decide(browser, request_id, form | {"seen": "x"}).status_code == 403
    assert answer(browser, request_id, "approve").status_code == 403
    assert overrides_of(edges, request_id) == []


def test_a_double_click_is_told_once_and_keeps_what_was_written(
    app: Flask, edges: Edges, request_id: int
) -> None:
    browser = arrive(app, edges, Role.OWNER)
    form = fill_in(browser, request_id, ruling="refuse", because="It is their theme.")
    assert decide(browser, request_id, form).status_code == 303
    again = decide(browser, request_id, form)
    assert again.status_code == 409
    assert "was decided on meanwhile" in again.text
    assert "It is their theme.</textarea>" in again.text
    assert len(overrides_of(edges, request_id)) == 1


def test_a_form_that_cannot_be_followed_comes_back_with_its_one_reason(
    app: Flask, edges: Edges, request_id: int
) -> None:
    browser = arrive(app, edges, Role.OWNER)
    filled = fill_in(browser, request_id)
    for changes, says in (
        ({"because": "  "}, "Say why in a few words."),
        ({"ruling": "pay"}, "Choose on the page"),
        ({"line-11": "199.01"}, "would be too much"),
        ({"line-11": "abc"}, "is not an amount"),
        ({"waives_gate": "yes"}, "need not wait"),
        ({"keeps_license": "yes"}, "wait for ever"),
    ):
        refused = decide(browser, request_id, filled | changes)
        assert (refused.status_code, says in refused.text) == (422, True), says
    assert request_of(edges, request_id).state == "in_review"


def test_two_people_are_needed_on_the_page_and_through_the_api(
    app: Flask, edges: Edges, request_id: int
) -> None:
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, 1)
    limit(edges, order, staff="100.00")
    first = arrive(app, edges, Role.APPROVER)
    decide(first, request_id, fill_in(first, request_id))
    assert "wait for a second person" in first.see("/desk/").text
    page = first.see(f"/desk/requests/{request_id}").text
    assert "Approve 199.00 EUR" not in page
    assert answer(first, request_id, "approve").status_code == 409
    # The same person by a token of theirs is the same person.
    token = tokens.make_token(edges, 1, "script", by="command")
    headers = {"Authorization": f"Bearer {token}"}
    by_token = app.test_client().post("/api/approvals/1/approve", headers=headers)
    assert (by_token.status_code, by_token.json["error"]) == (409, "not_a_second_person")
    assert waiting(edges, request_id)
    second = arrive(app, edges, Role.OWNER)
    assert "Approve 199.00 EUR" in second.see(f"/desk/requests/{request_id}").text
    assert answer(second, request_id, "approve").status_code == 303
    assert answer(second, request_id, "approve").status_code == 409
    assert len(refunds_of(edges, request_id)) == 1


def test_a_declined_grant_comes_back_with_its_reason(
    app: Flask, edges: Edges, request_id: int
) -> None:
    with edges.database.read() as transaction:
        order = orders.get_order(transaction, 1)
    limit(edges, order, staff="0.00")
    first, second = arrive(app, edges, Role.APPROVER), arrive(app, edges, Role.OWNER)
    decide(first, request_id, fill_in(first, request_id))
    assert answer(second, request_id, "decline", because=" ").status_code == 422
    assert answer(second, request_id, "decline", because="Ask first.").status_code == 303
    assert "Ask first." in first.see(f"/desk/requests/{request_id}").text
    assert refunds_of(edges, request_id) == []


def test_a_foreign_form_decides_nothing(app: Flask, edges: Edges, request_id: int) -> None:
    browser = arrive(app, edges, Role.OWNER)
    form = fill_in(browser, request_id) | {"csrf_token": "forged"}
    assert decide(browser, request_id, form).status_code == 400
    assert overrides_of(edges, request_id) == []


def test_an_owner_sets_the_limits_and_an_approver_does_not(app: Flask, edges: Edges) -> None:
    left_to_person(edges)
    found = {}
    for number, role in enumerate((Role.APPROVER, Role.OWNER), 1):
        hire(edges, role)
        token = tokens.make_token(edges, number, "script", by="command")
        found[role] = app.test_client().put(
            "/api/stores/1/approval-limits",
            json={"staff": "500.00", "policy": None},
            headers={"Authorization": f"Bearer {token}"},
        )
    assert found[Role.APPROVER].status_code == 403
    assert found[Role.OWNER].json == {
        "staff": {"amount": "500.00", "currency": "EUR"},
        "policy": None,
    }


def test_a_program_overrides_with_its_reason(app: Flask, edges: Edges, request_id: int) -> None:
    hire(edges, Role.APPROVER)
    token = tokens.make_token(edges, 1, "script", by="command")
    headers = {"Authorization": f"Bearer {token}"}
    body = {
        "ruling": "refund",
        "because": "They are right.",
        "lines": [{"item": 11, "amount": "99.00"}, {"item": 11, "amount": "99.00"}],
    }
    path = f"/api/refund-requests/{request_id}/override"
    assert app.test_client().post(path, json=body, headers=headers).status_code == 422
    body["lines"] = [{"item": 11, "amount": "99.00"}]
    assert app.test_client().post(path, json=body, headers=headers).json["state"] == "granted"
    shown = app.test_client().get(f"/api/refund-requests/{request_id}", headers=headers).json
    assert [one["because"] for one in shown["overrides"]] == ["They are right."]
    assert shown["refund"]["amount"] == {"amount": "99.00", "currency": "EUR"}
    page = arrive(app, edges, Role.AUDITOR).see(f"/desk/requests/{request_id}").text
    assert "<dt>lines</dt><dd>11: 9900, 0</dd>" in page
