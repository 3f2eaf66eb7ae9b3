"""What a store may send to its delivery address, and what becomes of everything else."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
import waitress
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from structlog.testing import LogCapture

from refunddesk.db import inbox, outbox, tables
from refunddesk.db.inbox import Delivery
from refunddesk.extension import create_app
from refunddesk.jobnames import JobName
from refunddesk.services import inbox as receiving
from refunddesk.services import stores
from refunddesk.services.edges import Edges
from refunddesk.services.inbox import LONGEST_BODY
from refunddesk.services.stores import NewEndpoint
from refunddesk.settings import Settings
from refunddesk.woocommerce.signature import sign
from tests.building import add_store
from tests.conftest import TestClock

ORDER = b'{"id":35,"status":"processing"}'


@dataclass(frozen=True, slots=True)
class Receiver:
    """The web application with one store and one endpoint for order.updated."""

    app: Flask
    edges: Edges
    store_id: int
    endpoint: NewEndpoint

    @property
    def path(self) -> str:
        return f"/hooks/{self.endpoint.endpoint_id}"

    def headers(self, body: bytes, **changes: str | None) -> dict[str, str]:
        """The headers WooCommerce sends; a change of None leaves one out."""
        sent: dict[str, str | None] = {
            "Content-Type": "application/json",
            "X-WC-Webhook-Topic": "order.updated",
            "X-WC-Webhook-Signature": sign(self.endpoint.secret, body),
            "X-WC-Webhook-Delivery-ID": "32e02c667e35d68d3df3c728d633d3ad",
        }
        sent.update({name.replace("_", "-"): value for name, value in changes.items()})
        return {name: value for name, value in sent.items() if value is not None}

    def post(self, body: bytes = ORDER, **changes: str | None) -> int:
        """The status that a delivery of `body` is answered with."""
        headers = self.headers(body, **changes)
        return self.app.test_client().post(self.path, data=body, headers=headers).status_code

    def kept(self) -> list[Delivery]:
        with self.edges.database.write() as transaction:
            ids = transaction.scalars(select(tables.inbox.c.id).order_by(tables.inbox.c.id)).all()
            return [inbox.lock_delivery(transaction, delivery_id) for delivery_id in ids]

    def promised(self) -> list[tuple[str, str]]:
        with self.edges.database.read() as transaction:
            return [(row.job.value, row.subject) for row in outbox.list_open(transaction)]


@pytest.fixture
def receiver(settings: Settings, edges: Edges) -> Receiver:
    store_id = add_store(edges)
    endpoint = stores.add_endpoint(edges, store_id, "order.updated")
    return Receiver(create_app(settings, edges=edges), edges, store_id, endpoint)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> LogCapture:
    """The log lines of the receiver from here on."""
    lines = LogCapture()
    monkeypatch.setattr(receiving, "log", structlog.wrap_logger(None, processors=[lines]))
    return lines


@pytest.fixture
def served(receiver: Receiver) -> Iterator[tuple[Receiver, tuple[str, int]]]:
    """The application behind the real server, for what only a socket can say."""
    server = waitress.create_server(
        receiver.app, listen="127.0.0.1:0", threads=4, max_request_body_size=5 * 1024 * 1024
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    yield receiver, ("127.0.0.1", int(server.effective_port))
    # Closed by its own loop: the loop would otherwise trip over a socket closed under it.
    server.trigger.pull_trigger(server.close)
    thread.join(10)
    server.task_dispatcher.shutdown()


def test_a_signed_delivery_is_kept_and_its_order_will_be_looked_at(receiver: Receiver) -> None:
    assert receiver.post() == 200
    (kept,) = receiver.kept()
    assert (kept.object_type, kept.woo_object_id, kept.body) == ("order", 35, ORDER)
    assert kept.body_sha == hashlib.sha256(ORDER).digest()
    assert receiver.promised() == [(JobName.RECORD_ORDER, f"{receiver.store_id}:35")]


def test_the_same_delivery_id_twice_is_two_deliveries(receiver: Receiver) -> None:
    """WooCommerce gives all deliveries of one webhook in one second the same id."""
    assert receiver.post() == 200
    assert receiver.post(b'{"id":36}') == 200
    assert [kept.woo_object_id for kept in receiver.kept()] == [35, 36]


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param(sign("another secret", ORDER), id="of another secret"),
        pytest.param(sign("x", b""), id="of another body"),
        pytest.param("\xff\xfe", id="bytes that are no text"),
        pytest.param("A" * 5000, id="very long"),
    ],
)
def test_nothing_is_kept_or_logged_of_a_delivery_that_is_not_signed(
    receiver: Receiver, logged: LogCapture, signature: str | None
) -> None:
    body = b'{"id":35,"billing":{"email":"someone@example.test"}}'
    assert receiver.post(body, X_WC_Webhook_Signature=signature) == 401
    assert receiver.kept() == []
    assert receiver.promised() == []
    (line,) = logged.entries
    assert line["event"] == "delivery refused"
    assert set(line) == {"event", "log_level", "endpoint", "because"}
    assert "someone" not in str(line)


def test_an_unsigned_body_is_not_even_parsed(receiver: Receiver) -> None:
    assert receiver.post(b"{" * 100_000, X_WC_Webhook_Signature="no") == 401
    assert receiver.kept() == []


def test_while_a_secret_is_changed_the_previous_one_is_valid_and_no_older_one(
    receiver: Receiver, clock: TestClock
) -> None:
    oldest = receiver.endpoint.secret
    assert receiver.post() == 200
    second = stores.rotate_endpoint(receiver.edges, receiver.store_id, "order.updated").secret
    clock.move(seconds=6)
    assert receiver.post(X_WC_Webhook_Signature=sign(oldest, ORDER)) == 200
    assert receiver.post(X_WC_Webhook_Signature=sign(second, ORDER)) == 200
    third = stores.rotate_endpoint(receiver.edges, receiver.store_id, "order.updated").secret
    clock.move(seconds=6)
    assert receiver.post(X_WC_Webhook_Signature=sign(oldest, ORDER)) == 401
    assert receiver.post(X_WC_Webhook_Signature=sign(second, ORDER)) == 200
    assert receiver.post(X_WC_Webhook_Signature=sign(third, ORDER)) == 200


@pytest.mark.parametrize(
    ("seconds", "status"),
    [
        pytest.param(4.9, 401, id="not yet known after 4.9 seconds"),
        pytest.param(5.0, 200, id="known after 5 seconds"),
        pytest.param(-3600, 200, id="known at once when the clock was set back"),
    ],
)
def test_a_new_secret_is_known_within_five_seconds(
    receiver: Receiver, clock: TestClock, seconds: float, status: int
) -> None:
    assert receiver.post() == 200
    made = stores.rotate_endpoint(receiver.edges, receiver.store_id, "order.updated")
    clock.move(seconds=seconds)
    assert receiver.post(X_WC_Webhook_Signature=sign(made.secret, ORDER)) == status


def test_addresses_of_nobody_are_not_found_and_not_remembered(receiver: Receiver) -> None:
    client = receiver.app.test_client()
    for number in range(20):
        answer = client.post(f"/hooks/nobody{number}", data=ORDER, headers=receiver.headers(ORDER))
        assert answer.status_code == 404
    assert receiver.post() == 200
    known = receiver.app.extensions["refunddesk"].endpoints
    assert list(known._known) == [receiver.endpoint.endpoint_id]


def test_a_new_endpoint_is_known_at_once(receiver: Receiver) -> None:
    made = stores.add_endpoint(receiver.edges, receiver.store_id, "order.created")
    headers = receiver.headers(ORDER) | {
        "X-WC-Webhook-Topic": "order.created",
        "X-WC-Webhook-Signature": sign(made.secret, ORDER),
    }
    answer = receiver.app.test_client().post(
        f"/hooks/{made.endpoint_id}", data=ORDER, headers=headers
    )
    assert answer.status_code == 200


def test_a_ping_is_answered_and_leaves_nothing(receiver: Receiver) -> None:
    answer = receiver.app.test_client().post(receiver.path, data={"webhook_id": "5"})
    assert answer.status_code == 200
    assert receiver.kept() == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_delivery_address_takes_posts_only(receiver: Receiver, method: str) -> None:
    answer = receiver.app.test_client().open(receiver.path, method=method)
    assert answer.status_code == 405


@pytest.mark.parametrize(
    ("length", "status"),
    [
        pytest.param(LONGEST_BODY, 200, id="4 MiB"),
        pytest.param(LONGEST_BODY + 1, 413, id="one byte more"),
    ],
)
def test_a_body_has_at_most_4_mib(receiver: Receiver, length: int, status: int) -> None:
    body = b'{"id":35,"note":"' + b"x" * (length - 19) + b'"}'
    assert len(body) == length
    assert receiver.post(body) == status
    assert len(receiver.kept()) == (status == 200)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_compressed_body_is_not_taken(receiver: Receiver, encoding: str) -> None:
    assert receiver.post(Content_Encoding=encoding) == 415
    assert receiver.kept() == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "empty_body", id="an empty body"),
        pytest.param(b'{"id":35', "bad_json", id="broken JSON"),
        pytest.param(b'{"id":35,"total":NaN}', "not_finite", id="NaN"),
        pytest.param(b'{"id":35,"id":36}', "duplicate_key", id="an id twice"),
        pytest.param(b'\xef\xbb\xbf{"id":35}', "byte_order_mark", id="a byte order mark"),
        pytest.param(b'{"id":"\xff"}', "not_utf8", id="bytes that are not UTF-8"),
        pytest.param('{"id":35}'.encode("utf-16"), "not_utf8", id="UTF-16"),
        pytest.param(b"[" * 100_000, "too_deep", id="nested without end"),
        pytest.param(b'{"id":' + b"9" * 5000 + b"}", "number_too_long", id="an id of 5000 digits"),
        pytest.param(b"[]", "empty_array", id="an object gone before the delivery"),
        pytest.param(b'{"id":-1}', "no_id", id="a negative id"),
        pytest.param(b'{"id":true}', "no_id", id="true for an id"),
        pytest.param(
            b'{"code":"woocommerce_rest_cannot_view","message":"No.","data":{"status":401}}',
            "store_error",
            id="an error of the store, signed",
        ),
    ],
)
def test_a_signed_delivery_that_says_nothing_usable_waits_for_a_person(
    receiver: Receiver, body: bytes, reason: str
) -> None:
    assert receiver.post(body) == 200
    (kept,) = receiver.kept()
    assert kept.quarantined_because == reason
    assert kept.quarantine_detail
    assert kept.body == body
    assert receiver.promised() == []


@pytest.mark.parametrize(
    "content_type",
    [
        pytest.param("text/html", id="HTML"),
        pytest.param("application/x-www-form-urlencoded", id="a form that is no ping"),
        pytest.param(None, id="none"),
    ],
)
def test_a_signed_body_of_another_content_type_waits_for_a_person(
    receiver: Receiver, content_type: str | None
) -> None:
    assert receiver.post(Content_Type=content_type) == 200
    assert receiver.kept()[0].quarantined_because == "content_type"


def test_the_header_cannot_make_a_delivery_something_else(receiver: Receiver) -> None:
    """The topic header is not signed; the endpoint's own secret is what proves the topic."""
    assert receiver.post(X_WC_Webhook_Topic="subscription.updated") == 200
    (kept,) = receiver.kept()
    assert (kept.quarantined_because, kept.topic) == ("topic_mismatch", "order.updated")
    assert receiver.promised() == []


