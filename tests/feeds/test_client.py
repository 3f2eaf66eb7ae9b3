"""A feed is asked politely, and nothing that it answers harms who asks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from refunddesk.compat.surface import WOOCOMMERCE, WORDPRESS
from refunddesk.feeds.client import FeedUnreachable
from refunddesk.feeds.offers import FeedStrange
from tests.services.checking import Page, WordPressOrg, wordpress_org, wordpress_zip


@pytest.fixture
def site(tmp_path: Path) -> Iterator[WordPressOrg]:
    with wordpress_org() as opened:
        opened.publish("8.0", wordpress_zip(tmp_path, "8.0"))
        yield opened


def test_whoever_asks_says_who_they_are_and_nothing_of_their_site(site: WordPressOrg) -> None:
    site.feeds.read(WORDPRESS, None, None)
    ((target, headers),) = site.asked
    assert target == "/core"
    assert headers["User-Agent"] == "RefundDesk/test (+https://desk.test)"
    assert "Cookie" not in headers


def test_what_did_not_change_is_not_sent_again(site: WordPressOrg) -> None:
    first = site.feeds.read(WORDPRESS, None, None)
    assert first
    assert [offer.version for offer in first.offers] == ["8.0"]
    assert site.feeds.read(WORDPRESS, first.etag, first.last_modified) is None


def test_candidates_are_asked_for_by_their_channel(site: WordPressOrg) -> None:
    replace(site.feeds, candidates=True).read(WORDPRESS, None, None)
    assert site.asked[0][0] == "/core?channel=rc"


@pytest.mark.parametrize(
    ("page", "trouble"),
    [
        (Page(500), "answers 500"),
        (Page(429, b"slow down"), "answers 429"),
        (Page(302, headers={"Location": "http://127.0.0.1:1/"}), "redirects are not followed"),
        (Page(304), "redirects are not followed"),
        (Page(200, b" " * (5 << 20)), "longer than"),
        (Page(200, b"{", {"Content-Length": "900"}), "broke off|connection failed"),
    ],
    ids=["failing", "too many", "a redirect", "unasked 304", "too long", "broken off"],
)
def test_whatever_goes_wrong_is_one_line(site: WordPressOrg, page: Page, trouble: str) -> None:
    site.pages["/core"] = page
    with pytest.raises((FeedUnreachable, FeedStrange), match=trouble):
        site.feeds.read(WORDPRESS, None, None)


def test_a_feed_that_nobody_serves_is_unreachable(site: WordPressOrg) -> None:
    feeds = replace(site.feeds, addresses={WORDPRESS: "http://127.0.0.1:1/core"})
    with pytest.raises(FeedUnreachable, match="could not be reached"):
        feeds.read(WORDPRESS, None, None)


def test_an_answer_that_drags_on_is_given_up(site: WordPressOrg) -> None:
    seconds = count(0, 61)
    feeds = replace(site.feeds, monotonic=lambda: float(next(seconds)))
    with pytest.raises(FeedUnreachable, match="took longer than 60 seconds"):
        feeds.read(WORDPRESS, None, None)


def test_a_zip_is_compared_with_the_hash_beside_it(site: WordPressOrg, tmp_path: Path) -> None:
    url, place = f"{site.address}/release/wordpress-8.0.zip", tmp_path / "got.zip"
    site.feeds.download(WORDPRESS, url, place)
    assert place.read_bytes() == (tmp_path / "wordpress-8.0.zip").read_bytes()
    site.pages["/release/wordpress-8.0.zip.sha1"].body = hashlib.sha1(b"other").hexdigest().encode()
    with pytest.raises(FeedStrange, match="not the one whose hash is published"):
        site.feeds.download(WORDPRESS, url, place)
    site.pages["/release/wordpress-8.0.zip.sha1"].body = b"<html>"
    with pytest.raises(FeedStrange, match="is none"):
        site.feeds.download(WORDPRESS, url, place)
    del site.pages["/release/wordpress-8.0.zip.sha1"]
    site.feeds.download(WORDPRESS, url, place)


def test_no_hash_is_asked_for_where_none_is_published(site: WordPressOrg, tmp_path: Path) -> None:
    site.pages["/x.zip"] = Page(body=b"PK")
    site.feeds.download(WOOCOMMERCE, f"{site.address}/x.zip", tmp_path / "x.zip")
    assert [target for target, _ in site.asked] == ["/x.zip"]
