"""A list as the first page of the desk shows it: its first lines, and how many there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Row, Select, func

#: Rows of one block; how many there are in all is counted beside them.
MOST_ROWS = 25
MOST_RECENT = 10

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class Block(Generic[Line]):
    """The first lines of a list, and how long the whole list is."""

    lines: tuple[Line, ...]
    total: int

    @property
    def hidden(self) -> int:
        return self.total - len(self.lines)


def counted() -> Any:
    # The window function counts all rows before LIMIT cuts: the list and its length in one query.
    return func.count().over().label("total")


def read_block(
    transaction: Connection,
    query: Select[Any],
    read: Callable[[Row[Any]], Line],
    most: int = MOST_ROWS,
) -> Block[Line]:
    rows = transaction.execute(query.limit(most)).all()
    return Block(tuple(read(row) for row in rows), rows[0].total if rows else 0)
