"""Everything that can go wrong on the way to a store, and what it leaves behind there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from refunddesk.sandbox.faults import Mode, NoSuchFault
from refunddesk.sandbox.store import SandboxStore
from tests.sandbox.conftest import Call

Soon = Callable[[Callable[[], bool]], None]


@pytest.fixture
def order(store: SandboxStore) -> dict[str, Any]:
    """A paid order of 117.81."""
    return store.add_order([{"sku": "LIC-1", "quantity": 1}])


def rows(store: SandboxStore, order: dict[str, Any]) -> list[dict[str, Any]]:
    return store.documents.list("refund", order["id"])


def refund(call: Call, order: dict[str, Any], amount: str = "10.00", **options: Any) -> Any:
    body = {"amount": amount, "reason": "RD-1"}
    return call("POST", f"/orders/{order['id']}/refunds", body, **options)


# -- the client gives up, the store does not -------------------------------------------------


def test_the_row_is_listed_unpaid_while_the_gateway_works(
    store: SandboxStore, call: Call, order: dict[str, Any], soon: Soon
) -> None:
    store.faults.arm("hangs_before_money", seconds=0.6)
    with pytest.raises(requests.Timeout):
        refund(call, order, timeout=0.3)
    soon(lambda: bool(rows(store, order)))
    (row,) = call("GET", f"/orders/{order['id']}/refunds").json()
    assert (row["refunded_payment"], row["reason"], row["meta_data"]) == (False, "RD-1", [])
    soon(lambda: rows(store, order)[0]["refunded_payment"])
    assert len(store.gateway.movements) == 1


def test_money_that_moved_is_not_yet_in_the_row_when_the_client_gives_up(
    store: SandboxStore, call: Call, order: dict[str, Any], soon: Soon
) -> None:
    store.faults.arm("hangs_after_money", seconds=0.6)
    with pytest.raises(requests.Timeout):
        refund(call, order, timeout=0.3)
    soon(lambda: bool(store.gateway.movements))
    assert not rows(store, order)[0]["refunded_payment"]
    soon(lambda: rows(store, order)[0]["refunded_payment"])


def test_a_request_abandoned_before_a_worker_is_worked_off_later(
    store: SandboxStore, call: Call, order: dict[str, Any], soon: Soon
) -> None:
    store.faults.arm("abandoned", seconds=0.3, method="POST")
    with pytest.raises(requests.ConnectionError):
        refund(call, order)
    assert call("GET", f"/orders/{order['id']}/refunds").json() == []
    assert store.gateway.movements == ()
    soon(lambda: len(store.gateway.movements) == 1)
    soon(lambda: rows(store, order)[0]["refunded_payment"])


# -- the limit that is not kept --------------------------------------------------------------


def test_six_refunds_at_once_pay_more_than_the_order_was_worth(
    store: SandboxStore, call: Call, order: dict[str, Any]
) -> None:
    store.faults.arm("hangs_before_money", seconds=0.8, times=None)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(refund(call, order, "50.00").status_code))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(201) > 2
    assert store.gateway.totals()["EUR"] == 50 * answers.count(201) > 117


def test_one_after_another_the_limit_holds(
    store: SandboxStore, call: Call, order: dict[str, Any]
) -> None:
    assert [refund(call, order, "50.00").status_code for _ in range(3)] == [201, 201, 500]
    assert store.gateway.totals()["EUR"] == 100


# -- what stands in front --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "status", "header", "paid"),
    [
        pytest.param("maintenance", 503, ("Retry-After", "600"), 0, id="maintenance"),
        pytest.param("bad_gateway", 502, ("Content-Type", "text/html"), 0, id="bad gateway"),
        pytest.param("too_many", 429, ("Content-Type", "text/html"), 0, id="too many requests"),
    ],
)
def test_a_proxy_answers_in_the_stores_place(
    store: SandboxStore,
    call: Call,
    order: dict[str, Any],
    mode: str,
    status: int,
    header: tuple[str, str],
    paid: int,
) -> None:
    store.faults.arm(mode)
    refused = refund(call, order)
    assert (refused.status_code, refused.headers[header[0]]) == (status, header[1])
    assert len(store.gateway.movements) == paid
    assert refund(call, order).status_code == 201


def test_a_followed_redirect_turns_the_refund_into_a_list(
    store: SandboxStore, call: Call, order: dict[str, Any]
) -> None:
    """What a client gets that follows redirects: 200 and a list, and nothing was refunded."""
    store.faults.arm("redirect", times=2)
    redirected = refund(call, order)
    assert (redirected.status_code, redirected.headers["Location"][-8:]) == (301, "/refunds")
    followed = refund(call, order, allow_redirects=True)
    assert (followed.status_code, followed.json()) == (200, [])
    assert store.gateway.movements == ()


@pytest.mark.parametrize(
    ("mode", "paid"),
    [
        pytest.param("closes_before", 0, id="before the work"),
        pytest.param("closes_after", 1, id="after the work"),
        pytest.param("closes_mid_body", 1, id="in the middle of the answer"),
    ],
)
def test_a_closed_connection_says_nothing_about_the_money(
    store: SandboxStore, call: Call, order: dict[str, Any], mode: str, paid: int
) -> None:
    store.faults.arm(mode)
    with pytest.raises(requests.RequestException):
        refund(call, order)
    assert len(store.gateway.movements) == paid


def test_a_notice_behind_the_answer_makes_it_no_json(
    store: SandboxStore, call: Call, order: dict[str, Any]
) -> None:
    store.faults.arm("trailing_garbage")
    answered = call("GET", f"/orders/{order['id']}")
    assert answered.status_code == 200
    with pytest.raises(ValueError):
        answered.json()


# -- arming ----------------------------------------------------------------------------------


def test_a_fault_waits_for_the_order_it_is_meant_for(
    store: SandboxStore, call: Call, order: dict[str, Any]
) -> None:
    store.faults.arm("decline", order_id=order["id"] + 1000)
    assert refund(call, order).status_code == 201
    assert len(store.faults.armed) == 1


def test_a_fault_happens_as_often_as_it_was_armed_for(
    store: SandboxStore, call: Call, order: dict[str, Any]
) -> None:
    store.faults.arm("decline", times=2, message="Card closed.")
    answers = [refund(call, order) for _ in range(3)]
    assert [one.status_code for one in answers] == [500, 500, 201]
    assert answers[0].json()["message"] == "Card closed."


def test_a_fault_until_cleared_is_ended_by_clearing(
    store: SandboxStore, call: Call, order: dict[str, Any]
) -> None:
    store.faults.arm("maintenance", times=None)
    assert [refund(call, order).status_code for _ in range(3)] == [503] * 3
    store.faults.clear()
    assert refund(call, order).status_code == 201


def test_a_fault_meets_only_the_paths_and_methods_it_names(
    store: SandboxStore, call: Call, order: dict[str, Any]
) -> None:
    store.faults.arm("maintenance", method="post", path_part="/refunds")
    assert call("GET", f"/orders/{order['id']}/refunds").status_code == 200
    assert call("GET", "/orders").status_code == 200
    assert refund(call, order).status_code == 503


@pytest.mark.parametrize("death", ["text_500", "html_502", "json_500"])
def test_a_dead_worker_can_look_three_ways(
    store: SandboxStore, call: Call, order: dict[str, Any], death: str
) -> None:
    store.faults.arm(Mode.DIES_AFTER_MONEY, message=death)
    died = refund(call, order)
    assert died.status_code == int(death[-3:])
    assert died.headers["Content-Type"].startswith(
        "application/json" if death == "json_500" else "text/html"
    )
    assert len(store.gateway.movements) == len(rows(store, order)) == 1


def test_an_unknown_fault_is_refused_with_the_names_there_are(store: SandboxStore) -> None:
    with pytest.raises(NoSuchFault, match="choose one of: decline"):
        store.faults.arm("explodes")
    with pytest.raises(NoSuchFault, match="at least once"):
        store.faults.arm("decline", times=0)
