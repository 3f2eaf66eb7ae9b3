"""Writes notices down, in the transaction of what they tell: what is rolled back tells nobody."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import cast

from sqlalchemy import Connection

from refunddesk.db import customers, notices, outbox, staff, stores
from refunddesk.db.orders import Order
from refunddesk.db.staff import Role
from refunddesk.jobnames import JobName
from refunddesk.mail.notices import LANGUAGES, Facts, NoticeKind
from refunddesk.policy.wording.catalogue import Language

#: Countries with one of our languages that nearly everybody there does business in. Belgium and
#: Switzerland have several; where it matters most a store's own language decides.
_SPOKEN_IN = {
    **dict.fromkeys(("DE", "AT", "LI"), "de"),
    **dict.fromkeys(("FR", "MC", "LU", "RE", "GP", "MQ", "GF", "YT", "NC", "PF"), "fr"),
    **dict.fromkeys(("GB", "IE", "US", "AU", "NZ", "IN", "ZA", "SG"), "en"),
}
#: Who decides about money, and who works cases.
DECIDERS = (Role.OWNER, Role.APPROVER)
SUPPORT = (Role.SUPPORT,)


def language_spoken(ordered_in: str | None, country: str | None) -> str | None:
    """The language to write in to somebody who ordered in that one, from that country.

    None where neither says. Somebody who ordered in a language we do not have reads English.
    """
    if ordered_in:
        return ordered_in if ordered_in in LANGUAGES else "en"
    return _SPOKEN_IN.get((country or "").upper())


def tell_customer(
    transaction: Connection,
    kind: NoticeKind,
    order: Order,
    *,
    about: str,
    reference: str,
    facts: Facts,
    now: datetime,
) -> int | None:
    """Write to whoever bought `order`; the notice's id. Told once for each `reference`.

    None for a guest who left no address, and where it was told before. What the facts are is for
    the templates of the kind to say; store and order are put in here.
    """
    if not order.customer_id:
        return None
    return tell_person(
        transaction,
        kind,
        order.store_id,
        order.customer_id,
        about=about,
        reference=reference,
        facts={"order": order.number, **facts},
        now=now,
    )


def tell_person(
    transaction: Connection,
    kind: NoticeKind,
    store_id: int,
    customer_id: int,
    *,
    about: str,
    reference: str,
    facts: Facts,
    now: datetime,
) -> int | None:
    """Write to a customer about something else than one order; as `tell_customer`."""
    customer = customers.find_customer(transaction, customer_id)
    if not customer or not customer.email.strip():
        return None
    store = stores.get_store(transaction, store_id)
    return _write(
        transaction,
        kind,
        store_id=store.id,
        recipient=customer.email.strip(),
        language=language_spoken(customer.language, customer.country) or store.language,
        about=about,
        reference=reference,
        facts={"store": store.name, **facts},
        now=now,
    )


def language_for(transaction: Connection, order: Order) -> Language:
    """The language that whoever bought `order` is written to in."""
    customer = order.customer_id and customers.find_customer(transaction, order.customer_id)
    spoken = language_spoken(customer.language, customer.country) if customer else None
    return cast(Language, spoken or stores.get_store(transaction, order.store_id).language)


def tell_staff(
    transaction: Connection,
    what: str,
    store_id: int,
    *,
    about: str,
    reference: str,
    path: str,
    to: Collection[Role],
    now: datetime,
) -> None:
    """Write to everybody at the desk with one of these roles, or else to its owners.

    `what` is one of the words in [needed]; `path` is the page of the desk that shows it.
    """
    store = stores.get_store(transaction, store_id)
    people = [person for person in staff.list_staff(transaction) if person.disabled_at is None]
    readers = [person for person in people if person.role in to]
    for person in readers or [person for person in people if person.role is Role.OWNER]:
        _write(
            transaction,
            NoticeKind.STAFF_NEEDED,
            store_id=store_id,
            recipient=person.email,
            language=store.language,
            about=about,
            reference=reference,
            facts={"store": store.name, "what": what, "about": about, "path": path},
            now=now,
        )


def tell_verdict(transaction: Connection, *, check: str, facts: Facts, now: datetime) -> None:
    """Write the verdict of a compatibility check to the desk's owners, once for each `check`.

    `check` is its lasting name, such as "check:12". The facts are plugin, plugin_version, release,
    verdict, reason, findings (how many) and path (the page of the desk that shows it).
    """
    for person in staff.list_staff(transaction):
        if person.role is Role.OWNER and person.disabled_at is None:
            _write(
                transaction,
                NoticeKind.COMPAT_VERDICT,
                store_id=None,
                recipient=person.email,
                language="en",
                about=check,
                reference=f"verdict:{check}",
                facts={"store": "Refund Desk", **facts},
                now=now,
            )


def _write(
    transaction: Connection,
    kind: NoticeKind,
    *,
    store_id: int | None,
    recipient: str,
    language: str,
    about: str,
    reference: str,
    facts: Facts,
    now: datetime,
) -> int | None:
    notice_id = notices.insert_notice_once(
        transaction,
        store_id=store_id,
        kind=kind.value,
        about=about,
        reference=reference,
        recipient=recipient,
        language=language,
        facts=facts,
        now=now,
    )
    if notice_id is not None:
        outbox.promise(transaction, JobName.SEND_NOTICE, notice_id, due_at=now)
    return notice_id
