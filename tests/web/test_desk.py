"""The desk lets in whom it knows, shows them what waits, and gives nothing else away."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from refunddesk import embedded_queue
from refunddesk.db import inbox, leases, outbox, staff, stores
from refunddesk.db.refunds import State, move
from refunddesk.db.staff import Role
from refunddesk.db.tables import outbox as promises
from refunddesk.db.tables import staff_sessions
from refunddesk.extension import RefundDesk, create_app
from refunddesk.jobnames import JobName
from refunddesk.services import staff as people
from refunddesk.services.edges import Edges
from refunddesk.services.health import DISPATCHER
from refunddesk.services.staff import _hasher as hasher_of_the_desk
from refunddesk.services.stores import add_endpoint
from refunddesk.settings import Settings
from tests import asking, building
from tests.conftest import TestClock

EMAIL = "olga@store.test"
PASSWORD = "a long and silly password"
PAGES = ("/desk/", "/desk/refunds/1", "/desk/requests/1")


@lru_cache(maxsize=1)
def password_hash() -> str:
    return people._hasher().hash(PASSWORD)


def employ(edges: Edges, email: str = EMAIL, role: Role = Role.OWNER, name: str = "Olga") -> int:
    with edges.database.write() as transaction:
        return staff.add_staff(
            transaction,
            email=email,
            name=name,
            role=role,
            password_hash=password_hash(),
            at=edges.clock(),
        )


@dataclass(frozen=True, slots=True)
class Browser:
    """A person's browser: keeps cookies and fills in the form of the page it was shown."""

    client: FlaskClient

    def see(self, path: str) -> TestResponse:
        return self.client.get(path)

    def form_token(self, path: str = "/desk/sign-in") -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.see(path).text)
        assert found
        return found[1]

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> TestResponse:
        form = {"csrf_token": self.form_token(), "email": email, "password": password}
        return self.client.post("/desk/sign-in", data=form)

    def sign_out(self) -> TestResponse:
        return self.client.post("/desk/sign-out", data={"csrf_token": self.form_token("/desk/")})


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def signed_in(browser: Browser, edges: Edges) -> Browser:
    employ(edges)
    assert browser.sign_in().status_code == 303
    return browser


@pytest.mark.parametrize("path", PAGES, ids=["the status page", "a refund", "a request"])
def test_a_stranger_is_led_to_the_sign_in_page(browser: Browser, path: str) -> None:
    answer = browser.see(path)
    assert (answer.status_code, answer.location) == (303, "/desk/sign-in")


def test_whoever_gives_the_right_password_sees_the_status_page(signed_in: Browser) -> None:
    page = signed_in.see("/desk/")
    assert page.status_code == 200
    assert "Nothing waits for a person" in page.text
    assert "Olga, owner" in page.text


def test_a_desk_whose_parts_are_down_says_so_before_it_says_that_nothing_waits(
    signed_in: Browser, edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_queue, "answers", lambda _: True)
    down = signed_in.see("/desk/").text
    assert "Nothing waits for a person, but not all parts work" in down
    assert ("refunddesk schedule" in down, "The queue does not answer" in down) == (True, False)
    with edges.database.write() as transaction:
        now = edges.clock()
        leases.take_lease(transaction, DISPATCHER, "one", now=now, until=now + timedelta(minutes=1))
    assert "not all parts work" not in signed_in.see("/desk/").text
    monkeypatch.setattr(embedded_queue, "answers", lambda _: False)
    assert "The queue does not answer" in signed_in.see("/desk/").text


def test_the_address_may_be_written_in_capitals(browser: Browser, edges: Edges) -> None:
    employ(edges)
    assert browser.sign_in(f" {EMAIL.upper()} ").status_code == 303


def test_signing_out_ends_the_session_and_not_only_the_cookie(
    signed_in: Browser, app: Flask
) -> None:
    cookie = signed_in.client.get_cookie("refunddesk_staff", path="/desk")
    assert cookie
    assert signed_in.sign_out().status_code == 303
    thief = app.test_client()
    thief.set_cookie("refunddesk_staff", cookie.value, path="/desk")
    assert thief.get("/desk/").status_code == 303


