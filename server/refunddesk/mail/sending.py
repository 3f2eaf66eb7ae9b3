"""How a mail leaves: through a mail server, or, for trying out, into a folder."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

from refunddesk.mail.letter import Sender

Security = Literal["starttls", "tls", "none"]

#: How long the server may take for one answer. Handing a mail over takes some eight answers.
ANSWER_SECONDS = 20
_PERMANENT = range(500, 600)


class MailServerUnavailable(Exception):
    """The mail server did not take the mail, and may do so later. It is tried again."""


class MailRefused(Exception):
    """The mail server will never take this mail, for its address or for what it is."""


#: Hands one mail over. Raises MailServerUnavailable, MailRefused.
Send = Callable[[EmailMessage], None]
#: Tries the way out without sending anything; what is so. Raises MailServerUnavailable.
Probe = Callable[[], str]


def not_probed() -> str:
    return "Mails are handed over; whether they would be is not tried."


@dataclass(frozen=True, slots=True)
class Mail:
    """The way out for our mails. `desk_url` is where staff find what a mail tells of."""

    sender: Sender
    send: Send
    desk_url: str
    probe: Probe = not_probed


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server that takes our mails. Without `user` nobody signs in."""

    host: str
    port: int
    security: Security = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    #: What we call ourselves to the server.
    own_name: str = "localhost"


def through_server(server: MailServer, answer_seconds: int = ANSWER_SECONDS) -> Send:
    """Sends over SMTP: a connection, encryption as asked for, a sign-in, one mail."""

    def send(message: EmailMessage) -> None:
        try:
            with _connected(server, answer_seconds) as smtp:
                _hand_over(smtp, message)
        except (smtplib.SMTPException, OSError) as error:
            # SMTPRecipientsRefused and SMTPDataError are sorted in _hand_over.
            raise MailServerUnavailable(
                f"The mail server {server.host} did not take it ({_told(error)}). "
                "It is tried again."
            ) from error

    return send


def probe_server(server: MailServer, answer_seconds: int = ANSWER_SECONDS) -> Probe:
    """Goes as far as a mail would: a connection, encryption as asked for, a sign-in; sends none."""

    def probe() -> str:
        try:
            with _connected(server, answer_seconds) as smtp:
                code, said = smtp.noop()
        except (smtplib.SMTPException, OSError) as error:
            raise MailServerUnavailable(
                f"The mail server {server.host}:{server.port} does not let us in ({_told(error)})."
            ) from error
        if code != 250:
            raise MailServerUnavailable(
                f"The mail server {server.host}:{server.port} says {_words(code, said)}."
            )
        how = "unencrypted" if server.security == "none" else f"encrypted ({server.security})"
        who = f"signed in as {server.user}" if server.user else "without a sign-in"
        return f"{server.host}:{server.port} lets us in, {how}, {who}."

    return probe


def into_folder(folder: Path) -> Send:
    """Writes each mail into a file of its own, named by its Message-ID. For trying out."""

    def send(message: EmailMessage) -> None:
        name = "".join(c for c in str(message["Message-ID"]) if c.isalnum() or c in ".-@")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            waiting = folder / f".{name}"
            waiting.touch(mode=0o600)
            waiting.write_bytes(message.as_bytes())
            os.replace(waiting, folder / f"{name}.eml")
        except OSError as error:
            raise MailServerUnavailable(
                f"The folder of mails takes nothing ({error.strerror}). It is tried again."
            ) from error

    return send


@contextmanager
def _connected(server: MailServer, answer_seconds: int) -> Iterator[smtplib.SMTP]:
    trust = ssl.create_default_context(cafile=server.ca_file)
    if server.security == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, server.own_name, timeout=answer_seconds, context=trust
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, server.own_name, timeout=answer_seconds)
    try:
        if server.security == "starttls":
            smtp.starttls(context=trust)
        if server.user:
            smtp.login(server.user, server.password)
        yield smtp
    finally:
        # Whether the mail was taken is known by now; how the server says goodbye changes nothing.
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()
        smtp.close()


def _hand_over(smtp: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        smtp.send_message(message)
    except smtplib.SMTPRecipientsRefused as refused:
        ((code, said),) = refused.recipients.values()
        if code in _PERMANENT:
            raise MailRefused(
                f"The mail server refuses the address: {_words(code, said)}"
            ) from None
        raise
    except smtplib.SMTPDataError as refused:
        if refused.smtp_code in _PERMANENT:
            words = _words(refused.smtp_code, refused.smtp_error)
            raise MailRefused(f"The mail server refuses the mail: {words}") from None
        raise


def _told(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _words(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "; ".join(_words(code, said) for code, said in error.recipients.values())
    return f"{type(error).__name__}: {error}"[:200]


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}"[:200]
