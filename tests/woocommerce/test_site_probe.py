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
from refunddesk.woocommerce import site_probe
from refunddesk.woocommerce.site_probe import probe_site
from refunddesk.woocommerce.transport import Answer, NoAnswer


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


class Web:
    """The internet as far as these looks go: what answers at which address, and nothing else."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def send(self, _method: str, url: str, **_: object) -> Answer:
        self.asked.append(url)
        if url not in self.answers:
            raise NoAnswer("it refused the connection", not_sent=True)
        return self.answers[url]


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        pytest.param({"https://www.ada.example/": 200}, "answers", id="under www"),
        pytest.param({"http://www.ada.example/": 403}, "answers", id="under www without TLS"),
        pytest.param({"https://ada.example:8443/": 200}, "answers", id="at another TLS port"),
        pytest.param({"http://ada.example:8080/": 200}, "answers", id="at another port"),
        pytest.param(
            {"https://ada.example/": 404, "https://www.ada.example/": 200},
            "answers",
            id="under www alone, the name itself leads to an empty server",
        ),
        pytest.param(
            {"https://www.ada.example/": 503}, "unclear", id="under www something is wrong"
        ),
        pytest.param(
            {"https://ada.example/": 404, "https://www.ada.example/": 404}, "gone", id="nowhere"
        ),
        pytest.param({}, "gone", id="nobody listens anywhere"),
    ],
)
def test_a_site_is_looked_for_where_its_name_does_not_say_it_is(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, int], result: str
) -> None:
    web = Web({url: Answer(status, b"") for url, status in answers.items()})
    monkeypatch.setattr(site_probe, "send", web.send)
    assert probe_site("ada.example").result == result


@pytest.mark.parametrize(
    ("to", "result"),
    [
        pytest.param("https://ada.example/", "gone", id="back to where nothing is"),
        pytest.param("https://ada.shop.example/", "answers", id="to another site"),
        pytest.param("/start/", "answers", id="to another page of its own"),
    ],
)
def test_a_redirect_from_www_to_where_nothing_is_tells_of_no_site(
    monkeypatch: pytest.MonkeyPatch, to: str, result: str
) -> None:
    answers = {
        "https://ada.example/": Answer(404, b""),
        "https://www.ada.example/": Answer(301, b"", to),
        "http://www.ada.example/": Answer(301, b"", "https://ada.example/"),
    }
    web = Web(answers)
    monkeypatch.setattr(site_probe, "send", web.send)
    assert probe_site("ada.example").result == result


def test_a_site_that_answers_is_asked_once_and_an_address_has_no_www(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    web = Web({"https://ada.example/": Answer(200, b"")})
    monkeypatch.setattr(site_probe, "send", web.send)
    probe_site("ada.example")
    assert web.asked == ["https://ada.example/"]
    probe_site("203.0.113.7")
    assert not any("www" in url for url in web.asked)


def test_a_site_known_by_an_ipv6_address_is_looked_at_as_any_other() -> None:
    found = probe_site("::1")
    assert (found.result, "private network" in found.detail) == ("unclear", True)