def test_a_session_lasts_twelve_hours_and_not_a_second_more(
    signed_in: Browser, clock: TestClock
) -> None:
    clock.move(hours=12, seconds=-1)
    assert signed_in.see("/desk/").status_code == 200
    clock.move(seconds=1)
    assert signed_in.see("/desk/").status_code == 303


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda edges: people.disable_staff(edges, EMAIL), id="they left the desk"),
        pytest.param(
            lambda edges: people.set_password(edges, EMAIL, "another long password"),
            id="their password was changed",
        ),
    ],
)
def test_a_person_is_signed_out_at_once_when(
    signed_in: Browser, edges: Edges, end: Callable[[Edges], None]
) -> None:
    end(edges)
    assert signed_in.see("/desk/").status_code == 303


def test_signing_in_again_makes_a_new_session_and_ends_the_old_one(
    signed_in: Browser, app: Flask
) -> None:
    old = signed_in.client.get_cookie("refunddesk_staff", path="/desk")
    signed_in.sign_in()
    new = signed_in.client.get_cookie("refunddesk_staff", path="/desk")
    assert old
    assert new
    assert new.value != old.value
    thief = app.test_client()
    thief.set_cookie("refunddesk_staff", old.value, path="/desk")
    assert thief.get("/desk/").status_code == 303


def test_the_database_never_holds_a_session_in_the_clear(signed_in: Browser, edges: Edges) -> None:
    cookie = signed_in.client.get_cookie("refunddesk_staff", path="/desk")
    assert cookie
    with edges.database.read() as transaction:
        kept = transaction.execute(staff_sessions.select()).one()
    assert len(kept.token_hash) == 32
    assert cookie.value.encode() not in kept.token_hash


def test_nobody_learns_who_works_here_from_a_refused_sign_in(
    app: Flask, browser: Browser, edges: Edges
) -> None:
    employ(edges)
    employ(edges, "left@store.test")
    people.disable_staff(edges, "left@store.test")
    tried = [
        browser.sign_in(EMAIL, "not the password"),
        browser.sign_in("nobody@store.test", PASSWORD),
        browser.sign_in("left@store.test", PASSWORD),
        browser.sign_in("with\0nul@store.test", PASSWORD),
        browser.sign_in("", ""),
    ]
    without_token = {re.sub(r'value="[^"]+"', "", answer.text) for answer in tried}
    assert [answer.status_code for answer in tried] == [401] * 5
    assert len(without_token) == 1


