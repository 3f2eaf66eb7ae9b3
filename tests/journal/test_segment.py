"""One file of the journal: what was appended is read back, and nothing else ever is."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refunddesk.journal.segment import (
    ASIDE,
    BEGUN,
    ROOM,
    WHOLE,
    KeyNotAtHand,
    OpenSegment,
    SegmentReader,
    least_room,
)
from refunddesk.sealing import FileSeal, SealBroken, Sealer, new_key
from tests.journal.journals import (
    GRID,
    SEALER,
    names_in,
    new_name,
    read_file,
    read_journal,
    room_for,
    write_file,
)

# Around the lengths at which a frame ends on the grid, and any.
lengths = st.one_of(st.integers(0, 3), st.integers(480, 520), st.integers(0, 3000))
records = st.builds(lambda length, fill: bytes([fill]) * length, lengths, st.integers(0, 255))
batches = st.lists(st.lists(records, min_size=1, max_size=4), min_size=1, max_size=5)


@settings(deadline=None, max_examples=60)
@given(batches)
def test_what_was_appended_is_read_back_once_and_in_order(written: list[list[bytes]]) -> None:
    with TemporaryDirectory() as folder:
        path = write_file(Path(folder), *written)
        reader = SegmentReader(path, SEALER)
        frames = list(reader.frames(0))
        assert [list(frame.records) for frame in frames] == written
        for number, frame in enumerate(frames, 1):
            assert list(reader.frames(frame.end)) == frames[number:]
            assert reader.count(frame.end) == sum(map(len, written[number:]))
        assert reader.count(0) == sum(map(len, written))
        reader.close()


@settings(deadline=None, max_examples=60)
@given(batches)
def test_a_file_takes_exactly_what_it_has_room_for(written: list[list[bytes]]) -> None:
    with TemporaryDirectory() as folder:
        name, room = new_name(), room_for(written)
        file = OpenSegment(Path(folder), name, SEALER, room=room)
        for batch in written:
            assert file.has_room_for(batch)
            file.append(batch)
        assert not file.has_room_for([b""])
        file.close()
        path = Path(folder, f"{name}{WHOLE}")
        assert path.stat().st_size == room
        assert read_file(path) == [record for batch in written for record in batch]


def test_a_file_has_its_room_on_the_disk_before_its_first_record(tmp_path: Path) -> None:
    file = OpenSegment(tmp_path, "one", SEALER)
    (path,) = tmp_path.iterdir()
    assert path.stat().st_size == ROOM
    assert path.stat().st_blocks * 512 >= ROOM
    file.close()


def test_a_record_of_four_mebibytes_is_kept_whole(tmp_path: Path) -> None:
    record = os.urandom(64) * (4 * 1024 * 1024 // 64)
    file = OpenSegment(tmp_path, "one", SEALER)
    assert file.has_room_for([record])
    file.append([record])
    assert not file.has_room_for([record])
    file.close()
    assert read_file(tmp_path / f"one{WHOLE}") == [record]


def test_what_is_written_is_seen_by_a_reader_that_looked_before(tmp_path: Path) -> None:
    file = OpenSegment(tmp_path, "one", SEALER, room=4 * GRID)
    reader = SegmentReader(tmp_path / f"one{WHOLE}", SEALER)
    assert list(reader.frames(0)) == []
    file.append([b"a"])
    (first,) = reader.frames(0)
    file.append([b"b", b"c"])
    (second,) = reader.frames(first.end)
    assert (first.records, second.records) == ((b"a",), (b"b", b"c"))
    file.close()
    reader.close()


def test_a_file_is_finished_once_its_writer_let_go_of_it(tmp_path: Path) -> None:
    file = OpenSegment(tmp_path, "one", SEALER, room=4 * GRID)
    reader = SegmentReader(tmp_path / f"one{WHOLE}", SEALER)
    assert not reader.is_finished()
    file.close()
    assert reader.is_finished()
    reader.close()


def test_a_file_gets_its_name_only_when_it_is_held_and_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader removes what it finds unheld and empty."""
    done: list[str] = []

    def watched(name: str, owner: object) -> None:
        call = getattr(owner, name)

        def step(*given: object) -> object:
            done.append(name)
            return call(*given)

        monkeypatch.setattr(owner, name, step)

    watched("flock", fcntl)
    for name in ("pwrite", "fsync", "rename"):
        watched(name, os)
    OpenSegment(tmp_path, "one", SEALER, room=GRID).close()
    assert done == ["flock", "pwrite", "fsync", "rename", "fsync"]


@pytest.mark.parametrize("failing", ["posix_fallocate", "pwrite", "fsync", "rename"])
def test_of_a_file_that_cannot_be_made_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, failing, refuse)
        with pytest.raises(OSError, match="No space"):
            OpenSegment(tmp_path, "one", SEALER, room=GRID)
    assert names_in(tmp_path) == []
    OpenSegment(tmp_path, "one", SEALER, room=GRID).close()
    assert names_in(tmp_path) == [f"one{WHOLE}"]


def test_a_name_that_is_being_made_is_not_taken_again(tmp_path: Path) -> None:
    (tmp_path / f"one{BEGUN}").write_bytes(b"another's")
    with pytest.raises(FileExistsError):
        OpenSegment(tmp_path, "one", SEALER, room=GRID)
    assert (tmp_path / f"one{BEGUN}").read_bytes() == b"another's"


