"""Each renewal is announced once and in time, and receipted once, whatever happens around it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from refunddesk.db import notices, renewals, subscriptions
from refunddesk.db.orders import Order
from refunddesk.db.subscriptions import Subscription
from refunddesk.money import Money
from refunddesk.services import renewals as announcing
from refunddesk.services import store_rules, stores
from refunddesk.services.claims import build_claim
from refunddesk.services.subscriptions import record_subscription
from refunddesk.worktime import zone
from tests.asking import at_once
from tests.selling import Shop
from tests.services.posting import Mailbox, with_mail

BERLIN = zone("Europe/Berlin")
ADA = {"email": "ada@example.com", "country": "GB", "first_name": "Ada"}


class Plan:
    """One subscription at a shop whose desk sends mail."""

    def __init__(self, shop: Shop, sku: str, **billing: str) -> None:
        self.shop, self.box = with_mail(shop)
        stores.add_item_rule(
            shop.edges, shop.store_id, field="sku", value="SUB-*", item_kind="product"
        )
        bought = shop.sandbox.add_subscription(sku, billing={**ADA, **billing})
        self.woo_id = int(bought["id"])
        self.first = shop.record(int(bought["parent_id"]))
        self.settle()

    def settle(self) -> None:
        """Let the store's change reach the desk, and the desk keep its promises."""
        self.shop.clock.move(seconds=11)
        record_subscription(self.shop.edges, self.shop.store_id, self.woo_id)
        self.look()

    def look(self) -> None:
        announcing.promise_reminders(self.shop.edges)
        self.shop.work()

    def ours(self) -> Subscription:
        with self.shop.edges.database.read() as transaction:
            found = subscriptions.find_subscription(transaction, self.shop.store_id, self.woo_id)
        assert found
        return found

    def due_at(self) -> datetime:
        due_at = self.ours().next_payment_at
        assert due_at
        return due_at

    def go_to(self, at: datetime) -> None:
        self.shop.clock.at = at
        self.look()

    def renew(self) -> Order:
        """The store takes the next payment now."""
        order = self.shop.sandbox.add_renewal(self.woo_id)
        recorded = self.shop.record(int(order["id"]))
        self.settle()
        return recorded

    def change(self, **told: Any) -> None:
        """Have the store say so of the subscription from now on."""
        self.shop.clock.move(seconds=1)
        body = self.shop.sandbox.documents.find("subscription", self.woo_id)
        assert body
        at = f"{self.shop.clock():%Y-%m-%dT%H:%M:%S}"
        changed = {**body, **told, "date_modified_gmt": at}
        self.shop.sandbox.documents.put(
            "subscription", self.woo_id, changed, int(body["parent_id"])
        )
        self.settle()

    def days(self) -> list[date]:
        with self.shop.edges.database.read() as transaction:
            found = renewals.list_renewals(transaction, self.ours().id)
        return [one.due_on for one in found]

    def told(self, order: Order) -> list[tuple[str, datetime]]:
        with self.shop.edges.database.read() as transaction:
            claim = build_claim(transaction, None, order, self.shop.clock(), lock=False)
        return [(one.kind, one.sent_at) for one in claim.notices or ()]


def reminders(box: Mailbox) -> list[str]:
    return [one for one in box.subjects() if "renews on" in one]


def receipts(box: Mailbox) -> list[str]:
    return [one for one in box.subjects() if "Receipt" in one]


def test_the_reminder_says_what_is_charged_when_and_to_which_card(shop: Shop) -> None:
    plan = Plan(shop, "SUB-Y")
    meta = [{"id": 1, "key": "last4", "value": "4242"}]
    plan.change(payment_method_title="Visa", meta_data=meta)
    plan.go_to(plan.due_at() - timedelta(days=13))
    assert reminders(plan.box) == ["Your subscription renews on 2 March 2027: €79.99"]
    text = plan.box.text()
    assert "- Pro licence, yearly" in text
    assert "€79.99 will be charged to: Visa •••• 4242." in text
    assert re.search(r"https://desk\.test/my/enter/\S+\?to=renewal", text)


