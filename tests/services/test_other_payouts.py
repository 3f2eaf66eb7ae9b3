"""What a policy grants in another form than money is never paid out as money."""

from __future__ import annotations

import json
from datetime import date

import pytest

from refunddesk.db import decisions, refunds, requests
from refunddesk.db.history import list_deeds
from refunddesk.db.refunds import Refund
from refunddesk.policy.templates import new_from_template
from refunddesk.services.edges import Edges
from tests.asking import PORTAL, ask, buy, judge, work
from tests.building import add_store
from tests.conftest import TestClock

FREE = type(PORTAL)(sites=0)


def join_with(edges: Edges, template: str, old: str = "", new: str = "") -> int:
    """A store judged by a policy begun from that template."""
    text = new_from_template("ours", template, date(2020, 1, 1))
    assert old in text
    document = edges.home / "policies" / "ours.toml"
    document.parent.mkdir(exist_ok=True)
    document.write_text(text.replace(old, new) if old else text, "utf-8")
    return add_store(edges, policy="ours")


def found(edges: Edges, request_id: int) -> tuple[str, list[Refund], str]:
    with edges.database.read() as transaction:
        request = requests.get_request(transaction, request_id)
        deed = list_deeds(transaction, f"request:{request_id}")[-1]
        held = refunds.list_for_order(transaction, request.order_id)
    return request.state, held, str(deed.data.get("because"))


@pytest.mark.parametrize(
    ("days", "state", "paid"),
    [
        pytest.param(14, "granted", 1, id="in money until day 14"),
        pytest.param(16, "in_review", 0, id="in store credit from day 15 on"),
    ],
)
def test_store_credit_goes_to_a_person_with_its_amount(
    edges: Edges, clock: TestClock, days: int, state: str, paid: int
) -> None:
    order = buy(edges, join_with(edges, "store-credit"), FREE)
    clock.move(days=days)
    request_id = ask(edges, order)
    work(edges)
    is_now, held, because = found(edges, request_id)
    assert (is_now, len(held)) == (state, paid)
    if not paid:
        assert "grants 236.81 EUR by credit, as store credit. Nothing was paid out" in because


def test_judging_anew_does_not_pay_out_a_credit_either(edges: Edges, clock: TestClock) -> None:
    order = buy(edges, join_with(edges, "store-credit"), FREE)
    clock.move(days=16)
    request_id = ask(edges, order)
    work(edges)
    judge(edges, request_id)
    state, held, _ = found(edges, request_id)
    assert (state, held) == ("in_review", [])
    with edges.database.read() as transaction:
        latest = decisions.find_latest(transaction, request_id)
    assert latest is not None
    assert "credit" in json.loads(latest.decision)["effects"]


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        ("exchange", "in exchange for another product"),
        ("linked_order_refunded", "together with the order it is linked to"),
    ],
)
def test_an_exchange_and_a_linked_order_are_a_persons_too(
    edges: Edges, effect: str, words: str
) -> None:
    store_id = join_with(edges, "thirty-days", '"license_ends"', f'"{effect}"')
    order = buy(edges, store_id, FREE)
    request_id = ask(edges, order)
    work(edges)
    state, held, because = found(edges, request_id)
    assert (state, held, words in because) == ("in_review", [], True)
