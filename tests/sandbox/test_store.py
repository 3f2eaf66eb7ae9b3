"""The sandbox store keeps its data, replays recorded objects, and ages its subscriptions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from refunddesk.sandbox.certificates import ensure_certificates
from refunddesk.sandbox.replay import NotAnObject
from refunddesk.sandbox.samples import place_sample_orders
from refunddesk.sandbox.store import SandboxStore
from tests.sandbox.conftest import Call

RECORDED_ORDER = (
    Path(__file__).parents[1]
    / "woocommerce/data/deliveries/hpos-12-refund-line-gateway-order.updated-1.body"
)


def test_a_second_start_finds_orders_keys_and_the_gateways_ledger(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    first = SandboxStore(path)
    place_sample_orders(first)
    keys, orders = first.api_keys, first.documents.list("order")
    first.webhooks.create({"topic": "order.updated", "delivery_url": "http://127.0.0.1:9/"})
    first.add_renewal(first.documents.list("subscription")[0]["id"])
    waiting = first.webhooks.waiting
    first.close()

    second = SandboxStore(path)
    place_sample_orders(second)
    assert second.api_keys == keys
    assert len(second.documents.list("order")) == len(orders) + 1
    assert second.webhooks.waiting == waiting > 0
    second.close()


def test_two_stores_have_different_keys() -> None:
    one, other = SandboxStore(), SandboxStore()
    assert not {key.consumer_secret for key in one.api_keys} & {
        key.consumer_secret for key in other.api_keys
    }
    one.close()
    other.close()


def test_a_recorded_order_is_answered_byte_for_byte(store: SandboxStore, call: Call) -> None:
    raw = RECORDED_ORDER.read_bytes()
    body = json.loads(raw)
    store.put_object("order", body)
    assert call("GET", f"/orders/{body['id']}").content == raw


def test_the_refunds_a_recorded_order_lists_can_be_read_too(
    store: SandboxStore, call: Call
) -> None:
    body = json.loads(RECORDED_ORDER.read_bytes())
    store.put_object("order", body)
    listed = call("GET", f"/orders/{body['id']}/refunds").json()
    assert [row["id"] for row in listed] == [one["id"] for one in body["refunds"]]
    assert [f"-{row['amount']}" for row in listed] == [one["total"] for one in body["refunds"]]


def test_a_recorded_order_can_be_refunded_further(store: SandboxStore, call: Call) -> None:
    body = json.loads(RECORDED_ORDER.read_bytes())
    store.put_object("order", {**body, "payment_method": "sandboxpay"})
    paths = f"/orders/{body['id']}/refunds"
    assert call("POST", paths, {"amount": body["total"]}).status_code == 500
    assert call("POST", paths, {"amount": "1.00"}).status_code == 201
    assert call("GET", f"/orders/{body['id']}").json()["refunds"][0]["total"] == "-1.00"


def test_new_objects_never_take_a_recorded_ones_number(store: SandboxStore) -> None:
    store.put_object("order", json.loads(RECORDED_ORDER.read_bytes()) | {"id": 5000})
    assert store.add_order([{"sku": "LIC-1"}])["id"] > 5000


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("coupon", {"id": 1}, id="a kind the store does not keep"),
        pytest.param("order", {}, id="no id"),
        pytest.param("order", {"id": True}, id="an id that is no number"),
        pytest.param("order", {"id": -3}, id="an id below one"),
    ],
)
def test_what_is_no_object_is_not_loaded(
    store: SandboxStore, kind: str, body: dict[str, object]
) -> None:
    with pytest.raises(NotAnObject):
        store.put_object(kind, body)


@pytest.mark.parametrize(
    ("sku", "bought", "next_payment"),
    [
        pytest.param("SUB-M", "2027-01-31", "2027-02-28", id="the 31st becomes the month's last"),
        pytest.param("SUB-Y", "2028-02-29", "2029-03-01", id="a leap day becomes 1 March"),
        pytest.param("SUB-Y", "2026-11-23", "2027-11-23", id="a year later"),
    ],
)
def test_the_next_payment_is_due_a_period_later(sku: str, bought: str, next_payment: str) -> None:
    day = datetime.fromisoformat(bought).replace(hour=12, tzinfo=UTC)
    store = SandboxStore(clock=lambda: day)
    subscription = store.add_subscription(sku)
    assert subscription["next_payment_date_gmt"] == f"{next_payment}T12:00:00"
    store.close()


def test_a_renewal_moves_the_next_payment_on(store: SandboxStore) -> None:
    subscription = store.add_subscription("SUB-M")
    renewal = store.add_renewal(subscription["id"])
    renewed = store.documents.find("subscription", subscription["id"])
    assert renewed is not None
    assert renewed["next_payment_date_gmt"] > subscription["next_payment_date_gmt"]
    assert renewal["total"] == subscription["total"]


def test_times_are_given_in_the_stores_zone_and_in_utc() -> None:
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    store = SandboxStore(clock=lambda: summer)
    order = store.add_order([{"sku": "LIC-1"}])
    assert (order["date_paid"], order["date_paid_gmt"]) == (
        "2026-07-02T00:30:00",
        "2026-07-01T22:30:00",
    )
    store.close()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("modified_after=2026-07-01T22:30:00", True, id="that time store-local"),
        pytest.param(
            "modified_after=2026-07-01T22:30:00&dates_are_gmt=true", False, id="that time in UTC"
        ),
        pytest.param(
            "modified_after=2026-07-01T22:29:59&dates_are_gmt=true", True, id="a second earlier"
        ),
    ],
)
def test_a_time_without_zone_means_the_stores(
    store: SandboxStore, call: Call, query: str, found: bool
) -> None:
    store.clock = lambda: datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    store.add_order([{"sku": "LIC-1"}])
    assert bool(call("GET", f"/orders?{query}").json()) == found


def test_a_certificate_is_kept_until_a_month_before_its_end(tmp_path: Path) -> None:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    first = ensure_certificates(tmp_path, made).ca_file.read_bytes()
    assert ensure_certificates(tmp_path, made + timedelta(days=334)).ca_file.read_bytes() == first
    assert ensure_certificates(tmp_path, made + timedelta(days=336)).ca_file.read_bytes() != first


def test_only_who_trusts_the_authority_accepts_the_certificate(call: Call) -> None:
    assert call("GET", "/products").status_code == 200
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        call("GET", "/products", verify=True)


def test_over_plain_http_a_key_is_as_good_as_none(store: SandboxStore) -> None:
    from refunddesk.sandbox.app import create_sandbox_app

    key = store.api_keys[0]
    client = create_sandbox_app(store).test_client()
    auth = (key.consumer_key, key.consumer_secret)
    path = "/wp-json/wc/v3/orders"
    assert client.get(path, base_url="https://localhost", auth=auth).status_code == 200
    assert client.get(path, base_url="http://localhost", auth=auth).status_code == 401
