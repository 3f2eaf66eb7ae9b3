"""In a real store: connect by its administration, see every line green, and leave nothing behind.

Runs where WOOCOMMERCE_URL, WOOCOMMERCE_KEY and WOOCOMMERCE_SECRET name a store with the bridge and
WOOCOMMERCE_ADMIN and WOOCOMMERCE_ADMIN_PASSWORD an administrator of it. The store must be able to
call this machine.
"""

from __future__ import annotations

import html
import os
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from threading import Thread
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from refunddesk import clock as wall
from refunddesk.db import stores
from refunddesk.extension import create_app
from refunddesk.services.connect_codes import make_code
from refunddesk.services.connections import disconnect_store
from refunddesk.services.edges import Edges
from refunddesk.services.stores import open_client
from refunddesk.settings import Settings
from refunddesk.woocommerce.access import StoreAccess
from refunddesk.woocommerce.client import StoreRefused

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


@dataclass(slots=True)
class Administration:
    """A browser of somebody who administers the store."""

    session: requests.Session = field(default_factory=requests.Session)

    def sign_in(self) -> None:
        self.session.trust_env = False
        self.session.verify = _GIVEN["CA_FILE"] or True
        self.session.get(f"{_GIVEN['URL']}/wp-login.php", timeout=60)
        form = {"log": _GIVEN["ADMIN"], "pwd": _GIVEN["ADMIN_PASSWORD"], "testcookie": "1"}
        answer = self.session.post(
            f"{_GIVEN['URL']}/wp-login.php", data=form, timeout=60, allow_redirects=False
        )
        assert answer.status_code == 302, "the administrator cannot sign in"

    def page(self) -> str:
        address = f"{_GIVEN['URL']}/wp-admin/admin.php?page=refund-desk"
        return self.session.get(address, timeout=60).text

    def press(self, action: str, **fields: str) -> str:
        """Send the page's form; what the page says then."""
        name = f"refund_desk_bridge_{action}"
        form = re.search(
            rf'name="action" value="{name}">.*?name="_wpnonce" value="([^"]+)"', self.page(), re.S
        )
        assert form, f"the page has no form to {action}"
        data = {"action": name, "_wpnonce": form[1], **fields}
        address = f"{_GIVEN['URL']}/wp-admin/admin-post.php"
        return html.unescape(self.session.post(address, data=data, timeout=120).text)

    def rest(self, method: str, path: str, body: Any = None) -> requests.Response:
        """With the administrator's own REST key."""
        return self.session.request(
            method,
            f"{_GIVEN['URL']}/wp-json/wc/v3/{path}",
            auth=(_GIVEN["KEY"], _GIVEN["SECRET"]),
            json=body,
            timeout=60,
        )

    def webhooks_of_the_desk(self) -> list[str]:
        found = self.rest("GET", "webhooks?per_page=100").json()
        return [one["topic"] for one in found if one["name"].startswith("Refund Desk ")]


@dataclass(frozen=True, slots=True)
class RealDesk:
    """A desk that answers on the loopback network, by the clock on the wall."""

    address: str
    edges: Edges


@pytest.fixture
def desk(settings: Settings, make_edges: Callable[..., Edges]) -> Iterator[RealDesk]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    edges = replace(make_edges(_GIVEN["CA_FILE"] or None), clock=wall.now)
    app = create_app(replace(settings, public_url=address), edges=edges)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield RealDesk(address, edges)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def admin() -> Iterator[Administration]:
    browser = Administration()
    browser.sign_in()
    if "refund_desk_bridge_disconnect" in browser.page():
        browser.press("disconnect")
    yield browser
    if "refund_desk_bridge_disconnect" in browser.page():
        browser.press("disconnect")


@pytest.fixture
def connected(desk: RealDesk, admin: Administration) -> str:
    """What the page says after the store was connected."""
    code = make_code(desk.edges, by="staff:1", policy="crmjetty").text
    return admin.press("connect", server=f"{desk.address}/desk/stores", code=code)


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
    code = make_code(desk.edges, by="staff:1", policy="crmjetty").text
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
