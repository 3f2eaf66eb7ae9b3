"""Looks our own side of a deployment over: home, queue, database, processes, books, address."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from refunddesk import own_address
from refunddesk.db import alarms, condition, figures, leases, schema
from refunddesk.db.history import HistoryBroken
from refunddesk.mail.mailbox import MailboxUnavailable
from refunddesk.mail.sending import MailServerUnavailable
from refunddesk.own_address import AddressNotAnswering
from refunddesk.queue import QueueUnreachable
from refunddesk.services import audit, journal
from refunddesk.services.audit import AnchorUnreadable
from refunddesk.services.bookkeeping import find_wrong_books
from refunddesk.services.edges import Edges
from refunddesk.services.health import DISPATCHER
from refunddesk.services.observation import Grade, Observation, Place
from refunddesk.services.retention import look_at_retention
from refunddesk.services.vault_checkup import look_at_keys, look_at_vault

#: With less room than this the database will refuse deliveries soon, or does.
_LITTLE_ROOM = 1024**3
_NO_ROOM = 64 * 1024**2
#: The head is kept every hour.
#: `schedule` looks four times a second, the web process every five.
_STORED_WITHIN = timedelta(seconds=15)
_HEAD_KEPT_WITHIN = timedelta(hours=2)
_LOCAL_HOSTS = ("127.0.0.1", "::1", "localhost")


def look_without_database(edges: Edges, place: Place) -> Iterator[Observation]:
    yield from _look_at_home(edges)
    yield from look_at_vault(edges)
    yield from _look_at_queues(place)
    yield _look_at_address(place)
    yield _look_at_mail(edges)
    yield from _look_at_mail_in(edges)


def look_at_database(edges: Edges) -> Observation:
    """Does it answer, take writes, and have the schema? Without that there is no looking on."""
    database = edges.database
    try:
        schema.check_current(database)
        condition.check_writable(database, edges.clock())
    except schema.SchemaOutdated as outdated:
        return Observation("database", Grade.BAD, str(outdated), "Run `refunddesk db upgrade`.")
    except SQLAlchemyError as error:
        return Observation(
            "database",
            Grade.BAD,
            f"It does not answer, or takes no writes ({type(error).__name__}).",
            "See that DATABASE_URL is right, and the server or the file's disk is well.",
        )
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    return Observation("database", Grade.OK, f"{kind} takes writes and has the newest schema.")


def look_at_desk(edges: Edges) -> Iterator[Observation]:
    """All that stands in a database which answers."""
    yield from _look_at_faults(edges)
    yield _look_at_dispatcher(edges)
    yield from _look_at_work(edges)
    yield _look_at_journal(edges)
    yield from look_at_retention(edges)
    yield look_at_keys(edges)
    yield from _look_at_audit_log(edges)
    yield _look_at_books(edges)


def _look_at_home(edges: Edges) -> Iterator[Observation]:
    mode = stat.S_IMODE(edges.home.stat().st_mode)
    if mode & 0o077:
        yield Observation(
            "home",
            Grade.WARN,
            f"Others on this machine may look into {edges.home}.",
            f"chmod 700 {edges.home}: keys, orders and deliveries lie there.",
        )
    free = shutil.disk_usage(edges.home).free
    grade = Grade.OK if free >= _LITTLE_ROOM else Grade.WARN
    yield Observation(
        "disk",
        Grade.BAD if free < _NO_ROOM else grade,
        f"{free // 1024**2} MiB are free where {edges.home} is.",
        "" if grade is Grade.OK else "Make room: without it deliveries are refused.",
    )


def _look_at_queues(place: Place) -> Iterator[Observation]:
    try:
        loads = place.measure_queues()
    except QueueUnreachable as error:
        yield Observation(
            "queue",
            Grade.BAD,
            f"{error} Work is kept in the database and waits.",
            "Start the queue (`refunddesk queue`), or see that REDIS_URL is right.",
        )
        return
    yield Observation("queue", Grade.OK, "It answers.")
    for name, load in loads.items():
        waiting = f"{load.waiting} rings wait" if load.waiting else "nothing waits"
        yield Observation(
            f"queue {name.value}",
            Grade.OK if load.workers else Grade.BAD,
            f"{load.workers} workers listen, {waiting}.",
            "" if load.workers else f"Start one: `refunddesk worker {name.value}`.",
        )


def _look_at_mail(edges: Edges) -> Observation:
    """Would a mail leave? Nothing is sent."""
    if edges.mail is None:
        return Observation(
            "mail",
            Grade.WARN,
            "No mail server is set: nobody is written to.",
            "Set REFUNDDESK_MAIL_SERVER and REFUNDDESK_MAIL_FROM: docs/mail.md.",
        )
    try:
        return Observation("mail", Grade.OK, edges.mail.probe())
    except MailServerUnavailable as error:
        return Observation(
            "mail",
            Grade.BAD,
            f"{error} Mails wait and are tried again.",
            "See that it is up, and REFUNDDESK_MAIL_SERVER, _USER, _PASSWORD and _SECURITY right.",
        )


def _look_at_mail_in(edges: Edges) -> Iterator[Observation]:
    """Would an answer come in, and count? The mailbox is opened, and nothing in it changed."""
    way = edges.mail_in
    if not way.reply_to:
        yield Observation(
            "mail in",
            Grade.OK,
            "Our mails name no address for answers (REFUNDDESK_MAIL_REPLY_TO).",
        )
        return
    if not way.receiver:
        yield Observation(
            "mail in",
            Grade.WARN,
            "No sender can be proven: every mail waits for a person.",
            "Set REFUNDDESK_MAIL_RECEIVER: docs/mail.md.",
        )
    if way.mailbox is None:
        return
    try:
        with way.mailbox.open() as folder:
            last = max(folder.next_uid - 1, 0)
        said = f"{way.mailbox.name} lets us in; its newest mail is number {last}."
        yield Observation("mailbox", Grade.OK, said)
    except MailboxUnavailable as error:
        yield Observation(
            "mailbox",
            Grade.BAD,
            str(error),
            "See that it is up, and REFUNDDESK_IMAP_SERVER, _USER, _PASSWORD, _FOLDER right.",
        )


def _look_at_faults(edges: Edges) -> Iterator[Observation]:
    part, faults = "database condition", condition.find_faults(edges.database)
    for fault in faults:
        mend = "Restore a backup: docs/running.md." if "damaged" in fault else "Change it back."
        yield Observation(part, Grade.BAD, fault, mend)
    if not faults:
        yield Observation(part, Grade.OK, "It is whole and keeps what it took.")


def _look_at_dispatcher(edges: Edges) -> Observation:
    now = edges.clock()
    with edges.database.read() as transaction:
        until = leases.find_end(transaction, DISPATCHER)
    if until is not None and until > now:
        return Observation("dispatcher", Grade.OK, f"It leads until {until:%H:%M:%S} UTC at least.")
    since = f" since {until:%Y-%m-%d %H:%M:%S} UTC" if until else ""
    return Observation(
        "dispatcher",
        Grade.BAD,
        f"Nobody wakes the workers{since}; payments wait.",
        "Start `refunddesk schedule`.",
    )


def _look_at_work(edges: Edges) -> Iterator[Observation]:
    now = edges.clock()
    with edges.database.read() as transaction:
        found = figures.read_figures(transaction, now)
        raised = alarms.list_raised(transaction)
    stuck, open_ones = found.promises.stuck, found.promises.open
    yield Observation(
        "work",
        Grade.WARN if stuck else Grade.OK,
        f"{open_ones} pieces of work are open, {stuck} of them keep failing.",
        "The desk's status page names the error of each." if stuck else "",
    )
    quarantined = found.quarantined
    yield Observation(
        "deliveries",
        Grade.WARN if quarantined else Grade.OK,
        f"{found.deliveries} received, {quarantined} wait for a person.",
        "See `refunddesk hooks quarantine`." if quarantined else "",
    )
    for alarm in raised:
        part = f"alarm of store {alarm.store_id}"
        yield Observation(
            part, Grade.WARN, alarm.detail, "docs/reconciliation.md tells what to do."
        )


def _look_at_journal(edges: Edges) -> Observation:
    waiting = journal.count(edges)
    folder = edges.home / "journal"
    if waiting.aside:
        return Observation(
            "journal",
            Grade.BAD,
            f"{waiting.aside} of its files could not be stored and were put aside.",
            f"The log says why; the files are in {folder}.",
        )
    if waiting.to_store and (waiting.oldest is None or waiting.oldest > _STORED_WITHIN):
        return Observation(
            "journal",
            Grade.WARN,
            f"{waiting.to_store} deliveries in {folder} are not in the database yet.",
            "They are stored by themselves within seconds; if not, see `schedule`'s log.",
        )
    return Observation("journal", Grade.OK, "What comes in reaches the database within seconds.")


def _look_at_audit_log(edges: Edges) -> Iterator[Observation]:
    try:
        lines = audit.verify(edges)
    except (HistoryBroken, AnchorUnreadable) as broken:
        yield Observation(
            "audit log",
            Grade.BAD,
            str(broken),
            "Compare with a backup who changed what. After a restore by other tools than ours: "
            "`refunddesk restore --mark`.",
        )
        return
    yield Observation("audit log", Grade.OK, f"{lines} lines, the chain is whole.")
    with edges.database.read() as transaction:
        begun_at = leases.find_begun(transaction, "keep_audit_head")
    if lines and (begun_at is None or edges.clock() - begun_at > _HEAD_KEPT_WITHIN):
        yield Observation(
            "audit head",
            Grade.WARN,
            "Its last line was not noted outside the database within two hours.",
            "The dispatcher does so every hour; see its log, and that the disk is well.",
        )


def _look_at_books(edges: Edges) -> Observation:
    wrong = find_wrong_books(edges)
    if wrong is None:
        return Observation("books", Grade.OK, "They balance and agree with orders and refunds.")
    return Observation(
        "books",
        Grade.BAD,
        f"The books of order {wrong.order_id}: {wrong.because}.",
        "Hold payments (`refunddesk store hold-payments`) and find out before you release them.",
    )


def _look_at_address(place: Place) -> Observation:
    """Does our public address lead here? Stores take no detour."""
    host = urlsplit(place.base_url).hostname
    try:
        reply = own_address.get(f"{place.base_url}/healthz")
    except AddressNotAnswering as error:
        return Observation(
            "address",
            Grade.BAD,
            f"{error} Stores cannot deliver.",
            "Start `refunddesk serve`, and see that REFUNDDESK_PUBLIC_URL, the proxy in front and "
            "its certificate are right.",
        )
    if reply.points_to:
        return Observation(
            "address",
            Grade.BAD,
            f"{place.base_url} redirects to {reply.points_to}.",
            "A redirected delivery counts as taken and is lost: correct REFUNDDESK_PUBLIC_URL.",
        )
    if not isinstance(reply.told, dict) or "dispatcher" not in reply.told:
        return Observation(
            "address",
            Grade.BAD,
            f"{place.base_url} is answered by another program ({reply.status}).",
            "Correct REFUNDDESK_PUBLIC_URL and REFUNDDESK_URL_PREFIX, or the proxy in front.",
        )
    if place.base_url.startswith("http:") and host not in _LOCAL_HOSTS:
        return Observation(
            "address",
            Grade.WARN,
            f"{place.base_url} is not encrypted: everybody on the way can read deliveries.",
            "Put a proxy with a certificate in front.",
        )
    return Observation("address", Grade.OK, f"{place.base_url} leads here.")
