"""Whatever the order of things, whoever dies and whatever the store does, nobody is paid twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.stories.schedules.mutants import CAUGHT, Mutant, first_caught
from tests.stories.schedules.play import Play
from tests.stories.schedules.world import World, open_world

SEEDS = 2_000
PART = 100
#: Beyond them. 3926: what a person saw of one payment was taken for the next one's end.
ONCE_BROKEN = (3926,)
#: So many schedules may pass before a missing rule is noticed, from the one known to notice it.
WITHIN = 60

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


@pytest.mark.parametrize(
    "begin", range(0, SEEDS, PART), ids=lambda begin: f"schedules {begin} to {begin + PART - 1}"
)
def test_every_rule_about_money_holds_whatever_the_schedule(world: World, begin: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(begin, begin + PART):
        played = Play(world, seed).run()
        counts += played.counts
        assert not played.broken, (
            f"{', '.join(played.broken)}\n"
            f"to replay: python -m tests.stories.schedules --trace --seed {seed}"
        )
    # A part in which nothing went wrong would prove nothing.
    for name in ("paid", "failed", "killed", "stalled", "interrupted", "person: pay_again"):
        assert counts[name] > 0, (name, counts)
    assert counts["posts"] > counts["paid"]


@pytest.mark.parametrize("seed", ONCE_BROKEN)
def test_a_schedule_that_once_found_a_hole_finds_it_closed(world: World, seed: int) -> None:
    assert not Play(world, seed).run().broken


@pytest.mark.parametrize("mutant", CAUGHT, ids=lambda mutant: mutant.name)
def test_without_one_of_the_safety_rules_a_schedule_goes_wrong(
    world: World, mutant: Mutant
) -> None:
    assert first_caught(world, mutant, range(mutant.seed, mutant.seed + WITHIN))


def test_a_seed_is_the_same_schedule_each_time(world: World) -> None:
    def steps(seed: int) -> list[str]:
        told: list[str] = []
        Play(world, seed, trace=told.append).run()
        return told

    first = [steps(seed) for seed in range(5)]
    assert [steps(seed) for seed in range(5)] == first
    assert steps(5) != first[0]
