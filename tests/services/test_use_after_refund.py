"""A licence used after its money went back raises a suspicion; only staff make more of it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from refunddesk.db import customers as customer_rows
from refunddesk.db import decisions, requests
from refunddesk.db import licenses as rows
from refunddesk.db import suspicions as suspicion_rows
from refunddesk.db.orders import Order
from refunddesk.services import licenses, suspicions
from refunddesk.services import requests as asking
from refunddesk.services.edges import Edges
from refunddesk.services.validation import validate
from tests.asking import STAFF, ask, buy, days, judge, key_of, report, work
from tests.building import add_store
from tests.conftest import TestClock


@dataclass(frozen=True, slots=True)
class Refunded:
    """A licence whose money went back, and the key that somebody still has."""

    order: Order
    key: str


def refunded(edges: Edges, *, stated: bool = True, number: int = 1001) -> Refunded:
    order = buy(edges, add_store(edges, url=f"https://s{number}.test"), woo_order_id=number)
    key = key_of(edges, order)
    token = licenses.activate(edges, key, "ada.example").token
    report(edges, order)
    request_id = ask(edges, order)
    if stated:
        asking.confirm_destruction(edges, request_id, by=STAFF)
        licenses.deactivate(edges, token)
        work(edges)
        with edges.database.read() as transaction:
            assert requests.get_request(transaction, request_id).state == "granted"
    with edges.database.write() as transaction:
        (held,) = rows.list_licenses(transaction, order.id, None)
        licenses.end(edges, transaction, held.id, "refund 1 was paid", edges.clock(), "payments")
    return Refunded(order, key)


def test_a_copy_that_was_said_to_be_destroyed_is_suspicious_at_once_and_only_once(
    edges: Edges,
) -> None:
    sold = refunded(edges)
    assert suspicions.list_open(edges) == []
    for _ in range(3):
        assert validate(edges, sold.key, "ada.example").license.standing == "ended_refunded"
    (raised,) = suspicions.list_open(edges)
    assert (raised.kind, raised.customer_id) == ("use_after_refund", sold.order.customer_id)
    validate(edges, sold.key, "ada.example", wants_update=True)
    assert [one.kind for one in suspicions.list_open(edges)] == [
        "use_after_refund",
        "update_after_refund",
    ]


def test_a_copy_that_only_learns_of_the_end_by_asking_has_three_days(
    edges: Edges, clock: TestClock
) -> None:
    sold = refunded(edges, stated=False)
    clock.at += days(3) - days(1) / 86_400_000_000
    validate(edges, sold.key, "ada.example")
    assert suspicions.list_open(edges) == []
    clock.move(microseconds=1)
    validate(edges, sold.key, "ada.example")
    assert len(suspicions.list_open(edges)) == 1


def test_a_licence_that_was_not_refunded_is_never_suspicious(
    edges: Edges, clock: TestClock
) -> None:
    order = buy(edges, add_store(edges), period_end_at=clock() + days(1))
    key = key_of(edges, order)
    licenses.activate(edges, key, "ada.example")
    clock.move(days=30)
    assert validate(edges, key, "ada.example", wants_update=True).license.standing == "expired"
    assert suspicions.list_open(edges) == []


def test_a_suspicion_refuses_nothing_until_it_is_confirmed(edges: Edges) -> None:
    sold = refunded(edges)
    validate(edges, sold.key, "ada.example")
    other = buy(edges, sold.order.store_id, woo_order_id=1002)
    other_key = key_of(edges, other)
    assert licenses.activate(edges, other_key, "ada.example").sites == 1
    (raised,) = suspicions.list_open(edges)
    settled = suspicions.confirm(edges, raised.id, evidence="It runs on ada.example.", by=STAFF)
    assert (settled.settled_as, settled.settled_by) == ("confirmed", STAFF)
    assert validate(edges, other_key, "ada.example").license.standing == "blocked"
    assert suspicions.list_open(edges) == []
    with pytest.raises(suspicions.SuspicionSettled):
        suspicions.drop(edges, raised.id, because="a mistake", by=STAFF)


def test_a_second_suspicion_is_confirmed_under_the_procedure_that_is_open(edges: Edges) -> None:
    sold = refunded(edges)
    validate(edges, sold.key, "ada.example")
    validate(edges, sold.key, "ada.example", wants_update=True)
    for raised in suspicions.list_open(edges):
        suspicions.confirm(edges, raised.id, evidence="It runs on ada.example.", by=STAFF)
    assert suspicions.list_open(edges) == []


def test_a_confirmation_that_breaks_off_accuses_nobody(
    edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = refunded(edges)
    validate(edges, sold.key, "ada.example")
    (raised,) = suspicions.list_open(edges)

    def break_off(*_: object, **__: object) -> bool:
        raise RuntimeError("the power failed")

    def is_accused() -> bool:
        assert sold.order.customer_id
        with edges.database.read() as transaction:
            facts = customer_rows.find_customer(transaction, sold.order.customer_id)
        assert facts is not None
        return facts.infringement_is_open

    with monkeypatch.context() as patching:
        patching.setattr(suspicion_rows, "settle", break_off)
        with pytest.raises(RuntimeError, match="power"):
            suspicions.confirm(edges, raised.id, evidence="It runs on ada.example.", by=STAFF)
    assert (is_accused(), suspicions.list_open(edges)) == (False, [raised])
    suspicions.confirm(edges, raised.id, evidence="It runs on ada.example.", by=STAFF)
    assert (is_accused(), suspicions.list_open(edges)) == (True, [])


def test_a_dropped_suspicion_is_over_for_good(edges: Edges) -> None:
    sold = refunded(edges)
    validate(edges, sold.key, "ada.example")
    (raised,) = suspicions.list_open(edges)
    suspicions.drop(edges, raised.id, because="a cached copy of the host", by=STAFF)
    validate(edges, sold.key, "ada.example")
    assert suspicions.list_open(edges) == []
    assert sold.order.customer_id
    with edges.database.read() as transaction:
        facts = customer_rows.find_customer(transaction, sold.order.customer_id)
    assert facts is not None
    assert not facts.infringement_is_open
    for settle in (
        lambda: suspicions.drop(edges, raised.id + 1, because="none", by=STAFF),
        lambda: suspicions.confirm(edges, raised.id + 1, evidence="none", by=STAFF),
    ):
        with pytest.raises(suspicions.NoSuchSuspicion):
            settle()


def test_a_use_seen_after_the_statement_is_in_the_claim(edges: Edges, clock: TestClock) -> None:
    order = buy(edges, add_store(edges))
    key = key_of(edges, order)
    token = licenses.activate(edges, key, "ada.example").token
    report(edges, order)
    request_id = ask(edges, order)
    asking.confirm_destruction(edges, request_id, by=STAFF)
    clock.move(hours=1)
    validate(edges, key, "ada.example")
    licenses.deactivate(edges, token)
    judge(edges, request_id)
    with edges.database.read() as transaction:
        latest = decisions.find_latest(transaction, request_id)
    assert latest is not None
    assert latest.outcome == "refund"
    assert "infringement_suspected" in latest.decision
    assert order.customer_id
    with edges.database.read() as transaction:
        facts = customer_rows.find_customer(transaction, order.customer_id)
    assert facts is not None
    assert not facts.infringement_is_open
