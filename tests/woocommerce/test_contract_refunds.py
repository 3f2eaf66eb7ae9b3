"""What a WooCommerce store does with refunds: recordings, sandbox and real store, one set of facts.

The codes in brackets are the facts' names.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.woocommerce.contract_answers import (  # noqa: F401
    Answers,
    answers_fixture,
    break_gateway,
    every_store,
    live_stores,
    moved,
    needed,
    sandbox_fixture,
)
from tests.woocommerce.contract_situations_of_refusals import ODD_AMOUNTS


def by_situation(*rows: tuple[Any, ...]) -> list[Any]:
    """Rows named by the situation each begins with."""
    return [pytest.param(*row, id=row[0]) for row in rows]


# -- refusals --------------------------------------------------------------------------------

_CREATE = "woocommerce_rest_cannot_create_order_refund"
_BELOW = ("woocommerce_rest_invalid_order_refund", 400, "Refund amount must be greater than zero.")
_TOO_MUCH = (_CREATE, 500, "Invalid refund amount.")


@every_store
@pytest.mark.parametrize(
    ("situation", "code", "data", "message"),
    by_situation(
        ("too much is asked back", *_TOO_MUCH),
        ("one more cent than is left", *_TOO_MUCH),
        ("a word as the amount", *_TOO_MUCH),
        ("an amount with a euro sign", *_TOO_MUCH),
        ("NaN as the amount", *_TOO_MUCH),
        ("infinity as the amount", *_TOO_MUCH),
        ("a full-width digit as the amount", *_TOO_MUCH),
        ("less than nothing is asked back", *_BELOW),
        ("an empty amount", *_BELOW),
        ("a line of less than nothing", *_BELOW),
        (
            "a refund on an unknown order",
            "woocommerce_rest_invalid_order_id",
            404,
            "Invalid order ID.",
        ),
        (
            "a bank transfer cannot be paid back",
            _CREATE,
            500,
            "The payment gateway for this order does not support automatic refunds.",
        ),
        (
            "the order's gateway is gone",
            _CREATE,
            500,
            "The payment gateway for this order does not exist.",
        ),
        (
            "the order names no gateway",
            _CREATE,
            500,
            "The payment gateway for this order does not exist.",
        ),
    ),
)
def test_a_refusal_is_http_500_and_its_text_proves_that_no_moneymoved(
    answers: Answers, situation: str, code: str, data: int, message: str
) -> None:
    """[A3, A4]"""
    refused = answers.ask(situation)
    assert refused.status == 500
    assert refused.body == {"code": code, "message": message, "data": data}


@every_store
def test_an_amount_must_be_a_string(answers: Answers) -> None:
    """[A4] The only refusal of the refund route that is a 400."""
    refused = answers.ask("a number as the amount")
    assert refused.status == 400
    assert refused.body["code"] == "rest_invalid_param"
    assert refused.body["data"]["params"] == {"amount": "amount is not of type string."}


@every_store
@pytest.mark.parametrize(
    ("situation", "code", "message"),
    by_situation(
        (
            "a wrong secret",
            "woocommerce_rest_authentication_error",
            "Consumer secret is invalid.",
        ),
        (
            "an unknown key lists",
            "woocommerce_rest_cannot_view",
            "Sorry, you cannot list resources.",
        ),
        (
            "an unknown key refunds",
            "woocommerce_rest_cannot_create",
            "Sorry, you are not allowed to create resources.",
        ),
        (
            "a read-only key refunds",
            "woocommerce_rest_authentication_error",
            "The API key provided does not have write permissions.",
        ),
    ),
)
def test_a_key_that_may_not_gets_a_401(
    answers: Answers, situation: str, code: str, message: str
) -> None:
    """[A14]"""
    refused = answers.ask(situation)
    assert refused.status == 401
    assert (refused.body["code"], refused.body["message"]) == (code, message)


@every_store
@pytest.mark.parametrize(
    ("situation", "status", "code"),
    by_situation(
        ("an unknown order is read", 404, "woocommerce_rest_shop_order_invalid_id"),
        ("a deleted order is read", 404, "woocommerce_rest_shop_order_invalid_id"),
        ("an unknown refund is read", 404, "woocommerce_rest_shop_order_refund_invalid_id"),
        (
            "an unknown subscription is written",
            400,
            "woocommerce_rest_shop_subscription_invalid_id",
        ),
        (
            "an order is written as a subscription",
            400,
            "woocommerce_rest_shop_subscription_invalid_id",
        ),
    ),
)
def test_what_is_not_there_is_a_404_but_for_subscriptions(
    answers: Answers, situation: str, status: int, code: str
) -> None:
    """[A11, C3]"""
    missing = answers.ask(situation)
    assert missing.body == {"code": code, "message": "Invalid ID.", "data": {"status": status}}
    assert missing.status == status


@every_store
def test_the_refunds_of_an_unknown_order_are_an_empty_list(answers: Answers) -> None:
    """[A11]"""
    listed = answers.ask("the refunds of an unknown order are listed")
    assert (listed.status, listed.body, listed.headers["X-WP-Total"]) == (200, [], "0")


# -- amounts ---------------------------------------------------------------------------------


@every_store
@pytest.mark.parametrize("name", ODD_AMOUNTS)
def test_an_odd_amount_string_is_taken_for_another_amount(answers: Answers, name: str) -> None:
    """[A5] Past the limit, even: "1.234.567" is paid on an order of 117.81."""
    _, _, shown, _ = ODD_AMOUNTS[name]
    refunded = answers.ask(f"an amount with {name}")
    assert refunded.status == 201
    assert refunded.body["amount"] == shown
    assert refunded.body["refunded_payment"] is True


@live_stores
@pytest.mark.parametrize("name", ODD_AMOUNTS)
def test_the_gateway_is_told_the_mangled_amount(answers: Answers, name: str) -> None:
    """[A5] The recordings hold no gateway's ledger, so this is asked of running stores only."""
    amount, _, _, told = ODD_AMOUNTS[name]
    live = needed(answers.live)
    order = live.order()
    if amount == "1_0":
        live.refund(order["id"], {"amount": "140.00", "api_refund": False})
    live.refund(order["id"], {"amount": amount, "api_refund": True})
    assert [Decimal(one) for one in moved(live, order["id"])] == [Decimal(told)]


