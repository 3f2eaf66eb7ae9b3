"""Reads a mail that came in: what it says, whom it names, what hangs on it; bounded throughout.

Whoever wrote it may have wanted to break this program: so many parts, headers and lines as no mail
program makes are no mail, and everything else that cannot be read is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import EmailPolicy
from typing import Any

from refunddesk.mail.letter import AddressNotUsable, one_line, usable_address
from refunddesk.mail.plain import plain_text, text_of_html, without_history
from refunddesk.mail.proof import Headers, is_domain_proven, received_at
from refunddesk.mail.reports import Bounce, read_bounce, why_automatic

#: Of a whole mail as it came. Mail servers take 25 to 50 MB; the files of one case have 40.
LONGEST_MAIL = 20 * 1024 * 1024
#: Of one header, of all headers of a mail, of its parts and lines.
_LONGEST_HEADER = 8_000
_MOST_HEADERS = 2_000
_MOST_PARTS = 100
_MOST_LINES = 500_000
#: Of the text that is looked at, and of what a turn of a case holds.
_MOST_READ = 1_000_000
MOST_WORDS = 20_000
_CUT = "\n[…]"
_MOST_FILES = 20
#: A small picture that the text shows is a logo: nobody's screenshot has so few bytes.
_SMALLEST_PICTURE = 10_000
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,300})>")
_ADDRESSES = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
#: What a mail may be written in. Python knows more, some of them no texts or slow to read.
_CHARSETS = re.compile(
    r"(?:utf-?8|us-ascii|ascii|iso-?8859-?\d{1,2}|latin-?\d|windows-125\d|cp125\d|koi8-[ru]|gbk|"
    r"gb2312|gb18030|big5|shift_jis|iso-2022-jp|euc-jp|euc-kr|utf-?16(?:le|be)?|macintosh)$",
    re.I,
)


class MailUnreadable(Exception):
    """Nothing can be made of these bytes; the message says why, and names nobody."""


@dataclass(frozen=True, slots=True)
class File:
    """One file that hangs on a mail."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadMail:
    """What a mail says. `words` is its text without the mails below it.

    `sender` is the one address in From, None where that is not exactly one; `is_proven`: our mail
    server vouches for its domain. `answers` are the Message-IDs it answers, the nearest first.
    `received_at` is when our mail server took it, None where that is not to be seen.
    `left_out` names files that are not handed on, each with why.
    """

    message_id: str | None
    answers: tuple[str, ...]
    sender: str | None = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)
    subject: str = field(repr=False)
    words: str = field(repr=False)
    files: tuple[File, ...]
    left_out: tuple[tuple[str, str], ...]
    is_proven: bool
    received_at: datetime | None
    automatic: str | None
    bounce: Bounce | None


def read_mail(raw: bytes, receiver: str) -> ReadMail:
    """The mail in these bytes. `receiver` is the name our mail server is known by, "" for none.

    Raises MailUnreadable.
    """
    message = _parse(raw)
    try:
        return _read(message, receiver)
    except (RecursionError, MessageError, ValueError, LookupError, TypeError) as error:
        # What the library does with a broken mail is not told by its documentation.
        raise MailUnreadable(f"It cannot be read ({type(error).__name__}).") from error


def _parse(raw: bytes) -> EmailMessage:
    if raw.count(b"\n") > _MOST_LINES:
        raise MailUnreadable(f"It has more than {_MOST_LINES} lines.")
    budget = _Budget()
    # A policy takes what its class has, which the library's types do not say.
    policy = _Bounded(budget=budget, message_factory=budget.message)  # type: ignore[call-overload]
    try:
        parsed = BytesParser(policy=policy).parsebytes(raw)
    except MailUnreadable:
        raise
    except Exception as error:
        # The library's reader of headers raises what it likes on some broken ones.
        raise MailUnreadable(f"It cannot be read ({type(error).__name__}).") from error
    assert isinstance(parsed, EmailMessage)
    return parsed


def _read(message: EmailMessage, receiver: str) -> ReadMail:
    headers = _headers(message)
    sender = _sender(message)
    domain = sender.rpartition("@")[2] if sender else ""
    gathered = _Gathered()
    _gather(message, gathered)
    return ReadMail(
        message_id=next(iter(_ids(message, "message-id")), None),
        answers=tuple(dict.fromkeys([*_ids(message, "in-reply-to"), *_references(message)])),
        sender=sender,
        recipients=tuple(_recipients(message)),
        subject=one_line(_header(message, "subject"), 300),
        words=_bounded(without_history(plain_text("\n\n".join(gathered.texts)))),
        files=tuple(gathered.files),
        left_out=tuple(gathered.left_out),
        is_proven=bool(domain) and is_domain_proven(headers, receiver, domain),
        received_at=received_at(headers, receiver),
        automatic=why_automatic(headers, message.get_content_type()),
        bounce=read_bounce(message),
    )


