"""Plays schedules from the command line: many, one with all its steps, or without a safety rule."""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.stories.schedules.mutants import CAUGHT, SURVIVE, first_caught
from tests.stories.schedules.play import Play, Played, play_all
from tests.stories.schedules.world import open_world

_BATCH = 250
_REPLAY = "python -m tests.stories.schedules --trace --seed"


def main() -> None:
    arguments = _arguments()
    if arguments.seed is not None:
        failed = _play_one(arguments.seed, with_steps=arguments.trace)
    elif arguments.mutants:
        failed = _hunt(arguments.seeds)
    else:
        failed = _play_many(arguments.start, arguments.seeds, arguments.processes)
    raise SystemExit(1 if failed else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.stories.schedules", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000, help="how many (default: 2000)")
    parser.add_argument("--start", type=int, default=0, help="the first of them (default: 0)")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="at a time")
    parser.add_argument("--seed", type=int, help="play this one only")
    parser.add_argument("--trace", action="store_true", help="with every step of it")
    parser.add_argument(
        "--mutants", action="store_true", help="without one safety rule after another"
    )
    return parser.parse_args()


def _play_one(seed: int, *, with_steps: bool) -> bool:
    with open_world() as world:
        played = Play(world, seed, trace=print if with_steps else None).run()
    print(f"seed {seed} ({played.opening}): {', '.join(played.broken) or 'every rule held'}")
    return bool(played.broken)


def _play_many(start: int, number: int, processes: int) -> bool:
    end = start + number
    batches = [range(at, min(at + _BATCH, end)) for at in range(start, end, _BATCH)]
    counts: Counter[str] = Counter()
    broken = 0
    begun = time.monotonic()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for batch in pool.map(play_all, batches):
            for played in batch:
                counts += played.counts
                if played.broken:
                    broken += 1
                    print(f"seed {played.seed}: {', '.join(played.broken)}")
                    print(f"  {_REPLAY} {played.seed}", flush=True)
    for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        print(f"{count:>9} {name}")
    seconds = time.monotonic() - begun
    print(f"{number} schedules in {seconds:.0f} s; a rule was broken in {broken}")
    return broken > 0


def _hunt(number: int) -> bool:
    """Look for the first schedule that misses each rule. True if one that must be is not missed."""
    missed = False
    with open_world() as world:
        for mutant in (*CAUGHT, *SURVIVE):
            played = first_caught(world, mutant, range(number))
            told = f"seed {played.seed}: {_in_short(played)}" if played else "not noticed"
            print(f"{mutant.name}: {told}", flush=True)
            missed |= played is None and mutant in CAUGHT
    return missed


def _in_short(played: Played) -> str:
    first, *others = played.broken
    return f"{first}, and {len(others)} more" if others else first


if __name__ == "__main__":
    main()