def test_it_is_written_at_nine_on_its_day_and_not_a_second_before(shop: Shop) -> None:
    plan = Plan(shop, "SUB-Y")
    nine = datetime(2027, 2, 16, 9, tzinfo=BERLIN).astimezone(UTC)
    plan.go_to(nine - timedelta(seconds=1))
    assert plan.box.got == []
    plan.go_to(nine)
    assert len(reminders(plan.box)) == 1


def test_a_french_year_is_announced_within_the_months_that_its_law_wants(shop: Shop) -> None:
    plan = Plan(shop, "SUB-Y", country="FR")
    plan.go_to(plan.due_at() - timedelta(days=44))
    assert len(plan.box.got) == 1


def test_an_owner_s_own_lead_time_goes_before_the_table(shop: Shop) -> None:
    store_rules.set_lead(shop.edges, shop.store_id, "yearly", 60, by="owner@example.test")
    plan = Plan(shop, "SUB-Y")
    plan.go_to(plan.due_at() - timedelta(days=59))
    assert len(reminders(plan.box)) == 1


def test_many_looks_at_once_write_one_reminder(shop: Shop) -> None:
    plan = Plan(shop, "SUB-Y")
    shop.clock.at = plan.due_at() - timedelta(days=10)
    subscription_id = plan.ours().id
    answers = at_once(4, lambda _: announcing.remind(plan.shop.edges, subscription_id))
    assert answers == [None] * 4
    plan.look()
    plan.look()
    assert len(reminders(plan.box)) == 1


@pytest.mark.parametrize("status", ["on-hold", "cancelled", "pending-cancel", "expired"])
def test_what_will_not_be_charged_is_not_announced(shop: Shop, status: str) -> None:
    plan = Plan(shop, "SUB-Y")
    due_at = plan.due_at()
    plan.change(status=status)
    plan.go_to(due_at - timedelta(days=3))
    assert plan.box.got == []


def test_a_subscription_paused_without_a_word_to_us_is_not_announced_either(shop: Shop) -> None:
    plan = Plan(shop, "SUB-Y")
    body = shop.sandbox.documents.find("subscription", plan.woo_id)
    assert body
    later = {**body, "status": "on-hold", "date_modified_gmt": "2026-12-01T00:00:00"}
    shop.sandbox.documents.put("subscription", plan.woo_id, later, int(body["parent_id"]))
    plan.go_to(plan.due_at() - timedelta(days=3))
    assert plan.box.got == []


def test_one_that_goes_on_after_a_pause_is_announced_at_once_if_it_is_late(shop: Shop) -> None:
    plan = Plan(shop, "SUB-Y")
    due_at = plan.due_at()
    plan.change(status="on-hold")
    plan.go_to(due_at - timedelta(days=3))
    plan.change(status="active")
    assert len(reminders(plan.box)) == 1


def test_a_renewal_put_off_to_another_day_is_announced_for_that_day_too(shop: Shop) -> None:
    plan = Plan(shop, "SUB-Y")
    due_at = plan.due_at()
    plan.go_to(due_at - timedelta(days=13))
    later = due_at + timedelta(days=30)
    plan.change(next_payment_date_gmt=f"{later:%Y-%m-%dT%H:%M:%S}")
    assert len(reminders(plan.box)) == 1
    plan.go_to(later - timedelta(days=13))
    assert len(reminders(plan.box)) == 2
    assert plan.days() == [due_at.date(), later.date()]


def test_another_hour_of_the_same_day_is_no_news(shop: Shop) -> None:
    plan = Plan(shop, "SUB-Y")
    due_at = plan.due_at()
    plan.go_to(due_at - timedelta(days=13))
    later = due_at + timedelta(hours=1)
    plan.change(next_payment_date_gmt=f"{later:%Y-%m-%dT%H:%M:%S}")
    assert len(plan.box.got) == 1


