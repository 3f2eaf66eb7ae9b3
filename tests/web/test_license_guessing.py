"""Keys that open nothing are answered alike: the same bytes, in the same time."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from math import erfc, sqrt
from time import perf_counter_ns

import pytest
from flask.testing import FlaskClient

from refunddesk import licensing
from refunddesk.extension import create_app
from refunddesk.services.edges import Edges
from refunddesk.settings import Settings
from refunddesk.web.licenses import MISSES_IN_ALL, MISSES_OF_PREFIX
from tests.asking import buy, key_of
from tests.building import add_store

#: REFUNDDESK_TEST_GUESSES=10000 tries that many keys of each kind; 100 customers have real ones.
GUESSES = int(os.environ.get("REFUNDDESK_TEST_GUESSES", "600"))
CUSTOMERS = 100
#: A difference that is there shows each time; one that is not passes one round in a hundred over.
ROUNDS = 3


def mann_whitney(a: Sequence[int], b: Sequence[int]) -> float:
    """The probability that two samples of one thing differ as much as these, two-sided."""
    ranked = sorted([(value, 0) for value in a] + [(value, 1) for value in b])
    rank_sum, ties, position = 0.0, 0.0, 0
    while position < len(ranked):
        end = position
        while end < len(ranked) and ranked[end][0] == ranked[position][0]:
            end += 1
        rank = (position + 1 + end) / 2
        rank_sum += rank * sum(1 for _, sample in ranked[position:end] if sample == 0)
        ties += (end - position) ** 3 - (end - position)
        position = end
    m, n = len(a), len(b)
    u = rank_sum - m * (m + 1) / 2
    variance = m * n / 12 * (m + n + 1 - ties / ((m + n) * (m + n - 1)))
    return erfc(abs(u - m * n / 2) / sqrt(2 * variance))


def test_the_comparison_tells_a_difference_from_none() -> None:
    same = [mann_whitney(range(0, 1000, 2), range(1, 1001, 2))]
    other = [mann_whitney(range(500), range(50, 550))]
    assert same[0] > 0.5
    assert other[0] < 0.001


@pytest.mark.timeout(1800)
def test_a_guess_near_a_real_key_takes_no_longer_than_any_other(
    settings: Settings, edges: Edges
) -> None:
    store_id = add_store(edges)
    real = [
        key_of(edges, buy(edges, store_id, woo_order_id=number, email=f"c{number}@example.com"))
        for number in range(1, CUSTOMERS + 1)
    ]
    app = create_app(settings, edges=edges)
    client, throttle = app.test_client(), app.extensions["refunddesk"].throttle

    def ask(number: int, key: str) -> tuple[int, bytes]:
        # The throttle is held to its word elsewhere; here it would hide what is measured.
        throttle.forget(MISSES_IN_ALL, "misses")
        throttle.forget(MISSES_OF_PREFIX, "prefix", licensing.key_prefix(key))
        began = perf_counter_ns()
        told = _ask(client, number, key)
        return perf_counter_ns() - began, told

    answers = set()
    chances = []
    for _ in range(ROUNDS):
        times: tuple[list[int], list[int]] = ([], [])
        for number in range(GUESSES):
            guesses = (licensing.new_key(secrets.token_bytes), _near(real[number % CUSTOMERS]))
            # Whichever goes first finds the caches colder: they take turns.
            for kind in (0, 1) if number % 2 else (1, 0):
                took, told = ask(number, guesses[kind])
                times[kind].append(took)
                answers.add(told)
        chances.append(mann_whitney(*times))
        if chances[-1] > 0.01:
            break
    assert len(answers) == 1
    assert max(chances) > 0.01


def _near(key: str) -> str:
    """A well-formed key that shares all but its last characters with a real one."""
    while True:
        last = licensing.new_key(secrets.token_bytes)[-9:]
        guess = key[:-9] + last
        if guess != key:
            return guess


def _ask(client: FlaskClient, number: int, key: str) -> bytes:
    answer = client.post(
        "/licenses/activate",
        json={"key": key, "site": "guess.example"},
        environ_base={"REMOTE_ADDR": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"},
    )
    return f"{answer.status_code} {answer.headers}".encode() + answer.data