def test_of_what_we_keep_no_books_of_the_body_is_not_kept(receiver: Receiver) -> None:
    body = b'{"id":4,"email":"someone@example.test"}'
    made = stores.add_endpoint(receiver.edges, receiver.store_id, "customer.updated")
    headers = receiver.headers(body) | {
        "X-WC-Webhook-Topic": "customer.updated",
        "X-WC-Webhook-Signature": sign(made.secret, body),
    }
    path = f"/hooks/{made.endpoint_id}"
    assert receiver.app.test_client().post(path, data=body, headers=headers).status_code == 200
    (kept,) = receiver.kept()
    assert (kept.body, kept.quarantined_because) == (None, None)
    assert receiver.promised() == []


def test_a_database_that_fails_is_said_at_once_and_nothing_is_acknowledged(
    receiver: Receiver, logged: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert receiver.post() == 200

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr(receiver.edges.database.engine, "begin", fail)
    assert receiver.post() == 503
    assert [line["event"] for line in logged.entries] == ["delivery not kept"]
    monkeypatch.undo()
    assert receiver.post() == 200
    assert len(receiver.kept()) == 2


def test_a_delivery_waits_for_the_disk_only_so_long(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store would wait a minute, and its renewals behind it."""
    monkeypatch.setattr(receiving, "_LONGEST_WAIT_SECONDS", 0.2)
    writer = receiver.app.extensions["refunddesk"].inbox_writer
    begun, go_on = threading.Event(), threading.Event()

    def hang(_: object) -> None:
        begun.set()
        go_on.wait(10)

    hanging = threading.Thread(target=writer.write, args=(hang, 10))
    hanging.start()
    begun.wait(10)
    assert receiver.post() == 503
    go_on.set()
    hanging.join()
    monkeypatch.undo()
    assert receiver.post() == 200


@given(body=st.binary(max_size=200), signed=st.booleans())
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_body_breaks_the_receiver(receiver: Receiver, body: bytes, signed: bool) -> None:
    changes: dict[str, Any] = {} if signed else {"X_WC_Webhook_Signature": "no"}
    assert receiver.post(body, **changes) == (200 if signed else 401)


# -- behind a real server


def talk(address: tuple[str, int], *parts: bytes, half_close: bool = False) -> bytes:
    """Send the parts as they are and answer what comes back until the server hangs up."""
    answer = b""
    with socket.create_connection(address, timeout=5) as connection:
        for part in parts:
            connection.sendall(part)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):  # it hung up before it had read everything
            while chunk := connection.recv(65536):
                answer += chunk
    return answer


def head(receiver: Receiver, body: bytes, *lines: str) -> bytes:
    sent = [f"{name}: {value}" for name, value in receiver.headers(body).items()]
    text = [f"POST {receiver.path} HTTP/1.1", "Host: desk.test", "Connection: close", *sent, *lines]
    return ("\r\n".join(text) + "\r\n\r\n").encode()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_a_delivery_in_chunks_is_taken(served: tuple[Receiver, tuple[str, int]]) -> None:
    receiver, address = served
    chunks = b"5\r\n" + ORDER[:5] + b"\r\n" + b"%x\r\n" % (len(ORDER) - 5) + ORDER[5:]
    start = head(receiver, ORDER, "Transfer-Encoding: chunked")
    assert status_of(talk(address, start, chunks + b"\r\n0\r\n\r\n")) == 200
    assert [kept.body for kept in receiver.kept()] == [ORDER]


def test_a_body_shorter_than_it_says_is_never_taken(
    served: tuple[Receiver, tuple[str, int]],
) -> None:
    receiver, address = served
    start = head(receiver, ORDER, f"Content-Length: {len(ORDER) + 10}")
    answer = talk(address, start, ORDER, half_close=True)
    assert not answer.startswith(b"HTTP/1.1 200")
    assert receiver.kept() == []


def test_a_body_longer_than_it_says_is_cut_and_so_its_signature_fails(
    served: tuple[Receiver, tuple[str, int]],
) -> None:
    receiver, address = served
    start = head(receiver, ORDER, f"Content-Length: {len(ORDER) - 5}")
    assert status_of(talk(address, start, ORDER)) == 401
    assert receiver.kept() == []


def test_a_body_without_a_length_is_an_empty_one(
    served: tuple[Receiver, tuple[str, int]],
) -> None:
    receiver, address = served
    assert status_of(talk(address, head(receiver, ORDER), ORDER)) == 401
    assert receiver.kept() == []


@pytest.mark.parametrize(
    "framing",
    [
        pytest.param("Content-Length: 99999999999", id="by its length"),
        pytest.param("Transfer-Encoding: chunked", id="in chunks"),
    ],
)
def test_a_body_too_long_is_refused_and_the_next_delivery_is_taken(
    served: tuple[Receiver, tuple[str, int]], framing: str
) -> None:
    receiver, address = served
    piece = b"x" * 0x10000
    chunk = b"10000\r\n" + piece + b"\r\n" if "chunked" in framing else piece
    parts = [head(receiver, b"", framing)]
    if "chunked" in framing:
        parts += [chunk] * 100 + [b"0\r\n\r\n"]
    with suppress(ConnectionError):  # the server may hang up on what it has refused
        assert status_of(talk(address, *parts)) == 413
    length = f"Content-Length: {len(ORDER)}"
    assert status_of(talk(address, head(receiver, ORDER, length), ORDER)) == 200


# -- durability

_SERVE = """
import sys
from refunddesk.extension import create_app
import waitress
app = create_app()
server = waitress.create_server(app, listen="127.0.0.1:0", threads=8)
print(server.effective_port, flush=True)
server.run()
"""


def test_what_was_acknowledged_is_there_after_the_server_was_killed(
    settings: Settings, edges: Edges, receiver: Receiver
) -> None:
    environment = {
        **os.environ,
        "REFUNDDESK_HOME": str(settings.home),
        "REFUNDDESK_SECRET_KEY": settings.secret_key,
        "REFUNDDESK_SEALING_KEYS": ",".join(settings.sealing_keys),
        "DATABASE_URL": settings.database_url,
    }
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE], env=environment, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        address = ("127.0.0.1", int(process.stdout.readline()))
        acknowledged: list[int] = []
        senders = [
            threading.Thread(target=deliver_until_dead, args=(receiver, address, acknowledged, n))
            for n in range(4)
        ]
        for sender in senders:
            sender.start()
        while len(acknowledged) < 20:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        for sender in senders:
            sender.join()
    kept = {delivery.woo_object_id for delivery in receiver.kept()}
    assert set(acknowledged) <= kept
    promised = {int(subject.partition(":")[2]) for _, subject in receiver.promised()}
    assert set(acknowledged) <= promised


def deliver_until_dead(
    receiver: Receiver, address: tuple[str, int], acknowledged: list[int], sender: int
) -> None:
    for number in range(1, 100_000):
        woo_order_id = sender * 100_000 + number
        body = json.dumps({"id": woo_order_id}).encode()
        try:
            answer = talk(address, head(receiver, body, f"Content-Length: {len(body)}"), body)
        except OSError:
            return
        if not answer.startswith(b"HTTP/1.1 200"):
            return
        acknowledged.append(woo_order_id)
