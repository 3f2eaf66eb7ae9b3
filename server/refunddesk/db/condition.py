"""Looks at the database itself: does it take writes, is it whole, does it keep what it took?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, insert

from refunddesk.db.session import Database
from refunddesk.db.tables import rounds

#: SQLite's number for a synchronous mode of FULL; EXTRA has the next one.
_FULL = 2
#: Without any of these a committed row does not survive a power cut.
_POSTGRESQL_NEEDS = ("fsync", "full_page_writes", "synchronous_commit")


def check_writable(database: Database, now: datetime) -> None:
    """Write a row and take it back. Raises SQLAlchemyError where that is refused."""
    with database.engine.connect() as connection:
        connection.execute(insert(rounds).values(name="a try", begun_at=now))
        connection.rollback()


def find_faults(database: Database) -> list[str]:
    """What is wrong with the database's files or settings, one sentence each."""
    with database.read() as transaction:
        find = _faults_of_sqlite if database.is_sqlite else _faults_of_postgresql
        return list(find(transaction))


def _faults_of_sqlite(transaction: Connection) -> Iterator[str]:
    (told,) = transaction.exec_driver_sql("PRAGMA integrity_check(1)").one()
    if told != "ok":
        yield f"The database file is damaged: {told}."
    (mode,) = transaction.exec_driver_sql("PRAGMA journal_mode").one()
    if mode != "wal":
        yield f"The journal mode is {mode} instead of wal: readers and writers wait for each other."
    (synchronous,) = transaction.exec_driver_sql("PRAGMA synchronous").one()
    if synchronous < _FULL:
        yield "Commits are not synchronous: a power cut loses deliveries that were acknowledged."


def _faults_of_postgresql(transaction: Connection) -> Iterator[str]:
    for name in _POSTGRESQL_NEEDS:
        (found,) = transaction.exec_driver_sql(f"SHOW {name}").one()
        if found == "off":
            yield f"{name} is off: a power cut loses deliveries that were acknowledged."
