"""From order to money: it waits for three sites, moves once, and the key says why it is off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from refunddesk.db import licenses as rows
from refunddesk.db import requests
from refunddesk.extension import create_app
from refunddesk.services import desk, licenses, receipts, stores
from refunddesk.services.edges import Edges
from refunddesk.services.validation import validate
from refunddesk.settings import Settings
from tests.asking import STAFF, report
from tests.client.sites import PhpSite, answering, find_php
from tests.conftest import TestClock
from tests.selling import Shop, open_shop
from tests.visiting import Customer


@pytest.fixture
def shop(make_edges: Callable[..., Edges], clock: TestClock, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(make_edges, clock, tmp_path) as opened:
        stores.add_item_rule(
            opened.edges,
            opened.store_id,
            field="sku",
            value="LIC-*",
            item_kind="product",
            product="crm-portal",
            sites_limit=2,
        )
        yield opened


def test_the_money_waits_for_every_site_and_then_moves_once(
    shop: Shop, settings: Settings, clock: TestClock, tmp_path: Path
) -> None:
    find_php()
    edges = shop.edges
    order = shop.record(shop.sell("LIC-1")["id"])
    with edges.database.read() as transaction:
        (license,) = rows.list_licenses(transaction, order.id, None)
    key = licenses.new_key(edges, license.id, by=STAFF)

    # Three sites, one of them for trying out, on a licence for two.
    with answering(create_app(settings, edges=edges)) as server:
        ada = PhpSite("https://www.ada.example", server, tmp_path / "options.json", clock)
        assert ada.do("activate", key)["ok"] is True
        licenses.activate(edges, key, "bob.example")
        staging = licenses.activate(edges, key, "staging.bob.example")
        with pytest.raises(licenses.SitesLimitReached):
            licenses.activate(edges, key, "eve.example")

        # Found faulty; asked for and said to be destroyed on the customer's page: only the sites
        # are still waited for.
        report(edges, order)
        customer = Customer(create_app(settings, edges=edges).test_client(), edges, order)
        customer.enter()
        customer.post("/my/ask", reason="malfunction")
        shop.work()
        customer.post("/my/statement", destroyed="yes")
        shop.work()
        with edges.database.read() as transaction:
            (request_id,) = [one.id for one in requests.list_requests(transaction, order.id)]
        assert waits_for(edges, request_id) == ["ada.example", "bob.example", "staging.bob.example"]

        # Each in another way.
        licenses.deactivate(edges, staging.token)
        shop.work()
        assert ada.do("deactivate")["ok"] is True
        shop.work()
        assert waits_for(edges, request_id) == ["bob.example"]
        assert len(shop.sandbox.gateway.movements) == 0
        (last,) = on(edges, license.id)
        customer.enter()  # an hour may have passed
        assert customer.post(f"/my/sites/{last.id}/off").status_code == 303
        for _ in range(3):
            shop.work()
            clock.move(minutes=1)

    assert len(shop.sandbox.gateway.movements) == 1
    assert "was paid back on" in customer.see()
    told = validate(edges, key, "ada.example")
    assert told.license.standing == "ended_refunded"
    assert receipts.verify_receipts(edges) == 3
    with edges.database.read() as transaction:
        assert requests.get_request(transaction, request_id).state == "granted"


def waits_for(edges: Edges, request_id: int) -> list[str]:
    """The sites that the request's last decision awaits to be switched off."""
    page = desk.show_request(edges, request_id)
    awaited = [one["what"] for one in page.judgements[0].said["awaits"]]
    assert all(what.startswith("deactivate ") for what in awaited)
    return [what.removeprefix("deactivate ") for what in awaited]


def on(edges: Edges, license_id: int) -> list[rows.Activation]:
    with edges.database.read() as transaction:
        return rows.list_active(transaction, [license_id])
