"""Makes of a few rows as many as a desk holds after years: copies, each with ids of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary, Table, Text, UniqueConstraint

from refunddesk.db.session import Database
from refunddesk.db.tables import metadata

#: Between the ids of one copy and those of the next: more than the rows any table begins with.
STRIDE = 1_000
_NAMED = re.compile(
    r"(case|order|request|refund|license|customer|dispute|quote|check|mail|credential|subscription"
    r"|duplicate|renewal|notice|delivery|suspicion):(\d+)"
)
#: Of so many copies one is left as the first was: work that is still in somebody's hands.
ONE_IN = 850
#: There are few of these, however many orders there are; checks come with releases, and links into
#: the desk live a minute.
_FEW = {
    "stores", "item_rules", "endpoints", "staff", "staff_sessions", "staff_tokens", "rounds",
    "leases", "release_feeds", "releases", "plugins", "plugin_versions", "policy_versions",
    "license_calls", "staging_patterns", "sweeps", "webhook_states", "payment_blocks", "alarms",
    "product_pages", "products", "checks", "fix_tasks", "store_logins", "staff_links",
}  # fmt: skip
_SEARCHED = {"email_key", "email", "sender", "mailbox", "site", "number", "key_ends_with"}

Change = Callable[[dict[str, Any]], None]


def multiply(database: Database, copies: int, changes: Mapping[str, Change]) -> None:
    """Add `copies` of every row of the tables that grow.

    `changes` says by table what is otherwise in a copy; one in ONE_IN is left as it was.
    """
    connection = database.engine.raw_connection()
    driver = connection.driver_connection
    connection.detach()  # what is set here must not reach anybody who comes later
    assert driver
    try:
        cursor = driver.cursor()
        if database.is_sqlite:
            cursor.execute("PRAGMA foreign_keys = OFF")
            cursor.execute("BEGIN IMMEDIATE")
        else:
            cursor.execute("SET session_replication_role = replica")
        for table in metadata.sorted_tables:
            if table.name not in _FEW:
                _copy(cursor, table, copies, changes.get(table.name, lambda row: None))
        if not database.is_sqlite:
            cursor.execute("ANALYZE")  # as autovacuum does; nobody does it on SQLite
        driver.commit()
    finally:
        driver.close()


def _copy(cursor: Any, table: Table, copies: int, change: Change) -> None:
    names = [column.name for column in table.c]
    cursor.execute(f"SELECT {', '.join(names)} FROM {table.name}")
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    is_postgres = hasattr(cursor, "copy")
    if is_postgres:
        for name in names:
            if isinstance(table.c[name].type, JSON):
                for row in rows:
                    row[name] = json.dumps(row[name])
    made = _copies(table, rows, copies, change)
    if is_postgres:
        with cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
            for values in made:
                copy.write_row(values)
    else:
        marks = ", ".join("?" * len(names))
        cursor.executemany(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})", made)


def _copies(
    table: Table, rows: list[dict[str, Any]], copies: int, change: Change
) -> Iterator[list[Any]]:
    uniques = _uniques(table)
    as_it_was = [_Pattern.of(table, uniques, row) for row in rows]
    for row in rows:
        change(row)
    changed = [_Pattern.of(table, uniques, row) for row in rows]
    for number in range(1, copies + 1):
        for pattern in changed if number % ONE_IN else as_it_was:
            yield pattern.copy(number)


Shift = Callable[[int], Any]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A row, and how the value at a place becomes that of the copy with a number."""

    values: list[Any]
    shifts: list[tuple[int, Shift]]

    @classmethod
    def of(cls, table: Table, uniques: set[str], row: dict[str, Any]) -> _Pattern:
        shifts = [
            (place, shift)
            for place, column in enumerate(table.c)
            if row[column.name] is not None
            for shift in [_shift(column, column.name in uniques, row[column.name])]
            if shift
        ]
        return cls([row[column.name] for column in table.c], shifts)

    def copy(self, number: int) -> list[Any]:
        made = self.values.copy()
        for place, shift in self.shifts:
            made[place] = shift(number)
        return made


def _shift(column: Column[Any], is_unique: bool, value: Any) -> Shift | None:
    """None where every copy has the same."""
    if column.name == "seq" or (column.primary_key and isinstance(value, int)) or _grows(column):
        return lambda number: value + number * STRIDE
    if isinstance(column.type, LargeBinary):
        begins = bytes(value)[:24]
        return (lambda number: begins + number.to_bytes(8, "big")) if is_unique else None
    if isinstance(column.type, Text) and isinstance(value, str):
        named = _NAMED.fullmatch(value)
        if named:
            kind, first = named[1], int(named[2])
            return lambda number: f"{kind}:{first + number * STRIDE}"
        return (lambda number: f"{value}~{number}") if is_unique else None
    if is_unique and column.name.startswith("woo_"):
        return lambda number: value + number * STRIDE
    return None


def _uniques(table: Table) -> set[str]:
    """The columns that must differ from copy to copy, or that a person would search by."""
    groups = [[column] for column in table.c if column.unique]
    groups += [list(index.columns) for index in table.indexes if index.unique]
    groups += [list(one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)]
    groups += [list(table.primary_key.columns)]
    differ = {group[-1].name for group in groups if group and not any(_grows(one) for one in group)}
    return differ | _SEARCHED


def _grows(column: Column[Any]) -> bool:
    """Whether it names a row of a table that grows, so that a copy's names another."""
    return any(key.column.table.name not in _FEW for key in column.foreign_keys)
