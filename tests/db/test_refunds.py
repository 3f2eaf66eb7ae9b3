"""The states of a refund, and the only ways from one to another."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy.exc import IntegrityError

from refunddesk.db import outbox, refunds
from refunddesk.db.refunds import EDGES, IN_FLIGHT, OPEN, SETTLED, NoSuchTransition, Refund, State
from refunddesk.jobnames import JobName
from refunddesk.services.edges import Edges
from tests import building

#: How a refund comes to each state, by edges alone.
WAYS = {
    State.DUE: [],
    State.SENDING: [State.SENDING],
    State.UNKNOWN: [State.SENDING, State.UNKNOWN],
    State.NEEDS_REVIEW: [State.SENDING, State.UNKNOWN, State.NEEDS_REVIEW],
    State.PAID: [State.SENDING, State.PAID],
    State.FAILED: [State.SENDING, State.FAILED],
}


def _refund_in(edges: Edges, state: State) -> Refund:
    order = building.add_order(edges, building.add_store(edges))
    refund = building.grant(edges, order)
    with edges.database.write() as transaction:
        for step in WAYS[state]:
            moved = refunds.move(transaction, refund, step, now=edges.clock())
            assert moved
            refund = moved
    return refund


@pytest.mark.parametrize("start", State)
def test_a_refund_goes_where_the_table_of_edges_says_and_nowhere_else(
    edges: Edges, start: State
) -> None:
    refund = _refund_in(edges, start)
    with edges.database.write() as transaction:
        for target in State:
            with transaction.begin_nested() as attempt:
                if (start, target) in EDGES:
                    moved = refunds.move(transaction, refund, target, now=edges.clock())
                    assert moved
                    assert (moved.state, moved.token) == (target, refund.token + 1)
                else:
                    with pytest.raises(NoSuchTransition):
                        refunds.move(transaction, refund, target, now=edges.clock())
                attempt.rollback()


def test_money_is_sent_only_out_of_due() -> None:
    assert [start for start, end in EDGES if end == State.SENDING] == [State.DUE]


def test_a_paid_refund_stays_paid() -> None:
    assert not [end for start, end in EDGES if start == State.PAID]


def test_what_may_have_been_sent_becomes_due_again_only_by_proof_or_by_a_person() -> None:
    assert {start for start, end in EDGES if end == State.DUE} == {
        State.SENDING,
        State.UNKNOWN,  # by the record of the store's bridge alone
        State.NEEDS_REVIEW,
    }


def test_every_state_is_either_open_or_settled() -> None:
    assert set(State) == OPEN | SETTLED
    assert not OPEN & SETTLED
    assert IN_FLIGHT < OPEN


@pytest.mark.parametrize(
    ("start", "end"), [pair for pair in product(State, State) if pair in EDGES]
)
def test_who_holds_a_refund_as_it_was_before_changes_nothing(
    edges: Edges, start: State, end: State
) -> None:
    held = _refund_in(edges, start)
    with edges.database.write() as transaction:
        moved = refunds.move(transaction, held, end, now=edges.clock())
        assert moved
        assert refunds.move(transaction, held, end, now=edges.clock()) is None
        assert not refunds.record_look(transaction, held)
        assert refunds.get_refund(transaction, held.id) == moved


def test_a_sender_that_comes_back_after_its_refund_was_sent_anew_changes_nothing(
    edges: Edges,
) -> None:
    first = _refund_in(edges, State.SENDING)
    with edges.database.write() as transaction:
        refund = first
        for state in (State.UNKNOWN, State.NEEDS_REVIEW, State.DUE, State.SENDING):
            moved = refunds.move(transaction, refund, state, now=edges.clock())
            assert moved
            refund = moved
        assert refund.state == first.state
        assert refunds.move(transaction, first, State.PAID, now=edges.clock()) is None


def test_two_refunds_of_one_order_are_never_in_flight_together(edges: Edges) -> None:
    order = building.add_order(edges, building.add_store(edges))
    first = building.grant(edges, order, {11: ("50.00", "0.00")})
    second = building.grant(edges, order, {11: ("50.00", "0.00")})
    with edges.database.write() as transaction:
        assert refunds.move(transaction, first, State.SENDING, now=edges.clock())
    with pytest.raises(IntegrityError), edges.database.write() as transaction:
        refunds.move(transaction, second, State.SENDING, now=edges.clock())


def test_lines_come_back_from_the_database_as_they_went_in(edges: Edges) -> None:
    order = building.add_order(
        edges, building.add_store(edges), building.Line("33.33", "6.33", quantity=3)
    )
    refund = building.grant(edges, order)
    (line,) = refund.lines
    assert (line.woo_item_id, str(line.quantity)) == (11, "3")
    assert (line.net, line.tax) == (building.eur("33.33"), building.eur("6.33"))
    assert refund.amount == building.eur("39.66")


def test_a_lease_lapses_at_its_end_and_not_before(edges: Edges) -> None:
    refund = _refund_in(edges, State.DUE)
    until = edges.clock() + timedelta(seconds=300)
    with edges.database.write() as transaction:
        refunds.move(transaction, refund, State.SENDING, now=edges.clock(), lease_until=until)
        just_before = until - timedelta(microseconds=1)
        assert not refunds.list_lapsed(transaction, just_before)
        assert [lapsed.id for lapsed in refunds.list_lapsed(transaction, until)] == [refund.id]


def test_a_due_refund_is_forgotten_once_no_payment_is_promised(edges: Edges) -> None:
    refund = _refund_in(edges, State.DUE)
    with edges.database.write() as transaction:
        due = [State.DUE]
        assert not refunds.list_forgotten(transaction, due, JobName.PAY_REFUND)
        (promised,) = outbox.list_open(transaction)
        claimed = outbox.claim(transaction, promised.id, now=edges.clock())
        assert claimed
        outbox.finish(transaction, claimed, now=edges.clock())
        forgotten = refunds.list_forgotten(transaction, due, JobName.PAY_REFUND)
        assert [found.id for found in forgotten] == [refund.id]
