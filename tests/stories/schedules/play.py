"""Plays one schedule: the desk's own functions in processes that a seed leads and strikes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from refunddesk.jobnames import JobName
from refunddesk.jobs import keeping, registry, schedule
from refunddesk.queue import QueueUnreachable
from refunddesk.services import read_back
from refunddesk.services.edges import Edges
from refunddesk.services.payments import RefundNotSent
from refunddesk.woocommerce.client import StoreCallFailed
from tests.stories.schedules import happenings
from tests.stories.schedules.agenda import SWEEP_EVERY, Agenda
from tests.stories.schedules.rules import FAILED, Watch
from tests.stories.schedules.stage import CALM, MOST_TURNS, Stage
from tests.stories.schedules.store_side import StoreSide
from tests.stories.schedules.tasks import Interrupted, Task
from tests.stories.schedules.world import Opening, World, open_world

#: What is due later than this is left: a read-back that only confirms, a judgement far ahead.
_HORIZON = 2 * 3600.0
#: How many times the sweep comes by when nothing else is left that could bring an end.
_SWEEPS = 5
SWEEP = schedule.Round("sweep_refunds", timedelta(seconds=SWEEP_EVERY), read_back.sweep_refunds)


@dataclass(frozen=True, slots=True)
class Played:
    """How a schedule ended; `broken` names the rules that did not hold."""

    seed: int
    opening: str
    broken: tuple[str, ...]
    counts: Counter[str]


class Play:
    """One schedule. `trace` is told every step in words."""

    def __init__(
        self,
        world: World,
        seed: int,
        *,
        opening: Opening | None = None,
        most_turns: int = MOST_TURNS,
        trace: Callable[[str], None] | None = None,
    ) -> None:
        self.rng = random.Random(f"schedule {seed}")
        self.opening = opening or self.rng.choice(world.openings_of(seed))
        world.set_up(self.opening, seed)
        self.world = world
        self.seed = seed
        self.watch = Watch(world.past, self.opening)
        self.stage = Stage(self.rng, world.clock, world.store_clock, most_turns)
        self.stage.trace = trace
        self.agenda = Agenda(world.past, self.stage.true_time)
        self.store_side = StoreSide(self.stage, world.store, self.watch)
        self.rings: list[int] = []
        self.queue_back_at = 0.0
        self._next_try = 0.0  # ringing in vain, every few milliseconds in life, tells nothing new
        self.person_at: dict[int, float] = {}
        self._workers = self.rng.choice((2, 2, 3))
        # Orders are recorded by another process, which may be slow; payments do without it.
        self._records_orders = self.rng.random() < 0.2
        self._writer: Task | None = None
        self._sweeps_left = _SWEEPS
        self._happenings = happenings.draw(self.rng, has_bridge=self.opening.has_bridge)
        self._jobs = {name: self._watched(name, job) for name, job in registry.JOBS.items()}
        world.player, world.network = self, self.store_side

    def run(self) -> Played:
        stage = self.stage
        stage.tell(f"seed {self.seed}: {self.opening.name}; {stage.chances}")
        try:
            while not stage.is_over and self._direct():
                stage.tasks.go_on()
        finally:
            stage.power_cut(("",))
            self.world.player = self.world.network = None
        for task in stage.tasks.broken:
            if not isinstance(task.error, Interrupted):
                self.watch.note(f"{FAILED} {task.name}: {task.error!r}")
        if stage.is_over:
            self.watch.note("it never came to rest")
        counts = self.watch.see_end(self.world.edges, self.world.store.gateway.movements)
        return Played(self.seed, self.opening.name, tuple(self.watch.broken), counts + stage.counts)

    # -- the director's turn

    def _direct(self) -> bool:
        """Let something happen, begin or pass; False once all is at rest."""
        if self._happenings and self._happenings[0].turn <= self.stage.turns:
            self._happenings.pop(0).happen(self)
        starts = self._what_may_start()
        if starts:
            self.rng.choice(starts)()
            return True
        if self.stage.tasks.free():
            return True
        return self._pass_time()

    def _what_may_start(self) -> list[Callable[[], object]]:
        stage = self.stage
        starts: list[Callable[[], object]] = []
        # Whoever was stopped is replaced: the dispatcher would only ring for the same in vain.
        at_work = [task.name for task in stage.tasks.free()]
        workers = sum(name.startswith("worker") for name in at_work)
        if self.rings and workers < self._workers:
            starts.append(self._start_worker)
        if "dispatcher" not in at_work:
            moment = self._next_moment()
            if moment is not None and moment <= stage.elapsed:
                starts.append(partial(stage.start, "dispatcher", self._dispatch))
        if "person" not in at_work:
            due = [number for number, at in self._reviews().items() if at <= stage.elapsed]
            if due:
                settle = partial(happenings.settle, self, self.rng.choice(due))
                starts.append(partial(stage.start, "person", settle))
        return starts

    def _start_worker(self) -> None:
        promise_id = self.rings.pop(self.rng.randrange(len(self.rings)))
        self.stage.counts["jobs"] += 1
        keep = partial(keeping.keep, self.world.edges, promise_id, self._jobs)
        self.stage.start(f"worker, promise {promise_id}", keep)

    def _watched(self, name: JobName, job: keeping.JobFunction) -> keeping.JobFunction:
        """The job; an error that no fault of the store or the queue explains is one of the desk."""

        def run(edges: Edges, subject: str) -> None:
            try:
                job(edges, subject)
            except (keeping.NotYet, Interrupted, RefundNotSent, StoreCallFailed):
                raise
            except Exception as error:
                self.watch.note(f"{FAILED} {name}: {error!r}")
                raise

        return run

    def _dispatch(self) -> None:
        if self.stage.elapsed < self.queue_back_at:
            self._next_try = self.stage.elapsed + 60
        schedule.ring_due(self.world.edges, self._ring)
        if self.rng.random() < 0.2 or self._lapses() or self._sweeps_left < _SWEEPS:
            schedule.run_rounds(self.world.edges, (SWEEP,))

    def _ring(self, promise_id: int, job: JobName) -> None:
        if self.stage.elapsed < self.queue_back_at:
            raise QueueUnreachable("the queue is away")
        if promise_id not in self.rings and (job != JobName.RECORD_ORDER or self._records_orders):
            self.rings.append(promise_id)

    def _pass_time(self) -> bool:
        """Nothing can go on: move to the next moment at which something can. False at the end."""
        stage = self.stage
        if not stage.tasks.living and self.stage.chances is not CALM and not self._happenings:
            self._calm_down()
            return True
        moments = [self._next_moment(), stage.next_wake(), *self._reviews().values()]
        ahead = min((at for at in moments if at is not None and at > stage.elapsed), default=None)
        unsettled = self._is_unsettled()
        if self._happenings and (ahead is None or ahead - stage.elapsed > 600):
            self._happenings[0].turn = 0
            return True
        if ahead is None or (not unsettled and ahead - stage.elapsed > _HORIZON):
            if not unsettled or not self._sweeps_left:
                return bool(stage.tasks.living)
            self._sweeps_left -= 1
            ahead = stage.elapsed + 60
            stage.start("dispatcher", self._dispatch)
        stage.move(ahead - stage.elapsed)
        return True

    def _is_unsettled(self) -> bool:
        """Is a refund under way, or a step after one? A clock set back may delay it for hours."""
        return self.agenda.has_open_step() or any(
            state not in ("paid", "failed") for state, _ in self.watch.states.values()
        )

    def _calm_down(self) -> None:
        self.stage.tell("from here on all is calm")
        self.stage.chances = CALM
        self.queue_back_at = 0.0

    def _reviews(self) -> dict[int, float]:
        """When a person will look at each refund that waits for one."""
        waiting = {
            number for number, (state, _) in self.watch.states.items() if state == "needs_review"
        }
        for number in waiting - set(self.person_at):
            self.person_at[number] = self.stage.elapsed + self.rng.choice((0.0, 60.0, 3600.0))
        self.person_at = {number: at for number, at in self.person_at.items() if number in waiting}
        return self.person_at

    def _next_moment(self) -> float | None:
        """When the dispatcher next has something to do, in seconds from the beginning."""
        moments = self.agenda.moments(orders_too=self._records_orders)
        if self.stage.elapsed < self.queue_back_at:
            moments = [max(at, self._next_try) for at in moments]
        return min((*moments, *self.agenda.lapses()), default=None)

    def _lapses(self) -> bool:
        return any(at <= self.stage.elapsed for at in self.agenda.lapses())

    # -- the moments of the desk's transactions

    def begins(self, *, reads: bool) -> None:
        if reads:
            self.stage.pause("before reading")
            self.stage.be_struck()
            return
        self.stage.pause("before writing", lambda: self._writer is None)
        self.stage.be_struck()
        while self._writer is not None:  # it may have been stopped for a while
            self.stage.pause("waits for the lock", lambda: self._writer is None)
        self._writer = self.stage.tasks.current

    def commits(self) -> None:
        # A process stopped here would hold the lock: the others would fail, and try again.
        self.stage.be_struck(may_stall=False)

    def committed(self) -> None:
        self._writer = None
        self.agenda.forget()
        self.watch.see_commit()
        self.stage.pause("committed")
        self.stage.be_struck()

    def rolled_back(self) -> None:
        if self._writer is self.stage.tasks.current:
            self._writer = None


def play_all(seeds: range) -> list[Played]:
    """Play them in a world of their own."""
    with open_world() as world:
        return [Play(world, seed).run() for seed in seeds]
