"""A look at a customer's site says "gone" only where nothing is there, and goes nowhere private."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from refunddesk import clock
from refunddesk.sandbox.certificates import ensure_certificates
from refunddesk.woocommerce.site_probe import probe_site


@contextmanager
def site(status: int, location: str = "") -> Iterator[str]:
    """A site on this machine that answers every request so."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "result"),
    [
        pytest.param(200, "answers", id="a page"),
        pytest.param(403, "answers", id="a closed door"),
        pytest.param(404, "gone", id="not found"),
        pytest.param(410, "gone", id="gone for good"),
        pytest.param(500, "unclear", id="an error"),
        pytest.param(503, "unclear", id="maintenance"),
    ],
)
def test_what_a_site_answers_tells_whether_it_is_there(status: int, result: str) -> None:
    with site(status) as address:
        assert probe_site(address, allow_private=True).result == result


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with site(404) as elsewhere, site(302, f"http://{elsewhere}/") as address:
        assert probe_site(address, allow_private=True).result == "answers"


def test_where_nobody_listens_nothing_is_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert probe_site(f"127.0.0.1:{port}", allow_private=True).result == "gone"


def test_a_name_that_leads_nowhere_is_gone() -> None:
    assert probe_site("no-such-site.invalid").result == "gone"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "[::1]", "169.254.169.254"])
def test_an_address_inside_a_network_is_not_looked_at(address: str) -> None:
    found = probe_site(address)
    assert (found.result, "private network" in found.detail) == ("unclear", True)


def test_a_site_whose_certificate_is_not_acceptable_is_there_though_nobody_answers_over_http(
    tmp_path: Path,
) -> None:
    files = ensure_certificates(tmp_path, clock.now())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(files.certificate_file, files.key_file)
    listening = socket.create_server(("127.0.0.1", 0))

    def answer_once() -> None:
        taken, _ = listening.accept()
        listening.close()  # over http nobody is there any more
        with taken, suppress(OSError):
            tls.wrap_socket(taken, server_side=True).close()

    serving = Thread(target=answer_once, daemon=True)
    serving.start()
    found = probe_site(f"127.0.0.1:{listening.getsockname()[1]}", allow_private=True)
    serving.join()
    assert (found.result, "certificate" in found.detail) == ("unclear", True)


def test_a_site_known_by_an_ipv6_address_is_looked_at_as_any_other() -> None:
    found = probe_site("::1")
    assert (found.result, "private network" in found.detail) == ("unclear", True)
