"""Brings an order's books to what is known of it, and checks that all books tell the truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from refunddesk import ledger
from refunddesk.db import books, orders, refunds, store_refunds
from refunddesk.db.orders import Order
from refunddesk.db.refunds import OPEN, State
from refunddesk.db.store_refunds import StoreRefund
from refunddesk.ledger import Posting, SoldLine
from refunddesk.services.edges import Edges


@dataclass(frozen=True, slots=True)
class BooksWrong:
    """The first order whose books do not hold; `because` says what they ought to show."""

    order_id: int
    because: str


def book_order(transaction: Connection, order: Order, now: datetime) -> None:
    """Post what is missing for the payment and for the refunds made without us.

    The caller holds the order's lock. Running it again posts nothing.
    """
    books.correct(
        transaction,
        order.store_id,
        order.id,
        kind="payment",
        matter=f"payment:{order.id}",
        target=_payment(transaction, order),
        at=now,
    )
    for row, target in _outside_refunds(transaction, order):
        books.correct(
            transaction,
            order.store_id,
            order.id,
            kind="outside_refund",
            matter=f"store_refund:{row.woo_refund_id}",
            target=target,
            at=now,
        )


def find_wrong_books(edges: Edges) -> BooksWrong | None:
    """The first order whose books do not balance, or do not say what its rows say."""
    with edges.database.read() as transaction:
        unbalanced = books.find_unbalanced_order(transaction)
        if unbalanced is not None:
            return BooksWrong(unbalanced, "the postings of an entry do not sum to zero")
        last = 0
        while page := orders.list_order_ids(transaction, above=last):
            for order_id in page:
                wrong = _find_wrong(transaction, orders.get_order(transaction, order_id))
                if wrong:
                    return wrong
            last = page[-1]
    return None


def _find_wrong(transaction: Connection, order: Order) -> BooksWrong | None:
    expected = [*_payment(transaction, order)]
    for _, target in _outside_refunds(transaction, order):
        expected += target
    for refund in refunds.list_for_order(transaction, order.id):
        if refund.state in OPEN or refund.state == State.PAID:
            expected += ledger.refund_granted(refund.id, refund.amount).postings
        if refund.state == State.PAID:
            expected += ledger.refund_paid(refund.id, refund.amount).postings
    missing = ledger.difference(books.balances(transaction, order.id), expected)
    if not missing:
        return None
    told = ", ".join(
        f"{posting.account} is off by {posting.amount} {posting.amount.currency}"
        for posting in missing
    )
    return BooksWrong(order.id, told)


def _payment(transaction: Connection, order: Order) -> tuple[Posting, ...]:
    if order.paid_at is None:
        return ()
    lines = [
        SoldLine(item.item_kind, item.paid, item.tax)
        for item in orders.list_items(transaction, order.id)
    ]
    return ledger.payment(order.total, lines)


def _outside_refunds(
    transaction: Connection, order: Order
) -> list[tuple[StoreRefund, tuple[Posting, ...]]]:
    """Every refund row of the order with what the books must show for it.

    A row of a refund of ours is booked as ours, unless we gave that refund up.
    """
    ours = {
        refund.id
        for refund in refunds.list_for_order(transaction, order.id)
        if refund.state != State.FAILED
    }
    found = []
    for row in store_refunds.list_store_refunds(transaction, order.id):
        counts = row.counts and row.refund_id not in ours
        paid = row.refunded_payment
        found.append(
            (row, ledger.outside_refund(row.amount, refunded_payment=paid) if counts else ())
        )
    return found
