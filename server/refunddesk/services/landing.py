"""Reads a kept mail and lets it land: as the customer's turn of its case, or before a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from refunddesk.casework import TurnKind
from refunddesk.db import arrivals
from refunddesk.db.arrivals import Arrival, ArrivalState
from refunddesk.db.cases import Case
from refunddesk.db.history import record_deed
from refunddesk.mail.reading import MailUnreadable, ReadMail, read_mail
from refunddesk.services.attachments import MOST_BYTES, AttachmentNotTaken, CaseFull, attach
from refunddesk.services.case_turns import Saying, say_within
from refunddesk.services.cases import lock_case
from refunddesk.services.edges import Edges
from refunddesk.services.mailing import record_bounce
from refunddesk.services.notices import SUPPORT, tell_staff
from refunddesk.services.reply_addresses import (
    Thread,
    is_account_address,
    is_marked,
    notice_of,
    thread_by_address,
    thread_by_answered,
)

#: Nobody writes more mails about a case in an hour; two machines that answer each other do.
MOST_IN_AN_HOUR = 20
_ACTOR = "mail"
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Lead:
    """Where a mail belongs, and why it does not simply land there; `because` None: it does."""

    thread: Thread | None
    from_account: bool
    because: str | None

    @property
    def case(self) -> Case | None:
        return self.thread.case if self.thread else None


def read_arrival(edges: Edges, arrival_id: int) -> None:
    """Read the mail if it was not read yet. Killed at any point, it is read again, and lands once.

    Never raises for what is in the mail.
    """
    with edges.database.read() as transaction:
        arrival = arrivals.find_arrival(transaction, arrival_id)
        raw = arrivals.find_raw(transaction, arrival_id)
    if arrival is None or arrival.state is not ArrivalState.KEPT or raw is None:
        return
    try:
        mail = read_mail(raw, edges.mail_in.receiver)
    except MailUnreadable as unreadable:
        _leave_unread(edges, arrival, str(unreadable))
        return
    if because := _not_by_a_person(edges, mail):
        _ignore(edges, arrival, mail, because)
        return
    with edges.database.read() as transaction:
        lead = find_lead(edges, transaction, arrival, mail)
    left_out = list(mail.left_out)
    if lead.because is None and lead.case:
        # Before the turn: attached once more after a kill, the same bytes are the same file.
        left_out += attach_files(edges, lead.case.id, mail, taken_at(edges, arrival, mail))
    _land(edges, arrival, mail, left_out)


def find_lead(edges: Edges, transaction: Connection, arrival: Arrival, mail: ReadMail) -> Lead:
    """Where the mail belongs: by the address it came to, else by what its proven sender answers."""
    thread = thread_by_address(edges, transaction, mail.recipients)
    if thread is None:
        answered = thread_by_answered(transaction, mail.answers) if mail.is_proven else None
        if answered and is_account_address(transaction, answered.customer_id, mail.sender):
            thread = answered
    if thread is None:
        because = "address_not_ours" if is_marked(edges, mail.recipients) else "address_not_known"
        return Lead(None, False, because)
    is_own = is_account_address(transaction, thread.customer_id, mail.sender)
    from_account = is_own and mail.is_proven
    return Lead(thread, from_account, _why_not(transaction, arrival, mail, thread, is_own=is_own))


def attach_files(
    edges: Edges, case_id: int, mail: ReadMail, received_at: datetime
) -> list[tuple[str, str]]:
    """Keep the mail's files with the case; those that were not taken, each with why."""
    left_out: list[tuple[str, str]] = []
    for file in mail.files:
        if len(file.data) > MOST_BYTES:
            left_out.append((file.name, f"a file has {MOST_BYTES // 1024**2} MB at most"))
            continue
        try:
            attach(edges, case_id, file.name, file.data, by=_ACTOR, received_at=received_at)
        except (AttachmentNotTaken, CaseFull) as refused:
            left_out.append((file.name, str(refused).removeprefix("Nothing was kept. ")))
    return left_out


