"""In a real store: connect by its administration, see every line green, and leave nothing behind.

Runs where WOOCOMMERCE_URL, WOOCOMMERCE_KEY and WOOCOMMERCE_SECRET name a store with the bridge and
WOOCOMMERCE_ADMIN and WOOCOMMERCE_ADMIN_PASSWORD an administrator of it. The store must be able to
call this machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

import pytest

from refunddesk.db import stores
from refunddesk.db.staff import Role
from refunddesk.db.store_logins import list_logins
from refunddesk.services import store_logins
from refunddesk.services.connections import disconnect_store
from refunddesk.services.edges import Edges
from refunddesk.services.orders import record_order
from refunddesk.services.stores import open_client
from refunddesk.settings import Settings
from refunddesk.woocommerce.access import StoreAccess
from refunddesk.woocommerce.client import StoreRefused
from tests.bridge.administration import Administration
from tests.bridge.real_desk import RealDesk, open_desk
from tests.people import hire

_NAMED = ("URL", "KEY", "SECRET", "ADMIN", "ADMIN_PASSWORD")
_GIVEN = {name: os.environ.get(f"WOOCOMMERCE_{name}", "") for name in (*_NAMED, "CA_FILE")}

pytestmark = [
    pytest.mark.real_store,
    pytest.mark.skipif(
        not all(_GIVEN[name] for name in _NAMED),
        reason="no real store with the bridge and an administrator of it is named",
    ),
    pytest.mark.timeout(300),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def desk(settings: Settings, make_edges: Callable[..., Edges]) -> Iterator[RealDesk]:
    with open_desk(settings, make_edges, _GIVEN["CA_FILE"] or None) as desk:
        yield desk


@pytest.fixture
def admin() -> Iterator[Administration]:
    browser = Administration(
        _GIVEN["URL"],
        _GIVEN["ADMIN"],
        _GIVEN["ADMIN_PASSWORD"],
        key=_GIVEN["KEY"],
        secret=_GIVEN["SECRET"],
        ca_file=_GIVEN["CA_FILE"],
    )
    browser.sign_in()
    if "refund_desk_bridge_disconnect" in browser.page():
        browser.press("disconnect")
    yield browser
    if "refund_desk_bridge_disconnect" in browser.page():
        browser.press("disconnect")


@pytest.fixture
def connected(desk: RealDesk, admin: Administration) -> str:
    """What the page says after the store was connected."""
    return admin.press("connect", server=f"{desk.address}/desk/stores", code=desk.code())


def test_a_store_connects_and_every_line_is_green(
    connected: str, admin: Administration, desk: RealDesk
) -> None:
    assert "The store is connected." in connected
    assert "✘" not in connected, re.findall(r"✘.*?</tr>", connected, re.S)
    assert connected.count("✔") == 7
    topics = admin.webhooks_of_the_desk()
    assert {"order.updated", "action.woocommerce_order_refunded"} <= set(topics)
    assert len(topics) == len(set(topics))
    with desk.edges.database.read() as transaction:
        (store,) = stores.list_stores(transaction)
    assert store.url == _GIVEN["URL"].rstrip("/")


def test_an_order_has_the_desks_box_and_its_button_signs_in_whom_an_owner_named(
    connected: str, admin: Administration, desk: RealDesk
) -> None:
    order = admin.rest("POST", "orders", {"status": "processing"}).json()["id"]
    try:
        page = admin.order_page(order)
        assert "has not seen this order yet" in page
        assert "Nobody at the desk has said yet" in admin.press_link(page, "sign_in").text
        record_order(desk.edges, 1, order)
        with desk.edges.database.read() as transaction:
            (asks,) = list_logins(transaction)
        person = hire(desk.edges, Role.SUPPORT, "somebody.else@store.test")
        store_logins.allow(desk.edges, asks.id, person, by="staff:1")
        page = admin.order_page(order)
        assert "Nobody has asked for a refund." in page
        entrance = admin.press_link(page, "sign_in")
        assert entrance.url.startswith(f"{desk.address}/desk/from-store/")
        assert "Sign in as Support" in entrance.text
    finally:
        admin.rest("DELETE", f"orders/{order}?force=true")


def test_the_desks_key_does_what_the_desk_needs_and_nothing_else(
    connected: str, admin: Administration, desk: RealDesk
) -> None:
    order = admin.rest("POST", "orders", {"status": "processing"}).json()["id"]
    gateway = admin.rest("GET", "payment_gateways").json()[0]["id"]
    product = admin.rest("GET", "products").json()[0]["id"]
    others = admin.rest(
        "POST", "webhooks", {"topic": "order.updated", "delivery_url": "https://example.com"}
    ).json()["id"]
    try:
        with open_client(desk.edges, 1) as client:
            assert client.get_order(order)["id"] == order
            client.touch_order(order)
            client.list_order_refunds(order)
            client.list_order_notes(order)
            client.find_subscription(order)
            client.get_product(product)
            assert client.get_payment_gateway(gateway)["id"] == gateway
            own = [one for one in client.list_webhooks() if one["id"] != others]
            client.update_webhook(own[0]["id"], {"status": "active"})
            with pytest.raises(StoreRefused) as refused:
                client.update_webhook(others, {"delivery_url": "https://thief.example"})
            assert refused.value.code == "refund_desk_not_yours"
            for path in ("settings/general", "customers", "system_status", "reports", "coupons"):
                with pytest.raises(StoreRefused) as refused:
                    client.list_page(path, {})
                assert refused.value.status in (401, 403), path
            for method, path in (
                ("PUT", f"payment_gateways/{gateway}"),
                ("PUT", f"products/{product}"),
            ):
                with pytest.raises(StoreRefused) as refused:
                    client._write_object(method, path, {"enabled": False})
                assert refused.value.status in (401, 403), path
            with pytest.raises(StoreRefused) as refused:
                client._write_object("POST", "customers", {"email": "new@example.com"})
            assert refused.value.status in (401, 403)
    finally:
        admin.rest("DELETE", f"webhooks/{others}?force=true")
        admin.rest("DELETE", f"orders/{order}?force=true")


@pytest.mark.parametrize("where", ["in the store", "at the desk"])
def test_disconnecting_leaves_no_webhook_and_no_key(
    connected: str, admin: Administration, desk: RealDesk, where: str
) -> None:
    with desk.edges.database.read() as transaction:
        keys = stores.get_sealed_keys(transaction, 1)
    key, secret = (desk.edges.sealer.open(one) for one in (keys.consumer_key, keys.consumer_secret))
    if where == "in the store":
        assert "The desk keeps its books." in admin.press("disconnect")
    else:
        assert disconnect_store(desk.edges, 1, by="staff:1") is None
    assert admin.webhooks_of_the_desk() == []
    assert "refund_desk_bridge_connect" in admin.page()
    with (
        desk.edges.connect(StoreAccess(_GIVEN["URL"], key, secret)) as client,
        pytest.raises(StoreRefused) as refused,
    ):
        client.list_webhooks()
    assert refused.value.status == 401
    with desk.edges.database.read() as transaction:
        assert stores.get_store(transaction, 1).disconnected_at is not None


def test_a_wrong_code_and_a_wrong_address_make_nothing_and_are_told_in_words(
    desk: RealDesk, admin: Administration
) -> None:
    code = desk.code()
    wrong = code[:-1] + ("a" if code[-1] != "a" else "b")
    said = admin.press("connect", server=desk.address, code=wrong)
    assert "The desk does not know this code." in said
    assert desk.address in said  # the address is kept in the form
    assert wrong not in said
    said = admin.press("connect", server=_GIVEN["URL"], code=code)
    assert "is not Refund Desk" in said
    said = admin.press("connect", server="http://127.0.0.1:9", code=code)
    assert "does not answer" in said
    assert admin.webhooks_of_the_desk() == []
    assert "The store is connected." in admin.press("connect", server=desk.address, code=code)
