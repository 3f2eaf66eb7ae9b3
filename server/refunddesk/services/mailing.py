"""Sends the notices that were written down, each at least once, and says what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from refunddesk.db import notices, outbox, stores
from refunddesk.db.alarms import AlarmKind
from refunddesk.db.customer_links import Purpose
from refunddesk.db.history import record_deed
from refunddesk.db.notices import Notice, NoticeState
from refunddesk.jobnames import JobName
from refunddesk.mail.letter import AddressNotUsable, Letter, Sender, compose
from refunddesk.mail.notices import Facts, NoticeKind, word
from refunddesk.mail.sending import Mail, MailRefused
from refunddesk.services import customer_links
from refunddesk.services.alarms import keep_alarm
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal
from refunddesk.services.reply_addresses import reply_address_of
from refunddesk.worktime import zone

_ACTOR = "mail"


class NoSuchNotice(Refusal):
    """No notice has this number."""


class NoticeNotToBeSentAgain(Refusal):
    """The notice is on its way, was taken by the mail server already, or is not known any more."""


class NoMailServer(Refusal):
    """No mail server is set."""


def send_notice(edges: Edges, notice_id: int) -> None:
    """Hand the notice to the mail server if it is still due.

    Between the server's yes and our row saying so we may be killed: then it is sent once more,
    with the same Message-ID. Raises MailServerUnavailable; the notice is still due then.
    """
    with edges.database.read() as transaction:
        notice = notices.find_notice(transaction, notice_id)
        if notice is None or notice.state is not NoticeState.DUE:
            return
        name, timezone = _store_of(transaction, notice)
        reply_to = reply_address_of(edges, transaction, notice)
    if edges.mail is None:
        _settle(edges, notice, NoticeState.NOT_SENT, "no mail server is set")
        return
    letter = replace(_letter(edges, edges.mail, notice, timezone), reply_to=reply_to)
    try:
        edges.mail.send(compose(letter, Sender(edges.mail.sender.address, name)))
    except (AddressNotUsable, MailRefused) as refused:
        _settle(edges, notice, NoticeState.REFUSED, str(refused))
    else:
        _settle(edges, notice, NoticeState.SENT)


def send_again(edges: Edges, notice_id: int, *, by: str) -> None:
    """Have a notice sent that was refused or had no server, now that its cause is gone.

    Raises NoSuchNotice, NoticeNotToBeSentAgain, NoMailServer.
    """
    if edges.mail is None:
        raise NoMailServer("No mail server is set (REFUNDDESK_MAIL_SERVER). Nothing was changed.")
    now = edges.clock()
    with edges.database.write() as transaction:
        notice = notices.find_notice(transaction, notice_id)
        if notice is None:
            raise NoSuchNotice(f"There is no notice {notice_id}.")
        if notice.state is NoticeState.DUE or notice.has_left:
            raise NoticeNotToBeSentAgain(
                f"Notice {notice_id} is {notice.state}. Nothing was changed."
            )
        if notice.texts_gone_at:
            raise NoticeNotToBeSentAgain(
                f"What notice {notice_id} said, and to whom, was removed. Nothing was changed."
            )
        notices.settle_notice(transaction, notice, NoticeState.DUE, now=now)
        outbox.promise(transaction, JobName.SEND_NOTICE, notice_id, due_at=now)
        record_deed(
            transaction,
            at=now,
            actor=by,
            action="notice_due_again",
            subject=f"notice:{notice.id}",
            data={"about": notice.about, "kind": notice.kind},
        )


def _store_of(transaction: Connection, notice: Notice) -> tuple[str, str]:
    """The name the mail comes under, and the zone its times are told in."""
    if notice.store_id is None:
        return "Refund Desk", "UTC"
    store = stores.get_store(transaction, notice.store_id)
    return store.name, store.timezone


def _letter(edges: Edges, mail: Mail, notice: Notice, timezone: str) -> Letter:
    facts = dict(notice.facts)
    if "link_order" in facts:
        facts["address"] = _link(edges, mail, facts)
    if "path" in facts:
        facts["address"] = f"{mail.desk_url}{facts['path']}"
    wording = word(NoticeKind(notice.kind), notice.language, facts, zone(timezone))
    return Letter(
        key=notice.key,
        thread=notice.about.replace(":", "."),
        to=notice.recipient,
        language=notice.language,
        subject=wording.subject,
        text=wording.text,
        html=wording.html,
        written_at=notice.written_at.astimezone(UTC),
    )


def _link(edges: Edges, mail: Mail, facts: Facts) -> str:
    """Made anew for every letter: no row ever holds what opens the page."""
    purpose, until = Purpose(facts["link_purpose"]), facts.get("link_until")
    token = customer_links.make_link(
        edges,
        facts["link_order"],
        purpose,
        by="mail",
        until=datetime.fromisoformat(until) if until else None,
    )
    page = facts.get("link_page")
    return f"{mail.desk_url}/my/enter/{token}" + (f"?to={page}" if page else "")


def _settle(edges: Edges, notice: Notice, state: NoticeState, because: str | None = None) -> None:
    now = edges.clock()
    with edges.database.write() as transaction:
        if not notices.settle_notice(transaction, notice, state, now=now, because=because):
            return
        record_deed(
            transaction,
            at=now,
            actor=_ACTOR,
            action=f"notice_{state.value}",
            subject=f"notice:{notice.id}",
            data={"about": notice.about, "kind": notice.kind},
        )
        if state is NoticeState.REFUSED:
            raise_undelivered(transaction, notice, now)


def record_bounce(transaction: Connection, notice: Notice, said: str, now: datetime) -> None:
    """A mail server reports that a notice it took did not arrive; once more changes nothing."""
    if not notices.record_undelivered(transaction, notice, because=said, now=now):
        return
    record_deed(
        transaction,
        at=now,
        actor=_ACTOR,
        action="notice_undelivered",
        subject=f"notice:{notice.id}",
        data={"about": notice.about, "kind": notice.kind},
    )
    raise_undelivered(transaction, notice, now)


def raise_undelivered(transaction: Connection, notice: Notice, now: datetime) -> None:
    """Have a person reach the notice's reader in another way."""
    if notice.store_id is None:
        return
    # Without the address and the server's words, which may name it: alarms are kept.
    keep_alarm(
        transaction,
        notice.store_id,
        AlarmKind.MAIL_REFUSED,
        f"notice:{notice.id}",
        trouble=f"Notice {notice.id} ({notice.kind}, about {notice.about}) will never be "
        "delivered: reach its reader in another way.",
        now=now,
    )
