"""The zip in a real WordPress, with a real desk: connected, used, and gone without a trace.

WooCommerce is stood in for (see small_store.py); tests/bridge/test_in_a_store.py and
tests/woocommerce have the real one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from refunddesk.db import stores
from refunddesk.services.inbox import drain_journal
from refunddesk.services.stores import open_client
from refunddesk.woocommerce.strictjson import read_json
from refunddesk.woocommerce.transport import NoAnswer, Waits
from tests.bridge.administration import Administration
from tests.bridge.conftest import BARE, administration_of
from tests.bridge.real_desk import RealDesk
from tests.bridge.small_store import BRIDGE, SmallStore, releases

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

_RELEASES = releases() or [None]
on_every_release = pytest.mark.parametrize(
    "small_store",
    _RELEASES,
    indirect=True,
    ids=lambda release: release.stem if release else "no WordPress",
)


def connect(admin: Administration, desk: RealDesk) -> str:
    return admin.press("connect", server=desk.address, code=desk.code())


@pytest.fixture
def connected(small_admin: Administration, small_desk: RealDesk) -> Administration:
    said = connect(small_admin, small_desk)
    assert "The store is connected." in said, re.sub(r"<[^>]+>", " ", said)[-800:]
    return small_admin


def sell(admin: Administration, gateway: str = "rigpay") -> int:
    """The id of a paid order of 117.81."""
    fees = [{"name": "Licence", "total": "117.81"}]
    body = {"payment_method": gateway, "set_paid": True, "fee_lines": fees}
    sold = admin.rest("POST", "orders", body)
    assert sold.status_code == 201, sold.text
    return int(sold.json()["id"])


@dataclass(frozen=True, slots=True)
class Said:
    status: int
    attempt: str
    body: dict[str, Any]


def refund(desk: RealDesk, order_id: int, key: str, amount: str = "50.00") -> Said | None:
    """What the bridge answers to the desk's own call; None where its process died."""
    body = {
        "refund_desk_key": key,
        "amount": amount,
        "reason": f"{key} refund",
        "api_refund": True,
        "api_restock": False,
    }
    with open_client(desk.edges, 1) as client:
        try:
            answer = client.post_once(
                f"orders/{order_id}/refunds", body, waits=Waits(5, 60), key=key, to_bridge=True
            )
        except NoAnswer:
            return None
        state = client.ask_bridge(f"attempts/{key}")["state"]
    said = read_json(answer.body)
    assert isinstance(said, dict)
    return Said(answer.status, str(state), said)


def events(desk: RealDesk) -> list[tuple[str, int]]:
    """What the store reported and the desk took down: what it is about, and which."""
    drain_journal(desk.edges)
    about = text("SELECT object_type, woo_object_id FROM inbox WHERE woo_object_id IS NOT NULL")
    with desk.edges.database.engine.connect() as connection:
        return [(row[0], row[1]) for row in connection.execute(about)]


@on_every_release
def test_the_zip_is_installed_connected_used_and_leaves_nothing_behind(
    small_store: SmallStore, small_desk: RealDesk, packed: bytes
) -> None:
    small_store.become(BARE)
    before = small_store.inventory()
    admin = administration_of(small_store)
    admin.install(packed)
    said = connect(admin, small_desk)
    assert "✘" not in said, re.findall(r"✘.*?</tr>", said, re.S)
    assert said.count("✔") == 7
    made = small_store.inventory()
    assert "action.woocommerce_order_refunded" in made["webhooks"]
    assert made["rules"], "the customer's pages have no address"

    order_id = sell(admin)
    paid = refund(small_desk, order_id, "RD-00000001")
    assert paid
    assert (paid.status, paid.attempt) == (201, "paid")
    assert refund(small_desk, order_id, "RD-00000001") == paid
    assert small_store.moved(order_id) == ["50.00"]
    admin.rest("DELETE", f"orders/{order_id}/refunds/{paid.body['id']}?force=true")
    assert small_store.do("return standin_run_due();") >= 1
    assert ("order", order_id) in events(small_desk)

    assert "The desk keeps its books." in admin.press("disconnect")
    assert admin.webhooks_of_the_desk() == []
    admin.leave_out("deactivate-selected", BRIDGE)
    admin.leave_out("delete-selected", BRIDGE)
    assert not (small_store.content / "plugins" / "refund-desk-bridge").exists()
    after = small_store.inventory()
    assert {name: sorted(set(after[name]) ^ set(before[name])) for name in before} == {
        name: [] for name in before
    }


