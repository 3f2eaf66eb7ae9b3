"""Granting: never more than was paid, never twice, whoever asks at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import insert

from refunddesk.db import history, orders, outbox, refunds, tables
from refunddesk.db.orders import Order, OrderItem
from refunddesk.db.refunds import Refund, State
from refunddesk.jobnames import JobName
from refunddesk.money import Money
from refunddesk.services.edges import Edges
from refunddesk.services.refunds import (
    NothingLeftToRefund,
    RefundAlreadyGranted,
    TaxWithoutRate,
    grant,
    lines_for,
    reckon,
    what_is_left,
)
from tests import building
from tests.building import Line, eur


@pytest.fixture
def order(edges: Edges) -> Order:
    """119.00 and 59.50 of two lines, tax included: 178.50."""
    store_id = building.add_store(edges)
    return building.add_order(edges, store_id, Line("100.00", "19.00"), Line("50.00", "9.50"))


def _fail(edges: Edges, refund: Refund) -> None:
    with edges.database.write() as transaction:
        assert refunds.move(transaction, refund, State.FAILED, now=edges.clock())


def _pay(edges: Edges, refund: Refund) -> None:
    with edges.database.write() as transaction:
        sending = refunds.move(transaction, refund, State.SENDING, now=edges.clock())
        assert sending
        assert refunds.move(transaction, sending, State.PAID, now=edges.clock())


def _see_in_store(
    edges: Edges,
    order: Order,
    lines: list[list[int]],
    *,
    amount: str,
    paid: bool | None = True,
    refund: Refund | None = None,
    is_gone: bool = False,
) -> None:
    with edges.database.write() as transaction:
        transaction.execute(
            insert(tables.store_refunds).values(
                store_id=order.store_id,
                order_id=order.id,
                woo_refund_id=5001,
                amount_minor=eur(amount).minor,
                currency="EUR",
                marker=refund.marker if refund else None,
                refund_id=refund.id if refund else None,
                refunded_payment=paid,
                lines=lines,
                recorded_at=edges.clock(),
                gone_at=edges.clock() if is_gone else None,
            )
        )


def _left(edges: Edges, order: Order) -> str:
    with edges.database.read() as transaction:
        return str(what_is_left(transaction, order).whole)


def test_a_granted_refund_is_due_booked_told_and_promised_in_one_go(
    edges: Edges, order: Order
) -> None:
    refund = building.grant(edges, order, {11: ("100.00", "0.00")})
    assert (refund.state, refund.amount, refund.attempt) == (State.DUE, eur("100.00"), 0)
    assert refund.marker.startswith("RD-")
    assert building.balances(edges) == {"given_back": "100.00", "refunds_due": "-100.00"}
    with edges.database.read() as transaction:
        (deed,) = history.list_deeds(transaction, f"refund:{refund.id}")
        (promised,) = outbox.list_open(transaction)
    assert (deed.actor, deed.action) == ("policy", "refund_granted")
    assert deed.data["amount"] == "100.00"
    assert (promised.job, promised.subject) == (JobName.PAY_REFUND, str(refund.id))


def test_all_that_was_paid_can_be_granted(edges: Edges, order: Order) -> None:
    assert building.grant(edges, order).amount == eur("178.50")
    assert _left(edges, order) == "0.00"


@pytest.mark.parametrize(
    "shares",
    [
        pytest.param({11: ("100.01", "0.00")}, id="a cent more than the line's price"),
        pytest.param({11: ("0.00", "19.01")}, id="a cent more than the line's tax"),
        pytest.param({12: ("50.00", "9.51")}, id="the second line's tax and a cent"),
    ],
)
def test_no_line_gives_more_than_was_paid_for_it(
    edges: Edges, order: Order, shares: dict[int, tuple[str, str]]
) -> None:
    with pytest.raises(NothingLeftToRefund):
        building.grant(edges, order, shares)
    assert building.balances(edges) == {}


def test_an_order_that_cost_less_than_its_lines_gives_only_what_it_cost(edges: Edges) -> None:
    order = building.add_order(edges, building.add_store(edges), Line("100.00"), Line("50.00"))
    with edges.database.write() as transaction:
        transaction.execute(
            tables.orders.update().where(tables.orders.c.id == order.id).values(total_minor=12_000)
        )
    building.grant(edges, order, {11: ("100.00", "0.00")})
    with pytest.raises(NothingLeftToRefund):
        building.grant(edges, order, {12: ("20.01", "0.00")})
    building.grant(edges, order, {12: ("20.00", "0.00")})


@pytest.mark.parametrize("change", [None, _pay], ids=["that is due", "that was paid"])
def test_an_earlier_refund_leaves_the_rest_and_not_a_cent_more(
    edges: Edges, order: Order, change: Callable[[Edges, Refund], None] | None
) -> None:
    earlier = building.grant(edges, order, {11: ("60.00", "0.00")})
    if change:
        change(edges, earlier)
    with pytest.raises(NothingLeftToRefund):
        building.grant(edges, order, {11: ("40.01", "0.00")})
    building.grant(edges, order, {11: ("40.00", "0.00")})


def test_a_refund_that_failed_takes_nothing(edges: Edges, order: Order) -> None:
    _fail(edges, building.grant(edges, order))
    assert building.grant(edges, order).amount == eur("178.50")


def test_a_refund_made_in_the_store_counts(edges: Edges, order: Order) -> None:
    _see_in_store(edges, order, [[11, 10_000, 1_900]], amount="119.00")
    assert _left(edges, order) == "59.50"
    with pytest.raises(NothingLeftToRefund):
        building.grant(edges, order, {11: ("0.01", "0.00")})
    building.grant(edges, order, {12: ("50.00", "9.50")})


def test_an_amount_given_back_in_the_store_without_lines_counts_for_the_whole(
    edges: Edges, order: Order
) -> None:
    _see_in_store(edges, order, [], amount="100.00")
    with pytest.raises(NothingLeftToRefund):
        building.grant(edges, order, {11: ("78.51", "0.00")})
    building.grant(edges, order, {11: ("78.50", "0.00")})


@pytest.mark.parametrize(
    ("paid", "left"),
    [
        pytest.param(True, "78.50", id="money had moved"),
        pytest.param(None, "78.50", id="the store never said"),
        pytest.param(False, "178.50", id="booked by hand"),
    ],
)
def test_a_refund_deleted_in_the_store_still_counts_unless_no_money_had_moved(
    edges: Edges, order: Order, paid: bool | None, left: str
) -> None:
    _see_in_store(edges, order, [], amount="100.00", paid=paid, is_gone=True)
    assert _left(edges, order) == left


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN, State.PAID])
def test_our_own_refund_counts_once_when_the_store_shows_it_too(
    edges: Edges, order: Order, state: State
) -> None:
    refund = building.grant(edges, order, {11: ("60.00", "0.00")})
    with edges.database.write() as transaction:
        moved = refunds.move(transaction, refund, State.SENDING, now=edges.clock())
        assert moved
        if state != State.SENDING:
            refunds.move(transaction, moved, state, now=edges.clock())
    _see_in_store(
        edges, order, [[11, 6_000, 0]], amount="60.00", refund=refund, paid=state == State.PAID
    )
    assert _left(edges, order) == "118.50"


def test_a_refund_given_up_counts_if_the_store_shows_it_after_all(
    edges: Edges, order: Order
) -> None:
    refund = building.grant(edges, order, {11: ("60.00", "0.00")})
    _fail(edges, refund)
    _see_in_store(edges, order, [[11, 6_000, 0]], amount="60.00", refund=refund)
    assert _left(edges, order) == "118.50"


def test_granting_the_same_decision_again_is_the_same_refund(edges: Edges, order: Order) -> None:
    refund = building.grant(edges, order, {11: ("60.00", "0.00")})
    with edges.database.write() as transaction:
        again = grant(
            transaction,
            now=edges.clock(),
            request_id=refund.request_id,
            decision_id=refund.decision_id,
            order=order,
            lines=refund.lines,
            amount=refund.amount,
            approved_by="policy",
            random_bytes=edges.random_bytes,
        )
    assert again == refund.id
    assert building.balances(edges)["given_back"] == "60.00"


def test_a_request_gets_no_second_refund_while_the_first_stands(edges: Edges, order: Order) -> None:
    first = building.grant(edges, order, {11: ("60.00", "0.00")})
    with pytest.raises(RefundAlreadyGranted), edges.database.write() as transaction:
        building.grant_by(transaction, edges, order, first.request_id, {12: ("1.00", "0.00")})
    _fail(edges, first)
    with edges.database.write() as transaction:
        second = building.grant_by(
            transaction, edges, order, first.request_id, {12: ("1.00", "0.00")}
        )
    assert second != first.id


def test_lines_that_do_not_add_up_are_not_granted(edges: Edges, order: Order) -> None:
    refund = building.grant(edges, order, {11: ("60.00", "0.00")})
    with pytest.raises(ValueError, match="add up"), edges.database.write() as transaction:
        grant(
            transaction,
            now=edges.clock(),
            request_id=building.add_request(transaction, order, edges.clock()),
            decision_id=refund.decision_id + 1,
            order=order,
            lines=refund.lines,
            amount=eur("60.01"),
            approved_by="policy",
            random_bytes=edges.random_bytes,
        )


# ---------------------------------------------------------------- many at once


def _at_once(number: int, work: Callable[[int], object]) -> list[object]:
    """What each of `number` threads got, or the refusal it met."""
    start = Barrier(number)

    def run(index: int) -> object:
        start.wait()
        try:
            return work(index)
        except (NothingLeftToRefund, RefundAlreadyGranted) as refusal:
            return refusal

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(run, range(number)))


def test_of_fifty_grants_of_one_request_at_once_one_is_made(edges: Edges, order: Order) -> None:
    with edges.database.write() as transaction:
        request_id = building.add_request(transaction, order, edges.clock())

    def approve(_index: int) -> object:
        with edges.database.write() as transaction:
            return building.grant_by(transaction, edges, order, request_id, {11: ("10.00", "0.00")})

    results = _at_once(50, approve)
    assert sum(isinstance(result, int) for result in results) == 1
    assert sum(isinstance(result, RefundAlreadyGranted) for result in results) == 49
    assert building.balances(edges)["given_back"] == "10.00"


def test_twenty_refunds_of_three_times_the_price_at_once_stay_within_it(
    edges: Edges, order: Order
) -> None:
    # 20 x 15.00 = 300.00 on a line of 100.00: six fit.
    results = _at_once(20, lambda _: building.grant(edges, order, {11: ("15.00", "0.00")}))
    assert sum(isinstance(result, Refund) for result in results) == 6
    assert building.balances(edges)["given_back"] == "90.00"


# ---------------------------------------------------------------- the lines of a refund


@pytest.fixture
def item(edges: Edges) -> OrderItem:
    order = building.add_order(
        edges, building.add_store(edges), Line("100.00", "10.01", quantity=2)
    )
    with edges.database.read() as transaction:
        (item,) = orders.list_items(transaction, order.id)
    return replace(item, taxes=((7, eur("7.00")), (8, eur("3.01"))))


def _taxes(item: OrderItem, net: Money, tax: Money) -> list[tuple[int, str]]:
    (line,) = lines_for([item], {item.id: (net, tax)})
    return [(rate_id, str(part)) for rate_id, part in line.taxes]


def test_the_whole_tax_goes_back_rate_by_rate_as_it_was_paid(item: OrderItem) -> None:
    assert _taxes(item, item.paid, item.tax) == [(7, "7.00"), (8, "3.01")]


def test_a_part_of_the_tax_is_split_over_the_rates_without_losing_a_cent(item: OrderItem) -> None:
    assert _taxes(item, eur("50.00"), eur("5.00")) == [(7, "3.50"), (8, "1.50")]


def test_kept_tax_names_no_rate(item: OrderItem) -> None:
    assert _taxes(item, item.paid, eur("0.00")) == []


def test_the_quantity_goes_along_with_a_line_given_back_whole_only(item: OrderItem) -> None:
    (whole,) = lines_for([item], {item.id: (item.paid, item.tax)})
    (part,) = lines_for([item], {item.id: (eur("99.99"), item.tax)})
    assert (whole.quantity, part.quantity) == (Decimal(2), Decimal(0))


def test_a_line_that_gets_nothing_is_left_out(item: OrderItem) -> None:
    assert lines_for([item], {item.id: (eur("0.00"), eur("0.00"))}) == ()
    assert lines_for([item], {}) == ()


def test_tax_without_a_rate_cannot_be_given_back(item: OrderItem) -> None:
    with pytest.raises(TaxWithoutRate):
        lines_for([replace(item, taxes=())], {item.id: (item.paid, eur("0.01"))})


@pytest.mark.parametrize(
    "total",
    [
        pytest.param(Money.parse("178.50", "USD"), id="another currency"),
        pytest.param(Money(178500, "EUR", 3), id="another number of decimals"),
    ],
)
def test_what_is_left_cannot_be_told_across_currencies(
    edges: Edges, order: Order, total: Money
) -> None:
    refund = building.grant(edges, order, {11: ("10.00", "0.00")})
    with edges.database.read() as transaction:
        items = orders.list_items(transaction, order.id)
    with pytest.raises(NothingLeftToRefund, match="cannot be told"):
        reckon(total, items, [refund], [])
