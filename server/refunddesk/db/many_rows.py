"""Inserts any number of rows with one statement of the driver's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table

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

    def insert(self, transaction: Connection, rows: Sequence[Row]) -> None:
        """Each row has a value for each of the columns, in their order. Not for thousands of rows:
        a statement has 32,766 values at most.
        """
        if not rows:
            return
        dialect = transaction.dialect
        processors = _processors(self.table, self.columns, dialect)
        values = [
            value if process is None else process(value)
            for row in rows
            for value, process in zip(row, processors, strict=True)
        ]
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
) -> tuple[Callable[[Any], Any] | None, ...]:
    """How each column's values are put as the driver takes them; None: as they are."""
    return tuple(
        table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns
    )