def taken_at(edges: Edges, arrival: Arrival, mail: ReadMail) -> datetime:
    """When our mail server took the mail: never what the sender dates it.

    Its own line counts; else when the mailbox got it, else when we did. None of them lies ahead.
    """
    named = mail.received_at
    if named is None or named > arrival.kept_at + _CLOCKS_DIFFER:
        named = arrival.arrived_at or arrival.kept_at
    return min(named, arrival.kept_at)


def say_reply(
    edges: Edges,
    transaction: Connection,
    case: Case,
    arrival: Arrival,
    words: str,
    received_at: datetime,
    by: str,
) -> int:
    """Take the mail down as the customer's reply of the time it came; the id of the turn."""
    # Its address was made after the case was opened: a mail server's clock may be behind.
    said_at = max(received_at, case.facts.opened_at)
    saying = Saying(TurnKind.REPLY, words, said_at=said_at)
    return say_within(edges, transaction, case, saying, by, edges.clock())[1]


def read_columns(mail: ReadMail, received_at: datetime) -> dict[str, Any]:
    """What was read of the mail, as its row keeps it."""
    return {
        "message_id": mail.message_id,
        "sender": mail.sender or "",
        "subject": mail.subject,
        "words": mail.words,
        "received_at": received_at,
    }


def _why_not(
    transaction: Connection, arrival: Arrival, mail: ReadMail, thread: Thread, *, is_own: bool
) -> str | None:
    case = thread.case
    if _came_before(transaction, arrival, mail, from_account=is_own and mail.is_proven):
        return "came_before"
    hour_ago = arrival.kept_at - timedelta(hours=1)
    if case and arrivals.count_of_case(transaction, case.id, hour_ago) >= MOST_IN_AN_HOUR:
        return "too_many"
    if not is_own:
        return "other_sender"
    if not mail.is_proven:
        return "sender_not_proven"
    if case is None:
        return "no_case"
    if not mail.words and not mail.files:
        return "nothing_to_read"
    return None


def _came_before(
    transaction: Connection, arrival: Arrival, mail: ReadMail, *, from_account: bool
) -> bool:
    """Is this another copy of a mail that was read? A forged one does not hide the real one."""
    if mail.message_id is None:
        return False
    earlier = arrivals.find_earlier(transaction, arrival, mail.message_id)
    if earlier is None or earlier.sender != (mail.sender or ""):
        return False
    return earlier.from_account or not from_account


def _not_by_a_person(edges: Edges, mail: ReadMail) -> str | None:
    if mail.bounce:
        return "bounce"
    own = {edges.mail_in.reply_to.lower()} | (
        {edges.mail.sender.address.lower()} if edges.mail else set()
    )
    base, _, domain = edges.mail_in.reply_to.lower().rpartition("@")
    sender = mail.sender or ""
    marked = bool(base) and sender.startswith(f"{base}+") and sender.endswith(f"@{domain}")
    if marked or (sender and sender in own):
        return "own"
    return "automatic" if mail.automatic else None


def _ignore(edges: Edges, arrival: Arrival, mail: ReadMail, because: str) -> None:
    now = edges.clock()
    with edges.database.write() as transaction:
        if not _still_kept(transaction, arrival):
            return
        notice = None
        if mail.bounce and mail.bounce.message_id:
            notice = notice_of(transaction, mail.bounce.message_id)
        if notice and mail.bounce and mail.bounce.is_final:
            record_bounce(transaction, notice, mail.bounce.said, now)
        arrivals.change_arrival(
            transaction,
            arrival.id,
            state=ArrivalState.IGNORED.value,
            because=because,
            notice_id=notice.id if notice else None,
            settled_at=now,
            settled_by=_ACTOR,
            **read_columns(mail, taken_at(edges, arrival, mail)),
        )
        _tell(transaction, arrival, now, "mail_ignored", because=because)