@live_stores
def test_a_comma_counts_as_less_than_is_paid(answers: Answers) -> None:
    """[A5] 150.00 and then 234.62 leave an order of 235.62."""
    live = needed(answers.live)
    lines = [{"product_id": live.product("LIC-1"), "quantity": 2}]
    order = live.order(line_items=lines, fee_lines=[], shipping_lines=[])
    assert order["total"] == "235.62"
    assert live.refund(order["id"], {"amount": "1,50"}).status == 201
    assert live.refund(order["id"], {"amount": "234.63"}).status == 500
    assert live.refund(order["id"], {"amount": "234.62"}).status == 201
    assert live.get(f"/orders/{order['id']}").body["status"] == "refunded"
    assert sum(Decimal(one) for one in moved(live, order["id"])) == Decimal("384.62")


# -- what a refund does ----------------------------------------------------------------------


@every_store
def test_a_refunded_line_names_its_original_in_negative_numbers(answers: Answers) -> None:
    """[A6, A8]"""
    row = answers.ask("a line is refunded with its tax").body
    (line,) = row["line_items"]
    assert row["amount"] == "23.68"
    assert (line["quantity"], line["total"], line["total_tax"]) == (-1, "-19.90", "-3.78")
    (meta,) = line["meta_data"]
    assert meta["key"] == "_refunded_item_id"
    assert meta["value"].isdecimal()


