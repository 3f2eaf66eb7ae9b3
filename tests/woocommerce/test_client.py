"""A store is asked politely, over its own address, and never believed more than it said."""

from __future__ import annotations

import base64
import gzip
import json
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import responses

from refunddesk.woocommerce.client import (
    StoreAccess,
    StoreAccessUnusable,
    StoreCallFailed,
    StoreClient,
    StoreGarbled,
    StoreRefused,
    StoreUnreachable,
)
from refunddesk.woocommerce.endings import cancel_subscription
from refunddesk.woocommerce.transport import MOST_BYTES, Waits, encode_exactly, is_public
from tests.woocommerce.wire import Wire, hang_up, make_certificate, refusing_port, reset, say

KEY, SECRET = "ck_0123456789abcdef", "cs_fedcba9876543210"
API = "https://shop.example/wp-json/wc/v3"
QUICK = Waits(connect=1.0, read=0.3)
NO_SUBSCRIPTION = "woocommerce_rest_shop_subscription_invalid_id"


@pytest.fixture
def pauses() -> list[float]:
    """The pauses a client made between its tries, instead of sleeping."""
    return []


@pytest.fixture
def connect(pauses: list[float]) -> Iterator[Callable[..., StoreClient]]:
    opened: list[StoreClient] = []

    def make(url: str, *, waits: Waits = QUICK, **access: Any) -> StoreClient:
        store = StoreAccess(url, KEY, SECRET, **({"allow_private": True} | access))
        client = StoreClient(store, waits=waits, refund_waits=waits, sleep=pauses.append)
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def shop(connect: Callable[..., StoreClient]) -> StoreClient:
    """A client of https://shop.example; `responses` answers in the store's place."""
    return connect("https://shop.example")


@pytest.fixture
def replies() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


# -- what is sent


def test_over_https_the_keys_travel_in_the_authorization_header_alone(
    connect: Callable[..., StoreClient], tls: tuple[ssl.SSLContext, str]
) -> None:
    context, ca_file = tls
    with Wire(say(200, {"id": 35}), tls=context) as store:
        client = connect(f"HTTPS://127.0.0.1:{store.port}/", ca_file=ca_file)
        assert client.get_order(35) == {"id": 35}
    head = store.requests[0].decode()
    assert head.startswith("GET /wp-json/wc/v3/orders/35 HTTP/1.1\r\n")
    credentials = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    assert f"Authorization: Basic {credentials}" in head
    assert "user-agent: RefundDesk/" in head
    assert KEY not in head


def test_over_http_on_this_machine_requests_are_signed_and_no_parameter_is_sent_twice(
    connect: Callable[..., StoreClient],
) -> None:
    with Wire(say(200, [])) as store:
        connect(f"http://127.0.0.1:{store.port}").list_webhooks()
    target = store.requests[0].split()[1].decode()
    assert target.count("oauth_signature=") == target.count("per_page=") == 1
    assert SECRET not in store.requests[0].decode()


