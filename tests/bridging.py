"""The plugin in a store as the desk meets it: it signs what it says, and believes only proof.

Written from the description in docs/http-api.md, not from the server's code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from refunddesk.sandbox.server import RunningSandbox
from tests.conftest import TestClock


@dataclass(slots=True)
class Plugin:
    """The bridge in one store. `site` names the installation, `clock` is the store's own."""

    app: Flask
    running: RunningSandbox
    clock: TestClock
    site: str = "8e4f2c1a"
    address: str = ""
    desk: str = ""
    connection: str = ""
    secret: str = ""
    webhooks: dict[str, dict[str, str]] = field(default_factory=dict)
    _calls: int = 0

    def __post_init__(self) -> None:
        self.desk = self.desk or self.app.extensions["refunddesk"].settings.public_url

    def greet(self, code: str) -> TestResponse:
        return self.call("greet", {"code": name_of(code), "desk": self.desk}, key_of(code))

    def connect(self, code: str, *, webhook_id: str = "", **changes: str) -> TestResponse:
        """Introduce the store; keeps the connection when there is one."""
        headers = {"webhook_id": webhook_id} if webhook_id else {}
        said = {
            "code": name_of(code),
            "desk": self.desk,
            "site": self.site,
            "address": self.address or self.running.url,
            "name": "The shop",
            "country": "DE",
            "language": "de",
            "timezone": "Europe/Berlin",
            "consumer_key": self.running.consumer_key,
            "consumer_secret": self.running.consumer_secret,
            **changes,
        }
        answer = self.call("connect", said, key_of(code), **headers)
        if answer.status_code == 200:
            told = answer.get_json()
            self.connection, self.secret = told["connection"], told["secret"]
            self.webhooks = {one["topic"]: one for one in told["webhooks"]}
        return answer

    def ask(self, what: str, said: dict[str, Any] | None = None, **headers: str) -> TestResponse:
        """A call of the connected store; a header of "" is left out."""
        body = {"address": self.address or self.running.url, **(said or {})}
        return self.call(f"{self.connection}/{what}", body, self.secret.encode(), **headers)

    def report(self, event_id: str = "msg_00000001", **event: Any) -> int:
        return self.ask("events", event, webhook_id=event_id).status_code

    def call(self, path: str, said: Any, key: bytes, **headers: str) -> TestResponse:
        """All but an event is signed with its route, `signed_for` where another one is given."""
        self._calls += 1
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        call_id = headers.pop("webhook_id", f"msg_{self._calls:012}")
        at = headers.pop("webhook_timestamp", stamp(self.clock()))
        route = headers.pop("signed_for", f"POST /bridge/{path}")
        sent = {
            "webhook-id": call_id,
            "webhook-timestamp": at,
            "webhook-signature": signature(key, call_id, at, content_of(route, body)),
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        client = self.app.test_client()
        answer = client.post(f"/bridge/{path}", data=body, headers=sent)
        if answer.status_code == 200:
            assert is_proven(answer, key, call_id)
        return answer


def content_of(route: str, body: bytes) -> bytes:
    """What a call to "POST /bridge/greet" signs: of an event its body, else the route before it."""
    return body if route.endswith("/events") else f"{route}\n".encode() + body


def stamp(at: datetime) -> str:
    return str(int(at.timestamp()))


def signature(key: bytes, call_id: str, at: str, body: bytes) -> str:
    signed = f"{call_id}.{at}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def is_proven(answer: TestResponse, key: bytes, call_id: str) -> bool:
    """Whether the answer was made by who has the key, and for this very call."""
    at = answer.headers["webhook-timestamp"]
    right = signature(key, f"answer_{call_id}", at, answer.data)
    return hmac.compare_digest(right, answer.headers["webhook-signature"])


def name_of(code: str) -> str:
    return code.replace("-", "")[:8]


def key_of(code: str) -> bytes:
    return hashlib.sha256(b"refund-desk code\n" + code.replace("-", "").encode()).digest()
