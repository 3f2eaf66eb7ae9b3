"""Greenlets of which exactly one goes on at a time; who is next is decided from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from greenlet import getcurrent, greenlet

#: What decides who goes on: a living task, or None for the one who started them all.
Choose = Callable[[], "Task | None"]


class Killed(BaseException):
    """The process this task stands for was killed: nothing of it may happen any more."""


class Interrupted(Exception):
    """The queue's own time-out struck in the middle of a job, as RQ raises it."""


@dataclass(eq=False, slots=True)
class Task:
    """One process at work. `at` tells where it waits; `is_free` whether it could go on."""

    name: str
    work: Callable[[], object]
    at: str = "begins"
    is_free: Callable[[], bool] | None = None
    is_doomed: bool = False
    error: BaseException | None = None
    flow: greenlet = field(default_factory=greenlet)


class Tasks:
    """The living tasks. `current` is the one that goes on; None while it is the starter.

    Each is a greenlet: to begin a thread and to hand over to it takes as long as a transaction.
    """

    def __init__(self, choose: Choose) -> None:
        self._choose = choose
        self._starter = getcurrent()
        self.living: list[Task] = []
        self.current: Task | None = None
        self.broken: list[Task] = []

    def start(self, name: str, work: Callable[[], object]) -> Task:
        """A new task; it does nothing before it is chosen."""
        task = Task(name, work)
        # Whoever ends hands over to the starter, whichever task has started it.
        task.flow.parent, task.flow.run = self._starter, partial(self._run, task)
        self.living.append(task)
        return task

    def free(self) -> list[Task]:
        return [task for task in self.living if task.is_free is None or task.is_free()]

    def go_on(self) -> None:
        """From the starter: let them work until it is the starter's turn again."""
        self._lead(self._choose())

    def pause(self, at: str, is_free: Callable[[], bool] | None = None) -> None:
        """From a task: others may go first, and it goes on once `is_free`. Raises Killed."""
        task = self.current
        if task is None:
            return
        if not task.is_doomed:
            task.at, task.is_free = at, is_free
            chosen = self._choose()
            if chosen is not task:
                self._starter.switch(chosen)
            task.is_free = None
        if task.is_doomed:
            raise Killed(task.name)

    def kill(self, task: Task) -> None:
        """From the starter: end the task where it waits, and come back when it is gone."""
        task.is_doomed = True
        self._lead(task)

    def _lead(self, to: Task | None) -> None:
        """From the starter: hand over to the task, and to whom it names when it stops or ends."""
        while to:
            self.current = to
            to = to.flow.switch()
        self.current = None

    def _run(self, task: Task) -> Task | None:
        try:
            if not task.is_doomed:
                task.work()
        except Killed:
            pass
        except BaseException as error:
            task.error = error
            self.broken.append(task)
        self.living.remove(task)
        # Whoever kills a task waits for its end; otherwise its end is a moment like any other.
        return None if task.is_doomed else self._choose()
