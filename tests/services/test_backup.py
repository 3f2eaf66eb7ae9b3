"""A backup is whole and proven or not there; a restore takes its place whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from refunddesk.db import (
    append_only,
    history,
    leases,
    payment_blocks,
    plugins,
    staff,
    stores,
    tables,
)
from refunddesk.db.session import open_database
from refunddesk.db.staff import Role
from refunddesk.services import attachments, audit, backup
from refunddesk.services.backup import BackupUnusable
from refunddesk.services.backup_files import Packed
from refunddesk.services.compat_files import plugin_zip
from refunddesk.services.edges import Edges
from refunddesk.services.payment_blocks import why_held
from tests.asking import buy, report
from tests.building import add_check, add_order, add_staff, add_store, grant
from tests.conftest import TestClock
from tests.web.test_attachments import picture

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def live(edges: Edges) -> Path:
    """The file of a database with a granted refund in it."""
    grant(edges, add_order(edges, add_store(edges)))
    audit.keep_head(edges)
    name = edges.database.engine.url.database
    assert name
    return Path(name)


@pytest.fixture
def saved(edges: Edges, live: Path, tmp_path: Path) -> Path:
    file = tmp_path / "saved.db"
    backup.back_up(edges, file)
    return file


@pytest.fixture
def other_process(live: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else who has the database open, as the web process does."""
    with closing(sqlite3.connect(live, isolation_level=None)) as connection:
        connection.execute("SELECT count(*) FROM stores").fetchone()
        yield connection


def count(edges: Edges, table: str) -> int:
    with edges.database.read() as transaction:
        return transaction.scalar(select(func.count()).select_from(tables.metadata.tables[table]))


def held(edges: Edges) -> str | None:
    with edges.database.read() as transaction:
        return why_held(transaction, 1, edges.clock())


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if ".part" in path.name]


def add_files(edges: Edges) -> tuple[Path, Path]:
    """An attachment and a plugin's zip, each in its place and in the database."""
    order = buy(edges, 1, woo_order_id=2002)
    case = report(edges, order, finding=None, gives_up=False)
    kept = attachments.attach(edges, case.id, "shot.png", picture(), by="staff:1")
    add_check(edges)
    with edges.database.read() as transaction:
        (sha256,) = plugins.list_hashes(transaction)
    zipped = plugin_zip(edges, sha256)
    zipped.parent.mkdir(parents=True)
    zipped.write_bytes(b"a zip")
    return edges.home / "attachments" / kept.kept_as[:2] / kept.kept_as, zipped


# ---------------------------------------------------------------- making one


def test_a_backup_is_one_file_for_its_owner_alone_with_a_note_beside(
    edges: Edges, live: Path, tmp_path: Path
) -> None:
    made = backup.back_up(edges, tmp_path / "saved.db")
    assert made.audit_lines == history_lines(edges) > 0
    assert made.size == made.file.stat().st_size
    assert mode_of(made.file) == mode_of(backup.note_of(made.file)) == 0o600
    note = json.loads(backup.note_of(made.file).read_text())
    assert note["audit_head"]["seq"] == note["kept_head"]["seq"] == made.audit_lines
    copy = open_database(f"sqlite:///{made.file}")
    assert count(replace(edges, database=copy), "refunds") == 1
    copy.close()
    assert left_over(tmp_path) == []


def test_attachments_and_plugins_come_back_with_the_database(
    edges: Edges, live: Path, tmp_path: Path
) -> None:
    picture_file, zipped = add_files(edges)
    (edges.home / "compat" / "plugins" / "notes.txt").write_text("none of ours")
    before = picture_file.read_bytes()
    made = backup.back_up(edges, tmp_path / "saved.db")
    assert made.files == Packed(2, 0)
    packed = backup.files_of(made.file)
    assert mode_of(packed) == 0o600
    picture_file.unlink()
    zipped.write_bytes(b"still there")
    restored = backup.restore(edges, made.file)
    assert restored.files == 1
    assert picture_file.read_bytes() == before
    assert mode_of(picture_file) == 0o600
    assert zipped.read_bytes() == b"still there"
    assert left_over(tmp_path) == []


