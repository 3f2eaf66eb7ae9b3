"""Mails that no person wrote: answers of machines, and reports that a mail did not arrive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from refunddesk.mail.letter import one_line
from refunddesk.mail.proof import Headers

_PRECEDENCES = ("bulk", "junk", "list", "auto_reply")
#: Any of these is written by programs alone.
_MARKS = (
    "x-auto-response-suppress",
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "list-id",
)
_MESSAGE_ID = re.compile(r"^message-id:\s*<([^<>\s]{1,300})>", re.I | re.M)
_MOST_READ = 100_000


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail server's report. `message_id` is of the mail it is about, None where it says not.

    `is_final`: it will not be delivered any more; otherwise it is late. `said` is the server's
    status, such as "5.1.1", and its words.
    """

    message_id: str | None
    is_final: bool
    said: str


def why_automatic(headers: Headers, content_type: str) -> str | None:
    """The header that tells that no person wrote this, or None (RFC 3834 and common use).

    Whoever answers such a mail answers a machine, which may answer again, for ever.
    """
    if content_type == "multipart/report":
        return "multipart/report"
    for name, value in headers:
        said = value.strip().lower()
        if name == "auto-submitted" and not said.startswith("no"):
            return name
        if name == "precedence" and said in _PRECEDENCES:
            return name
        if name == "return-path" and said == "<>":
            return name
        if name in _MARKS:
            return name
    return None


def read_bounce(message: Message) -> Bounce | None:
    """What a delivery report (RFC 3464) says; None for any other mail."""
    kind = message.get_content_type(), str(message.get_param("report-type", "")).lower()
    if kind != ("multipart/report", "delivery-status"):
        return None
    fields: dict[str, str] = {}
    message_id = None
    for part in _parts(message):
        if part.get_content_type() == "message/delivery-status":
            for block in _parts(part):
                fields |= {name.lower(): str(value) for name, value in block.raw_items()}
        elif part.get_content_type() in ("message/rfc822", "text/rfc822-headers"):
            message_id = message_id or _message_id(part)
    status = fields.get("status", "").strip()
    is_final = fields.get("action", "").strip().lower() == "failed" or status.startswith("5")
    said = one_line(f"{status} {fields.get('diagnostic-code', '')}".strip(), 200)
    return Bounce(message_id, is_final, said)


def _message_id(part: Message) -> str | None:
    inner = next(_parts(part), None)
    if inner is not None:
        text = "\n".join(f"{name}: {value}" for name, value in inner.raw_items())
    else:
        payload = part.get_payload(decode=True)
        text = payload[:_MOST_READ].decode("ascii", "replace") if isinstance(payload, bytes) else ""
    found = _MESSAGE_ID.search(text)
    return found[1] if found else None


def _parts(part: Message) -> Iterator[Message]:
    held = part.get_payload()
    if isinstance(held, list):
        yield from (one for one in held if isinstance(one, Message))
