"""A mail server that keeps what it is given, and what a test reads back of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from email.message import EmailMessage

from refunddesk.mail.letter import Sender
from refunddesk.mail.sending import Mail
from tests.selling import Shop


@dataclass(slots=True)
class Mailbox:
    got: list[EmailMessage] = field(default_factory=list)

    def subjects(self) -> list[str]:
        return [str(message["Subject"]).replace("\u00a0", " ") for message in self.got]

    def text(self, number: int = -1) -> str:
        body = self.got[number].get_body(("plain",))
        return body.get_content().replace("\u00a0", " ") if body else ""


def with_mail(shop: Shop) -> tuple[Shop, Mailbox]:
    """The same shop, whose desk sends mail."""
    box = Mailbox()
    mail = Mail(Sender("support@store.test"), box.got.append, "https://desk.test")
    return replace(shop, edges=replace(shop.edges, mail=mail)), box
