"""One e-mail as a message: headers that nobody can smuggle anything into, text and HTML alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import HeaderParseError, MessageDefect
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import idna

# What may stand in an address we write to. Quoted local parts are legal and used by nobody but
# those who try to add headers or a second recipient.
_ADDRESS = re.compile(
    r"[^\s@<>\"'(),:;\\\[\]\x00-\x20\x7f]{1,64}@[^\s@<>\"'(),:;\\\[\]\x00-\x20\x7f]+"
)
_LONGEST_ADDRESS = 254
_NOT_USABLE = "There is no e-mail address that a mail server could write to."
_BLANKS = re.compile("[\t\n\v\f\r ]+")
_CONTROL = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class AddressNotUsable(ValueError):
    """No mail can be written to this address."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom our mails come from: an address, and the name of the store beside it."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent. `key` names it for ever: the same key gives the same Message-ID.

    `thread` is shared by all letters about one thing, so that mail programs show them together.
    `reply_to` is where an answer finds its case; "": it goes to the sender.
    """

    key: str
    thread: str
    to: str = field(repr=False)
    language: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    written_at: datetime
    reply_to: str = field(default="", repr=False)


def compose(letter: Letter, sender: Sender) -> EmailMessage:
    """The message as it goes to the mail server. Raises AddressNotUsable."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(one_line(sender.name, 100), addr_spec=usable_address(sender.address))
    message["To"] = Address(addr_spec=usable_address(letter.to))
    if letter.reply_to:
        message["Reply-To"] = Address(addr_spec=usable_address(letter.reply_to))
    message["Subject"] = one_line(letter.subject, 200)
    message["Date"] = format_datetime(letter.written_at)
    message["Message-ID"] = f"<{letter.key}@{sender.domain}>"
    message["References"] = f"<{letter.thread}@{sender.domain}>"
    message["Content-Language"] = letter.language
    # So that out-of-office programs do not answer (RFC 3834; the other is Exchange's own).
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def usable_address(text: str) -> str:
    """The address as every mail server can read it, its domain in ASCII. Raises AddressNotUsable.

    Letters beyond ASCII before the at sign are refused: few servers can write to such an address.
    """
    address = text.strip()
    if len(address) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
        raise AddressNotUsable(_NOT_USABLE)
    local, _, domain = address.rpartition("@")
    try:
        plain = f"{local}@{idna.encode(domain, uts46=True).decode()}"
        Address(addr_spec=plain)
    except (HeaderParseError, MessageDefect, ValueError, IndexError) as error:
        raise AddressNotUsable(_NOT_USABLE) from error
    return plain


def one_line(text: object, longest: int = 300) -> str:
    """The text without line breaks, control characters and changes of writing direction."""
    # The blanks inside an amount are none of these: "1 234,50 €" must not break.
    line = _BLANKS.sub(" ", _CONTROL.sub(" ", str(text))).strip(" ")
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
