"""Many approvals and many payers at the same moment: one call per refund, and never too much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from threading import Barrier

from sqlalchemy.exc import IntegrityError

from refunddesk.db import refunds
from refunddesk.db.orders import Order
from refunddesk.db.refunds import State
from refunddesk.services import payments
from refunddesk.services.payments import RefundNotSent
from refunddesk.services.refunds import NothingLeftToRefund, RefundAlreadyGranted
from refunddesk.woocommerce.client import StoreCallFailed
from refunddesk.woocommerce.refunds import marker_in
from tests import building
from tests.selling import Shop

_PAYERS = 4


def _at_once(number: int, work: Callable[[int], int]) -> list[int]:
    """The ids that so many threads got which began together; a refusal gives none."""
    start = Barrier(number)

    def run(index: int) -> list[int]:
        start.wait()
        try:
            return [work(index)]
        except (NothingLeftToRefund, RefundAlreadyGranted):
            return []

    with ThreadPoolExecutor(number) as threads:
        return [found for each in threads.map(run, range(number)) for found in each]


def _pay_all(shop: Shop, refund_ids: list[int]) -> None:
    """Several payers for every refund, all at the same time, and again."""

    def pay(refund_id: int) -> None:
        # What a job leaves to its next run. An order has one open request, so of several that
        # were granted past the asking only one can be opened again: the others stay due.
        with suppress(RefundNotSent, StoreCallFailed, IntegrityError):
            payments.pay_refund(shop.edges, refund_id)

    for _ in range(2):
        with ThreadPoolExecutor(_PAYERS) as threads:
            list(threads.map(pay, refund_ids * _PAYERS))


def _check(shop: Shop, order: Order, refund_ids: list[int]) -> Decimal:
    """One movement per paid refund and no other, all within what was paid; their sum."""
    movements = shop.sandbox.gateway.movements
    moved = Counter(marker_in(movement.reason) for movement in movements)
    with shop.edges.database.read() as transaction:
        found = [refunds.get_refund(transaction, refund_id) for refund_id in refund_ids]
    assert {refund.state for refund in found} <= {State.PAID, State.FAILED, State.DUE}
    assert moved == Counter(refund.marker for refund in found if refund.state == State.PAID)
    assert sum(movement.amount for movement in movements) <= order.total.decimal
    return sum((movement.amount for movement in movements), Decimal(0))


def test_fifty_approvals_of_one_request_send_one_call(shop: Shop) -> None:
    order = shop.record(shop.sell("LIC-1", "DOM-1")["id"])
    line = shop.items(order)[0]
    with shop.edges.database.write() as transaction:
        request_id = building.add_request(transaction, order, shop.clock())

    def approve(_index: int) -> int:
        with shop.edges.database.write() as transaction:
            share = {line.woo_item_id: ("99.00", "0.00")}
            return building.grant_by(transaction, shop.edges, order, request_id, share)

    granted = _at_once(50, approve)
    assert len(granted) == 1
    _pay_all(shop, granted)
    assert _check(shop, order, granted) == Decimal("99.00")


def test_twenty_refunds_of_three_times_what_was_paid_send_no_cent_more(shop: Shop) -> None:
    order = shop.record(shop.sell("LIC-1")["id"])
    (line,) = shop.items(order)

    def grant(_index: int) -> int:
        share = {line.woo_item_id: ("14.85", "0.00")}  # 20 of them are 297.00 for 99.00
        return building.grant(shop.edges, order, share).id

    granted = _at_once(20, grant)
    assert len(granted) == 6
    _pay_all(shop, granted)
    assert Decimal(0) < _check(shop, order, granted) <= Decimal("99.00")
