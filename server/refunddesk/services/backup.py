"""Backs database and files up while the desk works, and restores them: nothing is paid twice."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from refunddesk.db import copies, history, leases, schema, staff, stores
from refunddesk.db.copies import DatabaseInUse
from refunddesk.db.history import Head, HistoryBroken
from refunddesk.db.session import open_database
from refunddesk.services import audit, backup_files
from refunddesk.services.backup_files import FilesUnusable, Packed
from refunddesk.services.edges import Edges
from refunddesk.services.erased_again import Again, erase_again
from refunddesk.services.health import DISPATCHER
from refunddesk.services.payment_blocks import block_payments
from refunddesk.services.refusal import Refusal
from refunddesk.version import __version__

_BECAUSE = "the database was restored from a backup"
_ACTOR = "command"


class DatabaseNotAFile(Refusal):
    """The database is PostgreSQL's, which brings tools of its own for this."""


class BackupThereAlready(Refusal):
    """A file of this name is there; backups are never overwritten."""


class BackupNotMade(Refusal):
    """The copy could not be made, or is not as it should be."""


class BackupUnusable(Refusal):
    """The file is no whole backup of a desk that this program understands."""


class BackupNotRestored(Refusal):
    """The backup is good, and something else kept it from taking the database's place."""


class DeskStillRunning(Refusal):
    """A process of the desk is at work on the database that is to be replaced."""


class DatabaseUnreadable(Refusal):
    """The present database does not tell whether somebody works on it."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup; `head` is the last line of its audit log, None when that is empty.

    `files` are the attachments and plugins packed beside it; None: there is none.
    """

    file: Path
    size: int
    audit_lines: int
    head: Head | None
    files: Packed | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """What a restore was answered with. `lost`: a later line of the audit log that is gone now.

    `erased` are the people whom the backup had brought back.
    """

    audit_lines: int
    lost: Head | None
    stores: int
    erased: Again


@dataclass(frozen=True, slots=True)
class Restored:
    """`aside` keeps the database that was there before; None if there was none. `files` is how many
    attachments and plugins were put back.
    """

    marked: Marked
    aside: Path | None
    files: int


def note_of(backup: Path) -> Path:
    """Where the checksum and the head of the audit log are noted, beside the backup."""
    return backup.with_name(f"{backup.name}.json")


def files_of(backup: Path) -> Path:
    """Where the files are packed, beside the backup."""
    return backup.with_name(f"{backup.name}.files.tar")


def back_up(edges: Edges, target: Path) -> Backup:
    """Copy the database, as it is now, into the new file `target`, and prove the copy.

    Attachments and plugins' zips, where there are any, are packed beside it. Works while the desk
    does. Raises DatabaseNotAFile, BackupThereAlready, BackupNotMade.
    """
    live = _file_of(edges)
    for name in (target, note_of(target), files_of(target)):
        if name.exists():
            raise BackupThereAlready(f"{name} is there already. Nothing was written.")
    # Before the copy: a head kept while it is made may be of a line that it does not have.
    heads = list(audit.kept_heads(edges))
    waiting, packed = _waiting_beside(target, edges), _waiting_beside(files_of(target), edges)
    try:
        with _removed_at_the_end(waiting), _removed_at_the_end(packed):
            copies.copy(live, waiting)
            made = _proven(waiting, target, heads)
            files = backup_files.pack(edges.home, waiting, packed)
            if files.count or files.missing:
                made = replace(made, files=files)
                copies.name_for_good(packed, files_of(target))
            _write_note(made, waiting, heads, edges.clock())
            copies.name_for_good(waiting, target)
    except FileExistsError:
        raise BackupThereAlready(f"{target} is there already. Nothing was written.") from None
    except (OSError, sqlite3.Error, SQLAlchemyError, HistoryBroken) as error:
        raise BackupNotMade(f"{error} No backup was kept; the database is untouched.") from error
    return made


