"""A payment that got stuck is listed with its age and closed only while it is still unpaid."""

from __future__ import annotations

from datetime import timedelta

import pytest

from refunddesk.db import alarms, cancellations
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.cancellations import CancellationKind, CancellationState
from refunddesk.db.orders import Order
from refunddesk.sandbox.statuses import set_status
from refunddesk.services import called_off, calling_off
from refunddesk.services.calling_off import PaymentNotStuck
from refunddesk.services.payment_pages import show_payments
from refunddesk.services.requests import NoSuchOrder
from tests.asking import STAFF
from tests.selling import Shop
from tests.services.paying import impatient


def unpaid(shop: Shop, status: str = "pending") -> Order:
    sold = shop.sell("LIC-1", set_paid=False, status=status)
    return shop.record(sold["id"])


def status(shop: Shop, order: Order) -> str:
    return str(shop.shown(order.woo_order_id)["status"])


def wish(shop: Shop, order: Order) -> cancellations.Cancellation:
    with shop.edges.database.read() as transaction:
        found = cancellations.find_latest(transaction, CancellationKind.PAYMENT, order.id)
    assert found
    return found


def raised(shop: Shop) -> list[AlarmKind]:
    with shop.edges.database.read() as transaction:
        return [alarm.kind for alarm in alarms.list_raised(transaction)]


@pytest.mark.parametrize("state", ["pending", "failed", "on-hold"])
def test_an_order_nobody_paid_is_listed_after_an_hour(shop: Shop, state: str) -> None:
    order = unpaid(shop, state)
    assert order.ordered_at
    shop.clock.at = order.ordered_at + timedelta(hours=1)
    assert show_payments(shop.edges).stuck.lines == ()
    shop.clock.move(seconds=1)
    (line,) = show_payments(shop.edges).stuck.lines
    assert (line.order_id, line.status, line.closing) == (order.id, state, False)
    assert str(line.amount) == str(order.total)


def test_what_is_paid_or_closed_is_not_listed(shop: Shop) -> None:
    shop.record(shop.sell("LIC-1")["id"])
    unpaid(shop, "cancelled")
    shop.clock.move(hours=2)
    assert show_payments(shop.edges).stuck.total == 0


def test_staff_close_it_and_the_store_is_told_after_the_commit(shop: Shop) -> None:
    order = unpaid(shop)
    for _ in range(2):
        calling_off.ask_to_close(shop.edges, order.id, by=STAFF)
    shop.clock.move(hours=2)
    assert show_payments(shop.edges).stuck.lines[0].closing
    assert status(shop, order) == "pending"
    shop.work()
    assert (status(shop, order), wish(shop, order).state) == ("cancelled", CancellationState.DONE)
    assert show_payments(shop.edges).stuck.total == 0
    assert raised(shop) == []
    with pytest.raises(PaymentNotStuck):
        calling_off.ask_to_close(shop.edges, order.id, by=STAFF)


def test_a_payment_that_arrived_meanwhile_is_left_alone(shop: Shop) -> None:
    order = unpaid(shop)
    calling_off.ask_to_close(shop.edges, order.id, by=STAFF)
    set_status(shop.sandbox, order.woo_order_id, "processing")
    shop.clock.move(seconds=11)
    shop.work()
    assert status(shop, order) == "processing"
    assert wish(shop, order).state is CancellationState.NOT_NEEDED
    assert raised(shop) == []


def test_money_that_came_in_the_very_moment_of_closing_raises_an_alarm(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = unpaid(shop)
    calling_off.ask_to_close(shop.edges, order.id, by=STAFF)
    close = called_off.close_order

    def close_late(client: object, woo_order_id: int) -> None:
        set_status(shop.sandbox, woo_order_id, "processing")
        close(client, woo_order_id)  # type: ignore[arg-type]

    monkeypatch.setattr(called_off, "close_order", close_late)
    shop.clock.move(seconds=11)
    shop.work()
    assert status(shop, order) == "cancelled"
    assert raised(shop) == [AlarmKind.PAID_AFTER_CLOSING]


def test_money_that_comes_long_after_closing_raises_an_alarm_too(shop: Shop) -> None:
    order = unpaid(shop)
    calling_off.ask_to_close(shop.edges, order.id, by=STAFF)
    shop.work()
    shop.clock.move(days=1)
    set_status(shop.sandbox, order.woo_order_id, "processing")
    shop.record(order.woo_order_id)
    assert raised(shop) == [AlarmKind.PAID_AFTER_CLOSING]


def test_a_worker_killed_after_closing_finds_it_closed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = unpaid(shop)
    calling_off.ask_to_close(shop.edges, order.id, by=STAFF)

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(called_off, "_settle", killed)
        with pytest.raises(SystemExit):
            called_off.call_off(impatient(shop.edges, shop), 1)
    called_off.call_off(shop.edges, 1)
    called_off.call_off(shop.edges, 1)
    assert wish(shop, order).state is CancellationState.DONE


def test_only_what_is_there_and_unpaid_can_be_closed(shop: Shop) -> None:
    paid = shop.record(shop.sell("LIC-1")["id"])
    with pytest.raises(PaymentNotStuck):
        calling_off.ask_to_close(shop.edges, paid.id, by=STAFF)
    with pytest.raises(NoSuchOrder):
        calling_off.ask_to_close(shop.edges, 99, by=STAFF)
