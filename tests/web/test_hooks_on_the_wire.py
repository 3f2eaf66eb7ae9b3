"""What only a socket can say about deliveries: framing, and lies about length."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
import waitress

from tests.web.receiving import ORDER, Receiver


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