def test_what_the_disk_took_a_part_of_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = OpenSegment(tmp_path, "one", SEALER, room=8 * GRID)
    file.append([b"before"])
    write = os.pwrite
    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", lambda fd, part, place: write(fd, part[: len(part) // 2], place))
        with pytest.raises(OSError, match="part of it"):
            file.append([b"x" * 1000])
    file.close()
    assert read_file(tmp_path / f"one{WHOLE}") == [b"before"]


def test_no_frame_is_written_that_is_not_read(tmp_path: Path) -> None:
    file = OpenSegment(tmp_path, "one", SEALER, room=8 * GRID)
    file.append([])
    file.append([b"1"])
    file.close()
    assert read_journal(tmp_path) == [b"1"]
    assert names_in(tmp_path) == []


# -- its seal


def test_nothing_of_a_record_lies_open_in_its_file(tmp_path: Path) -> None:
    path = write_file(tmp_path, [b"someone@example.test" * 20])
    assert b"example" not in path.read_bytes()


def test_a_file_does_not_open_by_another_key_nor_under_another_name(tmp_path: Path) -> None:
    path = write_file(tmp_path, [b"one"])
    with pytest.raises(KeyNotAtHand, match="put the key that sealed it back"):
        SegmentReader(path, Sealer([new_key()]))
    renamed = path.rename(tmp_path / f"other{WHOLE}")
    with pytest.raises(KeyNotAtHand):
        SegmentReader(renamed, SEALER)


def test_a_file_opens_by_a_former_key_that_is_still_listed(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    path = write_file(tmp_path, [b"one"], sealer=Sealer([old]))
    reader = SegmentReader(path, Sealer([new, old]))
    assert [frame.records for frame in reader.frames(0)] == [(b"one",)]
    reader.close()


def test_a_frame_opens_only_where_it_was_sealed(tmp_path: Path) -> None:
    """Whoever can write to the disk cannot have a delivery read twice, or leave one out."""
    path = write_file(tmp_path, [b"one"], [b"two"])
    whole = path.read_bytes()
    first, second = whole[GRID : 2 * GRID], whole[2 * GRID : 3 * GRID]
    path.write_bytes(whole[:GRID] + second + first + whole[3 * GRID :])
    assert read_file(path) == []


def test_what_a_frame_says_of_itself_is_sealed_with_it(tmp_path: Path) -> None:
    path = write_file(tmp_path, [b"one"], [b"two"])
    whole = bytearray(path.read_bytes())
    whole[GRID + 7] = 9  # that many records
    path.write_bytes(whole)
    assert read_file(path) == []


def test_no_two_parts_of_a_file_are_sealed_at_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two texts under one nonce would give both away."""
    places: list[int] = []
    seal = FileSeal.seal

    def watched(self: FileSeal, part: bytes, place: int, about: bytes = b"") -> bytes:
        places.append(place)
        return seal(self, part, place, about)

    monkeypatch.setattr(FileSeal, "seal", watched)
    write_file(tmp_path, [b""], [b"x" * 2000], [b"y"], [b"z" * 488])
    assert len(places) == len(set(places)) == 5


def test_a_sealed_part_opens_only_at_its_place_and_with_what_it_is_about() -> None:
    seal = SEALER.of_file("one")
    sealed = seal.seal(b"part", 512, b"about")
    assert seal.open(sealed, 512, b"about") == b"part"
    for place, about in ((513, b"about"), (512, b""), (512, b"abou7")):
        with pytest.raises(SealBroken):
            seal.open(sealed, place, about)
    for cut in (b"", sealed[:3], sealed[:-1]):
        with pytest.raises(SealBroken):
            seal.open(cut, 512, b"about")


# -- damaged


def test_the_next_whole_frame_is_found_behind_a_damaged_one(tmp_path: Path) -> None:
    path = write_file(tmp_path, [b"a"], [b"b" * 5000], [b"c"])
    with path.open("r+b") as file:
        file.seek(2 * GRID + 3000)
        file.write(b"damage")
    reader = SegmentReader(path, SEALER)
    (first,) = reader.frames(0)
    behind = reader.find_behind(first.end)
    assert behind is not None
    assert [frame.records for frame in reader.frames(behind)] == [(b"c",)]
    reader.close()


def test_nothing_is_behind_the_last_frame(tmp_path: Path) -> None:
    reader = SegmentReader(write_file(tmp_path, [b"a"]), SEALER)
    (first,) = reader.frames(0)
    assert reader.find_behind(first.end) is None
    reader.close()


def test_a_frame_within_a_record_is_none(tmp_path: Path) -> None:
    """Somebody may send us a copy of our own file."""
    inner = write_file(tmp_path, [b"inner"]).read_bytes()
    path = write_file(tmp_path, [inner * 3])
    with path.open("r+b") as file:
        file.seek(GRID)
        file.write(bytes(8))
    reader = SegmentReader(path, SEALER)
    assert list(reader.frames(0)) == []
    assert reader.find_behind(0) is None
    reader.close()


def test_a_file_for_a_person_has_a_name_that_readers_leave(tmp_path: Path) -> None:
    room = least_room([b"one"])
    file = OpenSegment(tmp_path, "one", SEALER, room=room, ending=ASIDE)
    assert file.has_room_for([b"one"])
    file.append([b"one"])
    file.close()
    assert names_in(tmp_path) == [f"one{ASIDE}"]
