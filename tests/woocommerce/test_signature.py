"""Only a body the store itself signed counts as coming from the store."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refunddesk.woocommerce.signature import is_signed, sign

BODY = b'{"id":76,"name":"Caf\\u00e9 \\/ Bar"}'


def reference(key: bytes, body: bytes) -> str:
    return base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()


def test_a_signed_body_is_accepted_and_one_changed_byte_is_not() -> None:
    header = sign("letters-and-digits", BODY)
    assert header == reference(b"letters-and-digits", BODY)
    assert is_signed(BODY, header, ["letters-and-digits"])
    assert not is_signed(BODY.replace(b"76", b"77"), header, ["letters-and-digits"])


def test_a_signature_must_fit_to_its_last_character() -> None:
    header = sign("s3cret", BODY)
    for place, character in enumerate(header):
        other = header[:place] + ("B" if character == "A" else "A") + header[place + 1 :]
        assert not is_signed(BODY, other, ["s3cret"])
    assert not is_signed(BODY, header[:-1], ["s3cret"])
    assert not is_signed(BODY, header + "=", ["s3cret"])


def test_a_body_that_was_parsed_and_written_again_no_longer_fits_its_signature() -> None:
    header = sign("s3cret", BODY)
    assert not is_signed(json.dumps(json.loads(BODY)).encode(), header, ["s3cret"])


def test_while_a_secret_is_being_changed_the_previous_one_is_still_accepted() -> None:
    header = sign("old", BODY)
    assert is_signed(BODY, header, ["new", "old"])
    assert not is_signed(BODY, header, ["new"])


@pytest.mark.parametrize(
    ("entered", "key"),
    [
        pytest.param("a&amp;b", b"a&b", id="ampersand entity"),
        pytest.param("a&b", b"a&b", id="bare ampersand stays"),
        pytest.param("&lt;x&gt;", b"<x>", id="angle brackets"),
        pytest.param("&quot;&#034;&#x22;&#X0022;", b'""""', id="double quotes in four spellings"),
        pytest.param("&#039;&#39;&#x27;", b"'''", id="single quotes in three spellings"),
        pytest.param("&#060;&#62;&#38;&#x26;", b"<>&&", id="numbers"),
        pytest.param("&amp;lt;", b"&lt;", id="decoded once, not twice"),
        pytest.param("&copy;&eacute;&lt", b"&copy;&eacute;&lt", id="entities WordPress leaves"),
        pytest.param("schlüssel", "schlüssel".encode(), id="not ASCII"),
    ],
)
def test_the_key_is_the_secret_after_wordpress_decodes_its_entities(
    entered: str, key: bytes
) -> None:
    assert sign(entered, BODY) == reference(key, BODY)


def test_a_delivery_recorded_from_a_store_verifies_with_its_secret(
    recorded_delivery: tuple[bytes, str],
) -> None:
    body, header = recorded_delivery
    assert is_signed(body, header, ["rig-webhook-secret"])
    assert not is_signed(body, header, ["rig-webhook-secre"])
    assert not is_signed(body + b"\n", header, ["rig-webhook-secret"])


@pytest.fixture
def recorded_delivery(recordings: Path) -> tuple[bytes, str]:
    name = "hpos-11-refund-partial-manual-order.updated-1"
    described = json.loads((recordings / "deliveries" / f"{name}.json").read_text())
    body = (recordings / "deliveries" / f"{name}.body").read_bytes()
    return body, dict(described["headers"])["X-WC-Webhook-Signature"]


@pytest.mark.parametrize(
    "secrets",
    [
        pytest.param([], id="no secret"),
        pytest.param([""], id="an empty secret"),
        pytest.param(["", ""], id="two empty secrets"),
    ],
)
def test_an_empty_secret_never_opens_the_door(secrets: list[str]) -> None:
    signed_with_nothing = reference(b"", BODY)
    assert not is_signed(BODY, signed_with_nothing, secrets)


def test_an_empty_secret_cannot_sign() -> None:
    with pytest.raises(ValueError, match="empty webhook secret"):
        sign("", BODY)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("ü" * 44, id="letters outside ASCII"),
        pytest.param(b"\xff\xfe\x00", id="raw bytes"),
        pytest.param("\udcff", id="an undecodable byte as WSGI hands it over"),
        pytest.param("A" * 100_000, id="very long"),
    ],
)
def test_a_missing_or_ill_signature_is_refused_without_an_error(header: str | bytes | None) -> None:
    assert not is_signed(BODY, header, ["secret"])


@given(body=st.binary(), header=st.none() | st.text() | st.binary(), secrets=st.lists(st.text()))
def test_whatever_arrives_the_answer_is_yes_or_no(
    body: bytes, header: str | bytes | None, secrets: list[str]
) -> None:
    assert is_signed(body, header, secrets) is False


@given(body=st.binary(), secret=st.text(min_size=1), others=st.lists(st.text(), max_size=3))
def test_what_was_signed_is_recognised_as_text_and_as_bytes(
    body: bytes, secret: str, others: list[str]
) -> None:
    header = sign(secret, body)
    assert is_signed(body, header, [*others, secret])
    assert is_signed(body, header.encode(), [secret, *others])
