"""Policies ask for facts: each comes from the store, from the desk, or from who records it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from refunddesk.db import attachments, decisions, orders, subscriptions
from refunddesk.db.orders import Order
from refunddesk.policy import claim as facts
from refunddesk.policy.claim import Claim, ClaimNotValid
from refunddesk.services import customers, item_deliveries, recorded_facts
from refunddesk.services.claims import build_claim
from refunddesk.services.customers import CustomerChange
from refunddesk.services.edges import Edges
from refunddesk.services.instants import InstantInFuture
from refunddesk.services.recorded_facts import AmountNotOfOrder, FactNotOfOrder
from refunddesk.services.requests import NoSuchOrder
from refunddesk.woocommerce.payloads import read_order
from tests.asking import PORTAL, ask, buy, report, work
from tests.building import add_store, eur
from tests.conftest import TestClock

BODY: dict[str, Any] = {
    "id": 1001, "status": "completed", "currency": "EUR", "total": "199.00", "total_tax": "0.00",
    "date_paid_gmt": "2026-03-02T10:00:00", "date_completed_gmt": "2026-03-02T10:00:05",
    "line_items": [{"id": 11, "name": "Portal", "product_id": 5, "quantity": 1,
                    "total": "199.00", "total_tax": "0.00", "taxes": []}],
    "coupon_lines": [{"id": 3, "code": "spring-sale", "discount": "10.00"},
                     {"id": 4, "code": "second", "discount": "1.00"}],
}  # fmt: skip


def seen(edges: Edges, order: Order) -> Claim:
    with edges.database.read() as transaction:
        now = edges.clock()
        order = orders.get_order(transaction, order.id)
        return build_claim(transaction, None, order, now, lock=False)


def meta(**entries: object) -> dict[str, Any]:
    return BODY | {"meta_data": [{"key": key, "value": value} for key, value in entries.items()]}


@pytest.mark.parametrize(
    ("entries", "fee"),
    [
        pytest.param({"_stripe_fee": "5.97", "_stripe_currency": "EUR"}, "5.97", id="Stripe"),
        pytest.param({"_stripe_fee": "5.97"}, "5.97", id="Stripe without a currency"),
        pytest.param({"Stripe Fee": "0.88"}, "0.88", id="Stripe long ago"),
        pytest.param({"_wcpay_transaction_fee": "6.1"}, "6.10", id="WooPayments"),
        pytest.param({"_paypal_transaction_fee": 7}, "7.00", id="PayPal"),
        pytest.param({"PayPal Transaction Fee": "7.119"}, "7.11", id="a fraction is dropped"),
        pytest.param(
            {"_ppcp_paypal_fees": {"paypal_fee": {"currency_code": "EUR", "value": "4.02"}}},
            "4.02", id="PayPal Payments",
        ),
        pytest.param({"_stripe_fee": "5.97", "_stripe_currency": "INR"}, None,
                     id="taken in another currency"),
        pytest.param({"_stripe_fee": "a lot"}, None, id="no amount"),
        pytest.param({"_stripe_fee": "-1.00"}, None, id="below zero"),
        pytest.param({"_ppcp_paypal_fees": []}, None, id="an empty breakdown"),
        pytest.param({}, None, id="nothing told"),
    ],
)  # fmt: skip
def test_the_fee_of_the_payment_service_is_read_from_the_order(
    entries: dict[str, object], fee: str | None
) -> None:
    read = read_order(meta(**entries), timezone=UTC, decimals=2)
    assert (str(read.gateway_fee) if read.gateway_fee else None) == fee


def test_the_first_coupon_and_the_day_of_completion_are_read_from_the_order() -> None:
    read = read_order(BODY, timezone=UTC, decimals=2)
    assert read.coupons == ("spring-sale", "second")
    assert read.completed_at == datetime(2026, 3, 2, 10, 0, 5, tzinfo=UTC)


def test_a_claim_has_what_the_store_says_of_fee_coupon_and_delivery(edges: Edges) -> None:
    done = edges.clock()
    told = {"gateway_fee": eur("5.97"), "promotion": "spring-sale", "completed_at": done}
    order = seen(edges, buy(edges, add_store(edges), **told)).order
    assert (order.gateway_fee, order.promotion, order.delivered_at) == (
        eur("5.97"), "spring-sale", done,
    )  # fmt: skip
    plain = seen(edges, buy(edges, 1, woo_order_id=1002)).order
    assert (plain.gateway_fee, plain.promotion, plain.delivered_at) == (None, None, None)


@pytest.mark.parametrize(
    ("kind", "relation"), [("renewal", "renewal_of"), ("upgrade", "upgrade_of")]
)
def test_a_renewal_and_an_upgrade_name_the_purchase_they_follow(
    edges: Edges, clock: TestClock, kind: str, relation: str
) -> None:
    store_id = add_store(edges)
    subscription = _subscribe(edges, store_id)
    first = buy(edges, store_id, subscription_id=subscription, billing="yearly")
    clock.move(hours=1)
    later = buy(
        edges, store_id, woo_order_id=1002, subscription_id=subscription, billing="yearly",
        kind=kind,
    )  # fmt: skip
    linked = seen(edges, later).order.linked_order
    assert linked
    assert first.paid_at
    assert (linked.id, linked.relation, linked.paid_at) == ("1001", relation, first.paid_at)
    assert seen(edges, first).order.linked_order is None


def _subscribe(edges: Edges, store_id: int) -> int:
    told = subscriptions.SubscriptionFacts(
        status="active", billing="yearly", billing_period="year", billing_interval=1,
        woo_parent_id=None, total=eur("199.00"), started_at=edges.clock(),
        trial_ends_at=edges.clock() + timedelta(days=14), next_payment_at=None, cancelled_at=None,
        ended_at=None, modified_at=None,
    )  # fmt: skip
    with edges.database.write() as transaction:
        return subscriptions.record_subscription(
            transaction, store_id, 77, told, read_at=edges.clock()
        ).id


def test_proof_is_given_once_a_file_is_with_the_case(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    case_id = report(edges, order).id
    before = seen(edges, order).case
    assert before
    assert before.proof_given is False
    with edges.database.write() as transaction:
        attachments.record_attachment(
            transaction, case_id, name="fault.png", media_type="image/png", size=9, sha=b"s",
            kept_as="k", added_by="customer", now=edges.clock(),
        )  # fmt: skip
    after = seen(edges, order).case
    assert after
    assert after.proof_given is True


def test_work_that_was_handed_over_was_begun(edges: Edges) -> None:
    work_made = replace(PORTAL, item_kind="customization", sites=0)
    order = buy(edges, add_store(edges), work_made, replace(work_made, product="other-work"))
    item_deliveries.record_delivery(edges, order.id, 11, delivered_at=None, by="staff:1")
    assert [item.begun for item in seen(edges, order).order.items] == [True, None]


def test_breaches_are_those_on_record_under_any_address_of_the_customer(edges: Edges) -> None:
    store_id = add_store(edges)
    order = buy(edges, store_id, email="ada@example.com")
    alias = buy(edges, store_id, woo_order_id=1002, email="ada+second@example.com")
    assert seen(edges, order).customer.breaches == ()
    assert alias.customer_id
    said = CustomerChange(breaches=("terms", "abuse", "terms"))
    customers.change_customer(edges, alias.customer_id, said, by="staff:1")
    assert seen(edges, order).customer.breaches == ("abuse", "terms")
    customers.change_customer(edges, alias.customer_id, CustomerChange(breaches=()), by="staff:1")
    assert seen(edges, order).customer.breaches == ()


def test_what_a_person_records_goes_before_what_the_store_says(edges: Edges) -> None:
    order = buy(edges, add_store(edges), gateway_fee=eur("5.97"))
    report(edges, order)
    at = edges.clock() - timedelta(hours=2)
    kept = recorded_facts.record_facts(
        edges, order.id,
        {
            "delivered_at": at, "list_price": "19.00", "gateway_fee": "6.00", "promotion": "gift",
            "linked_order": {"id": "900", "relation": "bundle_of", "paid_at": at},
            "downloads": 0, "uses": 40, "uninstalled": False, "proof_given": True,
            "begun": [{"item": 11, "begun": False}],
        },
        by="staff:1",
    )  # fmt: skip
    assert len(kept) == 10
    claim = seen(edges, order)
    assert (claim.order.delivered_at, claim.order.promotion) == (at, "gift")
    assert (claim.order.list_price, claim.order.gateway_fee) == (eur("19.00"), eur("6.00"))
    bundle = facts.LinkedOrder(id="900", relation="bundle_of", paid_at=at)
    assert claim.order.linked_order == bundle
    assert claim.order.items[0].begun is False
    assert claim.license
    assert claim.case
    assert (claim.license.downloads, claim.license.uses) == (0, 40)
    assert claim.license.uninstalled is False
    assert claim.case.proof_given is True


def test_null_forgets_what_was_recorded_and_what_is_not_named_stays(edges: Edges) -> None:
    order = buy(edges, add_store(edges), promotion="spring-sale")
    recorded_facts.record_facts(edges, order.id, {"promotion": "gift", "uses": 3}, by="staff:1")
    recorded_facts.record_facts(edges, order.id, {"promotion": None}, by="staff:1")
    claim = seen(edges, order)
    assert claim.order.promotion == "spring-sale"
    assert claim.license
    assert claim.license.uses == 3
    assert [one.name for one in recorded_facts.show_facts(edges, order.id)] == ["uses"]


def test_a_recorded_fact_has_the_open_request_judged_anew(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, sites=0))
    request_id = ask(edges, order)
    work(edges)
    recorded_facts.record_facts(edges, order.id, {"promotion": "gift"}, by="staff:1")
    assert work(edges) == 1
    with edges.database.read() as transaction:
        latest = decisions.find_latest(transaction, request_id)
    assert latest
    assert json.loads(latest.claim)["order"]["promotion"] == "gift"


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"begun": [{"item": 99, "begun": True}]}, FactNotOfOrder),
        ({"list_price": "19"}, AmountNotOfOrder),
        ({"gateway_fee": "-1.00"}, AmountNotOfOrder),
        ({"delivered_at": datetime(2036, 1, 1, tzinfo=UTC)}, InstantInFuture),
    ],
)
def test_what_cannot_be_is_not_recorded_and_nothing_beside_it(
    edges: Edges, said: dict[str, Any], refusal: type[Exception]
) -> None:
    order = buy(edges, add_store(edges))
    with pytest.raises(refusal, match="Nothing was"):
        recorded_facts.record_facts(edges, order.id, {"promotion": "gift"} | said, by="staff:1")
    assert recorded_facts.show_facts(edges, order.id) == []


def test_a_count_is_not_taken_of_an_order_without_a_licence(edges: Edges) -> None:
    order = buy(edges, add_store(edges), replace(PORTAL, item_kind="support", sites=0))
    with pytest.raises(FactNotOfOrder, match="bought no licence that downloads could be said of"):
        recorded_facts.record_facts(edges, order.id, {"downloads": 1}, by="staff:1")
    with pytest.raises(NoSuchOrder):
        recorded_facts.record_facts(edges, 999, {"uses": 1}, by="staff:1")
    with pytest.raises(NoSuchOrder):
        recorded_facts.show_facts(edges, 999)


def test_an_amount_recorded_in_other_decimals_leaves_the_claim_to_a_person(edges: Edges) -> None:
    order = buy(edges, add_store(edges))
    recorded_facts.record_facts(edges, order.id, {"list_price": "19.50"}, by="staff:1")
    with edges.database.read() as transaction:
        told = replace(order, total=replace(order.total, decimals=3))
        with pytest.raises(ClaimNotValid, match=r"order.list_price: was recorded as 19.50"):
            recorded_facts.told_of(transaction, told)
