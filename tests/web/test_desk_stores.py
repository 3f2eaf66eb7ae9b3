"""The owner sees how stores are connected, makes codes, and disconnects; others look on."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from refunddesk.db import stores
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.building import add_store
from tests.people import browser_of, hire

CODE = re.compile(r"<code>([a-z2-7]{8}(?:-[a-z2-7]{5}){5})</code>")


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def owner(app: Flask, edges: Edges) -> FlaskClient:
    return browser_of(app, edges, hire(edges, Role.OWNER))


def post(client: FlaskClient, path: str, **fields: str) -> tuple[int, str]:
    page = client.get("/desk/stores").text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    answer = client.post(path, data={"csrf_token": found[1], **fields})
    return answer.status_code, answer.text


def test_the_owner_makes_a_code_that_is_shown_this_once(owner: FlaskClient, edges: Edges) -> None:
    status, page = post(owner, "/desk/stores/codes", policy="crmjetty", url="https://shop.example")
    made = CODE.search(page)
    assert (status, made is not None) == (200, True)
    assert "https://shop.example/wp-admin/admin.php?page=refund-desk#server=" in page
    assert CODE.search(owner.get("/desk/stores").text) is None
    with edges.database.read() as transaction:
        rows = str(list(transaction.execute(text("SELECT * FROM connect_codes"))))
    assert made is not None
    assert made[1][:8] in rows
    assert made[1][9:14] not in rows


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        pytest.param({"policy": "nobodys"}, 422, "The policy cannot be used", id="no such policy"),
        pytest.param({}, 422, "The policy cannot be used", id="no policy"),
        pytest.param(
            {"policy": "crmjetty", "url": "ftp://x"}, 422, "must be reached over https", id="no web"
        ),
        pytest.param({"store": "77"}, 404, "There is no store 77", id="no such store"),
        pytest.param({"store": "1;"}, 422, "not the number of a store", id="no number"),
        pytest.param({"store": "٧"}, 422, "not the number of a store", id="other digits"),
    ],
)
def test_a_code_for_nothing_is_not_made(
    owner: FlaskClient, edges: Edges, fields: dict[str, str], status: int, said: str
) -> None:
    answered, page = post(owner, "/desk/stores/codes", **fields)
    assert answered == status
    assert said in page
    with edges.database.read() as transaction:
        assert transaction.scalar(text("SELECT count(*) FROM connect_codes")) == 0


def test_the_owner_disconnects_a_store_and_sees_what_is_left_in_it(
    owner: FlaskClient, edges: Edges
) -> None:
    store_id = add_store(edges, url="https://127.0.0.1:9")
    with edges.database.read() as transaction:
        name = stores.get_store(transaction, store_id).name
    assert f"Disconnect {name}" in owner.get("/desk/stores").text
    status, page = post(owner, f"/desk/stores/{store_id}/disconnect")
    assert status == 200
    assert "may still be there" in page  # its address leads nowhere
    page = owner.get("/desk/stores").text
    assert "Payments held: the store is disconnected" in page
    assert f"Disconnect {name}" not in page
    status, page = post(owner, "/desk/stores/codes", store=str(store_id))
    assert CODE.search(page) is not None


@pytest.mark.parametrize("role", [Role.APPROVER, Role.SUPPORT, Role.AUDITOR])
def test_others_see_the_stores_and_change_nothing(app: Flask, edges: Edges, role: Role) -> None:
    store_id = add_store(edges, url="https://127.0.0.1:9")
    browser = browser_of(app, edges, hire(edges, role))
    page = browser.get("/desk/stores")
    assert page.status_code == 200
    assert "Make a code" not in page.text
    for path in ("/desk/stores/codes", f"/desk/stores/{store_id}/disconnect"):
        status, _ = post(browser, path, policy="crmjetty")
        assert status == 403
