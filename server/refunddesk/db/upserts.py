"""Inserts that say what happens where the row is there already, said once for each database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Upsert:
    """`complete` gives an insert into the table its ON CONFLICT, in words both databases know.

    It inserts the values it is executed with.
    """

    def __init__(self, table: Table, complete: Callable[[Any], Any]) -> None:
        self._statements = {name: complete(insert(table)) for name, insert in _INSERTS.items()}

    def on(self, transaction: Connection) -> Any:
        """The statement as the transaction's database takes it."""
        return self._statements[transaction.dialect.name]


def insert_or_overwrite(
    transaction: Connection, table: Table, key: tuple[str, ...], row: Mapping[str, object]
) -> None:
    """Insert the row; where one of this unique key is there, give it the row's other values."""
    transaction.execute(_overwriting(transaction.dialect.name, table, key, tuple(row)), row)


@lru_cache(maxsize=256)
def _overwriting(database: str, table: Table, key: tuple[str, ...], names: tuple[str, ...]) -> Any:
    insert = _INSERTS[database](table)
    told = {name: insert.excluded[name] for name in names if name not in key}
    return insert.on_conflict_do_update(index_elements=key, set_=told)
