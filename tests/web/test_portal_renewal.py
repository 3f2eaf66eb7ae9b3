"""Whoever comes by the link of a receipt sees what stops, and with one button takes it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from refunddesk.db import cancellations, refunds, requests, subscriptions
from refunddesk.db.cancellations import CancellationKind, CancellationState
from refunddesk.db.customer_links import Purpose
from refunddesk.db.orders import Order
from refunddesk.db.refunds import State
from refunddesk.extension import create_app
from refunddesk.services import licenses as licensing
from refunddesk.services import stores
from refunddesk.services.edges import Edges
from refunddesk.services.subscriptions import record_subscription
from refunddesk.settings import Settings
from tests.asking import key_of
from tests.conftest import TestClock
from tests.selling import Shop, open_shop
from tests.services.posting import Mailbox, with_mail
from tests.visiting import Customer


class Renewed:
    """A yearly subscription at a sandbox store, renewed just now, and its customer's browser."""

    def __init__(self, shop: Shop, settings: Settings, sku: str = "SUB-Y") -> None:
        self.shop, self.box = with_mail(shop)
        stores.add_item_rule(
            shop.edges, shop.store_id, field="sku", value="SUB-*", item_kind="product"
        )
        billing = {"email": "ada@example.com", "country": "GB"}
        bought = shop.sandbox.add_subscription(sku, billing=billing)
        self.woo_id = int(bought["id"])
        self.first = shop.record(int(bought["parent_id"]))
        shop.clock.move(days=31 if sku == "SUB-M" else 365)
        record_subscription(shop.edges, shop.store_id, self.woo_id)
        self.order = shop.record(int(shop.sandbox.add_renewal(self.woo_id)["id"]))
        self.work()
        app = create_app(settings, edges=self.shop.edges)
        self.customer = Customer(app.test_client(), self.shop.edges, self.order)

    def work(self) -> None:
        self.shop.clock.move(seconds=11)
        self.shop.work()

    def status(self) -> str:
        body = self.shop.sandbox.documents.find("subscription", self.woo_id)
        assert body
        return str(body["status"])

    def request(self) -> requests.RefundRequest | None:
        with self.shop.edges.database.read() as transaction:
            found = requests.list_requests(transaction, self.order.id)
        return found[-1] if found else None

    def wish(self) -> cancellations.Cancellation | None:
        with self.shop.edges.database.read() as transaction:
            kind = CancellationKind.SUBSCRIPTION
            return cancellations.find_latest(transaction, kind, self.order.id)


@pytest.fixture(scope="session")
def shop_certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop")


@pytest.fixture
def shop(
    make_edges: Callable[..., Edges], clock: TestClock, shop_certificates: Path
) -> Iterator[Shop]:
    with open_shop(make_edges, clock, shop_certificates) as opened:
        yield opened


@pytest.fixture
def renewed(shop: Shop, settings: Settings) -> Renewed:
    return Renewed(shop, settings)


def link_in(box: Mailbox) -> str:
    (address,) = [line for line in box.text().split("\n") if line.startswith("https://")]
    return address.removeprefix("https://desk.test")


def test_the_link_of_the_receipt_leads_to_the_renewal_and_works_once(renewed: Renewed) -> None:
    link = link_in(renewed.box)
    browser = renewed.customer
    entered = browser.post(link, seen=link)
    assert (entered.status_code, entered.headers["Location"]) == (303, "/my/renewal")
    assert browser.post(link, seen=link).status_code == 404


@pytest.mark.parametrize(
    ("waits", "status"),
    [
        pytest.param(timedelta(0), 303, id="in the last second of the fifth business day"),
        pytest.param(timedelta(seconds=1), 404, id="one second later"),
    ],
)
def test_the_link_waits_for_the_five_business_days_of_its_renewal(
    renewed: Renewed, waits: timedelta, status: int
) -> None:
    link = link_in(renewed.box)
    # Renewed on Tuesday 2 March 2027 in Berlin: the fifth business day is Tuesday the 9th.
    renewed.shop.clock.at = renewed.shop.clock.at.replace(
        month=3, day=9, hour=22, minute=59, second=58, microsecond=0
    )
    assert renewed.order.paid_at
    assert renewed.order.paid_at.date().isoformat() == "2027-03-02"
    renewed.shop.clock.move(seconds=waits.total_seconds())
    assert renewed.customer.post(link, seen=link).status_code == status


def test_looking_changes_nothing_and_shows_what_stops_and_what_comes_back(
    renewed: Renewed,
) -> None:
    key = key_of(renewed.shop.edges, renewed.first)
    licensing.activate(renewed.shop.edges, key, "https://ada.example")
    renewed.customer.enter()
    page = renewed.customer.page("/my/renewal")
    assert "Cancel and get €79.99 back" in page.replace("\u00a0", " ")
    assert "The subscription ends at once" in page
    assert "switch the licence off here: ada.example" in page
    assert "What you have paid for stays yours until 2 March 2028" in page
    assert renewed.request() is None
    assert renewed.wish() is None


