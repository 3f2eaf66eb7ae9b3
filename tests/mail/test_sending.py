"""Mails are handed to a real SMTP server of another make, with all that servers answer."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from refunddesk import clock
from refunddesk.mail.letter import compose
from refunddesk.mail.sending import (
    MailRefused,
    MailServer,
    MailServerUnavailable,
    Send,
    into_folder,
    probe_server,
    through_server,
)
from refunddesk.sandbox.certificates import Certificates, ensure_certificates
from tests.mail.test_letter import LETTER, SENDER

MESSAGE = compose(LETTER, SENDER)


class Postbox:
    """What the server was given; `answers` are told instead of OK, by command."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.got: list[Envelope] = []
        self.signed_in: list[object] = []
        self.encrypted: list[bool] = []

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.answers.get("mail", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("rcpt", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.encrypted.append(session.ssl is not None)
        self.signed_in.append(session.auth_data)
        answer = self.answers.get("data", "250 OK")
        if answer.startswith("250"):
            self.got.append(envelope)
        return answer


class Here(Controller):
    """Takes any free port: the controller itself would try the port it was told, which is 0."""

    def _trigger_server(self) -> None:
        assert self.server
        with socket.create_connection(self.server.sockets[0].getsockname()) as trial:
            trial.recv(1024)


@contextmanager
def serving(postbox: Postbox, **options: Any) -> Iterator[int]:
    controller = Here(postbox, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        assert controller.server
        yield controller.server.sockets[0].getsockname()[1]
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return ensure_certificates(tmp_path_factory.mktemp("ca"), clock.now())


@pytest.fixture(scope="module")
def encrypted(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate_file, certificates.key_file)
    return context


def plain(port: int, seconds: int = 5) -> Send:
    return through_server(MailServer("127.0.0.1", port, "none"), seconds)


def test_a_mail_arrives_whole_at_its_one_reader() -> None:
    postbox = Postbox()
    with serving(postbox) as port:
        plain(port)(MESSAGE)
    (got,) = postbox.got
    assert (got.mail_from, got.rcpt_tos) == ("support@store.test", ["ada@example.com"])
    assert isinstance(got.content, bytes)
    read = message_from_bytes(got.content, policy=policy.default)
    assert read["Subject"] == LETTER.subject
    assert read["Message-ID"] == MESSAGE["Message-ID"]


def test_the_way_is_encrypted_before_anybody_signs_in(
    certificates: Certificates, encrypted: ssl.SSLContext
) -> None:
    def check(*arguments: Any) -> AuthResult:
        signed = arguments[4]
        assert isinstance(signed, LoginPassword)
        right = (signed.login, signed.password) == (b"desk", b"secret")
        return AuthResult(success=right, handled=False, auth_data=signed)

    postbox = Postbox()
    options = {
        "tls_context": encrypted,
        "require_starttls": True,
        "authenticator": check,
        "auth_required": True,
    }
    with serving(postbox, **options) as port:
        server = MailServer("127.0.0.1", port, "starttls", "desk", "secret", certificates.ca_file)
        through_server(server, 5)(MESSAGE)
        with pytest.raises(MailServerUnavailable, match="535"):
            through_server(replace(server, password="wrong"), 5)(MESSAGE)
        assert "signed in as desk" in probe_server(server, 5)()
        with pytest.raises(MailServerUnavailable, match="535"):
            probe_server(replace(server, password="wrong"), 5)()
    assert postbox.encrypted == [True]
    assert len(postbox.got) == 1


def test_the_way_out_is_tried_without_sending_anything() -> None:
    postbox = Postbox()
    with serving(postbox) as port:
        server = MailServer("127.0.0.1", port, "none")
        assert "without a sign-in" in probe_server(server, 5)()
    assert postbox.got == []
    with pytest.raises(MailServerUnavailable, match="does not let us in"):
        probe_server(server, 5)()


def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(
    encrypted: ssl.SSLContext,
) -> None:
    postbox = Postbox()
    with (
        serving(postbox, tls_context=encrypted) as port,
        pytest.raises(MailServerUnavailable, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        through_server(MailServer("127.0.0.1", port, "starttls"), 5)(MESSAGE)
    assert postbox.got == []


def test_a_server_that_does_not_encrypt_gets_nothing_unless_told_so() -> None:
    postbox = Postbox()
    with serving(postbox) as port, pytest.raises(MailServerUnavailable, match="STARTTLS"):
        through_server(MailServer("127.0.0.1", port, "starttls"), 5)(MESSAGE)
    assert postbox.got == []


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        pytest.param(
            {"rcpt": "550 5.1.1 no such mailbox"}, MailRefused, "550 5.1.1", id="nobody lives there"
        ),
        pytest.param(
            {"rcpt": "450 4.2.1 try later"}, MailServerUnavailable, "450", id="a greylisted address"
        ),
        pytest.param({"data": "554 5.7.1 spam"}, MailRefused, "554", id="taken for spam"),
        pytest.param(
            {"data": "451 4.3.0 queue full"}, MailServerUnavailable, "451", id="a full queue"
        ),
        # Ours to mend, not the address's fault: tried again, and shown to a person.
        pytest.param(
            {"mail": "553 5.7.1 not yours"}, MailServerUnavailable, "553", id="a foreign sender"
        ),
    ],
)
def test_a_no_for_ever_is_told_from_a_no_for_now(
    answers: dict[str, str], error: type[Exception], words: str
) -> None:
    postbox = Postbox(**answers)
    with serving(postbox) as port, pytest.raises(error, match=words):
        plain(port)(MESSAGE)
    assert postbox.got == []


def test_a_server_that_is_away_or_silent_is_tried_again() -> None:
    with serving(Postbox()) as port:
        pass
    with pytest.raises(MailServerUnavailable, match="tried again"):
        plain(port)(MESSAGE)


def test_the_folder_for_trying_out_keeps_one_file_per_mail(tmp_path: Path) -> None:
    send = into_folder(tmp_path / "mails")
    send(MESSAGE)
    send(MESSAGE)
    send(compose(replace(LETTER, key="notice.8.1"), SENDER))
    files = sorted(path.name for path in (tmp_path / "mails").iterdir())
    assert files == [
        "notice.7.1772445600@store.test.eml",
        "notice.8.1@store.test.eml",
    ]
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "mails").iterdir())