@pytest.mark.parametrize(
    ("gateway", "mode", "again", "went"),
    [
        pytest.param("rigpay", "kill_before", 409, 0, id="before the money, no keys"),
        pytest.param("rigpay", "kill_after", 409, 1, id="after the money, no keys"),
        pytest.param("rigkeys", "kill_before", 201, 1, id="before the money, with keys"),
        pytest.param("rigkeys", "kill_after", 201, 1, id="after the money, with keys"),
    ],
)
def test_a_store_that_died_midway_never_pays_twice(
    small_store: SmallStore,
    connected: Administration,
    small_desk: RealDesk,
    gateway: str,
    mode: str,
    again: int,
    went: int,
) -> None:
    order_id = sell(connected, gateway)
    small_store.tell_gateway(mode)
    assert refund(small_desk, order_id, "RD-00000002") is None
    for _ in range(2):
        said = refund(small_desk, order_id, "RD-00000002")
        assert said
        assert said.status == again
        assert said.attempt == ("paid" if again == 201 else "gateway_called")
        assert small_store.moved(order_id) == ["50.00"] * went


def test_a_report_waits_for_a_desk_that_is_away_and_comes_once(
    small_store: SmallStore, connected: Administration, small_desk: RealDesk
) -> None:
    order_id = sell(connected)
    connected.rest("DELETE", f"orders/{order_id}?force=true")
    with small_desk.away():
        small_store.do("return standin_run_due();")
    assert events(small_desk) == []
    small_store.do("return standin_run_due();")
    assert events(small_desk) == [], "the next try is a minute later"
    small_store.do(_A_DAY_LATER)
    small_store.do("return standin_run_due();")
    assert events(small_desk) == [("order", order_id)]
    assert small_store.do(_WAITING) == "0", "what was taken is not sent again"
    small_store.do(_A_DAY_LATER)
    small_store.do("return standin_run_due();")
    assert events(small_desk) == [("order", order_id)]


_WAITING = "return $GLOBALS['wpdb']->get_var( 'SELECT COUNT(*) FROM wp_refund_desk_events' );"
_A_DAY_LATER = """
global $wpdb;
return $wpdb->query( "UPDATE {$wpdb->prefix}actionscheduler_actions SET scheduled_date_gmt = '2000-01-01 00:00:00' WHERE status = 'pending'" );
"""  # noqa: E501


def test_what_somebody_else_signed_is_not_taken(
    small_store: SmallStore, connected: Administration, small_desk: RealDesk
) -> None:
    small_store.do(
        "$one = get_option( 'refund_desk_bridge_connection' );"
        "$one['secret'] = str_repeat( 'a', 43 );"
        "return update_option( 'refund_desk_bridge_connection', $one );"
    )
    order_id = sell(connected)
    connected.rest("DELETE", f"orders/{order_id}?force=true")
    small_store.do("return standin_run_due();")
    assert events(small_desk) == []
    assert "✘" in connected.press("check")


def test_plain_permalinks_are_told_before_anything_is_made(
    small_store: SmallStore, small_admin: Administration, small_desk: RealDesk
) -> None:
    small_store.do("return update_option( 'permalink_structure', '' );")
    before = small_store.inventory()
    assert "plain permalinks" in small_admin.page()
    assert "plain permalinks" in connect(small_admin, small_desk)
    assert small_store.inventory() == before
    small_store.do("return update_option( 'permalink_structure', '/%postname%/' );")
    assert "The store is connected." in connect(small_admin, small_desk)


@pytest.mark.parametrize("woocommerce", ["on", "off"])
def test_deleted_while_connected_it_takes_leave_and_takes_all_along(
    small_store: SmallStore, connected: Administration, small_desk: RealDesk, woocommerce: str
) -> None:
    assert small_store.inventory()["keys"] == ["Refund Desk"]
    if woocommerce == "off":
        small_store.do("deactivate_plugins( 'woocommerce/woocommerce.php' );")
    connected.leave_out("deactivate-selected", BRIDGE)
    connected.leave_out("delete-selected", BRIDGE)
    left = small_store.inventory()
    for name in ("told", "marks", "keys", "webhooks", "crons", "rules"):
        assert left[name] == [], name
    assert left["users"] == ["admin"]
    assert "refund_desk" not in left["roles"]
    assert [name for name in left["tables"] if "refund_desk" in name] == []
    # What Action Scheduler still holds finds nobody that it could call.
    assert woocommerce == "off" or left["actions"] == []
    with small_desk.edges.database.read() as transaction:
        assert stores.get_store(transaction, 1).disconnected_at is not None


def test_the_desks_user_sees_no_secret_of_a_gateway_and_cannot_sign_in(
    small_store: SmallStore, connected: Administration, small_desk: RealDesk
) -> None:
    assert connected.rest("GET", "payment_gateways/rigpay").json()["settings"]
    with open_client(small_desk.edges, 1) as client:
        told = client.get_payment_gateway("rigpay")
    assert told["method_supports"] == ["products", "refunds"]
    assert "settings" not in told
    (login,) = [one for one in small_store.inventory()["users"] if one != "admin"]
    said = small_store.do(
        f"wp_set_password( 'known', get_user_by( 'login', '{login}' )->ID );"
        f"return wp_authenticate( '{login}', 'known' )->get_error_code();"
    )
    assert said == "refund_desk_no_sign_in"
