"""A reader finds each record once, in order; a damaged file costs only what is damaged in it."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refunddesk.journal import reader as reading
from refunddesk.journal.reader import Batch, JournalReader
from refunddesk.journal.segment import ASIDE, BEGUN, WHOLE, OpenSegment, SegmentReader
from refunddesk.sealing import Sealer, new_key
from tests.journal.journals import (
    GRID,
    SEALER,
    in_child,
    names_in,
    new_name,
    read_file,
    read_journal,
    write_file,
)


@pytest.fixture
def reader(tmp_path: Path) -> JournalReader:
    return JournalReader(tmp_path, SEALER)


def flip(path: Path, place: int) -> None:
    """One bit of what was written there is another one now."""
    with path.open("r+b") as file:
        file.seek(place)
        found = file.read(1)
        file.seek(place)
        file.write(bytes([found[0] ^ 1]))


def read_one(reader: JournalReader) -> Batch:
    """The first batch, which is not marked: its reader was killed before that."""
    return next(reader.batches())


# -- each once


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(["read", "next file"]),
            st.lists(st.integers(0, 1200), min_size=1, max_size=4),
        ),
        max_size=12,
    )
)
def test_whatever_is_written_in_whatever_files_and_read_in_between_is_read_once_and_in_order(
    deeds: list[str | list[int]],
) -> None:
    written: list[bytes] = []
    found: list[bytes] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        file = OpenSegment(folder, new_name(), SEALER, room=64 * GRID)
        for deed in deeds:
            if deed == "read":
                found += read_journal(folder)
                assert found == written
            elif isinstance(deed, str):
                file.close()
                file = OpenSegment(folder, new_name(), SEALER, room=64 * GRID)
            else:
                records = [b"%d " % len(written) + bytes(length) for length in deed]
                written += records
                file.append(records)
        file.close()
        found += read_journal(folder)
        assert found == written
        assert read_journal(folder) == []
        assert names_in(folder) == []


def test_what_many_files_hold_is_read_in_the_order_of_their_names(
    tmp_path: Path,
) -> None:
    """Which is that of their beginning; a clock that was set back in between costs nothing."""
    for name in ("20260302T100002-b", "20260302T100001-c", "20260302T100002-a"):
        file = OpenSegment(tmp_path, name, SEALER, room=4 * GRID)
        file.append([name.encode()])
        file.close()
    assert read_journal(tmp_path) == [
        b"20260302T100001-c",
        b"20260302T100002-a",
        b"20260302T100002-b",
    ]


def test_what_is_read_together_is_bounded_in_number_and_in_size(
    tmp_path: Path, reader: JournalReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOST_RECORDS", 3)
    monkeypatch.setattr(reading, "_MOST_BYTES", 1000)
    write_file(tmp_path, [b"1"], [b"2"], [b"3"], [b"4"], [b"x" * 1000], [b"5"])
    sizes = []
    for batch in reader.batches():
        sizes.append(len(batch.records))
        reader.mark(batch)
    assert sizes == [3, 2, 1]


def test_what_was_made_durable_together_is_read_together(
    tmp_path: Path, reader: JournalReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mark stands between frames only."""
    monkeypatch.setattr(reading, "_MOST_RECORDS", 3)
    write_file(tmp_path, [b"1", b"2"], [b"3", b"4", b"5", b"6"], [b"7"])
    batches = []
    for batch in reader.batches():
        batches.append(batch.records)
        reader.mark(batch)
    assert batches == [(b"1", b"2", b"3", b"4", b"5", b"6"), (b"7",)]


def test_empty_records_and_those_of_four_mebibytes_are_read(tmp_path: Path) -> None:
    large = bytes(range(256)) * (4 * 1024 * 4)
    write_file(tmp_path, [b""], [large], [b"", b""], [large, b""])
    assert read_journal(tmp_path) == [b"", large, b"", b"", large, b""]


