"""What follows a paid refund: licence and subscription end, once, each by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from refunddesk.db import licenses, orders, refunds, steps
from refunddesk.db.orders import Order, OrderFacts
from refunddesk.db.refunds import Refund, State
from refunddesk.db.steps import Step, StepKind, StepState
from refunddesk.sandbox.faults import Mode
from refunddesk.sandbox.refunds import create_refund
from refunddesk.services import stores
from refunddesk.services.payments import pay_refund
from refunddesk.services.refund_outcomes import record_paid
from refunddesk.services.refunds import what_is_left
from refunddesk.services.steps import take_step
from refunddesk.woocommerce.client import StoreCallFailed
from tests import building
from tests.selling import Shop

WHOLE = ("license_ends", "subscription_cancelled")


@pytest.fixture
def shop(shop: Shop) -> Shop:
    """A shop whose licences and subscriptions are licensed for one site each."""
    for sku in ("LIC-*", "SUB-*"):
        stores.add_item_rule(
            shop.edges, shop.store_id, field="sku", value=sku, item_kind="product", product="portal"
        )
    return shop


def _grant(shop: Shop, order: Order, *, net: str | None = None, effects: Any = ()) -> Refund:
    item = shop.items(order)[0]
    shares = {item.woo_item_id: (net or str(item.paid), "0.00")}
    return building.grant(shop.edges, order, shares, effects=effects)


def _steps(shop: Shop, refund: Refund) -> list[Step]:
    with shop.edges.database.read() as transaction:
        return steps.list_steps(transaction, refund.id)


def _kinds(shop: Shop, refund: Refund) -> list[tuple[StepKind, StepState]]:
    return [(step.kind, step.state) for step in _steps(shop, refund)]


def _license_states(shop: Shop, order: Order) -> list[str]:
    with shop.edges.database.read() as transaction:
        held = licenses.list_licenses(transaction, order.id, order.subscription_id)
    return [license.state for license in held]


def _subscribed(shop: Shop) -> tuple[dict[str, Any], Order]:
    shop.clock.move(seconds=1)
    subscription = shop.sandbox.add_subscription("SUB-Y")
    order = shop.record(subscription["parent_id"])
    assert order.subscription_id is not None
    return subscription, order


def _status(shop: Shop, subscription: dict[str, Any]) -> str:
    found = shop.sandbox.documents.find("subscription", subscription["id"])
    assert found
    return str(found["status"])


def test_a_licence_ends_when_its_line_is_given_back_whole(shop: Shop) -> None:
    order = shop.record(shop.sell("LIC-1")["id"])
    refund = _grant(shop, order)
    shop.work()
    assert _kinds(shop, refund) == [(StepKind.END_LICENSE, StepState.DONE)]
    assert _license_states(shop, order) == ["ended"]


def test_a_licence_stays_when_a_part_of_its_price_is_given_back(shop: Shop) -> None:
    order = shop.record(shop.sell("LIC-1")["id"])
    refund = _grant(shop, order, net="98.99")
    shop.work()
    assert _kinds(shop, refund) == []
    assert _license_states(shop, order) == ["active"]


def test_the_cent_that_completes_the_line_ends_the_licence(shop: Shop) -> None:
    order = shop.record(shop.sell("LIC-1")["id"])
    _grant(shop, order, net="98.99")
    shop.work()
    shop.clock.move(seconds=30)
    shop.work()
    refund = _grant(shop, shop.record(order.woo_order_id), net="0.01")
    shop.work()
    assert _kinds(shop, refund) == [(StepKind.END_LICENSE, StepState.DONE)]


def test_a_decision_that_ends_the_licence_ends_it_for_a_part_of_the_price_too(shop: Shop) -> None:
    order = shop.record(shop.sell("LIC-1")["id"])
    refund = _grant(shop, order, net="10.00", effects=["license_ends"])
    shop.work()
    assert _kinds(shop, refund) == [(StepKind.END_LICENSE, StepState.DONE)]


def test_the_full_refund_of_the_last_payment_cancels_the_subscription(shop: Shop) -> None:
    subscription, order = _subscribed(shop)
    refund = _grant(shop, order, effects=WHOLE)
    shop.work()
    assert (StepKind.CANCEL_SUBSCRIPTION, StepState.DONE) in _kinds(shop, refund)
    ended = shop.sandbox.documents.find("subscription", subscription["id"])
    assert ended
    assert ended["status"] == "cancelled"
    # Written as a transition: the next payment is cleared, not only the word changed.
    assert not ended["next_payment_date_gmt"]


def test_the_refund_of_an_earlier_payment_leaves_the_subscription(shop: Shop) -> None:
    subscription, order = _subscribed(shop)
    shop.clock.move(days=365)
    shop.record(shop.sandbox.add_renewal(subscription["id"])["id"])
    refund = _grant(shop, order)
    shop.work()
    assert StepKind.CANCEL_SUBSCRIPTION not in [step.kind for step in _steps(shop, refund)]
    assert _status(shop, subscription) == "active"


def test_the_refund_of_the_latest_renewal_cancels_the_subscription(shop: Shop) -> None:
    subscription, _ = _subscribed(shop)
    shop.clock.move(days=365)
    renewal = shop.record(shop.sandbox.add_renewal(subscription["id"])["id"])
    refund = _grant(shop, renewal, effects=WHOLE)
    shop.work()
    assert (StepKind.CANCEL_SUBSCRIPTION, StepState.DONE) in _kinds(shop, refund)
    assert _status(shop, subscription) == "cancelled"
    # The licence was bought by the first order and kept alive by the renewal.
    assert (StepKind.END_LICENSE, StepState.DONE) in _kinds(shop, refund)


def test_a_subscription_that_ended_already_is_not_written_to(shop: Shop) -> None:
    subscription, order = _subscribed(shop)
    shop.sandbox.documents.put(
        "subscription", subscription["id"], {**subscription, "status": "expired"}
    )
    refund = _grant(shop, order, effects=WHOLE)
    shop.work()
    assert (StepKind.CANCEL_SUBSCRIPTION, StepState.NOT_NEEDED) in _kinds(shop, refund)
    assert _status(shop, subscription) == "expired"


def test_a_subscription_gone_from_the_store_is_left_to_a_person(shop: Shop) -> None:
    subscription, order = _subscribed(shop)
    refund = _grant(shop, order, effects=WHOLE)
    pay_refund(shop.edges, refund.id)
    shop.sandbox.documents.delete("subscription", subscription["id"])
    shop.work()
    assert (StepKind.CANCEL_SUBSCRIPTION, StepState.FAILED) in _kinds(shop, refund)
    (failed,) = [step for step in _steps(shop, refund) if step.state == StepState.FAILED]
    assert failed.because


def test_a_store_that_does_not_answer_leaves_the_step_due(shop: Shop) -> None:
    subscription, order = _subscribed(shop)
    refund = _grant(shop, order, effects=WHOLE)
    pay_refund(shop.edges, refund.id)
    (step,) = [one for one in _steps(shop, refund) if one.kind == StepKind.CANCEL_SUBSCRIPTION]
    shop.sandbox.faults.arm(Mode.BAD_GATEWAY, method="PUT", path_part="subscriptions")
    with pytest.raises(StoreCallFailed):
        take_step(shop.edges, step.id)
    assert _status(shop, subscription) == "active"
    take_step(shop.edges, step.id)
    assert _status(shop, subscription) == "cancelled"


def test_a_step_taken_twice_changes_nothing(shop: Shop) -> None:
    _, order = _subscribed(shop)
    refund = _grant(shop, order, effects=WHOLE)
    shop.work()
    before = _steps(shop, refund)
    for step in before:
        take_step(shop.edges, step.id)
    assert _steps(shop, refund) == before


def _renewed(shop: Shop, *, after_days: int) -> Order:
    subscription, _ = _subscribed(shop)
    shop.clock.move(days=after_days)
    return shop.record(shop.sandbox.add_renewal(subscription["id"])["id"])


def _expiry(shop: Shop, order: Order) -> datetime | None:
    with shop.edges.database.read() as transaction:
        (held,) = licenses.list_licenses(transaction, order.id, order.subscription_id)
    return held.expires_at


EARLIER = ("license_expires_earlier", "subscription_cancelled")


def test_a_renewal_given_back_sets_the_expiry_to_what_it_was_before(shop: Shop) -> None:
    subscription, first = _subscribed(shop)
    before = _expiry(shop, first)
    shop.clock.move(days=355)
    renewal = shop.record(shop.sandbox.add_renewal(subscription["id"])["id"])
    assert before is not None
    assert _expiry(shop, renewal) > before
    refund = _grant(shop, renewal, effects=EARLIER)
    shop.work()
    assert (StepKind.SET_BACK_EXPIRY, StepState.DONE) in _kinds(shop, refund)
    assert _expiry(shop, renewal) == before
    assert _license_states(shop, renewal) == ["active"]
    # The store announces the refund: the renewal must not prolong the licence once more.
    shop.clock.move(seconds=30)
    shop.record(renewal.woo_order_id)
    assert _expiry(shop, renewal) == before


def test_a_renewal_given_back_after_the_earlier_time_leaves_an_expired_licence(
    shop: Shop,
) -> None:
    renewal = _renewed(shop, after_days=366)
    _grant(shop, renewal, effects=EARLIER)
    shop.work()
    expires_at = _expiry(shop, renewal)
    assert expires_at is not None
    assert expires_at < shop.clock()


def test_a_renewal_given_back_by_hand_in_the_store_sets_the_expiry_back_too(shop: Shop) -> None:
    subscription, first = _subscribed(shop)
    before = _expiry(shop, first)
    shop.clock.move(days=355)
    renewal = shop.record(shop.sandbox.add_renewal(subscription["id"])["id"])
    _give_back_by_hand(shop, renewal)
    assert _expiry(shop, renewal) == before


def test_an_order_given_back_by_hand_in_the_store_ends_its_licence(shop: Shop) -> None:
    order = shop.record(shop.sell("LIC-1")["id"])
    _give_back_by_hand(shop, order, part="10.00")
    assert _license_states(shop, order) == ["active"]
    _give_back_by_hand(shop, order)
    assert _license_states(shop, order) == ["ended"]


def test_a_refunded_extra_domain_takes_its_site_back_and_leaves_the_licence(shop: Shop) -> None:
    stores.add_item_rule(
        shop.edges, shop.store_id, field="sku", value="DOM-*", item_kind="additional_domain"
    )
    order = shop.record(shop.sell("LIC-1", "DOM-1")["id"])
    (bought,) = _limits(shop, order)
    extra = shop.items(order)[1]
    refund = building.grant(
        shop.edges, order, {extra.woo_item_id: (str(extra.paid), str(extra.tax))}
    )
    shop.work()
    assert _kinds(shop, refund) == [(StepKind.TAKE_BACK_SITES, StepState.DONE)]
    assert (bought, *_limits(shop, order)) == (2, 1)
    assert _license_states(shop, order) == ["active"]


def _limits(shop: Shop, order: Order) -> list[int]:
    with shop.edges.database.read() as transaction:
        held = licenses.list_licenses(transaction, order.id, order.subscription_id)
    return [license.sites_limit for license in held]


def _give_back_by_hand(shop: Shop, order: Order, *, part: str | None = None) -> None:
    """Somebody refunds the order's first line in the store, without us."""
    shop.clock.move(seconds=30)
    item = shop.items(order)[0]
    with shop.edges.database.read() as transaction:
        left = what_is_left(transaction, order).lines[item.woo_item_id].net
    amount = part or str(left)
    line = {"id": item.woo_item_id, "quantity": 0, "refund_total": amount}
    body = {"amount": amount, "api_refund": True, "reason": "sorry", "line_items": [line]}
    create_refund(shop.sandbox, order.woo_order_id, body)
    shop.record(order.woo_order_id)


