"""Mails as they come in: what our own mail server put on top, and what somebody wrote below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import count

RECEIVER = "mx.desk.test"
REPLY_TO = "reply@desk.test"
TAKEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_numbers = count(1)


def incoming(
    to: str,
    text: str = "It happens again.",
    *,
    sender: str = "ada@example.com",
    found: str | None = "dmarc=pass header.from={domain}",
    taken: datetime | None = TAKEN,
    message_id: str | None = None,
    headers: Sequence[str] = (),
    body: bytes | None = None,
) -> bytes:
    """The bytes of a mail. `found` is what our server says of it, None: nothing; `body` replaces
    the plain text and its headers.
    """
    domain = sender.rpartition("@")[2]
    lines = []
    if found is not None:
        lines.append(f"Authentication-Results: {RECEIVER}; {found.format(domain=domain)}")
    if taken is not None:
        on = format_datetime(taken)
        lines.append(f"Received: from mail.{domain} by {RECEIVER} with ESMTPS id 1; {on}")
    lines += [
        f"Received: from laptop by mail.{domain}; Mon, 2 Mar 2026 08:00:00 +0000",
        *headers,
        "Date: Thu, 1 Jan 2026 00:00:00 +0000",
        f"Message-ID: {message_id or f'<m{next(_numbers)}@{domain}>'}",
        f"From: Ada <{sender}>",
        f"To: {to}",
        "Subject: Re: your case",
        "MIME-Version: 1.0",
    ]
    top = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    if body is not None:
        return top + b"\r\n" + body
    kind = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    return top + b"\r\n" + kind + text.encode()
