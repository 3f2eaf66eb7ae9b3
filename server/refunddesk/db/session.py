"""Opens the database and its transactions, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from refunddesk.db import history

_BUSY_MS = 10_000
_BEGIN_WRITING = "BEGIN IMMEDIATE"
# The values of a statement that failed are rows and bodies: errors must not quote them.
_OPTIONS: dict[str, Any] = {"pool_size": 20, "max_overflow": 20, "hide_parameters": True}


class DriverTransaction:
    """A transaction in the driver's own words, for what every delivery costs."""

    __slots__ = ("_cursor", "dialect")

    def __init__(self, cursor: Any, dialect: Dialect) -> None:
        self._cursor = cursor
        self.dialect = dialect

    def exec_driver_sql(self, statement: str, values: tuple[Any, ...]) -> None:
        self._cursor.execute(statement, values)


#: What rows can be inserted in.
Transaction = Connection | DriverTransaction


class DriverConnection:
    """A connection held for many transactions of the driver's own, one after the other.

    What SQLAlchemy does around a transaction and each of its statements takes as long as inserting
    ten deliveries, in code that has left the processor's cache by the next transaction.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._raw: PoolProxiedConnection | None = None

    @contextmanager
    def write(self) -> Iterator[DriverTransaction]:
        """One transaction that may change rows, but records no deeds.

        Committed at the end, rolled back on any error; the driver's errors come as SQLAlchemy's.
        """
        try:
            with _translated(self._engine.dialect):
                raw = self._raw = self._raw or self._engine.raw_connection()
                cursor = raw.cursor()
                if self._engine.dialect.name == "sqlite":
                    cursor.execute(_BEGIN_WRITING)
                yield DriverTransaction(cursor, self._engine.dialect)
                raw.commit()
                cursor.close()
        except BaseException:
            # It may be broken: the next one gets another. Its end alone would not roll back on
            # SQLite while somebody still holds a cursor of it, such as this error's traceback.
            if self._raw:
                with suppress(self._engine.dialect.loaded_dbapi.Error):
                    self._raw.rollback()
                self._raw.invalidate()
                self._raw = None
            raise

    def close(self) -> None:
        if self._raw:
            self._raw.close()


@contextmanager
def _translated(dialect: Dialect) -> Iterator[None]:
    driver = dialect.loaded_dbapi
    try:
        yield
    except driver.Error as error:
        raise DBAPIError.instance(
            None, None, error, driver.Error, hide_parameters=True, dialect=dialect
        ) from error


class Database:
    """An engine with the two kinds of transaction the program knows: writing and reading."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may change rows; committed at the end, rolled back on any error.

        The deeds recorded in it enter the history last, so that no transaction holds the history's
        lock while it waits for another row.
        """
        with self.engine.begin() as transaction:
            history.begin(transaction)
            try:
                yield transaction
                history.append(transaction)
            finally:
                history.forget(transaction)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state and takes no write lock."""
        with self.engine.connect().execution_options(refunddesk_reads=True) as transaction:
            yield transaction
            transaction.rollback()

    @contextmanager
    def driver(self) -> Iterator[DriverConnection]:
        """A connection to hold for a while, back in the pool afterwards."""
        connection = DriverConnection(self.engine)
        try:
            yield connection
        finally:
            connection.close()

    def fold_log(self) -> None:
        """Empty SQLite's log into the file, as far as nobody reads from it: it keeps old pages.

        PostgreSQL's log empties itself; see docs/privacy.md.
        """
        if not self.is_sqlite:
            return
        raw = self.engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA busy_timeout = 250")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            cursor.close()
        finally:
            raw.close()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str) -> Database:
    """The database at `url` ("sqlite:///…" or "postgresql+psycopg://…"), not yet migrated."""
    address = make_url(url)
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    if address.get_backend_name() == "sqlite":
        if address.database:
            Path(address.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(address, **_OPTIONS)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return Database(engine)
    engine = create_engine(address, **_OPTIONS, pool_pre_ping=True)
    return Database(engine)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transactions begin too late: 593 of 636 updates were lost with them.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # NORMAL survives kill -9 but not a power cut: an acknowledged delivery would be lost.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails with "database is locked" no matter
    # how long it waits; taking the write lock at once makes writers queue instead.
    reads = connection.get_execution_options().get("refunddesk_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else _BEGIN_WRITING)
