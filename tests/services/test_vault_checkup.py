"""The doctor says where the vault is, who may read it, and what in it is missing, shut or late."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from refunddesk.db.cases import Case
from refunddesk.sealing import Sealer, new_key
from refunddesk.services import attachments, backup, credentials
from refunddesk.services.edges import Edges
from refunddesk.services.observation import Grade
from refunddesk.services.vault_checkup import look_at_keys, look_at_vault
from tests.asking import STAFF, buy, report
from tests.building import add_store
from tests.conftest import TestClock
from tests.handing_over import given
from tests.web.test_attachments import picture

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def case(edges: Edges) -> Case:
    return report(edges, buy(edges, add_store(edges)), finding=None, gives_up=False)


def grades(edges: Edges) -> list[tuple[Grade, str]]:
    found = [*look_at_vault(edges), look_at_keys(edges)]
    return [(one.grade, f"{one.says} {one.mend}") for one in found]


def test_a_vault_is_well_before_there_is_one_and_while_it_is_used(edges: Edges, case: Case) -> None:
    before = grades(edges)
    given(edges, case)
    after = grades(edges)
    assert [grade for grade, _ in before + after] == [Grade.OK] * 4
    assert "0 credentials" in before[1][1]
    assert "1 credentials" in after[1][1]


@pytest.mark.parametrize("place", ["attachments/vault", "attachments", "compat/plugins", ""])
def test_a_vault_inside_what_is_backed_up_is_bad(edges: Edges, place: str) -> None:
    inside = replace(edges, vault=edges.home / place)
    (grade, says), *_ = grades(inside)
    assert grade is Grade.BAD
    assert "REFUNDDESK_VAULT" in says


def test_a_vault_reached_by_another_name_is_known_all_the_same(
    edges: Edges, tmp_path: Path
) -> None:
    (edges.home / "attachments").mkdir()
    (tmp_path / "elsewhere").symlink_to(edges.home / "attachments")
    assert grades(replace(edges, vault=tmp_path / "elsewhere" / "keys"))[0][0] is Grade.BAD
    assert grades(replace(edges, vault=tmp_path / "apart" / "keys"))[0][0] is Grade.OK


@pytest.mark.parametrize("mode", [0o004, 0o040, 0o010])
def test_a_folder_or_key_that_others_may_read_is_bad(edges: Edges, case: Case, mode: int) -> None:
    given(edges, case)
    folder = edges.home / "vault"
    (key,) = folder.glob("*.key")
    for path, mend in ((folder, "chmod 700"), (key, "chmod 600")):
        own = path.stat().st_mode & 0o777
        path.chmod(own | mode)
        (grade, says), *_ = grades(edges)
        assert grade is Grade.BAD
        assert f"{mend} {path}" in says
        path.chmod(own)
    assert grades(edges)[0][0] is Grade.OK


def lose(edges: Edges) -> Edges:
    (edges.home / "vault").rename(edges.home / "unmounted")
    return edges


def forget_the_sealing_key(edges: Edges) -> Edges:
    return replace(edges, sealer=Sealer([new_key()]))


@pytest.mark.parametrize(
    ("happens", "grade", "says"),
    [
        pytest.param(lose, Grade.WARN, "mount the folder", id="a lost folder"),
        pytest.param(forget_the_sealing_key, Grade.BAD, "former key", id="a changed sealing key"),
    ],
)
def test_keys_that_are_missing_or_shut_are_named(
    edges: Edges, case: Case, happens: Callable[[Edges], Edges], grade: Grade, says: str
) -> None:
    given(edges, case)
    found = look_at_keys(happens(edges))
    assert found.grade is grade
    assert says in found.mend


@pytest.mark.parametrize(
    ("late", "grade"),
    [
        pytest.param(timedelta(minutes=15), Grade.OK, id="within a quarter of an hour"),
        pytest.param(timedelta(minutes=15, seconds=1), Grade.BAD, id="after it"),
    ],
)
@pytest.mark.parametrize("ended", ["by its time", "by support"])
def test_what_should_be_destroyed_and_is_not_is_bad(
    edges: Edges, case: Case, clock: TestClock, late: timedelta, grade: Grade, ended: str
) -> None:
    credential = given(edges, case)
    if ended == "by support":
        credentials.end_by_staff(edges, case.id, credential.id, by=STAFF)
    else:
        clock.move(days=14)
    clock.at += late
    assert look_at_keys(edges).grade is grade


def test_a_backup_leaves_the_vault_out_wherever_it_lies(edges: Edges, case: Case) -> None:
    attachments.attach(edges, case.id, "shot.png", picture(), by=STAFF)
    for place in ("vault", "attachments/ab"):
        inside = replace(edges, vault=edges.home / place)
        given(inside, case)
        made = backup.back_up(inside, edges.home / f"saved-{place[:5]}")
        with tarfile.open(backup.files_of(made.file)) as packed:
            names = packed.getnames()
        assert len(names) == 1
        keys = [path.read_bytes() for path in (edges.home / place).glob("*.key")]
        assert keys
        for file in edges.home.glob("saved-*"):
            assert not any(key in file.read_bytes() for key in keys)