def test_a_refund_is_paid_even_if_the_orders_currency_changed_under_it(shop: Shop) -> None:
    order = shop.record(shop.sell("LIC-1")["id"])
    refund = _grant(shop, order, effects=("license_ends",))
    dollars = replace(order.total, currency="USD")
    with shop.edges.database.write() as transaction:
        names = OrderFacts.__dataclass_fields__
        told = {name: getattr(order, name) for name in names}
        told |= {"total": dollars, "tax": dollars - dollars}
        orders.update_order(transaction, order.id, OrderFacts(**told), read_at=shop.clock())
        sending = refunds.move(transaction, refund, State.SENDING, now=shop.clock())
        assert sending
        paid = record_paid(
            transaction, sending, now=shop.clock(), actor="test", evidence={}, woo_refund_id=None
        )
        assert paid
    assert [step.kind for step in _steps(shop, refund)] == [StepKind.END_LICENSE]


def test_a_decision_by_which_the_licence_stays_leaves_it_though_all_goes_back(shop: Shop) -> None:
    order = shop.record(shop.sell("LIC-1")["id"])
    refund = _grant(shop, order, effects=["license_stays"])
    shop.work()
    assert _kinds(shop, refund) == []
    assert _license_states(shop, order) == ["active"]


def test_a_subscription_that_ends_with_its_period_is_cancelled_a_day_before_the_next_charge(
    shop: Shop,
) -> None:
    subscription, order = _subscribed(shop)
    refund = _grant(shop, order, net="10.00", effects=["subscription_ends_with_period"])
    shop.work()
    assert (StepKind.CANCEL_SUBSCRIPTION, StepState.DUE) in _kinds(shop, refund)
    assert order.period_end_at is not None
    shop.clock.move(seconds=int((order.period_end_at - shop.clock()).total_seconds()) - 86401)
    shop.work()
    assert _status(shop, subscription) == "active"
    shop.clock.move(seconds=1)
    shop.work()
    assert _status(shop, subscription) == "cancelled"