@pytest.mark.parametrize(("country", "told"), [("US", 2), ("GB", 1)])
def test_a_changed_price_is_announced_again_only_where_the_table_says_so(
    shop: Shop, country: str, told: int
) -> None:
    plan = Plan(shop, "SUB-Y", country=country)
    plan.go_to(plan.due_at() - timedelta(days=10))
    assert len(plan.box.got) == 1
    plan.change(total="120.00")
    plan.look()
    assert len(plan.box.got) == told
    assert ("120.00" in plan.box.subjects()[-1]) == (told == 2)


def test_without_an_address_nobody_is_told_and_the_decision_shows_it(shop: Shop) -> None:
    plan = Plan(shop, "SUB-M", email="")
    plan.go_to(plan.due_at() - timedelta(days=1))
    plan.go_to(plan.due_at())
    order = plan.renew()
    assert plan.box.got == []
    assert plan.told(order) == []


def test_the_receipt_says_what_was_taken_what_comes_next_and_how_to_take_it_back(
    shop: Shop,
) -> None:
    plan = Plan(shop, "SUB-Y")
    plan.go_to(plan.due_at())
    plan.renew()
    assert receipts(plan.box) == [
        f"Receipt: €79.99 for the renewal, order {shop.sandbox.documents.list('order')[-1]['id']}"
    ]
    text = plan.box.text()
    assert "was renewed on 2 March 2027. €79.99 was taken" in text
    assert "The next renewal is on 2 March 2028, for €79.99." in text
    # 2 March 2027 is a Tuesday: its fifth business day is the Tuesday after.
    assert "Tuesday, 9 March 2027, 23:59 (Europe/Berlin)" in text
    assert re.search(r"https://desk\.test/my/enter/\S+\?to=renewal", text)


def test_a_receipt_waits_until_the_store_names_the_next_date(shop: Shop) -> None:
    plan = Plan(shop, "SUB-M")
    due_at = plan.due_at()
    plan.go_to(due_at)
    order = shop.sandbox.add_renewal(plan.woo_id)
    body = shop.sandbox.documents.find("subscription", plan.woo_id)
    assert body
    old = {**body, "next_payment_date_gmt": f"{due_at:%Y-%m-%dT%H:%M:%S}"}
    shop.sandbox.documents.put("subscription", plan.woo_id, old, int(body["parent_id"]))
    shop.record(int(order["id"]))
    plan.shop.work()
    assert receipts(plan.box) == []
    shop.sandbox.documents.put("subscription", plan.woo_id, body, int(body["parent_id"]))
    shop.clock.move(seconds=61)
    plan.shop.work()
    assert "The next renewal is on 2 May 2026" in plan.box.text()


def test_an_order_of_long_ago_is_not_receipted_when_its_store_joins(shop: Shop) -> None:
    plan = Plan(shop, "SUB-M")
    plan.go_to(plan.due_at())
    order = shop.sandbox.add_renewal(plan.woo_id)
    shop.clock.move(days=14, seconds=1)
    shop.record(int(order["id"]))
    plan.settle()
    assert receipts(plan.box) == []


def test_reminder_and_receipt_are_facts_of_the_renewal_s_decisions(shop: Shop) -> None:
    plan = Plan(shop, "SUB-M")
    told_at = plan.due_at() - timedelta(days=1)
    plan.go_to(told_at)
    plan.go_to(plan.due_at())
    order = plan.renew()
    assert [kind for kind, _ in plan.told(order)] == ["renewal_reminder", "renewal_receipt"]
    assert plan.told(order)[0][1] == told_at
    assert plan.told(plan.first) == [], "of a first purchase there is nothing to tell"


def test_what_the_mail_server_refused_was_not_told(shop: Shop) -> None:
    plan = Plan(shop, "SUB-M")
    plan.shop = shop  # no mail server is set
    plan.go_to(plan.due_at() - timedelta(days=1))
    plan.go_to(plan.due_at())
    assert plan.told(plan.renew()) == []


