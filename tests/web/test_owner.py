"""The store's people see the desk in its administration, and come in as whom an owner allowed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from refunddesk.db import staff
from refunddesk.db.history import list_deeds
from refunddesk.db.staff import Role
from refunddesk.db.store_logins import StoreLogin, list_logins
from refunddesk.extension import create_app
from refunddesk.services import connections, store_logins
from refunddesk.services import licenses as licensed
from refunddesk.services import stores as joined
from refunddesk.services.edges import Edges
from refunddesk.services.staff import find_signed_in
from refunddesk.services.store_logins import LINK_TIME, MOST_WAITING, StaffLinkNotValid
from refunddesk.settings import Settings
from refunddesk.web.auth import SESSION_COOKIE
from refunddesk.woocommerce import events
from tests import asking, bridging, building
from tests.asking import PORTAL
from tests.conftest import TestClock
from tests.people import browser_of, hire

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ADA = {"user": 7, "email": "ada@store.test", "name": "Ada"}


@dataclass(slots=True)
class Administration:
    """The bridge of one store, calling for somebody who manages it."""

    app: Flask
    edges: Edges
    store_id: int
    address: str
    connection: str
    secret: str
    calls: int = 0

    def call(self, what: str, *, call_id: str = "", **said: Any) -> TestResponse:
        self.calls += 1
        body = json.dumps({"address": self.address, **said}).encode()
        call_id = call_id or f"msg_{self.store_id}_{self.calls:08}"
        at = bridging.stamp(self.edges.clock())
        path = f"/bridge/{self.connection}/owner/{what}"
        key = self.secret.encode()
        headers = {
            "webhook-id": call_id,
            "webhook-timestamp": at,
            "webhook-signature": bridging.signature(
                key, call_id, at, bridging.content_of(f"POST {path}", body)
            ),
        }
        answer = self.app.test_client().post(path, data=body, headers=headers)
        if answer.status_code == 200:
            assert bridging.is_proven(answer, key, call_id)
        return answer

    def ask_in(self, **said: Any) -> str:
        """The token of a link."""
        answer = self.call("sign-in", **{**ADA, **said})
        assert answer.status_code == 200, answer.text
        url: str = answer.get_json()["url"]
        return url.rpartition("/from-store/")[2]


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


def administer(app: Flask, edges: Edges, number: int = 1) -> Administration:
    address = f"https://store{number}.test"
    store_id = building.add_store(edges, url=address)
    connection = joined.add_endpoint(edges, store_id, events.TOPIC)
    return Administration(app, edges, store_id, address, connection[0], connection[1])


@pytest.fixture
def store(app: Flask, edges: Edges) -> Administration:
    return administer(app, edges)


@pytest.fixture
def colleague(edges: Edges) -> int:
    return hire(edges, Role.SUPPORT, "ada@store.test")


def logins(edges: Edges) -> list[StoreLogin]:
    with edges.database.read() as transaction:
        return list_logins(transaction)


def allow(edges: Edges, staff_id: int) -> int:
    (login,) = logins(edges)
    store_logins.allow(edges, login.id, staff_id, by="staff:1")
    return login.id


@pytest.fixture
def allowed(store: Administration, edges: Edges, colleague: int) -> Administration:
    """A store whose Ada may come in as the desk's Ada."""
    assert store.call("sign-in", **ADA).status_code == 403
    allow(edges, colleague)
    return store


def enter(client: FlaskClient, token: str) -> TestResponse:
    page = client.get(f"/desk/from-store/{token}")
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    form = {"csrf_token": found[1] if found else ""}
    return client.post(f"/desk/from-store/{token}", data=form)


# -- who may come in


def test_nobody_comes_in_by_an_address_alone_and_the_owner_finds_who_asked(
    store: Administration, edges: Edges, app: Flask, colleague: int
) -> None:
    answer = store.call("sign-in", **ADA)
    assert (answer.status_code, answer.get_json()["error"]) == (403, "store_login_not_allowed")
    (login,) = logins(edges)
    assert (login.staff_id, login.email, login.wp_user_id) == (None, "ada@store.test", 7)
    owner = browser_of(app, edges, hire(edges, Role.OWNER))
    page = owner.get("/desk/stores").text
    assert f'<option value="{colleague}" selected>' in page
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    form = {"csrf_token": found[1], "staff": str(colleague)}
    assert owner.post(f"/desk/stores/logins/{login.id}/allow", data=form).status_code == 303
    assert store.ask_in()


