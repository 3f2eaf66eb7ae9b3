"""Somebody else's zip is read within limits, or refused in one clear line."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from refunddesk.compat.archive import ArchiveRefused, Limits, open_tree
from refunddesk.compat.headers import NoPluginHeader
from refunddesk.compat.plugin import read_plugin
from tests.compat.synthetic import HEADER, write_tree, write_zip

PLUGIN = HEADER.format(name="Small")


@pytest.mark.parametrize(
    "name",
    ["../escape.php", "a/../../escape.php", "/etc/escape.php", "C:/escape.php", "..\\escape.php"],
    ids=["parent", "parent further in", "absolute", "drive letter", "backslashes"],
)
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    place = write_zip(tmp_path / "plugin.zip", {"small.php": PLUGIN, name: "<?php"})
    with pytest.raises(ArchiveRefused, match="would leave the folder"), open_tree(place):
        pass


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "plugin.zip"
    with zipfile.ZipFile(place, "w") as archive:
        link = zipfile.ZipInfo("small/passwords.php")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ArchiveRefused, match="is a link"), open_tree(place):
        pass


def test_a_link_in_a_directory_is_left_out_and_told(tmp_path: Path) -> None:
    secret = tmp_path / "secret.php"
    secret.write_text("<?php removed();")
    folder = write_tree(tmp_path / "small", {"small.php": PLUGIN})
    (folder / "linked.php").symlink_to(secret)
    with open_tree(folder) as tree:
        assert tree.paths == ("small.php",)
        assert tree.left_out == ("linked.php is a link or a device: not followed",)


def test_a_bomb_of_zeros_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    place = write_zip(tmp_path / "bomb.zip", {"small.php": PLUGIN, "zeros.php": b"\0" * (4 << 20)})
    with pytest.raises(ArchiveRefused, match="times its packed size"), open_tree(place):
        pass


@pytest.mark.parametrize(
    ("limits", "line"),
    [
        (Limits(files=2), "holds 3 files, over 2"),
        (Limits(total_bytes=40), "unpacks to more than"),
        (Limits(file_bytes=20), "is 30 bytes, over 20 bytes"),
        (Limits(archive_bytes=10), "not opened"),
        (Limits(path_length=4), "is longer than 4 characters"),
    ],
    ids=["files", "bytes in all", "bytes of a file", "bytes of the zip", "length of a path"],
)
def test_what_is_over_a_limit_is_refused(tmp_path: Path, limits: Limits, line: str) -> None:
    files: dict[str, str | bytes] = {"a.php": "1" * 15, "b.php": "2" * 15, "c.php": "3" * 30}
    place = write_zip(tmp_path / "plugin.zip", files)
    with pytest.raises(ArchiveRefused, match=line), open_tree(place, limits):
        pass


def test_a_zip_at_its_limits_is_read(tmp_path: Path) -> None:
    place = write_zip(tmp_path / "plugin.zip", {"a.php": "1" * 15, "b.php": "2" * 15})
    with open_tree(place, Limits(files=2, total_bytes=30, file_bytes=15)) as tree:
        assert tree.paths == ("a.php", "b.php")


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    place = write_zip(tmp_path / "plugin.zip", {"Small.php": PLUGIN, "small.php": PLUGIN})
    with pytest.raises(ArchiveRefused, match=r"holds small\.php twice"), open_tree(place):
        pass


def test_bytes_that_are_no_zip_are_refused(tmp_path: Path) -> None:
    place = tmp_path / "plugin.zip"
    place.write_bytes(b"<html>404</html>")
    with pytest.raises(ArchiveRefused, match="cannot be opened as a zip"), open_tree(place):
        pass


def test_a_damaged_file_is_refused_when_it_is_read(tmp_path: Path) -> None:
    place = write_zip(tmp_path / "plugin.zip", {"small.php": PLUGIN + "x" * 200})
    data = bytearray(place.read_bytes())
    data[60] ^= 0xFF
    place.write_bytes(bytes(data))
    with (
        pytest.raises(ArchiveRefused, match=r"small\.php in plugin\.zip is damaged"),
        open_tree(place) as tree,
    ):
        tree.read("small.php")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    place = write_zip(tmp_path / "plugin.zip", {"small.php": PLUGIN})
    data = bytearray(place.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    place.write_bytes(bytes(data))
    with pytest.raises(ArchiveRefused, match="is encrypted"), open_tree(place):
        pass


def test_the_one_top_folder_and_what_a_mac_adds_fall_away(tmp_path: Path) -> None:
    place = write_zip(
        tmp_path / "download.zip",
        {"small/small.php": PLUGIN, "small/inc/a.php": "<?php", "__MACOSX/small/._a.php": "x"},
    )
    with open_tree(place) as tree:
        assert (tree.name, tree.paths) == ("small", ("inc/a.php", "small.php"))


def test_a_zip_that_holds_only_another_zip_names_the_inner_one(tmp_path: Path) -> None:
    place = write_zip(
        tmp_path / "bought.zip", {"bought/docs.txt": "Thank you", "bought/small.zip": b"PK"}
    )
    with (
        pytest.raises(NoPluginHeader, match=r"holds another zip \(small\.zip\)"),
        open_tree(place) as tree,
    ):
        read_plugin(tree)


def test_a_zip_without_a_plugin_header_is_no_plugin(tmp_path: Path) -> None:
    place = write_zip(tmp_path / "theme.zip", {"theme/functions.php": "<?php\n// nothing"})
    with pytest.raises(NoPluginHeader, match="theme is no plugin"), open_tree(place) as tree:
        read_plugin(tree)


def test_a_header_beyond_the_first_8_kilobytes_is_not_one(tmp_path: Path) -> None:
    for padding, found in ((8192 - len(PLUGIN), True), (8192, False)):
        text = "<?php\n//" + "x" * (padding - 9) + "\n" + PLUGIN.removeprefix("<?php\n")
        place = write_zip(tmp_path / f"late{found}.zip", {"late/late.php": text})
        with open_tree(place) as tree:
            if found:
                assert read_plugin(tree).headers.name == "Small"
            else:
                with pytest.raises(NoPluginHeader):
                    read_plugin(tree)


def test_the_hash_of_a_directory_follows_its_contents(tmp_path: Path) -> None:
    hashes = []
    for name, text in (("a", "<?php 1;"), ("b", "<?php 1;"), ("c", "<?php 2;")):
        with open_tree(write_tree(tmp_path / name, {"x.php": text})) as tree:
            hashes.append(tree.sha256)
    assert hashes[0] == hashes[1] != hashes[2]
