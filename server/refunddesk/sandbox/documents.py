"""The sandbox's memory: JSON documents of a few kinds in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: One stored object. Keys as WooCommerce names them; `_sandbox` holds what no API shows.
Document = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents(
  kind TEXT NOT NULL, id INTEGER NOT NULL, parent_id INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY(kind, id));
CREATE INDEX IF NOT EXISTS documents_by_parent ON documents(kind, parent_id);
CREATE TABLE IF NOT EXISTS counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class Documents:
    """Reads and writes single documents; `locked()` makes several of them one step.

    Every call may come from any thread. Documents are handed out as copies.
    """

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)
        self._depth = 0

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One transaction that no other thread can come between; may be nested."""
        with self._lock:
            self._depth += 1
            try:
                if self._depth == 1:
                    self._connection.execute("BEGIN IMMEDIATE")
                yield
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            except BaseException:
                if self._depth == 1:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def next_number(self, name: str) -> int:
        """The next number of a counter, from 1. Orders, refunds and products share "post"."""
        with self.locked():
            row = self._connection.execute(
                "INSERT INTO counters VALUES (?, 1) "
                "ON CONFLICT(name) DO UPDATE SET value = value + 1 RETURNING value",
                (name,),
            ).fetchone()
            return int(row[0])

    def reserve_number(self, name: str, number: int) -> None:
        """Keep the counter above `number`, which came from outside."""
        with self.locked():
            self._connection.execute(
                "INSERT INTO counters VALUES (?1, ?2) "
                "ON CONFLICT(name) DO UPDATE SET value = max(value, ?2)",
                (name, number),
            )

    def put(self, kind: str, number: int, body: Document, parent_id: int = 0) -> None:
        with self.locked():
            self._connection.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?) ON CONFLICT(kind, id) "
                "DO UPDATE SET parent_id = excluded.parent_id, body = excluded.body",
                (kind, number, parent_id, json.dumps(body)),
            )

    def find(self, kind: str, number: int) -> Document | None:
        with self._lock:
            row = self._connection.execute(
                "SELECT body FROM documents WHERE kind = ? AND id = ?", (kind, number)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def list(self, kind: str, parent_id: int | None = None) -> list[Document]:
        """All documents of a kind (under one parent), lowest id first."""
        where = "" if parent_id is None else " AND parent_id = ?"
        values = (kind,) if parent_id is None else (kind, parent_id)
        with self._lock:
            rows = self._connection.execute(
                "SELECT body FROM documents WHERE kind = ?" + where + " ORDER BY id",  # noqa: S608
                values,
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def delete(self, kind: str, number: int) -> None:
        with self.locked():
            self._connection.execute(
                "DELETE FROM documents WHERE kind = ? AND id = ?", (kind, number)
            )

    def close(self) -> None:
        with self._lock:
            self._connection.close()
