"""Asks a release feed politely and fetches a zip within limits: no redirects, no proxies."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path

import requests
import urllib3

from refunddesk.compat.surface import WORDPRESS
from refunddesk.feeds.offers import FeedStrange, Offer, read_offers

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
_ANSWER_SECONDS = 60.0
_DOWNLOAD_SECONDS = 300.0
_MOST_ANSWER = 4 << 20
#: What compat/archive.py opens at most; WordPress and WooCommerce are some 30 MB.
MOST_ZIP_BYTES = 256 << 20
_CHUNK = 256 * 1024
_SHA1 = re.compile(rb"[0-9a-f]{40}")


class FeedUnreachable(Exception):
    """No complete answer came; the message says why."""


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """`etag` and `last_modified` are to be given back at the next reading."""

    offers: tuple[Offer, ...]
    etag: str | None
    last_modified: str | None


def _no_time() -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class ReleaseFeeds:
    """Where the feeds are: product -> address. One that is not named is not read.

    `candidates`: ask for betas and release candidates as well. `monotonic` gives seconds.
    """

    addresses: Mapping[str, str] = field(default_factory=dict)
    candidates: bool = False
    user_agent: str = "RefundDesk"
    monotonic: Callable[[], float] = _no_time

    def read(self, product: str, etag: str | None, last_modified: str | None) -> FeedAnswer | None:
        """What the feed offers; None if it says that nothing changed.

        Raises FeedUnreachable, FeedStrange.
        """
        address = self.addresses[product]
        asked = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in asked.items() if value}
        if product == WORDPRESS and self.candidates:
            address += ("&" if "?" in address else "?") + "channel=rc"
        with self._session() as session, self._get(session, address, headers) as response:
            if response.status_code == 304 and headers:
                return None
            _check_status(response)
            body = b"".join(self._chunks(response, _MOST_ANSWER, _ANSWER_SECONDS))
            offers = read_offers(product, body, address, candidates=self.candidates)
            return FeedAnswer(
                tuple(offers), _short(response, "ETag"), _short(response, "Last-Modified")
            )

    def download(self, product: str, url: str, place: Path) -> None:
        """Write the zip at `url` to the file `place`, and compare it with its published hash.

        WordPress publishes one beside the zip; where there is none, nothing is compared. Raises
        FeedUnreachable, FeedStrange; what was written by then is the caller's to remove.
        """
        digest = hashlib.sha1(usedforsecurity=False)
        with self._session() as session:
            with self._get(session, url, {}) as response, place.open("wb") as file:
                _check_status(response)
                for chunk in self._chunks(response, MOST_ZIP_BYTES, _DOWNLOAD_SECONDS):
                    digest.update(chunk)
                    file.write(chunk)
            published = self._published_hash(session, url) if product == WORDPRESS else None
        if published is not None and published != digest.hexdigest():
            raise FeedStrange("the zip is not the one whose hash is published beside it")

    def _published_hash(self, session: requests.Session, url: str) -> str | None:
        with self._get(session, f"{url}.sha1", {}) as response:
            if response.status_code == 404:
                return None
            _check_status(response)
            body = b"".join(self._chunks(response, 1024, _ANSWER_SECONDS)).strip()
        if not _SHA1.fullmatch(body):
            raise FeedStrange("what is published as the zip's hash is none")
        return body.decode()

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Requests that do not say who asks are limited by wordpress.org.
        session.headers["User-Agent"] = self.user_agent
        return session

    def _get(
        self, session: requests.Session, url: str, headers: Mapping[str, str]
    ) -> requests.Response:
        try:
            return session.get(
                url,
                headers=headers,
                timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise FeedUnreachable(_trouble(error)) from None

    def _chunks(
        self, response: requests.Response, most_bytes: int, seconds: float
    ) -> Iterator[bytes]:
        until, length = self.monotonic() + seconds, 0
        try:
            # One read at a time, so that a server that sends a byte a second is given up as well.
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                length += len(chunk)
                if length > most_bytes:
                    raise FeedStrange(f"the answer is longer than {most_bytes} bytes")
                if self.monotonic() > until:
                    raise FeedUnreachable(f"the answer took longer than {seconds:.0f} seconds")
                yield chunk
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise FeedUnreachable(_trouble(error)) from None
        expected = response.headers.get("Content-Length", "")
        is_plain = not response.headers.get("Content-Encoding") and expected.isdigit()
        if is_plain and length != int(expected):
            raise FeedUnreachable("the answer broke off")


def _check_status(response: requests.Response) -> None:
    if 300 <= response.status_code < 400:
        raise FeedStrange(f"it answers {response.status_code}: redirects are not followed")
    if response.status_code != 200:
        raise FeedUnreachable(f"it answers {response.status_code}")


def _short(response: requests.Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value if value and len(value) <= 200 else None


def _trouble(error: Exception) -> str:
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return "it did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "its TLS certificate or handshake was not acceptable"
    if isinstance(error, requests.ConnectionError):
        return "it could not be reached"
    return f"the connection failed ({type(error).__name__})"


#: Of a desk that reads no feed.
NO_FEEDS = ReleaseFeeds()
