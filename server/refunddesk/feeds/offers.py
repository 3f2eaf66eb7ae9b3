"""Reads a feed's answer strictly: a list of offers, or one error that says what is strange."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from refunddesk.compat.surface import WOOCOMMERCE, WORDPRESS
from refunddesk.compat.versions import compare, version_key

_STABLE = re.compile(r"\d{1,4}(?:\.\d{1,4}){1,3}")
#: "7.2-RC1" of WordPress, "9.0.0-rc.1" of WooCommerce; a nightly build is neither.
_CANDIDATE = re.compile(r"\d{1,4}(?:\.\d{1,4}){1,3}-(?:beta|rc)[.-]?\d{0,3}", re.IGNORECASE)
_PHP = re.compile(r"\d{1,3}(?:\.\d{1,4}){0,3}")
#: How WordPress calls an offer of what it thinks the newest finished release.
_FINISHED = ("upgrade", "latest")
_MOST_ENTRIES = 5_000


class FeedStrange(ValueError):
    """The feed answered with something that it is not known to answer; the message says what."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One release that can be had. `candidate`: not finished yet. `php_floor` may be ""."""

    product: str
    version: str
    candidate: bool
    php_floor: str
    zip_url: str


def read_offers(product: str, body: bytes, feed_url: str, *, candidates: bool) -> list[Offer]:
    """The newest finished release, and the newest candidate after it if `candidates`.

    Downloads are only taken from the feed's own domain. Raises FeedStrange.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise FeedStrange("it is not JSON") from None
    if not isinstance(document, dict):
        raise FeedStrange("it is not a JSON object")
    read = {WORDPRESS: _of_wordpress, WOOCOMMERCE: _of_woocommerce}[product]
    offers = list(read(document))
    finished = [offer for offer in offers if not offer.candidate]
    if not finished:
        raise FeedStrange("it offers no finished release")
    newest = max(finished, key=lambda offer: version_key(offer.version))
    wanted = [newest]
    ahead = [o for o in offers if o.candidate and compare(o.version, newest.version) > 0]
    if candidates and ahead:
        wanted.append(max(ahead, key=lambda offer: version_key(offer.version)))
    for offer in wanted:
        _check_address(offer.zip_url, feed_url)
    return wanted


def _of_wordpress(document: dict[str, Any]) -> Iterator[Offer]:
    for entry in _entries(document.get("offers"), list, "offers"):
        if not isinstance(entry, dict):
            raise FeedStrange("an offer is not an object")
        response, version = entry.get("response"), _text(entry, "version")
        packages = entry.get("packages")
        full = packages.get("full") if isinstance(packages, dict) else None
        address = full if isinstance(full, str) else entry.get("download")
        if response in _FINISHED and not _STABLE.fullmatch(version):
            raise FeedStrange(f"{version[:40]!r} is no version of a finished release")
        if response in _FINISHED or (response == "development" and _CANDIDATE.fullmatch(version)):
            candidate = response not in _FINISHED
            yield Offer(WORDPRESS, version, candidate, _php(entry.get("php_version")), str(address))


def _of_woocommerce(document: dict[str, Any]) -> Iterator[Offer]:
    if document.get("slug") != "woocommerce":
        raise FeedStrange("it does not speak of the plugin woocommerce")
    version, php = _text(document, "version"), _php(document.get("requires_php"))
    if not _STABLE.fullmatch(version):
        raise FeedStrange(f"{version[:40]!r} is no version of a finished release")
    yield Offer(WOOCOMMERCE, version, False, php, str(document.get("download_link")))
    versions = _entries(document.get("versions") or {}, dict, "versions")
    for name, address in versions.items():
        if _CANDIDATE.fullmatch(name):
            yield Offer(WOOCOMMERCE, name, True, php, str(address))


def _entries(found: Any, kind: type[Any], name: str) -> Any:
    if not isinstance(found, kind):
        raise FeedStrange(f"its {name} are missing or of another shape")
    if len(found) > _MOST_ENTRIES:
        raise FeedStrange(f"it has more than {_MOST_ENTRIES} {name}")
    return found


def _text(entry: dict[str, Any], key: str) -> str:
    found = entry.get(key)
    if not isinstance(found, str):
        raise FeedStrange(f"an entry has no {key}")
    return found


def _php(found: object) -> str:
    """WooCommerce's entry says false where it asks for nothing."""
    if found in (None, False, ""):
        return ""
    if not isinstance(found, str) or not _PHP.fullmatch(found):
        raise FeedStrange(f"{str(found)[:40]!r} is no version of PHP")
    return found


def _check_address(url: str, feed_url: str) -> None:
    there, here = urlsplit(url), urlsplit(feed_url)
    host, feed_host = there.hostname or "", here.hostname or ""
    # api.wordpress.org offers downloads.wordpress.org; a feed named by an IP offers only itself.
    domain = feed_host.partition(".")[2]
    is_named = "." in domain and not domain[-1].isdigit()
    is_near = host == feed_host or (is_named and host.endswith(f".{domain}"))
    if there.scheme not in {"https", here.scheme} or not is_near or there.username:
        raise FeedStrange(f"its download lies elsewhere: {url[:120]!r}")