def restore(edges: Edges, source: Path, *, all_stopped: bool = False) -> Restored:
    """Put the backup in the database's place; the present one is kept beside it.

    It is marked before it takes its place, so no process ever sees it without: payments of every
    store wait until reconciliation has seen what the backup does not know. `all_stopped` is a
    person's word for it where the present database cannot be read. Raises the refusals above.
    """
    live = _file_of(edges)
    has_files = _check_usable(source)
    _check_stopped(edges, live, all_stopped)
    waiting = _waiting_beside(live, edges)
    now = edges.clock()
    aside = live.with_name(f"{live.name}.before-{now:%Y%m%dT%H%M%SZ}")
    try:
        with _removed_at_the_end(waiting):
            copies.copy(source, waiting, read_only=True)
            # Before the database that names them: what nobody names yet is swept away by itself.
            # And before the mark: files of people erased since are removed by it again.
            files = backup_files.unpack(files_of(source), edges.home) if has_files else 0
            marked = _mark_copy(edges, waiting)
            had_one = live.exists()
            copies.put_in_place(waiting, live, aside)
    except FileExistsError:
        raise BackupThereAlready(f"{aside} is there already. Nothing was changed.") from None
    except (OSError, sqlite3.Error) as error:
        raise BackupNotRestored(f"{error} The present database was kept as it is.") from error
    audit.begin_anew(edges, marked.audit_lines)
    return Restored(marked, aside if had_one else None, files)


def mark(edges: Edges) -> Marked:
    """Do what `restore` does besides copying, after a restore by PostgreSQL's own tools.

    Raises DeskStillRunning, HistoryBroken.
    """
    schema.check_current(edges.database)
    _check_lease(edges)
    marked = _mark(edges)
    audit.begin_anew(edges, marked.audit_lines)
    return marked


def _file_of(edges: Edges) -> Path:
    live = copies.file_of(edges.database)
    if live is None:
        raise DatabaseNotAFile(
            "The database is PostgreSQL's: use pg_dump and pg_restore, and after a restore "
            "`refunddesk restore --mark`. docs/running.md has the commands. Nothing was done."
        )
    return live


def _waiting_beside(file: Path, edges: Edges) -> Path:
    return file.with_name(f".{file.name}.{edges.random_bytes(4).hex()}.part")


@contextmanager
def _removed_at_the_end(waiting: Path) -> Iterator[None]:
    try:
        yield
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            Path(f"{waiting}{ending}").unlink(missing_ok=True)


def _proven(copy: Path, name: Path, heads: list[Head]) -> Backup:
    """Raises BackupNotMade, HistoryBroken."""
    damage = copies.find_damage(copy)
    if damage:
        raise BackupNotMade(f"The copy is damaged: {damage}. No backup was kept.")
    with copies.open_copy(copy).read() as transaction:
        lines = history.verify(transaction, heads)
        head = history.find_head(transaction)
    return Backup(name, copy.stat().st_size, lines, head)


