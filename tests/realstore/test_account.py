"""My Account in a real store: a customer asks, answers and states there, without a script."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page

from refunddesk.casework import TurnKind
from refunddesk.services import case_turns, licenses, stores
from tests.asking import STAFF, key_of
from tests.realstore.conftest import Connected
from tests.realstore.test_story import case_of, heard_of

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

_PASSWORD = "a long and silly password"
_SITE = "claire.example"


@pytest.fixture
def phone(connected: Connected, chromium: Browser) -> Iterator[Page]:
    """A small window that runs no script."""
    with closing(
        chromium.new_context(
            ignore_https_errors=True,
            locale="en-GB",
            java_script_enabled=False,
            viewport={"width": 390, "height": 844},
        )
    ) as context:
        context.set_default_timeout(60_000)
        yield context.new_page()


def join(connected: Connected) -> tuple[int, str]:
    """A customer's account at the store: its number and its address."""
    email = f"claire.{secrets.token_hex(4)}@example.test"
    told = {"email": email, "username": email, "password": _PASSWORD, "first_name": "Claire"}
    return int(connected.live.post("/customers", told).body["id"]), email


def buy(connected: Connected, customer_id: int, email: str) -> int:
    """A paid order of the customer's; its number in the store."""
    order = connected.live.order(
        customer_id=customer_id,
        billing={"first_name": "Claire", "country": "FR", "email": email},
        line_items=[{"product_id": connected.live.product("LIC-1"), "quantity": 1}],
        set_paid=True,
    )
    return int(order["id"])


def sign_in(phone: Page, connected: Connected, email: str) -> None:
    phone.goto(f"{connected.store.address}/my-account/")
    phone.locator("#username").fill(email)
    phone.locator("#password").fill(_PASSWORD)
    phone.get_by_role("button", name="Log in").click()


def test_a_refund_is_asked_for_and_had_without_leaving_the_store(
    connected: Connected, phone: Page
) -> None:
    edges, address = connected.edges, connected.store.address
    stores.add_item_rule(edges, 1, field="sku", value="LIC-1", item_kind="product")
    customer_id, email = join(connected)
    woo_order_id = buy(connected, customer_id, email)
    order = heard_of(connected, woo_order_id, "processing")
    licenses.activate(edges, key_of(edges, order), f"https://{_SITE}")

    sign_in(phone, connected, email)
    phone.goto(f"{address}/my-account/refund-desk/{woo_order_id}/")
    phone.locator("select[name=reason]").select_option("malfunction")
    phone.locator("[name=details]").fill("The form sends nothing.")
    phone.locator("[name=product_version]").fill("2.1")
    phone.get_by_label("There are no others.").check()
    phone.get_by_label("I have no screenshots.").check()
    phone.get_by_role("button", name="Ask for a refund").click()

    case = case_of(connected, order)
    case_turns.find(edges, case.id, "malfunction", "Its address is gone.", by=STAFF)
    case_turns.end(edges, case.id, TurnKind.GAVE_UP, "It cannot be mended.", by=STAFF)
    connected.work()
    phone.reload()
    page = phone.locator("body").inner_text()
    assert "Its address is gone." in page
    assert _SITE in page
    phone.get_by_role("button", name=f"Switch off on {_SITE}").click()
    phone.locator("[name=destroyed]").check()
    phone.get_by_role("button", name="I state that").click()
    connected.work()
    phone.reload()
    assert "€99.00 was paid back on" in phone.locator("body").inner_text()
    assert connected.live.control.moved(woo_order_id) == ["99.00"]


def test_a_foreign_order_is_shown_like_one_that_is_not_there(
    connected: Connected, phone: Page
) -> None:
    _, email = join(connected)
    other_id, other = join(connected)
    foreign = buy(connected, other_id, other)
    heard_of(connected, foreign, "processing")
    address = connected.store.address
    sign_in(phone, connected, email)
    said = []
    for number in (foreign, 999_999):
        phone.goto(f"{address}/my-account/refund-desk/{number}/")
        said.append(phone.locator("body").inner_text().replace(str(number), "N"))
    assert said[0] == said[1]
    assert "LIC-1" not in said[0]
