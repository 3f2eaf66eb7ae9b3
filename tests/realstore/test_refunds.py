"""In a real store, whatever dies on the way: the money goes back once, or a person is asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest

from refunddesk.db import orders, refunds
from refunddesk.db.orders import Order
from refunddesk.db.refunds import Refund, State
from refunddesk.services.orders import record_order
from refunddesk.services.payments import RefundNotSent, pay_refund
from refunddesk.services.read_back import next_look_at, resolve_refund
from refunddesk.woocommerce.client import StoreCallFailed
from tests import building
from tests.realstore.conftest import Connected

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def sell(connected: Connected, gateway: str) -> Order:
    """A paid order of 117.81, as the desk read it back."""
    sold = connected.live.small_order(payment_method=gateway)
    record_order(connected.edges, 1, sold["id"])
    with connected.edges.database.read() as transaction:
        order = orders.find_order(transaction, 1, sold["id"])
    assert order
    return order


def play(connected: Connected, refund: Refund) -> State:
    """Do what the workers would for the next quarter of an hour and more; the state at its end."""
    edges = connected.edges
    end = edges.clock() + timedelta(minutes=20)
    while True:
        with edges.database.read() as transaction:
            now = refunds.get_refund(transaction, refund.id)
        if now.state not in (State.DUE, State.UNKNOWN) or edges.clock() > end:
            return now.state
        with suppress(RefundNotSent, StoreCallFailed):
            if now.state == State.DUE:
                pay_refund(edges, now.id)
            else:
                assert now.unknown_since
                connected.clock.move_to(next_look_at(now.unknown_since, edges.clock()) or end)
                resolve_refund(edges, now.id)


#: How it dies; whether the money went the first time; how it ends without keys.
DEATHS = [
    pytest.param("kill_early", 0, State.PAID, id="killed before the gateway is called"),
    pytest.param("kill_before", 0, State.NEEDS_REVIEW, id="killed before the money"),
    pytest.param("ok_then_kill", 1, State.NEEDS_REVIEW, id="killed after the money"),
    pytest.param("ok_then_throw", 1, State.NEEDS_REVIEW, id="throws after the money"),
]


@pytest.mark.parametrize(("how", "went", "ends"), DEATHS)
def test_without_keys_the_money_goes_once_or_a_person_is_asked(
    connected: Connected, how: str, went: int, ends: State
) -> None:
    order = sell(connected, connected.live.control.gateway)
    refund = building.grant(connected.edges, order)
    connected.live.control.break_gateway(how, order.woo_order_id)
    assert play(connected, refund) == ends
    moved = connected.live.control.moved(order.woo_order_id)
    assert moved == ["117.81"] * (went or ends == State.PAID)


@pytest.mark.parametrize(("how", "went", "ends"), DEATHS)
def test_with_keys_the_money_goes_once_and_nobody_is_asked(
    connected: Connected, how: str, went: int, ends: State
) -> None:
    order = sell(connected, connected.live.control.gateway_with_keys)
    refund = building.grant(connected.edges, order)
    connected.live.control.break_gateway(how, order.woo_order_id)
    assert play(connected, refund) == State.PAID
    assert connected.live.control.moved(order.woo_order_id) == ["117.81"]
    assert connected.live.get(f"/orders/{order.woo_order_id}").body["status"] == "refunded"


def test_six_refunds_at_once_never_give_back_more_than_the_order_holds(
    connected: Connected,
) -> None:
    live, order = connected.live, sell(connected, connected.live.control.gateway)
    live.control.break_gateway("hang", order.woo_order_id, seconds=1)

    def ask(number: int) -> int:
        key = f"RD-0000000{number}"
        body = {"amount": "50.00", "reason": f"{key} refund", "api_refund": True}
        path = f"/orders/{order.woo_order_id}/refunds"
        if number % 2:  # by the desk's way and by another program's, at the same time
            return live.post(path, body).status
        api = "/wp-json/wc-refund-desk/v1"
        return live.post(path, {**body, "refund_desk_key": key}, api=api).status

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(ask, range(6)))
    live.control.break_gateway("ok", order.woo_order_id)
    assert answers == [201, 201, 500, 500, 500, 500]
    assert live.control.moved(order.woo_order_id) == ["50.00", "50.00"]
