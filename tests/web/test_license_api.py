"""Licensed software switches itself on and off, and learns nothing about anybody else's licence."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from refunddesk.db import extra_sites, orders
from refunddesk.db import licenses as rows
from refunddesk.db.alarms import AlarmKind
from refunddesk.extension import create_app
from refunddesk.services import customers, license_traffic, licenses
from refunddesk.services.alarms import list_raised
from refunddesk.services.customers import CustomerChange
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.asking import EXTRA_DOMAIN, PORTAL, STAFF, buy, key_of
from tests.building import add_store
from tests.conftest import REPOSITORY, TestClock

once = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    app = create_app(settings, edges=edges)
    app.testing = True
    return app


@pytest.fixture
def site(app: Flask) -> FlaskClient:
    return app.test_client()


def activate(
    site: FlaskClient, key: str, address: str = "ada.example", caller: str = "127.0.0.1"
) -> TestResponse:
    return site.post(
        "/licenses/activate",
        json={"key": key, "site": address},
        environ_base={"REMOTE_ADDR": caller},
    )


def validate(site: FlaskClient, key: str, address: str = "ada.example") -> dict[str, Any]:
    answer = site.post("/licenses/validate", json={"key": key, "site": address})
    assert answer.status_code == 200
    told: dict[str, Any] = answer.get_json()
    return told


def deactivate(site: FlaskClient, token: str) -> TestResponse:
    return site.post("/licenses/deactivate", json={"token": token})


def test_a_site_switches_its_licence_on_and_off(edges: Edges, site: FlaskClient) -> None:
    key = key_of(edges, buy(edges, add_store(edges)))
    on = activate(site, key, "https://www.Ada.example/shop")
    assert on.status_code == 200
    assert on.headers["Cache-Control"] == "no-store"
    answer = on.get_json()
    token = answer.pop("token")
    assert answer == {"site": "ada.example", "is_staging": False, "sites": 1, "sites_limit": 1}
    off = {"site": "ada.example", "active": False}
    assert deactivate(site, token).get_json() == off
    assert deactivate(site, token).get_json() == off


def test_one_site_too_many_is_told_so_by_name(edges: Edges, site: FlaskClient) -> None:
    key = key_of(edges, buy(edges, add_store(edges)))
    activate(site, key)
    refused = activate(site, key, "bob.example")
    assert (refused.status_code, refused.get_json()["error"]) == (409, "sites_limit_reached")


def test_every_key_and_token_that_opens_nothing_gets_the_same_bytes(
    edges: Edges, site: FlaskClient
) -> None:
    store_id = add_store(edges)
    order = buy(edges, store_id, woo_order_id=1)
    replaced, current = key_of(edges, order), key_of(edges, order)
    used = activate(site, current).get_json()["token"]
    activate(site, current)  # the first token is replaced
    ended = buy(edges, store_id, woo_order_id=2, email="b@example.com")
    ended_key = key_of(edges, ended)
    with edges.database.write() as transaction:
        (license,) = rows.list_licenses(transaction, ended.id, None)
        licenses.end(edges, transaction, license.id, "refunded", edges.clock(), STAFF)
    answers = [
        activate(site, replaced, "c.example"),
        activate(site, ended_key, "c.example"),
        activate(site, "0000-0000-0000-0000-0000-0000-0000", "c.example"),
        activate(site, "not even a key", "c.example"),
        site.post("/licenses/validate", json={"key": replaced, "site": "c.example"}),
        site.post("/licenses/activations", json={"key": replaced}),
        deactivate(site, used),
        deactivate(site, current),
        deactivate(site, "\u00e9"),
    ]
    told = {(answer.status_code, answer.data, str(answer.headers)) for answer in answers}
    assert len(told) == 1
    assert answers[0].status_code == 404


@once
@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param({"key": "k", "site": "no site"}, (422, "site_not_usable"), id="no site"),
        pytest.param(
            {"key": "k", "site": "a" * 5000}, (422, "fields_not_valid"), id="5 000 characters"
        ),
        pytest.param({"key": "k"}, (422, "fields_not_valid"), id="no address at all"),
        pytest.param({"key": 7, "site": "a.example"}, (422, "fields_not_valid"), id="a number"),
        pytest.param(
            {"key": "k", "site": "a.example", "limit": 9}, (422, "fields_not_valid"), id="a wish"
        ),
    ],
)
def test_a_body_that_makes_no_sense_is_named(
    site: FlaskClient, body: dict[str, object], error: tuple[int, str]
) -> None:
    answer = site.post("/licenses/activate", json=body)
    assert (answer.status_code, answer.get_json()["error"]) == error


@once
def test_keys_are_never_taken_from_an_address(site: FlaskClient) -> None:
    assert site.get("/licenses/activate?key=k&site=a.example").status_code == 405


@once
def test_the_eleventh_attempt_of_a_minute_is_not_looked_at(site: FlaskClient) -> None:
    statuses = [activate(site, "guess").status_code for _ in range(11)]
    assert statuses == [404] * 10 + [429]
    assert activate(site, "guess").headers["Retry-After"] == "60"
    other = site.post(
        "/licenses/activate",
        json={"key": "guess", "site": "a.example"},
        environ_base={"REMOTE_ADDR": "192.0.2.7"},
    )
    assert other.status_code == 404


# ---------------------------------------------------------------- asking


def test_whoever_holds_a_key_is_told_how_its_licence_stands(
    edges: Edges, site: FlaskClient
) -> None:
    key = key_of(edges, buy(edges, add_store(edges)))
    assert validate(site, key)["code"] == "site_not_activated"
    activate(site, key)
    told = validate(site, key, "https://www.ADA.example/shop")
    assert told == {
        "code": "valid",
        "message": "The licence may be used.",
        "product": "crm-portal",
        "expires_at": None,
        "site": "ada.example",
        "is_staging": False,
        "sites": 1,
        "sites_limit": 1,
        "ask_again_after": 43200,
    }


def test_an_expired_ended_or_blocked_licence_says_so_to_the_holder_of_its_key(
    edges: Edges, site: FlaskClient, clock: TestClock
) -> None:
    store_id = add_store(edges)
    expires_at = clock() + timedelta(days=1)
    expiring = buy(edges, store_id, woo_order_id=1, email="a@example.com", period_end_at=expires_at)
    refunded = buy(edges, store_id, woo_order_id=2, email="b@example.com")
    revoked = buy(edges, store_id, woo_order_id=3, email="c@example.com")
    accused = buy(edges, store_id, woo_order_id=4, email="d@example.com")
    keys = [key_of(edges, order) for order in (expiring, refunded, revoked, accused)]
    for key in keys:
        activate(site, key)
    with edges.database.write() as transaction:
        for order, ended_as in ((refunded, "refunded"), (revoked, "revoked")):
            (license,) = rows.list_licenses(transaction, order.id, None)
            licenses.end(edges, transaction, license.id, "told", clock(), STAFF, ended_as=ended_as)
    assert accused.customer_id
    accusation = CustomerChange(infringement="open", evidence="copies on three servers")
    customers.change_customer(edges, accused.customer_id, accusation, by=STAFF)
    clock.move(days=1, microseconds=-1)
    assert validate(site, keys[0])["code"] == "valid"
    clock.move(microseconds=1)
    told = [validate(site, key)["code"] for key in keys]
    assert told == ["expired", "ended_refunded", "ended", "blocked"]


def test_a_place_taken_back_leaves_the_site_switched_on_last_over_the_limit(
    edges: Edges, site: FlaskClient
) -> None:
    order = buy(edges, add_store(edges), PORTAL, EXTRA_DOMAIN)
    key = key_of(edges, order)
    activate(site, key, "ada.example")
    activate(site, key, "bob.example")
    with edges.database.write() as transaction:
        (license,) = rows.list_licenses(transaction, order.id, None)
        extra = orders.list_items(transaction, order.id)[1]
        extra_sites.record_extra_sites(transaction, license.id, extra.id, 0)
    assert validate(site, key, "ada.example")["code"] == "valid"
    assert validate(site, key, "bob.example")["code"] == "over_limit"


def test_the_sites_of_a_licence_are_listed_with_when_they_last_asked(
    edges: Edges, site: FlaskClient, clock: TestClock
) -> None:
    key = key_of(edges, buy(edges, add_store(edges)))
    activate(site, key)
    activate(site, key, "staging.ada.example")
    clock.move(hours=1)
    validate(site, key)
    clock.move(hours=23)
    validate(site, key)  # right to the day: not written down again
    listed = site.post("/licenses/activations", json={"key": key}).get_json()
    assert (listed["code"], listed["sites"], listed["sites_limit"]) == ("valid", 1, 1)
    assert listed["activations"] == [
        {
            "site": "ada.example",
            "is_staging": False,
            "activated_at": "2026-03-02T10:00:00Z",
            "seen_at": "2026-03-02T11:00:00Z",
        },
        {
            "site": "staging.ada.example",
            "is_staging": True,
            "activated_at": "2026-03-02T10:00:00Z",
            "seen_at": None,
        },
    ]


def test_another_customers_token_and_key_switch_nothing_off(
    edges: Edges, site: FlaskClient
) -> None:
    store_id = add_store(edges)
    mine = key_of(edges, buy(edges, store_id, woo_order_id=1))
    theirs = key_of(edges, buy(edges, store_id, woo_order_id=2, email="eve@example.com"))
    activate(site, mine)
    token = activate(site, theirs, "eve.example").get_json()["token"]
    assert deactivate(site, token).get_json()["site"] == "eve.example"
    assert deactivate(site, theirs).status_code == 404
    assert validate(site, mine)["code"] == "valid"


# ---------------------------------------------------------------- guessing


@once
def test_guesses_at_one_key_run_out_though_each_comes_from_elsewhere(
    edges: Edges, site: FlaskClient
) -> None:
    key = key_of(edges, buy(edges, add_store(edges)))
    guesses = [key[:12] + f"{number:04}" for number in range(31)]
    statuses = [
        activate(site, guess, caller=f"192.0.2.{number}").status_code
        for number, guess in enumerate(guesses)
    ]
    assert statuses == [404] * 30 + [429]
    # Whoever holds the key is not kept waiting.
    assert activate(site, key, caller="198.51.100.1").status_code == 200


@once
def test_guesses_from_everywhere_run_out_in_all(edges: Edges, site: FlaskClient) -> None:
    statuses = [
        activate(site, secrets.token_hex(16), caller=f"10.0.{number % 200}.1").status_code
        for number in range(305)
    ]
    assert statuses == [404] * 300 + [429] * 5


def test_many_misses_raise_an_alarm_that_ends_with_them(
    edges: Edges, app: Flask, clock: TestClock
) -> None:
    store_id = add_store(edges)
    traffic = app.extensions["refunddesk"].license_traffic
    for number in range(500):
        traffic.count(is_hit=number % 5 == 0)
    traffic.flush()
    license_traffic.watch_misses(edges)
    (raised,) = list_raised(edges)
    assert (raised.store_id, raised.kind) == (store_id, AlarmKind.LICENSE_GUESSING)
    assert "400 of the last 500 calls" in raised.detail
    clock.move(minutes=10, seconds=1)
    license_traffic.watch_misses(edges)
    assert list_raised(edges) == []


@pytest.mark.parametrize(
    ("misses", "hits", "is_alarming"),
    [
        pytest.param(199, 0, False, id="few"),
        pytest.param(200, 0, True, id="as many as alarm"),
        pytest.param(300, 300, False, id="no more than are right"),
        pytest.param(301, 300, True, id="one more than are right"),
    ],
)
def test_the_alarm_tells_guessing_from_typing_errors(
    edges: Edges, app: Flask, misses: int, hits: int, is_alarming: bool
) -> None:
    add_store(edges)
    traffic = app.extensions["refunddesk"].license_traffic
    for number in range(misses + hits):
        traffic.count(is_hit=number < hits)
    traffic.flush()
    traffic.flush()
    license_traffic.watch_misses(edges)
    assert bool(list_raised(edges)) is is_alarming


# ---------------------------------------------------------------- the description


@once
def test_the_description_served_is_the_one_in_the_documents(site: FlaskClient) -> None:
    """`refunddesk licenses openapi > docs/licenses.openapi.json` writes it anew."""
    written = json.loads((REPOSITORY / "docs" / "licenses.openapi.json").read_text("utf-8"))
    assert site.get("/licenses/openapi.json").get_json() == written
