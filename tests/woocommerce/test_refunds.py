"""A refund is asked for exactly, once, and its answer is believed only as far as it proves."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from refunddesk.money import Money, total
from refunddesk.woocommerce.client import StoreAccess, StoreClient, StoreGarbled
from refunddesk.woocommerce.payloads import RefundBody, read_order
from refunddesk.woocommerce.refunds import (
    Outcome,
    RefundCall,
    RefundDoesNotAddUp,
    RefundLine,
    body_of,
    find_marked,
    marker_in,
    new_marker,
    post_refund,
    read_refund_rows,
)
from refunddesk.woocommerce.transport import MOST_BYTES, Waits
from tests.woocommerce.wire import Wire, hang_up, refusing_port, reset, say

KEY, SECRET = "ck_0123456789abcdef", "cs_fedcba9876543210"
MARKER = "RD-7F3K2QXM"
REFUNDS = "https://shop.example/wp-json/wc/v3/orders/35/refunds"
CANNOT = "woocommerce_rest_cannot_create_order_refund"


def eur(text: str) -> Money:
    return Money.parse(text, "EUR")


def call(**changes: Any) -> RefundCall:
    """A refund of one extra domain: 19.90 and 3.78 tax."""
    given = RefundCall(
        woo_order_id=35,
        amount=eur("23.68"),
        marker=MARKER,
        note="extra domain not wanted",
        lines=(RefundLine(27, Decimal(1), eur("19.90"), ((1, eur("3.78")),)),),
        key="0198-refund",
    )
    return replace(given, **changes)


def bridged(plain: RefundCall) -> RefundCall:
    return replace(plain, by_bridge=True)


def row(**changes: Any) -> dict[str, Any]:
    """What WooCommerce 10.0.2 answers to `call()` when its gateway paid."""
    return {
        "id": 37,
        "date_created_gmt": "2026-11-22T14:55:39",
        "amount": "23.68",
        "reason": f"{MARKER} extra domain not wanted",
        "refunded_payment": True,
        "meta_data": [],
        "line_items": [],
        "_links": {"up": [{"href": "https://shop.example/wp-json/wc/v3/orders/35"}]},
    } | changes


def error(code: str, message: str, data: object = 500) -> dict[str, Any]:
    return {"code": code, "message": message, "data": data}


@pytest.fixture
def connect() -> Iterator[Callable[[str], StoreClient]]:
    opened: list[StoreClient] = []

    def make(url: str) -> StoreClient:
        access = StoreAccess(url, KEY, SECRET, allow_private=True)
        client = StoreClient(access, refund_waits=Waits(connect=1.0, read=0.3))
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def shop(connect: Callable[[str], StoreClient]) -> StoreClient:
    return connect("https://shop.example")


@pytest.fixture
def replies() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


# -- what is asked


def test_a_refund_call_says_everything_and_leaves_nothing_to_the_stores_defaults() -> None:
    assert body_of(call()) == {
        "amount": "23.68",
        "reason": "RD-7F3K2QXM extra domain not wanted",
        "api_refund": True,
        "api_restock": False,
        "line_items": [
            {
                "id": 27,
                "quantity": 1,
                "refund_total": Decimal("19.90"),
                "refund_tax": [{"id": 1, "refund_total": Decimal("3.78")}],
            }
        ],
        "meta_data": [{"key": "_refunddesk_refund", "value": "0198-refund"}],
    }


def test_on_the_wire_line_amounts_are_numbers_of_exactly_their_digits(
    connect: Callable[[str], StoreClient],
) -> None:
    with Wire(say(201, row())) as store:
        answer = post_refund(connect(f"http://127.0.0.1:{store.port}"), call())
    assert answer.outcome is Outcome.PAID
    head, _, body = store.requests[0].partition(b"\r\n\r\n")
    assert b'"refund_total":19.90,"quantity":1' in body
    assert b'"refund_total":3.78' in body
    assert b'"amount":"23.68"' in body
    assert b"Idempotency-Key: 0198-refund" in head


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        pytest.param(Money(150, "JPY"), "150", id="yen"),
        pytest.param(Money(119660, "KWD"), "119.660", id="dinars"),
        pytest.param(Money(5, "EUR"), "0.05", id="five cents"),
        pytest.param(Money(10**11, "IRT"), "100000000000", id="a great many tomans"),
        pytest.param(Money(1205, "EUR", 1), "120.5", id="a store with one decimal"),
    ],
)
def test_the_amount_has_the_stores_decimals(amount: Money, text: str) -> None:
    body = body_of(call(amount=amount, lines=(RefundLine(27, Decimal(1), amount),)))
    assert body["amount"] == text
    assert re.fullmatch(r"\d+(\.\d+)?", body["amount"])
    assert str(body["line_items"][0]["refund_total"]) == text


@given(
    nets=st.lists(st.integers(0, 10**9), min_size=1, max_size=5),
    tax=st.integers(0, 10**9),
    decimals=st.integers(0, 6),
    off=st.integers(-3, 3),
)
def test_what_is_asked_always_adds_up_or_is_not_asked(
    nets: list[int], tax: int, decimals: int, off: int
) -> None:
    def money(minor: int) -> Money:
        return Money(minor, "EUR", decimals)

    lines = tuple(
        RefundLine(number, Decimal(1), money(net), ((1, money(tax)),))
        for number, net in enumerate(nets, start=1)
    )
    whole = sum(nets) + tax * len(nets)
    asked = call(amount=money(whole + off), lines=lines)
    if off or not whole:
        with pytest.raises(RefundDoesNotAddUp):
            body_of(asked)
        return
    body = body_of(asked)
    sent = [entry["refund_total"] for entry in body["line_items"]]
    sent += [tax["refund_total"] for entry in body["line_items"] for tax in entry["refund_tax"]]
    assert sum(sent) == Decimal(body["amount"]) == asked.amount.decimal


NET = RefundLine(27, Decimal(1), Money(2368, "EUR"))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        pytest.param({"lines": ()}, "add up to 0.00", id="no lines"),
        pytest.param({"amount": eur("23.69")}, "add up to 23.68", id="one cent more"),
        pytest.param({"amount": eur("0.00"), "lines": ()}, "gives something", id="nothing"),
        pytest.param({"amount": eur("-23.68")}, "gives something", id="less than nothing"),
        pytest.param({"lines": (NET, NET)}, "once in one refund", id="the same line twice"),
        pytest.param(
            {"lines": (NET, RefundLine(28, Decimal(1), eur("-1.00")))}, "negative", id="a surcharge"
        ),
        pytest.param({"lines": (replace(NET, quantity=Decimal(-1)),)}, "negative", id="minus one"),
        pytest.param(
            {"lines": (replace(NET, taxes=((1, eur("0.00")), (1, eur("0.00")))),)},
            "tax rate",
            id="a rate twice",
        ),
        pytest.param({"amount": Money(2368, "USD")}, "same currency", id="another currency"),
        pytest.param({"amount": Money(2368, "EUR", 3)}, "same currency", id="other decimals"),
        pytest.param({"marker": "7F3K2QXM"}, "not a refund marker", id="no marker"),
    ],
)
def test_a_refund_that_does_not_add_up_is_not_sent(
    shop: StoreClient, changes: dict[str, Any], fault: str
) -> None:
    with pytest.raises(RefundDoesNotAddUp, match=fault):
        post_refund(shop, call(**changes))


def test_a_whole_order_read_from_the_store_adds_up_to_its_total(recordings: Path) -> None:
    file = recordings / "rest" / "hpos-a5-order-two-taxes.json"
    exchange = json.loads(file.read_text("utf-8"), parse_float=Decimal)
    order = read_order(exchange["response"], timezone=None)
    lines = tuple(
        RefundLine(line.woo_item_id, line.quantity, line.net, line.taxes) for line in order.lines
    )
    body = body_of(call(amount=order.total, lines=lines))
    assert body["amount"] == "173.78"
    assert [tax["id"] for tax in body["line_items"][0]["refund_tax"]] == [3, 4]


def test_a_long_note_is_cut_since_the_customer_reads_it() -> None:
    reason = body_of(call(note="x\n" * 5000))["reason"]
    assert reason.startswith(f"{MARKER} x x")
    assert len(reason) <= 140
    assert body_of(call(note=""))["reason"] == MARKER


def test_a_fraction_of_a_unit_and_no_unit_at_all_can_be_given_back() -> None:
    half = body_of(call(lines=(replace(NET, quantity=Decimal("1.5")),)))["line_items"][0]
    none = body_of(call(lines=(replace(NET, quantity=Decimal(0)),)))["line_items"][0]
    assert half["quantity"] == Decimal("1.5")
    assert "quantity" not in none


# -- what the answer proves: one row for every cell of the table


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        pytest.param(201, row(), Outcome.PAID, id="paid as asked"),
        pytest.param(201, row(parent_id=35), Outcome.PAID, id="paid, naming its order"),
        pytest.param(201, row(refunded_payment=False), Outcome.ODD, id="booked, not paid"),
        pytest.param(201, row(refunded_payment=None), Outcome.ODD, id="does not say if paid"),
        pytest.param(201, row(refunded_payment="true"), Outcome.ODD, id="says paid in words"),
        pytest.param(201, row(amount="23.69"), Outcome.ODD, id="one cent more"),
        pytest.param(201, row(amount="23.684"), Outcome.ODD, id="a fraction of a cent more"),
        pytest.param(201, row(amount="-23.68"), Outcome.ODD, id="a negative amount"),
        pytest.param(201, row(amount="0.00"), Outcome.ODD, id="nothing"),
        pytest.param(201, row(parent_id=36), Outcome.ODD, id="on another order"),
        pytest.param(201, row(reason="extra domain"), Outcome.ODD, id="without our marker"),
        pytest.param(201, row(reason="RD-00000000 x"), Outcome.ODD, id="with another marker"),
        pytest.param(201, row(id=0), Outcome.UNKNOWN, id="a row without an id"),
        pytest.param(201, [row()], Outcome.UNKNOWN, id="a list"),
        pytest.param(201, "<html>", Outcome.UNKNOWN, id="a created page"),
        pytest.param(201, '{"id":37', Outcome.UNKNOWN, id="half a row"),
        pytest.param(201, json.dumps(row()) + "Notice", Outcome.UNKNOWN, id="a row and a notice"),
        pytest.param(201, "", Outcome.UNKNOWN, id="created, and nothing said"),
        pytest.param(200, row(), Outcome.UNKNOWN, id="200 for a new row"),
        pytest.param(200, [row()], Outcome.UNKNOWN, id="the list a redirect ends at"),
        pytest.param(204, "", Outcome.UNKNOWN, id="nothing to say"),
        pytest.param(301, "", Outcome.UNKNOWN, id="moved"),
        pytest.param(302, "", Outcome.UNKNOWN, id="found elsewhere"),
        pytest.param(307, "", Outcome.UNKNOWN, id="moved for a while"),
        pytest.param(401, error("some_code", "x"), Outcome.NOT_EXECUTED, id="bad key"),
        pytest.param(403, "<html>Forbidden", Outcome.NOT_EXECUTED, id="a firewall"),
        pytest.param(404, error("rest_no_route", "x"), Outcome.NOT_EXECUTED, id="no route"),
        pytest.param(429, "slow down", Outcome.NOT_EXECUTED, id="too many calls"),
        pytest.param(400, error("rest_invalid_param", "amount"), Outcome.REJECTED, id="parameter"),
        pytest.param(400, error("rest_invalid_json", "x"), Outcome.REJECTED, id="bad JSON"),
        pytest.param(400, error("something_else", "x"), Outcome.UNKNOWN, id="another 400"),
        pytest.param(400, "<html>", Outcome.UNKNOWN, id="a 400 page"),
        pytest.param(
            500, error("woocommerce_rest_invalid_order_id", "x", 404), Outcome.REJECTED, id="gone"
        ),
        pytest.param(500, error(CANNOT, "Invalid refund amount."), Outcome.TOO_MUCH, id="too much"),
        pytest.param(
            500,
            error(CANNOT, "Ungültiger Erstattungsbetrag."),
            Outcome.UNKNOWN,
            id="too much, on a German store",
        ),
        pytest.param(
            500, error("other_code", "Invalid refund amount."), Outcome.UNKNOWN, id="another code"
        ),
        pytest.param(
            502,
            error(CANNOT, "Invalid refund amount."),
            Outcome.UNKNOWN,
            id="the text with another status",
        ),
        pytest.param(
            500,
            error(CANNOT, "Error: Invalid refund amount."),
            Outcome.UNKNOWN,
            id="a gateway quoting the text",
        ),
        pytest.param(
            500,
            error(CANNOT, "The payment gateway for this order does not exist."),
            Outcome.NO_GATEWAY,
            id="the gateway is gone",
        ),
        pytest.param(
            500,
            error(CANNOT, "The payment gateway for this order does not support automatic refunds."),
            Outcome.NO_GATEWAY,
            id="the gateway cannot refund",
        ),
        pytest.param(500, error(CANNOT, "Card expired."), Outcome.UNKNOWN, id="a decline"),
        pytest.param(500, "died", Outcome.UNKNOWN, id="PHP died"),
        pytest.param(
            500, error("internal_server_error", "<p>critical"), Outcome.UNKNOWN, id="critical error"
        ),
        pytest.param(405, "", Outcome.UNKNOWN, id="405"),
        pytest.param(408, "", Outcome.UNKNOWN, id="408"),
        pytest.param(409, "", Outcome.UNKNOWN, id="409"),
        pytest.param(502, "<html>", Outcome.UNKNOWN, id="502"),
        pytest.param(503, "<html>", Outcome.UNKNOWN, id="503"),
        pytest.param(504, "<html>", Outcome.UNKNOWN, id="504"),
    ],
)
def test_what_an_answer_proves(
    replies: responses.RequestsMock,
    shop: StoreClient,
    status: int,
    body: object,
    outcome: Outcome,
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    replies.post(REFUNDS, status=status, body=text)
    answer = post_refund(shop, call())
    assert answer.outcome is outcome
    assert answer.woo_refund_id == (37 if outcome in (Outcome.PAID, Outcome.ODD) else None)
    assert answer.evidence["status"] == status
    assert len(replies.calls) == 1


def test_the_amount_is_also_found_where_woocommerce_7_5_hid_it(
    replies: responses.RequestsMock, shop: StoreClient
) -> None:
    hidden = [
        {"key": "_refund_amount", "value": "23.68"},
        {"key": "_refund_reason", "value": f"{MARKER} x"},
    ]
    replies.post(REFUNDS, status=201, json=row(amount="0.00", reason="", meta_data=hidden))
    assert post_refund(shop, call()).outcome is Outcome.PAID


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500])
@pytest.mark.parametrize("attempt", ["paid", "declined", "gateway_called"])
def test_no_refusal_proves_that_nothing_moved_once_the_bridge_says_the_gateway_was_called(
    connect: Callable[[str], StoreClient], status: int, attempt: str
) -> None:
    for code in ("rest_forbidden", "woocommerce_rest_invalid_order_id", "rest_invalid_param"):
        said = say(status, error(code, "No."), f"X-Refund-Desk-Attempt: {attempt}")
        with Wire(said) as store:
            found = post_refund(connect(f"http://127.0.0.1:{store.port}"), bridged(call()))
        assert (found.outcome, attempt in str(found.evidence["trouble"])) == (Outcome.UNKNOWN, True)


def test_a_refusal_before_the_gateway_still_proves_that_nothing_moved(
    connect: Callable[[str], StoreClient],
) -> None:
    said = say(429, error("rest_too_many", "Slow down."), "X-Refund-Desk-Attempt: begun")
    with Wire(said) as store:
        found = post_refund(connect(f"http://127.0.0.1:{store.port}"), bridged(call()))
    assert found.outcome is Outcome.NOT_EXECUTED


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(reset, id="the line is reset"),
        pytest.param(hang_up(), id="the line is closed"),
        pytest.param(hang_up(b"HTTP/1.1 201 Created\r\nContent-Le"), id="cut in the headers"),
        pytest.param(say(201, b'{"id":37', "Content-Length: 900"), id="cut in the body"),
        pytest.param(hang_up(b"\x00\xff" * 100), id="noise"),
        pytest.param(say(201, b" " * (MOST_BYTES + 1)), id="far too long an answer"),
        pytest.param(say(201, b"\x1f\x8bxx", "Content-Encoding: gzip"), id="badly packed"),
    ],
)
def test_a_broken_answer_leaves_the_outcome_unknown(
    connect: Callable[[str], StoreClient], step: Any
) -> None:
    with Wire(step) as store:
        answer = post_refund(connect(f"http://127.0.0.1:{store.port}"), call())
    assert answer.outcome is Outcome.UNKNOWN
    assert answer.woo_refund_id is None
    assert len(store.requests) == 1


@pytest.mark.parametrize("manner", ["hang", "drip"])
def test_a_store_that_takes_too_long_may_still_pay(
    connect: Callable[[str], StoreClient], manner: str
) -> None:
    with Wire(lambda connection: getattr(store, manner)(connection)) as store:
        answer = post_refund(connect(f"http://127.0.0.1:{store.port}"), call())
        assert answer.outcome is Outcome.UNKNOWN
        assert answer.evidence["trouble"] == "the answer took too long"
        assert len(store.requests) == 1


@pytest.fixture
def refused_port() -> Iterator[int]:
    yield from refusing_port()


def test_a_store_that_was_not_reached_was_not_asked(
    connect: Callable[[str], StoreClient], refused_port: int
) -> None:
    answer = post_refund(connect(f"https://127.0.0.1:{refused_port}"), call())
    assert answer.outcome is Outcome.NOT_SENT
    assert answer.evidence["trouble"] == "it refused the connection"
    assert answer.evidence["status"] is None


def test_a_failed_handshake_means_that_nothing_was_asked(
    connect: Callable[[str], StoreClient],
) -> None:
    with Wire(say(201, row())) as store:
        store.closing.set()
        store.__exit__()
        answer = post_refund(connect(f"https://127.0.0.1:{store.port}"), call())
    assert answer.outcome is Outcome.NOT_SENT
    assert store.requests == []


def test_the_evidence_is_short_and_shows_no_key(
    replies: responses.RequestsMock, shop: StoreClient
) -> None:
    message = f"Gateway said {SECRET} and {KEY}\n" + "x" * 1000
    replies.post(REFUNDS, status=500, json=error(CANNOT, message))
    evidence = post_refund(shop, call()).evidence
    assert set(evidence) == {"status", "code", "message", "trouble", "seconds"}
    assert evidence["code"] == CANNOT
    assert str(evidence["message"]).startswith("Gateway said *** and *** xxx")
    assert len(str(evidence["message"])) == 300
    assert json.loads(json.dumps(evidence)) == evidence


# -- the recordings of a real store


RECORDED = {
    "11-refund-partial-amount-api_refund-false": Outcome.ODD,
    "12-refund-line-api_refund-true": Outcome.PAID,
    "13-refund-fee-and-shipping-lines": Outcome.PAID,
    "14a-over-refund": Outcome.TOO_MUCH,
    "14b-negative": Outcome.UNKNOWN,
    "14f-number-not-string": Outcome.REJECTED,
    "14g-three-decimals": Outcome.ODD,
    "14i-no-amount-no-lines": Outcome.ODD,
    "14m-amount-differs-from-lines": Outcome.PAID,
    "14n-api_refund-as-string-false": Outcome.ODD,
    "15-refund-rest": Outcome.PAID,
    "16-refund-one-more-cent": Outcome.TOO_MUCH,
    "18a-refund-amount-comma": Outcome.ODD,
    "20a-bacs-api_refund-true": Outcome.NO_GATEWAY,
    "20b-bacs-api_refund-false": Outcome.ODD,
    "21a-unknown-gateway": Outcome.NO_GATEWAY,
    "22a-no-gateway": Outcome.NO_GATEWAY,
    "23a-refund-unpaid-pending": Outcome.PAID,
    "25-refund-no-such-order": Outcome.REJECTED,
    "26-refund-read-only-key": Outcome.NOT_EXECUTED,
    "27c-bad-key-post": Outcome.NOT_EXECUTED,
    "31-gw-fail": Outcome.UNKNOWN,
    "31-gw-false": Outcome.UNKNOWN,
    "31-gw-throw": Outcome.UNKNOWN,
    "31-gw-ok_then_throw": Outcome.UNKNOWN,
    "31-gw-ok_then_500": Outcome.UNKNOWN,
    "a5-refund-two-taxes": Outcome.PAID,
    "b0-first": Outcome.PAID,
    "c1-worker-killed-after-money": Outcome.UNKNOWN,
}
# The amounts that were meant where the recorded request gave none, or a mangled one.
MEANT = {
    "13-refund-fee-and-shipping-lines": "7.62",
    "14g-three-decimals": "1.00",
    "14i-no-amount-no-lines": "1.00",
    "18a-refund-amount-comma": "1.50",
    "a5-refund-two-taxes": "108.41",
}


@pytest.mark.parametrize(("name", "outcome"), RECORDED.items(), ids=RECORDED)
def test_what_a_recorded_answer_proves(
    recordings: Path,
    replies: responses.RequestsMock,
    shop: StoreClient,
    name: str,
    outcome: Outcome,
) -> None:
    exchange = json.loads((recordings / "rest" / f"hpos-{name}.json").read_text("utf-8"))
    asked, answered = exchange["request"], exchange["response"]
    woo_order_id = int(re.findall(r"/orders/(\d+)/refunds", exchange["path"])[0])
    if isinstance(answered, dict) and "reason" in answered:
        # The recorded requests had no marker; as the store does, repeat the one now sent.
        answered["reason"] = f"{MARKER} {answered['reason']}"
    replies.post(
        f"https://shop.example/wp-json/wc/v3/orders/{woo_order_id}/refunds",
        status=exchange["status"],
        body=answered if isinstance(answered, str) else json.dumps(answered),
    )
    meant = MEANT.get(name) or str(asked["amount"])
    amount = eur(meant if re.fullmatch(r"\d+\.\d\d", meant) else "1.00")
    line = RefundLine(27, Decimal(1), amount)
    answer = post_refund(shop, call(woo_order_id=woo_order_id, amount=amount, lines=(line,)))
    assert answer.outcome is outcome


# -- markers and reading back


def test_a_marker_is_short_unmistakable_and_found_again() -> None:
    markers = {new_marker(secrets.token_bytes) for _ in range(200)}
    assert len(markers) == 200
    for marker in markers:
        assert re.fullmatch(r"RD-[0-9A-HJKMNP-TV-Z]{8}", marker)
        assert marker_in(f"{marker} refund") == marker
    assert new_marker(lambda size: b"\x00" * size) == "RD-00000000"
    assert new_marker(lambda size: b"\xff" * size) == "RD-ZZZZZZZZ"
    assert new_marker(lambda size: bytes(range(1, size + 1))) == "RD-04106105"


@pytest.mark.parametrize(
    ("reason", "marker"),
    [
        pytest.param("RD-7F3K2QXM", MARKER, id="alone"),
        pytest.param("RD-7F3K2QXM refund", MARKER, id="with a note"),
        pytest.param(" RD-7F3K2QXM: refund", MARKER, id="after a space"),
        pytest.param("RD-7F3K2QXMA", None, id="one character too many"),
        pytest.param("RD-7F3K2QX", None, id="one too few"),
        pytest.param("rd-7f3k2qxm", None, id="small letters"),
        pytest.param("RD-7F3K2QXI", None, id="a letter that is never used"),
        pytest.param("see RD-7F3K2QXM", None, id="quoted by a person"),
        pytest.param("", None, id="no reason"),
    ],
)
def test_only_a_marker_in_front_is_a_marker(reason: str, marker: str | None) -> None:
    assert marker_in(reason) == marker


@given(st.text())
def test_any_reason_can_be_searched(reason: str) -> None:
    assert marker_in(reason) is None or reason.strip().startswith("RD-")


def refund_body(woo_refund_id: int, reason: str, *, paid: bool) -> RefundBody:
    return RefundBody(woo_refund_id, 35, eur("23.68"), reason, paid, None, (), ())


def test_of_two_rows_with_our_marker_the_paid_one_is_found() -> None:
    unpaid = refund_body(37, f"{MARKER} x", paid=False)
    paid = refund_body(38, f"{MARKER} x", paid=True)
    other = refund_body(39, "RD-00000000 x", paid=True)
    assert find_marked([other, unpaid, paid], MARKER) is paid
    assert find_marked([other, unpaid], MARKER) is unpaid
    assert find_marked([other], MARKER) is None


def test_refund_rows_are_read_in_the_orders_currency_and_decimals(
    replies: responses.RequestsMock, shop: StoreClient
) -> None:
    replies.get(REFUNDS, json=[row(id=37, amount="120"), row(id=36, amount="80")])
    order = read_order(
        {"id": 35, "currency": "EUR", "total": "500", "total_tax": "0"}, timezone=None
    )
    rows = read_refund_rows(shop, order)
    assert [back.amount for back in rows] == [Money(120, "EUR", 0), Money(80, "EUR", 0)]
    assert total((back.amount for back in rows), "EUR", 0) < order.total
    assert find_marked(rows, MARKER) in rows


def test_a_row_that_cannot_be_read_is_not_passed_over(
    replies: responses.RequestsMock, shop: StoreClient
) -> None:
    replies.get(REFUNDS, json=[row(), row(id=None)])
    order = read_order(
        {"id": 35, "currency": "EUR", "total": "5.00", "total_tax": "0.00"}, timezone=None
    )
    with pytest.raises(StoreGarbled, match="no_id"):
        read_refund_rows(shop, order)
