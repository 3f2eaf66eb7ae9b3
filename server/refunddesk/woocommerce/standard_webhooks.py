"""Signs what goes between the desk and the bridge in a store, by the scheme of Standard Webhooks.

Base64 of HMAC-SHA256 over "id.timestamp.body", named "v1". Both sides sign with the same key; so
that nobody can send a call back as its own answer, the answer to `msg_x` has the id `answer_msg_x`.
An event is signed just so. Of any other call method and route stand before the body, so that one
that was recorded cannot be sent again as another.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

#: How far a call's time may lie from ours, before and after: what the scheme recommends.
TOLERANCE = timedelta(minutes=5)

_ID = re.compile(r"[A-Za-z0-9_-]{8,80}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_MOST_SIGNATURES = 10


def sign(key: bytes, call_id: str, timestamp: str, body: bytes) -> str:
    """The value of `webhook-signature`. Raises ValueError for an empty key."""
    if not key:
        raise ValueError("an empty key signs nothing")
    signed = f"{call_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode("ascii")


def content_of_call(method: str, route: str, body: bytes) -> bytes:
    """What a call that is no event signs in the place of its body: "POST /bridge/greet", a line
    end, the body. No event begins so: they are JSON.
    """
    return f"{method} {route}\n".encode() + body


def is_signed(
    keys: Sequence[bytes], call_id: str, timestamp: str, signature: str, body: bytes
) -> bool:
    """Whether one of the signatures, which stand with spaces between them, is by one of the keys.

    Empty keys never match. Never raises. Says nothing of the time; see `is_timely`.
    """
    if not _ID.fullmatch(call_id) or not _TIMESTAMP.fullmatch(timestamp):
        return False
    given = [one.encode("utf-8", "surrogatepass") for one in signature.split(" ")]
    matches = [
        hmac.compare_digest(sign(key, call_id, timestamp, body).encode("ascii"), one)
        for key in keys
        if key
        for one in given[:_MOST_SIGNATURES]
    ]
    return any(matches)


def is_timely(timestamp: str, now: datetime) -> bool:
    """Whether a signed time lies within the tolerance of `now`."""
    return abs(now.timestamp() - int(timestamp)) <= TOLERANCE.total_seconds()


def answer_headers(key: bytes, call_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers by which the answer to a call proves itself."""
    answer_id, timestamp = f"answer_{call_id}", str(int(now.timestamp()))
    return {
        "webhook-id": answer_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": sign(key, answer_id, timestamp, body),
    }
