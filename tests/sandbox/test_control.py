"""The pages of the sandbox, for a person trying Refund Desk out, and its command."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from refunddesk.sandbox.app import create_sandbox_app
from refunddesk.sandbox.samples import BASKETS, place_sample_orders
from refunddesk.sandbox.store import SandboxStore


@pytest.fixture
def browser(store: SandboxStore) -> FlaskClient:
    place_sample_orders(store)
    return create_sandbox_app(store).test_client()


@pytest.mark.parametrize(
    ("path", "shows"),
    [
        pytest.param("/sandbox/", "LIC-1", id="products"),
        pytest.param("/sandbox/orders", "karla.kunde@example.test", id="orders"),
        pytest.param("/sandbox/gateway", "Nothing paid back yet", id="gateway ledger"),
        pytest.param("/sandbox/webhooks", "Nobody listens yet.", id="webhooks"),
        pytest.param("/sandbox/faults", "None: the store works.", id="faults"),
    ],
)
def test_every_page_shows_what_it_is_for(browser: FlaskClient, path: str, shows: str) -> None:
    page = browser.get(path)
    assert page.status_code == 200
    assert shows in page.text


def test_no_page_needs_a_script(browser: FlaskClient) -> None:
    for path in ("/sandbox/", "/sandbox/orders", "/sandbox/faults", "/sandbox/webhooks"):
        assert "<script" not in browser.get(path).text


@pytest.mark.parametrize("basket", BASKETS)
def test_a_paid_order_is_one_button_away(browser: FlaskClient, basket: str) -> None:
    bought = browser.post("/sandbox/orders", data={"basket": basket}, follow_redirects=True)
    assert "paid with Sandbox card" in bought.text


def test_a_subscription_can_be_renewed_by_a_button(
    browser: FlaskClient, store: SandboxStore
) -> None:
    subscription = store.documents.list("subscription")[0]
    renewed = browser.post(
        f"/sandbox/subscriptions/{subscription['id']}/renewals", follow_redirects=True
    )
    assert renewed.status_code == 200
    assert browser.post("/sandbox/subscriptions/99999/renewals").status_code == 404


def test_the_ledger_shows_the_sum_that_was_paid_back(
    browser: FlaskClient, store: SandboxStore
) -> None:
    order = store.documents.list("order")[0]
    key = store.api_keys[0]
    for _ in range(2):
        browser.post(
            f"/wp-json/wc/v3/orders/{order['id']}/refunds",
            json={"amount": "12.30", "reason": "<i>RD-1</i>"},
            auth=(key.consumer_key, key.consumer_secret),
            base_url="https://localhost",
        )
    page = browser.get("/sandbox/gateway").text
    assert "24.60 EUR paid back" in page
    assert "&lt;i&gt;RD-1&lt;/i&gt;" in page
    assert len(browser.get("/sandbox/movements.json").json) == 2


def test_a_fault_can_be_armed_by_form_and_by_json(
    browser: FlaskClient, store: SandboxStore
) -> None:
    form = {"mode": "decline", "seconds": "", "times": "", "order_id": "", "path_part": ""}
    assert browser.post("/sandbox/faults", data=form).status_code == 303
    armed = browser.post("/sandbox/faults", json={"mode": "slow", "seconds": 0.1, "times": 2})
    assert armed.status_code == 201
    assert [(fault.mode, fault.times) for fault in store.faults.armed] == [
        ("decline", None),
        ("slow", 2),
    ]
    assert [fault["mode"] for fault in browser.get("/sandbox/faults.json").json] == [
        "decline",
        "slow",
    ]
    browser.post("/sandbox/faults/clear")
    assert store.faults.armed == ()


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"mode": "explodes"}, id="an unknown fault"),
        pytest.param({"mode": "slow", "seconds": "long"}, id="seconds that are no number"),
        pytest.param({"mode": "slow", "colour": "red"}, id="a field there is not"),
        pytest.param({}, id="no fault named"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(browser: FlaskClient, asked: Any) -> None:
    refused = browser.post("/sandbox/faults", json=asked)
    assert refused.status_code == 400
    assert refused.json["error"]


def test_another_site_cannot_press_the_buttons(browser: FlaskClient, store: SandboxStore) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    before = len(store.documents.list("order"))
    bought = browser.post("/sandbox/orders", data={"basket": "license"}, headers=elsewhere)
    assert bought.status_code == 403
    assert len(store.documents.list("order")) == before


def test_the_command_serves_logs_stops_and_finds_its_store_again(tmp_path: Path) -> None:
    first, log = _run_command(tmp_path)
    assert "sandbox store at https://127.0.0.1:" in log
    assert "paid back (RD-7)" in log
    second, _ = _run_command(tmp_path)
    assert second["consumer_key"] == first["consumer_key"]
    assert second["refunds"] == first["refunds"] + 1


def _run_command(directory: Path) -> tuple[dict[str, Any], str]:
    """Start the command, refund one order, stop it with SIGTERM; what it kept and printed."""
    access_file = directory / "access.json"
    access_file.unlink(missing_ok=True)
    start = "from refunddesk.cli import main; main()"
    command = [sys.executable, "-c", start, "sandbox", "--directory", str(directory)]
    with subprocess.Popen(
        [*command, "--port", "0", "--deliver"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            until = time.monotonic() + 20
            while not access_file.exists():
                assert process.poll() is None, "the command ended by itself"
                assert time.monotonic() < until, "the command did not come up in 20 seconds"
                time.sleep(0.05)
            access = json.loads(access_file.read_text())
            access["refunds"] = _refund_something(access)
        finally:
            process.send_signal(signal.SIGTERM)
        log, _ = process.communicate(timeout=10)
        assert process.returncode == 0
    return access, log


def _refund_something(access: dict[str, Any]) -> int:
    """Pay one euro back; answers how many refunds the order has by then."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = access["ca_file"]
        session.auth = (access["consumer_key"], access["consumer_secret"])
        api = f"{access['url']}/wp-json/wc/v3"
        order = session.get(f"{api}/orders?order=asc", timeout=10).json()[0]
        body = {"amount": "1.00", "reason": "RD-7"}
        path = f"{api}/orders/{order['id']}/refunds"
        assert session.post(path, json=body, timeout=10).status_code == 201
        return len(session.get(path, timeout=10).json())
