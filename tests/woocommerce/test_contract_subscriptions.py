"""What WooCommerce Subscriptions does: recordings, sandbox and real store, one set of facts.

The codes in brackets are the facts' names.
"""

from __future__ import annotations

import pytest

from tests.woocommerce.contract_answers import (  # noqa: F401
    Answers,
    answers_fixture,
    every_store,
    sandbox_fixture,
)


@every_store
@pytest.mark.parametrize(
    "situation",
    [
        "a subscription whose order was refunded",
        "a subscription whose order was put to refunded",
    ],
)
def test_a_refund_leaves_the_subscription_running(answers: Answers, situation: str) -> None:
    """[C1, C4] The next payment will be taken."""
    subscription = answers.ask(situation).body
    assert subscription["status"] == "active"
    assert subscription["next_payment_date_gmt"]


@every_store
def test_only_one_that_runs_out_anyway_is_cancelled_by_a_refund(answers: Answers) -> None:
    """[C1]"""
    subscription = answers.ask("its last payment is refunded while it runs out").body
    assert subscription["status"] == "cancelled"
    assert subscription["end_date_gmt"] >= subscription["cancelled_date_gmt"]


@every_store
def test_the_raw_status_leaves_every_date(answers: Answers) -> None:
    """[C2]"""
    subscription = answers.ask("the status is written raw").body
    assert subscription["status"] == "cancelled"
    assert subscription["next_payment_date_gmt"]
    assert subscription["cancelled_date_gmt"] == subscription["end_date_gmt"] == ""


@every_store
def test_a_raw_cancellation_can_be_taken_back(answers: Answers) -> None:
    """[C2]"""
    subscription = answers.ask("a raw cancellation is taken back").body
    assert subscription["status"] == "active"
    assert subscription["next_payment_date_gmt"]


@every_store
@pytest.mark.parametrize(
    "situation", ["a subscription is cancelled properly", "it is cancelled twice"]
)
def test_a_proper_cancellation_clears_the_next_payment(answers: Answers, situation: str) -> None:
    """[C2, C3] And may be repeated."""
    subscription = answers.ask(situation).body
    assert subscription["status"] == "cancelled"
    assert subscription["next_payment_date_gmt"] == ""
    assert subscription["cancelled_date_gmt"] == subscription["end_date_gmt"] != ""


@every_store
def test_a_cancelled_one_cannot_be_made_active_again(answers: Answers) -> None:
    """[C3] An exception nobody catches."""
    broken = answers.ask("a cancelled one is to be active")
    assert (broken.status, broken.body["code"]) == (500, "internal_server_error")
    assert broken.body["message"].startswith("<p>There has been a critical error")


@every_store
def test_a_cancelled_one_may_be_said_to_end_later(answers: Answers) -> None:
    """[C3] Accepted, though it makes no sense: look before writing."""
    subscription = answers.ask("a cancelled one is to end later").body
    assert subscription["status"] == "pending-cancel"
    assert subscription["end_date_gmt"] == subscription["cancelled_date_gmt"]


@every_store
@pytest.mark.parametrize(
    "situation",
    ["a subscription is to end with its term", "a subscription whose order was cancelled"],
)
def test_one_that_runs_out_keeps_the_paid_term(answers: Answers, situation: str) -> None:
    """[C3, C4]"""
    subscription = answers.ask(situation).body
    assert subscription["status"] == "pending-cancel"
    assert subscription["next_payment_date_gmt"] == ""
    paid_until, ended = subscription["end_date_gmt"], subscription["cancelled_date_gmt"]
    assert int(paid_until[:4]) == int(ended[:4]) + 1


@every_store
def test_cancelling_what_runs_out_ends_it_now(answers: Answers) -> None:
    """[C3] The date of cancelling stays the first one."""
    subscription = answers.ask("one that ends with its term is cancelled").body
    assert subscription["status"] == "cancelled"
    assert subscription["end_date_gmt"][:4] == subscription["cancelled_date_gmt"][:4]


@every_store
def test_an_unknown_status_is_refused_by_name(answers: Answers) -> None:
    """[C3]"""
    refused = answers.ask("an unknown status is written")
    assert (refused.status, refused.body["code"]) == (400, "rest_invalid_param")
    assert refused.body["data"]["params"]["status"].startswith("status is not one of pending,")


@every_store
def test_a_subscription_has_its_schedule_in_utc_only(answers: Answers) -> None:
    """[B15] '' where unset, and the interval is a string."""
    subscription = answers.ask("a subscription is read").body
    assert (subscription["billing_period"], subscription["billing_interval"]) == ("year", "1")
    assert subscription["trial_end_date_gmt"] == subscription["end_date_gmt"] == ""
    assert "next_payment_date" not in subscription


@every_store
@pytest.mark.parametrize(
    "situation", ["the subscriptions of an order", "subscriptions by their first order"]
)
def test_the_subscription_is_found_by_its_first_order(answers: Answers, situation: str) -> None:
    """[C5]"""
    (subscription,) = answers.ask(situation).body
    assert subscription["parent_id"] != 0


@every_store
def test_a_subscriptions_orders_say_what_they_are_to_it(answers: Answers) -> None:
    """[C5]"""
    (order,) = answers.ask("the orders of a subscription").body
    assert order["order_type"] == "parent_order"


@every_store
def test_a_renewal_is_an_order_of_its_own_that_names_the_subscription(answers: Answers) -> None:
    """[B14, C6]"""
    renewal = answers.ask("a renewal order").body
    values = {meta["key"]: meta["value"] for meta in renewal["meta_data"]}
    assert values["_subscription_renewal"].isdecimal()
    assert (renewal["parent_id"], renewal["created_via"]) == (0, "subscription")
    assert renewal["date_paid_gmt"]


@every_store
def test_an_order_made_over_the_api_starts_no_subscription(answers: Answers) -> None:
    """[C5]"""
    assert answers.ask("the subscriptions of an order made over the API").body == []


@every_store
def test_a_subscription_read_as_an_order_looks_like_one(answers: Answers) -> None:
    """[A7] Only its parent gives it away, and that no payment is its own."""
    order = answers.ask("a subscription is read as an order").body
    assert order["parent_id"] != 0
    assert order["date_paid"] is None
    assert "billing_period" not in order
