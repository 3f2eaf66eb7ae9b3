"""A new release is heard of within half a day, read once, and no trouble with it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from refunddesk.compat.surface import WORDPRESS
from refunddesk.db import checks, history, plugins, releases
from refunddesk.db.releases import Channel, FeedState, Release
from refunddesk.services.compat_files import release_zip
from refunddesk.services.edges import Edges
from refunddesk.services.releases import (
    ReleaseRefused,
    add_release,
    promise_readings,
)
from tests.compat.synthetic import wordpress_files, write_tree, write_zip
from tests.conftest import TestClock
from tests.services.checking import (
    NEW,
    VENDOR,
    WORKS,
    Page,
    WordPressOrg,
    hand_in,
    plugin_zip,
    upload,
    wordpress_org,
    wordpress_zip,
    work,
)


@pytest.fixture
def site() -> Iterator[WordPressOrg]:
    with wordpress_org() as opened:
        yield opened


@pytest.fixture
def reading(edges: Edges, site: WordPressOrg, tmp_path: Path) -> Edges:
    """A desk with one plugin that reads the feed of WordPress alone."""
    reading = site.read_by(edges, addresses={WORDPRESS: f"{site.address}/core"})
    upload(reading, plugin_zip(tmp_path, WORKS))
    return reading


def listen(edges: Edges) -> None:
    """What the dispatcher does every five minutes, and the worker after it."""
    promise_readings(edges)
    work(edges)


def known(edges: Edges) -> list[Release]:
    with edges.database.read() as transaction:
        return releases.list_releases(transaction)


def feed(edges: Edges) -> FeedState:
    with edges.database.read() as transaction:
        state = releases.find_feed(transaction, WORDPRESS)
    assert state
    return state


def deeds(edges: Edges, subject: str) -> list[str]:
    with edges.database.read() as transaction:
        return [deed.action for deed in history.list_deeds(transaction, subject)]


def test_a_release_that_came_out_is_fetched_read_and_every_plugin_checked_on_it(
    reading: Edges, site: WordPressOrg, tmp_path: Path
) -> None:
    site.publish("8.0", wordpress_zip(tmp_path, "8.0"))
    listen(reading)
    (release,) = known(reading)
    assert (release.title, release.channel, release.php_floor, release.trouble) == (
        "WordPress 8.0",
        Channel.STABLE,
        "7.4",
        None,
    )
    assert release.sha256
    assert release_zip(reading, release.sha256).is_file()
    with reading.database.read() as transaction:
        (version,) = plugins.list_current(transaction)
        assert checks.find_last(transaction, version.id, release.id)


def test_a_desk_without_plugins_asks_nobody(edges: Edges, site: WordPressOrg) -> None:
    listen(site.read_by(edges))
    assert site.asked == []


def test_a_feed_is_read_twice_a_day_and_never_sooner(
    reading: Edges, site: WordPressOrg, clock: TestClock, tmp_path: Path
) -> None:
    site.publish("8.0", wordpress_zip(tmp_path, "8.0"))
    listen(reading)
    wait = feed(reading).next_at - clock.at
    assert timedelta(hours=12) <= wait < timedelta(hours=13)
    site.asked.clear()
    clock.at += wait - timedelta(seconds=1)
    listen(reading)
    assert site.asked == []
    clock.move(seconds=1)
    listen(reading)
    # Nothing changed: the zip is not fetched a second time.
    assert [target for target, _ in site.asked] == ["/core"]
    assert "If-None-Match" in site.asked[0][1]
    assert len(known(reading)) == 1


def test_a_feed_that_is_away_is_told_of_once_and_asked_again_with_growing_pauses(
    reading: Edges, site: WordPressOrg, clock: TestClock, tmp_path: Path
) -> None:
    site.pages["/core"] = Page(503)
    pauses = []
    for _ in range(8):
        listen(reading)
        pauses.append((feed(reading).next_at - clock.at) / timedelta(minutes=1))
        clock.at = feed(reading).next_at
    assert pauses == [15, 30, 60, 120, 240, 480, 720, 720]
    assert feed(reading).trouble == "it answers 503"
    assert deeds(reading, "feed:wordpress") == ["feed_not_read"]
    del site.pages["/core"]
    site.publish("8.0", wordpress_zip(tmp_path, "8.0"))
    listen(reading)
    assert (feed(reading).trouble, feed(reading).failures) == (None, 0)
    assert deeds(reading, "feed:wordpress") == ["feed_not_read", "feed_read_again"]


def test_a_strange_answer_is_an_alarm_and_leaves_what_is_known(
    reading: Edges, site: WordPressOrg, clock: TestClock, tmp_path: Path
) -> None:
    site.publish("8.0", wordpress_zip(tmp_path, "8.0"))
    listen(reading)
    clock.move(hours=13)
    site.pages["/core"] = Page(body=b"<html>Welcome to this hotel</html>")
    listen(reading)
    assert feed(reading).trouble == "it is not JSON"
    assert [release.version for release in known(reading)] == ["8.0"]


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (b"<html>404</html>", "cannot be opened as a zip"),
        (b"", "cannot be opened as a zip"),
    ],
    ids=["a page", "nothing"],
)
def test_a_zip_that_is_none_is_told_and_fetched_again_an_hour_later(
    reading: Edges,
    site: WordPressOrg,
    clock: TestClock,
    tmp_path: Path,
    body: bytes,
    trouble: str,
) -> None:
    right = wordpress_zip(tmp_path, "8.0")
    (tmp_path / "wrong.zip").write_bytes(body)
    site.publish("8.0", tmp_path / "wrong.zip")
    listen(reading)
    (release,) = known(reading)
    assert release.read_at is None
    assert trouble in (release.trouble or "")
    assert "WordPress 8.0" in (release.trouble or "")
    site.publish("8.0", right)
    clock.move(minutes=59)
    work(reading)
    assert known(reading)[0].read_at is None
    clock.move(minutes=1)
    work(reading)
    assert known(reading)[0].read_at == clock.at
    assert known(reading)[0].trouble is None
    assert list((reading.home / "compat" / "incoming").iterdir()) == []


def test_a_zip_of_another_version_than_offered_is_not_kept(
    reading: Edges, site: WordPressOrg, tmp_path: Path
) -> None:
    site.publish("8.1", wordpress_zip(tmp_path, "8.0"))
    listen(reading)
    (release,) = known(reading)
    assert release.read_at is None
    assert "The zip offered as WordPress 8.1 holds WordPress 8.0" in (release.trouble or "")


def test_an_offline_desk_is_given_a_zip_or_a_directory(edges: Edges, tmp_path: Path) -> None:
    hand_in(edges, wordpress_zip(tmp_path, "8.0"))
    folder = write_tree(tmp_path / "unpacked", {**wordpress_files("8.1", NEW)})
    hand_in(edges, folder)
    assert [release.title for release in known(edges)] == ["WordPress 8.1", "WordPress 8.0"]
    assert all(release.sha256 for release in known(edges))


def test_a_release_given_twice_is_read_once(edges: Edges, tmp_path: Path) -> None:
    first = hand_in(edges, wordpress_zip(tmp_path, "8.0"))
    again, is_new = add_release(edges, tmp_path / "wordpress-8.0.zip", by=VENDOR)
    assert (again.id, is_new) == (first.id, False)
    assert deeds(edges, f"release:{first.id}") == ["release_read"]


def test_a_release_the_feed_found_and_could_not_fetch_can_be_given_by_hand(
    reading: Edges, site: WordPressOrg, tmp_path: Path
) -> None:
    site.publish("8.0", wordpress_zip(tmp_path, "8.0"))
    site.pages["/release/wordpress-8.0.zip"] = Page(500)
    listen(reading)
    assert known(reading)[0].trouble == "it answers 500"
    release, is_new = add_release(reading, tmp_path / "wordpress-8.0.zip", by=VENDOR)
    assert (is_new, release.trouble, len(known(reading))) == (True, None, 1)


def test_what_is_no_release_is_refused_in_one_line_and_not_kept(
    edges: Edges, tmp_path: Path
) -> None:
    for name, files in (("theme", {"style.css": ""}), ("escape", {"../x.php": ""})):
        place = write_zip(tmp_path / f"{name}.zip", {**files})
        with pytest.raises(ReleaseRefused) as refused:
            add_release(edges, place, by=VENDOR)
        assert "\n" not in str(refused.value)
        assert str(refused.value).endswith("Nothing was kept.")
    assert known(edges) == []
    assert not (edges.home / "compat").exists()
