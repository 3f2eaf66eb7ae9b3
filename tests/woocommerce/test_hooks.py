"""A delivery is an object to look at, or it says why it is none; nothing makes it fail."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refunddesk.woocommerce.hooks import (
    NotKept,
    ObjectChanged,
    Ping,
    Reading,
    Unusable,
    glance,
    read_delivery,
    read_ping,
)
from refunddesk.woocommerce.signature import is_signed

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def read(body: str | bytes, topic: str | None = "order.updated") -> Reading:
    return read_delivery(topic, JSON, body.encode() if isinstance(body, str) else body)


def reason(body: str | bytes, topic: str | None = "order.updated") -> str:
    reading = read(body, topic)
    assert isinstance(reading, Unusable), reading
    assert reading.detail.endswith(".")
    return reading.reason


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        pytest.param(FORM, b"webhook_id=12", Ping(12), id="as WooCommerce sends it"),
        pytest.param(f"{FORM}; charset=utf-8", b"webhook_id=12", Ping(12), id="with a charset"),
        pytest.param(JSON, b"webhook_id=12", None, id="called JSON"),
        pytest.param(None, b"webhook_id=12", None, id="called nothing"),
        pytest.param(FORM, b"webhook_id=12\n", None, id="with a line end"),
        pytest.param(FORM, b"webhook_id=12&x=1", None, id="with something more"),
        pytest.param(FORM, b"webhook_id=", None, id="without a number"),
        pytest.param(FORM, "webhook_id=\u0661".encode(), None, id="in Arabic digits"),
        pytest.param(FORM, b"webhook_id=" + b"9" * 5000, None, id="with 5,000 digits"),
    ],
)
def test_a_ping_is_recognised_by_its_whole_body(
    content_type: str | None, body: bytes, expected: Ping | None
) -> None:
    assert read_ping(content_type, body) == expected
    reading = read_delivery(None, content_type, body)
    assert reading == expected if expected else isinstance(reading, Unusable)


@pytest.mark.parametrize(
    ("topic", "body", "expected"),
    [
        ("order.created", '{"id":35,"line_items":[]}', ObjectChanged("order", 35, "created")),
        ("order.deleted", '{"id":35}', ObjectChanged("order", 35, "deleted")),
        ("order.updated", '{"order":{"id":35}}', ObjectChanged("order", 35, "updated")),
        (
            "subscription.switched",
            '{"id":102,"billing_period":"year","line_items":[]}',
            ObjectChanged("subscription", 102, "switched"),
        ),
        ("subscription.deleted", '{"id":102}', ObjectChanged("subscription", 102, "deleted")),
        (
            "action.woocommerce_order_refunded",
            '{"action":"woocommerce_order_refunded","arg":35}',
            ObjectChanged("order", 35, "woocommerce_order_refunded"),
        ),
        (
            "action.woocommerce_refund_created",
            '{"action":"woocommerce_refund_created","arg":"36"}',
            ObjectChanged("refund", 36, "woocommerce_refund_created"),
        ),
        ("customer.updated", '{"id":2}', NotKept("customer", "updated")),
        ("product.updated", '{"id":10}', NotKept("product", "updated")),
        ("coupon.created", '{"id":9,"code":"welcome"}', NotKept("coupon", "created")),
        (
            "action.woocommerce_new_order_note",
            '{"action":"woocommerce_new_order_note","arg":80}',
            NotKept("action", "woocommerce_new_order_note"),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value[:30] else "",
)
def test_a_delivery_says_which_object_changed(topic: str, body: str, expected: Reading) -> None:
    assert read(body, topic) == expected


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"id":%s,"status":"processing"}' % ("9" * 18), id="18 digits"),
        pytest.param('{"id":35,"billing":{"city":"Berlin"}}', id="an address"),
    ],
)
def test_an_order_is_named_at_a_glance_as_by_reading_all_of_it(body: str) -> None:
    named = glance("order.updated", JSON, body.encode())
    assert named == read(body)
    assert isinstance(named, ObjectChanged)


@pytest.mark.parametrize(
    ("topic", "content_type", "body"),
    [
        pytest.param("order.updated", JSON, '{"id":%s,"a":1}' % ("9" * 19), id="19 digits"),
        pytest.param("order.updated", JSON, '{"id":0,"a":1}', id="zero"),
        pytest.param("order.updated", JSON, '{"id":035,"a":1}', id="a leading zero"),
        pytest.param("order.updated", JSON, '{"id":"35","a":1}', id="a text"),
        pytest.param("order.updated", JSON, '{"id":35.5,"a":1}', id="a fraction"),
        pytest.param("order.updated", JSON, '{"id":35,"a":1', id="no end"),
        pytest.param("order.updated", JSON, '{"a":1,"id":35}', id="something before the id"),
        pytest.param("order.updated", JSON, '[{"id":35,"a":1}]', id="a list"),
        pytest.param(
            "order.updated", JSON, '{"id":35,"billing_period":"year"}', id="a subscription"
        ),
        pytest.param("order.deleted", JSON, '{"id":35}', id="nothing but the id"),
        pytest.param("order.updated", FORM, '{"id":35,"a":1}', id="another content type"),
        pytest.param("order.updated", None, '{"id":35,"a":1}', id="no content type"),
        pytest.param("subscription.updated", JSON, '{"id":35,"a":1}', id="another topic"),
        pytest.param("orders", JSON, '{"id":35,"a":1}', id="no topic"),
        pytest.param(
            "action.woocommerce_new_order", JSON, '{"id":35,"a":1}', id="an action's topic"
        ),
    ],
)
def test_what_a_glance_does_not_tell_for_sure_is_read(
    topic: str, content_type: str | None, body: str
) -> None:
    assert glance(topic, content_type, body.encode()) is None


@given(
    keys=st.lists(
        st.sampled_from(["id", "order", "code", "billing_period", "line_items", "a"]), max_size=4
    ),
    value=st.sampled_from(["35", "36", '"35"', "[]", '{"id":7}', "NaN", "", "1}"]),
    space=st.sampled_from(["", " "]),
)
def test_a_glance_names_no_other_order_than_reading_does(
    keys: list[str], value: str, space: str
) -> None:
    body = "{" + ",".join(f'{space}"{key}":{value}' for key in keys) + "}"
    named = glance("order.updated", JSON, body.encode())
    assert named is None or read(body) == named or isinstance(read(body), Unusable)


@pytest.mark.parametrize(
    ("written", "accepted"),
    [
        pytest.param("1", True, id="the smallest"),
        pytest.param("0", False, id="zero"),
        pytest.param("-1", False, id="negative"),
        pytest.param(str(2**63 - 1), True, id="the largest a database holds"),
        pytest.param(str(2**63), False, id="one more than that"),
        pytest.param('"76"', True, id="digits in a text"),
        pytest.param('"076"', False, id="a leading zero"),
        pytest.param('" 76"', False, id="a space"),
        pytest.param('"\u0667"', False, id="an Arabic digit"),
        pytest.param("76.0", False, id="a decimal point"),
        pytest.param("7e1", False, id="an exponent"),
        pytest.param("true", False, id="true"),
        pytest.param("null", False, id="null"),
        pytest.param("[76]", False, id="a list"),
    ],
)
def test_an_id_is_a_positive_number_that_fits(written: str, accepted: bool) -> None:
    body = f'{{"id":{written}}}'
    assert isinstance(read(body), ObjectChanged) is accepted
    assert accepted or reason(body) == "no_id"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"", "empty_body", id="nothing"),
        pytest.param("{", "bad_json", id="cut off"),
        pytest.param('{"id":1}x', "bad_json", id="something behind the end"),
        pytest.param('{"id":01}', "bad_json", id="a leading zero"),
        pytest.param('{"id":NaN}', "not_finite", id="not a number"),
        pytest.param('{"id":-Infinity}', "not_finite", id="minus infinity"),
        pytest.param('{"id":1,"id":2}', "duplicate_key", id="two ids"),
        pytest.param('{"id":1,"a":{"b":1,"b":1}}', "duplicate_key", id="a doubled key deep down"),
        pytest.param(b'{"id":1,"n":"\xff"}', "not_utf8", id="a byte that is not UTF-8"),
        pytest.param('{"id":1}'.encode("utf-16"), "not_utf8", id="UTF-16"),
        pytest.param('{"id":1}'.encode("utf-16-le"), "bad_json", id="UTF-16 without a mark"),
        pytest.param(b'\xef\xbb\xbf{"id":1}', "byte_order_mark", id="a byte order mark"),
        pytest.param("[" * 100_000, "too_deep", id="100,000 brackets"),
        pytest.param('{"a":' * 100_000, "too_deep", id="100,000 braces"),
        pytest.param('{"id":' + "9" * 5000 + "}", "number_too_long", id="5,000 digits"),
        pytest.param('{"id":1e' + "9" * 30 + "}", "number_too_long", id="a huge exponent"),
        pytest.param("[]", "empty_array", id="the object is gone"),
        pytest.param("[1]", "not_an_object", id="a list"),
        pytest.param("null", "not_an_object", id="null"),
        pytest.param('"order"', "not_an_object", id="a text"),
        pytest.param("{}", "no_id", id="an empty object"),
        pytest.param(
            '{"code":"woocommerce_rest_cannot_view","message":"...","data":{"status":401}}',
            "store_error",
            id="the webhook's owner was removed",
        ),
        pytest.param(
            '{"errors":{"woocommerce_api_user_cannot_read_order":["..."]},"error_data":{}}',
            "store_error",
            id="the same in the legacy API",
        ),
        pytest.param(
            '{"id":5,"billing_period":"year","line_items":[]}',
            "topic_mismatch",
            id="a subscription under an order's topic",
        ),
    ],
)
def test_what_cannot_be_used_says_why(body: str | bytes, expected: str) -> None:
    assert reason(body) == expected


@pytest.mark.parametrize(
    ("topic", "body", "expected"),
    [
        pytest.param(None, '{"id":1}', "topic", id="no topic"),
        pytest.param("order", '{"id":1}', "topic", id="half a topic"),
        pytest.param("order.updated\n", '{"id":1}', "topic", id="a line end behind it"),
        pytest.param("booking.created", '{"id":1}', "topic", id="another plugin's"),
        pytest.param(
            "subscription.updated",
            '{"id":5,"line_items":[]}',
            "topic_mismatch",
            id="an order under a subscription's topic",
        ),
        pytest.param(
            "action.woocommerce_refund_created",
            '{"action":"woocommerce_order_refunded","arg":5}',
            "topic_mismatch",
            id="another action than the topic's",
        ),
        pytest.param(
            "action.woocommerce_subscription_status_cancelled",
            '{"action":"woocommerce_subscription_status_cancelled",'
            '"arg":{"refunds":[],"order_type":"shop_subscription"}}',
            "no_id",
            id="an action that passes an object",
        ),
    ],
)
def test_a_topic_that_does_not_fit_says_why(topic: str | None, body: str, expected: str) -> None:
    assert reason(body, topic) == expected


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "text/json", FORM])
def test_only_json_is_read(content_type: str | None) -> None:
    reading = read_delivery("order.updated", content_type, b'{"id":1}')
    assert isinstance(reading, Unusable)
    assert reading.reason == "content_type"


def test_no_reason_repeats_what_the_body_said_of_a_person() -> None:
    for body in ('{"email":"ada@example.test"', '{"email":"ada@example.test"}', '["ada@x.test"]'):
        reading = read(body)
        assert isinstance(reading, Unusable)
        assert "ada" not in reading.detail


TOPICS = st.none() | st.text() | st.sampled_from(["order.updated", "subscription.updated"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "order", "x"]), inner),
    max_leaves=10,
)


@given(topic=TOPICS, content_type=st.none() | st.sampled_from([JSON, FORM]), body=st.binary())
def test_any_bytes_are_read(topic: str | None, content_type: str | None, body: bytes) -> None:
    assert isinstance(read_delivery(topic, content_type, body), Unusable | Ping | ObjectChanged)


@given(topic=TOPICS, value=VALUES)
def test_any_json_is_read(topic: str | None, value: object) -> None:
    reading = read_delivery(topic, JSON, json.dumps(value).encode())
    if isinstance(reading, ObjectChanged):
        assert 0 < reading.object_id < 2**63


def test_every_recorded_delivery_is_accounted_for(recordings: Path) -> None:
    readings: Counter[str] = Counter()
    signed = 0
    for path in (recordings / "deliveries").glob("*.json"):
        recorded = json.loads(path.read_text("utf-8"))
        body = path.with_suffix(".body").read_bytes()
        headers = {name.lower(): value for name, value in recorded["headers"]}
        signature = headers.get("x-wc-webhook-signature")
        verifies = is_signed(body, signature, ["rig-webhook-secret"])
        assert verifies is bool(recorded["signature_valid"]), path.name
        signed += verifies
        reading = read_delivery(
            headers.get("x-wc-webhook-topic"), headers.get("content-type"), body
        )
        kind = type(reading).__name__
        readings[f"{kind} {reading.reason}" if isinstance(reading, Unusable) else kind] += 1
    assert readings == {
        "ObjectChanged": 303,
        "NotKept": 30,
        "Ping": 25,
        "Unusable no_id": 31,
        "Unusable store_error": 3,
    }
    assert signed == 366
