"""Threads of which exactly one goes on at a time; who is next is decided from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

#: What decides who goes on: a living task, or None for the one who started them all.
Choose = Callable[[], "Task | None"]


class Killed(BaseException):
    """The process this task stands for was killed: nothing of it may happen any more."""


class Interrupted(Exception):
    """The queue's own time-out struck in the middle of a job, as RQ raises it."""


def _closed() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(eq=False, slots=True)
class Task:
    """One process at work. `at` tells where it waits; `is_free` whether it could go on."""

    name: str
    work: Callable[[], object]
    at: str = "begins"
    is_free: Callable[[], bool] | None = None
    is_doomed: bool = False
    error: BaseException | None = None
    baton: threading.Lock = field(default_factory=_closed)


class Tasks:
    """The living tasks. `current` is the one that goes on; None while it is the starter."""

    def __init__(self, choose: Choose) -> None:
        self._choose = choose
        self._starter = _closed()
        self.living: list[Task] = []
        self.current: Task | None = None
        self.broken: list[Task] = []

    def start(self, name: str, work: Callable[[], object]) -> Task:
        """A new task; it does nothing before it is chosen."""
        task = Task(name, work)
        self.living.append(task)
        threading.Thread(target=self._run, args=(task,), daemon=True, name=name).start()
        return task

    def free(self) -> list[Task]:
        return [task for task in self.living if task.is_free is None or task.is_free()]

    def go_on(self) -> None:
        """From the starter: let them work until it is the starter's turn again."""
        self._hand(self._choose(), self._starter)

    def pause(self, at: str, is_free: Callable[[], bool] | None = None) -> None:
        """From a task: others may go first, and it goes on once `is_free`. Raises Killed."""
        task = self.current
        if task is None:
            return
        if not task.is_doomed:
            task.at, task.is_free = at, is_free
            chosen = self._choose()
            if chosen is not task:
                self._hand(chosen, task.baton)
            task.is_free = None
        if task.is_doomed:
            raise Killed(task.name)

    def kill(self, task: Task) -> None:
        """From the starter: end the task where it waits, and come back when it is gone."""
        task.is_doomed = True
        self._hand(task, self._starter)

    def _hand(self, to: Task | None, own: threading.Lock) -> None:
        if to is None and own is self._starter:
            return
        me = self.current
        self.current = to
        (to.baton if to else self._starter).release()
        own.acquire()
        self.current = me

    def _run(self, task: Task) -> None:
        task.baton.acquire()
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
        chosen = None if task.is_doomed else self._choose()
        self.current = chosen
        (chosen.baton if chosen else self._starter).release()
