"""A desk that dies around commit after commit, and is begun anew every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection, Engine

from refunddesk.db.session import Database
from tests.selling import Shop

#: Past every claim: a job that was killed is another worker's then.
_UNTIL_TAKEN_OVER_SECONDS = 151


class Killed(BaseException):
    """The process is gone; nothing of it tidies up."""


class Mortal(Database):
    """A database whose so manieth commit is the end of the process: before it, or after it."""

    def __init__(self, engine: Engine, dies_at: int, *, before: bool) -> None:
        super().__init__(engine)
        self._left = dies_at
        self._before = before

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._left -= 1
        is_last = self._left == 0
        with super().write() as transaction:
            yield transaction
            if is_last and self._before:
                raise Killed
        if is_last:
            raise Killed


def dies_at(shop: Shop, act: Callable[[Shop], object], commit: int, *, before: bool) -> bool:
    """Do `act` in a life that ends at its so manieth commit; whether it came to that."""
    database = Mortal(shop.edges.database.engine, commit, before=before)
    try:
        act(replace(shop, edges=replace(shop.edges, database=database)))
    except Killed:
        shop.clock.move(seconds=_UNTIL_TAKEN_OVER_SECONDS)
        return True
    return False


def die_at_every_commit(shop: Shop, act: Callable[[Shop], object]) -> int:
    """Do `act` until a life lives through it; how many commits that one had.

    Life after life dies a moment further on than the one before, around each commit of its own:
    every life has to claim its work first, so one that always died at once would do nothing.
    """
    for commit in range(1, 200):
        for before in (True, False):
            if not dies_at(shop, act, commit, before=before):
                return commit - 1
    raise AssertionError("it never ends")
