"""A running store answers as the recorded one did: same status, same headers, same JSON types.

The real store is the one WOOCOMMERCE_URL, WOOCOMMERCE_KEY, WOOCOMMERCE_SECRET and, if need be,
WOOCOMMERCE_CA_FILE name; it has one queue, so ask it with one worker: `pytest -m real_store`. A
gateway that can be told to fail is a plugin's; without it those rows skip. What each fact means
stands in the three other contract files.
"""

from __future__ import annotations

import re

import pytest

from tests.woocommerce.contract_answers import (  # noqa: F401
    KEPT,
    RECORDED,
    Answers,
    answers_fixture,
    differences,
    live_stores,
    recorded,
    sandbox_fixture,
    shape,
)
from tests.woocommerce.contract_drivers import Exchange, LiveStore, real_store
from tests.woocommerce.contract_situations import SITUATIONS


@pytest.mark.real_store
@pytest.mark.skipif(real_store() is not None, reason="every live row asks the real store too")
def test_a_real_store_is_asked_too() -> None:
    pytest.skip("WOOCOMMERCE_URL names no real store, so the live rows ask the sandbox only")


@live_stores
@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_live_answer_has_the_recorded_status_and_shape(
    answers: Answers, situation: str, request: pytest.FixtureRequest
) -> None:
    was, answered = recorded(request, situation), answers.ask(situation)
    assert answered.status == was.status, answered.body
    assert differences(shape(was.body), shape(answered.body)) == []


@live_stores
@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_live_answer_carries_the_recorded_headers(
    answers: Answers, situation: str, request: pytest.FixtureRequest
) -> None:
    was, answered = recorded(request, situation), answers.ask(situation)
    for name in ("Content-Type", "Allow", "X-WP-Total", "X-WP-TotalPages", "Location"):
        assert (name in was.headers) == (name in answered.headers), name
    assert was.headers.get("Content-Type") == answered.headers.get("Content-Type")
    # The sandbox has nothing to write products or gateways with; no store allows more.
    assert _methods(answered) <= _methods(was)


def _methods(exchange: Exchange) -> set[str]:
    return set(exchange.headers.get("Allow", "").split(", "))


@pytest.mark.parametrize("answers", [RECORDED, KEPT], indirect=True)
@pytest.mark.parametrize("noun", ["orders", "refunds", "subscriptions"])
def test_all_recorded_objects_of_a_kind_have_the_sandboxes_shape(
    answers: Answers, noun: str, sandbox: LiveStore
) -> None:
    """Not only the recordings named by a situation: each one of its kind."""
    assert answers.recordings is not None
    paths = {
        "orders": r"/wp-json/wc/v3/orders(/\d+)?",
        "refunds": r"/wp-json/wc/v3/orders/\d+/refunds",
        "subscriptions": r"/wp-json/wc/v3/subscriptions/\d+",
    }
    samples = {
        "orders": lambda: sandbox.order(),
        "refunds": lambda: SITUATIONS["a line is refunded with its tax"].script(sandbox).body,
        "subscriptions": lambda: sandbox.subscription(),
    }
    ours = shape(samples[noun]())
    compared = 0
    for path, exchange in answers.recordings.exchanges():
        if exchange.status not in (200, 201) or not re.fullmatch(paths[noun], path):
            continue
        if isinstance(exchange.body, dict):
            found = differences(shape(exchange.body), ours)
            assert [one for one in found if "coupon_lines" not in one] == [], path
            compared += 1
    assert compared
