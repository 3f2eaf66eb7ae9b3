"""Answers a caught mail as its customer would, by way of a mail server that is played here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime


class AnswerNotTaken(Exception):
    """The desk did not take the answer; the message says what it said."""


@dataclass(frozen=True, slots=True)
class Postman:
    """Brings answers to the desk. `receiver` is the name of the mail server that is played.

    `hand_in` posts the bytes of one mail. Raises AnswerNotTaken.
    """

    receiver: str
    hand_in: Callable[[bytes], None]


def answer_to(
    message: EmailMessage, words: str, at: datetime, receiver: str, *, is_proven: bool
) -> bytes:
    """The mail that the reader of `message` sends back, with what the mail server puts on top.

    Where it is not proven, somebody else wrote it and only names the reader.
    """
    reader = str(message["To"])
    domain = reader.rpartition("@")[2].strip("<>")
    answer = EmailMessage()
    answer["From"] = reader
    answer["To"] = str(message["Reply-To"] or message["From"])
    answer["Subject"] = f"Re: {message['Subject']}"
    answer["Message-ID"] = f"<answer.{int(at.timestamp() * 1_000_000)}@{domain}>"
    answer["In-Reply-To"] = str(message["Message-ID"])
    answer.set_content(words)
    found = "pass" if is_proven else "fail"
    top = (
        f"Authentication-Results: {receiver}; dmarc={found} header.from={domain}\r\n"
        f"Received: from mail.{domain} by {receiver} with ESMTPS; {format_datetime(at)}\r\n"
    )
    return top.encode("ascii", "replace") + answer.as_bytes()