def test_who_is_let_in_signs_in_once_as_that_colleague_and_it_is_written_down(
    allowed: Administration, edges: Edges, app: Flask, colleague: int
) -> None:
    token = allowed.ask_in()
    client = app.test_client()
    page = client.get(f"/desk/from-store/{token}").text
    assert "Sign in as Support" in page
    assert "from Store" in page
    answer = enter(client, token)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/")
    assert client.get("/desk/stores").status_code == 200
    with edges.database.read() as transaction:
        deed = list_deeds(transaction, f"staff:{colleague}")[-1]
    assert (deed.actor, deed.action) == (f"staff:{colleague}", "signed_in_from_store")
    assert deed.data == {"store": allowed.store_id, "wp_user": 7}


def test_a_link_that_was_used_opens_nothing_to_whoever_finds_it_in_a_history(
    allowed: Administration, app: Flask
) -> None:
    token = allowed.ask_in()
    assert enter(app.test_client(), token).status_code == 303
    thief = app.test_client()
    assert thief.get(f"/desk/from-store/{token}").status_code == 404
    with pytest.raises(StaffLinkNotValid):
        store_logins.enter(allowed.edges, token)
    assert thief.get_cookie(SESSION_COOKIE, path="/desk") is None


def test_seeing_the_page_of_a_link_uses_nothing_up_and_signs_nobody_in(
    allowed: Administration, app: Flask
) -> None:
    token = allowed.ask_in()
    client = app.test_client()
    for _ in range(2):
        seen = client.get(f"/desk/from-store/{token}")
        assert seen.status_code == 200
        assert seen.headers["Referrer-Policy"] == "no-referrer"
    assert client.get("/desk/stores").status_code == 303
    # Without the token of its own page's form nothing is posted: no link signs a stranger in.
    assert client.post(f"/desk/from-store/{token}").status_code == 400
    assert enter(client, token).status_code == 303


@pytest.mark.parametrize(("early", "is_in"), [(1, True), (0, False)], ids=["last second", "over"])
def test_a_link_works_for_a_minute(
    allowed: Administration, clock: TestClock, early: int, is_in: bool
) -> None:
    token = allowed.ask_in()
    clock.at += LINK_TIME - timedelta(seconds=early)
    try:
        store_logins.enter(allowed.edges, token)
    except StaffLinkNotValid:
        assert not is_in
    else:
        assert is_in


def test_a_call_that_was_recorded_makes_no_second_link(allowed: Administration) -> None:
    assert allowed.call("sign-in", call_id="msg_recorded", **ADA).status_code == 200
    answer = allowed.call("sign-in", call_id="msg_recorded", **ADA)
    assert (answer.status_code, answer.get_json()["error"]) == (409, "bridge_call_repeated")


def test_what_one_store_was_allowed_lets_nobody_in_from_another(
    allowed: Administration, app: Flask, edges: Edges
) -> None:
    other = administer(app, edges, 2)
    assert other.call("sign-in", **ADA).status_code == 403
    forged = Administration(app, edges, 1, allowed.address, allowed.connection, other.secret)
    assert forged.call("sign-in", **ADA).status_code == 401
    moved = Administration(
        app, edges, 1, "https://staging.test", allowed.connection, allowed.secret
    )
    assert moved.call("sign-in", **ADA).get_json()["error"] == "store_moved"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"user": 8}, id="another user with her address"),
        pytest.param({"email": "eve@store.test"}, id="her user with another address"),
    ],
)
def test_what_was_allowed_is_this_user_with_this_address(
    allowed: Administration, edges: Edges, changed: dict[str, Any]
) -> None:
    session = store_logins.enter(edges, allowed.ask_in()).token
    assert allowed.call("sign-in", **{**ADA, **changed}).status_code == 403
    if "email" in changed:  # her own address does not bring it back, and what ran is over
        assert allowed.call("sign-in", **ADA).status_code == 403
        assert find_signed_in(edges, session) is None
    else:
        assert find_signed_in(edges, session) is not None


def test_withdrawing_ends_what_was_begun_and_links_on_their_way(
    allowed: Administration, edges: Edges
) -> None:
    session = store_logins.enter(edges, allowed.ask_in()).token
    waiting = allowed.ask_in()
    assert find_signed_in(edges, session) is not None
    (login,) = logins(edges)
    store_logins.withdraw(edges, login.id, by="staff:1")
    assert find_signed_in(edges, session) is None
    with pytest.raises(StaffLinkNotValid):
        store_logins.enter(edges, waiting)
    assert allowed.call("sign-in", **ADA).status_code == 403


def test_a_link_of_somebody_who_left_the_desk_meanwhile_opens_nothing(
    allowed: Administration, edges: Edges, colleague: int
) -> None:
    token = allowed.ask_in()
    with edges.database.write() as transaction:
        staff.disable(transaction, colleague, edges.clock())
    with pytest.raises(StaffLinkNotValid):
        store_logins.enter(edges, token)
    assert allowed.call("sign-in", **ADA).status_code == 403