@pytest.mark.parametrize(
    "email", [EMAIL, "nobody@store.test"], ids=["somebody here", "nobody here"]
)
def test_a_refused_sign_in_costs_one_password_check_for(
    browser: Browser, edges: Edges, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    employ(edges)
    browser.sign_in("first@store.test")
    checked: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, hashed: str, password: str) -> bool:
        checked.append(password)
        return verify(self, hashed, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    browser.sign_in(email, "not the password")
    assert checked == ["not the password"]


def test_a_stolen_hash_costs_whoever_guesses_at_it_what_rfc_9106_recommends() -> None:
    # Read before the tests began: from then on they keep passwords at the least cost.
    kept = hasher_of_the_desk().hash(PASSWORD)
    assert extract_parameters(kept) == RFC_9106_LOW_MEMORY


def test_the_eleventh_guess_at_one_person_is_not_looked_at(browser: Browser, edges: Edges) -> None:
    employ(edges)
    employ(edges, "petra@store.test")
    for _ in range(10):
        assert browser.sign_in(EMAIL, "a guess").status_code == 401
    assert browser.sign_in(EMAIL, PASSWORD).status_code == 429
    assert browser.sign_in("petra@store.test").status_code == 303


def test_one_address_may_not_go_through_many_people(browser: Browser) -> None:
    answers = [browser.sign_in(f"person{n}@store.test", "x").status_code for n in range(21)]
    assert answers == [401] * 20 + [429]


def test_a_form_made_elsewhere_is_not_taken(app: Flask, browser: Browser, edges: Edges) -> None:
    employ(edges)
    foreign = Browser(app.test_client()).form_token()
    browser.form_token()
    credentials = {"email": EMAIL, "password": PASSWORD}
    for form in (credentials, credentials | {"csrf_token": foreign}):
        assert browser.client.post("/desk/sign-in", data=form).status_code == 400
    assert browser.see("/desk/").status_code == 303


def test_a_form_from_before_signing_in_is_not_taken_after_it(
    browser: Browser, edges: Edges
) -> None:
    employ(edges)
    before = browser.form_token()
    browser.sign_in()
    answer = browser.client.post("/desk/sign-out", data={"csrf_token": before})
    assert answer.status_code == 400
    assert browser.see("/desk/").status_code == 200


@pytest.mark.parametrize(
    ("public_url", "is_secure"),
    [("http://127.0.0.1:8321", False), ("https://refunds.store.test", True)],
    ids=["tried out over http", "served over https"],
)
def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(
    settings: Settings, edges: Edges, public_url: str, is_secure: bool
) -> None:
    employ(edges)
    app = create_app(replace(settings, public_url=public_url), edges=edges)
    client = app.test_client()
    client.get("/desk/sign-in", base_url=public_url)
    token = re.search(r'value="([^"]+)"', client.get("/desk/sign-in", base_url=public_url).text)
    assert token
    form = {"csrf_token": token[1], "email": EMAIL, "password": PASSWORD}
    answer = client.post("/desk/sign-in", data=form, base_url=public_url)
    cookies = answer.headers.getlist("Set-Cookie")
    (session,) = [cookie for cookie in cookies if cookie.startswith("refunddesk_staff=")]
    parts = session.split("; ")[1:]
    assert {"HttpOnly", "SameSite=Lax", "Path=/desk"} <= set(parts)
    assert ("Secure" in parts) is is_secure


@pytest.mark.parametrize(
    "path",
    ["/desk/sign-in", "/desk/", "/desk/refunds/4711", "/desk/desk.css"],
    ids=["sign-in", "status", "nothing there", "stylesheet"],
)
def test_every_answer_of_the_desk_is_guarded_by_headers(signed_in: Browser, path: str) -> None:
    answer = signed_in.see(path)
    answer.close()
    headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    if not path.endswith(".css"):
        assert headers["Cache-Control"] == "no-store"


def test_no_page_has_a_script_or_a_style_of_its_own(signed_in: Browser) -> None:
    for path in ("/desk/", "/desk/sign-in"):
        assert not re.search(r"<script|<style|\son\w+=|\sstyle=", signed_in.see(path).text)


def test_what_people_named_things_is_shown_as_text(browser: Browser, edges: Edges) -> None:
    employ(edges, name="<b>Olga</b>")
    store_id = building.add_store(edges)
    with edges.database.write() as transaction:
        stores.record_payments_held(transaction, store_id, "<script>alert(1)</script>")
    browser.sign_in()
    page = browser.see("/desk/").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;Olga&lt;/b&gt;" in page


def test_the_status_page_puts_first_what_waits_for_a_person(
    signed_in: Browser, edges: Edges, clock: TestClock
) -> None:
    store_id = building.add_store(edges)
    endpoint_id, _ = add_endpoint(edges, store_id, "order.updated")
    order = building.add_order(edges, store_id)
    refund = building.grant(edges, order)
    with edges.database.write() as transaction:
        sending = move(transaction, refund, State.SENDING, now=clock(), sent_at=clock())
        assert sending
        move(transaction, sending, State.NEEDS_REVIEW, now=clock(), last_error="no row appeared")
        building.add_delivery(
            transaction,
            inbox.NewDelivery(
                store_id=store_id,
                endpoint_id=endpoint_id,
                topic="order.updated",
                object_type=None,
                woo_object_id=None,
                body=b"[]",
                body_sha=b"",
                delivery_id=None,
                received_at=clock(),
                quarantined_because="no_id",
                quarantine_detail="the body names no order",
            ),
        )
        outbox.promise(transaction, JobName.RECORD_ORDER, "1:17", due_at=clock())
        transaction.execute(
            update(promises)
            .where(promises.c.subject == "1:17")
            .values(stuck_at=clock(), last_error="StoreUnreachable: no route", tries=10)
        )
        stores.record_payments_held(transaction, store_id, "the gateway's account is checked")
    page = signed_in.see("/desk/").text
    assert "4 things wait for a person" in page
    assert f'href="/desk/refunds/{refund.id}"' in page
    for said in (
        "no row appeared",
        "199.00 EUR",
        "No id: the body names no order",
        "StoreUnreachable: no route",
        "the gateway&#39;s account is checked",
        "Books balance",
    ):
        assert said in page


def test_a_refund_shows_its_state_its_lines_and_its_history(
    signed_in: Browser, edges: Edges
) -> None:
    store_id = building.add_store(edges)
    order = building.add_order(edges, store_id, building.Line("199.00", "37.81"))
    refund = building.grant(edges, order)
    page = signed_in.see(f"/desk/refunds/{refund.id}").text
    for said in ("236.81 EUR", "37.81 EUR", refund.marker, "policy", "due"):
        assert said in page


def test_a_request_shows_what_every_clause_said(signed_in: Browser, edges: Edges) -> None:
    store_id = building.add_store(edges)
    order = asking.buy(edges, store_id)
    case = asking.report(edges, order)
    request_id = asking.ask(edges, order, case_id=case.id)
    asking.judge(edges, request_id)
    page = signed_in.see(f"/desk/requests/{request_id}").text
    assert "Every clause tried, in order" in page
    assert "R-3A" in page
    assert "Policy crmjetty, version" in page
    assert "The customer has to confirm that all copies are destroyed." in page
    assert "€199.00 is granted and held until the customer has acted, by clause R-2D." in page
    assert "kept, by R-1G" in page, "each deduction has its own line"
    assert "Once this is done, €199.00 goes back." in page
    status = signed_in.see("/desk/").text
    assert f'href="/desk/requests/{request_id}"' in status


@pytest.mark.parametrize("number", ["4711", "9223372036854775807"], ids=["none yet", "the largest"])
def test_a_number_that_names_nothing_gets_a_page_that_says_so(
    signed_in: Browser, number: str
) -> None:
    for path in (f"/desk/refunds/{number}", f"/desk/requests/{number}"):
        answer = signed_in.see(path)
        assert answer.status_code == 404
        assert f"{number}." in answer.text
    assert signed_in.see("/desk/refunds/9223372036854775808").status_code == 404


def test_a_host_application_keeps_its_own_pages_and_errors(
    settings: Settings, edges: Edges
) -> None:
    host = Flask("host")
    host.secret_key = "the host's own"
    host.register_error_handler(404, lambda _: ("the host's own page", 404))
    RefundDesk(host, settings=replace(settings, url_prefix="/refunds"), edges=edges)
    client = host.test_client()
    assert client.get("/nowhere").text == "the host's own page"
    assert "Content-Security-Policy" not in client.get("/nowhere").headers
    assert client.get("/refunds/desk/").location == "/refunds/desk/sign-in"
    assert host.secret_key == "the host's own"


def test_monitors_learn_which_part_is_down(
    settings: Settings, edges: Edges, clock: TestClock, queue_url: str
) -> None:
    client = create_app(replace(settings, redis_url=queue_url), edges=edges).test_client()
    assert client.get("/healthz").status_code == 503
    with edges.database.write() as transaction:
        leases.take_lease(
            transaction, "dispatcher", "one", now=clock(), until=clock() + timedelta(seconds=30)
        )
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()["dispatcher_lease_seconds"]) == (200, 30)
    clock.move(seconds=30)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.get_json() == {
        "database": True,
        "schema": True,
        "queue": True,
        "dispatcher": False,
        "dispatcher_lease_seconds": 0,
    }


def test_without_its_queue_the_desk_is_ill_but_still_takes_deliveries(
    settings: Settings, edges: Edges
) -> None:
    client = create_app(
        replace(settings, redis_url="unix:///nowhere/queue.sock"), edges=edges
    ).test_client()
    assert client.get("/healthz").status_code == 503
    assert client.get("/readyz").status_code == 200
    with edges.database.write() as transaction:
        transaction.exec_driver_sql("DROP TABLE alembic_version")
    assert client.get("/readyz").status_code == 503
