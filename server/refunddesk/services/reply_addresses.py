"""Where an answer to one of our mails belongs: by the address it came to, or by what it answers."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from refunddesk.db import cases, customers, notices, orders, refunds, requests
from refunddesk.db.cases import Case
from refunddesk.db.notices import Notice
from refunddesk.db.orders import Order
from refunddesk.mail.letter import AddressNotUsable, usable_address
from refunddesk.mail.notices import NoticeKind
from refunddesk.mail.reply_to import read_reply_address, reply_address, tag_of
from refunddesk.services.edges import Edges

#: To the people of the desk: they answer there.
_OF_STAFF = (NoticeKind.STAFF_NEEDED, NoticeKind.COMPAT_VERDICT)
#: Fewer bytes than any key has: a Message-ID's left part that can be one of ours.
_LONGEST_KEY = 60


@dataclass(frozen=True, slots=True)
class Thread:
    """What a mail is about: an order, whose customer it has, and the case of it if there is one."""

    order: Order
    customer_id: int
    case: Case | None


def reply_address_of(edges: Edges, transaction: Connection, notice: Notice) -> str:
    """The address at which an answer to the notice finds its way; "" where there is none."""
    base = edges.mail_in.reply_to
    if not base or NoticeKind(notice.kind) in _OF_STAFF:
        return ""
    thread = thread_of_notice(transaction, notice)
    if thread is None:
        return ""
    kind: Literal["case", "order"] = "case" if thread.case else "order"
    number = thread.case.id if thread.case else thread.order.id
    code = edges.sealer.codes(_named(kind, number, thread.customer_id))[0]
    return reply_address(base, kind, number, code)


def thread_by_address(
    edges: Edges, transaction: Connection, recipients: Iterable[str]
) -> Thread | None:
    """What the first address that we made is about.

    Its tag is of the case and its customer by any key still listed: one made for another case, or
    before the order went to another customer, proves nothing.
    """
    for address in recipients:
        marked = read_reply_address(edges.mail_in.reply_to, address)
        thread = marked and _thread(transaction, marked.kind, marked.id)
        if not marked or not thread:
            continue
        codes = edges.sealer.codes(_named(marked.kind, marked.id, thread.customer_id))
        if any(hmac.compare_digest(tag_of(code), marked.tag) for code in codes):
            return thread
    return None


def is_marked(edges: Edges, recipients: Iterable[str]) -> bool:
    """Does one of them look like an address of ours, whoever made it?"""
    base = edges.mail_in.reply_to
    return bool(base) and any(read_reply_address(base, address) for address in recipients)


def thread_by_answered(transaction: Connection, message_ids: Iterable[str]) -> Thread | None:
    """What the nearest of our own mails among these was about. Proves nothing of who writes."""
    for message_id in message_ids:
        notice = notice_of(transaction, message_id)
        thread = thread_of_notice(transaction, notice) if notice else None
        if thread:
            return thread
    return None


def notice_of(transaction: Connection, message_id: str) -> Notice | None:
    """The notice that was sent under this Message-ID."""
    key = message_id.rpartition("@")[0]
    return notices.find_by_key(transaction, key) if len(key) < _LONGEST_KEY else None


def thread_of_notice(transaction: Connection, notice: Notice) -> Thread | None:
    kind, _, number = notice.about.partition(":")
    match kind:
        case "case" | "order":
            return _thread(transaction, kind, int(number))
        case "request":
            request = requests.find_request(transaction, int(number))
            return _thread(transaction, "order", request.order_id) if request else None
        case "refund":
            refund = refunds.get_refund(transaction, int(number))
            return _thread(transaction, "order", refund.order_id)
    if "link_order" in notice.facts:
        return _thread(transaction, "order", int(notice.facts["link_order"]))
    return None


def thread_of_case(transaction: Connection, case_id: int) -> Thread | None:
    return _thread(transaction, "case", case_id)


def thread_of_order(transaction: Connection, order_id: int) -> Thread | None:
    return _thread(transaction, "order", order_id)


def is_account_address(transaction: Connection, customer_id: int, sender: str | None) -> bool:
    """Is it the customer's own address: the order's, or another one of the same account?

    In the form in which mail servers see it. "ada+shop@" is not "ada@" here: not everywhere do
    both belong to one person.
    """
    if sender is None:
        return False
    known = customers.list_same_person(transaction, customer_id)
    account = next(one.woo_customer_id for one in known if one.id == customer_id)
    own = [
        one
        for one in known
        if one.id == customer_id or (account and one.woo_customer_id == account)
    ]
    return sender in {_comparable(one.email) for one in own}


def _thread(transaction: Connection, kind: Literal["case", "order"], number: int) -> Thread | None:
    case = cases.find_case(transaction, number) if kind == "case" else None
    if kind == "case" and case is None:
        return None
    found = orders.list_orders(transaction, [case.order_id if case else number])
    if not found or found[0].customer_id is None:
        return None
    order = found[0]
    assert order.customer_id is not None
    return Thread(order, order.customer_id, case or _case_of(transaction, order))


def _case_of(transaction: Connection, order: Order) -> Case | None:
    """The case of the order's last request, else the one opened last."""
    asked = requests.list_requests(transaction, order.id)
    if asked and asked[-1].case_id is not None:
        return cases.find_case(transaction, asked[-1].case_id)
    of_order = cases.list_cases(transaction, order.id)
    return of_order[-1] if of_order else None


def _named(kind: str, number: int, customer_id: int) -> bytes:
    return f"{kind}:{number}:{customer_id}".encode()


def _comparable(email: str) -> str:
    try:
        return usable_address(email).lower()
    except AddressNotUsable:
        return email.strip().lower()