def test_nothing_set_on_the_machine_reroutes_the_keys(
    connect: Callable[..., StoreClient], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with Wire(say(500)) as proxy, Wire(say(200, {"id": 1}, "Set-Cookie: session=1")) as store:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        client = connect(f"http://127.0.0.1:{store.port}")
        client.get_order(1)
        client.get_order(1)
    assert proxy.requests == []
    assert len(store.requests) == 2
    assert not re.search(rb"(?i)\r\n(cookie|authorization):", b"".join(store.requests))


@pytest.mark.parametrize(
    ("url", "access", "fault"),
    [
        pytest.param("http://shop.example", {}, "over https", id="plain http"),
        pytest.param("http://127.0.0.1:8080", {}, "over https", id="http on this machine"),
        pytest.param("http://10.0.0.5", {"allow_private": True}, "over https", id="http nearby"),
        pytest.param("ftp://shop.example", {}, "over https", id="ftp"),
        pytest.param("shop.example", {}, "looks like", id="no scheme"),
        pytest.param("https://me:pw@shop.example", {}, "looks like", id="with a password"),
        pytest.param("https://shop.example/?x=1", {}, "looks like", id="with a query"),
        pytest.param("https://shop.example:99999", {}, "looks like", id="no such port"),
        pytest.param("https://shop.example", {"consumer_key": ""}, "keys", id="no key"),
        pytest.param(
            "https://shop.example", {"consumer_secret": "cs\r\nX: y"}, "keys", id="broken secret"
        ),
    ],
)
def test_a_store_that_cannot_be_called_safely_is_refused_at_once(
    url: str, access: dict[str, Any], fault: str
) -> None:
    given = {"consumer_key": KEY, "consumer_secret": SECRET} | access
    with pytest.raises(StoreAccessUnusable, match=fault) as caught:
        StoreClient(StoreAccess(url, **given))
    assert "pw" not in str(caught.value)


def test_http_is_allowed_on_this_machine_when_private_stores_are() -> None:
    for url in ("http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080"):
        StoreClient(StoreAccess(url, KEY, SECRET, allow_private=True)).close()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.31.255.255", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("fec0::1", False),
        ("::7f00:1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_lie_on_the_internet(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_name_is_resolved_once_and_the_checked_address_is_the_one_connected_to(
    connect: Callable[..., StoreClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    original = socket.getaddrinfo

    def resolve(host: str, port: int, *rest: Any, **options: Any) -> Any:
        if host != "rebinding.example":
            return original(host, port, *rest, **options)
        asked.append(host)
        address = "127.0.0.1" if len(asked) > 1 else "192.0.2.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    client = connect("https://rebinding.example", allow_private=False)
    with pytest.raises(StoreUnreachable, match="private network") as caught:
        client.update_webhook(2, {"status": "active"})
    assert caught.value.not_sent
    assert asked == ["rebinding.example"]


# -- what comes back


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused_and_not_followed(
    connect: Callable[..., StoreClient], status: int
) -> None:
    with Wire(say(200, {"id": 1})) as elsewhere:
        location = f"Location: http://127.0.0.1:{elsewhere.port}/wp-json/x?key={SECRET}"
        with Wire(say(status, {}, location)) as store:
            client = connect(f"http://127.0.0.1:{store.port}")
            for call in (lambda: client.get_order(1), lambda: client.update_webhook(1, {})):
                with pytest.raises(StoreRefused, match="correct the store's address") as caught:
                    call()
                assert (caught.value.status, caught.value.points_to) == (status, "/wp-json/x")
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("steps", "tries"),
    [
        pytest.param([say(200, {"id": 1})], 1, id="at once"),
        pytest.param([say(503, b"<html>"), say(200, {"id": 1})], 2, id="after maintenance"),
        pytest.param([say(502), say(504), say(200, {"id": 1})], 3, id="at the third try"),
        pytest.param([reset, hang_up(), say(200, {"id": 1})], 3, id="after two cut lines"),
        pytest.param([say(200, b"{", "Content-Length: 9"), say(200, {"id": 1})], 2, id="half"),
    ],
)
def test_a_read_is_tried_again_while_the_trouble_may_pass(
    connect: Callable[..., StoreClient], pauses: list[float], steps: list[Any], tries: int
) -> None:
    with Wire(*steps) as store:
        assert connect(f"http://127.0.0.1:{store.port}").get_order(1) == {"id": 1}
    assert len(store.requests) == tries
    assert pauses == [0.5, 1.5][: tries - 1]


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_a_refused_read_is_not_tried_again(
    connect: Callable[..., StoreClient], status: int
) -> None:
    with Wire(say(status, {"code": "some_code", "message": "Nein."})) as store:
        client = connect(f"http://127.0.0.1:{store.port}")
        with pytest.raises(StoreRefused, match=f"{status} some_code") as caught:
            client.get_order(1)
    assert caught.value.message == "Nein."
    assert len(store.requests) == 1


@pytest.mark.parametrize("step", [say(503, b""), reset, hang_up()], ids=["503", "reset", "closed"])
def test_a_write_is_sent_once_whatever_happens(
    connect: Callable[..., StoreClient], step: Any
) -> None:
    with Wire(step) as store:
        client = connect(f"http://127.0.0.1:{store.port}")
        with pytest.raises(StoreCallFailed):
            client.update_webhook(2, {"status": "active"})
    assert len(store.requests) == 1


def test_reads_share_a_connection_and_a_write_never_does(
    connect: Callable[..., StoreClient],
) -> None:
    with Wire(say(200, {"id": 1, "status": "active"}, keep=True)) as store:
        client = connect(f"http://127.0.0.1:{store.port}")
        for _ in range(3):
            client.get_order(1)
        assert store.connections == 1
        client.update_webhook(1, {"status": "active"})
        assert store.connections == 2


def test_threads_may_share_a_client(connect: Callable[..., StoreClient]) -> None:
    with Wire(say(200, {"id": 1})) as store:
        client = connect(f"http://127.0.0.1:{store.port}", waits=Waits(5, 5))
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(client.get_order, range(1, 25)))
    assert found == [{"id": 1}] * 24


@pytest.fixture
def refused_port() -> Iterator[int]:
    yield from refusing_port()


def test_a_refused_connection_sent_nothing(
    connect: Callable[..., StoreClient], refused_port: int
) -> None:
    with pytest.raises(StoreUnreachable, match="it refused the connection") as caught:
        connect(f"https://127.0.0.1:{refused_port}").get_order(1)
    assert caught.value.not_sent


def test_a_name_that_does_not_exist_sent_nothing(connect: Callable[..., StoreClient]) -> None:
    with pytest.raises(StoreUnreachable, match="could not be resolved") as caught:
        connect("https://no-such-store.invalid").get_order(1)
    assert caught.value.not_sent


def test_a_store_that_does_not_speak_tls_was_sent_nothing(
    connect: Callable[..., StoreClient],
) -> None:
    with Wire(say(200, {"id": 1})) as store, pytest.raises(StoreUnreachable) as caught:
        connect(f"https://127.0.0.1:{store.port}", waits=Waits(0.1, 0.1)).get_order(1)
    assert caught.value.not_sent


def test_a_certificate_nobody_vouches_for_is_sent_nothing(
    connect: Callable[..., StoreClient], tls: tuple[ssl.SSLContext, str]
) -> None:
    with Wire(say(200, {"id": 1}), tls=tls[0]) as store:
        with pytest.raises(StoreUnreachable, match="TLS certificate") as caught:
            connect(f"https://127.0.0.1:{store.port}").get_order(1)
        assert caught.value.not_sent
    assert store.requests == []


def test_a_certificate_of_another_name_is_sent_nothing(
    connect: Callable[..., StoreClient], tmp_path: Path
) -> None:
    context, ca_file = make_certificate(tmp_path, "other.example")
    with Wire(say(200, {"id": 1}), tls=context) as store:
        with pytest.raises(StoreUnreachable, match="TLS certificate") as caught:
            connect(f"https://127.0.0.1:{store.port}", ca_file=ca_file).get_order(1)
        assert caught.value.not_sent
    assert store.requests == []


def test_a_private_address_is_sent_nothing_unless_allowed() -> None:
    with Wire(say(200, {"id": 1})) as store:
        access = StoreAccess(f"https://127.0.0.1:{store.port}", KEY, SECRET)
        client = StoreClient(access, sleep=lambda _: None)
        with pytest.raises(StoreUnreachable, match="private network") as caught:
            client.get_order(1)
        client.close()
    assert caught.value.not_sent
    assert store.connections == 0


def test_reads_share_one_connection_and_each_write_has_its_own(
    connect: Callable[..., StoreClient], tls: tuple[ssl.SSLContext, str]
) -> None:
    with Wire(say(200, {"id": 35}, keep=True), tls=tls[0]) as store:
        client = connect(f"https://127.0.0.1:{store.port}", ca_file=tls[1])
        for _ in range(3):
            client.get_order(35)
        assert store.connections == 1
        for _ in range(2):
            client.post_once("orders/35/refunds", {"amount": "1.00"}, waits=QUICK, key="RD-1")
        assert store.connections == 3
        client.get_order(35)
        assert store.connections == 3


def test_a_connection_that_the_store_closed_meanwhile_is_opened_anew_for_a_read(
    connect: Callable[..., StoreClient], pauses: list[float]
) -> None:
    def hang_up_after(connection: socket.socket) -> bool:
        say(200, {"id": 35}, keep=True)(connection)
        return False

    with Wire(hang_up_after) as store:
        client = connect(f"http://127.0.0.1:{store.port}")
        assert [client.get_order(35) for _ in range(3)] == [{"id": 35}] * 3
    assert (store.connections, len(store.requests)) == (3, 3)


def test_once_the_request_has_left_nobody_can_say_it_was_not_carried_out(
    connect: Callable[..., StoreClient],
) -> None:
    for step in (reset, hang_up(), hang_up(b"HTTP/1.1 20"), hang_up(b"nonsense\r\n\r\n")):
        with Wire(step) as store:
            with pytest.raises(StoreUnreachable, match="may have acted") as caught:
                connect(f"http://127.0.0.1:{store.port}").update_webhook(1, {})
            assert not caught.value.not_sent
            assert len(store.requests) == 1


@pytest.mark.parametrize("manner", ["hang", "drip"])
def test_a_store_that_takes_too_long_is_given_up_and_not_asked_again(
    connect: Callable[..., StoreClient], pauses: list[float], manner: str
) -> None:
    with Wire(lambda connection: getattr(store, manner)(connection)) as store:
        with pytest.raises(StoreUnreachable, match="took too long") as caught:
            connect(f"http://127.0.0.1:{store.port}").get_order(1)
        assert not caught.value.not_sent
        assert len(store.requests) == 1
    assert pauses == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b"<html>Welcome</html>", "Expecting value", id="a page"),
        pytest.param(b'{"id":1}<br />Notice', "Extra data", id="a PHP notice behind it"),
        pytest.param(b'Notice: x {"id":1}', "Expecting value", id="a PHP notice before it"),
        pytest.param(b'{"id":NaN}', "NaN", id="not a number"),
        pytest.param(b'{"id":1,"id":2}', "same key twice", id="the id twice"),
        pytest.param(b'\xef\xbb\xbf{"id":1}', "byte order mark", id="a byte order mark"),
        pytest.param(b"[]", "an object was expected", id="a list"),
    ],
)
def test_an_answer_that_is_not_the_json_expected_is_not_believed(
    replies: responses.RequestsMock, shop: StoreClient, body: bytes, fault: str
) -> None:
    replies.get(f"{API}/orders/1", body=body)
    with pytest.raises(StoreGarbled, match=fault):
        shop.get_order(1)


