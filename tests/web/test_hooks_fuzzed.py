"""Whatever is done to a delivery on the way, only what its store signed is kept; nothing breaks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import os
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.web.receiving import Receiver

#: How many deliveries are tried; a million take some ten minutes.
CASES = int(os.environ.get("REFUNDDESK_TEST_FUZZ", "1500"))

BODIES = (
    b'{"id":35,"status":"processing","total":"199.00","line_items":[{"id":7,"total":"199.00"}]}',
    b'{"id":36,"billing_period":"month","line_items":[]}',
    b'{"code":"woocommerce_rest_cannot_view","message":"No.","data":{"status":401}}',
    b'{"id":37,"note":"\xc3\xa4\xf0\x9f\x98\x80\\u0000\\ud83d"}',
    b"webhook_id=5",
    b"",
)
HEADERS = (
    "CONTENT_TYPE",
    "HTTP_CONTENT_ENCODING",
    "HTTP_X_WC_WEBHOOK_TOPIC",
    "HTTP_X_WC_WEBHOOK_DELIVERY_ID",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_EXPECT",
)
VALUES = (
    "",
    "gzip",
    "identity",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "order.updated",
    "\xff\x00",
    "a" * 9000,
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery as it reaches the server."""

    body: bytes
    signature: str
    headers: Mapping[str, str] = field(default_factory=dict)


Change = Callable[[random.Random, Sent], Sent]


def flip_a_bit_of_the_body(chance: random.Random, sent: Sent) -> Sent:
    return replace(sent, body=flipped(chance, sent.body))


def flip_a_bit_of_the_signature(chance: random.Random, sent: Sent) -> Sent:
    changed = flipped(chance, sent.signature.encode("latin-1"))
    return replace(sent, signature=changed.decode("latin-1"))


def cut_the_body(chance: random.Random, sent: Sent) -> Sent:
    return replace(sent, body=sent.body[: chance.randint(0, len(sent.body))])


def put_bytes_into_the_body(chance: random.Random, sent: Sent) -> Sent:
    place = chance.randint(0, len(sent.body))
    added = chance.randbytes(chance.randint(0, 20))
    return replace(sent, body=sent.body[:place] + added + sent.body[place:])


def write_the_signature_otherwise(chance: random.Random, sent: Sent) -> Sent:
    text = sent.signature
    forms = (
        text.rstrip("="),
        text + "=",
        text.swapcase(),
        text.replace("+", "-").replace("/", "_"),
        f"{text},{text}",  # what a server makes of the header sent twice
        f"sha256={text}",
        f"{text} ",
        "",
        "\xe4" * 44,
        "=" * chance.randint(1, 9000),
        text.encode().hex(),
    )
    return replace(sent, signature=chance.choice(forms))


def sign_with_another_secret(chance: random.Random, sent: Sent) -> Sent:
    return replace(sent, signature=signature_of(chance.randbytes(20).hex(), sent.body))


def change_a_header(chance: random.Random, sent: Sent) -> Sent:
    name, value = chance.choice(HEADERS), chance.choice(VALUES)
    return replace(sent, headers={**sent.headers, name: value})


def leave_it(_: random.Random, sent: Sent) -> Sent:
    return sent


CHANGES: tuple[Change, ...] = (
    flip_a_bit_of_the_body,
    flip_a_bit_of_the_signature,
    cut_the_body,
    put_bytes_into_the_body,
    write_the_signature_otherwise,
    sign_with_another_secret,
    change_a_header,
    leave_it,
)


@pytest.mark.timeout(60 + CASES // 200)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_what_the_store_signed_is_kept_whatever_comes_in(receiver: Receiver) -> None:
    chance = random.Random(CASES)
    secret = receiver.endpoint.secret
    kept = 0
    for number in range(CASES):
        body = chance.choice(BODIES)
        sent = Sent(body, signature_of(secret, body))
        for change in chance.choices(CHANGES, k=chance.randint(1, 3)):
            sent = change(chance, sent)
        status, is_kept = outcome(secret, sent)
        assert deliver(receiver, sent) == status, f"case {number}: {sent}"
        kept += is_kept
    assert len(receiver.kept()) == kept > CASES // 50


def outcome(secret: str, sent: Sent) -> tuple[int, bool]:
    """The status to expect, and whether the delivery is to be kept."""
    is_form = sent.headers.get("CONTENT_TYPE") == "application/x-www-form-urlencoded"
    if is_form and re.fullmatch(rb"webhook_id=[0-9]{1,18}", sent.body):
        return 200, False
    if sent.headers.get("HTTP_CONTENT_ENCODING", "") not in ("", "identity"):
        return 415, False
    is_signed = sent.signature == signature_of(secret, sent.body)
    return (200, True) if is_signed else (401, False)


def deliver(receiver: Receiver, sent: Sent) -> int:
    """The status the application answers with, called as a server would."""
    environment: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": receiver.path,
        "QUERY_STRING": "",
        "SERVER_NAME": "desk.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(sent.body),
        "wsgi.errors": io.StringIO(),
        "CONTENT_LENGTH": str(len(sent.body)),
        "CONTENT_TYPE": "application/json",
        "HTTP_X_WC_WEBHOOK_SIGNATURE": sent.signature,
        "HTTP_X_WC_WEBHOOK_TOPIC": "order.updated",
        **sent.headers,
    }
    statuses: list[str] = []

    def start_response(status: str, *_: object) -> Callable[[bytes], object]:
        statuses.append(status)
        return len

    for _ in receiver.app.wsgi_app(environment, start_response):
        pass
    return int(statuses[-1].split()[0])


def signature_of(secret: str, body: bytes) -> str:
    """As WooCommerce reckons it, and by nothing of ours."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def flipped(chance: random.Random, text: bytes) -> bytes:
    if not text:
        return text
    place = chance.randrange(len(text))
    return text[:place] + bytes([text[place] ^ (1 << chance.randrange(8))]) + text[place + 1 :]