def test_disconnecting_a_store_ends_what_its_people_began_and_asks_anew_who_they_are(
    allowed: Administration, edges: Edges
) -> None:
    session = store_logins.enter(edges, allowed.ask_in()).token
    waiting = allowed.ask_in()
    connections.disconnect_store(edges, allowed.store_id, by="staff:1")
    assert find_signed_in(edges, session) is None
    assert logins(edges) == []
    with pytest.raises(StaffLinkNotValid):
        store_logins.enter(edges, waiting)


@on_one_database
def test_a_store_that_asks_for_ever_more_people_does_not_fill_the_owners_page(
    store: Administration, edges: Edges
) -> None:
    for user in range(1, MOST_WAITING + 3):
        assert store.call("sign-in", **{**ADA, "user": user}).status_code == 403
    assert len(logins(edges)) == MOST_WAITING


@on_one_database
def test_no_token_is_kept_readable(allowed: Administration, edges: Edges) -> None:
    token = allowed.ask_in()
    session = store_logins.enter(edges, token).token
    with edges.database.read() as transaction:
        rows = [
            str(list(transaction.execute(text(f"SELECT * FROM {name}"))))
            for name in ("staff_links", "store_logins", "staff_sessions", "history")
        ]
    assert [one for one in (token, session) if one in "\n".join(rows)] == []


@on_one_database
@pytest.mark.parametrize("wrong", [{"user": 0}, {"email": ""}, {"name": "x\0"}, {"order": "1"}])
def test_who_is_not_named_as_agreed_is_refused(
    store: Administration, edges: Edges, wrong: dict[str, Any]
) -> None:
    assert store.call("sign-in", **{**ADA, **wrong}).status_code == 422
    assert logins(edges) == []


def test_the_button_beside_an_order_leads_to_that_order_and_to_none_of_another_store(
    allowed: Administration, app: Flask, edges: Edges
) -> None:
    own = building.add_order(edges, allowed.store_id, woo_order_id=1001)
    other = administer(app, edges, 2)
    building.add_order(edges, other.store_id, woo_order_id=1002)
    answer = enter(app.test_client(), allowed.ask_in(order=1001))
    assert answer.headers["Location"] == f"/desk/orders/{own.id}"
    assert enter(app.test_client(), allowed.ask_in(order=1002)).headers["Location"] == "/desk/"


# -- the panel of an order, and what the store's health page asks


def test_the_panel_shows_the_decision_with_its_clause_the_licence_and_the_way_to_the_desk(
    store: Administration, edges: Edges
) -> None:
    order = asking.buy(edges, store.store_id, PORTAL, woo_order_id=1001)
    licensed.activate(edges, asking.key_of(edges, order), "shop.example")
    request_id = asking.ask(edges, order, "asked", case_id=asking.report(edges, order).id)
    asking.judge(edges, request_id)
    told = store.call("order", order=1001, language="de").get_json()
    decision = told["request"]["decision"]
    assert (told["request"]["state"], decision["outcome"]) == ("awaiting", "await")
    assert decision["clause"]
    assert decision["headline"]
    assert any(one["clause"] == decision["clause"] for one in decision["trace"])
    assert told["request"]["url"].endswith(f"/desk/requests/{request_id}")
    assert told["url"].endswith(f"/desk/orders/{order.id}")
    assert [one["site"] for one in told["licenses"][0]["sites"]] == ["shop.example"]
    assert told["refunds"] == []
    english = store.call("order", order=1001).get_json()["request"]["decision"]
    assert english["headline"] != decision["headline"]


def test_the_panel_shows_where_the_money_is(store: Administration, edges: Edges) -> None:
    order = building.add_order(edges, store.store_id, woo_order_id=1001)
    refund = building.grant(edges, order)
    (told,) = store.call("order", order=1001).get_json()["refunds"]
    assert told["state"] == "due"
    assert told["url"].endswith(f"/desk/refunds/{refund.id}")
    assert "€" in told["amount"]


def test_an_order_of_another_store_is_as_one_that_is_not_there(
    store: Administration, app: Flask, edges: Edges
) -> None:
    other = administer(app, edges, 2)
    building.add_order(edges, other.store_id, woo_order_id=1002)
    answers = [store.call("order", order=number) for number in (1002, 4711)]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].get_json() == answers[1].get_json()


def test_the_store_is_told_the_desks_clock_and_when_it_delivered_last(
    store: Administration, edges: Edges, clock: TestClock
) -> None:
    told = store.call("health").get_json()
    assert told == {"now": clock().isoformat(timespec="seconds"), "delivered_at": None}
