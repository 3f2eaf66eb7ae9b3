"""The example of docs/books.md is true, and what is booked stays as it was booked."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from refunddesk import ledger
from refunddesk.db import books
from refunddesk.db.tables import entries, postings
from refunddesk.ledger import Posting, SoldLine
from refunddesk.services.edges import Edges
from tests.building import add_order, add_store, eur


def shown(found: tuple[Posting, ...]) -> dict[str, str]:
    return {posting.account: str(posting.amount) for posting in found}


def test_the_worked_example_of_the_docs(edges: Edges) -> None:
    order = add_order(edges, add_store(edges))
    now = edges.clock()
    sold = [
        SoldLine("product", eur("199.00"), eur("37.81")),
        SoldLine("additional_domain", eur("49.00"), eur("9.31")),
    ]
    surcharge = SoldLine("fee", eur("5.00"), eur("0.00"))
    paid = ledger.payment(eur("295.12"), sold)
    by_hand = ledger.outside_refund(eur("10.00"), refunded_payment=True)
    with edges.database.write() as transaction:

        def correct(kind: str, matter: str, target: tuple[Posting, ...]) -> bool:
            return books.correct(
                transaction,
                order.store_id,
                order.id,
                kind=kind,
                matter=matter,
                target=target,
                at=now,
            )

        def post(entry: ledger.Entry) -> bool:
            return books.post(transaction, order.store_id, order.id, entry, now)

        assert correct("payment", "payment:1", paid)
        assert not correct("payment", "payment:1", paid)
        assert correct("outside_refund", "store_refund:812", by_hand)
        assert post(ledger.refund_granted(7, eur("199.00")))
        assert not post(ledger.refund_granted(7, eur("199.00")))
        assert post(ledger.refund_paid(7, eur("199.00")))
        assert correct("payment", "payment:1", ledger.payment(eur("300.12"), [*sold, surcharge]))
        booked = books.list_entries(transaction, order.id)
        balances = books.balances(transaction, order.id)
        assert books.find_unbalanced_order(transaction) is None
    assert [(entry.kind, entry.reference) for entry in booked] == [
        ("payment", "payment:1:1"),
        ("outside_refund", "store_refund:812:1"),
        ("refund_granted", "refund:7:granted"),
        ("refund_paid", "refund:7:paid"),
        ("payment", "payment:1:2"),
    ]
    assert shown(booked[-1].postings) == {"paid_in": "5.00", "sold:fee": "-5.00"}
    assert shown(balances) == {
        "given_back": "209.00",
        "paid_in": "300.12",
        "paid_out": "-199.00",
        "paid_out_elsewhere": "-10.00",
        "sold:additional_domain": "-49.00",
        "sold:fee": "-5.00",
        "sold:product": "-199.00",
        "tax": "-47.12",
    }


def test_a_matter_does_not_mistake_anothers_entries_for_its_own(edges: Edges) -> None:
    """Refund row 1 and refund row 12 begin alike; an underscore matches any letter in SQL."""
    order = add_order(edges, add_store(edges))
    target = ledger.outside_refund(eur("10.00"), refunded_payment=True)
    with edges.database.write() as transaction:
        for matter in ("store_refund:1", "store_refund:12", "storexrefund:1"):
            assert books.correct(
                transaction,
                order.store_id,
                order.id,
                kind="outside_refund",
                matter=matter,
                target=target,
                at=edges.clock(),
            )
        assert shown(books.balances(transaction))["given_back"] == "30.00"


@pytest.mark.parametrize("table", [entries, postings], ids=["an entry", "a posting"])
def test_what_is_booked_can_be_neither_changed_nor_removed(edges: Edges, table: object) -> None:
    order = add_order(edges, add_store(edges))
    with edges.database.write() as transaction:
        entry = ledger.refund_granted(1, eur("1.00"))
        books.post(transaction, order.store_id, order.id, entry, edges.clock())
    for statement in (update(table).values(id=99), delete(table)):  # type: ignore[arg-type]
        with pytest.raises(DBAPIError, match="append only"), edges.database.write() as transaction:
            transaction.execute(statement)
