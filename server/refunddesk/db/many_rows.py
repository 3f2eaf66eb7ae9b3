"""Inserts any number of rows with one statement of the driver's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Dialect, Table

from refunddesk.db.session import Transaction

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class ManyRows:
    """An INSERT into `columns` of `table`; `conflict` is SQL that both databases know.

    For what every delivery costs. One statement for each row makes the driver let go of Python's
    one lock for each of them, and all threads that wait for it are woken in vain; and of what an
    insert of SQLAlchemy's costs, half is finding out again what it is to say.
    """

    table: Table
    columns: tuple[str, ...]
    conflict: str = ""

    def insert(self, transaction: Transaction, rows: Sequence[Row]) -> None:
        """Each row has a value for each of the columns, in their order. Not for thousands of rows:
        a statement has 32,766 values at most.
        """
        if not rows:
            return
        dialect = transaction.dialect
        values = list(chain.from_iterable(rows))
        for place, process in _processors(self.table, self.columns, dialect):
            column = slice(place, None, len(self.columns))
            values[column] = [process(value) for value in values[column]]
        transaction.exec_driver_sql(self._statement(dialect, len(rows)), tuple(values))

    def _statement(self, dialect: Dialect, rows: int) -> str:
        return _statement(
            self.table.name, self.columns, self.conflict, rows, dialect.paramstyle == "qmark"
        )


@lru_cache(maxsize=1024)
def _statement(table: str, columns: Iterable[str], conflict: str, rows: int, marks: bool) -> str:
    names = tuple(columns)
    row = "(" + ", ".join(["?" if marks else "%s"] * len(names)) + ")"
    into = f"INSERT INTO {table} ({', '.join(names)})"
    return f"{into} VALUES {', '.join([row] * rows)} {conflict}"


@lru_cache(maxsize=8)
def _processors(
    table: Table, columns: Iterable[str], dialect: Dialect
) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    """The places of the columns whose values are not put as the driver takes them, and how to."""
    found = (table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns)
    return tuple((place, process) for place, process in enumerate(found) if process)