@pytest.mark.parametrize("body", ["{}", "[1]", "null", '"x"'])
def test_a_list_must_be_a_list_of_objects(
    replies: responses.RequestsMock, shop: StoreClient, body: str
) -> None:
    replies.get(f"{API}/orders/1/notes", body=body)
    with pytest.raises(StoreGarbled, match="a list of objects"):
        shop.list_order_notes(1)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_an_answer_may_be_five_mebibytes_and_not_one_byte_more(
    connect: Callable[..., StoreClient], packed: bool
) -> None:
    headers = ["Content-Encoding: gzip"] if packed else []
    for surplus in (0, 1):
        body = b'{"id":1}' + b" " * (MOST_BYTES - 8 + surplus)
        raw = gzip.compress(body) if packed else body
        with Wire(say(200, raw, *headers)) as store:
            client = connect(f"http://127.0.0.1:{store.port}", waits=Waits(5, 10))
            if surplus:
                with pytest.raises(StoreGarbled, match="longer than"):
                    client.get_order(1)
            else:
                assert client.get_order(1) == {"id": 1}


def test_numbers_arrive_as_exact_decimals(
    replies: responses.RequestsMock, shop: StoreClient
) -> None:
    replies.get(f"{API}/products/10", body='{"id":10,"weight":0.1}')
    assert shop.get_product(10)["weight"] == Decimal("0.1")


