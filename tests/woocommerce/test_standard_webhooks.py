"""Signatures are those of Standard Webhooks, so that any of its libraries could check them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from refunddesk.woocommerce.standard_webhooks import (
    TOLERANCE,
    answer_headers,
    is_signed,
    is_timely,
    sign,
)

# The example that the scheme's own libraries are tested with.
KEY = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_schemes_own_example_comes_out() -> None:
    assert sign(KEY, ID, AT, BODY) == SIGNATURE
    assert is_signed([KEY], ID, AT, SIGNATURE, BODY)


def test_one_right_signature_among_several_and_one_right_key_are_enough() -> None:
    assert is_signed([b"new", KEY], ID, AT, f"v1,AAAA {SIGNATURE} v1a,BBBB", BODY)
    assert not is_signed([b"new"], ID, AT, SIGNATURE, BODY)


@pytest.mark.parametrize(
    ("call_id", "at", "signature"),
    [
        pytest.param(ID, AT, "", id="no signature"),
        pytest.param(ID, AT, SIGNATURE[3:], id="without its version"),
        pytest.param(ID, AT, "v1,\udcff", id="not even text"),
        pytest.param(ID, AT, " ".join(["v1,AAAA"] * 10 + [SIGNATURE]), id="behind ten others"),
        pytest.param("", AT, SIGNATURE, id="no id"),
        pytest.param(f"{ID}.1614265330", AT, SIGNATURE, id="an id with a dot"),
        pytest.param(ID, "", SIGNATURE, id="no time"),
        pytest.param(ID, "-1614265330", SIGNATURE, id="a time before 1970"),
        pytest.param(ID, "١٦١٤٢٦٥٣٣٠", SIGNATURE, id="a time in other digits"),
    ],
)
def test_what_is_not_well_formed_is_not_signed(call_id: str, at: str, signature: str) -> None:
    assert not is_signed([KEY], call_id, at, signature, BODY)


def test_an_empty_key_signs_nothing_and_fits_nothing() -> None:
    with pytest.raises(ValueError, match="signs nothing"):
        sign(b"", ID, AT, BODY)
    assert not is_signed([b""], ID, AT, SIGNATURE, BODY)


@pytest.mark.parametrize("towards", [1, -1], ids=["ahead", "behind"])
def test_a_time_may_lie_five_minutes_off_to_the_microsecond(towards: int) -> None:
    at = datetime.fromtimestamp(int(AT), UTC)
    assert is_timely(AT, at + towards * TOLERANCE)
    assert not is_timely(AT, at + towards * (TOLERANCE + timedelta(microseconds=100)))


def test_a_call_is_not_its_own_answer() -> None:
    now = datetime.fromtimestamp(int(AT), UTC)
    headers = answer_headers(KEY, ID, now, BODY)
    assert headers["webhook-id"] == f"answer_{ID}"
    assert headers["webhook-timestamp"] == AT
    assert headers["webhook-signature"] != SIGNATURE
    assert is_signed([KEY], f"answer_{ID}", AT, headers["webhook-signature"], BODY)
