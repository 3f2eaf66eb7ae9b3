"""The whole way of the money leaves no person, no secret and no body in the logs."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from refunddesk import logs
from refunddesk.db import outbox
from refunddesk.db.staff import Role
from refunddesk.extension import create_app
from refunddesk.jobnames import JobName
from refunddesk.jobs import keeping, registry, schedule
from refunddesk.sandbox.faults import Mode
from refunddesk.services import staff, stores, tokens
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from refunddesk.woocommerce.signature import sign
from tests.conftest import TestClock
from tests.selling import Shop, open_shop
from tests.stories.crash_child import STORY, World

EMAIL = "olga.owner@desk.test"
PASSWORD = "a long and silly password"


@pytest.fixture
def shop(
    make_edges: Callable[..., Edges], clock: TestClock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    with open_shop(make_edges, clock, tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    yield io.StringIO()
    logs.set_up("json")


@pytest.fixture
def world(shop: Shop, settings: Settings, stream: io.StringIO) -> World:
    """The desk and all that those outside know of it: what must not show in a log."""
    edges = shop.edges
    stores.add_item_rule(
        edges, shop.store_id, field="sku", value="SUB-*", item_kind="product", product="portal"
    )
    endpoint = stores.add_endpoint(edges, shop.store_id, "order.updated")
    staff.add_staff(edges, email=EMAIL, name="Olga Owner", role=Role.OWNER, password=PASSWORD)
    token = tokens.make_token(edges, 1, "the desk's program", by="staff:1")
    subscription = shop.sandbox.add_subscription("SUB-Y")
    shop.clock.move(hours=1)
    known = {
        "store_id": shop.store_id,
        "staff_token": token,
        "endpoint_id": endpoint.endpoint_id,
        "endpoint_secret": endpoint.secret,
        "woo_order_id": subscription["parent_id"],
        "delivery": json.dumps(shop.shown(subscription["parent_id"])),
    }
    client = create_app(settings, edges=edges).test_client()
    world = World(edges, shop.clock, client, known=known, tell=known.update)
    logs.set_up("json", stream)
    return world


def trouble(world: World, shop: Shop) -> None:
    """What goes wrong in the life of a desk: each of it is logged."""
    client, path = world.client, f"/hooks/{world.known['endpoint_id']}"
    body = world.known["delivery"].encode()
    heads = {"Content-Type": "application/json", "X-WC-Webhook-Topic": "order.updated"}
    client.post(path, data=body, headers=heads)
    client.post(path, data=body, headers={**heads, "X-WC-Webhook-Signature": "bm90IG91cnM="})
    unusable = b'{"billing":{"email":"karla.kunde@example.test"}}'
    signature = sign(world.known["endpoint_secret"], unusable)
    client.post(path, data=unusable, headers={**heads, "X-WC-Webhook-Signature": signature})
    client.get(f"/nowhere?email={EMAIL}")
    client.get(f"/api/orders?store=1&email={EMAIL}", headers={"Authorization": "Bearer rdt_wrong"})
    client.post("/desk/sign-in", data={"email": EMAIL, "password": PASSWORD})
    shop.sandbox.faults.arm(Mode.DIES_AFTER_MONEY)
    _fail_a_job(world, body.decode())


def _fail_a_job(world: World, text: str) -> None:
    """A job and a round of the dispatcher that break over a body."""

    def broken(_edges: Edges, _subject: str = "") -> None:
        raise ValueError(f"cannot read {text}")

    with world.edges.database.write() as transaction:
        outbox.promise(transaction, JobName.RECORD_ORDER, "1:9", due_at=world.clock())
    with world.edges.database.read() as transaction:
        due = outbox.list_due(transaction, world.clock())
    for promise_id, _ in due:
        keeping.keep(world.edges, promise_id, {**registry.JOBS, JobName.RECORD_ORDER: broken})
    rounds = [schedule.Round("a broken round", timedelta(hours=1), broken)]
    schedule.run_rounds(world.edges, rounds)


def forbidden(world: World, shop: Shop, settings: Settings) -> dict[str, str]:
    """What must not be found, by what it is."""
    sold = shop.shown(world.known["woo_order_id"])
    running = shop.running
    return {
        "an address of mail": "@",
        "the customer's first name": sold["billing"]["first_name"],
        "the customer's last name": sold["billing"]["last_name"],
        "the customer's street": sold["billing"]["address_1"],
        "the order's key": sold["order_key"],
        "a piece of a body": "line_items",
        "the person's name": "Olga",
        "the person's password": PASSWORD,
        "the person's token": world.known["staff_token"],
        "the site's token": world.known["site_token"],
        "the customer's site": "shop.example",
        "the webhook's secret": world.known["endpoint_secret"],
        "the store's key": running.consumer_key,
        "the store's secret": running.consumer_secret,
        "the key for forms": settings.secret_key,
        "the key that seals": settings.sealing_keys[0],
        "a query": "email=",
    }


def test_nobody_is_known_by_the_logs(
    world: World, shop: Shop, settings: Settings, stream: io.StringIO
) -> None:
    for number, (_, piece) in enumerate(STORY):
        if number == 2:
            trouble(world, shop)
        piece(world)
    assert len(shop.sandbox.gateway.movements) == 1
    written = stream.getvalue()
    found = {what for what, text in forbidden(world, shop, settings).items() if text in written}
    assert found == set()
    # Were the logs empty, the above would say nothing.
    lines = [json.loads(line) for line in written.splitlines()]
    told = {line["event"] for line in lines}
    assert told >= {
        "request",
        "job done",
        "job failed",
        "periodic work failed",
        "delivery refused",
        "delivery quarantined",
    }


def test_each_request_is_one_line_with_its_route_and_its_answer(
    world: World, stream: io.StringIO
) -> None:
    path = f"/hooks/{world.known['endpoint_id']}?from={secrets.token_hex(4)}"
    world.client.post(path, data={"webhook_id": "1"})
    world.client.get("/wp-login.php?user=admin")
    first, stray = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first.pop("ms") >= 0
    assert first.pop("timestamp")
    assert first == {
        "event": "request",
        "level": "info",
        "method": "POST",
        "route": "/hooks/<endpoint_id>",
        "status": 200,
    }
    assert (stray["route"], stray["status"]) == (None, 404)
    assert "admin" not in stream.getvalue()
