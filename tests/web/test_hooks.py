"""What a store may send to its delivery address, and what becomes of everything else."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from structlog.testing import LogCapture

from refunddesk.jobnames import JobName
from refunddesk.services import inbox as receiving
from refunddesk.services import journal, stores
from refunddesk.services.inbox import LONGEST_BODY
from refunddesk.woocommerce.signature import sign
from tests.conftest import TestClock
from tests.web.receiving import ORDER, Receiver


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> LogCapture:
    """The log lines of the receiver from here on."""
    lines = LogCapture()
    monkeypatch.setattr(receiving, "log", structlog.wrap_logger(None, processors=[lines]))
    return lines


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
        pytest.param(b'{ "id":35,"total":NaN}', "not_finite", id="NaN"),
        pytest.param(b'{"total":"1","id":35,"id":36}', "duplicate_key", id="an id twice"),
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
    ("body", "reason"),
    [
        pytest.param(b'{"id":35,"total":NaN}', "not_finite", id="NaN"),
        pytest.param(b'{"id":35,"id":36}', "duplicate_key", id="an id twice"),
        pytest.param(b'{"id":35,"}', "bad_json", id="broken JSON"),
        pytest.param(b'{"id":35,"n":"\xff"}', "not_utf8", id="bytes that are not UTF-8"),
    ],
)
def test_a_delivery_broken_behind_its_id_waits_for_a_person_as_soon_as_its_order_is_looked_at(
    receiver: Receiver, body: bytes, reason: str
) -> None:
    """Until then no more than the id is read: the store waits for its answer."""
    assert receiver.post(body) == 200
    assert receiver.promised() == [(JobName.RECORD_ORDER, f"{receiver.store_id}:35")]
    receiving.read_closely(receiver.edges, receiver.store_id, 35)
    (kept,) = receiver.kept()
    assert kept.quarantined_because == reason
    assert kept.quarantine_detail
    assert (kept.object_type, kept.woo_object_id, kept.body) == (None, None, body)


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


def test_a_delivery_is_acknowledged_without_a_database(
    receiver: Receiver, logged: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert receiver.post() == 200
    with monkeypatch.context() as broken:
        broken.setattr(receiver.edges.database.engine, "raw_connection", fail)
        broken.setattr(receiver.edges.database.engine, "connect", fail)
        assert receiver.post() == 200
    assert logged.entries == []
    assert journal.count(receiver.edges).to_store == 2
    assert len(receiver.kept()) == 2
    assert journal.count(receiver.edges).to_store == 0


def test_a_delivery_that_no_journal_takes_is_stored_at_once(
    receiver: Receiver, logged: LogCapture
) -> None:
    (receiver.edges.home / "journal").write_text("a file where the folder should be")
    assert receiver.post() == 200
    assert [line["event"] for line in logged.entries] == ["journal not usable"]
    (receiver.edges.home / "journal").unlink()
    (kept,) = receiver.kept()
    assert kept.woo_object_id == 35
    assert receiver.promised() == [(JobName.RECORD_ORDER, f"{receiver.store_id}:35")]


def test_without_journal_and_database_nothing_is_acknowledged(
    receiver: Receiver, logged: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (receiver.edges.home / "journal").write_text("a file where the folder should be")
    assert receiver.post() == 200
    with monkeypatch.context() as broken:
        broken.setattr(receiver.edges.database.engine, "connect", fail)
        assert receiver.post() == 503
    assert [line["event"] for line in logged.entries][1:] == [
        "journal not usable",
        "delivery not kept",
    ]
    (receiver.edges.home / "journal").unlink()
    assert receiver.post() == 200
    assert len(receiver.kept()) == 2


def fail(*_: object, **__: object) -> None:
    raise OperationalError("INSERT", {}, Exception("disk full"))


@given(body=st.binary(max_size=200), signed=st.booleans())
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_body_breaks_the_receiver(receiver: Receiver, body: bytes, signed: bool) -> None:
    changes: dict[str, Any] = {} if signed else {"X_WC_Webhook_Signature": "no"}
    assert receiver.post(body, **changes) == (200 if signed else 401)
