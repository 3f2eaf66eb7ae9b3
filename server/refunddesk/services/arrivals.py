"""Takes mails in: kept whole before anything is read of them, from the mailbox or over HTTP."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from refunddesk.db import arrivals, mailbox_marks, outbox
from refunddesk.db.arrivals import ArrivalState
from refunddesk.db.history import record_deed
from refunddesk.db.mailbox_marks import Mark
from refunddesk.jobnames import JobName
from refunddesk.mail.mailbox import Mailbox, OpenFolder, Waiting
from refunddesk.mail.reading import LONGEST_MAIL
from refunddesk.services.edges import Edges
from refunddesk.services.refusal import Refusal

#: How long a mail is kept after it was settled; strangers' mails after they came.
KEPT_FOR = timedelta(days=30)
#: Reasons for which a stranger's mail waits: it belongs to no order.
STRANGERS = ("address_not_known", "address_not_ours", "unreadable", "too_large")
#: Of one run: the job has two minutes, and the next one goes on where it ended.
_MOST_AT_ONCE = 40
_ONE = "1"  # there is one mailbox


class MailEmpty(Refusal):
    """There are no bytes of a mail."""


class MailTooLarge(Refusal):
    """The mail has more bytes than are taken."""


def keep_mail(edges: Edges, raw: bytes) -> tuple[int, bool]:
    """Keep a mail that was handed in; its number, and whether it is new.

    It is durable when this returns, and read by a job. Raises MailEmpty, MailTooLarge.
    """
    if not raw.strip():
        raise MailEmpty("There is no mail in the body. Nothing was kept: send its raw text.")
    if len(raw) > LONGEST_MAIL:
        raise too_large(len(raw))
    now = edges.clock()
    with edges.database.write() as transaction:
        return _keep(transaction, raw, came_by="http", arrived_at=None, now=now)


def too_large(size: int | None = None) -> MailTooLarge:
    had = f"It has {size // 1024**2} MB. " if size else ""
    return MailTooLarge(
        f"A mail has {LONGEST_MAIL // 1024**2} MB at most. {had}Nothing of it was kept."
    )


def promise_reading(edges: Edges) -> None:
    """Have the mailbox read, where there is one."""
    if edges.mail_in.mailbox is not None:
        now = edges.clock()
        with edges.database.write() as transaction:
            outbox.promise(transaction, JobName.READ_MAILBOX, _ONE, due_at=now)


def read_mailbox(edges: Edges) -> None:
    """Keep what is new in the mailbox, each mail together with the note of how far we are.

    Read for the first time, it begins with what comes from then on. A mailbox that numbers its
    mails anew is looked through again; what was kept before is known by its bytes. Raises
    MailboxUnavailable.
    """
    mailbox = edges.mail_in.mailbox
    if mailbox is None:
        return
    with edges.database.read() as transaction:
        mark = mailbox_marks.find_mark(transaction, mailbox.name)
    with mailbox.open() as folder:
        now = edges.clock()
        mark = _mark(mailbox, folder, mark, now)
        since = max(mark.begun_at, now - KEPT_FOR) - timedelta(days=1)  # servers count in own days
        found = folder.list_after(mark.uid, since.date())
        for uid in found[:_MOST_AT_ONCE]:
            mark = _take(edges, folder, replace(mark, uid=uid, read_at=edges.clock()))
        with edges.database.write() as transaction:
            mailbox_marks.set_mark(transaction, replace(mark, read_at=now))
            if len(found) > _MOST_AT_ONCE:
                outbox.promise(transaction, JobName.READ_MAILBOX, _ONE, due_at=now)


def drop_old(edges: Edges) -> int:
    """Remove what mails said once their time is over; the number of mails."""
    now = edges.clock()
    with edges.database.write() as transaction:
        return arrivals.drop_old(transaction, before=now - KEPT_FOR, strangers=STRANGERS, now=now)


def _mark(mailbox: Mailbox, folder: OpenFolder, known: Mark | None, now: datetime) -> Mark:
    if known is None:
        return Mark(mailbox.name, folder.validity, max(folder.next_uid - 1, 0), now, now)
    if known.validity != folder.validity:
        return replace(known, validity=folder.validity, uid=0)
    return known


def _take(edges: Edges, folder: OpenFolder, mark: Mark) -> Mark:
    """Keep one mail and the mark behind it, in one transaction: a kill leaves both or neither."""
    waiting = folder.measure(mark.uid)
    raw = folder.fetch(mark.uid) if waiting and waiting.size <= LONGEST_MAIL else None
    now = edges.clock()
    with edges.database.write() as transaction:
        if waiting and raw is not None and len(raw) <= LONGEST_MAIL:
            _keep(transaction, raw, came_by="imap", arrived_at=waiting.arrived_at, now=now)
        elif waiting and (raw or waiting.size > LONGEST_MAIL):
            _keep_note_of_large(transaction, mark, waiting, now)
        mailbox_marks.set_mark(transaction, mark)
    return mark


def _keep(
    transaction: Connection,
    raw: bytes,
    *,
    came_by: str,
    arrived_at: datetime | None,
    now: datetime,
) -> tuple[int, bool]:
    sha = hashlib.sha256(raw).digest()
    new_id = arrivals.insert_arrival_once(
        transaction,
        sha=sha,
        raw=raw,
        size=len(raw),
        came_by=came_by,
        arrived_at=arrived_at,
        now=now,
    )
    if new_id is None:
        known = arrivals.find_id(transaction, sha)
        assert known, "arrivals are never deleted"
        return known, False
    outbox.promise(transaction, JobName.READ_ARRIVAL, new_id, due_at=now)
    _tell(transaction, new_id, came_by, len(raw), now)
    return new_id, True


def _keep_note_of_large(
    transaction: Connection, mark: Mark, waiting: Waiting, now: datetime
) -> None:
    """Of a mail that is not taken people are told; its bytes stay in the mailbox."""
    named = f"too large: {mark.mailbox} {mark.validity} {mark.uid}"
    new_id = arrivals.insert_arrival_once(
        transaction,
        sha=hashlib.sha256(named.encode()).digest(),
        raw=None,
        size=min(waiting.size, 2**31 - 1),
        came_by="imap",
        arrived_at=waiting.arrived_at,
        now=now,
        state=ArrivalState.WAITING,
        because="too_large",
    )
    if new_id is not None:
        _tell(transaction, new_id, "imap", waiting.size, now)


def _tell(transaction: Connection, arrival_id: int, came_by: str, size: int, now: datetime) -> None:
    record_deed(
        transaction,
        at=now,
        actor="mail",
        action="mail_kept",
        subject=f"mail:{arrival_id}",
        data={"came_by": came_by, "size": size},
    )