def _leave_unread(edges: Edges, arrival: Arrival, why: str) -> None:
    now = edges.clock()
    with edges.database.write() as transaction:
        if _still_kept(transaction, arrival):
            arrivals.change_arrival(
                transaction,
                arrival.id,
                state=ArrivalState.WAITING.value,
                because="unreadable",
                words=why,
            )
            _tell(transaction, arrival, now, "mail_waits", because="unreadable")


def _land(edges: Edges, arrival: Arrival, mail: ReadMail, left_out: list[tuple[str, str]]) -> None:
    """Everything that follows, in one transaction and by what is so under its locks."""
    now, received_at = edges.clock(), taken_at(edges, arrival, mail)
    with edges.database.write() as transaction:
        lead = find_lead(edges, transaction, arrival, mail)
        case = lock_case(transaction, lead.case.id) if lead.case else None
        if not _still_kept(transaction, arrival):
            return
        lead = find_lead(edges, transaction, arrival, mail)
        values = _outcome(edges, transaction, arrival, mail, lead, case, received_at, now)
        arrivals.change_arrival(
            transaction,
            arrival.id,
            files=[list(one) for one in left_out],
            from_account=lead.from_account,
            order_id=lead.thread.order.id if lead.thread else None,
            case_id=case.id if case else None,
            **read_columns(mail, received_at),
            **values,
        )
        _tell(
            transaction,
            arrival,
            now,
            f"mail_{values['state']}",
            because=values["because"],
            case=case.id if case else None,
        )
        if lead.thread and values["state"] == "waiting" and lead.because not in (None, "too_many"):
            _call_support(transaction, arrival, lead.thread, now)


def _outcome(
    edges: Edges,
    transaction: Connection,
    arrival: Arrival,
    mail: ReadMail,
    lead: Lead,
    case: Case | None,
    received_at: datetime,
    now: datetime,
) -> dict[str, Any]:
    """What becomes of the mail; where it lands, its turn is taken down."""
    if lead.because == "came_before":
        settled = {"settled_at": now, "settled_by": _ACTOR}
        return {"state": ArrivalState.IGNORED.value, "because": lead.because, **settled}
    if lead.because or case is None:
        return {"state": ArrivalState.WAITING.value, "because": lead.because}
    has_ended = case.facts.ended_at is not None
    turn_id = say_reply(edges, transaction, case, arrival, _words(mail), received_at, _ACTOR)
    if has_ended:
        # No clock runs for it any more, so a person is shown it until they have looked.
        return {"state": "waiting", "because": "case_ended", "turn_id": turn_id}
    return {
        "state": ArrivalState.LANDED.value,
        "because": None,
        "turn_id": turn_id,
        "settled_at": now,
        "settled_by": _ACTOR,
    }


def _words(mail: ReadMail) -> str:
    return mail.words or ", ".join(file.name for file in mail.files)


def _still_kept(transaction: Connection, arrival: Arrival) -> bool:
    held = arrivals.lock_arrival(transaction, arrival.id)
    return held is not None and held.state is ArrivalState.KEPT


def _call_support(transaction: Connection, arrival: Arrival, thread: Thread, now: datetime) -> None:
    tell_staff(
        transaction,
        "mail_waits",
        thread.order.store_id,
        about=f"case:{thread.case.id}" if thread.case else f"order:{thread.order.id}",
        reference=f"staff:mail:{arrival.id}",
        path=f"/desk/mails/{arrival.id}",
        to=SUPPORT,
        now=now,
    )


def _tell(
    transaction: Connection, arrival: Arrival, now: datetime, action: str, **data: Any
) -> None:
    said = {name: value for name, value in data.items() if value is not None}
    record_deed(
        transaction, at=now, actor=_ACTOR, action=action, subject=f"mail:{arrival.id}", data=said
    )
