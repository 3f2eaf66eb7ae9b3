"""Programs of an owner, and the store's bridge, ask for a person's data and have it erased."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.services import stores, tokens
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from refunddesk.woocommerce import events
from tests.asking import ask
from tests.bridging import Plugin
from tests.conftest import TestClock
from tests.living import EMAIL, NAME, SITE, Life, live, places_of
from tests.people import hire

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def life(edges: Edges) -> Life:
    return live(edges)


@pytest.fixture
def owner(edges: Edges) -> str:
    return tokens.make_token(edges, hire(edges, Role.OWNER), "a program", by="staff:1")


def call(app: Flask, token: str, what: str, **body: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"}
    return app.test_client().post(f"/api/privacy/{what}", json=body, headers=headers)


def test_an_erasure_by_a_program_is_shown_first_and_then_confirmed(
    app: Flask, edges: Edges, owner: str, life: Life
) -> None:
    shown = call(app, owner, "erase", email=EMAIL).get_json()
    assert shown["customers"] == [{"id": life.person.customer_id, "store": life.store_id}]
    assert shown["open"] == []
    assert places_of(edges, NAME)
    done = call(app, owner, "erase", email=EMAIL, confirmation=shown["confirmation"])
    assert done.status_code == 200
    assert done.get_json()["erased"][0]["done_at"] == "2026-03-02T10:00:00Z"
    assert places_of(edges, NAME, SITE, EMAIL.lower()) == set()
    again = call(app, owner, "erase", email=EMAIL, confirmation=shown["confirmation"])
    assert (again.status_code, again.get_json()["error"]) == (404, "nobody_known")


def test_what_is_open_is_shown_and_refused(
    app: Flask, edges: Edges, owner: str, life: Life
) -> None:
    request_id = ask(edges, life.order)
    shown = call(app, owner, "erase", email=EMAIL).get_json()
    assert shown["open"] == [{"kind": "refund_request", "id": request_id}]
    refused = call(app, owner, "erase", email=EMAIL, confirmation=shown["confirmation"])
    assert (refused.status_code, refused.get_json()["error"]) == (409, "still_open")
    assert places_of(edges, NAME)


def test_the_document_comes_as_json_and_as_a_zip_with_files(
    app: Flask, owner: str, life: Life
) -> None:
    document = call(app, owner, "export", store=life.store_id, woo_customer_id=7).get_json()
    assert document["stores"][0]["held"][0]["heading"] == "Customer"
    packed = call(app, owner, "export", email=EMAIL, files=True)
    assert packed.content_type == "application/zip"
    assert packed.headers["Cache-Control"] == "no-store"
    assert len(ZipFile(BytesIO(packed.data)).namelist()) == 2


@pytest.fixture
def bridge(app: Flask, edges: Edges, life: Life, clock: TestClock) -> Plugin:
    connection, secret = stores.add_endpoint(edges, life.store_id, events.TOPIC)
    nowhere: Any = None  # it calls, and is never called
    plugin = Plugin(app, nowhere, clock, address="https://store.test")
    plugin.connection, plugin.secret = connection, secret
    return plugin


def test_the_stores_bridge_exports_and_erases(bridge: Plugin, edges: Edges) -> None:
    told = bridge.ask("privacy/export", {"email": EMAIL, "page": 1, "language": "fr"})
    assert told.get_json()["data"][0]["group_label"] == "Refund Desk: Client"
    erased = bridge.ask("privacy/erase", {"email": EMAIL, "woo_customer_id": 7})
    assert erased.get_json()["items_removed"] is True
    assert places_of(edges, NAME) == set()


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"email": 7},
        {"email": "a"},
        {"email": "a" * 321},
        {"email": "a\ud800@example.com"},
        {"email": EMAIL, "page": 0},
        {"email": EMAIL, "page": "1"},
        {"email": EMAIL, "page": True},
        {"email": EMAIL, "woo_customer_id": -1},
        {"email": EMAIL, "woo_customer_id": 2**63},
    ],
)
def test_what_the_bridge_cannot_mean_is_refused(bridge: Plugin, said: dict[str, Any]) -> None:
    refused = bridge.ask("privacy/export", said)
    assert (refused.status_code, refused.get_json()["error"]) == (422, "bridge_call_unusable")


def test_an_unsigned_call_learns_nothing(bridge: Plugin, edges: Edges) -> None:
    bridge.secret = "another"
    refused = bridge.ask("privacy/erase", {"email": EMAIL})
    assert refused.status_code == 401
    assert places_of(edges, NAME)
