"""The books tell the truth at once when a person's word and the store's rows differ."""

from __future__ import annotations

import pytest

from refunddesk.db import store_refunds
from refunddesk.db.refunds import State
from refunddesk.db.store_refunds import StoreRefundFacts
from refunddesk.services.bookkeeping import find_wrong_books
from refunddesk.services.payments import pay_refund
from refunddesk.services.read_back import resolve_refund
from refunddesk.services.refund_outcomes import record_failed, record_paid
from tests.services.answering import answering
from tests.services.paying import Till


@pytest.fixture
def in_review(till: Till) -> Till:
    """A refund whose row the store shows, while nobody knows whether its gateway paid."""
    with answering(till, 500, {"code": "internal_server_error"}) as edges:
        pay_refund(edges, till.refund.id)
    till.shop.clock.move(minutes=16)
    resolve_refund(till.edges, till.refund.id)
    assert till.state() == State.NEEDS_REVIEW
    row = StoreRefundFacts(
        900, till.refund.amount, till.refund.marker, None, lines=(), made_at=None
    )
    with till.edges.database.write() as transaction:
        store_refunds.record_store_refund(
            transaction,
            store_id=till.shop.store_id,
            order_id=till.order.id,
            facts=row,
            now=till.shop.clock(),
        )
    assert find_wrong_books(till.edges) is None
    return till


def _give_up(till: Till) -> None:
    with till.edges.database.write() as transaction:
        assert record_failed(
            transaction,
            till.now(),
            now=till.shop.clock(),
            actor="staff:1",
            evidence={},
            because="the bank says no",
            judge_anew=False,
        )


def test_the_row_of_a_refund_given_up_is_booked_as_made_elsewhere(in_review: Till) -> None:
    _give_up(in_review)
    assert find_wrong_books(in_review.edges) is None
    assert in_review.shop.books(in_review.order)["booked_elsewhere"] == "-99.00"


def test_a_refund_given_up_and_found_paid_after_all_is_booked_once(in_review: Till) -> None:
    _give_up(in_review)
    with in_review.edges.database.write() as transaction:
        assert record_paid(
            transaction,
            in_review.now(),
            now=in_review.shop.clock(),
            actor="payments",
            evidence={},
            woo_refund_id=900,
        )
    assert find_wrong_books(in_review.edges) is None
    books = in_review.shop.books(in_review.order)
    assert (books["paid_out"], books.get("booked_elsewhere")) == ("-99.00", None)
