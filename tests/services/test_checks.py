"""A check is kept for ever, opens a task where there is work, and proves when it is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from refunddesk.compat.verdict import Verdict
from refunddesk.db import checks, fix_tasks, history, plugins
from refunddesk.db.checks import RecordedCheck
from refunddesk.db.fix_tasks import FixTask
from refunddesk.db.plugins import PluginVersion
from refunddesk.db.releases import Release
from refunddesk.db.staff import Role
from refunddesk.db.tables import notices
from refunddesk.mail.notices import NoticeKind
from refunddesk.services.checks import NoSuchCheck, check_again, check_plugin
from refunddesk.services.edges import Edges
from tests import building
from tests.conftest import TestClock
from tests.services.checking import (
    BREAKS,
    VENDOR,
    WEARS,
    WORKS,
    hand_in,
    plugin_zip,
    upload,
    woocommerce_zip,
    wordpress_zip,
    work,
)


@pytest.fixture
def old(edges: Edges, tmp_path: Path) -> Release:
    return hand_in(edges, wordpress_zip(tmp_path, "8.0"))


def last(edges: Edges, version: PluginVersion, release: Release) -> RecordedCheck:
    with edges.database.read() as transaction:
        found = checks.find_last(transaction, version.id, release.id)
    assert found
    return found


def tasks(edges: Edges, version: PluginVersion, release: Release) -> list[FixTask]:
    with edges.database.read() as transaction:
        return fix_tasks.list_of_pair(transaction, version.plugin_id, release.id)


def deeds(edges: Edges, version: PluginVersion) -> list[str]:
    with edges.database.read() as transaction:
        return [d.action for d in history.list_deeds(transaction, f"plugin:{version.plugin_id}")]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (BREAKS, Verdict.BROKEN),
        (f"function later() {{ {BREAKS} }}", Verdict.BROKEN),
        (WEARS, Verdict.WARN),
        (WORKS, Verdict.UNVERIFIED),
    ],
    ids=["uses what is gone", "uses it later", "uses what is deprecated", "uses neither"],
)
def test_every_plugin_is_checked_on_a_release_that_came_out(
    edges: Edges, old: Release, tmp_path: Path, text: str, verdict: Verdict
) -> None:
    version = upload(edges, plugin_zip(tmp_path, text))
    new = hand_in(edges, wordpress_zip(tmp_path, "8.1"))
    assert last(edges, version, new).verdict is verdict
    assert bool(tasks(edges, version, new)) is (verdict is not Verdict.UNVERIFIED)


def test_the_record_names_what_was_compared_and_shows_the_line(
    edges: Edges, old: Release, tmp_path: Path, clock: TestClock
) -> None:
    version = upload(edges, plugin_zip(tmp_path, f"// before\n{BREAKS}\n// after"))
    new = hand_in(edges, wordpress_zip(tmp_path, "8.1"))
    check = last(edges, version, new)
    record = check.record
    assert (record["plugin"], record["version"], record["zip_sha256"]) == (
        "Mine",
        "1.0",
        version.sha256,
    )
    assert record["target"] == [
        {"product": "wordpress", "release": "WordPress 8.1", "sha256": new.sha256}
    ]
    assert record["baseline"][0]["release"] == "WordPress 8.0"
    assert (record["baseline_reason"], record["booted"]) == ("the release before", False)
    (one,) = record["evidence"]
    assert (one["rule"], one["symbol"], one["first_seen_at"]) == (
        "removed-function",
        "gone",
        clock.at.isoformat(),
    )
    assert one["use"] == {
        "file": "mine.php",
        "line": 7,
        "snippet": BREAKS,
        "excerpt": [[5, " */"], [6, "// before"], [7, BREAKS], [8, "// after"]],
    }
    with edges.database.read() as transaction:
        (deed,) = history.list_deeds(transaction, f"check:{check.id}")
    assert (deed.action, deed.data["record_sha256"]) == ("plugin_checked", check.record_sha256)


def letters(edges: Edges) -> list[tuple[str, str, str]]:
    """(reader, plugin, verdict) of every letter about a check."""
    with edges.database.read() as transaction:
        rows = transaction.execute(select(notices).order_by(notices.c.id)).all()
    return [
        (row.recipient, row.facts["plugin_version"], row.facts["verdict"])
        for row in rows
        if row.kind == NoticeKind.COMPAT_VERDICT.value
    ]


def test_the_vendor_is_told_once_of_what_is_new_and_not_of_the_same_again(
    edges: Edges, old: Release, tmp_path: Path
) -> None:
    building.add_staff(edges, ("olga@store.test", Role.OWNER), ("sam@store.test", Role.SUPPORT))
    version = upload(edges, plugin_zip(tmp_path, BREAKS))
    new = hand_in(edges, wordpress_zip(tmp_path, "8.1"))
    assert deeds(edges, version) == ["plugin_uploaded", "fix_task_opened"]
    told = [("olga@store.test", "1.0", "BROKEN")]
    assert letters(edges) == told
    check_again(edges, last(edges, version, new).id, by=VENDOR)
    work(edges)
    assert letters(edges) == told
    with edges.database.read() as transaction:
        assert len(checks.list_of_pair(transaction, version.id, new.id)) == 2
    upload(edges, plugin_zip(tmp_path, WEARS, version="1.1"))
    assert letters(edges) == [*told, ("olga@store.test", "1.1", "WARN")]


def test_the_next_upload_closes_the_task_with_the_check_that_proves_it(
    edges: Edges, old: Release, tmp_path: Path
) -> None:
    broken = upload(edges, plugin_zip(tmp_path, BREAKS))
    new = hand_in(edges, wordpress_zip(tmp_path, "8.1"))
    (task,) = tasks(edges, broken, new)
    assert task.opened_by_check_id == last(edges, broken, new).id
    still = upload(edges, plugin_zip(tmp_path, f"// tried\n{BREAKS}", version="1.1"))
    assert tasks(edges, still, new) == [task]
    repaired = upload(edges, plugin_zip(tmp_path, WORKS, version="1.2"))
    (closed,) = tasks(edges, repaired, new)
    assert closed.closed_by_check_id == last(edges, repaired, new).id
    assert deeds(edges, repaired)[-2:] == ["plugin_uploaded", "fix_task_closed"]
    assert last(edges, broken, new).verdict is Verdict.BROKEN


def test_a_file_that_cannot_be_read_proves_nothing(
    edges: Edges, old: Release, tmp_path: Path
) -> None:
    upload(edges, plugin_zip(tmp_path, WORKS, later=f"<?php {BREAKS}"))
    new = hand_in(edges, wordpress_zip(tmp_path, "8.1"))
    hidden = upload(edges, plugin_zip(tmp_path, WORKS, version="1.1", later="<?php function ( {"))
    assert last(edges, hidden, new).verdict is Verdict.UNVERIFIED
    (task,) = tasks(edges, hidden, new)
    assert task.closed_at is None


def test_a_version_that_is_not_sold_any_more_is_checked_but_opens_no_task(
    edges: Edges, old: Release, tmp_path: Path
) -> None:
    current = upload(edges, plugin_zip(tmp_path, WORKS, version="2.0"))
    new = hand_in(edges, wordpress_zip(tmp_path, "8.1"))
    earlier = upload(edges, plugin_zip(tmp_path, BREAKS, version="1.0"))
    assert last(edges, earlier, new).verdict is Verdict.BROKEN
    assert tasks(edges, current, new) == []
    newest = hand_in(edges, wordpress_zip(tmp_path, "8.2"))
    with edges.database.read() as transaction:
        assert checks.find_last(transaction, earlier.id, newest.id) is None
        assert checks.find_last(transaction, current.id, newest.id)


def test_a_release_it_passed_on_is_the_baseline_of_the_next(
    edges: Edges, old: Release, tmp_path: Path
) -> None:
    version = upload(edges, plugin_zip(tmp_path, WEARS))
    middle = hand_in(edges, wordpress_zip(tmp_path, "8.1"))
    assert last(edges, version, middle).verdict is Verdict.WARN
    newest = hand_in(edges, wordpress_zip(tmp_path, "8.2"))
    record = last(edges, version, newest).record
    assert record["baseline"][0]["release"] == "WordPress 8.1"
    assert record["baseline_reason"] == "it passed there"
    assert (record["evidence"], record["same_on_baseline"]) == ([], 1)


def test_what_came_after_the_shipped_releases_is_known_history(
    edges: Edges, old: Release, tmp_path: Path
) -> None:
    hand_in(edges, wordpress_zip(tmp_path, "8.1"))
    newest = hand_in(edges, wordpress_zip(tmp_path, "8.2"))
    text = "/* Tested up to: 8.0 */\n"
    version = upload(edges, plugin_zip(tmp_path, text + BREAKS))
    (one,) = last(edges, version, newest).record["evidence"]
    assert (one["last_seen"], one["removed_in"]) == ("8.0", "8.1")


def test_woocommerce_matters_to_what_uses_it_alone(edges: Edges, tmp_path: Path) -> None:
    uses = upload(edges, plugin_zip(tmp_path, "wc_get_product( 1 ); wc_old();", slug="uses"))
    other = upload(edges, plugin_zip(tmp_path, WORKS, slug="other"))
    before = "function wc_get_product( $id ) {} function wc_old() {}"
    hand_in(edges, woocommerce_zip(tmp_path, "12.0", before))
    new = hand_in(edges, woocommerce_zip(tmp_path, "12.1", before.partition(" function")[0]))
    check = last(edges, uses, new)
    assert check.verdict is Verdict.BROKEN
    assert [one["release"] for one in check.record["target"]] == [
        "WordPress 7.1",
        "WooCommerce 12.1",
    ]
    assert [one["symbol"] for one in check.record["evidence"]] == ["wc_old"]
    with edges.database.read() as transaction:
        assert checks.find_last(transaction, other.id, new.id) is None


def test_a_check_of_what_is_not_there_is_nothing(edges: Edges) -> None:
    assert check_plugin(edges, 1, 1) is None
    with pytest.raises(NoSuchCheck):
        check_again(edges, 7, by=VENDOR)


def test_facts_of_an_older_program_are_read_anew_from_the_zip(
    edges: Edges, old: Release, tmp_path: Path
) -> None:
    version = upload(edges, plugin_zip(tmp_path, WORKS))
    with edges.database.write() as transaction:
        plugins.record_facts(
            transaction, version.id, facts=b"old", facts_format=0, uses_woocommerce=False
        )
    assert check_plugin(edges, version.id, old.id)
