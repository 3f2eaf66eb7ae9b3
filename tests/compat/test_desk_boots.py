"""A desk that is set up to boot plugins proves that they run, and that a repair does."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from refunddesk.compat.verdict import Verdict
from refunddesk.db import checks, fix_tasks
from refunddesk.db.checks import RecordedCheck
from refunddesk.db.plugins import PluginVersion
from refunddesk.db.releases import Release
from refunddesk.services.edges import Edges
from tests.compat.booting import Booth
from tests.services.checking import hand_in, plugin_zip, upload

#: Seen only when it runs: the name is put together.
HIDDEN = "$name = 'go' . 'ne';\n$name();"


def zipped(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.make_archive(str(tmp_path / folder.name), "zip", folder))


def last(edges: Edges, version: PluginVersion, release: Release) -> RecordedCheck:
    with edges.database.read() as transaction:
        found = checks.find_last(transaction, version.id, release.id)
    assert found
    return found


def test_what_stopped_when_it_ran_is_repaired_once_it_runs(
    edges: Edges, booth: Booth, tmp_path: Path
) -> None:
    booting = replace(edges, workshop=booth.workshop)
    hand_in(booting, zipped(booth.before, tmp_path))
    new = hand_in(booting, zipped(booth.target, tmp_path))
    broken = upload(booting, plugin_zip(tmp_path, HIDDEN))
    check = last(booting, broken, new)
    assert check.verdict is Verdict.BROKEN
    (one,) = check.record["evidence"]
    assert (one["use"]["file"], one["use"]["line"], one["confirmed_by"]) == (
        "mine.php",
        7,
        "dynamic",
    )
    assert [text for _, text in one["use"]["excerpt"]][2] == "$name();"
    assert [one["role"] for one in check.record["boot"]["seen"]["releases"]] == [
        "target",
        "baseline",
    ]
    # Reading alone cannot show that it is gone.
    unread = upload(edges, plugin_zip(tmp_path, "// mended", version="1.1"))
    assert last(edges, unread, new).verdict is Verdict.UNVERIFIED
    with edges.database.read() as transaction:
        assert fix_tasks.find_open(transaction, unread.plugin_id, new.id)
    repaired = upload(booting, plugin_zip(tmp_path, "// repaired", version="1.2"))
    proof = last(booting, repaired, new)
    assert (proof.verdict, proof.record["booted"]) == (Verdict.OK, True)
    with edges.database.read() as transaction:
        (task,) = fix_tasks.list_of_pair(transaction, repaired.plugin_id, new.id)
    assert task.closed_by_check_id == proof.id


def test_a_release_of_which_only_the_index_is_kept_is_not_booted(
    edges: Edges, booth: Booth, tmp_path: Path
) -> None:
    booting = replace(edges, workshop=booth.workshop)
    release = hand_in(booting, booth.target)
    version = upload(booting, plugin_zip(tmp_path, "// nothing"))
    check = last(booting, version, release)
    assert check.verdict is Verdict.UNVERIFIED
    assert check.record["boot"] == {"reason": "the files of WordPress 6.7 are not on this machine."}
