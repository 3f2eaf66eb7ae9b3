"""The vendor's zips are taken in whole, or refused in one line with nothing kept."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from refunddesk.db import outbox, plugins
from refunddesk.services.compat_files import plugin_zip as kept_zip
from refunddesk.services.edges import Edges
from refunddesk.services.plugins import PluginZipGone, PluginZipRefused, add_plugin, get_facts
from tests.compat.synthetic import HEADER, write_zip
from tests.services.checking import VENDOR, WORKS, plugin_zip, upload, woocommerce_zip, work

PLUGIN = HEADER.format(name="Small")


def nothing_is_kept(edges: Edges) -> bool:
    with edges.database.read() as transaction:
        rows = plugins.list_plugins(transaction), outbox.list_open(transaction)
    folder = edges.home / "compat"
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []
    return rows == ([], []) and files == []


def with_link(place: Path) -> None:
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("small/small.php", PLUGIN)
        link = zipfile.ZipInfo("small/passwords.php")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")


def damaged(place: Path) -> None:
    write_zip(place, {"small/small.php": PLUGIN, "small/late.php": "<?php " + "x" * 500})
    data = bytearray(place.read_bytes())
    data[data.index(b"late.php") + 12] ^= 0xFF
    place.write_bytes(bytes(data))


def made_of(**files: str | bytes) -> Any:
    return lambda place: write_zip(place, {name.replace("__", "/"): t for name, t in files.items()})


HOSTILE = {
    "a path that leaves": lambda p: write_zip(p, {"s/s.php": PLUGIN, "../x.php": "<?php"}),
    "a link": with_link,
    "ten gigabytes of zeros in small": lambda p: write_zip(
        p, {"s/s.php": PLUGIN, "s/z.php": b"\0" * (16 << 20)}
    ),
    "a zip in a zip": lambda p: write_zip(p, {"bought/docs.txt": "Hi", "bought/s.zip": b"PK"}),
    "no header": lambda p: write_zip(p, {"theme/functions.php": "<?php"}),
    "no zip at all": lambda p: p.write_bytes(b"<html>404</html>"),
    "an empty file": lambda p: p.write_bytes(b""),
    "a damaged file": damaged,
    "a folder with an odd name": lambda p: write_zip(p, {"<b>x</b>/s.php": PLUGIN}),
}


@pytest.mark.parametrize("build", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_zip_that_cannot_be_trusted_leaves_nothing_behind(
    edges: Edges, tmp_path: Path, build: Any
) -> None:
    place = tmp_path / "small.zip"
    build(place)
    with pytest.raises(PluginZipRefused) as refused:
        add_plugin(edges, place, "small.zip", by=VENDOR)
    assert str(refused.value).endswith("Nothing was kept.")
    assert "\n" not in str(refused.value)
    assert str(edges.home) not in str(refused.value)
    assert nothing_is_kept(edges)


def test_an_uploaded_plugin_is_read_once_and_kept_under_its_hash(
    edges: Edges, tmp_path: Path
) -> None:
    version = upload(edges, plugin_zip(tmp_path, WORKS), products=["crm-portal"])
    assert (version.slug, version.title, version.is_read) == ("mine", "Mine 1.0", True)
    assert kept_zip(edges, version.sha256).is_file()
    facts = get_facts(edges, version)
    assert (facts.sha256, list(facts.function_uses)) == (version.sha256, ["stays"])
    with edges.database.read() as transaction:
        assert plugins.find_sold(transaction, "crm-portal", "1.0.0") == version
        assert plugins.find_sold(transaction, "mine", None) == version
        assert plugins.find_sold(transaction, "mine", "2.0") is None


def test_the_same_zip_again_is_the_same_version(edges: Edges, tmp_path: Path) -> None:
    place = plugin_zip(tmp_path, WORKS)
    first = upload(edges, place)
    kept_zip(edges, first.sha256).unlink()
    again, is_new = add_plugin(edges, place, "renamed.zip", by=VENDOR)
    assert (again.id, is_new) == (first.id, False)
    assert kept_zip(edges, first.sha256).is_file()
    assert work(edges) == 0


def test_a_download_of_a_code_host_is_the_same_plugin(edges: Edges, tmp_path: Path) -> None:
    first = upload(edges, plugin_zip(tmp_path, WORKS))
    source = PLUGIN.replace("1.0", "1.1")
    hosted = write_zip(tmp_path / "x.zip", {"mine-v1.1.0/mine.php": source})
    flat = write_zip(tmp_path / "mine.1.2.zip", {"mine.php": PLUGIN.replace("1.0", "1.2")})
    assert {upload(edges, place).plugin_id for place in (hosted, flat)} == {first.plugin_id}
    with edges.database.read() as transaction:
        (current,) = plugins.list_current(transaction)
        assert [one.version for one in plugins.list_versions(transaction)] == ["1.2", "1.1", "1.0"]
    assert current.version == "1.2"


def test_broken_php_and_other_encodings_are_read_as_far_as_they_go(
    edges: Edges, tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {
        "odd/odd.php": PLUGIN + "stays();",
        "odd/broken.php": "<?php function ( {",
        "odd/wide.php": "<?php gone();".encode("utf-16"),
        "odd/latin.php": "<?php gone(); // d\xe9j\xe0".encode("latin-1"),
    }
    version = upload(edges, write_zip(tmp_path / "odd.zip", files))
    facts = get_facts(edges, version)
    assert set(facts.function_uses) == {"stays", "gone"}
    assert [line.partition(":")[0] for line in facts.unread] == ["broken.php", "wide.php"]


def test_what_uses_woocommerce_is_told_from_what_does_not(edges: Edges, tmp_path: Path) -> None:
    cases = {
        "says-so": "// WC requires at least: 9.0",
        "calls-it": "wc_get_product( 1 );",
        "extends-it": "class A extends WC_Product {}",
        "neither": WORKS,
    }
    found = {}
    for slug, text in cases.items():
        header = HEADER.format(name=slug)
        if text.startswith("//"):
            header, text = header.replace(" */", f" * {text[3:]}\n */"), ""
        place = write_zip(tmp_path / f"{slug}.zip", {f"{slug}/{slug}.php": header + text})
        found[slug] = upload(edges, place).uses_woocommerce
    itself = upload(edges, woocommerce_zip(tmp_path, "12.0", "wc_get_product( 1 );"))
    assert found == {"says-so": True, "calls-it": True, "extends-it": True, "neither": False}
    assert itself.uses_woocommerce is False


def test_a_zip_that_is_gone_is_asked_for_again_by_name(edges: Edges, tmp_path: Path) -> None:
    version, _ = add_plugin(edges, plugin_zip(tmp_path, WORKS), "mine-1.0.zip", by=VENDOR)
    kept_zip(edges, version.sha256).unlink()
    with pytest.raises(PluginZipGone, match=r"Upload mine-1\.0\.zip again"):
        get_facts(edges, version)
    work(edges)
    with edges.database.read() as transaction:
        (waiting,) = outbox.list_open(transaction)
    assert "PluginZipGone" in (waiting.last_error or "")
