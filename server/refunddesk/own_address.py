"""Calls this server at its public address, as a store would: without following redirects."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

_WAITS = (5.0, 10.0)  # seconds, to connect and for the answer
_LONGEST_ANSWER = 64 * 1024


class AddressNotAnswering(Exception):
    """Nobody answers there, or not with a certificate that a store would accept."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `points_to`: where a redirect leads; `told`: the JSON, None if it is none."""

    status: int
    points_to: str | None
    told: Any


def get(url: str) -> Reply:
    """Raises AddressNotAnswering."""
    return _call("GET", url)


def ping(url: str) -> Reply:
    """POST what a store sends when a webhook is made; it has no effect. Raises the same."""
    return _call("POST", url, data={"webhook_id": "1"})


def hand_in_mail(url: str, token: str, raw: bytes) -> int:
    """POST a mail as a mail service would; the status. Raises AddressNotAnswering."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "message/rfc822"}
    return _call("POST", url, data=raw, headers=headers).status


def _call(method: str, url: str, **request: Any) -> Reply:
    with requests.Session() as session:
        # No proxies and no ~/.netrc: they are this machine's, not the stores'.
        session.trust_env = False
        try:
            answer = session.request(
                method, url, timeout=_WAITS, allow_redirects=False, stream=True, **request
            )
            body = answer.raw.read(_LONGEST_ANSWER, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise AddressNotAnswering(
                f"{urlsplit(url).netloc} does not answer ({type(error).__name__})."
            ) from error
    return Reply(answer.status_code, answer.headers.get("Location"), _json(body))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
