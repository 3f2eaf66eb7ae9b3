"""Time and turns of one schedule: who goes on, how long things take, and who is struck down."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tests.conftest import TestClock
from tests.stories.schedules.tasks import Interrupted, Killed, Task, Tasks
from tests.stories.schedules.world import START

#: A schedule that has not ended after so many turns never will.
MOST_TURNS = 6_000
_TICKS = (0.0, 0.01, 0.05, 0.4, 3.0)


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely is what, from 0 to 1. `keeps` is going on oneself instead of letting others."""

    keeps: float
    direct: float
    killed: float = 0.0
    stalled: float = 0.0
    interrupted: float = 0.0
    post_fails: float = 0.0
    read_fails: float = 0.0


CALM = Chances(keeps=0.9, direct=0.1)


def draw_chances(rng: random.Random) -> Chances:
    """Trouble is far likelier here than in life, and of another kind in each schedule."""
    return Chances(
        keeps=rng.choice((0.2, 0.6, 0.9)),
        direct=rng.choice((0.05, 0.2)),
        killed=rng.choice((0.0, 0.0, 0.02, 0.06)),
        stalled=rng.choice((0.0, 0.0, 0.02, 0.06)),
        interrupted=rng.choice((0.0, 0.0, 0.0, 0.02)),
        post_fails=rng.choice((0.4, 0.8, 1.0)),
        read_fails=rng.choice((0.0, 0.0, 0.1)),
    )


class Stage:
    """`elapsed` is the true time in seconds; the desk's clock may have been set otherwise."""

    def __init__(
        self, rng: random.Random, clock: TestClock, store_clock: TestClock, most_turns: int
    ) -> None:
        self.rng = rng
        self._most_turns = most_turns
        self.chances = draw_chances(rng)
        self.elapsed = 0.0
        self.turns = 0
        self.counts: Counter[str] = Counter()
        self.trace: Callable[[str], None] | None = None
        self.tasks = Tasks(self._choose)
        self._clock = clock
        self._store_clock = store_clock
        self._offset = timedelta(0)
        self._wakes: dict[Task, float] = {}

    # -- time

    @property
    def is_over(self) -> bool:
        return self.turns > self._most_turns

    def move(self, seconds: float) -> None:
        self.elapsed += seconds
        self._store_clock.at = START + timedelta(seconds=self.elapsed)
        self._clock.at = self._store_clock.at + self._offset

    def set_clock(self, seconds: float) -> None:
        """Set the desk's own clock forward or back."""
        self._offset += timedelta(seconds=seconds)
        self.move(0)

    def true_time(self, since_start: timedelta) -> float:
        """What the desk's own clock shows then, in true seconds from the beginning."""
        return (since_start - self._offset).total_seconds()

    def next_wake(self) -> float | None:
        """When the next sleeper wakes up, in seconds from the beginning."""
        return min((at for at in self._wakes.values() if at > self.elapsed), default=None)

    # -- turns

    def start(self, name: str, work: Callable[[], object]) -> Task:
        self.tell(f"{name} starts")
        return self.tasks.start(name, work)

    def tell(self, what: str) -> None:
        if self.trace:
            who = self.tasks.current.name if self.tasks.current else "-"
            self.trace(f"{self.elapsed:10.2f} s  {self._clock.at:%d %H:%M:%S}  {who:<22} {what}")

    def pause(
        self, at: str, is_free: Callable[[], bool] | None = None, *, up_to: float | None = None
    ) -> None:
        """Let others go first until `is_free`, but not longer than until `up_to`."""
        task = self.tasks.current
        if task is None:
            return
        if up_to is None:
            self.tasks.pause(at, is_free)
        else:
            self._wakes[task] = up_to
            try:
                self.tasks.pause(
                    at, lambda: self.elapsed >= up_to or (is_free is not None and is_free())
                )
            finally:
                del self._wakes[task]
        self.tell(at)

    def sleep(self, seconds: float, at: str) -> None:
        self.pause(at, up_to=self.elapsed + seconds)

    def be_struck(self, *, may_stall: bool = True, gravity: float = 1.0) -> None:
        """A process of the desk may be killed here, interrupted, or stopped for a while."""
        task, chances = self.tasks.current, self.chances
        if task is None or task.is_doomed:
            return
        lot = self.rng.random() / gravity
        if task.name == "dispatcher":
            lot *= 4  # it is begun anew at once, so it is struck more rarely
        if lot < chances.killed:
            self.counts["killed"] += 1
            self.tell("IS KILLED")
            task.is_doomed = True
            raise Killed(task.name)
        lot -= chances.killed
        if lot < chances.interrupted and task.name.startswith("worker"):
            self.counts["interrupted"] += 1
            self.tell("IS INTERRUPTED BY THE QUEUE")
            raise Interrupted("the job took too long")
        lot -= chances.interrupted
        if lot < chances.stalled and may_stall:
            self.counts["stalled"] += 1
            self.sleep(self.rng.choice((30.0, 250.0, 400.0, 1500.0, 4000.0)), "IS STOPPED")

    def power_cut(self, prefixes: tuple[str, ...]) -> None:
        """Kill every process of the desk at once."""
        for task in list(self.tasks.living):
            if task.name.startswith(prefixes):
                self.counts["killed"] += 1
                self.tasks.kill(task)

    def _choose(self) -> Task | None:
        self.turns += 1
        if tick := self.rng.choice(_TICKS):
            self.move(tick)
        free = self.tasks.free()
        if not free or self.is_over or self.rng.random() < self.chances.direct:
            return None
        current = self.tasks.current
        if current in free and self.rng.random() < self.chances.keeps:
            return current
        return self.rng.choice(free)
