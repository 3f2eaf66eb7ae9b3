"""A worker that was stopped between its commit and its call: it sends in time or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from refunddesk.db import refunds
from refunddesk.db.refunds import State
from refunddesk.db.session import Database
from refunddesk.services import payments, read_back
from refunddesk.services.edges import Edges
from refunddesk.services.payments import LEASE, RefundNotSent
from tests.services.paying import DUE, Till

#: A call may take 200 s, and the lease must outlive it.
LAST_MOMENT = LEASE - timedelta(seconds=200)


def _stopped_for(till: Till, seconds: timedelta) -> Edges:
    """Edges of a worker that is stopped once its refund is committed as sending."""

    def clock() -> datetime:
        return till.shop.clock() + (seconds if till.state() == State.SENDING else timedelta(0))

    return replace(till.edges, clock=clock)


class _Meanwhile(Database):
    """A database to which something happens before it is next read with a refund being sent."""

    def __init__(self, till: Till, happens: Callable[[], object]) -> None:
        super().__init__(till.edges.database.engine)
        self._till, self._happens = till, happens

    @contextmanager
    def read(self) -> Iterator[Connection]:
        if self._till.state() == State.SENDING:
            self._happens()
        with super().read() as transaction:
            yield transaction


def _stopped_while(till: Till, happens: Callable[[], object]) -> Edges:
    """The same, but its clock was set back meanwhile, so that no time seems to have passed."""
    return replace(till.edges, database=_Meanwhile(till, happens))


def test_a_worker_that_wakes_at_the_last_moment_sends(till: Till) -> None:
    payments.pay_refund(_stopped_for(till, LAST_MOMENT), till.refund.id)
    assert till.state() == State.PAID
    assert till.moved() == ["99.00"]


def test_a_worker_that_wakes_any_later_does_not_send_and_the_refund_is_due(till: Till) -> None:
    too_late = LAST_MOMENT + timedelta(microseconds=1)
    with pytest.raises(RefundNotSent):
        payments.pay_refund(_stopped_for(till, too_late), till.refund.id)
    assert (till.state(), till.moved(), till.balances()) == (State.DUE, [], DUE)
    assert till.evidence("refund_due")["trouble"].startswith("the worker came to the call too late")

    payments.pay_refund(till.edges, till.refund.id)
    assert (till.state(), till.moved()) == (State.PAID, ["99.00"])


def test_a_worker_whose_refund_is_in_other_hands_does_not_send(till: Till) -> None:
    def lapse() -> None:
        later = till.shop.clock() + LEASE
        read_back.sweep_refunds(replace(till.edges, clock=lambda: later))

    payments.pay_refund(_stopped_while(till, lapse), till.refund.id)
    assert (till.state(), till.moved()) == (State.UNKNOWN, [])
    assert till.evidence("refund_answered_late")["outcome"] == "not_sent"


def test_a_worker_whose_refund_is_due_again_does_not_send_it_past_the_others(till: Till) -> None:
    def pay_again() -> None:
        with till.edges.database.write() as transaction:
            sending = refunds.get_refund(transaction, till.refund.id)
            assert refunds.move(transaction, sending, State.DUE, now=till.shop.clock())

    payments.pay_refund(_stopped_while(till, pay_again), till.refund.id)
    assert (till.state(), till.moved()) == (State.DUE, [])
