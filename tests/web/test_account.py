"""A customer's pages inside the store: the same as by a link, for whom the store signed in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from refunddesk.casework import TurnKind
from refunddesk.compat.verdict import Verdict
from refunddesk.db import cases, notices, plugins, requests, tables
from refunddesk.db.cases import Report
from refunddesk.db.customer_links import Purpose
from refunddesk.db.orders import Order
from refunddesk.extension import create_app
from refunddesk.services import case_turns, stores, work_quotes
from refunddesk.services import cases as cases_of
from refunddesk.services import licenses as licensing
from refunddesk.services.case_turns import Saying
from refunddesk.services.cases import Intake
from refunddesk.services.edges import Edges
from refunddesk.services.order_home import MOST_WORDS
from refunddesk.settings import Settings
from refunddesk.woocommerce import events
from tests import asking, bridging, building
from tests.asking import PORTAL
from tests.conftest import REPOSITORY, TestClock
from tests.visiting import Customer

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ADA = {"id": 7, "email": "ada@example.com"}
KEY = "0123456789abcdef" * 2
HOSTILE = '"><script>alert(1)</script>'


@dataclass(slots=True)
class Account:
    """The bridge of one store, calling for a customer."""

    app: Flask
    edges: Edges
    store_id: int
    address: str
    connection: str
    secret: str
    calls: int = 0

    def call(self, what: str, said: Mapping[str, Any], **changed: str) -> TestResponse:
        self.calls += 1
        body = json.dumps({"address": self.address, **said}).encode()
        call_id, at = f"msg_{self.calls:08}", bridging.stamp(self.edges.clock())
        secret = changed.get("secret", self.secret).encode()
        path = f"/bridge/{self.connection}/account/{what}"
        content = bridging.content_of(f"POST {path}", body)
        headers = {
            "webhook-id": call_id,
            "webhook-timestamp": at,
            "webhook-signature": bridging.signature(secret, call_id, at, content),
            "Content-Type": "application/json",
        }
        answer = self.app.test_client().post(path, data=body, headers=headers)
        if answer.status_code == 200:
            assert bridging.is_proven(answer, secret, call_id)
        return answer

    def ask(self, what: str, order: Order, /, **said: Any) -> TestResponse:
        named = {"customer": ADA, "language": "en", "order": order.woo_order_id}
        return self.call(what, {**named, **said})

    def see(self, order: Order, /, **said: Any) -> dict[str, Any]:
        answer = self.ask("order", order, **said)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.get_json()["page"]
        return page


@pytest.fixture
def app(settings: Settings, edges: Edges) -> Flask:
    return create_app(settings, edges=edges)


@pytest.fixture
def account(app: Flask, edges: Edges) -> Account:
    return joined(app, edges)


def joined(app: Flask, edges: Edges, url: str = "https://shop.example", **facts: Any) -> Account:
    store_id = building.add_store(edges, url=url, **facts)
    endpoint_id, secret = stores.add_endpoint(edges, store_id, events.TOPIC)
    return Account(app, edges, store_id, url, endpoint_id, secret)


@pytest.fixture
def order(account: Account) -> Order:
    return asking.buy(account.edges, account.store_id, asking.Bought(sites=3), account=7)


def refused(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]


# -- whose an order is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "who",
    [
        pytest.param(ADA, id="account and address"),
        pytest.param({"id": 7, "email": "ada@new.example"}, id="the account has a new address"),
        pytest.param({"id": 8, "email": "ADA@example.com "}, id="another account, same address"),
    ],
)
def test_a_customer_sees_what_they_bought(
    account: Account, order: Order, who: dict[str, Any]
) -> None:
    assert account.see(order, customer=who)["number"] == order.number


@on_one_database
@pytest.mark.parametrize(
    "who",
    [
        pytest.param({"id": 8, "email": "bob@example.com"}, id="somebody else"),
        pytest.param({"id": 8, "email": ""}, id="somebody else without an address"),
        pytest.param({"id": 8}, id="somebody of no known address"),
    ],
)
def test_somebody_elses_order_is_answered_as_one_that_is_not_there(
    account: Account, order: Order, who: dict[str, Any]
) -> None:
    licensing.activate(account.edges, asking.key_of(account.edges, order), "https://ada.example")
    answers = []
    for number in (order.woo_order_id, 987_654):
        for what, said in (
            ("order", {}),
            ("ask", {"request_key": KEY, "reason": "malfunction"}),
            ("reply", {"words": "Hello"}),
            ("switch-off", {"site": 1}),
            ("say-lost", {"site": 1}),
            ("take-back", {}),
            ("statement", {"destroyed": True}),
            ("report", {"product_version": "2"}),
            ("declare-withdrawal", {"request_key": KEY}),
        ):
            answer = account.ask(what, order, customer=who, **{**said, "order": number})
            answers.append((refused(answer), answer.get_json()["message"]))
    assert {status for status, _ in answers} == {(404, "no_such_order")}
    assert len({message for _, message in answers}) == 1
    told = account.call("orders", {"customer": who, "orders": [order.woo_order_id, 987_654]})
    assert told.get_json() == {"orders": []}


@on_one_database
def test_an_order_of_another_store_is_not_there(account: Account, app: Flask, order: Order) -> None:
    other = joined(app, account.edges, "https://other.example")
    assert refused(other.ask("order", order)) == (404, "no_such_order")
    # Nor does one store's bridge speak at another's address.
    assert account.call("about", {}, secret=other.secret).status_code == 401


@on_one_database
def test_a_guests_order_without_an_address_is_nobodys(account: Account) -> None:
    order = asking.buy(account.edges, account.store_id, PORTAL, email="")
    assert refused(account.ask("order", order, customer={"id": 1, "email": ""}))[0] == 404


@on_one_database
def test_a_site_of_another_customers_licence_cannot_be_switched_off(
    account: Account, order: Order
) -> None:
    bobs = asking.buy(
        account.edges, account.store_id, PORTAL, woo_order_id=1002, email="bob@example.com"
    )
    site = licensing.activate(account.edges, asking.key_of(account.edges, bobs), "bob.example")
    assert site
    for what in ("switch-off", "say-lost"):
        assert refused(account.ask(what, order, site=1)) == (404, "no_such_activation")


# -- what is seen --------------------------------------------------------------------------------


def test_the_list_says_of_each_order_what_comes_back_and_until_when(
    account: Account, order: Order
) -> None:
    unpaid = asking.buy(account.edges, account.store_id, PORTAL, woo_order_id=1002, account=7)
    with account.edges.database.write() as transaction:
        transaction.execute(
            update(tables.orders)
            .where(tables.orders.c.id == unpaid.id)
            .values(paid_at=None, status="pending")
        )
    told = account.call("orders", {"customer": ADA, "language": "en", "orders": [1002, 1001, 9]})
    late, paid = told.get_json()["orders"]
    assert (late["order"], late["amount"], late["until"]) == (1002, None, None)
    assert (paid["order"], paid["amount"], paid["state"]) == (1001, "€199.00", None)
    assert paid["until"].startswith("until the end of 1 April 2026")


@on_one_database
@pytest.mark.parametrize(("count", "status"), [(10, 200), (11, 422)])
def test_ten_orders_are_told_of_at_once(account: Account, count: int, status: int) -> None:
    said = {"customer": ADA, "orders": list(range(1, count + 1))}
    assert account.call("orders", said).status_code == status


@on_one_database
@pytest.mark.parametrize(
    ("language", "paid"),
    [
        ("en", "Paid on 2 March 2026: €236.81 in all."),
        ("de", "Bezahlt am 2. März 2026: insgesamt 236,81\xa0€."),
        ("fr", "Payée le 2 mars 2026 : 236,81\xa0€ au total."),
    ],
)
def test_the_page_speaks_the_customers_language(
    account: Account, order: Order, language: str, paid: str
) -> None:
    assert account.see(order, language=language)["paid"] == paid
    gone = account.ask("order", order, language=language, order=5).get_json()["message"]
    assert gone[:11] == {"en": "This order ", "de": "Diese Beste", "fr": "Cette comma"}[language]


@on_one_database
@pytest.mark.parametrize(
    ("status", "says"), [("pending", 5), ("on-hold", 5), ("failed", 5), ("cancelled", 0)]
)
def test_an_order_whose_payment_hangs_says_why_it_may_and_not_to_pay_twice(
    account: Account, order: Order, status: str, says: int
) -> None:
    with account.edges.database.write() as transaction:
        transaction.execute(update(tables.orders).values(paid_at=None, status=status))
    page = account.see(order)
    assert "do not pay again" in page["paid"]
    assert len(page["stuck"]) == says
    assert (page["ask"], page["today"]) == (None, None)


# -- asking --------------------------------------------------------------------------------------


def test_a_customer_asks_with_the_facts_filled_in_and_support_misses_nothing(
    account: Account, order: Order, clock: TestClock
) -> None:
    licensing.activate(account.edges, asking.key_of(account.edges, order), "https://ada.example")
    building.add_check(account.edges, Verdict.OK, slug="crm-portal")
    offered = account.see(order)["ask"]
    with account.edges.database.read() as transaction:
        sold = plugins.find_sold(transaction, "crm-portal", None)
    assert sold
    assert offered["version"] == sold.version
    assert offered["sites"] == ["ada.example"]
    assert [one["value"] for one in offered["products"]] == ["crm-portal"]
    said = {
        "request_key": KEY,
        "reason": "malfunction",
        "product": "crm-portal",
        "site_url": "ada.example",
        "product_version": "2.1",
        "details": HOSTILE,
        "no_screenshots": "yes",
        "other_extensions": "WooCommerce\nAkismet\n",
    }
    assert account.ask("ask", order, **said).status_code == 200
    assert account.ask("ask", order, **said).status_code == 200  # sent twice
    with account.edges.database.read() as transaction:
        (request,) = requests.list_requests(transaction, order.id)
        (case,) = cases.list_cases(transaction, order.id)
    assert (request.channel, request.from_account_address, request.case_id) == (
        "portal",
        True,
        case.id,
    )
    assert case.facts.missing == ()
    assert (case.report.site_url, case.report.product_version) == ("ada.example", "2.1")
    assert case.report.other_extensions == ("WooCommerce", "Akismet")
    page = account.see(order)
    assert (page["asked"]["state"], page["ask"]) == ("asked", None)
    assert page["asked"]["may_withdraw"]


@on_one_database
def test_a_product_that_was_not_bought_is_refused_before_anything_is_taken_down(
    account: Account, order: Order
) -> None:
    answer = account.ask(
        "ask", order, request_key=KEY, reason="malfunction", product="another-product"
    )
    assert refused(answer) == (422, "product_not_of_order")
    with account.edges.database.read() as transaction:
        assert requests.list_requests(transaction, order.id) == []


@on_one_database
@pytest.mark.parametrize(
    "said",
    [
        {"reason": "malfunction"},
        {"request_key": KEY, "reason": "because"},
        {"request_key": KEY.upper(), "reason": "malfunction"},
        {"request_key": KEY, "reason": "malfunction", "details": "\0"},
        {"request_key": KEY, "reason": "malfunction", "details": "x" * (MOST_WORDS + 1)},
        {"request_key": KEY, "reason": "malfunction", "customer": {"id": "7"}},
        {"request_key": KEY, "reason": "malfunction", "customer": {"id": 0}},
        {"request_key": KEY, "reason": "malfunction", "language": "es"},
        {"request_key": KEY, "reason": "malfunction", "order": 2**63},
        {"request_key": KEY, "reason": "malfunction", "details": "half \ud83d"},
    ],
)
def test_what_is_wrongly_asked_is_refused_and_nothing_is_taken_down(
    account: Account, order: Order, said: dict[str, Any]
) -> None:
    assert account.ask("ask", order, **said).status_code == 422
    with account.edges.database.read() as transaction:
        assert requests.list_requests(transaction, order.id) == []


def test_a_case_is_completed_read_and_answered(account: Account, order: Order) -> None:
    account.ask("ask", order, request_key=KEY, reason="malfunction", details="It breaks.")
    assert "product_version" in account.see(order)["missing"]
    assert account.ask("report", order, product_version="2.1").status_code == 200
    assert "product_version" not in account.see(order)["missing"]
    with account.edges.database.read() as transaction:
        (case,) = cases.list_cases(transaction, order.id)
    case_turns.say(
        account.edges, case.id, Saying(TurnKind.QUESTION, f"Which theme? {HOSTILE}"), by="staff:1"
    )
    messages = account.see(order)["messages"]
    assert messages["said"][0] == {
        "by_customer": False,
        "at": "2 March 2026, 11:00",
        "words": f"Which theme? {HOSTILE}",
    }
    early = account.ask("reply", order, words="Storefront", last_turn=0)
    assert refused(early) == (409, "case_moved_on")
    said = {"words": "Storefront", "last_turn": messages["last_turn"]}
    assert account.ask("reply", order, **said).status_code == 200
    last = account.see(order)["messages"]["said"][-1]
    assert (last["by_customer"], last["words"]) == (True, "Storefront")


def test_an_offer_is_accepted_where_it_is_shown(
    account: Account, order: Order, clock: TestClock
) -> None:
    case = cases_of.open_case(
        account.edges,
        Intake(order.id, "other", category="customization", report=Report(details="A form.")),
        by="staff:1",
    )
    offered = work_quotes.offer_quote(
        account.edges,
        case.id,
        work="A new form.",
        amount="80.00",
        currency="EUR",
        valid_until=clock() + timedelta(days=7),
        by="staff:1",
    )
    (offer,) = account.see(order)["messages"]["offers"]
    assert (offer["id"], offer["accept"]) == (offered.id, "Accept, for €80.00")
    bobs = asking.buy(
        account.edges, account.store_id, PORTAL, woo_order_id=1002, email="ada@example.com"
    )
    other = account.ask("answer-offer", bobs, offer=offered.id, answer="accept")
    assert refused(other) == (404, "no_such_quote")
    for _ in range(2):
        answer = account.ask("answer-offer", order, offer=offered.id, answer="accept")
        assert answer.status_code == 200
    (offer,) = account.see(order)["messages"]["offers"]
    assert (offer["says"], "accept" in offer) == ("You accepted this on 2 March 2026.", False)


def listed(account: Account, order: Order) -> dict[str, Any]:
    said = {"customer": ADA, "orders": [order.woo_order_id]}
    (one,) = account.call("orders", said).get_json()["orders"]
    return dict(one)


@on_one_database
def test_of_an_order_that_was_asked_about_the_list_says_how_that_is_going_alone(
    account: Account, order: Order
) -> None:
    assert listed(account, order)["amount"] == "€199.00"
    account.ask("ask", order, request_key=KEY, reason="change_of_mind")
    asking.judge(account.edges, 1)
    told = listed(account, order)
    assert (told["state"], told["amount"], told["says"]) == ("It is refused.", None, None)
    again = account.ask("ask", order, request_key="f" * 32, reason="malfunction")
    assert again.status_code == 200
    account.ask("take-back", order)
    told = listed(account, order)
    assert told["state"] == "You withdrew it."
    assert told["says"].startswith("As things are, nothing")  # by the reason of the case there is


def test_the_gate_is_gone_through_in_the_store(account: Account, order: Order) -> None:
    asking.report(account.edges, order)
    licensing.activate(account.edges, asking.key_of(account.edges, order), "https://ada.example")
    account.ask("ask", order, request_key=KEY, reason="malfunction")
    with account.edges.database.read() as transaction:
        (request,) = requests.list_requests(transaction, order.id)
    asking.judge(account.edges, request.id)
    page = account.see(order)
    assert page["asked"]["state"] == "awaiting"
    assert any("ada.example" in one for one in page["asked"]["answer"]["awaits"])
    (site,) = page["licenses"][0]["sites"]
    assert account.ask("say-lost", order, site=site["id"]).status_code == 200
    assert account.see(order)["licenses"][0]["sites"][0]["lost"]
    assert account.ask("switch-off", order, site=site["id"]).status_code == 200
    assert refused(account.ask("statement", order, destroyed=False)) == (422, "statement_not_made")
    assert account.ask("statement", order, destroyed=True).status_code == 200
    asking.judge(account.edges, request.id)
    page = account.see(order)
    assert page["licenses"][0]["sites"] == []
    assert page["statement"]["made"]
    assert page["money"] == ["€199.00 is granted and will be sent shortly."]


def test_a_request_is_taken_back(account: Account, order: Order) -> None:
    account.ask("ask", order, request_key=KEY, reason="malfunction")
    assert account.ask("take-back", order).status_code == 200
    page = account.see(order)
    assert (page["asked"]["state"], page["asked"]["may_withdraw"]) == ("withdrawn", False)
    assert page["ask"]
    assert refused(account.ask("take-back", order)) == (404, "no_such_request")


# -- withdrawing ---------------------------------------------------------------------------------


@pytest.fixture
def european(app: Flask, edges: Edges) -> Account:
    """A store whose policy has the right of withdrawal above its own terms."""
    template = REPOSITORY / "server/refunddesk/policies/templates/eu-withdrawal.toml"
    folder = edges.home / "policies"
    folder.mkdir(parents=True)
    (folder / "eu-withdrawal.toml").write_text(template.read_text("utf-8"), "utf-8")
    return joined(app, edges, policy="eu-withdrawal")


def buys(account: Account) -> Order:
    return asking.buy(account.edges, account.store_id, PORTAL, account=7)


def say_of_buyer(account: Account, order: Order, **facts: Any) -> None:
    with account.edges.database.write() as transaction:
        transaction.execute(
            update(tables.customers)
            .where(tables.customers.c.id == order.customer_id)
            .values(**facts)
        )


def receipts(account: Account, request_id: int) -> list[notices.Notice]:
    with account.edges.database.read() as transaction:
        found = notices.list_notices(transaction, f"request:{request_id}")
    return [one for one in found if one.kind == "withdrawal_received"]


#: The 14th day after the payment of 2 March is a Monday; it ends at midnight in Berlin.
LAST = datetime(2026, 3, 16, 22, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("late", "status"), [(timedelta(0), 200), (timedelta(seconds=1), 409)], ids=["last", "over"]
)
def test_a_consumer_withdraws_without_a_reason_until_the_end_of_the_14th_day(
    european: Account, clock: TestClock, late: timedelta, status: int
) -> None:
    order = buys(european)
    assert "withdraw without a reason" in listed(european, order)["says"]
    assert "16 March 2026" in european.see(order)["withdrawal"]["says"]
    clock.at = LAST + late
    assert (european.see(order)["withdrawal"] is not None) == (status == 200)
    answer = european.ask("declare-withdrawal", order, request_key=KEY)
    assert answer.status_code == status
    assert len(receipts(european, 1)) == (status == 200)


@on_one_database
def test_a_declaration_is_receipted_once_with_its_time_and_what_it_is_about(
    european: Account, clock: TestClock
) -> None:
    order = buys(european)
    say_of_buyer(european, order, is_consumer=True)
    clock.move(days=3, minutes=7)
    for _ in range(2):
        assert european.ask("declare-withdrawal", order, request_key=KEY).status_code == 200
        asking.judge(european.edges, 1)
        clock.move(days=20)  # sent again long after it was granted: still the one declaration
    (receipt,) = receipts(european, 1)
    assert receipt.facts["declared_at"] == "2026-03-05T10:07:00+00:00"
    assert receipt.facts["items"] == ["Crm-Portal"]
    assert (receipt.recipient, receipt.language) == ("ada@example.com", "de")


@on_one_database
@pytest.mark.parametrize(
    ("is_consumer", "state"), [(True, "granted"), (None, "in_review")], ids=["known", "not known"]
)
def test_a_known_consumer_gets_the_money_and_any_other_declaration_is_seen_by_a_person(
    european: Account, is_consumer: bool | None, state: str
) -> None:
    order = buys(european)
    say_of_buyer(european, order, is_consumer=is_consumer)
    european.ask("declare-withdrawal", order, request_key=KEY)
    asking.judge(european.edges, 1)
    assert european.see(order)["asked"]["state"] == state


@on_one_database
@pytest.mark.parametrize(
    ("buyer", "offered"),
    [
        pytest.param({"country": "FR"}, True, id="from France"),
        pytest.param({"country": "CH"}, False, id="from Switzerland"),
        pytest.param({"country": None}, False, id="from nowhere known"),
        pytest.param({"country": "FR", "is_consumer": False}, False, id="a business"),
    ],
)
def test_who_may_withdraw(european: Account, buyer: dict[str, Any], offered: bool) -> None:
    order = buys(european)
    say_of_buyer(european, order, **buyer)
    assert (european.see(order)["withdrawal"] is not None) == offered
    answer = european.ask("declare-withdrawal", order, request_key=KEY)
    assert answer.status_code == (200 if offered else 409)


@on_one_database
def test_a_policy_without_the_clause_offers_no_withdrawal(account: Account, order: Order) -> None:
    assert account.see(order)["withdrawal"] is None
    answer = account.ask("declare-withdrawal", order, request_key=KEY)
    assert refused(answer) == (409, "no_right_to_withdraw")
    assert "ask for a refund" in answer.get_json()["message"]


@on_one_database
@pytest.mark.parametrize(
    ("whose", "offered"), [("account", False), ("european", True)], ids=["without", "with"]
)
def test_the_store_is_told_where_its_policy_stands_and_whether_one_may_withdraw(
    request: pytest.FixtureRequest, settings: Settings, whose: str, offered: bool
) -> None:
    store: Account = request.getfixturevalue(whose)
    told = store.call("about", {}).get_json()
    assert told["withdrawal"] == offered
    for page in (told["policy_page"], told["link_page"]):
        path = page.removeprefix(settings.public_url)
        assert store.app.test_client().get(path).status_code == 200


@on_one_database
def test_who_bought_as_a_guest_withdraws_on_the_page_of_a_link(european: Account) -> None:
    order = asking.buy(european.edges, european.store_id, PORTAL)
    guest = Customer(european.app.test_client(), european.edges, order)
    guest.enter()
    assert "Withdraw from contract here" in guest.see()
    assert "withdraw from the contract of order 1001" in guest.page("/my/withdrawal")
    assert guest.client.get("/my/withdrawal").status_code == 200
    assert receipts(european, 1) == []  # the first step declares nothing
    assert guest.post("/my/withdrawal", seen="/my/withdrawal").status_code == 303
    assert len(receipts(european, 1)) == 1
    assert "Withdraw from contract here" not in guest.see()
    assert guest.client.get("/my/withdrawal").status_code == 303
    assert guest.post("/my/withdrawal", request_key=KEY).status_code == 409
    assert len(receipts(european, 1)) == 1


@on_one_database
def test_a_link_for_the_licences_alone_withdraws_from_nothing(european: Account) -> None:
    order = asking.buy(european.edges, european.store_id, PORTAL)
    guest = Customer(european.app.test_client(), european.edges, order)
    guest.enter(Purpose.LICENSES)
    assert guest.client.get("/my/withdrawal").status_code == 403
    assert "Withdraw from contract here" not in guest.see()
    assert guest.post("/my/withdrawal", request_key=KEY).status_code == 403