def test_one_button_gives_the_renewal_back_and_ends_the_subscription(renewed: Renewed) -> None:
    browser = renewed.customer
    browser.enter()
    asked = browser.post("/my/renewal/take-back", seen="/my/renewal")
    assert asked.headers["Location"] == "/my/#asked"
    renewed.work()
    browser.post("/my/statement", destroyed="yes")
    for _ in range(3):
        renewed.work()
    with renewed.shop.edges.database.read() as transaction:
        (refund,) = refunds.list_for_order(transaction, renewed.order.id)
    assert (refund.state, str(refund.amount)) == (State.PAID, "79.99")
    assert renewed.status() == "cancelled"
    assert [str(one.amount) for one in renewed.shop.sandbox.gateway.movements] == ["79.99"]
    assert "You have asked for this renewal" in browser.page("/my/renewal")


def test_the_same_button_twice_asks_once(renewed: Renewed) -> None:
    browser = renewed.customer
    browser.enter()
    form = browser.form("/my/renewal")
    for _ in range(2):
        assert browser.client.post("/my/renewal/take-back", data=form).status_code == 303
    with renewed.shop.edges.database.read() as transaction:
        assert len(requests.list_requests(transaction, renewed.order.id)) == 1


def test_a_month_asked_for_too_late_is_refused_and_ends_all_the_same(
    shop: Shop, settings: Settings
) -> None:
    renewed = Renewed(shop, settings, "SUB-M")
    browser = renewed.customer
    browser.enter()
    key = browser.form("/my/renewal")["request_key"]
    renewed.shop.clock.move(days=10)
    browser.enter()
    assert "take-back" not in browser.page("/my/renewal")
    browser.post("/my/renewal/take-back", seen="/my/renewal", request_key=key)
    renewed.work()
    request = renewed.request()
    assert request
    assert request.state == "refused"
    renewed.work()
    assert renewed.status() == "pending-cancel", "nothing more is charged"
    assert not renewed.shop.sandbox.gateway.movements


def test_a_first_purchase_is_not_given_back_without_a_reason(renewed: Renewed) -> None:
    browser = Customer(renewed.customer.client, renewed.shop.edges, renewed.first)
    browser.enter()
    form = {**browser.form("/my/renewal"), "request_key": "0" * 32}
    answer = browser.client.post("/my/renewal/take-back", data=form)
    assert answer.status_code == 409
    assert "first purchase" in answer.text


def test_cancelling_lets_what_was_paid_run_out_and_is_confirmed_by_mail(renewed: Renewed) -> None:
    browser = renewed.customer
    browser.enter()
    browser.post("/my/renewal/end", seen="/my/renewal")
    assert "The store confirms it within some minutes" in browser.page("/my/renewal")
    assert renewed.status() == "active", "the store is told after the commit"
    renewed.work()
    assert renewed.status() == "pending-cancel"
    wish = renewed.wish()
    assert wish
    assert wish.state is CancellationState.DONE
    assert renewed.box.subjects()[-1] == "Your subscription is cancelled"
    assert "stays yours until 2 March 2028" in renewed.box.text()
    assert "it ends on 2 March 2028" in browser.page("/my/renewal")
    again = browser.post("/my/renewal/end", seen="/my/renewal")
    assert again.status_code == 409
    with renewed.shop.edges.database.read() as transaction:
        held = subscriptions.find_subscription(transaction, renewed.shop.store_id, renewed.woo_id)
    assert held
    assert held.next_payment_at is None


def test_two_clicks_at_once_tell_the_store_once(renewed: Renewed) -> None:
    browser = renewed.customer
    browser.enter()
    form = browser.form("/my/renewal")
    answers = [browser.client.post("/my/renewal/end", data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    renewed.work()
    assert renewed.box.subjects().count("Your subscription is cancelled") == 1


def test_one_that_ended_meanwhile_is_left_as_it_is(renewed: Renewed) -> None:
    browser = renewed.customer
    browser.enter()
    browser.post("/my/renewal/end", seen="/my/renewal")
    body = renewed.shop.sandbox.documents.find("subscription", renewed.woo_id)
    assert body
    renewed.shop.sandbox.documents.put(
        "subscription", renewed.woo_id, {**body, "status": "cancelled"}, int(body["parent_id"])
    )
    renewed.work()
    wish = renewed.wish()
    assert wish
    assert wish.state is CancellationState.NOT_NEEDED
    assert renewed.status() == "cancelled", "never back to pending-cancel"


def test_a_link_for_licences_neither_cancels_nor_asks(renewed: Renewed) -> None:
    browser = renewed.customer
    browser.enter(Purpose.LICENSES)
    page = browser.page("/my/renewal")
    assert "take-back" not in page
    assert 'action="/my/renewal/end"' not in page
    form = {**browser.form("/my/"), "request_key": "0" * 32}
    for path in ("/my/renewal/take-back", "/my/renewal/end"):
        assert browser.client.post(path, data=form).status_code == 403
    assert renewed.wish() is None


def test_an_order_without_a_subscription_says_so(renewed: Renewed) -> None:
    plain: Order = renewed.shop.record(renewed.shop.sell("LIC-1")["id"])
    browser = Customer(renewed.customer.client, renewed.shop.edges, plain)
    browser.enter()
    assert browser.client.get("/my/renewal").status_code == 404
