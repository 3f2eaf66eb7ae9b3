"""A feed's answer is read strictly: the newest release, or one line that says what is strange."""

from __future__ import annotations

import json
from typing import Any

import pytest

from refunddesk.compat.surface import WOOCOMMERCE, WORDPRESS
from refunddesk.feeds.offers import FeedStrange, Offer, read_offers

FEEDS = {
    WORDPRESS: "https://api.wordpress.org/core/version-check/1.7/",
    WOOCOMMERCE: "https://api.wordpress.org/plugins/info/1.2/?slug=woocommerce",
}


def offer(version: str, response: str = "upgrade", **changes: Any) -> dict[str, Any]:
    address = f"https://downloads.wordpress.org/release/wordpress-{version}.zip"
    return {
        "response": response,
        "download": address,
        "locale": "en_US",
        "packages": {"full": address, "no_content": False, "partial": False},
        "current": version,
        "version": version,
        "php_version": "7.4",
        "mysql_version": "5.5.5",
        **changes,
    }


def core(*offers: object) -> bytes:
    return json.dumps({"offers": offers, "translations": []}).encode()


def plugin(version: str = "11.0.1", **changes: Any) -> bytes:
    address = f"https://downloads.wordpress.org/plugin/woocommerce.{version}.zip"
    return json.dumps(
        {
            "name": "WooCommerce",
            "slug": "woocommerce",
            "version": version,
            "requires_php": "7.4",
            "download_link": address,
            "versions": {version: address, "trunk": "https://downloads.wordpress.org/x.zip"},
            **changes,
        }
    ).encode()


def read(product: str, body: bytes, *, candidates: bool = False) -> list[Offer]:
    return read_offers(product, body, FEEDS[product], candidates=candidates)


def test_the_newest_finished_wordpress_is_offered() -> None:
    body = core(offer("6.9.4", "autoupdate"), offer("7.1"), offer("7.0.3"))
    assert read(WORDPRESS, body) == [
        Offer(
            WORDPRESS,
            "7.1",
            False,
            "7.4",
            "https://downloads.wordpress.org/release/wordpress-7.1.zip",
        )
    ]


@pytest.mark.parametrize(
    ("asked", "version", "found"),
    [
        (True, "7.2-RC1", ["7.1", "7.2-RC1"]),
        (True, "7.2-beta3", ["7.1", "7.2-beta3"]),
        (False, "7.2-RC1", ["7.1"]),
        (True, "7.2-alpha-60001", ["7.1"]),
        (True, "7.1-RC4", ["7.1"]),
    ],
    ids=["a candidate", "a beta", "not asked for", "a nightly build", "of what is finished"],
)
def test_candidates_are_an_early_warning_for_those_who_ask(
    asked: bool, version: str, found: list[str]
) -> None:
    body = core(offer(version, "development"), offer("7.1"))
    assert [one.version for one in read(WORDPRESS, body, candidates=asked)] == found


def test_the_newest_woocommerce_is_offered_and_its_candidate() -> None:
    versions = {
        "11.1.0-rc.1": "https://downloads.wordpress.org/plugin/woocommerce.11.1.0-rc.1.zip",
        "11.1.0-beta.1": "https://downloads.wordpress.org/plugin/woocommerce.11.1.0-beta.1.zip",
        "9.0.0": "https://downloads.wordpress.org/plugin/woocommerce.9.0.0.zip",
    }
    found = read(WOOCOMMERCE, plugin(versions=versions), candidates=True)
    assert [(one.version, one.candidate) for one in found] == [
        ("11.0.1", False),
        ("11.1.0-rc.1", True),
    ]


def test_a_plugin_that_asks_for_no_php_says_false() -> None:
    assert read(WOOCOMMERCE, plugin(requires_php=False))[0].php_floor == ""


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (b"<html>Busy</html>", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "its offers are missing"),
        (core(), "no finished release"),
        (core(offer("7.2-RC1", "development")), "no finished release"),
        (core("7.1"), "an offer is not an object"),
        (core({**offer("7.1"), "version": 7}), "no version"),
        (core(offer("../../7.1")), "no version of a finished release"),
        (core(offer("7.1", php_version="seven")), "no version of PHP"),
        (core(*[offer("7.1")] * 5001), "more than 5000 offers"),
    ],
    ids=[
        "a page",
        "endless lists",
        "a list",
        "nothing",
        "no offers",
        "only a candidate",
        "a text as offer",
        "a number as version",
        "a path as version",
        "a word as PHP",
        "thousands of offers",
    ],
)
def test_a_strange_answer_is_told_and_not_guessed_at(body: bytes, trouble: str) -> None:
    with pytest.raises(FeedStrange, match=trouble):
        read(WORDPRESS, body)


def test_an_answer_about_another_plugin_is_strange() -> None:
    with pytest.raises(FeedStrange, match="does not speak of the plugin woocommerce"):
        read(WOOCOMMERCE, plugin(slug="akismet"))


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/wordpress-7.1.zip",
        "https://wordpress.org.evil.test/7.1.zip",
        "https://notwordpress.org/7.1.zip",
        "http://downloads.wordpress.org/7.1.zip",
        "file:///etc/passwd",
        "https://downloads.wordpress.org@evil.test/7.1.zip",
        "None",
    ],
    ids=["elsewhere", "a longer name", "a like name", "in clear", "a file", "a user", "missing"],
)
def test_a_download_is_only_taken_from_the_feeds_own_domain(address: str) -> None:
    body = core(offer("7.1", packages={"full": address}))
    with pytest.raises(FeedStrange, match="its download lies elsewhere"):
        read(WORDPRESS, body)


def test_a_feed_named_by_a_number_offers_downloads_from_itself_alone() -> None:
    feed = "http://127.0.0.1:8000/core"
    near = core(offer("7.1", packages={"full": "http://127.0.0.1:8000/7.1.zip"}))
    assert read_offers(WORDPRESS, near, feed, candidates=False)[0].version == "7.1"
    far = core(offer("7.1", packages={"full": "http://10.0.0.1/7.1.zip"}))
    with pytest.raises(FeedStrange, match="elsewhere"):
        read_offers(WORDPRESS, far, feed, candidates=False)