def test_no_error_and_no_repr_shows_a_key(
    replies: responses.RequestsMock, shop: StoreClient
) -> None:
    basic = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    echo = f"bad request {KEY} {SECRET} Basic {basic} <b>\n" + "x" * 1000
    replies.get(f"{API}/orders/1", status=401, json={"code": "denied", "message": echo})
    with pytest.raises(StoreRefused) as caught:
        shop.get_order(1)
    replies.get(f"{API}/orders/2", body=ConnectionError(f"https://x/?consumer_secret={SECRET}"))
    with pytest.raises(StoreUnreachable) as unreachable:
        shop.get_order(2)
    shown = [
        repr(caught.value) + str(caught.value) + caught.value.message,
        repr(unreachable.value) + str(unreachable.value),
        repr(shop) + repr(StoreAccess("https://shop.example", KEY, SECRET)),
    ]
    for text in shown:
        assert KEY not in text
        assert SECRET not in text
        assert basic not in text
    assert len(caught.value.message) <= 300
    assert unreachable.value.__cause__ is None
    assert unreachable.value.__suppress_context__


# -- the single calls


def test_changed_orders_are_asked_for_in_universal_time(
    replies: responses.RequestsMock, shop: StoreClient
) -> None:
    replies.get(f"{API}/orders", json=[{"id": 1}])
    noon = datetime(2026, 7, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    assert shop.list_orders(noon, page=3) == [{"id": 1}]
    sent = replies.calls[0].request.params
    assert sent["modified_after"] == "2026-07-01T10:00:00"
    assert (sent["dates_are_gmt"], sent["order"], sent["page"]) == ("true", "asc", "3")


def test_an_instant_without_a_timezone_is_not_sent(shop: StoreClient) -> None:
    with pytest.raises(ValueError, match="timezone"):
        shop.list_orders(datetime(2026, 7, 1))  # noqa: DTZ001 - the mistake under test


def test_a_long_list_is_read_to_its_end_and_shifted_rows_count_once(
    replies: responses.RequestsMock, shop: StoreClient
) -> None:
    rows = [{"id": number} for number in range(1, 151)]
    replies.get(
        f"{API}/orders/35/refunds",
        json=rows[:100],
        match=[responses.matchers.query_param_matcher({"page": "1", "per_page": "100"})],
    )
    replies.get(
        f"{API}/orders/35/refunds",
        json=rows[98:],
        match=[responses.matchers.query_param_matcher({"page": "2", "per_page": "100"})],
    )
    assert shop.list_order_refunds(35) == rows


@pytest.mark.parametrize(
    ("find", "path", "status", "code"),
    [
        ("find_order", "orders/9", 404, "woocommerce_rest_shop_order_invalid_id"),
        ("find_subscription", "subscriptions/9", 400, NO_SUBSCRIPTION),
        ("find_subscription", "subscriptions/9", 404, "rest_no_route"),
    ],
    ids=["a deleted order", "an order's id", "no such plugin"],
)
def test_what_the_store_does_not_have_is_none(
    replies: responses.RequestsMock,
    shop: StoreClient,
    find: str,
    path: str,
    status: int,
    code: str,
) -> None:
    replies.get(f"{API}/{path}", status=status, json={"code": code, "message": "Invalid ID."})
    assert getattr(shop, find)(9) is None


def test_a_missing_page_is_not_a_missing_order(
    replies: responses.RequestsMock, shop: StoreClient
) -> None:
    replies.get(f"{API}/orders/9", status=404, body="<html>Not found</html>")
    with pytest.raises(StoreRefused, match="404"):
        shop.find_order(9)


@pytest.mark.parametrize("gateway", ["", "../orders", "a b", "x" * 101])
def test_an_order_that_names_no_gateway_has_none(shop: StoreClient, gateway: str) -> None:
    assert shop.find_payment_gateway(gateway) is None
    with pytest.raises(ValueError, match="payment gateway"):
        shop.get_payment_gateway(gateway)


@pytest.mark.parametrize("woo_id", [0, -1, True, "1/../2", 2**63])
def test_only_ids_are_put_into_addresses(shop: StoreClient, woo_id: Any) -> None:
    with pytest.raises(ValueError, match="not an id"):
        shop.get_order(woo_id)


@pytest.mark.parametrize("before", ["active", "on-hold", "pending", "pending-cancel"])
def test_a_running_subscription_is_ended_by_a_transition(
    replies: responses.RequestsMock, shop: StoreClient, before: str
) -> None:
    replies.get(f"{API}/subscriptions/102", json={"id": 102, "status": before})
    replies.put(f"{API}/subscriptions/102", json={"id": 102, "status": "cancelled"})
    done = cancel_subscription(shop, 102)
    assert (done.before, done.after, done.written) == (before, "cancelled", True)
    assert done.has_ended
    sent = replies.calls[1].request.body
    assert json.loads(sent or b"") == {"transition_status": "cancelled"}


@pytest.mark.parametrize("before", ["cancelled", "expired", "switched", "trash"])
def test_an_ended_subscription_is_not_written_to(
    replies: responses.RequestsMock, shop: StoreClient, before: str
) -> None:
    replies.get(f"{API}/subscriptions/102", json={"id": 102, "status": before})
    done = cancel_subscription(shop, 102)
    assert (done.after, done.written, done.has_ended) == (before, False, True)


def test_a_store_that_does_not_end_the_subscription_is_noticed(
    replies: responses.RequestsMock, shop: StoreClient
) -> None:
    replies.get(f"{API}/subscriptions/102", json={"id": 102, "status": "active"})
    replies.put(f"{API}/subscriptions/102", json={"id": 102, "status": "pending-cancel"})
    assert not cancel_subscription(shop, 102).has_ended


def test_the_index_tells_the_stores_timezone_without_any_key(
    connect: Callable[..., StoreClient],
) -> None:
    with Wire(say(200, {"timezone_string": "Europe/Berlin"})) as store:
        client = connect(f"http://127.0.0.1:{store.port}")
        assert client.get_store_index()["timezone_string"] == "Europe/Berlin"
    assert store.requests[0].startswith(b"GET /wp-json/ HTTP/1.1\r\n")
    assert KEY.encode() not in store.requests[0]


def test_a_webhook_is_made_with_its_secret(
    replies: responses.RequestsMock, shop: StoreClient
) -> None:
    replies.post(f"{API}/webhooks", status=201, json={"id": 5, "status": "active"})
    made = shop.create_webhook(
        name="orders", topic="order.updated", delivery_url="https://desk.example/h/1", secret="s"
    )
    assert made["id"] == 5
    assert json.loads(replies.calls[0].request.body or b"")["secret"] == "s"


def test_decimals_are_written_digit_by_digit() -> None:
    value = {"a": Decimal("19.90"), "b": [Decimal("0"), 1, True, None, 'ü"'], "c": {}}
    assert encode_exactly(value) == '{"a":19.90,"b":[0,1,true,null,"ü\\""],"c":{}}'
    assert encode_exactly(Decimal("1E+3")) == "1000"
    with pytest.raises(ValueError, match="JSON"):
        encode_exactly(float("nan"))
