"""The PHP licence client, under a real PHP, against the real server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from flask import Flask

from refunddesk.db import licenses as rows
from refunddesk.db.orders import Order
from refunddesk.extension import create_app
from refunddesk.services import licenses
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from tests.asking import buy, key_of
from tests.building import add_store
from tests.client.sites import PhpSite, answering, find_php
from tests.conftest import TestClock

# What the client does is the same whatever database the server has.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Open = Callable[..., PhpSite]
DAY = 86_400


@pytest.fixture
def order(edges: Edges) -> Order:
    return buy(edges, add_store(edges))


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    find_php()
    return create_app(settings, edges=edges)


@pytest.fixture
def server(app: Flask) -> Iterator[str]:
    with answering(app) as address:
        yield address


@pytest.fixture
def site(server: str, tmp_path: Path, clock: TestClock) -> PhpSite:
    return PhpSite("https://www.ada.example/shop", server, tmp_path / "options.json", clock)


def in_use(edges: Edges, order: Order) -> list[str]:
    with edges.database.read() as transaction:
        (held,) = rows.list_licenses(transaction, order.id, None)
        return [one.site for one in rows.list_active(transaction, [held.id])]


def test_a_plugin_switches_its_licence_on_asks_and_switches_it_off(
    edges: Edges, order: Order, site: PhpSite
) -> None:
    assert site.do("validate") == "no_key"
    assert site.do("activate", key_of(edges, order))["code"] == "valid"
    assert in_use(edges, order) == ["ada.example"]
    assert site.do("is_valid") is True
    assert site.do("may_update") is True
    assert site.do("deactivate") == {
        "ok": True,
        "code": "off",
        "message": "The licence is switched off on this site.",
    }
    assert in_use(edges, order) == []
    assert site.kept == {}
    assert site.do("deactivate")["ok"] is True
    assert site.do("is_valid") is False


def test_a_mistyped_key_is_told_without_asking_anybody(
    edges: Edges, order: Order, site: PhpSite
) -> None:
    key = key_of(edges, order)
    wrong = key[:-6] + ("7" if key[-6] != "7" else "8") + key[-5:]
    site.server = "http://127.0.0.1:9"  # nobody is there: asking would say so
    assert site.do("activate", wrong)["code"] == "mistyped"
    assert site.do("activate", "")["code"] == "mistyped"
    site.imported_keys = True
    assert site.do("activate", wrong)["code"] == "server_away"


def test_a_key_is_taken_however_it_was_typed(edges: Edges, order: Order, site: PhpSite) -> None:
    assert site.do("activate", f" {key_of(edges, order).lower().replace('-', ' ')} ")["ok"] is True


def test_the_server_says_why_a_key_does_not_fit(edges: Edges, order: Order, site: PhpSite) -> None:
    key = key_of(edges, order)
    licenses.activate(edges, key, "bob.example")
    told = site.do("activate", key)
    assert (told["ok"], told["code"]) == (False, "sites_limit_reached")
    assert "1 of 1 sites" in told["message"]
    assert site.do("validate") == "no_key"


def test_an_answer_is_kept_for_half_a_day_and_then_asked_anew(
    edges: Edges, order: Order, site: PhpSite, clock: TestClock
) -> None:
    site.do("activate", key_of(edges, order))
    clock.move(hours=1)
    assert site.do("validate") == "valid"
    with edges.database.write() as transaction:
        (held,) = rows.list_licenses(transaction, order.id, None)
        licenses.end(edges, transaction, held.id, "refund 1 was paid", clock(), "payments")
    clock.move(hours=12, seconds=-1)
    assert site.do("validate") == "valid"
    clock.move(seconds=1)
    assert site.do("validate") == "ended_refunded"
    site.do("page")
    assert "its price was refunded" in site.shown


def test_while_the_server_is_away_a_valid_licence_goes_on_for_two_weeks(
    edges: Edges, order: Order, site: PhpSite, server: str, clock: TestClock
) -> None:
    site.do("activate", key_of(edges, order))
    clock.move(hours=12)
    site.do("validate")
    site.server = "http://127.0.0.1:9"
    clock.move(days=14)
    assert site.do("validate") == "valid"
    clock.move(hours=1)
    assert site.do("validate") == "unknown"
    site.server = server
    clock.move(hours=1)
    assert site.do("validate") == "valid"


@pytest.mark.parametrize(
    "behind",
    [pytest.param(3600.0, id="an hour slow"), pytest.param(-3600.0, id="an hour fast")],
)
def test_a_clock_that_is_wrong_loses_nothing(
    edges: Edges, order: Order, site: PhpSite, clock: TestClock, behind: float
) -> None:
    site.do("activate", key_of(edges, order))
    site.behind = behind
    for _ in range(3):
        assert site.do("validate") == "valid"
        clock.move(hours=5)
    assert in_use(edges, order) == ["ada.example"]


@pytest.mark.parametrize("status", [404, 429, 500])
def test_an_answer_that_is_not_the_servers_own_proves_nothing(
    edges: Edges, order: Order, site: PhpSite, clock: TestClock, status: int
) -> None:
    class Proxy(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"<html>no such page</html>")

        def log_message(self, *_: object) -> None:
            pass

    site.do("activate", key_of(edges, order))
    with HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        site.server = f"http://127.0.0.1:{proxy.server_port}"
        clock.move(hours=13)
        assert site.do("validate") == "valid"
        assert site.do("deactivate")["code"] == "server_away"
        proxy.shutdown()
    assert site.kept["token"]
    assert in_use(edges, order) == ["ada.example"]


def test_a_key_that_was_replaced_counts_as_not_known_at_once(
    edges: Edges, order: Order, site: PhpSite, clock: TestClock
) -> None:
    site.do("activate", key_of(edges, order))
    key_of(edges, order)
    clock.move(hours=13)
    assert site.do("validate") == "license_not_known"


def test_a_copy_of_the_site_is_not_the_site(
    edges: Edges, order: Order, site: PhpSite, clock: TestClock
) -> None:
    site.do("activate", key_of(edges, order))
    site.home = "https://copy.ada.example"
    assert site.do("validate") == "site_not_activated"
    site.do("uninstall")
    assert site.kept == {}
    assert in_use(edges, order) == ["ada.example"]


def test_uninstalling_switches_off_and_forgets(edges: Edges, order: Order, site: PhpSite) -> None:
    site.do("activate", key_of(edges, order))
    site.do("uninstall")
    assert (in_use(edges, order), site.kept) == ([], {})


# ---------------------------------------------------------------- the page

NONCE = "nonce of acme_crm_license"


def test_the_form_switches_on_and_off(edges: Edges, order: Order, site: PhpSite) -> None:
    key = key_of(edges, order)
    assert site.do("page") == "manage_options"
    assert 'name="key"' in site.shown
    assert site.do("post", key=key, _wpnonce=NONCE).endswith("page=acme_crm_license")
    site.do("page")
    assert "switched on for this site" in site.shown
    assert key[-4:] in site.shown
    assert key not in site.shown
    site.do("post", switch_off="1", _wpnonce=NONCE)
    assert in_use(edges, order) == []


def test_the_form_does_nothing_without_nonce_or_right(
    edges: Edges, order: Order, site: PhpSite
) -> None:
    key = key_of(edges, order)
    assert site.do("post", key=key) == "the link has expired"
    site.may = ("edit_posts",)
    assert site.do("post", key=key, _wpnonce=NONCE) == "You may not change this licence."
    site.do("page")
    assert site.shown == ""
    assert in_use(edges, order) == []


def test_nothing_is_shown_unescaped(edges: Edges, order: Order, site: PhpSite) -> None:
    site.name = "<script>alert(1)</script>"
    site.imported_keys = True
    site.do("post", key='"><b onclick=x>', _wpnonce=NONCE)
    site.do("page")
    assert "<script" not in site.shown
    assert "<b " not in site.shown


def test_a_damaged_option_counts_as_none(site: PhpSite) -> None:
    site.options.write_text('{"acme_crm_license": {"key": ["x"], "ask_at": "soon", "more": 1}}')
    assert site.do("validate") == "no_key"
    site.options.write_text('{"acme_crm_license": "x"}')
    assert site.do("validate") == "no_key"
