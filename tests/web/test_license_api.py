"""Licensed software switches itself on and off, and learns nothing about anybody else's licence."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from refunddesk.db import licenses as rows
from refunddesk.extension import create_app
from refunddesk.services import licenses
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.asking import STAFF, buy, key_of
from tests.building import add_store

once = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    app = create_app(settings, edges=edges)
    app.testing = True
    return app


@pytest.fixture
def site(app: Flask) -> FlaskClient:
    return app.test_client()


def activate(site: FlaskClient, key: str, address: str = "ada.example") -> TestResponse:
    return site.post("/licenses/activate", json={"key": key, "site": address})


def deactivate(site: FlaskClient, token: str) -> TestResponse:
    return site.post("/licenses/deactivate", json={"token": token})


def test_a_site_switches_its_licence_on_and_off(edges: Edges, site: FlaskClient) -> None:
    key = key_of(edges, buy(edges, add_store(edges)))
    on = activate(site, key, "https://www.Ada.example/shop")
    assert on.status_code == 200
    assert on.headers["Cache-Control"] == "no-store"
    answer = on.get_json()
    token = answer.pop("token")
    assert answer == {"site": "ada.example", "sites": 1, "sites_limit": 1}
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
        licenses.end(transaction, license.id, "refunded", edges.clock(), STAFF)
    answers = [
        activate(site, replaced, "c.example"),
        activate(site, ended_key, "c.example"),
        activate(site, "0000-0000-0000-0000-0000-0000-0000", "c.example"),
        activate(site, "not even a key", "c.example"),
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
    other = site.post(
        "/licenses/activate",
        json={"key": "guess", "site": "a.example"},
        environ_base={"REMOTE_ADDR": "192.0.2.7"},
    )
    assert other.status_code == 404