@every_store
def test_a_lines_amounts_may_be_strings(answers: Answers) -> None:
    """[A8] So an exact amount can be sent without ever being a float."""
    row = answers.ask("a line's amounts are strings").body
    (line,) = row["line_items"]
    assert (line["total"], line["total_tax"]) == ("-19.90", "-3.78")


@every_store
def test_a_lines_total_that_is_a_word_is_a_critical_error(answers: Answers) -> None:
    """[A3] PHP ends in a TypeError before any row is there."""
    broken = answers.ask("a line's total is a word")
    assert (broken.status, broken.body["code"]) == (500, "internal_server_error")


@every_store
def test_fee_and_shipping_are_refunded_as_lines_of_their_own(answers: Answers) -> None:
    """[A8]"""
    row = answers.ask("fee and shipping are refunded").body
    assert row["line_items"] == []
    assert [line["total"] for line in row["fee_lines"] + row["shipping_lines"]] == [
        "-1.50",
        "-4.90",
    ]


@every_store
@pytest.mark.parametrize(
    ("situation", "amount", "paid"),
    by_situation(
        ("nothing at all is asked back", "0.00", True),
        ("zero is asked back", "0.00", True),
        ("zero on a fully refunded order", "0.00", False),
        ("a line nobody knows is asked back", "1.00", True),
        ("more than the line's total is asked back", "60.00", True),
        ("the amount differs from its lines", "5.00", True),
        ("api_refund is left out", "0.50", True),
        ("api_refund is the word false", "0.50", False),
        ("an amount is only booked", "10.00", False),
        ("a bank transfer is only booked back", "10.00", False),
        ("a refund on an unpaid order", "10.00", True),
        ("a refund on a cancelled order", "10.00", False),
        ("a refund on a trashed order", "5.00", True),
        ("a deleted refund is made again", "5.00", True),
        ("a refund on a subscription's id", "1.00", True),
    ),
)
def test_the_store_checks_nothing_but_the_orders_remainder(
    answers: Answers, situation: str, amount: str, paid: bool
) -> None:
    """[A6, A7, A10]"""
    row = answers.ask(situation)
    assert row.status == 201
    assert (row.body["amount"], row.body["refunded_payment"]) == (amount, paid)


@every_store
def test_a_reason_is_kept_as_it_was_sent(answers: Answers) -> None:
    """[A2, B15] Unescaped: whoever shows it must escape it."""
    row = answers.ask("a reason with markup").body
    assert row["reason"].startswith('<b>bold</b> <script>alert(1)</script> & "q" \U0001f600')


@every_store
def test_a_full_refund_makes_the_order_refunded(answers: Answers) -> None:
    """[A9] The refunds in an order say neither whether they were paid nor when."""
    order = answers.ask("the rest is refunded: the order after").body
    assert order["status"] == "refunded"
    assert "rest" in [one["reason"] for one in order["refunds"]]
    assert all(set(one) == {"id", "reason", "total"} for one in order["refunds"])
    assert sum(Decimal(one["total"]) for one in order["refunds"]) == -Decimal(order["total"])


@every_store
def test_a_free_order_is_refunded_by_a_refund_of_nothing(answers: Answers) -> None:
    """[A6]"""
    order = answers.ask("a free order is refunded: the order after").body
    assert (order["status"], order["refunds"][0]["total"]) == ("refunded", "-0.00")


@every_store
def test_the_status_refunded_written_by_hand_books_and_pays_nothing(answers: Answers) -> None:
    """[A9]"""
    (row,) = answers.ask("the refunds of an order put to refunded by hand").body
    assert (row["reason"], row["refunded_payment"]) == ("Order fully refunded.", False)


@every_store
def test_a_deleted_refund_leaves_the_order_refunded_with_no_refund(answers: Answers) -> None:
    """[A10]"""
    order = answers.ask("a refund is deleted: the order after").body
    assert (order["status"], order["refunds"]) == ("refunded", [])


@every_store
def test_past_the_last_page_the_store_counts_nothing(answers: Answers) -> None:
    """[F1] So the totals of an empty page say nothing about how many orders there are."""
    beyond = answers.ask("a page past the last")
    assert (beyond.status, beyond.body, beyond.headers["X-WP-Total"]) == (200, [], "0")


