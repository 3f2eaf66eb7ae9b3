"""What the bridge remembers of a refund: the sandbox's copy, and the plugin in a real store."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.woocommerce.contract_answers import (  # noqa: F401
    Answers,
    answers_fixture,
    break_gateway,
    live_stores,
    moved,
    needed,
    sandbox_fixture,
)
from tests.woocommerce.contract_drivers import Exchange, LiveStore

BRIDGE = "/wp-json/wc-refund-desk/v1"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_key() -> str:
    return "RD-" + "".join(secrets.choice(_ALPHABET) for _ in range(8))


@pytest.fixture
def live(answers: Answers) -> LiveStore:
    """A store that has the bridge and gateways that do as they are told."""
    store = needed(answers.live)
    if hasattr(store.control, "_store"):
        store.control._store.bridge.installed = True
    if ask(store, "GET", "/status").status == 404:
        pytest.skip("the store has no Refund Desk Bridge")
    return store


def ask(live: LiveStore, method: str, path: str, body: Any = None) -> Exchange:
    return live.call(method, path, body, api=BRIDGE)


def refund(live: LiveStore, order_id: int, key: str, **changes: Any) -> Exchange:
    body = {
        "refund_desk_key": key,
        "amount": "50.00",
        "reason": f"{key} refund",
        "api_refund": True,
        "api_restock": False,
        **changes,
    }
    return ask(live, "POST", f"/orders/{order_id}/refunds", body)


def order_of(live: LiveStore, *, keys: bool = False) -> int:
    gateway = live.control.gateway_with_keys if keys else live.control.gateway
    return int(live.small_order(payment_method=gateway)["id"])


#: What goes wrong; the status then; how far it came; whether the money went; and whether a gateway
#: without keys lets it be sent again.
FAULTS = [
    pytest.param("ok", 201, "paid", True, False, id="nothing"),
    pytest.param("decline", 500, "declined", False, False, id="the gateway says no"),
    pytest.param("throw", 500, "gateway_called", False, False, id="throws before the money"),
    pytest.param("ok_then_throw", 500, "gateway_called", True, False, id="throws after the money"),
    pytest.param("kill_early", 502, "begun", False, True, id="killed before the row"),
    pytest.param("kill_before", 502, "gateway_called", False, False, id="killed before the money"),
    pytest.param("ok_then_kill", 502, "gateway_called", True, False, id="killed after the money"),
]


@live_stores
@pytest.mark.parametrize(("how", "status", "state", "went", "again"), FAULTS)
def test_a_gateway_without_keys_is_called_again_only_if_it_certainly_was_not(
    live: LiveStore, how: str, status: int, state: str, went: bool, again: bool
) -> None:
    order_id, key = order_of(live), new_key()
    break_gateway(live, how, order_id)
    assert refund(live, order_id, key).status == status
    attempt = ask(live, "GET", f"/attempts/{key}").body
    assert (attempt["state"], attempt["may_be_sent_again"]) == (state, again)
    assert (attempt["order_id"], attempt["amount"], attempt["tries"]) == (order_id, "50.00", 1)
    second = refund(live, order_id, key)
    if again or state == "paid":
        assert second.status == 201
    else:
        assert (second.status, second.body["code"]) == (409, "refund_desk_outcome_unknown")
    assert len(refunds_of(live, order_id)) == int(went or again)


@live_stores
@pytest.mark.parametrize(("how", "status", "state", "went", "again"), FAULTS)
def test_a_gateway_that_honours_keys_pays_once_however_often_it_is_asked(
    live: LiveStore, how: str, status: int, state: str, went: bool, again: bool
) -> None:
    order_id, key = order_of(live, keys=True), new_key()
    break_gateway(live, how, order_id)
    assert refund(live, order_id, key).status == status
    for _ in range(2):
        answer = refund(live, order_id, key)
        assert (answer.status, answer.body["refunded_payment"]) == (201, True)
    assert len(refunds_of(live, order_id)) == 1
    assert len(live.get(f"/orders/{order_id}/refunds").body) == 1


def refunds_of(live: LiveStore, order_id: int) -> list[str]:
    return moved(live, order_id)


@live_stores
def test_the_same_answer_is_given_to_the_same_key(live: LiveStore) -> None:
    order_id, key = order_of(live), new_key()
    first, second = refund(live, order_id, key), refund(live, order_id, key)
    assert first.body["id"] == second.body["id"]
    assert first.body.keys() == second.body.keys()


@live_stores
def test_six_refunds_at_once_never_give_back_more_than_the_order_holds(live: LiveStore) -> None:
    order_id = order_of(live)
    break_gateway(live, "hang", order_id, seconds=0.3)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: refund(live, order_id, new_key()), range(6)))
    break_gateway(live, "ok", order_id)
    assert sorted(answer.status for answer in answers) == [201, 201, 500, 500, 500, 500]
    assert len(refunds_of(live, order_id)) == 2  # of 50.00 each, on an order of 117.81


@live_stores
def test_six_at_once_by_the_stores_own_route_never_give_back_more_either(live: LiveStore) -> None:
    order_id = order_of(live)
    break_gateway(live, "hang", order_id, seconds=0.3)
    body = {"amount": "50.00", "reason": "by hand", "api_refund": True}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: live.refund(order_id, body), range(6)))
    break_gateway(live, "ok", order_id)
    assert sorted(answer.status for answer in answers) == [201, 201, 500, 500, 500, 500]
    assert len(refunds_of(live, order_id)) == 2


@live_stores
def test_one_key_asked_six_times_at_once_pays_once(live: LiveStore) -> None:
    order_id, key = order_of(live), new_key()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: refund(live, order_id, key), range(6)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert len(refunds_of(live, order_id)) == 1


@live_stores
def test_the_word_of_a_person_covers_the_tries_it_names(live: LiveStore) -> None:
    order_id, key = order_of(live), new_key()
    break_gateway(live, "decline", order_id)
    assert refund(live, order_id, key).status == 500
    assert refund(live, order_id, key, refund_desk_settled_tries=2).status == 409
    assert refund(live, order_id, key, refund_desk_settled_tries=1).status == 201
    assert len(refunds_of(live, order_id)) == 1


@live_stores
def test_releasing_removes_the_row_of_a_process_that_died_and_no_other(live: LiveStore) -> None:
    order_id, key = order_of(live, keys=True), new_key()
    by_hand = {"amount": "1.00", "reason": f"{key} by hand", "api_refund": False}
    assert live.refund(order_id, by_hand).status == 201
    break_gateway(live, "kill_before", order_id)
    refund(live, order_id, key)
    assert len(live.get(f"/orders/{order_id}/refunds").body) == 2
    released = ask(live, "POST", f"/attempts/{key}/release")
    assert (released.status, released.body["may_be_sent_again"]) == (200, True)
    (row,) = live.get(f"/orders/{order_id}/refunds").body
    assert row["reason"] == f"{key} by hand"


@live_stores
def test_an_announced_call_is_known_by_its_number_and_nothing_came_of_it_yet(
    live: LiveStore,
) -> None:
    order_id, key = order_of(live), new_key()

    def announce(number: int) -> Exchange:
        body = {"order_id": order_id, "amount": "50.00", "number": number}
        return ask(live, "POST", f"/attempts/{key}/announce", body)

    first, second = announce(1), announce(2)
    assert [(said.status, said.body["announced"]) for said in (first, second)] == [
        (200, 0),
        (200, 1),
    ]
    told = ask(live, "GET", f"/attempts/{key}").body
    assert (told["state"], told["tries"], told["announced"]) == ("none", 0, 2)
    assert refund(live, order_id, key).status == 201
    assert announce(1).body["announced"] == 2
    told = ask(live, "GET", f"/attempts/{key}").body
    assert (told["state"], told["tries"], told["announced"]) == ("paid", 1, 2)
    other = {"order_id": order_id, "amount": "49.00", "number": 3}
    assert ask(live, "POST", f"/attempts/{key}/announce", other).status == 422


@live_stores
def test_releasing_leaves_a_row_whose_gateway_may_have_been_called(live: LiveStore) -> None:
    order_id, key = order_of(live), new_key()
    break_gateway(live, "ok_then_kill", order_id)
    refund(live, order_id, key)
    released = ask(live, "POST", f"/attempts/{key}/release")
    assert (released.status, released.body["may_be_sent_again"]) == (200, False)
    assert len(live.get(f"/orders/{order_id}/refunds").body) == 1


@live_stores
def test_of_a_key_never_heard_of_the_bridge_says_so(live: LiveStore) -> None:
    said = ask(live, "GET", f"/attempts/{new_key()}")
    assert (said.status, said.body["state"], said.body["may_be_sent_again"]) == (200, "none", True)
    assert said.body["record"] == ask(live, "GET", "/status").body["record"] != ""


@live_stores
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"refund_desk_key": "short"}, id="a key too short"),
        pytest.param({"refund_desk_key": None}, id="no key"),
        pytest.param({"amount": "1,50"}, id="an amount with a comma"),
        pytest.param({"amount": 50}, id="an amount that is a number"),
        pytest.param({"amount": "1e1"}, id="an amount with an exponent"),
    ],
)
def test_what_is_malformed_is_refused_before_anything_is_begun(
    live: LiveStore, changes: dict[str, Any]
) -> None:
    order_id = order_of(live)
    assert refund(live, order_id, new_key(), **changes).status == 400
    assert refunds_of(live, order_id) == []


@live_stores
def test_a_key_of_another_refund_is_refused(live: LiveStore) -> None:
    order_id, other_id, key = order_of(live), order_of(live), new_key()
    assert refund(live, order_id, key).status == 201
    for asked in (refund(live, order_id, key, amount="49.00"), refund(live, other_id, key)):
        assert (asked.status, asked.body["code"]) == (422, "refund_desk_key_reused")
    assert refunds_of(live, other_id) == []


@live_stores
def test_without_a_right_to_refunds_nothing_is_begun(live: LiveStore) -> None:
    order_id, key = order_of(live), new_key()
    body = {"refund_desk_key": key, "amount": "50.00", "reason": f"{key} refund"}
    path = f"/orders/{order_id}/refunds"
    assert live.call("POST", path, body, auth=live.read_only_auth, api=BRIDGE).status == 401
    assert ask(live, "GET", f"/attempts/{key}").body["state"] == "none"