def test_a_backup_says_how_many_files_were_not_there(
    edges: Edges, live: Path, tmp_path: Path
) -> None:
    picture_file, _ = add_files(edges)
    picture_file.unlink()
    assert backup.back_up(edges, tmp_path / "saved.db").files == Packed(1, 1)


@pytest.mark.parametrize("harm", ["gone", "another", "foreign", "damaged"])
def test_files_that_are_not_as_they_were_packed_restore_nothing(
    edges: Edges, live: Path, tmp_path: Path, harm: str
) -> None:
    picture_file, _ = add_files(edges)
    made = backup.back_up(edges, tmp_path / "saved.db")
    packed = backup.files_of(made.file)
    picture_file.unlink()
    if harm == "gone":
        packed.unlink()
    elif harm == "another":
        packed.write_bytes(packed.read_bytes() + b"x")
    else:
        backup.note_of(made.file).unlink()  # nothing tells that it was changed
        if harm == "damaged":
            packed.write_bytes(b"no archive at all" * 100)
        else:
            with tarfile.open(packed, "a") as archive:
                archive.add(made.file, "../outside.db")
    content = live.read_bytes()
    with pytest.raises(BackupUnusable, match="Nothing was changed"):
        backup.restore(edges, made.file)
    assert live.read_bytes() == content
    assert not picture_file.exists()
    assert not (edges.home.parent / "outside.db").exists()


def history_lines(edges: Edges) -> int:
    return count(edges, "history")


def test_a_backup_made_while_others_write_is_of_one_moment(
    edges: Edges, live: Path, tmp_path: Path
) -> None:
    stopping = threading.Event()

    def write() -> None:
        while not stopping.is_set():
            with edges.database.write() as transaction:
                stores.record_payments_held(transaction, 1, "gateway move")
                history.record_deed(
                    transaction, at=edges.clock(), actor="a", action="b", subject="store:1"
                )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            backup.back_up(edges, tmp_path / f"{number}.db")
    finally:
        stopping.set()
        writer.join()
    notes = [json.loads((tmp_path / f"{number}.db.json").read_text()) for number in range(5)]
    lines = [note["audit_head"]["seq"] for note in notes]
    assert lines == sorted(lines)
    assert lines[-1] > lines[0]


