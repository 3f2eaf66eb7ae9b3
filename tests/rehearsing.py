"""A database in which nothing lasts: what is done after a point can be taken back to that point."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from refunddesk.db import history
from refunddesk.db.session import Database


class Rehearsal(Database):
    """All transactions as savepoints within one, which is rolled back at the end.

    Thousands of requests that change something begin from the same rows that way, without a copy
    of the database for each. Only one thread at a time may use it.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database.engine)
        self._stage: Connection = database.engine.connect()
        self._stage.begin()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        with self._stage.begin_nested():
            history.begin(self._stage)
            yield self._stage
            history.append(self._stage)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        yield self._stage

    @contextmanager
    def scene(self) -> Iterator[None]:
        """Whatever happens within is taken back."""
        point = self._stage.begin_nested()
        try:
            yield
        finally:
            point.rollback()

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Let others write to the database, and go on from what they wrote."""
        self._stage.rollback()
        yield
        self._stage.begin()

    def close(self) -> None:
        """The database itself belongs to whoever opened it."""
        self._stage.rollback()
        self._stage.close()