def _write_note(made: Backup, copy: Path, heads: list[Head], now: datetime) -> None:
    note = {
        "made_at": now.isoformat(),
        "program": __version__,
        "sha256": _checksum(copy),
        "size": made.size,
        "audit_head": asdict(made.head) if made.head else None,
        # What was kept outside the database by then: at most an hour older.
        "kept_head": asdict(heads[-1]) if heads else None,
        "files_sha256": _checksum(files_of(made.file)) if made.files else None,
    }
    descriptor = os.open(note_of(made.file), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(json.dumps(note, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _check_usable(source: Path) -> bool:
    """Is the file whole, as it was written, a desk's, and none of a newer program?

    Whether files were packed beside it.
    """
    if not source.is_file():
        raise BackupUnusable(f"{source} is not there. Nothing was changed.")
    noted, files = _noted_checksums(source)
    _check_as_noted(source, noted, source)
    _check_as_noted(files_of(source), files, source)
    damage = copies.find_damage(source)
    if damage:
        raise BackupUnusable(f"{source} is damaged: {damage}. Nothing was changed.")
    revision = schema.find_revision(copies.open_copy(source))
    if revision is None or not schema.is_known(revision):
        raise BackupUnusable(
            f"{source} is not a backup of Refund Desk, or one of a newer version than "
            f"{__version__}. Nothing was changed."
        )
    if not files_of(source).is_file():
        return False
    try:
        backup_files.check(files_of(source))
    except FilesUnusable as error:
        raise BackupUnusable(f"{files_of(source)}: {error} Nothing was changed.") from None
    return True


def _check_as_noted(file: Path, noted: str | None, source: Path) -> None:
    if noted and not file.is_file():
        raise BackupUnusable(
            f"{file}, which {note_of(source).name} tells of, is not there. Nothing was changed: "
            "bring it too, or move the note away to do without it."
        )
    if noted and noted != _checksum(file):
        raise BackupUnusable(
            f"{file} is not what {note_of(source).name} beside it says. Nothing was changed: "
            "take another copy of it, or move the note away if you know why."
        )


def _noted_checksums(source: Path) -> tuple[str | None, str | None]:
    """Those of the database and of the packed files; None: nothing is noted of it."""
    try:
        note = json.loads(note_of(source).read_text("ascii"))
        files = note.get("files_sha256")
        return str(note["sha256"]), str(files) if files else None
    except FileNotFoundError:
        return None, None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupUnusable(f"{note_of(source)} cannot be read. Nothing was changed.") from None


def _check_stopped(edges: Edges, live: Path, all_stopped: bool) -> None:
    """Raises DeskStillRunning, DatabaseUnreadable. The present database stands alone after it."""
    if not live.exists():
        return
    try:
        _check_lease(edges)
        edges.database.close()
        copies.fold(live)
    except DatabaseInUse as error:
        raise DeskStillRunning(
            f"{error} Nothing was changed: stop web, workers and schedule first."
        ) from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        if not all_stopped:
            raise DatabaseUnreadable(
                f"{live} cannot be read, so it does not tell whether the desk is running. Nothing "
                "was changed: stop every process, then say --all-stopped."
            ) from error


def _check_lease(edges: Edges) -> None:
    now = edges.clock()
    with edges.database.read() as transaction:
        until = leases.find_end(transaction, DISPATCHER)
    if until is not None and until > now:
        raise DeskStillRunning(
            "The dispatcher is at work, or was killed a moment ago. Nothing was changed: stop "
            f"all processes; at {until:%H:%M:%S} UTC its lease is over."
        )


def _mark_copy(edges: Edges, copy: Path) -> Marked:
    database = open_database(f"sqlite:///{copy}")
    try:
        schema.upgrade(database)
        return _mark(replace(edges, database=database))
    except HistoryBroken as error:
        raise BackupUnusable(f"{error} Nothing was changed.") from error
    finally:
        database.close()
        copies.fold(copy)
        copies.sync(copy)


def _mark(edges: Edges) -> Marked:
    """Block all payments, sign everybody out, erase again who was erased since, and tell it in the
    audit log. Raises HistoryBroken.

    A session that was ended since the backup would be good again.
    """
    now = edges.clock()
    heads = list(audit.kept_heads(edges))
    with edges.database.read() as transaction:
        last = history.find_head(transaction)
        lines = last.seq if last else 0
        history.verify(transaction, [head for head in heads if head.seq <= lines])
    lost = heads[-1] if heads and heads[-1].seq > lines else None
    with edges.database.write() as transaction:
        known = stores.list_stores(transaction)
        for store in known:
            block_payments(transaction, store.id, _BECAUSE, now)
        staff.drop_all_sessions(transaction)
        history.record_deed(
            transaction,
            at=now,
            actor=_ACTOR,
            action="database_restored",
            subject="desk",
            data={"audit_lines": lines, "lost_head": asdict(lost) if lost else None},
        )
    return Marked(lines, lost, len(known), erase_again(edges))


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
