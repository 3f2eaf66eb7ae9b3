"""What each column holds of a person and what becomes of it, read from personal_data.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Any

from sqlalchemy import Column, Table

from refunddesk.db.tables import metadata


class Treatment(StrEnum):
    """What becomes of a column: see the head of personal_data.toml."""

    TOLD = "told"
    ERASED = "erased"
    RENAMED = "renamed"
    HIDDEN = "hidden"
    NONE = "none"


#: What an erasure changes.
GOES = frozenset({Treatment.ERASED, Treatment.RENAMED, Treatment.HIDDEN})
_EXPORTED = frozenset({Treatment.TOLD, Treatment.ERASED, Treatment.RENAMED})


@dataclass(frozen=True, slots=True)
class Link:
    """Rows belong together whose `column` holds what `parent_column` of `parent` holds."""

    column: str
    parent: str
    parent_column: str


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """A table with data of customers. `goes_whole`: an erasure removes its rows.

    Rows in which the column `spared` is empty are in use, and wait until it is filled.
    """

    name: str
    links: tuple[Link, ...]
    kept: str
    goes_whole: bool
    spared: str | None
    treatments: Mapping[str, Treatment]

    @property
    def table(self) -> Table:
        return metadata.tables[self.name]

    @property
    def key(self) -> Column[Any]:
        """By which its rows are walked through."""
        key: Column[Any] = self.table.primary_key.columns[0]
        return key

    @property
    def exported(self) -> tuple[str, ...]:
        return tuple(name for name, what in self.treatments.items() if what in _EXPORTED)

    @property
    def going(self) -> tuple[str, ...]:
        """The columns that an erasure empties."""
        return tuple(name for name, what in self.treatments.items() if what in GOES)


@dataclass(frozen=True, slots=True)
class PersonalData:
    """All tables: those about customers, and why the others hold nothing of them."""

    tables: Mapping[str, PersonalTable]
    staff: Mapping[str, str]
    nobody: Mapping[str, str]
    retention: Mapping[str, str]


@lru_cache(maxsize=1)
def personal_data() -> PersonalData:
    file = resources.files("refunddesk") / "db" / "personal_data.toml"
    read = tomllib.loads(file.read_text(encoding="utf-8"))
    said: Mapping[str, Mapping[str, Any]] = read["tables"]
    return PersonalData(
        {name: _table(name, one) for name, one in said.items() if "columns" in one},
        {name: one["staff"] for name, one in said.items() if "staff" in one},
        {name: one["nobody"] for name, one in said.items() if "nobody" in one},
        read["retention"],
    )


def _table(name: str, said: Mapping[str, Any]) -> PersonalTable:
    return PersonalTable(
        name,
        tuple(_link(text) for text in said["through"]),
        said["kept"],
        said.get("gone") == "row",
        said.get("spared"),
        {column: Treatment(what) for column, what in said["columns"].items()},
    )


def _link(text: str) -> Link:
    column, _, place = text.partition(" -> ")
    parent, _, parent_column = place.partition(".")
    return Link(column, parent, parent_column)