@pytest.mark.parametrize("taken", ["saved.db", "saved.db.json"], ids=["its name", "its note's"])
def test_a_backup_overwrites_nothing(edges: Edges, live: Path, tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("precious")
    with pytest.raises(backup.BackupThereAlready, match=taken):
        backup.back_up(edges, tmp_path / "saved.db")
    assert (tmp_path / taken).read_text() == "precious"
    assert left_over(tmp_path) == []


def test_a_backup_that_cannot_be_written_leaves_nothing(
    edges: Edges, live: Path, tmp_path: Path
) -> None:
    with pytest.raises(backup.BackupNotMade, match="No backup was kept"):
        backup.back_up(edges, tmp_path / "no such folder" / "saved.db")


def test_a_database_whose_audit_log_was_changed_gives_no_backup(
    edges: Edges, live: Path, tmp_path: Path
) -> None:
    with edges.database.write() as transaction:
        for statement in append_only.allow_changes("sqlite", "history"):
            transaction.execute(text(statement))
        transaction.execute(text("UPDATE history SET action = 'nothing' WHERE seq = 1"))
    with pytest.raises(backup.BackupNotMade, match="Line 1 of the audit log was changed"):
        backup.back_up(edges, tmp_path / "saved.db")
    assert not (tmp_path / "saved.db").exists()
    assert left_over(tmp_path) == []


# ---------------------------------------------------------------- taking it back


def test_after_a_restore_the_database_is_as_it_was_and_payments_wait(
    edges: Edges, saved: Path, live: Path, clock: TestClock
) -> None:
    before = history_lines(edges)
    add_store(edges, url="https://later.test")
    clock.move(hours=1)
    restored = backup.restore(edges, saved)
    assert count(edges, "stores") == 1
    assert held(edges) == "the database was restored from a backup"
    assert restored.marked.audit_lines == before
    assert mode_of(live) == 0o600
    assert left_over(live.parent) == []
    assert restored.aside
    aside = open_database(f"sqlite:///{restored.aside}")
    assert count(replace(edges, database=aside), "stores") == 2
    aside.close()


def test_a_backup_comes_back_where_there_is_no_database_at_all(
    edges: Edges, saved: Path, live: Path
) -> None:
    edges.database.close()
    live.unlink()
    assert backup.restore(edges, saved).aside is None
    assert count(edges, "refunds") == 1


def test_the_audit_log_says_what_the_restore_lost_and_verifies_again(
    edges: Edges, saved: Path, clock: TestClock
) -> None:
    add_deed(edges)
    audit.keep_head(edges)
    lost = list(audit.kept_heads(edges))[-1]
    clock.move(hours=1)
    marked = backup.restore(edges, saved).marked
    assert marked.lost == lost
    assert audit.verify(edges) > marked.audit_lines
    with edges.database.read() as transaction:
        (deed,) = history.list_deeds(transaction, "desk")
    assert deed.action == "database_restored"
    assert deed.data["lost_head"] == {"seq": lost.seq, "hash": lost.hash}
    (aside,) = audit.anchor_file(edges).parent.glob("audit-heads.jsonl.before-*")
    assert lost.hash in aside.read_text()
    assert lost not in list(audit.kept_heads(edges))


def add_deed(edges: Edges) -> None:
    with edges.database.write() as transaction:
        history.record_deed(transaction, at=edges.clock(), actor="a", action="b", subject="c")


def test_a_session_that_was_ended_since_the_backup_is_not_good_again(
    edges: Edges, live: Path, tmp_path: Path, clock: TestClock
) -> None:
    add_staff(edges, ("olga@desk.test", Role.OWNER))
    with edges.database.write() as transaction:
        staff.add_session(
            transaction,
            token_hash=b"hash",
            staff_id=1,
            at=clock(),
            until=clock() + timedelta(hours=8),
        )
    backup.back_up(edges, tmp_path / "saved.db")
    backup.restore(edges, tmp_path / "saved.db")
    assert count(edges, "staff_sessions") == 0


@pytest.mark.parametrize(
    ("seconds_left", "runs"), [(1, True), (0, False)], ids=["still leads", "its lease is over"]
)
def test_nothing_is_restored_while_the_dispatcher_leads(
    edges: Edges, saved: Path, clock: TestClock, seconds_left: int, runs: bool
) -> None:
    with edges.database.write() as transaction:
        until = clock() + timedelta(seconds=seconds_left)
        leases.take_lease(transaction, "dispatcher", "here", now=clock(), until=until)
    if runs:
        with pytest.raises(backup.DeskStillRunning, match="at 10:00:01 UTC"):
            backup.restore(edges, saved)
    else:
        backup.restore(edges, saved)
    assert (held(edges) is None) is runs


@pytest.mark.usefixtures("other_process")
def test_nothing_is_restored_while_a_process_has_the_database_open(
    edges: Edges, saved: Path, live: Path
) -> None:
    with pytest.raises(backup.DeskStillRunning, match="stop web, workers and schedule"):
        backup.restore(edges, saved)
    assert held(edges) is None
    assert left_over(live.parent) == []


def test_a_broken_database_gives_way_only_on_a_persons_word(
    edges: Edges, saved: Path, live: Path
) -> None:
    edges.database.close()
    live.write_bytes(b"SQLite format 3\0" + b"broken" * 1000)
    with pytest.raises(backup.DatabaseUnreadable, match="--all-stopped"):
        backup.restore(edges, saved)
    restored = backup.restore(edges, saved, all_stopped=True)
    assert restored.aside
    assert restored.aside.read_bytes().startswith(b"SQLite format 3\0broken")
    assert count(edges, "refunds") == 1


def damage(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[-2000:] = os.urandom(2000)
    saved.write_bytes(bytes(content))


def damage_unnoted(saved: Path) -> None:
    backup.note_of(saved).unlink()
    content = bytearray(saved.read_bytes())
    content[4096 * 3 : 4096 * 12] = bytes(4096 * 9)
    saved.write_bytes(bytes(content))


def cut_off(saved: Path) -> None:
    backup.note_of(saved).unlink()
    os.truncate(saved, saved.stat().st_size // 2)


def garble_note(saved: Path) -> None:
    backup.note_of(saved).write_text("{}")


def replace_by_another_program(saved: Path) -> None:
    backup.note_of(saved).unlink()
    saved.unlink()
    with closing(sqlite3.connect(saved)) as other:
        other.execute("CREATE TABLE stores (id INTEGER)")


def make_newer(saved: Path) -> None:
    backup.note_of(saved).unlink()
    with closing(sqlite3.connect(saved, isolation_level=None)) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")


def rewrite_history(saved: Path) -> None:
    backup.note_of(saved).unlink()
    with closing(sqlite3.connect(saved, isolation_level=None)) as other:
        for statement in append_only.allow_changes("sqlite", "history"):
            other.execute(statement)
        other.execute("UPDATE history SET actor = 'nobody' WHERE seq = 1")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (damage, "is not what saved.db.json beside it says"),
        (damage_unnoted, "is damaged"),
        (cut_off, "is damaged"),
        (garble_note, "cannot be read"),
        (replace_by_another_program, "not a backup of Refund Desk"),
        (make_newer, "one of a newer version"),
        (rewrite_history, "Line 1 of the audit log was changed"),
        (Path.unlink, "is not there"),
    ],
    ids=[
        "changed since",
        "changed, and no note",
        "cut off",
        "its note is none",
        "of another program",
        "of a newer version",
        "with another history",
        "not there",
    ],
)
def test_what_is_no_good_backup_changes_nothing(
    edges: Edges, saved: Path, live: Path, spoil: object, told: str
) -> None:
    assert callable(spoil)
    spoil(saved)
    with pytest.raises(backup.BackupUnusable, match=told):
        backup.restore(edges, saved)
    assert held(edges) is None
    assert count(edges, "refunds") == 1
    assert left_over(live.parent) == []


def test_a_backup_of_another_desk_is_not_taken_for_ours(
    edges: Edges, saved: Path, live: Path
) -> None:
    """Its log does not hold the heads that were kept outside the database."""
    lines = [
        json.dumps({"seq": 1, "hash": "00" * 32}),
        *audit.anchor_file(edges).read_text().splitlines(),
    ]
    audit.anchor_file(edges).write_text("\n".join(lines) + "\n")
    with pytest.raises(backup.BackupUnusable, match="was rewritten"):
        backup.restore(edges, saved)
    assert held(edges) is None


def test_a_restore_that_ends_midway_leaves_the_present_database(
    edges: Edges, saved: Path, live: Path, tmp_path: Path, clock: TestClock
) -> None:
    aside = live.with_name(f"{live.name}.before-{clock():%Y%m%dT%H%M%SZ}")
    shutil.copy(live, aside)
    with pytest.raises(backup.BackupThereAlready, match="before-"):
        backup.restore(edges, saved)
    assert held(edges) is None
    assert left_over(tmp_path) == []


def test_the_marked_database_is_the_first_that_any_process_can_see(
    edges: Edges, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed right after the backup took its place: its payments are blocked already."""

    def killed(_edges: Edges, _up_to: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(audit, "begin_anew", killed)
    with pytest.raises(KeyboardInterrupt):
        backup.restore(edges, saved)
    with edges.database.read() as transaction:
        assert payment_blocks.find_block(transaction, 1)
