"""The mailbox that replies come to, read over IMAP and never changed: not a flag is set in it."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from refunddesk.mail.reading import LONGEST_MAIL
from refunddesk.mail.sending import Security

#: How long the server may take for one answer.
ANSWER_SECONDS = 20
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,18})", re.I)
_ARRIVED = re.compile(rb'INTERNALDATE "([^"]{1,40})"', re.I)
_UID = re.compile(rb"\bUID (\d{1,18})", re.I)
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


class MailboxUnavailable(Exception):
    """The mailbox could not be read now. Nothing of it was changed; it is tried again."""


@dataclass(frozen=True, slots=True)
class MailboxAccess:
    """How to get into the mailbox; `folder` is its name there."""

    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    ca_file: Path | None = None

    @property
    def name(self) -> str:
        """What our notes of it are kept under."""
        return f"{self.user}@{self.host}:{self.port}/{self.folder}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One mail in the folder: its number there, its bytes, and when the server put it there."""

    uid: int
    size: int
    arrived_at: datetime | None


class OpenFolder:
    """A folder while it is open. `validity` changes when the server numbers its mails anew.

    `next_uid` is the number that the next mail will get, 0 where the server does not say.
    """

    def __init__(self, imap: imaplib.IMAP4, name: str, validity: int, next_uid: int) -> None:
        self._imap = imap
        self._name = name
        self.validity = validity
        self.next_uid = next_uid

    def list_after(self, uid: int, since: date) -> list[int]:
        """The numbers above `uid` of what came on that day or later, the lowest first."""
        on = f"{since.day:02}-{_MONTHS[since.month - 1]}-{since.year}"
        found = self._ask("SEARCH", "UID", f"{uid + 1}:*", "SINCE", on)
        numbers = {int(word) for line in found if isinstance(line, bytes) for word in line.split()}
        # "5:*" means "*:5" where the last mail is number 3: that one is not new.
        return sorted(number for number in numbers if number > uid)

    def measure(self, uid: int) -> Waiting | None:
        """How large the mail is, before a byte of it is fetched; None where it is gone."""
        for line in self._ask("FETCH", str(uid), "(UID RFC822.SIZE INTERNALDATE)"):
            text = line[0] if isinstance(line, tuple) else line
            size, named = _SIZE.search(text or b""), _UID.search(text or b"")
            if size and named and int(named[1]) == uid:
                return Waiting(uid, int(size[1]), _arrived_at(text))
        return None

    def fetch(self, uid: int) -> bytes | None:
        """The bytes of the mail, one more than the longest at the most; None where it is gone."""
        for line in self._ask("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{LONGEST_MAIL + 1}>)"):
            if isinstance(line, tuple) and len(line) == 2 and isinstance(line[1], bytes):
                return line[1]
        return None

    def _ask(self, command: str, *arguments: str) -> list[Any]:
        with _translated(self._name):
            kind, data = self._imap.uid(command, *arguments)
        if kind != "OK":
            raise MailboxUnavailable(f"The mailbox answers {command} with {kind}: {_words(data)}")
        return [line for line in data or [] if line is not None]


#: Opens the folder for reading. Raises MailboxUnavailable, then and while it is open.
Open = Callable[[], AbstractContextManager[OpenFolder]]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The mailbox as the edges hold it; `name` is what notes of how far it was read are kept by."""

    name: str
    open: Open


@dataclass(frozen=True, slots=True)
class MailIn:
    """The way in for replies.

    `reply_to` is the mailbox they are addressed to, "": none, and letters name no such address.
    `receiver` is the name of the mail server whose findings count, "": nobody's do. `mailbox` is
    read over IMAP; None: mails are handed in over HTTP, or not at all.
    """

    reply_to: str = ""
    receiver: str = ""
    mailbox: Mailbox | None = None


#: Nothing comes in.
NO_MAIL_IN = MailIn()


def open_mailbox(access: MailboxAccess, answer_seconds: int = ANSWER_SECONDS) -> Mailbox:
    """The mailbox behind `access`; nothing is connected before it is opened."""

    @contextmanager
    def opened() -> Iterator[OpenFolder]:
        with ExitStack() as held:
            with _translated(access.name):
                imap = held.enter_context(_signed_in(access, answer_seconds))
                folder = _select(imap, access)
            yield folder

    return Mailbox(access.name, opened)


@contextmanager
def _signed_in(access: MailboxAccess, answer_seconds: int) -> Iterator[imaplib.IMAP4]:
    trust = ssl.create_default_context(cafile=access.ca_file)
    if access.security == "tls":
        imap: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            access.host, access.port, ssl_context=trust, timeout=answer_seconds
        )
    else:
        imap = imaplib.IMAP4(access.host, access.port, timeout=answer_seconds)
    try:
        if access.security == "starttls":
            imap.starttls(trust)
        imap.login(access.user, access.password)
        yield imap
    finally:
        # How the server says goodbye changes nothing any more.
        with suppress(imaplib.IMAP4.error, OSError):
            imap.logout()
        with suppress(OSError):
            imap.shutdown()


def _select(imap: imaplib.IMAP4, access: MailboxAccess) -> OpenFolder:
    quoted = access.folder.replace("\\", "\\\\").replace('"', '\\"')
    kind, data = imap.select(f'"{quoted}"', readonly=True)
    if kind != "OK":
        raise MailboxUnavailable(
            f"There is no folder {access.folder!r} in the mailbox {access.name}: {_words(data)}"
        )
    validity, next_uid = _number(imap, "UIDVALIDITY"), _number(imap, "UIDNEXT")
    return OpenFolder(imap, access.name, validity, next_uid)


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except (imaplib.IMAP4.error, OSError, ValueError) as error:
        raise MailboxUnavailable(
            f"The mailbox {name} could not be read ({_told(error)}). Nothing of it was changed; "
            "it is tried again."
        ) from error


def _number(imap: imaplib.IMAP4, name: str) -> int:
    _, data = imap.response(name)
    said = data[-1] if data and isinstance(data[-1], bytes) else b""
    return int(said) if said.isdigit() else 0


def _arrived_at(text: bytes) -> datetime | None:
    """ "17-Jul-1996 02:44:25 -0700"; month names do not follow our own language here."""
    found = _ARRIVED.search(text)
    if not found:
        return None
    try:
        day, month, rest = found[1].decode("ascii").strip().split("-", 2)
        number = _MONTHS.index(month.title()) + 1
        at = datetime.strptime(f"{day}-{number}-{rest}", "%d-%m-%Y %H:%M:%S %z")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _told(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(error)
    return f"{type(error).__name__}: {' '.join(text.split())}"[:200]


def _words(data: list[Any]) -> str:
    said = data[0] if data and isinstance(data[0], bytes) else b""
    return " ".join(said.decode("utf-8", "replace").split())[:200]