class _Budget:
    """What one mail may still use up: counted where the parser makes parts and headers."""

    def __init__(self) -> None:
        self._parts = 0
        self._headers = 0

    def message(self, policy: Any = None) -> EmailMessage:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise MailUnreadable(f"It has more than {_MOST_PARTS} parts.")
        return EmailMessage(policy)

    def header(self) -> None:
        self._headers += 1
        if self._headers > _MOST_HEADERS:
            raise MailUnreadable(f"It has more than {_MOST_HEADERS} headers.")


class _Bounded(EmailPolicy):
    """The library's newest way to read, with an end to the number and the length of headers."""

    budget: Any = None

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        self.budget.header()
        name, value = super().header_source_parse(sourcelines)
        return name[:100], value[:_LONGEST_HEADER]


class _Gathered:
    """What was found in the parts so far."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.files: list[File] = []
        self.left_out: list[tuple[str, str]] = []


def _gather(part: Message, found: _Gathered) -> None:
    """The texts and the files of a part, in their order; of alternatives the first plain text."""
    if part.get_content_type() == "multipart/alternative":
        _gather_one_of(part, found)
    elif part.get_content_maintype() == "multipart":
        for inner in _parts(part):
            _gather(inner, found)
    elif part.get_content_maintype() == "message":
        found.left_out.append((_name(part), "a mail in a mail is not taken apart"))
    elif _is_text(part):
        found.texts.append(_text(part))
    else:
        _keep_file(part, found)


def _gather_one_of(part: Message, found: _Gathered) -> None:
    texts: list[str] = []
    for inner in _parts(part):
        one = _Gathered()
        _gather(inner, one)
        texts.append("\n\n".join(one.texts))
        found.files += one.files
        found.left_out += one.left_out
    # Programs write the plain form first; some leave it empty.
    found.texts += [text for text in texts if text.strip()][:1]


def _parts(part: Message) -> Iterator[Message]:
    held = part.get_payload()
    if isinstance(held, list):
        yield from (one for one in held if isinstance(one, Message))


def _is_text(part: Message) -> bool:
    named = part.get_content_disposition() == "attachment" or part.get_filename()
    return part.get_content_type() in ("text/plain", "text/html") and not named


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    text = _decoded(data[:_MOST_READ], str(part.get_content_charset("") or ""))
    return text_of_html(text) if part.get_content_type() == "text/html" else plain_text(text)


def _decoded(data: bytes, charset: str) -> str:
    """The text in the charset it is said to have, else in the first of two that fits."""
    named = charset.lower()
    if named in ("iso-8859-1", "latin-1", "latin1", "iso8859-1"):
        named = "windows-1252"  # what programs mean by it, as browsers do
    for one in (named, "utf-8"):
        if _CHARSETS.match(one):
            try:
                return data.decode(one)
            except (LookupError, UnicodeError):
                continue
    return data.decode("windows-1252", "replace")


def _keep_file(part: Message, found: _Gathered) -> None:
    payload = part.get_payload(decode=True)
    name, data = _name(part), payload if isinstance(payload, bytes) else b""
    shown = part.get_content_maintype() == "image" and part["content-id"] is not None
    if shown and len(data) < _SMALLEST_PICTURE:
        return
    if not data:
        found.left_out.append((name, "it is empty"))
    elif len(found.files) >= _MOST_FILES:
        found.left_out.append((name, f"a mail brings {_MOST_FILES} files at most"))
    else:
        found.files.append(File(name, data))


def _name(part: Message) -> str:
    try:
        given = part.get_filename()
    except Exception:
        given = None
    return one_line(plain_text(str(given or "")), 120) or "file"


def _headers(message: Message) -> Headers:
    return [(name.lower(), str(value)) for name, value in message.raw_items()]


def _header(message: Message, name: str) -> str:
    """The header in readable characters; as it was written where its writing is broken."""
    try:
        return plain_text(str(message[name] or ""))
    except Exception:
        raw = next((value for key, value in message.raw_items() if key.lower() == name), "")
        return plain_text(str(raw))


def _sender(message: Message) -> str | None:
    """The one address of the one From there is. Two of either, and nobody knows whose it is."""
    if len([name for name, _ in message.raw_items() if name.lower() == "from"]) != 1:
        return None
    addresses = _addresses(message, "from")
    try:
        return usable_address(addresses[0]).lower() if len(addresses) == 1 else None
    except AddressNotUsable:
        return None


def _recipients(message: Message) -> Iterator[str]:
    for name in _ADDRESSES:
        yield from _addresses(message, name)


def _addresses(message: Message, name: str) -> list[str]:
    found: list[str] = []
    try:
        for header in message.get_all(name, []):
            named = getattr(header, "addresses", None)
            # Delivered-To and its like are no addresses to the library.
            found += [one.addr_spec for one in named] if named is not None else [str(header)]
    except Exception:
        return []
    return [one.strip().strip("<>") for one in found[:50]]


def _ids(message: Message, name: str) -> list[str]:
    return _MESSAGE_ID.findall(_header(message, name))[:50]


def _references(message: Message) -> list[str]:
    return _ids(message, "references")[::-1]


def _bounded(words: str) -> str:
    if len(words) <= MOST_WORDS:
        return words
    return words[: MOST_WORDS - len(_CUT)].rstrip() + _CUT