def test_a_payment_that_came_a_week_late_belongs_to_the_renewal_that_was_announced(
    shop: Shop,
) -> None:
    plan = Plan(shop, "SUB-M")
    plan.go_to(plan.due_at() - timedelta(days=1))
    plan.go_to(plan.due_at() + timedelta(days=7))
    order = plan.renew()
    assert plan.days() == [date(2026, 4, 2)]
    assert [kind for kind, _ in plan.told(order)] == ["renewal_reminder", "renewal_receipt"]


def test_a_reminder_of_a_date_that_passed_is_no_proof_for_a_later_one(shop: Shop) -> None:
    plan = Plan(shop, "SUB-M")
    due_at = plan.due_at()
    plan.go_to(due_at - timedelta(days=1))
    later = due_at + timedelta(days=20)
    plan.change(next_payment_date_gmt=f"{later:%Y-%m-%dT%H:%M:%S}")
    plan.go_to(later - timedelta(days=1))
    plan.go_to(later)
    assert len(plan.told(plan.renew())) == 2
    plan.shop = shop  # from here on no mail is sent
    plan.go_to(plan.due_at())
    assert plan.told(plan.renew()) == []


# ---------------------------------------------------------------- a year


@pytest.mark.parametrize(
    ("begin", "renewals_on"),
    [
        pytest.param(
            datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
            ["2027-11-30", "2027-12-30", "2028-01-30", "2028-02-29", "2028-03-29", "2028-04-29"],
            id="monthly from the hour that comes twice, over the leap day and the spring hour",
        ),
        pytest.param(
            datetime(2027, 1, 31, 22, 59, tzinfo=UTC),
            ["2027-02-28", "2027-03-29", "2027-04-29", "2027-05-29", "2027-06-29", "2027-07-29"],
            id="monthly from the last minute of 31 January in the store",
        ),
    ],
)
def test_a_year_of_months_brings_one_reminder_and_one_receipt_for_each(
    shop: Shop, begin: datetime, renewals_on: list[str]
) -> None:
    shop.clock.at = begin
    plan = Plan(shop, "SUB-M")
    expected = []
    for on in renewals_on:
        due_at = plan.due_at()
        expected.append(due_at.astimezone(BERLIN).date())
        assert due_at.date().isoformat()[:7] == on[:7]
        for days in (7, 3, 2.5, 1):
            plan.go_to(due_at - timedelta(days=days) + timedelta(minutes=7))
        plan.go_to(due_at)
        order = plan.renew()
        assert [kind for kind, _ in plan.told(order)] == ["renewal_reminder", "renewal_receipt"]
        sent_at = plan.told(order)[0][1]
        assert timedelta(days=2) <= due_at - sent_at <= timedelta(days=4)
    assert plan.days() == expected
    assert len(set(reminders(plan.box))) == len(renewals_on) == len(receipts(plan.box))
    assert all("€9.99" in subject for subject in plan.box.subjects())


def test_four_years_from_a_leap_day_are_each_announced_and_receipted_once(shop: Shop) -> None:
    shop.clock.at = datetime(2028, 2, 29, 12, tzinfo=UTC)
    plan = Plan(shop, "SUB-Y")
    for year in (2029, 2030, 2031, 2032):
        due_at = plan.due_at()
        assert due_at.year == year
        for days in (20, 13, 5):
            plan.go_to(due_at - timedelta(days=days))
        plan.go_to(due_at)
        order = plan.renew()
        assert [kind for kind, _ in plan.told(order)] == ["renewal_reminder", "renewal_receipt"]
    assert len(reminders(plan.box)) == len(receipts(plan.box)) == 4
    assert plan.ours().total == Money.parse("79.99", "EUR")


def test_notices_of_a_renewal_are_all_kept(shop: Shop) -> None:
    plan = Plan(shop, "SUB-M")
    plan.go_to(plan.due_at() - timedelta(days=1))
    with shop.edges.database.read() as transaction:
        (told,) = notices.list_notices(transaction, "renewal:1")
    assert told.recipient == "ada@example.com"
