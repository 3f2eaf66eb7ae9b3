"""From the checkout of a real WooCommerce to the money given back, as a customer lives it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from refunddesk.casework import TurnKind
from refunddesk.db import cases, orders
from refunddesk.db.cases import Case
from refunddesk.db.customer_links import Purpose
from refunddesk.db.orders import Order
from refunddesk.services import case_turns, customer_links, stores
from refunddesk.services.case_turns import Saying
from tests.asking import STAFF
from tests.browser.seeing import Eyes
from tests.realstore.conftest import Connected

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

#: The store has no tax for France, so all that was paid is given back.
_ADDRESS = {
    "billing_first_name": "Claire",
    "billing_last_name": "Cliente",
    "billing_address_1": "1 rue de la Paix",
    "billing_postcode": "75002",
    "billing_city": "Paris",
    "billing_phone": "01 23 45 67 89",
}


@pytest.fixture
def shop(connected: Connected, chromium: Browser) -> Iterator[Page]:
    """A window in which somebody shops."""
    with closing(chromium.new_context(ignore_https_errors=True, locale="en-GB")) as context:
        context.set_default_timeout(60_000)
        yield context.new_page()


@pytest.fixture
def eyes(connected: Connected, chromium: Browser, tmp_path: Path) -> Iterator[Eyes]:
    """A window in which the customer looks at the desk's pages."""
    with closing(Eyes.open(chromium, connected.desk.address, 1280, True, tmp_path)) as eyes:
        yield eyes
        eyes.judge()


def check_out(shop: Page, connected: Connected, gateway: str) -> int:
    """Buy a licence; the number of the order on the page that says thank you."""
    shop.goto(f"{connected.store.address}/product/lic-1/")
    with shop.expect_navigation():
        shop.get_by_role("button", name="Add to cart").click()
    shop.goto(f"{connected.store.address}/checkout/")
    shop.locator("#billing_country").select_option("FR", force=True)
    for field, value in _ADDRESS.items():
        shop.locator(f"#{field}").fill(value)
    shop.locator("#billing_email").fill(f"claire.{secrets.token_hex(4)}@example.test")
    # The page asks for the taxes of the address, and puts the means of payment there anew.
    shop.wait_for_load_state("networkidle")
    shop.locator(f"label[for=payment_method_{gateway}]").click()
    shop.get_by_role("button", name="Place order").click()
    shop.wait_for_url("**/order-received/**")
    found = re.search(r"order-received/(\d+)", shop.url)
    assert found
    return int(found[1])


def heard_of(connected: Connected, woo_order_id: int, status: str) -> Order:
    """The order as the desk has it from the store's own webhooks, once they told it this status.

    The store sends its reports in portions, and the desk gathers those that come close together.
    """
    order = None
    for _ in range(4):
        connected.live.control.run_queue()
        connected.work()
        with connected.edges.database.read() as transaction:
            order = orders.find_order(transaction, 1, woo_order_id)
        if order and order.status == status:
            return order
        connected.clock.move_to(connected.edges.clock() + timedelta(minutes=1))
    raise AssertionError(f"the desk did not hear of it: {order and order.status}")


def case_of(connected: Connected, order: Order) -> Case:
    with connected.edges.database.read() as transaction:
        (case,) = cases.list_cases(transaction, order.id)
    return case


@pytest.mark.parametrize("gateway", ["rigpay", "rigkeys"])
def test_what_was_bought_at_the_checkout_is_paid_back_and_the_store_shows_it(
    connected: Connected, shop: Page, eyes: Eyes, gateway: str
) -> None:
    edges = connected.edges
    stores.add_item_rule(edges, 1, field="sku", value="LIC-1", item_kind="product")
    woo_order_id = check_out(shop, connected, gateway)
    order = heard_of(connected, woo_order_id, "processing")

    token = customer_links.make_link(edges, order.id, Purpose.REFUND, by=STAFF)
    eyes.go(f"/my/enter/{token}")
    eyes.page.get_by_role("button").click()
    eyes.press("English", within="header")
    eyes.page.get_by_label("Why do you want").select_option("malfunction")
    eyes.page.get_by_label("What happened?").fill("The form sends nothing.")
    eyes.press("Ask for a refund")

    question = Saying(TurnKind.QUESTION, "Which version?", asks=("product_version",))
    case_turns.say(edges, case_of(connected, order).id, question, by=STAFF)
    eyes.go("/my/")
    eyes.page.get_by_label("The address of the site").fill("https://claire.example")
    eyes.page.get_by_label("The version of the product").fill("2.1")
    eyes.page.get_by_label("There are no others.").check()
    eyes.page.get_by_label("I have no screenshots.").check()
    eyes.press("Send the details")
    case = case_of(connected, order)
    case_turns.find(edges, case.id, "malfunction", "Its address is gone.", by=STAFF)
    case_turns.end(edges, case.id, TurnKind.GAVE_UP, "It cannot be mended.", by=STAFF)
    connected.work()
    eyes.go("/my/")
    eyes.page.get_by_label("I have deleted all copies").check()
    eyes.press("I state that")
    connected.work()

    eyes.go("/my/")
    assert "€99.00 was paid back on" in eyes.text()
    assert connected.live.control.moved(woo_order_id) == ["99.00"]
    shown = connected.live.get(f"/orders/{woo_order_id}").body
    assert shown["status"] == "refunded"
    (row,) = connected.live.get(f"/orders/{woo_order_id}/refunds").body
    assert (row["amount"], row["refunded_payment"]) == ("99.00", True)
    shop.reload()
    assert "Refund" in shop.locator("body").inner_text()
    heard_of(connected, woo_order_id, "refunded")