def test_what_was_not_marked_is_read_again_and_what_was_is_not(
    tmp_path: Path, reader: JournalReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOST_RECORDS", 1)
    write_file(tmp_path, [b"1"], [b"2"])
    write_file(tmp_path, [b"3"])
    assert read_one(reader).records == (b"1",)
    batch = read_one(reader)
    assert batch.records == (b"1",)
    reader.mark(batch)
    assert read_one(JournalReader(tmp_path, SEALER)).records == (b"2",)
    assert read_journal(tmp_path) == [b"2", b"3"]


def test_what_cannot_be_marked_is_not_given_out(
    tmp_path: Path, reader: JournalReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be stored again and again while the disk is full."""
    write_file(tmp_path, [b"1"])

    def refuse(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", refuse)
        with pytest.raises(OSError, match="No space"):
            read_one(reader)
    assert read_journal(tmp_path) == [b"1"]


def test_a_file_stays_while_its_writer_lives_and_goes_once_all_of_it_was_read(
    tmp_path: Path,
) -> None:
    file = OpenSegment(tmp_path, "one", SEALER, room=8 * GRID)
    assert read_journal(tmp_path) == []
    file.append([b"1"])
    assert read_journal(tmp_path) == [b"1"]
    assert read_journal(tmp_path) == []
    file.append([b"2"])
    assert read_journal(tmp_path) == [b"2"]
    assert names_in(tmp_path, WHOLE) == [f"one{WHOLE}"]
    file.close()
    assert read_journal(tmp_path) == []
    assert names_in(tmp_path) == []


def test_a_file_stays_while_something_in_it_is_not_marked(
    tmp_path: Path, reader: JournalReader
) -> None:
    write_file(tmp_path, [b"1"])
    read_one(reader)
    assert len(names_in(tmp_path, WHOLE)) == 1


def test_what_is_written_while_its_file_is_read_is_read_the_next_time(
    tmp_path: Path, reader: JournalReader
) -> None:
    """Also where the writer lets go of the file then."""
    file = OpenSegment(tmp_path, "one", SEALER, room=8 * GRID)
    file.append([b"1"])
    found: list[bytes] = []
    for batch in reader.batches():
        if not found:
            file.append([b"2"])
            file.close()
        found += batch.records
        reader.mark(batch)
    assert found + read_journal(tmp_path) == [b"1", b"2"]
    assert names_in(tmp_path) == []


# -- one reader


def test_only_one_reads_and_its_end_lets_another_in(tmp_path: Path, reader: JournalReader) -> None:
    other = JournalReader(tmp_path, SEALER)
    with reader.alone() as first:
        with other.alone() as second:
            assert (first, second) == (True, False)
        with other.alone() as again:
            assert not again
    with other.alone() as second:
        assert second


def test_a_reader_that_was_killed_lets_another_in(tmp_path: Path, reader: JournalReader) -> None:
    def read_and_die() -> None:
        with JournalReader(tmp_path, SEALER).alone() as alone:
            os._exit(9 if alone else 1)

    assert in_child(read_and_die) == 9
    with reader.alone() as alone:
        assert alone


def test_who_must_read_waits_for_the_one_that_does(tmp_path: Path, reader: JournalReader) -> None:
    order: list[str] = []

    def read() -> None:
        with JournalReader(tmp_path, SEALER).alone(wait=True) as alone:
            order.append(f"second {alone}")

    with reader.alone():
        waiting = threading.Thread(target=read)
        waiting.start()
        waiting.join(0.02)
        order.append("first")
    waiting.join()
    assert order == ["first", "second True"]


def test_where_nothing_was_ever_written_there_is_nothing_to_read(tmp_path: Path) -> None:
    reader = JournalReader(tmp_path / "journal", SEALER)
    for wait in (False, True):
        with reader.alone(wait=wait) as alone:
            assert not alone
    assert list(reader.batches()) == []
    assert (reader.count(), reader.count_aside(), reader.first()) == (0, 0, None)
    assert not (tmp_path / "journal").exists()


# -- what others are told


def test_how_many_records_wait_is_told_and_which_waits_longest(
    tmp_path: Path, reader: JournalReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOST_RECORDS", 2)
    file = OpenSegment(tmp_path, new_name(), SEALER, room=8 * GRID)
    file.append([b"1", b"2"])
    file.append([b"3"])
    write_file(tmp_path, [b"4"], [b"5", b"6"])
    assert (reader.count(), reader.first()) == (6, b"1")
    reader.mark(read_one(reader))
    assert (reader.count(), reader.first()) == (4, b"3")
    assert read_journal(tmp_path) == [b"3", b"4", b"5", b"6"]
    assert (reader.count(), reader.first()) == (0, None)
    file.close()


# -- damaged


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.lists(st.integers(0, 1500), min_size=1, max_size=3), min_size=2, max_size=5),
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(["flipped", "cut"]),
)
def test_damage_anywhere_costs_what_it_hit_alone_and_the_file_waits_for_a_person(
    lengths: list[list[int]], where: float, how: str
) -> None:
    batches = [
        [b"%d.%d " % (number, each) + bytes(length) for each, length in enumerate(batch)]
        for number, batch in enumerate(lengths)
    ]
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = write_file(folder, *batches)
        with closing(SegmentReader(path, SEALER)) as segment:
            ends = [frame.end for frame in segment.frames(0)]
        begins = [GRID, *ends]
        # A file that is cut before its first frame cannot be told from another's.
        begin = 0 if how == "flipped" else GRID
        place = begin + int(where * (ends[-1] - begin))
        if how == "cut":
            os.truncate(path, place)
        else:
            flip(path, place)
        untouched = [
            batch
            for batch, begin, end in zip(batches, begins, ends, strict=False)
            if end <= place or (how == "flipped" and place < begin)
        ]
        written = [record for batch in batches for record in batch]
        found = read_journal(folder)
        lost = [record for record in written if record not in found]
        assert [record for record in written if record in found] == found
        assert {record for batch in untouched for record in batch} <= set(found)
        if lost:
            assert names_in(folder) == [path.with_suffix(ASIDE).name]
            assert JournalReader(folder, SEALER).count_aside() == 1
        assert read_journal(folder) == []


def test_a_damaged_file_is_not_put_aside_before_the_rest_of_it_was_marked(
    tmp_path: Path, reader: JournalReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_MOST_RECORDS", 1)
    path = write_file(tmp_path, [b"1"], [b"damaged"], [b"3"], [b"4"])
    flip(path, 2 * GRID + 20)
    found: list[bytes] = []
    for batch in reader.batches():
        assert names_in(tmp_path, WHOLE) == [path.name]
        found += batch.records
        reader.mark(batch)
    assert found == [b"1", b"3", b"4"]
    assert names_in(tmp_path) == [path.with_suffix(ASIDE).name]


def test_damage_does_not_hold_up_the_files_behind_it(tmp_path: Path) -> None:
    flip(write_file(tmp_path, [b"1"], [b"2"], [b"3"]), 2 * GRID + 20)
    write_file(tmp_path, [b"4"])
    assert read_journal(tmp_path) == [b"1", b"3", b"4"]


def test_a_file_put_aside_is_read_again_once_a_person_gave_it_back_its_name(
    tmp_path: Path, reader: JournalReader
) -> None:
    path = write_file(tmp_path, [b"1"], [b"2"], [b"3"])
    flip(path, 2 * GRID + 20)
    assert read_journal(tmp_path) == [b"1", b"3"]
    aside = path.with_suffix(ASIDE)
    flip(aside, 2 * GRID + 20)  # mended
    aside.rename(path)
    assert read_journal(tmp_path) == [b"1", b"2", b"3"]
    assert (names_in(tmp_path), reader.count_aside()) == ([], 0)


@pytest.mark.parametrize("how", ["flipped", "cut"])
def test_a_file_whose_last_record_is_damaged_waits_for_a_person(tmp_path: Path, how: str) -> None:
    path = write_file(tmp_path, [b"1"], [b"acknowledged"])
    if how == "flipped":
        flip(path, 2 * GRID + 20)
    else:
        os.truncate(path, 2 * GRID + 20)
    assert read_journal(tmp_path) == [b"1"]
    assert names_in(tmp_path) == [path.with_suffix(ASIDE).name]


def test_a_file_cut_between_two_frames_waits_for_a_person(tmp_path: Path) -> None:
    path = write_file(tmp_path, [b"1"], [b"acknowledged"])
    os.truncate(path, 2 * GRID)
    assert read_journal(tmp_path) == [b"1"]
    assert names_in(tmp_path) == [path.with_suffix(ASIDE).name]


@pytest.mark.parametrize("written", [512, 2048])
def test_a_beginning_over_which_its_writer_died_waits_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """Killed in the middle of a write, it told nobody that the record is safe."""
    file = OpenSegment(tmp_path, "one", SEALER, room=16 * GRID)
    file.append([b"1"])
    write = os.pwrite
    with monkeypatch.context() as dying:
        dying.setattr(os, "pwrite", lambda to, part, place: write(to, part[:written], place))
        with pytest.raises(OSError, match="a part of it"):
            file.append([b"x" * 3000])
    file.close()
    assert read_journal(tmp_path) == [b"1"]
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("read_before", [2, 3])
def test_a_damaged_file_is_put_aside_though_its_reader_was_stopped_behind_the_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_before: int
) -> None:
    monkeypatch.setattr(reading, "_MOST_RECORDS", 1)
    path = write_file(tmp_path, [b"1"], [b"damaged"], [b"3"], [b"4"])
    flip(path, 2 * GRID + 20)
    batches = JournalReader(tmp_path, SEALER).batches()
    for _, batch in zip(range(read_before), batches, strict=False):
        JournalReader(tmp_path, SEALER).mark(batch)
    batches.close()  # type: ignore[attr-defined]  # the database went away here
    read_journal(tmp_path)
    assert names_in(tmp_path) == [path.with_suffix(ASIDE).name]


@pytest.mark.parametrize("place", [0, 35])
def test_where_only_the_proof_is_damaged_the_records_are_read(tmp_path: Path, place: int) -> None:
    path = write_file(tmp_path, [b"1"], [b"2"])
    flip(path, place)
    assert read_journal(tmp_path) == [b"1", b"2"]


def test_what_a_living_writer_has_begun_to_write_is_not_taken_for_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = OpenSegment(tmp_path, "one", SEALER, room=16 * GRID)
    file.append([b"1"])
    seen: list[list[bytes]] = []
    write = os.pwrite

    def write_slowly(descriptor: int, part: bytes, place: int) -> int:
        """A reader comes when half of it is there."""
        write(descriptor, part[: len(part) // 2], place)
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(os, "pwrite", write)
            seen.append(read_journal(tmp_path))
        return write(descriptor, part, place)

    with monkeypatch.context() as slow:
        slow.setattr(os, "pwrite", write_slowly)
        file.append([b"x" * 3000])
    assert seen == [[b"1"]]
    assert read_journal(tmp_path) == [b"x" * 3000]
    file.close()
    assert read_journal(tmp_path) == []
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("said", [b"", bytes(20), b"damaged", b"\xff" * 20, b"-1"], ids=repr)
def test_where_a_mark_is_damaged_all_is_read_again_and_nothing_is_lost(
    tmp_path: Path, reader: JournalReader, said: bytes
) -> None:
    path = write_file(tmp_path, [b"1"], [b"2"])
    reader.mark(read_one(reader))
    path.with_suffix(".mark").write_bytes(said)
    assert read_journal(tmp_path) == [b"1", b"2"]
    assert names_in(tmp_path) == []


@settings(deadline=None, max_examples=60)
@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_a_mark_with_a_wrong_bit_costs_no_record(where: float, bit: int) -> None:
    """At worst all is read again."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = write_file(folder, [b"1"], [b"2"], [b"3"])
        with closing(SegmentReader(path, SEALER)) as file:
            first = next(file.frames(0))
        JournalReader(folder, SEALER).mark(Batch(path, first.records, first.end))
        mark = path.with_suffix(".mark")
        said = bytearray(mark.read_bytes())
        said[int(where * len(said))] ^= 1 << bit
        mark.write_bytes(said)
        assert read_journal(folder) == [b"1", b"2", b"3"]


def test_a_mark_of_a_file_that_is_gone_harms_no_other(tmp_path: Path) -> None:
    (tmp_path / "gone.mark").write_bytes(b"%020d" % (2 * GRID))
    write_file(tmp_path, [b"1"], [b"2"])
    assert read_journal(tmp_path) == [b"1", b"2"]


# -- what cannot be read


def test_a_file_whose_key_is_not_at_hand_stays_and_holds_up_no_other(
    tmp_path: Path, reader: JournalReader
) -> None:
    other = Sealer([new_key()])
    path = write_file(tmp_path, [b"1"], [b"2"], sealer=other)
    write_file(tmp_path, [b"3"])
    assert (reader.count(), reader.first()) == (2, b"3")
    assert read_journal(tmp_path) == [b"3"]
    assert names_in(tmp_path) == [path.name]
    assert (reader.count(), reader.first()) == (1, None)
    assert read_journal(tmp_path, other) == [b"1", b"2"]


def test_files_sealed_before_and_after_a_change_of_keys_are_read(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    write_file(tmp_path, [b"1"], sealer=Sealer([old]))
    write_file(tmp_path, [b"2"], sealer=Sealer([new, old]))
    assert read_journal(tmp_path, Sealer([new, old])) == [b"1", b"2"]
    assert names_in(tmp_path) == []


def test_a_file_that_the_disk_cannot_read_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = write_file(tmp_path, [b"1"], [b"2" * 2000], [b"3"])
    write_file(tmp_path, [b"4"])
    read = os.pread
    inode = bad.stat().st_ino

    def fail(file: int, length: int, place: int) -> bytes:
        if os.fstat(file).st_ino == inode and place < 3 * GRID and place + length > 2 * GRID + 8:
            raise OSError(errno.EIO, "Input/output error")
        return read(file, length, place)

    monkeypatch.setattr(os, "pread", fail)
    assert b"4" in read_journal(tmp_path)


def test_a_beginning_that_gets_its_name_just_now_does_not_stop_the_reader(tmp_path: Path) -> None:
    (tmp_path / "one.begun").symlink_to(tmp_path / "renamed in between")
    write_file(tmp_path, [b"1"])
    assert read_journal(tmp_path) == [b"1"]


def test_a_file_that_was_stored_and_removed_just_now_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / f"one{WHOLE}").symlink_to(tmp_path / "removed in between")
    assert JournalReader(tmp_path, SEALER).count() == 0


def test_what_is_no_file_of_ours_stays_and_holds_up_no_other(
    tmp_path: Path, reader: JournalReader
) -> None:
    (tmp_path / f"a folder{WHOLE}").mkdir()
    (tmp_path / f"empty{WHOLE}").write_bytes(b"")
    (tmp_path / f"a letter{WHOLE}").write_bytes(b"Dear shop, " * 100)
    (tmp_path / "a note").write_text("Do not touch.")
    before = names_in(tmp_path)
    write_file(tmp_path, [b"1"])
    assert read_journal(tmp_path) == [b"1"]
    assert names_in(tmp_path) == before
    assert reader.count() == 3


# -- put aside, and left behind


def test_what_cannot_be_stored_is_put_aside_and_read_again_under_its_old_name(
    tmp_path: Path, reader: JournalReader
) -> None:
    with reader.aside([b"fine", b"x" * 3000], "strange") as aside:
        aside.append([b"x" * 3000])
    assert read_journal(tmp_path) == []
    assert (reader.count(), reader.count_aside()) == (0, 1)
    (tmp_path / f"strange{ASIDE}").rename(tmp_path / f"strange{WHOLE}")
    assert (reader.count(), reader.count_aside()) == (1, 0)
    assert read_file(tmp_path / f"strange{WHOLE}") == [b"x" * 3000]
    assert read_journal(tmp_path) == [b"x" * 3000]
    assert names_in(tmp_path) == []


def test_where_all_could_be_stored_after_all_nothing_is_put_aside(
    tmp_path: Path, reader: JournalReader
) -> None:
    with reader.aside([b"1", b"2"], "strange"):
        pass
    assert names_in(tmp_path) == []


def test_a_beginning_that_a_killed_process_left_is_cleared_away_after_a_minute(
    tmp_path: Path,
) -> None:
    new, old = tmp_path / f"new{BEGUN}", tmp_path / f"old{BEGUN}"
    for path, age in ((new, 30), (old, 61)):
        path.write_bytes(b"half")
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    assert read_journal(tmp_path) == []
    assert names_in(tmp_path) == [new.name]


def test_a_file_that_is_being_made_is_not_read_before_it_has_its_name(
    tmp_path: Path, reader: JournalReader
) -> None:
    path = write_file(tmp_path, [b"1"])
    path.rename(path.with_suffix(BEGUN))
    assert (read_journal(tmp_path), reader.count()) == ([], 0)
    assert names_in(tmp_path) == [path.with_suffix(BEGUN).name]
