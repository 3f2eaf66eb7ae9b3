"""Whole copies of a SQLite database: made while it is in use, checked, and put in its place."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import NullPool, create_engine

from refunddesk.db.session import Database


class DatabaseInUse(Exception):
    """Another process has the database open."""


def file_of(database: Database) -> Path | None:
    """The file that holds the database; None where it is no file, as with PostgreSQL."""
    name = database.engine.url.database
    return Path(name) if database.is_sqlite and name else None


def copy(source: Path, target: Path, *, read_only: bool = False) -> None:
    """Copy all that is committed by now into the new file `target`, while others read and write.

    The copy is one file, for this user alone, on the disk when this returns. Raises
    FileExistsError, OSError, sqlite3.Error; what there is of the copy is left for the caller.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    mode = "ro" if read_only else "rw"
    with closing(_open(source, mode)) as there, closing(_open(target, "rw")) as here:
        # In one step: in several, each write meanwhile would make it begin anew.
        there.backup(here, pages=-1)
        # A copy that keeps the write-ahead log would be three files as soon as it is read.
        here.execute("PRAGMA journal_mode = DELETE")
    sync(target)


def open_copy(path: Path) -> Database:
    """A copy to be read and never changed."""
    engine = create_engine("sqlite://", creator=lambda: _open(path, "ro"), poolclass=NullPool)
    return Database(engine)


def find_damage(path: Path) -> str | None:
    """What SQLite finds wrong with the file; None when it is whole."""
    try:
        with closing(_open(path, "ro")) as found:
            (told,) = found.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return None if told == "ok" else str(told)


def fold(path: Path) -> None:
    """Bring the write-ahead log into the file, which then stands alone.

    Raises DatabaseInUse while any other process has it open, sqlite3.Error if it cannot be read.
    """
    with closing(_open(path, "rw")) as found:
        found.execute("PRAGMA busy_timeout = 0")
        try:
            # SQLite leaves this mode only for whoever has the database alone.
            found.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise DatabaseInUse(f"{path} is open in another process.") from None
            raise


def name_for_good(waiting: Path, target: Path) -> None:
    """Give a finished file its name. Raises FileExistsError: nothing is ever overwritten."""
    os.link(waiting, target)
    waiting.unlink()
    sync(target.parent)


def put_in_place(waiting: Path, live: Path, aside: Path) -> None:
    """Let `waiting` be the database from now on, and keep the present one, if any, as `aside`.

    At no moment is there no database: a program started then would find an empty folder.
    """
    for ending in ("-wal", "-shm"):
        # Left over only where the present one could not be read; they must not meet the new one.
        if (leftover := Path(f"{live}{ending}")).exists():
            leftover.rename(f"{aside}{ending}")
    if live.exists():
        os.link(live, aside)
    os.replace(waiting, live)
    sync(live.parent)


def sync(path: Path) -> None:
    """Have the file, or the folder's list of names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None)