@every_store
def test_only_the_list_of_all_refunds_names_the_order(answers: Answers) -> None:
    """[A11]"""
    everywhere = answers.ask("the refunds of all orders are listed")
    of_one = answers.ask("refunds are listed")
    assert all(row["parent_id"] for row in everywhere.body)
    assert not any("parent_id" in row for row in of_one.body)
    assert len(everywhere.body) == 3
    assert 'rel="next"' in everywhere.headers["Link"]


@every_store
def test_changed_orders_come_page_by_page(answers: Answers) -> None:
    """[F1]"""
    listed = answers.ask("changed orders are listed")
    assert [set(row) for row in listed.body] == [{"id", "status", "date_modified_gmt"}] * 2
    assert int(listed.headers["X-WP-TotalPages"]) == -(-int(listed.headers["X-WP-Total"]) // 2)


# -- gateways that fail ----------------------------------------------------------------------


@every_store
@pytest.mark.parametrize(
    "situation",
    [
        "the gateway declines",
        "the gateway gives no reason",
        "the gateway throws before the money moved",
        "the gateway throws after the money moved",
    ],
)
def test_a_failing_gateway_looks_the_same_whether_money_moved_or_not(
    answers: Answers, situation: str
) -> None:
    """[A3]"""
    failed = answers.ask(situation)
    assert (failed.status, failed.body["code"], failed.body["data"]) == (500, _CREATE, 500)


@every_store
def test_a_worker_that_dies_answers_with_a_page(answers: Answers) -> None:
    """[A3, A14]"""
    died = answers.ask("the worker is killed after the money moved")
    assert died.status == 502
    assert "502 Bad Gateway" in died.body


@every_store
def test_a_worker_that_died_leaves_its_row_and_no_change_of_status(answers: Answers) -> None:
    """[A3]"""
    order = answers.ask("the worker was killed after the money moved: the order after").body
    assert [one["total"] for one in order["refunds"]] == ["-11.00"]
    assert order["status"] in ("processing", "completed")


@live_stores
@pytest.mark.parametrize(
    ("how", "rows", "money"),
    [
        pytest.param("decline", 0, 0, id="declines"),
        pytest.param("false", 0, 0, id="gives no reason"),
        pytest.param("throw", 0, 0, id="throws before the money"),
        pytest.param("ok_then_throw", 0, 1, id="throws after the money"),
        pytest.param("ok_then_die", 1, 1, id="dies after the money"),
        pytest.param("ok_then_kill", 1, 1, id="is killed after the money"),
    ],
)
def test_what_a_failing_gateway_leaves_behind(
    answers: Answers, how: str, rows: int, money: int
) -> None:
    """[A3] A row that stays is unpaid, carries the reason, and has no meta data."""
    live = needed(answers.live)
    order = live.small_order()
    break_gateway(live, how, order["id"])
    body = {"amount": "10.00", "reason": "RD-1", "meta_data": [{"key": "k", "value": "v"}]}
    assert live.refund(order["id"], body).status >= 500
    left = live.get(f"/orders/{order['id']}/refunds").body
    assert [(row["refunded_payment"], row["reason"], row["meta_data"]) for row in left] == [
        (False, "RD-1", [])
    ] * rows
    assert len(moved(live, order["id"])) == money


@live_stores
def test_a_stuck_row_blocks_a_second_full_refund_but_no_partial_one(answers: Answers) -> None:
    """[A3]"""
    live = needed(answers.live)
    order = live.small_order()
    break_gateway(live, "ok_then_die", order["id"])
    live.refund(order["id"], {"amount": "10.00"})
    live.control.break_gateway("ok", order["id"])
    assert live.refund(order["id"], {"amount": "117.81"}).status == 500
    assert live.refund(order["id"], {"amount": "10.00"}).status == 201
